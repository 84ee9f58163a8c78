"""Real streams for tests, made by libav's encoders: units as a source would deliver them."""

import io
import struct
from collections.abc import Callable
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from appliance.media.model import AudioCodec, AudioFormat, AudioUnit, VideoCodec, VideoFormat, VideoUnit

START_US = 1_795_523_465_123_456
GLOBAL_HEADER = 1 << 22


def picture(index: int, width: int, height: int) -> av.VideoFrame:
    """A flat picture whose luma says which frame it is: 16 + (index * 7) % 200."""
    luma = 16 + index * 7 % 200
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    planes[:height] = luma
    planes[0, :: 1 + index % 5] = 235  # something to encode
    return av.VideoFrame.from_ndarray(planes, format="yuv420p")


def encode_video(
    codec: str,
    frames: int,
    fps: int,
    size: tuple[int, int],
    options: dict[str, str],
    *,
    gop: int,
    pix_fmt: str = "yuv420p",
) -> tuple[bytes, list[tuple[int, bytes, bool]]]:
    """(extradata, [(pts in frames, data, key)]) in decode order."""
    context = cast(VideoCodecContext, av.CodecContext.create(codec, "w"))
    context.width, context.height = size
    context.pix_fmt = pix_fmt
    context.time_base, context.framerate = Fraction(1, fps), Fraction(fps)
    context.gop_size = gop
    context.options = options
    context.flags |= GLOBAL_HEADER
    packets = []
    for index in range(frames):
        frame = picture(index, *size).reformat(format=pix_fmt)
        frame.pts, frame.time_base = index, context.time_base
        packets += context.encode(frame)
    packets += context.encode(None)
    return bytes(context.extradata or b""), [(packet.pts or 0, bytes(packet), packet.is_keyframe) for packet in packets]


def h264(
    frames: int = 75,
    *,
    fps: int = 25,
    gop: int = 25,
    bframes: int = 0,
    open_gop: bool = False,
    size: tuple[int, int] = (160, 120),
    start_us: int = START_US,
) -> tuple[VideoFormat, list[VideoUnit]]:
    """H.264 in length-prefixed units, as our depacketiser delivers it."""
    params = f"annexb=0:keyint={gop}:min-keyint={gop}:scenecut=0:bframes={bframes}:b-adapt=0:open-gop={int(open_gop)}"
    extradata, packets = encode_video(
        "libx264", frames, fps, size, {"preset": "superfast", "x264-params": params}, gop=gop
    )
    fmt = VideoFormat(VideoCodec.H264, *size, extradata, f"avc1.{extradata[1:4].hex().upper()}", float(fps))
    return fmt, _units(packets, fps, start_us)


def mjpeg(frames: int = 25, *, fps: int = 25, start_us: int = START_US) -> tuple[VideoFormat, list[VideoUnit]]:
    """M-JPEG: every unit is a key unit."""
    size = (160, 120)
    _, packets = encode_video("mjpeg", frames, fps, size, {"strict": "unofficial"}, gop=1, pix_fmt="yuvj420p")
    return VideoFormat(VideoCodec.MJPEG, *size, b"", "mjpeg", float(fps)), _units(packets, fps, start_us)


def aac(seconds: float = 3.0, *, rate: int = 16_000, start_us: int = START_US) -> tuple[AudioFormat, list[AudioUnit]]:
    """A 440 Hz tone in AAC-LC."""
    extradata, packets = _encode_audio("aac", rate, seconds, "fltp")
    fmt = AudioFormat(AudioCodec.AAC, rate, 1, extradata, "mp4a.40.2", 1024)
    units = [
        AudioUnit(start_us + round(index * 1024 * 1e6 / rate), data, round(1024e6 / rate))
        for index, data in enumerate(packets)
    ]
    return fmt, units


