"""The bench supervisor: the unit files' ExecStart lines, kept running as systemd would."""

import asyncio
import fcntl
import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from appliance.core.clock import SystemClock
from appliance.core.errors import ProblemError
from appliance.core.log import start_logging
from appliance.core.paths import Paths
from appliance.core.settings import ingest_shards
from appliance.supervisor.process import Supervised
from appliance.supervisor.unit_file import Service, extra_service, read_service

log = logging.getLogger(__name__)

LONGEST_SOCKET = "run/notify-demo-cameras.sock"
LONGEST_SOCKET_NAME = 107  # unix(7): sun_path, with its terminating zero


def services(folder: Path, shards: int, also: list[str]) -> list[Service]:
    """Every service of an appliance, in the order of their start."""
    interpreter = sys.executable
    return [
        read_service(folder / "gatehouse-bus.service", interpreter),
        *(read_service(folder / "gatehouse-ingest@.service", interpreter, n) for n in range(shards)),
        read_service(folder / "gatehouse-api.service", interpreter),
        read_service(folder / "gatehouse-updates.service", interpreter),
        *(extra_service(text) for text in also),
    ]


async def supervise(folder: Path, also: list[str]) -> None:
    """Run every service until SIGTERM or SIGINT; print the ready line once all of them are."""
    start_logging("supervisor", SystemClock())
    paths = Paths.from_environment()
    check_length(paths)
    await asyncio.to_thread(paths.run.mkdir, parents=True, exist_ok=True)
    with only_one(paths.run):
        bench = Bench(paths, services(folder, ingest_shards(), also))
        loop, work = asyncio.get_running_loop(), asyncio.ensure_future(bench.run())
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, work.cancel)
        try:
            await work
        except asyncio.CancelledError:
            print("Gatehouse stopped", flush=True)


def check_length(paths: Paths) -> None:
    """Raise ProblemError where the sockets below the state folder would have names too long for the kernel."""
    room = LONGEST_SOCKET_NAME - len(LONGEST_SOCKET) - 1
    if len(os.fsencode(paths.data)) > room:
        raise ProblemError(
            "folder-name-too-long",
            f"The name of the state folder is longer than {room} bytes",
            remedy="Set GATEHOUSE_DATA to a folder with a shorter name.",
            field="GATEHOUSE_DATA",
        )


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold a folder's lock; raises ProblemError where another supervisor does. A killed one leaves none behind."""
    lock = os.open(folder / "supervisor.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise ProblemError(
            "already-running",
            "An appliance is running on this state folder",
            remedy="Stop it, or give this one a folder of its own: GATEHOUSE_DATA.",
            status=409,
        ) from None
    finally:
        os.close(lock)


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
        self._write_state(msgspec.json.encode({"units": units}))

    def _write_state(self, content: bytes) -> None:
        """For whoever wants to know; nothing here depends on it, so a full disk ends nothing."""
        file = self._paths.run / "supervisor.json"
        partial = file.with_name(file.name + ".new")
        try:
            partial.write_bytes(content)
            partial.rename(file)
        except OSError as error:
            log.warning("%s cannot be written: %s", file.name, error)

    def _ready_line(self) -> str:
        told = msgspec.json.decode(self._ready_file.read_bytes())
        return f"Gatehouse ready: {told['url']} setup-code={told['setup_code']}"
