"""`python -m appliance.slots.health`: has the version that runs become healthy? (docs/decisions/boot-and-slots.md)

Healthy is: every unit that belongs to Gatehouse is active, and the API says "ok", both for a while. Then the slot is
good. A slot on trial in which nothing more gets well for a while is left by a restart; once its tries are used up, the
other one is started. A proven slot is never left for that reason: what ails it is not its version.
"""

import json
import os
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import appliance
from appliance.slots.admission import note_version, raise_floor
from appliance.slots.block_device import block_path, change_variables, read_variables
from appliance.slots.environment_block import BlockError
from appliance.slots.model import SlotState, marked_good, state_of
from appliance.slots.report import publish, running_slot

LOOK_EVERY_S = 2.0
ASK_TIMEOUT_S = 20.0
WITHIN_VARIABLE, WITHIN_S = "GATEHOUSE_HEALTHY_WITHIN_S", 300.0
STEADY_VARIABLE, STEADY_S = "GATEHOUSE_HEALTHY_FOR_S", 15.0
PORT_VARIABLE, PORT = "GATEHOUSE_PORT", 443
START = "the start"  # what was said of it before anything was
PROPERTIES = "--property=Id,ActiveState,ConditionResult,ConditionTimestampMonotonic"
TARGET, CONSOLES = "gatehouse.target", "gatehouse-console@"


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen: the names of what is well, and the first thing that is not, in words."""

    well: frozenset[str]
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Patience:
    """within_s: how long a version on trial may take from one part that gets well to the next; slow machines have time.

    steady_s: for how long everything must have been well.
    """

    within_s: float
    steady_s: float


def watch(
    look: Callable[[], Look],
    on_trial: bool,
    patience: Patience,
    now_s: Callable[[], float],
    pause: Callable[[], None],
) -> bool:
    """Look until it is healthy (True), or until a version on trial has had its time (False).

    What gets well for the first time gives it more; what comes and goes does not. Says on standard error what is waited
    for, whenever that changes.
    """
    better_s, well_since_s, ever_well = now_s(), None, frozenset[str]()
    said: str | None = START
    while True:
        seen = look()
        if seen.well - ever_well:
            better_s, ever_well = now_s(), ever_well | seen.well
        if seen.trouble is None:
            well_since_s = now_s() if well_since_s is None else well_since_s
            if now_s() - well_since_s >= patience.steady_s:
                return True
        else:
            well_since_s = None
        if on_trial and now_s() - better_s >= patience.within_s:
            print(f"nothing got better for {patience.within_s:g} s: {seen.trouble}", file=sys.stderr, flush=True)
            return False
        if seen.trouble != said:
            said = seen.trouble
            print(f"waiting: {said or 'everything is well so far'}", file=sys.stderr, flush=True)
        pause()


def look_at_units(systemctl: str = "systemctl") -> Look:
    """Every unit of Gatehouse that should be active. A console may lack its screen or serial line."""
    try:
        wants = _said(systemctl, "show", "--property=Wants", "--value", TARGET).split()
        units = [unit for unit in wants if unit.endswith(".service") and not unit.startswith(CONSOLES)]
        if not units:
            return Look(frozenset(), f"{TARGET} has no units")
        said = _said(systemctl, "show", PROPERTIES, *units)
    except (OSError, subprocess.SubprocessError) as error:
        return Look(frozenset(), f"the service manager does not answer: {error}")
    known = [dict(line.split("=", 1) for line in block.splitlines()) for block in said.strip().split("\n\n")]
    states = {unit.get("Id", ""): unit for unit in known}
    ailing = {name: trouble for name in units if (trouble := _trouble_of(states.get(name, {})))}
    first = next((f"{name} is {trouble}" for name, trouble in ailing.items()), None)
    return Look(frozenset(units) - ailing.keys(), first)


def _trouble_of(unit: dict[str, str]) -> str | None:
    state = unit.get("ActiveState", "unknown")
    well = state == "active" or (state == "inactive" and _is_not_for_this_machine(unit))
    return None if well else state


def _is_not_for_this_machine(unit: dict[str, str]) -> bool:
    """Whether its conditions were looked at, and not met. They are not while it is masked, or its turn did not come."""
    return unit.get("ConditionResult") == "no" and unit.get("ConditionTimestampMonotonic", "0") != "0"


def look_at_api(url: str) -> Look:
    """What the API says of all; its certificate is not looked at, for nothing is told or believed but this."""
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    try:
        with urllib.request.urlopen(url, timeout=ASK_TIMEOUT_S, context=trust) as answer:  # noqa: S310 - always https
            health = json.load(answer)
        well = frozenset(f"the API's {name}" for name, unit in health["units"].items() if unit["status"] == "ok")
        down = [name for name, unit in health["units"].items() if unit["status"] != "ok"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return Look(frozenset(), f"the API does not answer: {error}")
    return Look(well, f"the API misses {down[0]}" if down else None)


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=ASK_TIMEOUT_S, check=False).stdout


def _setting(name: str, otherwise: float) -> float:
    with suppress(ValueError):
        return max(0.0, float(os.environ.get(name) or otherwise))
    print(f"{name} is no number; {otherwise:g} is taken", file=sys.stderr)
    return otherwise


def main() -> int:
    """Watch, and mark the slot good or restart; 0 where that was done."""
    slot = running_slot()
    if slot is None:
        print("this system was not started from a slot; nothing to do", file=sys.stderr)
        return 0
    try:
        variables = read_variables(block_path())
        publish(variables)
        return _judged(slot, state_of(variables, slot) is SlotState.TRIAL)
    except (OSError, BlockError) as error:
        print(f"{block_path()}: {error}", file=sys.stderr)
        return 1


def _judged(slot: str, on_trial: bool) -> int:
    url = f"https://localhost:{os.environ.get(PORT_VARIABLE) or PORT}/api/v1/health"
    patience = Patience(_setting(WITHIN_VARIABLE, WITHIN_S), _setting(STEADY_VARIABLE, STEADY_S))

    def look() -> Look:
        units = look_at_units()
        if units.trouble is not None:
            return units
        api = look_at_api(url)
        return Look(units.well | api.well, api.trouble)

    if watch(look, on_trial, patience, time.monotonic, lambda: time.sleep(LOOK_EVERY_S)):
        raise_floor()
        note_version(slot, appliance.__version__)
        publish(change_variables(block_path(), lambda before: marked_good(before, slot)))
        print(f"slot {slot} is healthy", file=sys.stderr)
        return 0
    print(f"slot {slot} is left: the machine restarts", file=sys.stderr, flush=True)
    return subprocess.run(["systemctl", "reboot"], check=False, timeout=ASK_TIMEOUT_S).returncode


if __name__ == "__main__":
    sys.exit(main())
