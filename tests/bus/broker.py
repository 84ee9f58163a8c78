import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from appliance.core.bus import Bus
from appliance.core.clock import SystemClock
from appliance.core.paths import Paths

HOLD_CONNECTION = """
import asyncio, sys
from appliance.core.unit import make_context
async def main():
    await make_context(sys.argv[1], 0).bus.run()
asyncio.run(main())
"""


class Broker:
    """The bus unit with its real Mosquitto, in a state folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.paths = Paths(folder)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {**os.environ, "GATEHOUSE_DATA": str(self.paths.data)}
        environment.pop("NOTIFY_SOCKET", None)
        self._process = subprocess.Popen([sys.executable, "-m", "appliance", "bus"], env=environment)

    def kill(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def process(self, unit: str) -> "subprocess.Popen[bytes]":
        """A unit in a process of its own that does nothing but hold its connection."""
        environment = {**os.environ, "GATEHOUSE_DATA": str(self.paths.data)}
        return subprocess.Popen([sys.executable, "-c", HOLD_CONNECTION, unit], env=environment)

    async def credentials(self) -> None:
        async with asyncio.timeout(20):
            while not self.paths.bus_credential("ingest-1").exists() or not self.paths.bus_socket.exists():
                await asyncio.sleep(0.05)

    def bus(self, unit: str, credential_of: str | None = None) -> Bus:
        return Bus(unit, self.paths.bus_socket, self.paths.bus_credential(credential_of or unit), SystemClock())


@pytest.fixture(name="broker")
def broker_fixture(tmp_path: Path) -> Iterator[Broker]:
    one = Broker(tmp_path)
    one.start()
    yield one
    one.kill()


@asynccontextmanager
async def running(bus: Bus) -> AsyncIterator[Bus]:
    task = asyncio.create_task(bus.run())
    try:
        yield bus
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool], timeout_s: float = 20) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.02)
