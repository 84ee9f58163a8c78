"""Audio over RTP: AAC (RFC 3640), and the codings whose packets are their samples (RFC 3551, RFC 7587)."""

from appliance.media.depacketise.base import AudioOut, Payload
from appliance.media.model import AudioCodec, AudioFormat

OPUS_CONFIGURATION_SAMPLES = (
    (480, 960, 1920, 2880) * 3 + (480, 960) * 2 + (120, 240, 480, 960) * 4
)  # RFC 6716 table 2, at 48 kHz


class AacDepacketiser:
    """AAC-hbr and AAC-lbr without interleaving; access units of one packet follow each other in time."""

    def __init__(self, out: AudioOut, fmt: AudioFormat, size_bits: int, index_bits: int) -> None:
        self._out = out
        self._format = fmt
        self._size_bits = size_bits
        self._index_bits = index_bits
        self._announced = False
        self._fragment = b""

    def lost(self) -> None:
        """See Depacketiser."""
        self._fragment = b""

    def push(self, view: Payload, start: int, end: int, rtp: int, marker: int) -> None:
        """See Depacketiser."""
        data = bytes(view[start:end])
        if len(data) < 2:
            return
        if not self._announced:
            self._announced = True
            self._out.audio_format(self._format)
        header_bits = data[0] << 8 | data[1]
        sizes = self._sizes(data, header_bits)
        at = 2 + (header_bits + 7) // 8
        if len(sizes) == 1 and at + sizes[0] > len(data):
            self._part(data[at:], sizes[0], rtp)
            return
        for number, size in enumerate(sizes):
            if at + size > len(data):
                return
            self._unit(data[at : at + size], rtp + number * self._format.frame_samples)
            at += size

    def _sizes(self, data: bytes, header_bits: int) -> list[int]:
        each = self._size_bits + self._index_bits
        value = int.from_bytes(data[2 : 2 + (header_bits + 7) // 8])
        total = (header_bits + 7) // 8 * 8
        count = header_bits // each if each else 0
        mask = (1 << self._size_bits) - 1
        return [value >> total - number * each - self._size_bits & mask for number in range(count)]

    def _part(self, data: bytes, size: int, rtp: int) -> None:
        """One access unit over several packets."""
        self._fragment += data
        if len(self._fragment) >= size:
            self._unit(self._fragment[:size], rtp)
            self._fragment = b""

    def _unit(self, data: bytes, rtp: int) -> None:
        if data:
            self._out.audio_unit(rtp & 0xFFFFFFFF, data, self._format.frame_samples)


class PacketDepacketiser:
    """Each packet is one unit: G.711, G.726 and Opus."""

    def __init__(self, out: AudioOut, fmt: AudioFormat) -> None:
        self._out = out
        self._format = fmt
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
        self._out.audio_unit(rtp, data, samples)


def samples_of(fmt: AudioFormat, data: bytes) -> int:
    """Samples per channel in a packet, at the RTP clock."""
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
    return OPUS_CONFIGURATION_SAMPLES[data[0] >> 3] * frames
