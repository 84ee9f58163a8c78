"""One picture out of a stream, as JPEG."""

from collections.abc import Iterable
from fractions import Fraction

import av
from av.video.frame import VideoFrame

from appliance.core.errors import ProblemError
from appliance.media.model import VideoCodec, VideoFormat, VideoUnit
from appliance.media.transcode import decode, fit, video_decoder

_QUALITY = 4  # libav's qscale: 2 is the finest, 31 the coarsest


def snapshot(
    fmt: VideoFormat, units: Iterable[VideoUnit], *, time_us: int | None = None, width: int | None = None
) -> bytes:
    """JPEG of the last picture shown at or before time_us (None: the last one), at most `width` pixels wide.

    units: in decode order, from a key unit on. Blocks for the decoding. Raises ProblemError "no-picture" or
    "cannot-decode".
    """
    wanted = _without_what_follows(list(units), time_us)
    if fmt.codec is VideoCodec.MJPEG and wanted and width is None:
        return bytes(wanted[-1].data)
    best = _latest_picture(fmt, wanted, time_us)
    if best is None:
        raise ProblemError(
            "no-picture",
            "There is no whole picture at this time",
            remedy="Choose a slightly later time, or check the connection to the camera.",
            status=404,
        )
    return _jpeg(best, width)


def _without_what_follows(units: list[VideoUnit], time_us: int | None) -> list[VideoUnit]:
    """Leave out what is decoded after the wanted picture."""
    if time_us is None:
        return units
    shown = [index for index, unit in enumerate(units) if unit.time_us <= time_us]
    return units[: shown[-1] + 1] if shown else units[:1]


def _latest_picture(fmt: VideoFormat, units: list[VideoUnit], time_us: int | None) -> VideoFrame | None:
    decoder = video_decoder(fmt)
    best: VideoFrame | None = None
    for unit in (*units, None):
        for frame in decode(decoder, unit):
            if best is None or time_us is None or (frame.pts or 0) <= time_us:
                best = frame
    return best


def _jpeg(frame: VideoFrame, width: int | None) -> bytes:
    size = fit(frame.width, frame.height, width or frame.width)
    picture = frame.reformat(*size, format="yuvj420p", dst_color_range="JPEG")
    context = av.CodecContext.create("mjpeg", "w")
    context.width, context.height = size
    context.pix_fmt = "yuvj420p"
    context.time_base = Fraction(1, 25)
    context.qmin = context.qmax = _QUALITY
    picture.pts, picture.time_base = 0, context.time_base
    packets = [*context.encode(picture), *context.encode(None)]
    return b"".join(bytes(packet) for packet in packets)