def pcmu(seconds: float = 3.0, *, start_us: int = START_US) -> tuple[AudioFormat, list[AudioUnit]]:
    """A 440 Hz tone in G.711 µ-law, 20 ms a unit."""
    _, packets = _encode_audio("pcm_mulaw", 8000, seconds, "s16")
    data = b"".join(packets)
    units = [
        AudioUnit(start_us + index * 20_000, data[index * 160 : index * 160 + 160], 20_000)
        for index in range(len(data) // 160)
    ]
    return AudioFormat(AudioCodec.PCMU, 8000, 1, b"", "ulaw"), units


def _encode_audio(
    codec: str, rate: int, seconds: float, sample_format: str, frame_size: int = 1024
) -> tuple[bytes, list[bytes]]:
    context = cast(AudioCodecContext, av.CodecContext.create(codec, "w"))
    context.sample_rate, context.layout = rate, "mono"
    context.format = sample_format
    context.flags |= GLOBAL_HEADER
    make: Callable[[np.ndarray], np.ndarray] = (
        (lambda wave: wave.astype(np.float32))
        if sample_format == "fltp"
        else (lambda wave: (wave * 20000).astype(np.int16))
    )
    packets = []
    for index in range(int(seconds * rate / frame_size)):
        wave = np.sin(2 * np.pi * 440 * np.arange(index * frame_size, (index + 1) * frame_size) / rate)
        frame = av.AudioFrame.from_ndarray(make(wave).reshape(1, -1), format=sample_format, layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, index * frame_size, Fraction(1, rate)
        packets += context.encode(frame)
    packets += context.encode(None)
    return bytes(context.extradata or b""), [bytes(packet) for packet in packets]


def _units(packets: list[tuple[int, bytes, bool]], fps: int, start_us: int) -> list[VideoUnit]:
    return [VideoUnit(start_us + round(pts * 1e6 / fps), data, key) for pts, data, key in packets]


def h265(frames: int = 50, *, fps: int = 25, gop: int = 25) -> tuple[VideoFormat, list[VideoUnit]]:
    """H.265, taken from an MP4 that libav wrote: length-prefixed units and the hvcC payload."""
    params = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=0:log-level=none"
    config, units = _through_mp4("libx265", frames, fps, {"preset": "ultrafast", "x265-params": params}, gop)
    return VideoFormat(VideoCodec.H265, 160, 120, config, "hvc1.1.6.L30.90", float(fps)), units


def av1(frames: int = 20, *, fps: int = 25, gop: int = 10) -> tuple[VideoFormat, list[VideoUnit]]:
    """AV1, taken from an MP4 that libav wrote: temporal units and the av1C payload."""
    options = {"preset": "12", "svtav1-params": f"pred-struct=1:keyint={gop}:logical-processors=1"}
    config, units = _through_mp4("libsvtav1", frames, fps, options, gop)
    return VideoFormat(VideoCodec.AV1, 160, 120, config, "av01.0.00M.08", float(fps)), units


def opus(seconds: float = 3.0, *, start_us: int = START_US) -> tuple[AudioFormat, list[AudioUnit]]:
    """A tone in Opus, 20 ms a unit."""
    _, packets = _encode_audio("libopus", 48_000, seconds, "s16", 960)
    config = struct.pack(">BBHIhB", 0, 1, 312, 48_000, 0, 0)
    units = [AudioUnit(start_us + index * 20_000, data, 20_000) for index, data in enumerate(packets)]
    return AudioFormat(AudioCodec.OPUS, 48_000, 1, config, "opus"), units


def _through_mp4(codec: str, frames: int, fps: int, options: dict[str, str], gop: int) -> tuple[bytes, list[VideoUnit]]:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = cast(VideoStream, container.add_stream(codec, rate=fps, options=options))
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        stream.codec_context.gop_size = gop
        for index in range(frames):
            frame = picture(index, 160, 120)
            frame.pts, frame.time_base = index, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with av.open(io.BytesIO(file.getvalue()), "r") as container:
        config = bytes(container.streams.video[0].codec_context.extradata or b"")
        packets = [packet for packet in container.demux(video=0) if packet.size]
        units = [
            VideoUnit(
                START_US + round(float((packet.pts or 0) * packet.time_base) * 1e6), bytes(packet), packet.is_keyframe
            )
            for packet in packets
        ]
    return config, units
