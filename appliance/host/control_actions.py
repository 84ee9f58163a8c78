"""What is done for each verb. All of it is asked of systemd: this process has hardly a right of its own."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from appliance.core.clock import US_PER_S, from_rfc3339
from appliance.core.errors import ProblemError
from appliance.core.log import redact
from appliance.core.paths import Paths
from appliance.host import control_words as words
from appliance.host import label
from appliance.host.control_server import Caller
from appliance.host.disk import CommandError, run
from appliance.host.machine_status import status
from appliance.host.network_settings import check_settings
from appliance.host.network_trial import NetworkTrial
from appliance.host.problem_file import run_folder
from appliance.host.sticks import FOUND, WANTED
from appliance.slots.report import running_slot

COMMAND_TIMEOUT_S = 60
RESET_TIMEOUT_S = 120
MOST_LOG_BYTES = 4 * 1024 * 1024
EARLIEST_US = from_rfc3339("2025-01-01T00:00:00Z")
LATEST_US = from_rfc3339("2100-01-01T00:00:00Z")
RESET_UNIT = "gatehouse-reset@{}.service"


class Actions:
    """The handler of the control server. run: starts a program and returns what it prints."""

    def __init__(self, paths: Paths, trial: NetworkTrial, run: Callable[..., str] = run) -> None:
        self._paths = paths
        self._trial = trial
        self._run = run
        self._done: dict[type, Callable[[Any, Caller], Awaitable[Any]]] = {
            words.Status: self._status,
            words.Label: self._label,
            words.Network: self._network,
            words.SetNetwork: self._set_network,
            words.ConfirmNetwork: self._confirm_network,
            words.SetTime: self._set_time,
            words.Restart: self._restart,
            words.PowerOff: self._power_off,
            words.Reset: self._reset,
            words.RenewCertificate: self._renew_certificate,
            words.Logs: self._logs,
            words.Sticks: self._sticks,
            words.Install: self._install,
            words.BootOtherSlot: self._boot_other_slot,
        }

    async def handle(self, request: words.AnyRequest, caller: Caller) -> Any:
        """Carry out a request; raises ProblemError."""
        return await self._done[type(request)](request, caller)

    async def _status(self, request: words.Status, caller: Caller) -> dict[str, Any]:
        told = await asyncio.to_thread(status, self._paths)
        if not caller.trusted:
            told["setup_code"] = None
        return {**told, "network": self._network_told()}

    async def _label(self, request: words.Label, caller: Caller) -> dict[str, str]:
        found = await asyncio.to_thread(label.read_label, self._paths)
        return {"text": label.as_text(found), "svg": label.as_svg(found)}

    def _network_told(self) -> dict[str, Any]:
        settings: dict[str, Any] = msgspec.to_builtins(self._trial.settings())
        return {**settings, "confirm_within_s": self._trial.seconds_left()}

    async def _network(self, request: words.Network, caller: Caller) -> dict[str, Any]:
        return self._network_told()

    async def _set_network(self, request: words.SetNetwork, caller: Caller) -> dict[str, Any]:
        _only_on_the_image("The network of this machine is not Gatehouse's to set")
        settings = request.settings()
        check_settings(settings)
        return {"confirm_within_s": await self._trial.change(settings, trusted=caller.trusted)}

    async def _confirm_network(self, request: words.ConfirmNetwork, caller: Caller) -> None:
        await self._trial.confirm()

    async def _set_time(self, request: words.SetTime, caller: Caller) -> None:
        """By a unit of its own, which may set the clock and nothing else."""
        try:
            time_us = from_rfc3339(request.time)
        except ValueError:
            time_us = 0
        if not EARLIEST_US <= time_us <= LATEST_US:
            raise ProblemError(
                "wrong-time",
                "This is no time that it could be",
                remedy="Give it in UTC, such as 2026-01-31T12:00:00Z.",
                status=422,
                field="time",
            )
        may = ("--property=CapabilityBoundingSet=CAP_SYS_TIME", "--property=ProtectSystem=strict")
        clock = ("/usr/bin/date", "--utc", f"--set=@{time_us // US_PER_S}")
        await self._command("systemd-run", "--quiet", "--wait", "--collect", *may, *clock)

    async def _restart(self, request: words.Restart, caller: Caller) -> None:
        if request.what == "machine":
            await self._command("systemctl", "--no-block", "reboot")
        else:
            await self._command("systemctl", "--no-block", "restart", "gatehouse.target")

    async def _power_off(self, request: words.PowerOff, caller: Caller) -> None:
        await self._command("systemctl", "--no-block", "poweroff")

    async def _reset(self, request: words.Reset, caller: Caller) -> None:
        if request.confirm != os.uname().nodename:
            raise ProblemError(
                "wrong-confirmation",
                "This is not the name of this machine",
                remedy=f"To reset it, give its name: {os.uname().nodename}",
                status=422,
                field="confirm",
            )
        if request.scope == "everything":
            _only_on_the_image("The disk of this machine is not Gatehouse's to format")
        if request.scope == "users" and not caller.trusted:  # it is the api unit itself that ends by this
            await self._command("systemctl", "--no-block", "start", RESET_UNIT.format(request.scope))
            return
        await self._command("systemctl", "start", RESET_UNIT.format(request.scope), timeout_s=RESET_TIMEOUT_S)
        if request.scope == "everything":
            await self._command("systemctl", "--no-block", "reboot")

    async def _renew_certificate(self, request: words.RenewCertificate, caller: Caller) -> None:
        await self._command("systemctl", "start", RESET_UNIT.format("certificate"), timeout_s=RESET_TIMEOUT_S)

    async def _logs(self, request: words.Logs, caller: Caller) -> dict[str, str]:
        only = (f"--unit={request.unit}",) if request.unit else ()
        text = await self._command("journalctl", "--no-pager", "--output=short-iso", f"--lines={request.lines}", *only)
        return {"text": redact(text[-MOST_LOG_BYTES:])}

    async def _sticks(self, request: words.Sticks, caller: Caller) -> Any:
        _only_on_the_image("USB sticks are not looked for on this machine")
        await self._command("systemctl", "start", "gatehouse-stick@look.service")
        return await asyncio.to_thread(_found_on_sticks)

    async def _install(self, request: words.Install, caller: Caller) -> None:
        """It takes minutes; how far it is, the updates unit tells."""
        _only_on_the_image("Updates come by the package on this machine")
        wanted = json.dumps({"file": request.file})
        await asyncio.to_thread((run_folder() / WANTED).write_text, wanted)
        await self._command("systemctl", "--no-block", "start", "gatehouse-stick@install.service")

    async def _boot_other_slot(self, request: words.BootOtherSlot, caller: Caller) -> None:
        _only_on_the_image("This machine has one version only")
        await self._command("systemctl", "start", RESET_UNIT.format("slot"), timeout_s=RESET_TIMEOUT_S)
        await self._command("systemctl", "--no-block", "reboot")

    async def _command(self, *command: str, timeout_s: float = COMMAND_TIMEOUT_S) -> str:
        try:
            return await asyncio.to_thread(self._run, *command, timeout_s=timeout_s)
        except CommandError as error:
            raise ProblemError(
                "machine-refused",
                f"The machine does not do it: {redact(str(error))}",
                remedy="Look at the logs of the machine, and try again.",
                status=503,
            ) from None


def _found_on_sticks() -> Any:
    try:
        return json.loads((run_folder() / FOUND).read_bytes())
    except (OSError, ValueError):
        return {"files": []}


def _only_on_the_image(title: str) -> None:
    if running_slot() is None:
        raise _not_here(title)


def _not_here(title: str) -> ProblemError:
    remedy = (
        "This works on a machine that was started from the Gatehouse image. Here, use what the machine itself offers."
    )
    return ProblemError("not-here", title, remedy=remedy, status=409)
