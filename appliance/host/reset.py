"""What a reset takes away, by scope (gatehouse-reset@.service). It may be killed at any instant, and repeated."""

import subprocess
import sys
from pathlib import Path

from appliance.core.durable import sync_folder
from appliance.core.errors import ProblemError
from appliance.core.paths import Paths
from appliance.host import data
from appliance.slots.block_device import block_path, change_variables, read_variables
from appliance.slots.model import SlotState, made_primary, other, state_of
from appliance.slots.report import running_slot

API_UNIT = "gatehouse-api.service"
STOP_TIMEOUT_S = 60
DATABASE = ("security.db", "security.db-wal", "security.db-shm", "setup-code")
CERTIFICATE = ("server.pem", "server.key")


def reset(scope: str) -> int:
    """Returns the exit status. Raises OSError and ProblemError."""
    paths = Paths.from_environment()
    match scope:
        case "users":
            _while_api_is_stopped(paths.state / "api", DATABASE)
        case "certificate":
            _while_api_is_stopped(paths.tls, CERTIFICATE)
        case "everything":
            data.forget()
        case "slot":
            _other_slot()
        case _:
            print(f"There is no scope {scope!r}.", file=sys.stderr)
            return 2
    return 0


def remove(folder: Path, names: tuple[str, ...]) -> None:
    """Remove files, durably; those that are not there are no matter. The first goes first: it is what counts."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
    if folder.is_dir():
        sync_folder(folder)


def _while_api_is_stopped(folder: Path, names: tuple[str, ...]) -> None:
    """It has these files open, and makes new ones when it starts."""
    _systemctl("stop")
    try:
        remove(folder, names)
    finally:
        _systemctl("start")


def _systemctl(verb: str) -> None:
    command = ["systemctl", *(("--no-block",) if verb == "start" else ()), verb, API_UNIT]
    subprocess.run(command, check=True, timeout=STOP_TIMEOUT_S)


def _other_slot() -> None:
    """On trial: if it does not become healthy, the boot loader returns to the one that runs."""
    running = running_slot()
    if running is None:
        raise OSError("this machine was not started from a slot")
    if state_of(read_variables(block_path()), other(running)) is SlotState.EMPTY:
        raise ProblemError(
            "no-other-version",
            "There is no other version on this machine",
            remedy="Install an update: it goes into the other slot.",
            status=409,
        )
    change_variables(block_path(), lambda before: made_primary(before, other(running)))
