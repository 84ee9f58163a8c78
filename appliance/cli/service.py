"""restart, reboot, power-off, reset."""

import argparse
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress

from appliance.cli.output import confirmed
from appliance.condition.control import Control
from appliance.core.errors import ProblemError
from appliance.core.paths import Paths

RESTART_API = ("systemctl", "--no-block", "restart", "gatehouse-api.service")
TIMEOUT_S = 60


def restart(given: argparse.Namespace) -> int:
    """Every unit; on a bench the supervisor starts them again."""
    control = Control.from_environment()
    if control.is_there:
        control.ask("restart", what="units")
    else:
        _restart_bench(Paths.from_environment())
    print("The units restart.")
    return 0


def reboot(given: argparse.Namespace) -> int:
    """The machine."""
    control = Control.from_environment()
    confirmed("Restart the machine? Recording pauses for some minutes.", yes=given.yes)
    control.ask("restart", what="machine")
    print("The machine restarts.")
    return 0


def power_off(given: argparse.Namespace) -> int:
    """The machine."""
    control = Control.from_environment()
    confirmed("Switch the machine off? Recording ends.", yes=given.yes)
    control.ask("power-off")
    print("The machine switches itself off.")
    return 0


def reset(given: argparse.Namespace) -> int:
    """Confirmed by the machine's name, which nobody types by accident."""
    control = Control.from_environment()
    hostname = str(control.ask("status").get("identity", {}).get("hostname", ""))
    name = given.confirm
    if name is None:
        if not sys.stdin.isatty():
            raise ProblemError("not-confirmed", "Nobody is there to confirm it", remedy="Give --confirm HOSTNAME.")
        what = "Everybody's sign-in" if given.scope == "users" else "Everything, recordings too,"
        name = input(f"{what} will be gone. Type {hostname} to do it: ").strip()
    if name != hostname:
        raise ProblemError("not-confirmed", f"This machine is called {hostname}", remedy="Nothing was reset.")
    control.ask("reset", scope=given.scope, confirm=name)
    print("The reset is done; a new setup code is on the console and in `gatehouse status`.")
    return 0


def restart_api(paths: Paths) -> bool:
    """Have the api unit start anew, and no other, so that recording goes on; False where nothing runs."""
    control = Control.from_environment()
    if control.is_there:
        if subprocess.run(RESTART_API, capture_output=True, timeout=TIMEOUT_S, check=False).returncode != 0:
            control.ask("restart", what="units")
        return True
    pid = _bench_pids(paths).get("api")
    return pid is not None and _ended(pid)


def _restart_bench(paths: Paths) -> None:
    if not [pid for pid in _bench_pids(paths).values() if _ended(pid)]:
        raise ProblemError(
            "nothing-runs",
            f"Nothing runs on {paths.data}",
            remedy="Start it with `make run`; GATEHOUSE_DATA names the folder of a bench.",
        )


def _bench_pids(paths: Paths) -> dict[str, int]:
    try:
        units = json.loads((paths.run / "supervisor.json").read_text())["units"]
    except (OSError, ValueError, KeyError):
        return {}
    return {name: int(unit["pid"]) for name, unit in units.items() if unit.get("pid")}


def _ended(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        return True
    return False
