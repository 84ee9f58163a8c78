"""Tracks of a stored file (Matroska, read by libav) in the form in which units travel here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from appliance.media import problems
from appliance.media.codecs import aac, av1, h264, h265, jpeg
from appliance.media.model import AudioCodec, AudioFormat, VideoCodec, VideoFormat

_HEVC_LEFT_OUT = frozenset({h265.VPS, h265.SPS, h265.PPS, h265.AUD})
_AVC_LEFT_OUT = frozenset({h264.SPS, h264.PPS, h264.AUD})
_AVC_FIXED, _HEVC_FIXED, _AV1_FIXED = 5, 22, 4


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """format is None where only the first picture tells it (M-JPEG). unit: a packet's data as a unit's data."""

    format: VideoFormat | None
    unit: Callable[[bytes], bytes]


def video_track(stream: VideoStream) -> VideoTrack:
    """The track of a video stream; raises ProblemError for codecs we do not take, ValueError for broken headers."""
    context = stream.codec_context
    config, fps = bytes(context.extradata or b""), float(stream.average_rate or 0)
    match stream.codec_context.codec.canonical_name:
        case "h264":
            return _with_fps(_avc(config), fps)
        case "hevc":
            return _with_fps(_hevc(config), fps)
        case "av1":
            return _with_fps(VideoTrack(av1.video_format(config[_AV1_FIXED:]), bytes), fps)
        case "mjpeg":
            return VideoTrack(None, bytes)
        case other:
            raise problems.unsupported_codec(other)


def jpeg_format(image: bytes) -> VideoFormat:
    """The format of one M-JPEG picture; raises ValueError."""
    return VideoFormat(VideoCodec.MJPEG, *jpeg.size_of(image), b"", "mjpeg")


def audio_format(stream: AudioStream) -> AudioFormat | None:
    """The format of an audio stream; None for codecs we do not take; raises ValueError for broken headers."""
    context = stream.codec_context
    config = bytes(context.extradata or b"")
    match context.codec.canonical_name:
        case "aac":
            return aac.audio_format(config)
        case "opus":
            return AudioFormat(AudioCodec.OPUS, 48_000, context.channels, _opus(config), "opus")
        case "pcm_mulaw":
            return AudioFormat(AudioCodec.PCMU, context.sample_rate, context.channels, b"", "ulaw")
        case "pcm_alaw":
            return AudioFormat(AudioCodec.PCMA, context.sample_rate, context.channels, b"", "alaw")
    return None


def _with_fps(track: VideoTrack, fps: float) -> VideoTrack:
    if track.format is None or track.format.nominal_fps or not 0 < fps <= 1000:
        return track
    return replace(track, format=replace(track.format, nominal_fps=round(fps, 3)))


def _avc(config: bytes) -> VideoTrack:
    """ISO/IEC 14496-15 clause 5.3.3.1."""
    if len(config) < _AVC_FIXED + 2 or config[0] != 1:
        raise ValueError("no AVC configuration")
    sets, at = _counted(config, _AVC_FIXED + 1, config[_AVC_FIXED] & 0x1F)
    pps, _ = _counted(config, at + 1, config[at]) if at < len(config) else ([], at)
    if not sets:
        raise ValueError("parameter sets are missing")
    size = (config[4] & 3) + 1
    return VideoTrack(
        h264.video_format(sets[0], *pps), lambda data: _rewritten(data, size, lambda nal: nal[0] & 31 in _AVC_LEFT_OUT)
    )


def _hevc(config: bytes) -> VideoTrack:
    """ISO/IEC 14496-15 clause 8.3.3.1."""
    if len(config) <= _HEVC_FIXED or config[0] != 1:
        raise ValueError("no HEVC configuration")
    sets: dict[int, tuple[bytes, ...]] = {}
    at = _HEVC_FIXED + 1
    for _ in range(config[_HEVC_FIXED]):
        if at + 3 > len(config):
            break
        kind, count = config[at] & 63, config[at + 1] << 8 | config[at + 2]
        nals, at = _counted(config, at + 3, count)
        sets[kind] = sets.get(kind, ()) + tuple(nals)
    if not sets.get(h265.SPS):
        raise ValueError("parameter sets are missing")
    size = (config[21] & 3) + 1
    return VideoTrack(
        h265.video_format(sets.get(h265.VPS, ()), sets[h265.SPS][0], sets.get(h265.PPS, ())),
        lambda data: _rewritten(data, size, lambda nal: h265.nal_type(nal[0]) in _HEVC_LEFT_OUT),
    )


def _counted(config: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    nals = []
    for _ in range(count):
        size = int.from_bytes(config[at : at + 2])
        nals.append(config[at + 2 : at + 2 + size])
        at += 2 + size
    return nals, at


def _rewritten(data: bytes, size_bytes: int, left_out: Callable[[bytes], bool]) -> bytes:
    """NAL units behind 4-byte lengths, without parameter sets and delimiters."""
    return b"".join(len(nal).to_bytes(4) + nal for nal in _nals(data, size_bytes) if not left_out(nal))


def _nals(data: bytes, size_bytes: int) -> Iterator[bytes]:
    at = 0
    while at + size_bytes < len(data):
        size = int.from_bytes(data[at : at + size_bytes])
        at += size_bytes
        if size:
            yield data[at : at + size]
        at += size


def _opus(head: bytes) -> bytes:
    """RFC 7845 clause 5.1 (little-endian) to dOps (Opus in ISOBMFF 4.3.2, big-endian)."""
    if len(head) < 19 or head[:8] != b"OpusHead":
        raise ValueError("no Opus header")
    fields = b"".join(head[start:end][::-1] for start, end in ((10, 12), (12, 16), (16, 18)))
    return bytes((0, head[9])) + fields + head[18:]
