"""RAUC's service over D-Bus (RAUC manual, "D-Bus API"), by systemd's busctl.

It is asked again and again instead of listening to signals: who was killed in between learns the same.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec

from appliance.updates import problems
from appliance.updates.program import run_program

NAME, OBJECT, INTERFACE = "de.pengutronix.rauc", "/", "de.pengutronix.rauc.Installer"
CALL_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Progress:
    """What RAUC says. busy: an installation goes on; error: why the last one failed, empty where it did not."""

    busy: bool
    percent: int = 0
    step: str = ""
    error: str = ""


class Installer(Protocol):
    """What writes a bundle into the other slot."""

    async def start(self, bundle: Path) -> None:
        """Begin; raises ProblemError."""
        ...

    async def progress(self) -> Progress:
        """How far it is; raises ProblemError when nobody answers."""
        ...


class Rauc:
    """The service. system: whether on the system's bus; a test has one of its own."""

    def __init__(self, *, system: bool = True) -> None:
        self._bus = "--system" if system else "--user"

    async def start(self, bundle: Path) -> None:
        """Begin to install; raises ProblemError when it does not."""
        await self._busctl("call", NAME, OBJECT, INTERFACE, "InstallBundle", "sa{sv}", str(bundle), "0")

    async def progress(self) -> Progress:
        """Ask for the three properties at once."""
        said = await self._busctl("get-property", NAME, OBJECT, INTERFACE, "Operation", "Progress", "LastError")
        return parse_progress(said)

    async def _busctl(self, *arguments: str) -> str:
        command = ("busctl", self._bus, "--json=short", f"--timeout={CALL_TIMEOUT_S:g}", *arguments)
        done = await run_program(command, 2 * CALL_TIMEOUT_S)
        if done.status != 0:
            raise problems.not_installed(done.complaints.strip() or "RAUC does not answer")
        return done.said


def parse_progress(said: str) -> Progress:
    """busctl's answer: a line of JSON for each property. Raises ProblemError."""
    try:
        operation, progress, error = (
            msgspec.json.decode(line, type=dict[str, Any])["data"] for line in said.splitlines()
        )
        percent, step, _ = progress
        return Progress(operation != "idle", min(100, max(0, int(percent))), str(step), str(error))
    except (ValueError, KeyError, TypeError, msgspec.DecodeError):
        raise problems.not_installed("RAUC's answer is not understood") from None
