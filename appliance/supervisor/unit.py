"""The bench supervisor: the unit files' ExecStart lines, kept running as systemd would."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import msgspec

from appliance.core.clock import SystemClock
from appliance.core.durable import write_durably
from appliance.core.log import start_logging
from appliance.core.paths import Paths
from appliance.supervisor.process import Supervised
from appliance.supervisor.unit_file import Service, extra_service, read_service

DEFAULT_SHARDS = 2


def services(folder: Path, shards: int, also: list[str]) -> list[Service]:
    """Every service of an appliance, in the order of their start."""
    interpreter = sys.executable
    return [
        read_service(folder / "gatehouse-bus.service", interpreter),
        *(read_service(folder / "gatehouse-ingest@.service", interpreter, n) for n in range(shards)),
        read_service(folder / "gatehouse-api.service", interpreter),
        *(extra_service(text) for text in also),
    ]


async def supervise(folder: Path, also: list[str]) -> None:
    """Run every service until SIGTERM or SIGINT; print the ready line once all of them are."""
    start_logging("supervisor", SystemClock())
    paths = Paths.from_environment()
    await asyncio.to_thread(paths.run.mkdir, parents=True, exist_ok=True)
    shards = int(os.environ.get("GATEHOUSE_INGEST_SHARDS", DEFAULT_SHARDS))
    bench = Bench(paths, services(folder, shards, also))
    loop, work = asyncio.get_running_loop(), asyncio.ensure_future(bench.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        print("Gatehouse stopped", flush=True)


class Bench:
    """The supervised processes of one appliance."""

    def __init__(self, paths: Paths, wanted: list[Service]) -> None:
        self._paths = paths
        self._ready_file = paths.run / "api" / "ready.json"
        self._all_ready = asyncio.Event()
        self._processes = [
            Supervised(
                service,
                paths.data / "log" / f"{service.name}.log",
                paths.run / f"notify-{service.name}.sock",
                self._changed,
            )
            for service in wanted
        ]

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for process in self._processes:
                group.create_task(process.run(), name=process.service.name)
            await self._all_ready.wait()
            print(await asyncio.to_thread(self._ready_line), flush=True)

    def _changed(self) -> None:
        if all(process.condition.ready for process in self._processes):
            self._all_ready.set()
        units = {
            p.service.name: {"pid": p.condition.pid, "ready": p.condition.ready, "restarts": p.condition.restarts}
            for p in self._processes
        }
        write_durably(self._paths.run / "supervisor.json", msgspec.json.encode({"units": units}))

    def _ready_line(self) -> str:
        told = msgspec.json.decode(self._ready_file.read_bytes())
        return f"Gatehouse ready: {told['url']} setup-code={told['setup_code']}"
