"""The words of media: formats, access units, and what a source tells its sink."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class VideoCodec(StrEnum):
    """Video codings we receive."""

    H264 = "h264"
    H265 = "h265"
    AV1 = "av1"
    MJPEG = "mjpeg"


class AudioCodec(StrEnum):
    """Audio codings we receive. G.726 is kept with its bit rate in `AudioFormat.config` (one byte, kbit/s)."""

    AAC = "aac"
    PCMU = "pcmu"
    PCMA = "pcma"
    G726 = "g726"
    OPUS = "opus"


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """How to decode a video track.

    config: payload of the decoder configuration box (avcC, hvcC or av1C, without its 8-byte header); empty for
    M-JPEG. codec_string: RFC 6381 ("avc1.64001F"; "mjpeg" where no browser string exists). nominal_fps: 0 if unknown.
    """

    codec: VideoCodec
    width: int
    height: int
    config: bytes
    codec_string: str
    nominal_fps: float = 0.0


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """How to decode an audio track.

    config: AudioSpecificConfig for AAC, the dOps payload for Opus, empty for G.711. frame_samples: samples per
    access unit per channel where fixed (1024 for AAC), 0 where the data length tells (G.711) or it varies (Opus).
    """

    codec: AudioCodec
    sample_rate_hz: int
    channels: int
    config: bytes
    codec_string: str
    frame_samples: int = 0


@dataclass(slots=True)
class VideoUnit:
    """One video access unit in decode order.

    time_us: UTC of presentation, smoothed (RTP time laid on the recorder's clock): differences follow the camera's
    sampling clock. data: NAL units each behind a 4-byte length for H.264/H.265 (parameter sets and access unit
    delimiters removed), the temporal unit without temporal delimiter for AV1, the JPEG image for M-JPEG.
    key: a decoder can start here. damaged: packets of it were lost (its GOP is damaged from here on).
    """

    time_us: int
    data: bytes | bytearray
    key: bool
    damaged: bool = False


@dataclass(slots=True)
class AudioUnit:
    """One audio access unit; time_us as for video; duration_us of the samples it holds."""

    time_us: int
    data: bytes
    duration_us: int


class Sink(Protocol):
    """What a source calls, always on its event loop, never blocking.

    A format is announced before the first unit that needs it, and again when it changes mid-stream; the unit after a
    changed video format is a key unit.
    """

    def on_video_format(self, fmt: VideoFormat) -> None:
        """The video format from the next video unit on."""
        ...

    def on_audio_format(self, fmt: AudioFormat) -> None:
        """The audio format from the next audio unit on."""
        ...

    def on_video(self, unit: VideoUnit) -> None:
        """The next video access unit in decode order."""
        ...

    def on_audio(self, unit: AudioUnit) -> None:
        """The next audio access unit."""
        ...

    def on_metadata(self, time_us: int, document: bytes) -> None:
        """A complete ONVIF metadata XML document, as it came."""
        ...

    def on_loss(self, packets: int) -> None:
        """RTP packets found missing (count of sequence numbers skipped)."""
        ...

    def on_clock(self, offset_us: int) -> None:
        """Camera wall clock minus ours, from an RTCP sender report."""
        ...
