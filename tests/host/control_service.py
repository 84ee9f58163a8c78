"""The control service in this process: real socket, real verbs, real settings; what it would start is noted instead."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appliance.core.clock import SystemClock
from appliance.core.paths import Paths
from appliance.host.control_actions import Actions
from appliance.host.control_server import Caller, caller_of, serving
from appliance.host.disk import CommandError
from appliance.host.network_apply import NetworkFiles
from appliance.host.network_settings import NetworkSettings
from appliance.host.network_trial import NetworkTrial


@dataclass
class Programs:
    """What was started; fails what a test says."""

    started: list[tuple[str, ...]] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)
    output: str = ""

    def run(self, *command: str, timeout_s: float) -> str:
        self.started.append(command)
        if command[0] in self.failing:
            raise CommandError(command[0], 1, "it cannot be done now")
        return self.output


@dataclass
class Service:
    """A running one. user: who the callers are; None: whoever runs the tests."""

    path: Path
    paths: Paths
    files: NetworkFiles
    trial: NetworkTrial
    programs: Programs
    user: str | None = None
    applied: list[NetworkSettings] = field(default_factory=list)

    def identify(self, sock: socket.socket) -> Caller:
        found = caller_of(sock)
        assert found.pid == os.getpid()
        return Caller(self.user, found.pid) if self.user else found

    async def ask(self, verb: str, **arguments: Any) -> Any:
        """A request; returns the result, or the problem's code."""
        answer = json.loads(await self.send(json.dumps({"verb": verb, **arguments}).encode() + b"\n"))
        if answer["ok"]:
            return answer["result"]
        assert answer["problem"]["title"] and answer["problem"]["remedy"]
        return answer["problem"]["code"]

    async def send(self, line: bytes) -> bytes:
        reader, writer = await asyncio.open_unix_connection(self.path)
        try:
            writer.write(line)
            writer.write_eof()
            return await reader.read()
        except ConnectionError:  # it was closed with bytes of ours unread
            return b""
        finally:
            writer.close()


@asynccontextmanager
async def service(folder: Path, confirm_within_s: float = 90, apply_after_s: float = 0) -> AsyncIterator[Service]:
    """Serve below a folder."""
    paths, programs = Paths(folder / "data"), Programs()
    files = NetworkFiles(paths.state / "host" / "network.json", folder / "70.network", folder / "no-ports")
    applied: list[NetworkSettings] = []
    trial = NetworkTrial(files.read, files.keep, applied.append, SystemClock(), confirm_within_s, apply_after_s)
    made = Service(folder / "control.sock", paths, files, trial, programs, applied=applied)
    watch = asyncio.create_task(trial.watch())
    async with serving(made.path, Actions(paths, trial, programs.run).handle, made.identify):
        try:
            yield made
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
