"""H.264 parameter sets to a format (ISO/IEC 14496-10 clause 7.3.2.1; avcC: 14496-15 clause 5.3.3)."""

from dataclasses import dataclass

from appliance.media.codecs.bits import BitReader, unescaped
from appliance.media.model import VideoCodec, VideoFormat

SLICE, IDR, SEI, SPS, PPS, AUD = 1, 5, 6, 7, 8, 9
END_OF_SEQUENCE, FILLER, LAST_DEFINED = 10, 12, 23
LARGEST = 16384
LARGEST_SET_BYTES = 4096
MOST_SPS, MOST_PPS = 32, 255  # 256 numbers, but avcC counts with 8 bits
_INTRA = frozenset({2, 4, 7, 9})  # slice types I and SI (table 7-6)
_CHROMA_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})

_WITH_CHROMA_IN_RECORD = _CHROMA_PROFILES - {83, 86, 118, 128, 134, 135, 138, 139}  # 14496-15 clause 5.3.3.1.2


@dataclass(frozen=True, slots=True)
class Sps:
    """What we need of a sequence parameter set; fps 0 where it says nothing of time."""

    number: int
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
    if not 4 <= len(nal) <= LARGEST_SET_BYTES or nal[0] & 31 != SPS:
        raise ValueError("not a sequence parameter set")
    profile, constraints, level = nal[1], nal[2], nal[3]
    bits = BitReader(unescaped(nal[4:]))
    number = _below(bits.ue(), MOST_SPS)
    chroma, luma_bits, chroma_bits = _chroma(bits, profile)
    _skip_order(bits)
    width, height, frames_only = _size(bits)
    width, height = _cropped(bits, width, height, chroma, frames_only)
    if not (0 < width <= LARGEST and 0 < height <= LARGEST):
        raise ValueError(f"a picture of {width}×{height} makes no sense")
    return Sps(number, profile, constraints, level, chroma, luma_bits, chroma_bits, width, height, _fps(bits))


def parse_pps(nal: bytes) -> tuple[int, int]:
    """(its number, the number of its SPS) of a picture parameter set; raises ValueError."""
    if not 2 <= len(nal) <= LARGEST_SET_BYTES or nal[0] & 31 != PPS:
        raise ValueError("not a picture parameter set")
    bits = BitReader(unescaped(nal[1:16]))
    return _below(bits.ue(), 256), _below(bits.ue(), MOST_SPS)


def slice_header(nal: bytes) -> tuple[int, bool, int]:
    """(first macroblock, whether it is intra, PPS number) of a slice's first bytes (7.3.3); raises ValueError."""
    bits = BitReader(unescaped(nal[1:24]))
    return bits.ue(), bits.ue() in _INTRA, bits.ue()


def _below(value: int, limit: int) -> int:
    if value >= limit:
        raise ValueError("a parameter set makes no sense")
    return value


def _chroma(bits: BitReader, profile: int) -> tuple[int, int, int]:
    if profile not in _CHROMA_PROFILES:
        return 1, 8, 8
    chroma = _below(bits.ue(), 4)
    if chroma == 3:
        bits.skip(1)
    luma_bits, chroma_bits = 8 + _below(bits.ue(), 7), 8 + _below(bits.ue(), 7)
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


def video_format(sps: bytes, *pps: bytes) -> VideoFormat:
    """The format of a stream with these parameter sets; raises ValueError."""
    parsed = parse_sps(sps)
    if not 0 < len(pps) <= MOST_PPS:
        raise ValueError("no picture parameter set, or too many")
    record = bytes([1, parsed.profile, parsed.constraints, parsed.level, 0xFF, 0xE1]) + len(sps).to_bytes(2) + sps
    record += bytes([len(pps)]) + b"".join(len(nal).to_bytes(2) + nal for nal in pps)
    if parsed.profile in _WITH_CHROMA_IN_RECORD:
        record += bytes([0xFC | parsed.chroma, 0xF8 | parsed.luma_bits - 8, 0xF8 | parsed.chroma_bits - 8, 0])
    name = f"avc1.{parsed.profile:02X}{parsed.constraints:02X}{parsed.level:02X}"
    return VideoFormat(VideoCodec.H264, parsed.width, parsed.height, record, name, parsed.fps)


class ParameterSets:
    """The sets a stream has sent, by their numbers, and the format that a picture's sets make."""

    def __init__(self) -> None:
        self._sps: dict[int, bytes] = {}
        self._pps: dict[int, tuple[int, bytes]] = {}
        self._newest = -1
        self._made: dict[int, VideoFormat | None] = {}

    def take(self, nal: bytes) -> bool:
        """Remember a set; whether that changes anything. What makes no sense is passed over."""
        try:
            return self._take_sps(nal) if nal[0] & 31 == SPS else self._take_pps(nal)
        except (ValueError, IndexError):
            return False

    def _take_sps(self, nal: bytes) -> bool:
        if nal == self._sps.get(self._newest):
            return False
        number = parse_sps(nal).number
        changed = self._sps.get(number) != nal
        self._sps[number], self._newest = nal, number
        if changed:
            self._made.clear()
        return changed

    def _take_pps(self, nal: bytes) -> bool:
        number, sps = parse_pps(nal)
        if self._pps.get(number) == (sps, nal):
            return False
        self._pps[number] = sps, nal
        self._made.clear()
        return True

    def format(self, picture: bytes) -> VideoFormat | None:
        """The format of the picture whose first slice begins so; None while its sets are missing."""
        number = self._sps_of(picture) if len(self._sps) > 1 else self._newest
        if number not in self._made:
            self._made[number] = self._make(number)
        return self._made[number]

    def _sps_of(self, picture: bytes) -> int:
        try:
            return self._pps[slice_header(picture)[2]][0]
        except (ValueError, KeyError):
            return self._newest

    def _make(self, number: int) -> VideoFormat | None:
        pps = [nal for _, (sps, nal) in sorted(self._pps.items()) if sps == number]
        try:
            return video_format(self._sps[number], *pps)
        except (ValueError, KeyError):
            return None
