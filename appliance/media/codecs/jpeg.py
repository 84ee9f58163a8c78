"""JPEG headers, made anew from an RTP payload's few bytes (RFC 2435, appendices A and B), and read from an image."""

import struct

_LUMA = bytes.fromhex(
    "100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933"
    "383740485c4e404457453738506d51575f626768673e4d71797064785c656763"
)
_CHROMA = bytes((17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66) + (99,) * 50)

_DC_COUNTS = (bytes((0, 1, 5, 1, 1, 1, 1, 1, 1)) + bytes(7), bytes((0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1)) + bytes(5))
_AC_COUNTS = (
    bytes((0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7D)),
    bytes((0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77)),
)
_AC_SYMBOLS = (
    bytes.fromhex(
        "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738"
        "393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5"
        "a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa"
    ),
    bytes.fromhex(
        "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a353637"
        "38393a434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3"
        "a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa"
    ),
)
START_OF_FRAMES = frozenset({0xC0, 0xC1, 0xC2})


def tables_for_quality(quality: int) -> bytes:
    """The two quantisation tables of Q 1–99 (RFC 2435 appendix A), 128 bytes."""
    factor = max(1, min(99, quality))
    scale = 5000 // factor if factor < 50 else 200 - factor * 2
    return bytes(max(1, min(255, (value * scale + 50) // 100)) for value in _LUMA + _CHROMA)


def header(kind: int, width: int, height: int, tables: bytes, restart_interval: int) -> bytes:
    """The headers of a baseline image up to its scan (RFC 2435 appendix B). kind 0: 4:2:2, 1: 4:2:0; size in pixels."""
    parts = [b"\xff\xd8"]
    half = len(tables) // 2 if len(tables) > 64 else len(tables)
    for number, table in enumerate((tables[:half], tables[half:] or tables[:half])):
        parts.append(_segment(0xDB, bytes((number | (0x10 if half == 128 else 0),)) + table))
    if restart_interval:
        parts.append(_segment(0xDD, struct.pack(">H", restart_interval)))
    sampling = 0x21 if kind & 1 == 0 else 0x22
    components = bytes((1, sampling, 0, 2, 0x11, 1, 3, 0x11, 1))
    parts.append(_segment(0xC0, struct.pack(">BHHB", 8, height, width, 3) + components))
    for number in (0, 1):
        parts.append(_segment(0xC4, bytes((number,)) + _DC_COUNTS[number] + bytes(range(12))))
        parts.append(_segment(0xC4, bytes((0x10 | number,)) + _AC_COUNTS[number] + _AC_SYMBOLS[number]))
    parts.append(_segment(0xDA, bytes((3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0))))
    return b"".join(parts)


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def size_of(image: bytes) -> tuple[int, int]:
    """(width, height) of a JPEG image; raises ValueError where it is none (ITU-T T.81 annex B)."""
    if image[:2] != b"\xff\xd8":
        raise ValueError("not a JPEG image")
    at = 2
    while at + 9 <= len(image) and image[at] == 0xFF:
        if image[at + 1] == 0xFF:  # markers may be preceded by any number of fill bytes
            at += 1
            continue
        marker, length = image[at + 1], image[at + 2] << 8 | image[at + 3]
        if marker in START_OF_FRAMES:
            height, width = struct.unpack_from(">HH", image, at + 5)
            if not width or not height:
                break
            return width, height
        at += 2 + length
    raise ValueError("no frame header in the image")
