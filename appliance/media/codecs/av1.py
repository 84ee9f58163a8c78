"""AV1 sequence headers to a format (AV1 specification 5.5; av1C: AV1 Codec ISO Media File Format Binding 2.3)."""

from dataclasses import dataclass

from appliance.media.codecs.bits import BitReader
from appliance.media.model import VideoCodec, VideoFormat

SEQUENCE_HEADER, TEMPORAL_DELIMITER, FRAME_HEADER, FRAME, TILE_LIST, PADDING = 1, 2, 3, 6, 8, 15
LARGEST = 16384


@dataclass(frozen=True, slots=True)
class _Color:
    high_bits: bool
    twelve_bits: bool
    mono: bool
    sub_x: bool
    sub_y: bool
    position: int


def leb128(value: int) -> bytes:
    """Encode (AV1 specification 4.10.5)."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_leb128(data: bytes | bytearray | memoryview, at: int, end: int) -> tuple[int, int]:
    """(value, offset behind it) of a length in data[at:end]; raises ValueError."""
    value = 0
    for shift in range(0, 56, 7):
        if at >= end:
            raise ValueError("a length is cut short")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
    raise ValueError("a length is too long")


def obu_type(header: int) -> int:
    """The type from an OBU's first byte."""
    return header >> 3 & 15


def payload_bounds(obu: bytes | bytearray) -> tuple[int, int]:
    """Where the payload of an OBU begins and ends, behind its header and size field; raises ValueError."""
    head = 2 if obu and obu[0] & 4 else 1
    if len(obu) < head or obu[0] & 0x80:
        raise ValueError("no OBU header")
    if not obu[0] & 2:
        return head, len(obu)
    size, at = read_leb128(obu, head, len(obu))
    if at + size > len(obu):
        raise ValueError("an OBU reaches past its end")
    return at, at + size


def with_size(obu: bytes | bytearray) -> bytes:
    """The OBU with its size field, as files want it; raises ValueError."""
    start, end = payload_bounds(obu)
    head = bytes(obu[: 2 if obu[0] & 4 else 1])
    return bytes((head[0] | 2,)) + head[1:] + leb128(end - start) + obu[start:end]


def shows_key_frame(first: int) -> bool:
    """Whether a frame (header) OBU whose payload begins with this byte is a key frame that is shown (5.9.2)."""
    return first & 0xF0 == 0x10  # not show_existing_frame, frame_type KEY_FRAME, show_frame


def video_format(obu: bytes) -> VideoFormat:
    """The format from a sequence header OBU; raises ValueError."""
    start, end = payload_bounds(obu)
    if obu_type(obu[0]) != SEQUENCE_HEADER:
        raise ValueError("not a sequence header")
    bits = BitReader(obu[start:end])
    profile, _still, reduced = bits.u(3), bits.flag(), bits.flag()
    level, tier = _operating_point(bits, reduced)
    width_bits, height_bits = bits.u(4) + 1, bits.u(4) + 1
    width, height = bits.u(width_bits) + 1, bits.u(height_bits) + 1
    if not (width <= LARGEST and height <= LARGEST):
        raise ValueError(f"a picture of {width}×{height} makes no sense")
    _skip_tools(bits, reduced)
    color = _color(bits, profile)
    flags = tier << 7 | color.high_bits << 6 | color.twelve_bits << 5 | color.mono << 4
    flags |= color.sub_x << 3 | color.sub_y << 2 | color.position
    record = bytes([0x81, profile << 5 | level, flags, 0]) + with_size(obu)
    depth = 12 if color.twelve_bits else 10 if color.high_bits else 8
    name = f"av01.{profile}.{level:02}{'H' if tier else 'M'}.{depth:02}"
    return VideoFormat(VideoCodec.AV1, width, height, record, name)


def _operating_point(bits: BitReader, reduced: bool) -> tuple[int, int]:
    """(level, tier) of the first operating point."""
    if reduced:
        return bits.u(5), 0
    decoder_model_bits = _timing(bits)
    delays = bits.flag()
    first: tuple[int, int] | None = None
    for _ in range(bits.u(5) + 1):
        bits.skip(12)
        level = bits.u(5)
        tier = bits.u(1) if level > 7 else 0
        if decoder_model_bits is not None and bits.flag():
            bits.skip(2 * decoder_model_bits + 1)
        if delays and bits.flag():
            bits.skip(4)
        first = first or (level, tier)
    assert first is not None
    return first


def _timing(bits: BitReader) -> int | None:
    """Skip timing_info; the length of decoder delays where there is a decoder model."""
    if not bits.flag():
        return None
    bits.skip(64)
    if bits.flag():
        bits.ue()
    if not bits.flag():
        return None
    delay_bits = bits.u(5) + 1
    bits.skip(32 + 5 + 5)
    return delay_bits


def _skip_tools(bits: BitReader, reduced: bool) -> None:
    if not reduced and bits.flag():
        bits.skip(4 + 3)
    bits.skip(3)
    if not reduced:
        bits.skip(4)
        order_hint = bits.flag()
        if order_hint:
            bits.skip(2)
        screen_content = True if bits.flag() else bits.flag()
        if screen_content and not bits.flag():
            bits.skip(1)
        if order_hint:
            bits.skip(3)
    bits.skip(3)


def _color(bits: BitReader, profile: int) -> _Color:
    high = bits.flag()
    twelve = profile == 2 and high and bits.flag()
    mono = profile != 1 and bits.flag()
    primaries = transfer = matrix = 2
    if bits.flag():
        primaries, transfer, matrix = bits.u(8), bits.u(8), bits.u(8)
    if mono:
        return _Color(high, twelve, True, True, True, 0)
    if (primaries, transfer, matrix) == (1, 13, 0):
        return _Color(high, twelve, False, False, False, 0)
    bits.skip(1)
    sub_x, sub_y = _subsampling(bits, profile, twelve)
    return _Color(high, twelve, False, sub_x, sub_y, bits.u(2) if sub_x and sub_y else 0)


def _subsampling(bits: BitReader, profile: int, twelve: bool) -> tuple[bool, bool]:
    if profile == 0:
        return True, True
    if profile == 1:
        return False, False
    if not twelve:
        return True, False
    sub_x = bits.flag()
    return sub_x, sub_x and bits.flag()
