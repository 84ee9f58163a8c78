"""A frame counter and UTC that travel with every picture: drawn as black and white cells, and as an SEI message.

The code is 24 × 5 cells in the bottom right corner, proportional to the picture, so it survives scaling. It holds, most
significant bit first, a 32-bit counter, 56 bits of UTC microseconds and the CRC-32 of those 11 bytes, whitened with a
fixed pattern so that both colours always occur.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

COLUMNS, ROWS = 24, 5
# Cells across and down the whole picture. Small pictures get larger cells, so that a cell outlives compression.
GRIDS = ((128, 72), (64, 36))
SMALL = (640, 360)
BLACK, WHITE = 24, 232
LEAST_CONTRAST = 40
_WHITENING = np.unpackbits(np.frombuffer(b"\xa5\x3c\x96\x5a\xc3\x69\xd2\x2d\xb4\x4b\xe1\x1e\x87\x78\x99", np.uint8))

SEI_UUID = bytes.fromhex("6a7c1f0e52d84b3b9d0f3a6be1c85e27")
_H264_SEI, _H265_PREFIX_SEI = 6, 39


def encode(picture: Pixels, counter: int, time_us: int) -> None:
    """Draw the code in place into a luma plane (h, w) or a picture (h, w, channels); at least 128 × 72 pixels."""
    height, width = picture.shape[:2]
    grid = _grid(width, height)
    body = _body(counter, time_us)
    bits = np.unpackbits(np.frombuffer(body + zlib.crc32(body).to_bytes(4, "big"), np.uint8)) ^ _WHITENING
    cells = np.where(bits, WHITE, BLACK).astype(np.uint8).reshape(ROWS, COLUMNS)
    columns, rows = np.diff(_edges(width, grid[0], COLUMNS)), np.diff(_edges(height, grid[1], ROWS))
    drawn = cells.repeat(rows, axis=0).repeat(columns, axis=1)
    target = picture[height - drawn.shape[0] :, width - drawn.shape[1] :]
    target[...] = drawn if picture.ndim == 2 else drawn[:, :, None]


def decode(picture: Pixels) -> tuple[int, int] | None:
    """Read (counter, time_us) from a luma plane or a picture of any size; None where there is no intact code."""
    plane = picture if picture.ndim == 2 else picture[:, :, 1]
    for grid in GRIDS:
        if (found := _decode_grid(plane, *grid)) is not None:
            return found
    return None


def area(width: int, height: int) -> tuple[int, int]:
    """Width and height in pixels of the drawn code in a picture of that size."""
    across, down = _grid(width, height)
    return width - int(_edges(width, across, COLUMNS)[0]), height - int(_edges(height, down, ROWS)[0])


def _grid(width: int, height: int) -> tuple[int, int]:
    return GRIDS[1] if width < SMALL[0] or height < SMALL[1] else GRIDS[0]


def _decode_grid(plane: Pixels, across: int, down: int) -> tuple[int, int] | None:
    height, width = plane.shape
    if width < 2 * across or height < 2 * down:
        return None
    means = _cell_means(plane, width / across, height / down)
    low, high = float(means.min()), float(means.max())
    if high - low < LEAST_CONTRAST:
        return None
    bits = (means.reshape(-1) > (low + high) / 2).astype(np.uint8) ^ _WHITENING
    data = np.packbits(bits).tobytes()
    if zlib.crc32(data[:11]) != int.from_bytes(data[11:], "big"):
        return None
    return int.from_bytes(data[:4], "big"), int.from_bytes(data[4:11], "big")


def _cell_means(plane: Pixels, cell_width: float, cell_height: float) -> NDArray[np.float64]:
    """The mean of the middle half of each cell, where the neighbours bleed least."""
    height, width = plane.shape
    means = np.empty((ROWS, COLUMNS))
    for row in range(ROWS):
        top = height - (ROWS - row) * cell_height
        lines = plane[_middle(top, cell_height)]
        for column in range(COLUMNS):
            left = width - (COLUMNS - column) * cell_width
            means[row, column] = lines[:, _middle(left, cell_width)].mean()
    return means


def _middle(start: float, size: float) -> slice:
    first = int(start + size / 4 + 0.5)
    return slice(first, max(first + 1, int(start + size * 3 / 4 + 0.5)))


def _edges(extent: int, cells_in_all: int, cells: int) -> NDArray[np.int64]:
    """The boundaries of the last `cells` cells of a side, rounded to pixels."""
    return np.floor(extent * (cells_in_all - cells + np.arange(cells + 1)) / cells_in_all + 0.5).astype(np.int64)


def _body(counter: int, time_us: int) -> bytes:
    return (counter & 0xFFFFFFFF).to_bytes(4, "big") + time_us.to_bytes(7, "big")


def sei(counter: int, time_us: int, *, h265: bool = False) -> bytes:
    """A NAL unit (no start code) with a user_data_unregistered SEI (H.264 and H.265, D.2.7) of our UUID."""
    payload = SEI_UUID + _body(counter, time_us)
    header = bytes((_H265_PREFIX_SEI << 1, 1)) if h265 else bytes((_H264_SEI,))
    return header + _escape(bytes((5, len(payload))) + payload + b"\x80")


def find_sei(nal: bytes | memoryview) -> tuple[int, int] | None:
    """(counter, time_us) from one H.264 or H.265 NAL unit without start code; None where it is not our SEI."""
    data = bytes(nal[:100])  # ours is shorter; a picture may be megabytes
    if not data or (data[0] & 0x1F != _H264_SEI and data[0] >> 1 & 0x3F != _H265_PREFIX_SEI):
        return None
    found = (plain := _unescape(data)).find(SEI_UUID)
    body = plain[found + 16 : found + 27]
    if found < 0 or len(body) < 11:
        return None
    return int.from_bytes(body[:4], "big"), int.from_bytes(body[4:], "big")


def _escape(rbsp: bytes) -> bytes:
    """Emulation prevention (H.264 7.4.1): no 00 00 0x with x <= 3 inside a NAL unit."""
    out, zeros = bytearray(), 0
    for byte in rbsp:
        if zeros >= 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)


def _unescape(nal: bytes) -> bytes:
    return nal.replace(b"\x00\x00\x03", b"\x00\x00")
