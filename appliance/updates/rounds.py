"""What happens by itself: the source is followed and asked daily, and the slots are looked at."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

import msgspec

import appliance
from appliance.core.bus import Bus
from appliance.core.clock import US_PER_S, Clock
from appliance.core.errors import ProblemError
from appliance.updates.index import is_newer
from appliance.updates.memory import Memory, Notebook
from appliance.updates.model import SOURCE, Source
from appliance.updates.updater import Updater

log = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
ASK_EVERY_US = 24 * 3600 * US_PER_S
ASK_AGAIN_US = 3600 * US_PER_S
SPREAD_US = 3600 * US_PER_S  # appliances that were started together must not ask together


async def follow_source(bus: Bus, updater: Updater) -> None:
    """Take the source from the api unit, which keeps it; ends only when cancelled."""
    async with bus.subscribe(f"state/api/{SOURCE}") as states:
        async for _, data in states:
            try:
                updater.set_source(msgspec.convert(data or {}, Source))
            except msgspec.ValidationError as error:
                log.error("the source is malformed: %s", error)


async def look_at_slots(updater: Updater) -> None:
    """See when the running version has become good, or an installed one was given up; ends only when cancelled."""
    while True:
        await updater.settle()
        await asyncio.sleep(LOOK_EVERY_S)


async def ask_daily(updater: Updater, notebook: Notebook, clock: Clock, rng: random.Random) -> None:
    """Ask the source once a day, and install what is newer where that is wanted; ends only when cancelled."""
    spread_us = rng.randrange(SPREAD_US)
    asked_us: int | None = None
    tried_us: int | None = None
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        now_us = clock.now_us()
        if updater.source.url and is_due(notebook.memory, now_us, asked_us, spread_us):
            asked_us = now_us
            await _tried(updater.check)
        if updater.source.automatic and updater.idle and is_wanted(notebook.memory) and not _lately(tried_us, now_us):
            tried_us = now_us
            await _tried(updater.begin_offered)


async def _tried(work: Callable[[], Awaitable[object]]) -> None:
    try:
        await work()
    except ProblemError as problem:
        log.warning("%s (%s)", problem.title, problem.detail)


def _lately(then_us: int | None, now_us: int) -> bool:
    return then_us is not None and 0 <= now_us - then_us < ASK_AGAIN_US


def is_due(memory: Memory, now_us: int, asked_us: int | None, spread_us: int) -> bool:
    """Whether to ask now. A clock that was set back asks at once, rather than never."""
    if _lately(asked_us, now_us):
        return False
    if memory.checked_us is None:
        return True
    return not 0 <= now_us - memory.checked_us < ASK_EVERY_US + spread_us


def is_wanted(memory: Memory) -> bool:
    """Whether the offered version is to be installed by itself: one that failed is not tried again and again."""
    offered = memory.offered
    return (
        offered is not None
        and offered.version != memory.left_alone
        and is_newer(offered.version, appliance.__version__)
    )
