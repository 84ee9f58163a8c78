"""Which tracks a browser plays as they are, and what is said about those it does not."""

from collections.abc import Collection

from appliance.core.errors import ProblemError
from appliance.media.model import AudioCodec, AudioFormat, VideoCodec, VideoFormat

AAC = "mp4a.40.2"
_NAMES: dict[str, str] = {
    VideoCodec.H264: "H.264",
    VideoCodec.H265: "H.265",
    VideoCodec.AV1: "AV1",
    VideoCodec.MJPEG: "M-JPEG",
    AudioCodec.AAC: "AAC",
    AudioCodec.PCMU: "G.711",
    AudioCodec.PCMA: "G.711",
    AudioCodec.G726: "G.726",
    AudioCodec.OPUS: "Opus",
}


def plays(codecs: Collection[str], fmt: VideoFormat | AudioFormat) -> bool:
    """Whether a browser that lists these codecs (RFC 6381; "avc1" stands for every profile) takes the format as it is.

    H.264 is always sent as it is: there is nothing else it could become.
    """
    if fmt.codec in (VideoCodec.MJPEG, AudioCodec.PCMU, AudioCodec.PCMA, AudioCodec.G726):
        return False
    return fmt.codec is VideoCodec.H264 or lists(codecs, fmt.codec_string)


def lists(codecs: Collection[str], codec_string: str) -> bool:
    """Whether one of the codecs is this one, or the family it belongs to."""
    return any(codec_string == codec or codec_string.startswith(codec + ".") for codec in codecs)


def note(fmt: VideoFormat | AudioFormat, width: int = 0) -> str:
    """What a person is told of a transcoded track; width: that of its picture, where it has one."""
    text = f"Transcoded from {_NAMES[fmt.codec]}, because this browser cannot play it"
    if isinstance(fmt, VideoFormat) and width and width < fmt.width:
        text += f"; {width} instead of {fmt.width} pixels wide"
    return text


def needs_h264(fmt: VideoFormat) -> ProblemError:
    """The browser plays neither the camera's coding nor what it could be transcoded to."""
    return ProblemError(
        "browser-without-h264",
        f"This browser plays neither {_NAMES[fmt.codec]} nor H.264",
        remedy="Use a browser that plays H.264, such as Chrome, Edge, Firefox or Safari.",
        status=415,
        field="codecs",
    )
