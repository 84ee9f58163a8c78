"""Every kind of source behind one call: RTSP and RTSPS, M-JPEG over HTTP and HTTPS, prerecorded files."""

import asyncio
import logging
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType

from appliance.core.clock import Clock
from appliance.core.errors import ProblemError
from appliance.media import problems
from appliance.media.address import SourceAddress, check_address, is_file, target_of
from appliance.media.model import Sink
from appliance.media.rtsp.play import play_rtsp

__all__ = ["SourceAddress", "check_address", "play"]

log = logging.getLogger(__name__)


def never() -> bool:
    """The default for watched."""
    return False


async def play(
    address: SourceAddress,
    sink: Sink,
    clock: Clock,
    *,
    prerecorded: Path,
    watched: Callable[[], bool] = never,
) -> None:
    """Play a source into the sink until the stream ends; prerecorded: the folder of file: sources.

    While nobody has `watched`, what arrives may wait some ten milliseconds for more: that costs less CPU.

    Raises ProblemError with cause, remedy and field, and nothing else, whatever a camera sends.
    """
    check_address(address)
    try:
        if is_file(address.url):
            player = await _loaded("appliance.media.prerecorded")
            await player.play_file(address.url, sink, clock, prerecorded)
        elif target_of(address.url).scheme in ("rtsp", "rtsps"):
            await play_rtsp(address, sink, clock, watched)
        else:
            player = await _loaded("appliance.media.http_mjpeg")
            await player.play_mjpeg(address, sink, clock)
    except ProblemError:
        raise
    except Exception as error:
        log.exception("a source failed")
        raise problems.failed() from error


async def _loaded(module: str) -> ModuleType:
    """libav and the HTTP client are 27 MiB that a recorder of RTSP cameras never needs: who does loads them."""
    return await asyncio.to_thread(import_module, module)
