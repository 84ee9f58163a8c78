"""updates status, install, check: asked of the updates unit on the bus, which holds every update to the same rules."""

import argparse
import asyncio
import logging
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from appliance.cli.output import plain, print_fields, print_json
from appliance.condition.ownership import as_owner
from appliance.core.bus import Bus
from appliance.core.clock import SystemClock
from appliance.core.errors import ProblemError
from appliance.core.events import new_id
from appliance.core.paths import Paths

T = TypeVar("T")

UNIT, STATUS = "updates", "state/updates/status"
CONNECT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 120.0
INSTALL_TIMEOUT_S = 3600.0
_WORKING = ("receiving", "checking", "downloading", "installing")


def show(given: argparse.Namespace) -> int:
    """As the page shows it."""
    status = _asked(_status)
    if given.json:
        print_json(status)
    else:
        print_fields(_fields(status))
    return 0


def check(given: argparse.Namespace) -> int:
    """What the source offers."""
    status = _asked(lambda bus: bus.request(UNIT, "check", {}, ANSWER_TIMEOUT_S))
    offered = status["source"]["offered"]
    print(plain(f"Version {offered['version']} is offered." if offered else "Nothing newer is offered."))
    return 0


def install(given: argparse.Namespace) -> int:
    """Hand the file over, and tell of every step until it is installed or refused."""
    with Path(given.file).open("rb") as source:  # before anything is asked: it may not be there
        name = _handed_over(source, Paths.from_environment().updates / "incoming")
    status = _asked(lambda bus: _installed(bus, name))
    print(f"Version {plain(str(status['task']['version']))} is installed. `gatehouse reboot` starts it, on trial.")
    return 0


def _handed_over(source: Any, incoming: Path) -> str:
    """The name of a whole file in the folder that the updates unit takes files from."""
    if not incoming.is_dir():
        raise _not_running()
    name = f"{new_id(SystemClock().now_us())}.raucb"
    with as_owner(incoming):
        part = incoming / f"{name}.part"
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "wb") as out:
                shutil.copyfileobj(source, out, 1 << 20)
            part.rename(incoming / name)
        finally:
            part.unlink(missing_ok=True)
    return name


async def _installed(bus: Bus, name: str) -> Any:
    async with bus.subscribe(STATUS) as states:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await anext(states)  # what was before
        status = await bus.request(UNIT, "accept", {"file": name}, ANSWER_TIMEOUT_S)
        shown = ""
        async with asyncio.timeout(INSTALL_TIMEOUT_S):
            while (task := status["task"])["state"] in _WORKING:
                percent = "" if task["percent"] is None else f" {task['percent'] // 10 * 10} %"
                if (line := f"{task['state']}{percent}") != shown:
                    print(line, flush=True)
                    shown = line
                _, status = await anext(states)
    if task["state"] != "restart-needed":
        raise ProblemError.from_json(task["problem"] or {})
    return status


async def _status(bus: Bus) -> Any:
    """The state is retained: it comes at once where the unit has ever been there."""
    async with bus.subscribe(STATUS) as states, asyncio.timeout(CONNECT_TIMEOUT_S):
        _, status = await anext(states)
        return status


def _asked(work: Callable[[Bus], Awaitable[T]]) -> T:
    async def run() -> T:
        async with _connected() as bus:
            return await work(bus)

    logging.disable()  # of the bus: what is wrong is said once, as a problem
    try:
        return asyncio.run(run())
    except TimeoutError:
        raise _not_running() from None


@asynccontextmanager
async def _connected() -> AsyncIterator[Bus]:
    paths = Paths.from_environment()
    credential = paths.bus_credential("cli")
    if not paths.bus_socket.exists():
        raise _not_running()
    with credential.open():
        bus = Bus("cli", paths.bus_socket, credential, SystemClock())
    connection = asyncio.create_task(bus.run(), name="bus")
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await bus.wait_connected()
        yield bus
    finally:
        connection.cancel()
        await asyncio.wait((connection,))


def _fields(status: Any) -> list[tuple[str, str]]:
    running, task, source = status["running"], status["task"], status["source"]
    problem, offered = task["problem"], source["offered"]
    percent = "" if task["percent"] is None else f", {task['percent']} %"
    return [
        ("Running", " in slot ".join(part for part in (running["version"], running["slot"]) if part)),
        ("Oldest allowed", status["floor"] or ""),
        ("Slots", "; ".join(f"{slot['name']} {slot['version'] or '-'} {slot['state']}" for slot in status["slots"])),
        ("Task", f"{task['state']}{percent}"),
        ("Problem", f"{problem['title']}. {problem['remedy']}" if problem else ""),
        ("Source", source["url"] or "none"),
        ("Offered", f"{offered['version']} ({offered['size_bytes'] / 1e6:.0f} MB)" if offered else ""),
    ]


def _not_running() -> ProblemError:
    return ProblemError(
        "updates-not-running",
        "The bus or the updates unit is not there",
        remedy="See `gatehouse status` and `gatehouse logs --unit updates`.",
        status=503,
    )
