"""AAC in LATM over RTP (MP4A-LATM, RFC 6416 clause 6): one program, one layer, its configuration in the description."""

from dataclasses import dataclass

from appliance.media.codecs import aac
from appliance.media.codecs.bits import BitReader
from appliance.media.depacketise.audio import LARGEST_UNIT_BYTES
from appliance.media.depacketise.base import AudioOut, Payload
from appliance.media.model import AudioFormat

_EXPLICIT_RATE = 15


@dataclass(frozen=True, slots=True)
class LatmConfig:
    """What a StreamMuxConfig says. frames: access units of one mux element."""

    fmt: AudioFormat
    frames: int


def stream_mux_config(config: bytes) -> LatmConfig:
    """Read a StreamMuxConfig (ISO/IEC 14496-3 table 1.42) of plain AAC; raises ValueError for anything else."""
    bits = BitReader(config)
    version, same_framing, frames = bits.u(1), bits.flag(), bits.u(6) + 1
    programs, layers = bits.u(4) + 1, bits.u(3) + 1
    if version or not same_framing or programs != 1 or layers != 1:
        raise ValueError("several streams in one")
    start = bits.u(9)  # audio object type, sampling rate index
    if start >> 4 in (aac.SBR, aac.PARAMETRIC_STEREO):
        raise ValueError("high efficiency AAC in LATM")
    length = 40 if start & 15 == _EXPLICIT_RATE else 16
    own = start << length - 9 | bits.u(length - 9)  # the rate itself, channels, GASpecificConfig
    if bits.left >= 3 and bits.u(3):
        raise ValueError("frames of fixed length")
    return LatmConfig(aac.audio_format(own.to_bytes(length // 8)), frames)


class LatmDepacketiser:
    """Implements Depacketiser. A mux element ends with the marker; one with a hole is left out.

    clock_hz: of the RTP timestamps.
    """

    def __init__(self, out: AudioOut, config: LatmConfig, clock_hz: int) -> None:
        self._out = out
        self._config = config
        self._ticks = config.fmt.frame_samples * clock_hz // config.fmt.sample_rate_hz
        self._element = bytearray()
        self._rtp = -1
        self._whole = True
        self._announced = False

    def lost(self) -> None:
        """See Depacketiser."""
        self._whole = False

    def push(self, view: Payload, start: int, end: int, rtp: int, marker: int) -> None:
        """See Depacketiser."""
        if rtp != self._rtp:
            self._whole = self._whole or bool(self._element)  # what is missing was the end of the one before
            self._element.clear()
            self._rtp = rtp
        self._element += view[start:end]
        if len(self._element) > LARGEST_UNIT_BYTES:
            self._whole = False
            self._element.clear()
        if marker:
            if self._whole:
                self._take(bytes(self._element), rtp)
            self._element.clear()
            self._whole = True

    def _take(self, element: bytes, rtp: int) -> None:
        """The access units of an AudioMuxElement, each behind its length (tables 1.44 and 1.45)."""
        at = 0
        for number in range(self._config.frames):
            size = 0
            while at < len(element):
                size, at = size + element[at], at + 1
                if element[at - 1] != 255:
                    break
            if not size or at + size > len(element):
                return
            if not self._announced:
                self._announced = True
                self._out.audio_format(self._config.fmt)
            unit = element[at : at + size]
            self._out.audio_unit((rtp + number * self._ticks) & 0xFFFFFFFF, unit, self._config.fmt.frame_samples)
            at += size
