"""Pictures and sound to coded units, by PyAV. Every encoder belongs to the thread that feeds it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol, cast

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from numpy.typing import NDArray

from hwtests.camera import burnt
from hwtests.camera.config import Audio, Codec, Profile
from hwtests.scheduling import take_ordinary_turns

US_PER_S = 1_000_000


@dataclass(slots=True)
class Coded:
    """One coded unit as it leaves the encoder.

    parts: NAL units without start codes; the JPEG image; the OBUs with their size fields; or one audio frame.
    time_us: true UTC of capture. payloads: RTP payloads of it, filled in once for all viewers.
    """

    parts: list[bytes]
    time_us: int
    key: bool = True
    counter: int = 0
    payloads: list[bytes] = field(default_factory=list)


class VideoEncoder(Protocol):
    """Planar 4:2:0 pictures in, coded units out (later, where there are B-frames)."""

    def encode(self, picture: NDArray[np.uint8], counter: int, time_us: int, key: bool) -> list[Coded]:
        """Encode a picture shaped (h * 3 / 2, w): Y, then U and V at half size."""
        ...


def video_encoder(profile: Profile) -> VideoEncoder:
    """The encoder of a profile."""
    return _Video(profile)


_NAMES = {Codec.H264: "libx264", Codec.H265: "libx265", Codec.AV1: "libsvtav1", Codec.MJPEG: "mjpeg"}


def _options(profile: Profile) -> dict[str, str]:
    gop = max(1, round(profile.gop_s * profile.fps))
    match profile.codec:
        case Codec.H264:
            tune = {"bf": str(profile.bframes), "b-adapt": "0"} if profile.bframes else {"tune": "zerolatency"}
            rate = {"maxrate": str(profile.kbps * 1000), "bufsize": str(profile.kbps * 1000)}
            rest = "scenecut=0:sliced-threads=0:threads=1:rc-lookahead=0:sync-lookahead=0"
            if profile.constant:
                rest += ":nal-hrd=cbr"
            else:
                rate["crf"] = "22"
            return {"preset": "ultrafast", "g": str(gop), "forced-idr": "1", "x264-params": rest, **tune, **rate}
        case Codec.H265:
            rest = f"keyint={gop}:scenecut=0:bframes=0:rc-lookahead=0:pools=none:frame-threads=1:repeat-headers=1"
            return {"preset": "ultrafast", "forced-idr": "1", "x265-params": rest + ":log-level=error:no-info=1"}
        case Codec.AV1:
            return {"preset": "12", "g": str(gop), "svtav1-params": "pred-struct=1:lp=1:scd=0:rc=2:tune=0"}
        case Codec.MJPEG:  # Huffman tables of the standard: RFC 2435 sends none
            return {"huffman": "default", "qmin": "3", "qmax": "8"}


class _Video:
    def __init__(self, profile: Profile) -> None:
        self._codec = profile.codec
        os.environ.setdefault("SVT_LOG", "0")  # of AV1: it would describe itself at length
        context = cast(VideoCodecContext, av.CodecContext.create(_NAMES[profile.codec], "w"))
        context.width, context.height = profile.width, profile.height
        context.pix_fmt = "yuvj420p" if profile.codec is Codec.MJPEG else "yuv420p"
        context.time_base = Fraction(1, US_PER_S)
        context.framerate = Fraction(profile.fps).limit_denominator(1001)
        if profile.codec is not Codec.H264 or profile.constant:
            context.bit_rate = profile.kbps * 1000
        context.thread_count = 1
        context.options = _options(profile)
        if profile.codec is Codec.AV1:
            context.open()
            take_ordinary_turns()
        self._context = context
        self._first_us: int | None = None
        self._counters: dict[int, int] = {}

    def encode(self, picture: NDArray[np.uint8], counter: int, time_us: int, key: bool) -> list[Coded]:
        if self._first_us is None:
            self._first_us = time_us
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        if self._codec is Codec.MJPEG:
            frame = frame.reformat(format="yuvj420p")
        frame.pts = time_us - self._first_us
        frame.time_base = Fraction(1, US_PER_S)
        frame.pict_type = PictureType.I if key else PictureType.NONE
        self._counters[frame.pts] = counter
        return [self._coded(bytes(p), p.pts or 0, p.is_keyframe) for p in self._context.encode(frame)]

    def _coded(self, data: bytes, pts: int, key: bool) -> Coded:
        time_us = pts + (self._first_us or 0)
        counter = self._counters.pop(pts)
        match self._codec:
            case Codec.H264 | Codec.H265:
                h265 = self._codec is Codec.H265
                parts = _with_sei(list(split_annex_b(data)), burnt.sei(counter, time_us, h265=h265), h265)
            case Codec.AV1:
                parts = [obu for obu in split_obus(data) if obu[0] >> 3 & 15 not in (2, 15)]  # delimiter, padding
            case Codec.MJPEG:
                parts, key = [data], True
        return Coded(parts, time_us, key, counter)


def split_annex_b(data: bytes) -> Iterator[bytes]:
    """The NAL units of a byte stream (H.264 Annex B)."""
    start = data.find(b"\x00\x00\x01")
    while start >= 0:
        end = data.find(b"\x00\x00\x01", start + 3)
        nal = data[start + 3 : end if end >= 0 else len(data)]
        yield nal.rstrip(b"\x00") if end >= 0 else nal
        start = end


def split_obus(data: bytes) -> Iterator[bytes]:
    """The OBUs of a temporal unit, headers and size fields included (AV1 section 5.3)."""
    at = 0
    while at < len(data):
        size_at = at + (2 if data[at] & 4 else 1)
        size, body_at = _leb128(data, size_at)
        yield data[at : body_at + size]
        at = body_at + size


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if not data[at - 1] & 0x80:
            return value, at


def nal_type(nal: bytes, h265: bool) -> int:
    """nal_unit_type."""
    return nal[0] >> 1 & 0x3F if h265 else nal[0] & 0x1F


def is_picture(nal: bytes, h265: bool) -> bool:
    """Whether the NAL unit holds picture data (VCL)."""
    kind = nal_type(nal, h265)
    return kind < 32 if h265 else 1 <= kind <= 5


def _with_sei(nals: list[bytes], sei: bytes, h265: bool) -> list[bytes]:
    """Drop the encoder's own SEI and access unit delimiters; put ours before the picture data."""
    dropped = (35, 39, 40) if h265 else (6, 9)
    kept = [n for n in nals if n and nal_type(n, h265) not in dropped]
    first = next((i for i, n in enumerate(kept) if is_picture(n, h265)), len(kept))
    return [*kept[:first], sei, *kept[first:]]


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """How a coding is streamed. samples: per frame and channel; one channel throughout."""

    encoder: str
    sample_rate_hz: int
    samples: int
    sample_format: str
    bit_rate: int = 0


