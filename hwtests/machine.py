"""The machine below a bench: the control service as it is, on files of its own, with commands that are only noted."""

import asyncio
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from appliance.core.clock import SystemClock, to_rfc3339
from appliance.core.paths import Paths
from appliance.host.control_actions import Actions
from appliance.host.control_server import Caller, serving
from appliance.host.control_words import AnyRequest, Status
from appliance.host.network_settings import NetworkSettings
from appliance.host.network_trial import NetworkTrial

API_CALLER = Caller("gatehouse-api", 0)
HOUR_US = 3_600_000_000
SERIAL, HOSTNAME = "GH4K7X2P9M", "gatehouse-4k7x2p"


class Machine:
    """What would be below the units on an appliance. `commands`: what it was asked to run, and did not.

    on_command is called with each, in the control service's thread.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commands: list[tuple[str, ...]] = []
        self.on_command: Callable[[tuple[str, ...]], None] = lambda command: None
        self._network = NetworkSettings()
        folder.mkdir(parents=True, exist_ok=True)
        self.start_from("a", a=("good", 6), b=("empty", 0))

    @property
    def environment(self) -> dict[str, str]:
        """Where the units find it."""
        return {
            "GATEHOUSE_RUN": str(self.folder),
            "GATEHOUSE_CONTROL": str(self.folder / "control.sock"),
            "GATEHOUSE_SLOTS_REPORT": str(self.folder / "slots.json"),
            "GATEHOUSE_CMDLINE": str(self.folder / "cmdline"),
        }

    def start_from(self, running: str, a: tuple[str, int], b: tuple[str, int], following: str | None = None) -> None:
        """The slot it was started from, each slot's state and tries, and the slot that is started next."""
        slots = {name: {"state": state, "tries_left": left} for name, (state, left) in (("a", a), ("b", b))}
        report = {"running": running, "next": following or running, "slots": slots}
        _write(self.folder / "slots.json", json.dumps(report))
        _write(self.folder / "cmdline", f"quiet gatehouse.slot={running}")

    def say_data_problem(self, code: str, title: str, remedy: str) -> None:
        """What the start of the machine noted of the data partition."""
        _write(self.folder / "data-problem.json", json.dumps({"code": code, "title": title, "remedy": remedy}))

    def forget_data_problem(self) -> None:
        """All is well."""
        (self.folder / "data-problem.json").unlink(missing_ok=True)

    @contextmanager
    def running(self, data: Path) -> Iterator[None]:
        """Serve its control socket for the appliance whose state folder this is."""
        ready, loop = threading.Event(), asyncio.new_event_loop()
        ended = asyncio.Event()
        thread = threading.Thread(target=lambda: loop.run_until_complete(self._serve(data, ready, ended)))
        with mock.patch.dict(os.environ, self.environment):
            thread.start()
            try:
                if not ready.wait(10):
                    raise TimeoutError("the control service does not start")
                yield
            finally:
                loop.call_soon_threadsafe(ended.set)
                thread.join()
                loop.close()

    async def _serve(self, data: Path, ready: threading.Event, ended: asyncio.Event) -> None:
        trial = NetworkTrial(lambda: self._network, self._keep, lambda settings: None, SystemClock())
        actions = Actions(Paths(data), trial, self._command)

        async def handle(request: AnyRequest, caller: Caller) -> Any:
            result = await actions.handle(request, API_CALLER)
            return self._told(result) if isinstance(request, Status) else result

        async with serving(self.folder / "control.sock", handle), asyncio.TaskGroup() as group:
            watching = group.create_task(trial.watch())
            ready.set()
            await ended.wait()
            watching.cancel()

    def _told(self, status: dict[str, Any]) -> dict[str, Any]:
        """The name of this machine is not the appliance's, and systemd may not be what keeps the units running."""
        names = {"serial": SERIAL, "hostname": os.uname().nodename, "mdns_name": f"{HOSTNAME}.local"}
        return {**status, "name": HOSTNAME, "identity": names, "units": _units()}

    def _keep(self, settings: NetworkSettings) -> None:
        self._network = settings

    def _command(self, *command: str, timeout_s: float) -> str:
        self.commands.append(command)
        self.on_command(command)
        return ""


def _units() -> list[dict[str, Any]]:
    since = to_rfc3339(SystemClock().now_us() - HOUR_US)
    names = ("bus", "ingest@0", "ingest@1", "api", "updates", "control")
    return [
        {
            "name": f"gatehouse-{name}.service",
            "state": "active",
            "since": since,
            "restarts": 1 if name == "ingest@1" else 0,
            "memory_bytes": 40_000_000,
        }
        for name in names
    ]


def _write(file: Path, text: str) -> None:
    partial = file.with_name(file.name + ".new")
    partial.write_text(text)
    partial.rename(file)
