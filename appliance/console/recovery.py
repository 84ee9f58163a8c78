"""The menu of an appliance that could not start: what failed, the logs, the data partition, the other version.

It runs as root and by itself: no unit, no control service and no data partition need be there. Its end restarts the
machine.
"""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import appliance
from appliance.condition.reading import DATA_PROBLEM, known_fault
from appliance.console.app import NO_TERMINAL, on_terminal, stand
from appliance.console.dialog import Dialogs
from appliance.console.menu import LOG_LINES, Item
from appliance.console.terminal import Terminal
from appliance.console.text import wrapped

MENU = ("What failed", "Logs", "Check the data partition", "Start the other version", "Restart")
DATA_DEVICE = Path("/dev/disk/by-partlabel/gatehouse-data")
CHECK_TIMEOUT_S = 3600.0
TIMEOUT_S = 30.0
_E2FSCK = {0: "It is in order.", 1: "It was repaired.", 2: "It was repaired; restart the machine now."}
_NOT_REPAIRED = "It could not be repaired without a risk of loss. Copy the disk first, if what is on it is needed."


class RestartWanted(Exception):
    """The menu is done with."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a program said. status None: it could not be started, or took too long."""

    status: int | None
    text: str


async def run_program(command: Sequence[str], timeout_s: float = TIMEOUT_S) -> Done:
    """Run a program of the system; raises nothing for what it does."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    except OSError as error:
        return Done(None, f"{command[0]}: {error.strerror}")
    try:
        async with asyncio.timeout(timeout_s):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return Done(None, f"{command[0]} took longer than {timeout_s:g} s.")
    return Done(process.returncode, output.decode(errors="replace"))


class Recovery:
    """The picture and the items."""

    def __init__(self, dialogs: Dialogs, failed: Sequence[str], device: Path = DATA_DEVICE) -> None:
        self._dialogs = dialogs
        self._failed = failed
        self._device = device

    def lines(self, columns: int, rule: str) -> list[str]:
        """What is known without anything running."""
        lines = [f"Gatehouse {appliance.__version__}: recovery", rule]
        lines += wrapped("The appliance could not start. Nothing is recorded meanwhile.", columns - 1)
        failed = ", ".join(self._failed) or "no unit is known to have failed"
        lines += ["", *wrapped(f"Failed: {failed}", columns - 1, "  ")]
        if (fault := known_fault(DATA_PROBLEM)) is not None:
            lines += ["", *wrapped(f"! {fault.title}. {fault.remedy}", columns - 1, "  ")]
        return lines

    def names(self) -> tuple[str, ...]:
        """The menu."""
        return MENU

    def items(self) -> tuple[Item, ...]:
        """What its numbers do."""
        return self.what_failed, self.logs, self.check_data, self.other_version, self.restart

    async def what_failed(self) -> None:
        """Each failed unit, with the end of its log."""
        command = ("systemctl", "status", "--no-pager", "--full", "--lines=20", *self._failed)
        done = await run_program(command) if self._failed else Done(0, "No unit is known to have failed.")
        await self._dialogs.read("What failed", done.text.splitlines() or ["Nothing is known."])

    async def logs(self) -> None:
        """The journal of this start."""
        done = await run_program(("journalctl", "--boot", "--no-pager", f"--lines={LOG_LINES}"))
        await self._dialogs.read("Logs", done.text.splitlines() or ["Nothing is noted."])

    async def check_data(self) -> None:
        """e2fsck(8): only repairs that lose nothing."""
        title = MENU[2]
        if not self._device.exists():
            body = [
                "There is no data partition.",
                "Check the disk and its cable; an appliance makes one at its first start.",
            ]
            return await self._dialogs.tell(title, body)
        body = [
            "The data partition is looked through and repaired where nothing is lost by that. Large disks take long."
        ]
        await self._dialogs.confirm(title, body)
        self._dialogs.say(title, ["Please wait; do not switch the machine off."])
        await run_program(("umount", "--recursive", "/data"))
        done = await run_program(("e2fsck", "-f", "-p", str(self._device)), CHECK_TIMEOUT_S)
        verdict = _E2FSCK.get(done.status if done.status is not None else -1, _NOT_REPAIRED)
        await self._dialogs.tell(title, [verdict, "", *done.text.splitlines()[-10:]])
        return None

    async def other_version(self) -> None:
        """On trial: if it does not come up either, the boot loader returns to this one."""
        title = MENU[3]
        current = await _slots("get-current")
        other = "b" if current.text.strip() == "a" else "a"
        await self._dialogs.confirm(title, [f"The machine restarts into the version in slot {other.upper()}."])
        done = await _slots("set-primary", other)
        if done.status != 0:
            return await self._dialogs.tell(title, ["The boot loader could not be told.", done.text])
        raise RestartWanted

    async def restart(self) -> None:
        """The whole machine."""
        await self._dialogs.confirm(MENU[4], ["The machine restarts now."])
        raise RestartWanted


async def _slots(*arguments: str) -> Done:
    return await run_program((sys.executable, "-m", "appliance.slots", *arguments))


async def failed_units() -> list[str]:
    """Their names; none where systemd does not answer."""
    done = await run_program(("systemctl", "list-units", "--state=failed", "--plain", "--no-legend", "--full"))
    return [line.split()[0] for line in done.text.splitlines() if line.split()] if done.status == 0 else []


async def run_recovery() -> int:
    """The exit status: 0 asks whoever started this to restart the machine; NO_TERMINAL: nobody is here to ask."""

    async def run(terminal: Terminal, dialogs: Dialogs) -> None:
        recovery = Recovery(dialogs, await failed_units())
        try:
            await stand(dialogs, recovery, asyncio.Event(), lambda: None)
        except RestartWanted:
            dialogs.say("Recovery", ["The machine restarts."])

    return await on_terminal(run, hung_up=NO_TERMINAL)
