"""Sample entries: how a decoder learns what a track holds, written and read (14496-12 clause 8.5.2)."""

import struct

from appliance.media.fmp4.boxes import MalformedMp4Error, box, children, descriptor, find, full_box
from appliance.media.model import AudioCodec, AudioFormat, VideoCodec, VideoFormat

_VIDEO_ENTRY = {VideoCodec.H264: b"avc1", VideoCodec.H265: b"hvc1", VideoCodec.AV1: b"av01", VideoCodec.MJPEG: b"mp4v"}
_VIDEO_CONFIG = {VideoCodec.H264: b"avcC", VideoCodec.H265: b"hvcC", VideoCodec.AV1: b"av1C"}
_AUDIO_ENTRY = {
    AudioCodec.AAC: b"mp4a",
    AudioCodec.OPUS: b"Opus",
    AudioCodec.PCMU: b"ulaw",
    AudioCodec.PCMA: b"alaw",
    AudioCodec.G726: b"g726",
}
_VIDEO_OF_ENTRY = {entry: codec for codec, entry in _VIDEO_ENTRY.items()}
_AUDIO_OF_ENTRY = {entry: codec for codec, entry in _AUDIO_ENTRY.items()}

_VISUAL = struct.Struct(">6xH16xHHIIIH32xHh")  # 12.1.3: index, width, height, resolutions, frame count, depth
_AUDIO = struct.Struct(">6xH8xHHHHI")  # 12.2.3: index, channels, bits, 0, 0, rate as 16.16

OTI_AAC, OTI_JPEG = 0x40, 0x6C  # object type indications of 14496-1 table 5
_VISUAL_STREAM, _AUDIO_STREAM = 4, 5


def video_entry(fmt: VideoFormat) -> bytes:
    """avc1/avcC, hvc1/hvcC (14496-15), av01/av1C (AV1 in ISOBMFF), mp4v/esds for JPEG (14496-14)."""
    fields = _VISUAL.pack(1, fmt.width, fmt.height, 0x480000, 0x480000, 0, 1, 0x18, -1)
    if fmt.codec is VideoCodec.MJPEG:
        return box(b"mp4v", fields, _esds(1, OTI_JPEG, _VISUAL_STREAM, b""))
    return box(_VIDEO_ENTRY[fmt.codec], fields, box(_VIDEO_CONFIG[fmt.codec], fmt.config))


def audio_entry(fmt: AudioFormat) -> bytes:
    """mp4a/esds, Opus/dOps, ulaw and alaw as QuickTime has them, g726 (ours) with a kbps box of one byte."""
    rate = fmt.sample_rate_hz if fmt.sample_rate_hz < 1 << 16 else 0
    fields = _AUDIO.pack(1, fmt.channels, 16, 0, 0, rate << 16)
    match fmt.codec:
        case AudioCodec.AAC:
            extra = _esds(2, OTI_AAC, _AUDIO_STREAM, fmt.config)
        case AudioCodec.OPUS:
            extra = box(b"dOps", fmt.config)
        case AudioCodec.G726:
            extra = box(b"kbps", fmt.config)
        case AudioCodec.PCMU | AudioCodec.PCMA:
            extra = b""
    return box(_AUDIO_ENTRY[fmt.codec], fields, extra)


def read_video_entry(data: bytes, kind: bytes, start: int, end: int) -> VideoFormat:
    """The format of a visual sample entry whose fields lie in data[start:end]; raises MalformedMp4Error.

    codec_string is exact for H.264 and "mjpeg" for JPEG; H.265 and AV1 give their four-character code alone.
    """
    codec = _VIDEO_OF_ENTRY.get(kind)
    if codec is None or end - start < _VISUAL.size:
        raise MalformedMp4Error("a video sample entry that is not ours")
    _, width, height, *_ = _VISUAL.unpack_from(data, start)
    config = b""
    if codec in _VIDEO_CONFIG:
        config = _payload(data, start + _VISUAL.size, end, _VIDEO_CONFIG[codec])
    return VideoFormat(codec, width, height, config, _codec_string(codec, kind, config))


def read_audio_entry(data: bytes, kind: bytes, start: int, end: int, timescale: int) -> AudioFormat:
    """The format of an audio sample entry whose fields lie in data[start:end]; raises MalformedMp4Error."""
    codec = _AUDIO_OF_ENTRY.get(kind)
    if codec is None or end - start < _AUDIO.size:
        raise MalformedMp4Error("an audio sample entry that is not ours")
    _, channels, *_ = _AUDIO.unpack_from(data, start)
    inner = start + _AUDIO.size
    match codec:
        case AudioCodec.AAC:
            config = _decoder_specific(_payload(data, inner, end, b"esds"))
            return AudioFormat(codec, timescale, channels, config, _aac_string(config), 1024)
        case AudioCodec.OPUS:
            return AudioFormat(codec, timescale, channels, _payload(data, inner, end, b"dOps"), "opus")
        case AudioCodec.G726:
            return AudioFormat(codec, timescale, channels, _payload(data, inner, end, b"kbps"), "g726")
    return AudioFormat(codec, timescale, channels, b"", kind.decode())


def _esds(es_id: int, object_type: int, stream_type: int, specific: bytes) -> bytes:
    """An ES descriptor (14496-1 clause 7.2.6.5); bit rates and buffer size are left unknown."""
    config = bytes([object_type, stream_type << 2 | 1]) + bytes(11)
    if specific:
        config += descriptor(5, specific)
    es = struct.pack(">HB", es_id, 0) + descriptor(4, config) + descriptor(6, b"\x02")
    return full_box(b"esds", 0, 0, descriptor(3, es))


def _payload(data: bytes, start: int, end: int, kind: bytes) -> bytes:
    found = find(data, start, end, kind)
    if found is None:
        raise MalformedMp4Error(f"no {kind.decode()} box")
    return data[found.body : found.end]


def _decoder_specific(esds: bytes) -> bytes:
    """The payload of the DecoderSpecificInfo (tag 5) inside an esds payload, by descending tags 3 and 4."""
    at, end = 4, len(esds)
    fixed = {3: 3, 4: 13}
    while at + 2 <= end:
        tag, body, size = _descriptor_header(esds, at)
        if body + size > end:
            break
        if tag == 5:
            return esds[body : body + size]
        at = body + fixed[tag] if tag in fixed else body + size
    raise MalformedMp4Error("an esds box without decoder configuration")


def _descriptor_header(data: bytes, at: int) -> tuple[int, int, int]:
    """(tag, start of the payload, its size)."""
    tag, size, at = data[at], 0, at + 1
    for _ in range(4):
        if at >= len(data):
            raise MalformedMp4Error("a descriptor is cut off")
        byte, at = data[at], at + 1
        size = size << 7 | byte & 0x7F
        if not byte & 0x80:
            break
    return tag, at, size


def _codec_string(codec: VideoCodec, kind: bytes, config: bytes) -> str:
    if codec is VideoCodec.H264:
        if len(config) < 4:
            raise MalformedMp4Error("an avcC box is too short")
        return f"avc1.{config[1:4].hex().upper()}"
    return "mjpeg" if codec is VideoCodec.MJPEG else kind.decode()


def _aac_string(config: bytes) -> str:
    return f"mp4a.40.{config[0] >> 3}" if config else "mp4a.40.2"


def entry_kinds(data: bytes, start: int, end: int) -> list[tuple[bytes, int, int]]:
    """(type, start of fields, end) of every sample entry of an stsd payload (after its version and count)."""
    return [(child.kind, child.body, child.end) for child in children(data, start, end)]
