"""Audio over RTP: AAC (RFC 3640), and the codings whose packets are their samples (RFC 3551, RFC 7587)."""

from collections.abc import Callable

from appliance.media.depacketise.base import AudioOut, Payload
from appliance.media.model import AudioCodec, AudioFormat

LARGEST_UNIT_BYTES = 64 * 1024
OPUS_CONFIGURATION_SAMPLES = (
    (480, 960, 1920, 2880) * 3 + (480, 960) * 2 + (120, 240, 480, 960) * 4
)  # RFC 6716 table 2, at 48 kHz
OPUS_MOST_SAMPLES = 5760  # 120 ms (RFC 6716 clause 3.2.5)


class AacDepacketiser:
    """AAC-hbr and AAC-lbr without interleaving; access units of one packet follow each other in time.

    clock_hz: of the RTP timestamps where it is not the coded sampling rate (HE-AAC counts at twice that).
    """

    def __init__(self, out: AudioOut, fmt: AudioFormat, size_bits: int, index_bits: int, clock_hz: int = 0) -> None:
        self._out = out
        self._format = fmt
        self._size_bits = size_bits
        self._index_bits = index_bits
        self._ticks = fmt.frame_samples * (clock_hz or fmt.sample_rate_hz) // fmt.sample_rate_hz
        self._announced = False
        self._part = bytearray()
        self._part_rtp = -1  # of the unit that comes in fragments
        self._part_whole = False
        self._hole = False  # nobody knows whether the next fragment is a first one

    def lost(self) -> None:
        """See Depacketiser."""
        self._part.clear()
        self._part_rtp = -1
        self._hole = True

    def push(self, view: Payload, start: int, end: int, rtp: int, marker: int) -> None:
        """See Depacketiser."""
        data = bytes(view[start:end])
        if len(data) < 2:
            return
        header_bits = data[0] << 8 | data[1]
        at = 2 + (header_bits + 7) // 8
        sizes = self._sizes(data[2:at], header_bits) if at <= len(data) else []
        if len(sizes) == 1 and at + sizes[0] > len(data):
            self._fragment(data[at:], sizes[0], rtp)
            return
        self._hole = False
        for number, size in enumerate(sizes):
            if at + size > len(data):
                return
            self._unit(data[at : at + size], rtp + number * self._ticks)
            at += size

    def _sizes(self, headers: bytes, header_bits: int) -> list[int]:
        """The sizes in the AU headers (3.2.1.1)."""
        each = self._size_bits + self._index_bits
        value, total = int.from_bytes(headers), len(headers) * 8
        mask = (1 << self._size_bits) - 1
        return [value >> total - n * each - self._size_bits & mask for n in range(header_bits // each if each else 0)]

    def _fragment(self, data: bytes, size: int, rtp: int) -> None:
        """A piece of an access unit that is spread over packets of one timestamp (3.2.3)."""
        if rtp != self._part_rtp:
            self._part.clear()
            self._part_rtp, self._part_whole = rtp, not self._hole and size <= LARGEST_UNIT_BYTES
        self._hole = False
        if self._part_whole:
            self._part += data
        if len(self._part) >= size:
            self._unit(bytes(self._part[:size]), rtp)
            self._part.clear()

    def _unit(self, data: bytes, rtp: int) -> None:
        if not data:
            return
        if not self._announced:
            self._announced = True
            self._out.audio_format(self._format)
        self._out.audio_unit(rtp & 0xFFFFFFFF, data, self._format.frame_samples)


class PacketDepacketiser:
    """Each packet is one unit: G.711, G.726 and Opus. repack: what turns its bytes into our order of bits."""

    def __init__(self, out: AudioOut, fmt: AudioFormat, repack: Callable[[bytes], bytes] | None = None) -> None:
        self._out = out
        self._format = fmt
        self._repack = repack
        self._announced = False

    def lost(self) -> None:
        """See Depacketiser."""

    def push(self, view: Payload, start: int, end: int, rtp: int, marker: int) -> None:
        """See Depacketiser."""
        data = bytes(view[start:end])
        samples = samples_of(self._format, data)
        if samples <= 0:
            return
        if not self._announced:
            self._announced = True
            self._out.audio_format(self._format)
        self._out.audio_unit(rtp, self._repack(data) if self._repack is not None else data, samples)


def samples_of(fmt: AudioFormat, data: bytes) -> int:
    """Samples per channel in a packet; 0 where it makes no sense."""
    if fmt.codec is AudioCodec.OPUS:
        return _opus_samples(data)
    if fmt.codec is AudioCodec.G726:
        return len(data) * 8 // (fmt.config[0] // 8) if fmt.config else 0
    return len(data) // max(1, fmt.channels)


def _opus_samples(data: bytes) -> int:
    """RFC 6716 clause 3.1."""
    if not data:
        return 0
    frames = (1, 2, 2, data[1] & 63 if len(data) > 1 else 0)[data[0] & 3]
    samples = OPUS_CONFIGURATION_SAMPLES[data[0] >> 3] * frames
    return samples if samples <= OPUS_MOST_SAMPLES else 0


def from_aal2(code_bits: int) -> Callable[[bytes], bytes]:
    """G.726 as AAL2 packs it (I.366.2 annex E: first code in the highest bits) to RFC 3551's lowest bits first."""

    def repack(data: bytes) -> bytes:
        whole = len(data) // code_bits * code_bits  # as many bytes as hold eight codes each
        out = bytearray()
        for at in range(0, whole, code_bits):
            group = int.from_bytes(data[at : at + code_bits])
            codes = [group >> code_bits * n & (1 << code_bits) - 1 for n in range(8)]  # the last one first
            out += sum(code << code_bits * (7 - n) for n, code in enumerate(codes)).to_bytes(code_bits, "little")
        return bytes(out)

    return repack
