"""H.265 parameter sets to a format (ISO/IEC 23008-2 clause 7.3.2; hvcC: 14496-15 clause 8.3.3)."""

from dataclasses import dataclass

from appliance.media.codecs.bits import BitReader, unescaped
from appliance.media.model import VideoCodec, VideoFormat

VPS, SPS, PPS, AUD = 32, 33, 34, 35
FIRST_IRAP, LAST_IRAP = 16, 23
LAST_SLICE = 31
LARGEST = 16384


@dataclass(frozen=True, slots=True)
class Sps:
    """What we need of a sequence parameter set. profile_tier_level: its twelve general bytes."""

    profile_tier_level: bytes
    sub_layers: int
    nested: bool
    chroma: int
    luma_bits: int
    chroma_bits: int
    width: int
    height: int


def nal_type(first_byte: int) -> int:
    """The type from the first byte of the NAL header."""
    return first_byte >> 1 & 63


def parse_sps(nal: bytes) -> Sps:
    """Parse a sequence parameter set with its NAL header; raises ValueError where it makes no sense."""
    if len(nal) < 16 or nal_type(nal[0]) != SPS:
        raise ValueError("not a sequence parameter set")
    bits = BitReader(unescaped(nal[2:]))
    bits.skip(4)
    sub_layers = bits.u(3) + 1
    nested = bits.flag()
    general = bits.u(96).to_bytes(12)
    _skip_sub_layers(bits, sub_layers)
    bits.ue()
    chroma = bits.ue()
    if chroma == 3:
        bits.skip(1)
    width, height = _size(bits, chroma)
    return Sps(general, sub_layers, nested, chroma, bits.ue() + 8, bits.ue() + 8, width, height)


def _skip_sub_layers(bits: BitReader, sub_layers: int) -> None:
    present = [(bits.flag(), bits.flag()) for _ in range(sub_layers - 1)]
    if sub_layers > 1:
        bits.skip(2 * (9 - sub_layers))
    for profile, level in present:
        bits.skip(88 * profile + 8 * level)


def _size(bits: BitReader, chroma: int) -> tuple[int, int]:
    width, height = bits.ue(), bits.ue()
    if bits.flag():
        left, right, top, bottom = bits.ue(), bits.ue(), bits.ue(), bits.ue()
        width -= (left + right) * (2 if chroma in (1, 2) else 1)
        height -= (top + bottom) * (2 if chroma == 1 else 1)
    if not (0 < width <= LARGEST and 0 < height <= LARGEST):
        raise ValueError(f"a picture of {width}×{height} makes no sense")
    return width, height


def video_format(vps: bytes, sps: bytes, pps: bytes) -> VideoFormat:
    """The format of a stream with these parameter sets; raises ValueError."""
    parsed = parse_sps(sps)
    record = b"\x01" + parsed.profile_tier_level + b"\xf0\x00\xfc"
    record += bytes([0xFC | parsed.chroma & 3, 0xF8 | parsed.luma_bits - 8 & 7, 0xF8 | parsed.chroma_bits - 8 & 7])
    record += b"\x00\x00" + bytes([parsed.sub_layers << 3 | parsed.nested << 2 | 3, 3])
    for kind, nal in ((VPS, vps), (SPS, sps), (PPS, pps)):
        record += bytes([0x80 | kind]) + b"\x00\x01" + len(nal).to_bytes(2) + nal
    return VideoFormat(VideoCodec.H265, parsed.width, parsed.height, record, _codec_string(parsed))


def _codec_string(sps: Sps) -> str:
    """ISO/IEC 14496-15 annex E.3."""
    general = sps.profile_tier_level
    space = ("", "A", "B", "C")[general[0] >> 6]
    tier = "H" if general[0] & 0x20 else "L"
    compatible = int(f"{int.from_bytes(general[1:5]):032b}"[::-1], 2)
    constraints = general[5:11].rstrip(b"\x00")
    tail = "".join(f".{byte:X}" for byte in constraints)
    return f"hvc1.{space}{general[0] & 31}.{compatible:X}.{tier}{general[11]}{tail}"
