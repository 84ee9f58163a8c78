"""What everybody may know of the slots, as a small file: the block itself is for root alone."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from appliance.slots.model import SLOTS, Variables, next_start, state_of, tries_left

REPORT_VARIABLE = "GATEHOUSE_SLOTS_REPORT"
REPORT = "/run/gatehouse/slots.json"
CMDLINE_VARIABLE = "GATEHOUSE_CMDLINE"
CMDLINE = "/proc/cmdline"
_ARGUMENT = "gatehouse.slot="


def report_path() -> Path:
    """/run/gatehouse/slots.json, or what GATEHOUSE_SLOTS_REPORT names."""
    return Path(os.environ.get(REPORT_VARIABLE, REPORT))


def running_slot() -> str | None:
    """The slot this system was started from, as the boot loader said it to the kernel; None where it did not."""
    try:
        arguments = Path(os.environ.get(CMDLINE_VARIABLE, CMDLINE)).read_text().split()
    except OSError:
        return None
    said = [word.removeprefix(_ARGUMENT) for word in arguments if word.startswith(_ARGUMENT)]
    return said[-1] if said and said[-1] in SLOTS else None


def described(variables: Variables, running: str | None) -> dict[str, Any]:
    """{"running": "a", "next": "b", "slots": {"a": {"state": "good", "tries_left": 6}, …}}."""
    return {
        "running": running,
        "next": next_start(variables).slot,
        "slots": {
            slot: {"state": state_of(variables, slot).value, "tries_left": tries_left(variables, slot)}
            for slot in SLOTS
        },
    }


def publish(variables: Variables) -> None:
    """Replace the report; where it cannot be written it is said on standard error: the block counts, not the report."""
    path = report_path()
    partial = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        partial.write_text(json.dumps(described(variables, running_slot())))
        partial.chmod(0o644)
        partial.rename(path)
    except OSError as error:
        print(f"{path} cannot be written: {error.strerror}", file=sys.stderr)
