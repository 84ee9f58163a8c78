"""status, version, slots, console."""

import argparse
import asyncio
import platform

import appliance
from appliance.cli.output import plain, print_fields, print_json, print_table
from appliance.condition.control import Control
from appliance.condition.model import Condition, UnitState
from appliance.condition.reading import read_condition
from appliance.core.errors import ProblemError
from appliance.core.paths import Paths

DONE, NOT_WELL = 0, 5


def show(given: argparse.Namespace) -> int:
    """How the appliance is; 5 where a unit does not run or the data partition has a problem."""
    condition = _read()
    if given.json:
        print_json(condition)
    else:
        print_fields(_fields(condition))
        for unit in condition.units:
            print(f"  {plain(unit_text(unit))}")
    return DONE if is_well(condition) else NOT_WELL


def version(given: argparse.Namespace) -> int:
    """Of this program, and what it runs on."""
    told = {"version": appliance.__version__, "python": platform.python_version(), "machine": platform.machine()}
    if given.json:
        print_json(told)
    else:
        print(f"gatehouse {told['version']} ({told['machine']}, Python {told['python']})")
    return DONE


def slots(given: argparse.Namespace) -> int:
    """Both of them."""
    found = _read().slots
    if not found:
        raise ProblemError(
            "not-here",
            "There are no slots here",
            remedy="This runs from a source tree: only a flashed appliance has two of them.",
        )
    if given.json:
        print_json(found)
    else:
        rows = [(slot.name, slot.state, slot.version or "-", str(slot.tries_left)) for slot in found]
        print_table(("SLOT", "STATE", "VERSION", "TRIES LEFT"), rows)
    return DONE


def console(given: argparse.Namespace) -> int:
    """The menu, on this terminal."""
    from appliance.console.app import run_console
    from appliance.console.recovery import run_recovery

    return asyncio.run(run_recovery() if given.recovery else run_console())


def is_well(condition: Condition) -> bool:
    """Every unit runs, and the data partition is there. Of a bench that is stopped, nothing is known."""
    return bool(condition.units) and condition.data_problem is None and not any(u.is_ill for u in condition.units)


def unit_text(unit: UnitState) -> str:
    """One line."""
    memory = f", {unit.memory_bytes / 1e6:.0f} MB" if unit.memory_bytes else ""
    restarts = f", restarted {unit.restarts} times" if unit.restarts else ""
    return f"{unit.short_name}: {unit.state}{memory}{restarts}"


def _read() -> Condition:
    return read_condition(Control.from_environment(), Paths.from_environment())


def _fields(condition: Condition) -> list[tuple[str, str]]:
    problem, data = condition.data_problem, condition.data
    synchronised = {True: "from a time server", False: "not synchronised", None: ""}
    return [
        ("Name", condition.name),
        ("Serial", condition.identity.serial),
        ("Version", condition.version),
        ("Page", condition.url or _page(condition)),
        ("Addresses", ", ".join(condition.addresses)),
        ("Fingerprint", condition.fingerprint),
        ("Setup code", condition.setup_code or ""),
        ("Time", synchronised[condition.time_synchronised]),
        ("Data", f"{data.free_bytes / 1e9:.1f} GB of {data.total_bytes / 1e9:.1f} GB free" if data else "not known"),
        ("Problem", f"{problem.title}. {problem.remedy}" if problem else ""),
        ("Slots", "; ".join(f"{s.name} {s.version or '-'} {s.state}" for s in condition.slots)),
        ("Units", "" if condition.units else "none is known to run"),
    ]


def _page(condition: Condition) -> str:
    return f"https://{condition.identity.mdns_name}" if condition.identity.mdns_name else ""
