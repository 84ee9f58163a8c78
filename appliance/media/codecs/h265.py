"""H.265 parameter sets to a format (ISO/IEC 23008-2 clause 7.3.2; hvcC: 14496-15 clause 8.3.3)."""

from dataclasses import dataclass

from appliance.media.codecs.bits import BitReader, unescaped
from appliance.media.model import VideoCodec, VideoFormat

VPS, SPS, PPS, AUD, FILLER = 32, 33, 34, 35, 38
FIRST_IRAP, LAST_IRAP = 16, 23
LAST_SLICE = 31
LARGEST = 16384
LARGEST_SET_BYTES = 4096
MOST_SPS, MOST_PPS = 16, 64


@dataclass(frozen=True, slots=True)
class Sps:
    """What we need of a sequence parameter set. profile_tier_level: its twelve general bytes."""

    number: int
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
    if not 16 <= len(nal) <= LARGEST_SET_BYTES or nal_type(nal[0]) != SPS:
        raise ValueError("not a sequence parameter set")
    bits = BitReader(unescaped(nal[2:]))
    bits.skip(4)
    sub_layers = _below(bits.u(3), 7) + 1
    nested = bits.flag()
    general = bits.u(96).to_bytes(12)
    _skip_sub_layers(bits, sub_layers)
    number, chroma = _below(bits.ue(), MOST_SPS), _below(bits.ue(), 4)
    if chroma == 3:
        bits.skip(1)
    width, height = _size(bits, chroma)
    luma_bits, chroma_bits = 8 + _below(bits.ue(), 8), 8 + _below(bits.ue(), 8)
    return Sps(number, general, sub_layers, nested, chroma, luma_bits, chroma_bits, width, height)


def parse_pps(nal: bytes) -> tuple[int, int]:
    """(its number, the number of its SPS) of a picture parameter set; raises ValueError."""
    if not 3 <= len(nal) <= LARGEST_SET_BYTES or nal_type(nal[0]) != PPS:
        raise ValueError("not a picture parameter set")
    bits = BitReader(unescaped(nal[2:16]))
    return _below(bits.ue(), MOST_PPS), _below(bits.ue(), MOST_SPS)


def picture_pps(nal: bytes) -> int:
    """The PPS number in the first bytes of a picture's first slice segment (7.3.6.1); raises ValueError."""
    bits = BitReader(unescaped(nal[2:24]))
    bits.skip(1)
    if FIRST_IRAP <= nal_type(nal[0]) <= LAST_IRAP:
        bits.skip(1)
    return bits.ue()


def _below(value: int, limit: int) -> int:
    if value >= limit:
        raise ValueError("a parameter set makes no sense")
    return value


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


def video_format(vps: tuple[bytes, ...], sps: bytes, pps: tuple[bytes, ...]) -> VideoFormat:
    """The format of a stream with these parameter sets; raises ValueError."""
    parsed = parse_sps(sps)
    if not vps or not pps:
        raise ValueError("parameter sets are missing")
    record = b"\x01" + parsed.profile_tier_level + b"\xf0\x00\xfc"
    record += bytes([0xFC | parsed.chroma, 0xF8 | parsed.luma_bits - 8, 0xF8 | parsed.chroma_bits - 8])
    record += b"\x00\x00" + bytes([parsed.sub_layers << 3 | parsed.nested << 2 | 3, 3])
    for kind, nals in ((VPS, vps), (SPS, (sps,)), (PPS, pps)):
        record += bytes([0x80 | kind]) + len(nals).to_bytes(2)
        record += b"".join(len(nal).to_bytes(2) + nal for nal in nals)
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


class ParameterSets:
    """The sets a stream has sent, by their numbers, and the format that a picture's sets make."""

    def __init__(self) -> None:
        self._vps: dict[int, bytes] = {}
        self._sps: dict[int, bytes] = {}
        self._pps: dict[int, tuple[int, bytes]] = {}
        self._newest = -1
        self._made: dict[int, VideoFormat | None] = {}

    def take(self, nal: bytes) -> bool:
        """Remember a set; whether that changes anything. What makes no sense is passed over."""
        if not 3 <= len(nal) <= LARGEST_SET_BYTES or nal == self._sps.get(self._newest):
            return False
        try:
            changed = self._take(nal_type(nal[0]), nal)
        except ValueError:
            return False
        if changed:
            self._made.clear()
        return changed

    def _take(self, kind: int, nal: bytes) -> bool:
        if kind == PPS:
            number, sps = parse_pps(nal)
            old, self._pps[number] = self._pps.get(number), (sps, nal)
            return old != (sps, nal)
        if kind == SPS:
            self._newest = parse_sps(nal).number
            previous, self._sps[self._newest] = self._sps.get(self._newest), nal
            return previous != nal
        number = nal[2] >> 4
        previous, self._vps[number] = self._vps.get(number), nal
        return previous != nal

    def format(self, picture: bytes) -> VideoFormat | None:
        """The format of the picture whose first slice segment begins so; None while its sets are missing."""
        number = self._sps_of(picture) if len(self._sps) > 1 else self._newest
        if number not in self._made:
            self._made[number] = self._make(number)
        return self._made[number]

    def _sps_of(self, picture: bytes) -> int:
        try:
            return self._pps[picture_pps(picture)][0]
        except (ValueError, KeyError):
            return self._newest

    def _make(self, number: int) -> VideoFormat | None:
        vps = tuple(nal for _, nal in sorted(self._vps.items()))
        pps = tuple(nal for _, (sps, nal) in sorted(self._pps.items()) if sps == number)
        try:
            return video_format(vps, self._sps[number], pps)
        except (ValueError, KeyError):
            return None
