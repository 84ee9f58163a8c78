"""The bench supervisor keeps real processes running as systemd would."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.supervisor import process
from appliance.supervisor.process import Supervised
from appliance.supervisor.unit_file import Service

NOTIFY = (
    "import os, socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.connect(os.environ['NOTIFY_SOCKET'])\n"
)
READY = NOTIFY + "s.send(b'READY=1')\n"
WAIT = "import time\nwhile True: time.sleep(60)\n"


class Rig:
    """A supervised process and an event for every change of it."""

    def __init__(self, folder: Path, service: Service) -> None:
        self._changed = asyncio.Event()
        self.log = folder / "x.log"
        self.supervised = Supervised(service, self.log, folder / "notify.sock", self._changed.set)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


def service(code: str, **settings: float) -> Service:
    return Service(name="x", command=(sys.executable, "-c", code), restart_s=0.01, **settings)  # type: ignore[arg-type]


@asynccontextmanager
async def supervised(folder: Path, one: Service) -> AsyncIterator[Rig]:
    rig = Rig(folder, one)
    task = asyncio.create_task(rig.supervised.run())
    yield rig
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_unit_is_ready_when_it_says_so_and_is_started_again_when_killed(tmp_path: Path) -> None:
    async with supervised(tmp_path, service(READY + WAIT)) as rig:
        condition = rig.supervised.condition
        await rig.until(lambda: rig.supervised.condition.ready)
        assert condition.pid is not None
        os.kill(condition.pid, signal.SIGKILL)
        await rig.until(lambda: rig.supervised.condition.restarts == 1 and rig.supervised.condition.ready)
        assert rig.supervised.condition.pid != condition.pid


async def test_a_unit_that_is_ready_before_its_start_is_known_is_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, rigs = asyncio.create_subprocess_exec, list[Rig]()

    async def slow_to_return(*command: str, **settings: Any) -> asyncio.subprocess.Process:
        process = await start(*command, **settings)
        await rigs[0].until(lambda: rigs[0].supervised.condition.ready)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", slow_to_return)
    async with supervised(tmp_path, service(READY + WAIT)) as rig:
        rigs.append(rig)
        await rig.until(lambda: rig.supervised.condition.pid is not None)
        assert rig.supervised.condition.ready


async def test_a_unit_that_ends_well_is_started_again_too(tmp_path: Path) -> None:
    async with supervised(tmp_path, service("")) as rig:
        await rig.until(lambda: rig.supervised.condition.restarts >= 3)


async def test_a_silent_unit_is_killed_by_the_watchdog(tmp_path: Path) -> None:
    async with supervised(tmp_path, service(READY + WAIT, watchdog_s=0.3)) as rig:
        await rig.until(lambda: rig.supervised.condition.restarts >= 1)


async def test_a_unit_that_never_becomes_ready_is_killed(tmp_path: Path) -> None:
    async with supervised(tmp_path, service(NOTIFY + WAIT, start_timeout_s=0.5)) as rig:
        await rig.until(lambda: rig.supervised.condition.restarts >= 1)


async def test_stopping_stops_the_process_even_one_that_ignores_sigterm(tmp_path: Path) -> None:
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + READY + WAIT
    async with supervised(tmp_path, service(stubborn, stop_timeout_s=0.3)) as rig:
        await rig.until(lambda: rig.supervised.condition.ready)
        pid = rig.supervised.condition.pid
        assert pid is not None
    assert not alive(pid)


async def test_what_a_unit_prints_is_in_its_log(tmp_path: Path) -> None:
    async with supervised(tmp_path, service("print('hello there', flush=True)\n" + READY + WAIT)) as rig:
        await rig.until(lambda: rig.supervised.condition.ready)
        assert "hello there" in rig.log.read_text()


async def test_a_unit_has_its_share_of_the_processor(tmp_path: Path) -> None:
    one = Service(name="x", command=(sys.executable, "-c", READY + WAIT), niceness=5)
    async with supervised(tmp_path, one) as rig:
        await rig.until(lambda: rig.supervised.condition.ready)
        assert rig.supervised.condition.pid is not None
        assert os.getpriority(os.PRIO_PROCESS, rig.supervised.condition.pid) == os.getpriority(os.PRIO_PROCESS, 0) + 5


async def test_the_log_of_a_unit_that_never_ends_stays_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LOG_BYTES", 1000)
    talk = "import time\nwhile True:\n    print('x' * 99, flush=True)\n    time.sleep(0.001)\n"
    async with supervised(tmp_path, service(READY + talk)) as rig, asyncio.timeout(20):
        kept = rig.log.with_suffix(".log.1")
        while not kept.exists() or not rig.log.stat().st_size < kept.stat().st_size:
            await asyncio.sleep(0.01)
        assert rig.supervised.condition.restarts == 0
        assert kept.read_text().startswith("xxx")
