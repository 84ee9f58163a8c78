"""The commands of updates, with a real bus and a unit that answers as the updates unit does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from appliance.core.bus import Bus
from appliance.core.errors import ProblemError
from tests.bus.broker import Broker, broker_fixture, running
from tests.cli.running import Said, Shell

__all__ = ["broker_fixture"]

REFUSED = {"code": "bundle-unsigned", "title": "The bundle is not signed", "remedy": "Take one from the maker."}


def status(state: str = "idle", **task: Any) -> dict[str, Any]:
    return {
        "running": {"version": "0.1.0", "slot": "a"},
        "floor": "0.0.5",
        "slots": [{"name": "a", "state": "running", "version": "0.1.0", "tries_left": 6}],
        "task": {"state": state, "percent": None, "version": None, "problem": None, **task},
        "source": {"url": None, "automatic": False, "checked_at": None, "offered": None},
    }


@asynccontextmanager
async def updates_unit(broker: Broker, accept: Any) -> AsyncIterator[Bus]:
    await broker.credentials()
    bus = broker.bus("updates")
    bus.handle("accept", accept)

    async def check(data: Any) -> Any:
        offered = {"version": "0.2.0", "notes": "", "size_bytes": 1_000_000}
        return {**status(), "source": {**status()["source"], "offered": offered}}

    bus.handle("check", check)
    bus.set_state("status", status())
    async with running(bus):
        await bus.wait_connected()
        yield bus


async def said(broker: Broker, *arguments: str) -> Said:
    return await asyncio.to_thread(Shell(broker.paths.data, Path("/nonexistent/control.sock")).run, *arguments)


async def test_a_bundle_is_handed_over_and_followed_until_it_is_installed(broker: Broker, tmp_path: Path) -> None:
    taken: list[bytes] = []
    incoming = broker.paths.updates / "incoming"
    incoming.mkdir(parents=True)
    (tmp_path / "new.raucb").write_bytes(b"a bundle")

    async def accept(data: Any) -> Any:
        taken.append(await asyncio.to_thread((incoming / data["file"]).read_bytes))
        for step in (status("installing", percent=50), status("restart-needed", version="0.2.0")):
            unit.set_state("status", step)
        return status("checking", percent=0, version="0.2.0")

    async with updates_unit(broker, accept) as unit:
        done = await said(broker, "updates", "install", str(tmp_path / "new.raucb"))
    assert done.status == 0, done.err
    assert taken == [b"a bundle"]
    assert "Version 0.2.0 is installed. `gatehouse reboot`" in done.out


async def test_a_bundle_that_is_refused_is_so_with_the_reason(broker: Broker, tmp_path: Path) -> None:
    (broker.paths.updates / "incoming").mkdir(parents=True)
    (tmp_path / "new.raucb").write_bytes(b"x")

    async def accept(data: Any) -> Any:
        raise ProblemError(REFUSED["code"], REFUSED["title"], remedy=REFUSED["remedy"])

    async with updates_unit(broker, accept):
        at_once = await said(broker, "updates", "install", str(tmp_path / "new.raucb"))
    assert (at_once.status, at_once.out) == (1, "")
    assert "The bundle is not signed. Take one from the maker." in at_once.err

    async def accept_and_fail(data: Any) -> Any:
        unit.set_state("status", status("failed", problem=REFUSED))
        return status("installing")

    async with updates_unit(broker, accept_and_fail) as unit:
        later = await said(broker, "updates", "install", str(tmp_path / "new.raucb"))
    assert later.status == 1
    assert "The bundle is not signed" in later.err


async def test_the_status_and_what_is_offered_are_shown(broker: Broker) -> None:
    async with updates_unit(broker, None):
        shown = await said(broker, "updates", "status")
        assert "0.1.0 in slot a" in shown.out
        assert (await said(broker, "updates", "status", "--json")).json == status()
        assert "Version 0.2.0 is offered." in (await said(broker, "updates", "check")).out


def test_without_a_bus_it_says_so(tmp_path: Path) -> None:
    shell = Shell(tmp_path, tmp_path / "control.sock")
    for arguments in (("updates", "status"), ("updates", "check")):
        done = shell.run(*arguments)
        assert done.status == 1
        assert "gatehouse logs --unit updates" in done.err
    assert shell.run("updates", "install", str(tmp_path / "missing")).status == 1
