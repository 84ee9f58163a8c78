"""Transcoding, only where a browser or an MP4 player cannot take what the camera sends.

Synchronous objects on libav; each belongs to the one thread that calls it.
"""

import io
from fractions import Fraction
from typing import cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.resampler import AudioResampler
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from appliance.core.clock import US_PER_S
from appliance.core.errors import ProblemError
from appliance.media.model import AudioCodec, AudioFormat, AudioUnit, VideoCodec, VideoFormat, VideoUnit

_GLOBAL_HEADER = 1 << 22  # AV_CODEC_FLAG_GLOBAL_HEADER: parameter sets go to extradata
_DECODERS = {VideoCodec.H264: "h264", VideoCodec.H265: "hevc", VideoCodec.AV1: "libdav1d", VideoCodec.MJPEG: "mjpeg"}
MOST_PIXELS = 1 << 26  # 64 megapixels, twice 8K: a megabyte may claim more, and would cost its reader gigabytes
_KEY_EVERY = 50
_AAC_FRAME = 1024
_US = Fraction(1, US_PER_S)
DIRECT_AUDIO = frozenset({AudioCodec.AAC, AudioCodec.OPUS})  # browsers and MP4 players take these as they are


def video_decoder(fmt: VideoFormat, *, threads: int = 1) -> VideoCodecContext:
    """A decoder for units of this format; raises ProblemError "cannot-decode" or "picture-too-large".

    A picture that turns out larger than MOST_PIXELS is refused as damaged data is.
    """
    if fmt.width * fmt.height > MOST_PIXELS:
        raise _too_large(fmt)
    try:
        context = cast(VideoCodecContext, av.CodecContext.create(_DECODERS[fmt.codec], "r"))
    except (ValueError, av.FFmpegError) as error:
        raise _cannot_decode(fmt.codec) from error
    context.extradata = fmt.config or None
    context.thread_count = threads
    context.options = {"max_pixels": str(MOST_PIXELS)}
    return context


def decode(context: VideoCodecContext, unit: VideoUnit | None) -> list[VideoFrame]:
    """Decode a unit (None: what is left); frames carry UTC µs as pts. Damaged data gives no frame, not an error."""
    try:
        return list(context.decode(None if unit is None else _packet(unit)))
    except (av.InvalidDataError, EOFError):
        return []


def _packet(unit: VideoUnit) -> "av.Packet[Stream]":
    packet = av.Packet(bytes(unit.data))
    packet.pts, packet.time_base = unit.time_us, _US
    return packet


class VideoTranscoder:
    """Any video to H.264 with low latency: no reordering, a key frame every two seconds, at most width_limit wide.

    `format` is known once the first picture was encoded. Raises ProblemError "cannot-decode".
    """

    def __init__(self, fmt: VideoFormat, width_limit: int = 1280) -> None:
        self._decoder = video_decoder(fmt)
        self._fps = max(1, min(60, round(fmt.nominal_fps) or 25))
        self._size = fit(fmt.width, fmt.height, width_limit)
        self._encoder: VideoCodecContext | None = None
        self.format: VideoFormat | None = None

    def push(self, unit: VideoUnit) -> list[VideoUnit]:
        """The next unit; returns those that are ready, normally one."""
        return [out for frame in decode(self._decoder, unit) for out in self._encode(frame, damaged=unit.damaged)]

    def flush(self) -> list[VideoUnit]:
        """What the decoder and the encoder still hold; nothing may be pushed after it."""
        units = [out for frame in decode(self._decoder, None) for out in self._encode(frame, damaged=False)]
        if self._encoder is not None:
            units += [_video_unit(packet, damaged=False) for packet in self._encoder.encode(None)]
        return units

    def _encode(self, frame: VideoFrame, *, damaged: bool) -> list[VideoUnit]:
        if self._encoder is None:
            self._encoder = _h264_encoder(*self._size, self._fps)
        picture = frame.reformat(*self._size, format="yuv420p", dst_color_range="MPEG")
        picture.pts, picture.time_base = frame.pts, _US
        picture.pict_type = 0
        packets = self._encoder.encode(picture)
        if self.format is None and self._encoder.extradata:
            self.format = _h264_format(self._encoder, float(self._fps))
        return [_video_unit(packet, damaged=damaged) for packet in packets]


