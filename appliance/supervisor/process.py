"""One supervised process: started, watched, and started again."""

import asyncio
import ctypes
import logging
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from appliance.core.log import redact
from appliance.supervisor.unit_file import Service

log = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1
LOG_BYTES = 8 * 1024 * 1024
WATCH_EVERY_S = 0.25
OVERSLEPT_S = 5.0
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(slots=True)
class Condition:
    """Where a process stands."""

    pid: int | None = None
    ready: bool = False
    restarts: int = 0
    heard_s: float = 0.0


class Supervised:
    """Keeps one service running until cancelled. changed: called whenever its pid or readiness changed."""

    def __init__(self, service: Service, log_file: Path, notify_socket: Path, changed: Callable[[], None]) -> None:
        self.service = service
        self.condition = Condition()
        self._log_file = log_file
        self._notify_socket = notify_socket
        self._changed = changed

    async def run(self) -> None:
        """Start, wait, start again after RestartSec, for ever: a unit is never given up."""
        while True:
            try:
                status = await self._once()
            except OSError as error:  # a full disk, no memory for a process: as good as a unit that ended
                log.error("%s cannot be started: %s", self.service.name, error)
                status = -1
            self.condition = Condition(restarts=self.condition.restarts + 1)
            self._changed()
            log.warning("%s ended with status %s; starting it again", self.service.name, status)
            if self.service.restart == "no":
                return
            await asyncio.sleep(self.service.restart_s)

    async def _once(self) -> int:
        with Heard(self._notify_socket, self.heard), LogFile(self._log_file) as output:
            self.condition.heard_s = time.monotonic()
            self.condition.ready = (
                not self.service.notifies
            )  # before it runs: it may say so before we hear of its start
            process = await asyncio.create_subprocess_exec(
                *self.service.command,
                stdout=output.descriptor,
                stderr=output.descriptor,
                env=self._environment(),
                preexec_fn=partial(_prepare, self.service.niceness),
            )
            self.condition.pid = process.pid
            self._changed()
            try:
                return await self._watched(process, output)
            except asyncio.CancelledError:
                await self._stop(process)
                raise

    async def _watched(self, process: asyncio.subprocess.Process, output: "LogFile") -> int:
        """Wait for its end; kill it when it is silent for too long (sd_notify(3), WATCHDOG=1); keep its log short.

        Not with wait_for: it loses a cancellation that comes as the process ends, and the unit would be started again.
        """
        looked_s = time.monotonic()
        while True:
            try:
                async with asyncio.timeout(WATCH_EVERY_S):
                    return await process.wait()
            except TimeoutError:
                output.bound()
                now_s = time.monotonic()
                if now_s - looked_s > OVERSLEPT_S:  # we were stopped ourselves and could hear nobody
                    self.condition.heard_s = now_s
                looked_s = now_s
                if now_s - self.condition.heard_s > self._patience_s():
                    log.error("%s is silent; killing it", self.service.name)
                    process.kill()

    def _patience_s(self) -> float:
        if not self.service.notifies:
            return float("inf")
        if not self.condition.ready:
            return self.service.start_timeout_s
        return self.service.watchdog_s or float("inf")

    async def _stop(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), self.service.stop_timeout_s)
        except TimeoutError:
            process.kill()
            await process.wait()

    def heard(self, message: str) -> None:
        """A datagram of sd_notify arrived."""
        for line in message.splitlines():
            if line == "READY=1" and not self.condition.ready:
                self.condition.ready = True
                self._changed()
        self.condition.heard_s = time.monotonic()

    def _environment(self) -> dict[str, str]:
        environment = dict(os.environ)
        if self.service.notifies:
            environment["NOTIFY_SOCKET"] = str(self._notify_socket)
        if self.service.watchdog_s:
            environment["WATCHDOG_USEC"] = str(round(self.service.watchdog_s * 1e6))
        return environment


class LogFile:
    """A log that its process appends to. When it has grown it goes into the file beside it, and begins anew."""

    def __init__(self, path: Path) -> None:
        self.descriptor = -1
        self._path = path

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self.descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        self.bound()
        return self

    def bound(self) -> None:
        """Look how long it is. A line that is written in this instant may be lost; where the disk is full, all are."""
        if os.fstat(self.descriptor).st_size <= LOG_BYTES:
            return
        with suppress(OSError):
            shutil.copyfile(self._path, self._path.with_suffix(".log.1"))
        os.ftruncate(self.descriptor, 0)

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)


class Heard:
    """A NOTIFY_SOCKET whose datagrams go to a callback."""

    def __init__(self, path: Path, heard: Callable[[str], None]) -> None:
        self._path = path
        self._heard = heard
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)

    def __enter__(self) -> None:
        self._path.unlink(missing_ok=True)
        self._socket.bind(str(self._path))
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._read)

    def _read(self) -> None:
        self._heard(redact(self._socket.recv(4096).decode(errors="replace")))

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()
        self._path.unlink(missing_ok=True)


def _prepare(niceness: int) -> None:
    """In the new process: die with the supervisor; take the share of the processor where that is allowed."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) + niceness)