AUDIO_FORMATS = {
    Audio.AAC: AudioFormat("aac", 16_000, 1024, "fltp", 32_000),
    Audio.PCMU: AudioFormat("pcm_mulaw", 8000, 320, "s16"),
    Audio.PCMA: AudioFormat("pcm_alaw", 8000, 320, "s16"),
    Audio.G726: AudioFormat("g726le", 8000, 320, "s16", 32_000),
    Audio.OPUS: AudioFormat("libopus", 48_000, 960, "s16", 32_000),
}


class AudioEncoder:
    """Mono 16-bit samples in, frames out."""

    def __init__(self, audio: Audio) -> None:
        self.format = AUDIO_FORMATS[audio]
        context = cast(AudioCodecContext, av.CodecContext.create(self.format.encoder, "w"))
        context.sample_rate = self.format.sample_rate_hz
        context.layout = "mono"
        context.format = self.format.sample_format
        context.time_base = Fraction(1, self.format.sample_rate_hz)
        if self.format.bit_rate:
            context.bit_rate = self.format.bit_rate
        context.open()
        self._context = context
        self._samples = 0

    @property
    def config(self) -> bytes:
        """AudioSpecificConfig of AAC (ISO/IEC 14496-3 1.6.2.1), otherwise of no use."""
        return self._context.extradata or b""

    def encode(self, samples: NDArray[np.int16], time_us: int) -> list[Coded]:
        """Encode one frame whose first sample was taken at time_us."""
        planar = self.format.sample_format == "fltp"
        data = (samples / 32768).astype(np.float32) if planar else samples
        frame = av.AudioFrame.from_ndarray(data.reshape(1, -1), format=self.format.sample_format, layout="mono")
        frame.sample_rate = self.format.sample_rate_hz
        frame.pts = self._samples
        self._samples += len(samples)
        return [Coded([bytes(packet)], time_us) for packet in self._context.encode(frame)]