class AudioTranscoder:
    """G.711 or G.726 to AAC-LC at 16 kHz; `format` says so from the beginning. Times of the units go on unbroken.

    A gap in the input begins a new timeline at the unit behind it. Raises ProblemError "cannot-decode".
    """

    RATE_HZ = 16_000

    def __init__(self, fmt: AudioFormat) -> None:
        self._fmt = fmt
        self._container, self._decoder = _audio_decoder(fmt)
        self._resampler = AudioResampler(format="fltp", layout="mono", rate=self.RATE_HZ, frame_size=_AAC_FRAME)
        self._encoder = _aac_encoder(self.RATE_HZ)
        config = bytes(self._encoder.extradata or b"")
        self.format = AudioFormat(AudioCodec.AAC, self.RATE_HZ, 1, config, "mp4a.40.2", _AAC_FRAME)
        self._expected_us: int | None = None
        self._origin_us = 0
        self._samples = 0

    def push(self, unit: AudioUnit) -> list[AudioUnit]:
        """The next unit; returns those that are ready: one AAC unit for every 64 ms."""
        if self._expected_us is None or abs(unit.time_us - self._expected_us) > US_PER_S // 5:
            self._restart(unit.time_us)
        self._expected_us = unit.time_us + unit.duration_us
        packet = av.Packet(unit.data)
        out: list[AudioUnit] = []
        for frame in self._decoder.decode(packet):
            frame.sample_rate = self._fmt.sample_rate_hz
            frame.pts = None
            for resampled in self._resampler.resample(frame):
                resampled.pts = None
                out += [self._unit(bytes(packet)) for packet in self._encoder.encode(resampled)]
        return [unit for unit in out if unit.time_us >= self._origin_us]

    def _restart(self, time_us: int) -> None:
        """Lay the output on a new timeline; its first frame is the encoder's priming and is left out."""
        self._origin_us = time_us
        self._samples = -_AAC_FRAME

    def _unit(self, data: bytes) -> AudioUnit:
        time_us = self._origin_us + self._samples * US_PER_S // self.RATE_HZ
        self._samples += _AAC_FRAME
        return AudioUnit(time_us, data, _AAC_FRAME * US_PER_S // self.RATE_HZ)


def fit(width: int, height: int, width_limit: int) -> tuple[int, int]:
    """A size of the same shape, at most width_limit wide, with even sides as 4:2:0 wants them."""
    scale = min(1.0, width_limit / max(1, width))
    return max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2)


def _h264_encoder(width: int, height: int, fps: int) -> VideoCodecContext:
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height = width, height
    context.pix_fmt = "yuv420p"
    context.time_base, context.framerate = _US, Fraction(fps)
    context.gop_size = _KEY_EVERY
    context.thread_count = 1
    context.flags |= _GLOBAL_HEADER
    context.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "crf": "24",
        "x264-params": "annexb=0:scenecut=0",
    }
    context.open()
    return context


def _h264_format(encoder: VideoCodecContext, fps: float) -> VideoFormat:
    config = bytes(encoder.extradata or b"")
    string = f"avc1.{config[1:4].hex().upper()}"
    return VideoFormat(VideoCodec.H264, encoder.width, encoder.height, config, string, fps)


def _video_unit(packet: "av.Packet[Stream]", *, damaged: bool) -> VideoUnit:
    time_base = packet.time_base or _US
    return VideoUnit(round((packet.pts or 0) * time_base * US_PER_S), bytes(packet), packet.is_keyframe, damaged)


def _audio_decoder(fmt: AudioFormat) -> tuple[object, AudioCodecContext]:
    """(what must stay alive, the decoder); raises ProblemError."""
    if fmt.codec is AudioCodec.G726:
        return _g726_decoder(fmt)
    names = {AudioCodec.PCMU: "pcm_mulaw", AudioCodec.PCMA: "pcm_alaw", AudioCodec.AAC: "aac", AudioCodec.OPUS: "opus"}
    context = cast(AudioCodecContext, av.CodecContext.create(names[fmt.codec], "r"))
    context.sample_rate = fmt.sample_rate_hz
    context.layout = "mono" if fmt.channels == 1 else "stereo"
    if fmt.codec is AudioCodec.AAC:
        context.extradata = fmt.config
    return None, context


def _g726_decoder(fmt: AudioFormat) -> tuple[object, AudioCodecContext]:
    """libav takes the code size of G.726 from a demuxer alone: open one on nothing and use its decoder.

    RFC 3551 clause 4.5.4 packs little-endian. config holds the bit rate in kbit/s: 16, 24, 32 or 40.
    """
    if not fmt.config or fmt.config[0] not in (16, 24, 32, 40):
        raise _cannot_decode(fmt.codec)
    options = {"code_size": str(fmt.config[0] // 8), "sample_rate": str(fmt.sample_rate_hz)}
    container = av.open(io.BytesIO(bytes(4096)), format="g726le", options=options)
    return container, container.streams.audio[0].codec_context


def _aac_encoder(rate: int) -> AudioCodecContext:
    context = av.CodecContext.create("aac", "w")
    context.sample_rate, context.layout, context.format = rate, "mono", "fltp"
    context.bit_rate = 32_000
    context.time_base = Fraction(1, rate)
    context.flags |= _GLOBAL_HEADER
    context.open()
    return context


def _too_large(fmt: VideoFormat) -> ProblemError:
    return ProblemError(
        "picture-too-large",
        f"The pictures have {fmt.width} × {fmt.height} pixels, which is more than this recorder decodes",
        remedy="Choose a smaller picture on the camera.",
        status=415,
    )


def _cannot_decode(codec: str) -> ProblemError:
    return ProblemError(
        "cannot-decode",
        f"This recorder cannot decode {codec}",
        remedy="Choose H.264, H.265 or AV1 with AAC, Opus or G.711 on the camera.",
        status=415,
    )
