"""Every kind of source behind one call: RTSP and RTSPS, M-JPEG over HTTP and HTTPS, prerecorded files."""

import logging
from pathlib import Path

from appliance.core.clock import Clock
from appliance.core.errors import ProblemError
from appliance.media import problems
from appliance.media.address import SourceAddress, check_address, is_file, target_of
from appliance.media.http_mjpeg import play_mjpeg
from appliance.media.model import Sink
from appliance.media.prerecorded import play_file
from appliance.media.rtsp.play import play_rtsp

__all__ = ["SourceAddress", "check_address", "play"]

log = logging.getLogger(__name__)


async def play(address: SourceAddress, sink: Sink, clock: Clock, *, prerecorded: Path) -> None:
    """Play a source into the sink until the stream ends; prerecorded: the folder of file: sources.

    Raises ProblemError with cause, remedy and field, and nothing else, whatever a camera sends.
    """
    check_address(address)
    try:
        if is_file(address.url):
            await play_file(address.url, sink, clock, prerecorded)
        elif target_of(address.url).scheme in ("rtsp", "rtsps"):
            await play_rtsp(address, sink, clock)
        else:
            await play_mjpeg(address, sink, clock)
    except ProblemError:
        raise
    except Exception as error:
        log.exception("a source failed")
        raise problems.failed() from error
