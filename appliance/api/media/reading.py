"""Reading recordings in a thread, with the disk's troubles as problems."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import apsw

from appliance.api.media.threads import Threads
from appliance.core.errors import ProblemError

Result = TypeVar("Result")
TIMEOUT_S = 60.0  # a disk that hangs longer is as good as gone


async def read(threads: Threads, call: Callable[[], Result]) -> Result:
    """Call it in a thread; raises ProblemError "recording-gone", "recordings-unreadable", or what it raises itself."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await threads.run(call)
    except (FileNotFoundError, ValueError) as error:
        raise ProblemError(
            "recording-gone",
            "The recording can no longer be read",
            remedy="It may just have been deleted to make room: reload the timeline. If it stays so, check the disk.",
            status=404,
        ) from error
    except (OSError, apsw.Error) as error:
        raise ProblemError(
            "recordings-unreadable",
            "The recordings cannot be read at present",
            remedy="Look at the state of the volumes on the storage page.",
            status=503,
        ) from error
