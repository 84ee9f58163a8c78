"""The unit as a process with its real bus, killed in the middle of a download and of an installation."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.core.bus import Bus
from tests.bus.broker import Broker, broker_fixture, running
from tests.updates.bundles import Workshop
from tests.updates.machine import Machine
from tests.updates.source import offering

__all__ = ["broker_fixture"]
STAND_IN = f'#!/bin/sh\nexec {sys.executable} -m tests.updates.stand_in "$@"\n'


class Unit:
    """`python -m appliance updates`."""

    def __init__(self, broker: Broker, machine: Machine, authority: Path) -> None:
        programs = machine.folder / "bin"
        programs.mkdir()
        (programs / "busctl").write_text(STAND_IN)
        (programs / "busctl").chmod(0o755)
        self._environment = {
            **os.environ,
            **machine.environment,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "GATEHOUSE_DATA": str(broker.paths.data),
            "GATEHOUSE_RAUC": str(machine.workshop.configuration),
            "SSL_CERT_FILE": str(authority),
        }

    @contextmanager
    def process(self) -> Iterator[None]:
        """Leaving it is kill -9."""
        one = subprocess.Popen([sys.executable, "-m", "appliance", "updates"], env=self._environment)
        try:
            yield
        finally:
            one.kill()
            one.wait()


class Heard:
    """The newest status on the bus."""

    def __init__(self) -> None:
        self.task: dict[str, Any] = {"state": None}
        self.seen: list[str] = []

    async def follow(self, bus: Bus) -> None:
        async with bus.subscribe("state/updates/status") as states:
            async for _, data in states:
                self.task = data["task"]
                self.seen.append(self.task["state"])

    async def until(self, state: str, percent: int = 0) -> None:
        async with asyncio.timeout(60):
            while self.task["state"] != state or (self.task["percent"] or 0) < percent:
                await asyncio.sleep(0.02)


@asynccontextmanager
async def listening(bus: Bus) -> AsyncIterator[Heard]:
    heard = Heard()
    task = asyncio.create_task(heard.follow(bus))
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_killed_at_any_step_it_goes_on(
    broker: Broker, workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine.make(tmp_path / "machine", workshop, monkeypatch)
    await broker.credentials()
    api = broker.bus("api")
    backups: list[Any] = []

    async def backup(data: Any) -> dict[str, str]:
        backups.append(data)
        return {"id": "1"}

    api.handle("backup", backup)
    async with offering(tmp_path / "origin") as origin, running(api), listening(api) as heard:
        origin.offer(workshop.bundle("9.3.0", kib=3000).read_bytes(), "9.3.0")
        origin.held_at = 1_500_000
        machine.plan_to(hold=50)
        api.set_state("update-source", {"url": origin.url, "automatic": False})
        unit = Unit(broker, machine, origin.folder / "ca.pem")
        with unit.process():
            await heard.until("idle")
            await wanted(api)
            await heard.until("downloading", 20)
        heard.seen.clear()
        with unit.process():
            await heard.until("installing", 50)
            assert "downloading" in heard.seen
        assert len(origin.ranges) == 2 and origin.ranges[1] is not None
        plan = json.loads(machine.plan.read_text())
        machine.plan.write_text(json.dumps({**plan, "hold": None}))
        heard.seen.clear()
        with unit.process():
            await heard.until("restart-needed")
            assert heard.task["version"] == "9.3.0"
            assert len(origin.ranges) == 2
    assert machine.slots().next == "b"
    assert backups == [{"kind": "before-update"}]
    assert not list(broker.paths.updates.rglob("*.*"))


async def wanted(api: Bus) -> None:
    """Ask until the unit has heard of its source."""
    async with asyncio.timeout(30):
        while True:
            status = await api.request("updates", "check", {}, 30)
            if status["source"]["offered"]:
                break
    await api.request("updates", "install", {}, 30)
