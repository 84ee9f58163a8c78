"""H.264 parameter sets to a format (ISO/IEC 14496-10 clause 7.3.2.1; avcC: 14496-15 clause 5.3.3)."""

from dataclasses import dataclass

from appliance.media.codecs.bits import BitReader, unescaped
from appliance.media.model import VideoCodec, VideoFormat

SLICE, IDR, SEI, SPS, PPS, AUD = 1, 5, 6, 7, 8, 9
LARGEST = 16384
_CHROMA_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})


@dataclass(frozen=True, slots=True)
class Sps:
    """What we need of a sequence parameter set; fps 0 where it says nothing of time."""

    profile: int
    constraints: int
    level: int
    chroma: int
    luma_bits: int
    chroma_bits: int
    width: int
    height: int
    fps: float


def parse_sps(nal: bytes) -> Sps:
    """Parse a sequence parameter set with its NAL header; raises ValueError where it makes no sense."""
    if len(nal) < 4 or nal[0] & 31 != SPS:
        raise ValueError("not a sequence parameter set")
    profile, constraints, level = nal[1], nal[2], nal[3]
    bits = BitReader(unescaped(nal[4:]))
    bits.ue()
    chroma, luma_bits, chroma_bits = _chroma(bits, profile)
    _skip_order(bits)
    width, height, frames_only = _size(bits)
    width, height = _cropped(bits, width, height, chroma, frames_only)
    if not (0 < width <= LARGEST and 0 < height <= LARGEST):
        raise ValueError(f"a picture of {width}×{height} makes no sense")
    return Sps(profile, constraints, level, chroma, luma_bits, chroma_bits, width, height, _fps(bits))


def _chroma(bits: BitReader, profile: int) -> tuple[int, int, int]:
    if profile not in _CHROMA_PROFILES:
        return 1, 8, 8
    chroma = bits.ue()
    if chroma == 3:
        bits.skip(1)
    luma_bits, chroma_bits = bits.ue() + 8, bits.ue() + 8
    bits.skip(1)
    if bits.flag():
        for index in range(8 if chroma != 3 else 12):
            if bits.flag():
                _skip_scaling(bits, 16 if index < 6 else 64)
    return chroma, luma_bits, chroma_bits


def _skip_scaling(bits: BitReader, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) & 255
        last = following or last


def _skip_order(bits: BitReader) -> None:
    bits.ue()
    order_type = bits.ue()
    if order_type == 0:
        bits.ue()
    elif order_type == 1:
        bits.skip(1)
        bits.se()
        bits.se()
        for _ in range(min(bits.ue(), 255)):
            bits.se()
    bits.ue()
    bits.skip(1)


def _size(bits: BitReader) -> tuple[int, int, bool]:
    width = (bits.ue() + 1) * 16
    map_units = bits.ue() + 1
    frames_only = bits.flag()
    if not frames_only:
        bits.skip(1)
    bits.skip(1)
    return width, map_units * 16 * (1 if frames_only else 2), frames_only


def _cropped(bits: BitReader, width: int, height: int, chroma: int, frames_only: bool) -> tuple[int, int]:
    if not bits.flag():
        return width, height
    left, right, top, bottom = bits.ue(), bits.ue(), bits.ue(), bits.ue()
    step_x = 2 if chroma in (1, 2) else 1
    step_y = (2 if chroma == 1 else 1) * (1 if frames_only else 2)
    return width - (left + right) * step_x, height - (top + bottom) * step_y


def _fps(bits: BitReader) -> float:
    """Frame rate from the VUI (annex E.1.1); cameras cut it short often enough, so its end is no error."""
    try:
        if not bits.flag():
            return 0.0
        if bits.flag() and bits.u(8) == 255:
            bits.skip(32)
        if bits.flag():
            bits.skip(1)
        if bits.flag():
            bits.skip(4)
            if bits.flag():
                bits.skip(24)
        if bits.flag():
            bits.ue()
            bits.ue()
        if not bits.flag():
            return 0.0
        units, scale = bits.u(32), bits.u(32)
    except ValueError:
        return 0.0
    return round(scale / units / 2, 3) if units and scale / units / 2 <= 1000 else 0.0


def video_format(sps: bytes, pps: bytes) -> VideoFormat:
    """The format of a stream with these parameter sets; raises ValueError."""
    parsed = parse_sps(sps)
    record = bytes([1, parsed.profile, parsed.constraints, parsed.level, 0xFF, 0xE1])
    record += len(sps).to_bytes(2) + sps + b"\x01" + len(pps).to_bytes(2) + pps
    if parsed.profile in _CHROMA_PROFILES:
        record += bytes([0xFC | parsed.chroma & 3, 0xF8 | parsed.luma_bits - 8, 0xF8 | parsed.chroma_bits - 8, 0])
    name = f"avc1.{parsed.profile:02X}{parsed.constraints:02X}{parsed.level:02X}"
    return VideoFormat(VideoCodec.H264, parsed.width, parsed.height, record, name, parsed.fps)
