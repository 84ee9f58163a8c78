"""Unit updates: wires files, RAUC, the source and the bus."""

import asyncio
import logging
import os
import random
from functools import partial
from pathlib import Path
from typing import Any

from appliance.core.bus import Bus
from appliance.core.errors import ProblemError
from appliance.core.events import new_event
from appliance.core.unit import UnitContext
from appliance.db.outbox import Outbox
from appliance.updates.announcer import Announcer
from appliance.updates.download import Downloader
from appliance.updates.files import UpdateFiles
from appliance.updates.memory import Notebook
from appliance.updates.rauc import Rauc
from appliance.updates.requests import answer_requests
from appliance.updates.rounds import ask_daily, follow_source, look_at_slots
from appliance.updates.slots import read_slots
from appliance.updates.updater import Updater

log = logging.getLogger(__name__)

BACKUP_TIMEOUT_S = 120.0
RAUC_VARIABLE, RAUC = "GATEHOUSE_RAUC", "/etc/rauc/system.conf"  # its configuration


async def main(context: UnitContext) -> None:
    """Run until cancelled. Without slots (on a bench) it says what it knows and refuses the rest."""
    own_state = context.paths.state / context.name
    await asyncio.to_thread(own_state.mkdir, mode=0o700, parents=True, exist_ok=True)
    files = UpdateFiles(context.paths.updates)
    await asyncio.to_thread(files.prepare)
    outbox = Outbox(own_state / "outbox.db")
    await outbox.open()
    try:
        await _serve(context, files, Notebook(own_state / "memory.json"), outbox)
    finally:
        await outbox.close()


async def _serve(context: UnitContext, files: UpdateFiles, notebook: Notebook, outbox: Outbox) -> None:
    bus, clock = context.bus, context.clock

    async def tell(kind: str, data: dict[str, Any]) -> None:
        await outbox.put(new_event(clock, context.name, kind, data))

    updater = Updater(
        files=files,
        notebook=notebook,
        announcer=Announcer(bus, clock, read_slots),
        installer=Rauc(),
        downloader=Downloader(),
        slots=read_slots,
        tell=tell,
        back_up=partial(back_up, bus),
        clock=clock,
        configuration=Path(os.environ.get(RAUC_VARIABLE, RAUC)),
    )
    answer_requests(bus, updater)
    async with asyncio.TaskGroup() as group:
        await updater.recover(group)
        group.create_task(bus.run(), name="bus")
        group.create_task(outbox.pump(bus), name="outbox")
        group.create_task(follow_source(bus, updater), name="source")
        group.create_task(look_at_slots(updater), name="slots")
        group.create_task(ask_daily(updater, notebook, clock, random.Random()), name="rounds")
        context.notifier.ready()


async def back_up(bus: Bus) -> None:
    """Have the api unit keep what is configured as it is, before another version reads it; raises ProblemError.

    Where that unit does not answer, the update goes on without: it may be the cure, and there is one of every night.
    """
    try:
        await bus.request("api", "backup", {"kind": "before-update"}, BACKUP_TIMEOUT_S)
    except ProblemError as problem:
        if problem.code != "unit-not-answering":
            raise
        log.warning("no backup is made before the update: %s", problem.title)
