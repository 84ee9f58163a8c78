"""Stands in for RAUC's installation, which needs device mapper: it writes no slot, and does to the boot loader's block
what RAUC does. As a program in PATH it is `busctl`: how far it is lies in a file, so that it outlives whoever asks.
"""

import json
import os
import sys
from pathlib import Path

from appliance.slots.block_device import block_path, change_variables, read_variables
from appliance.slots.model import made_primary, marked_bad
from appliance.slots.report import publish, running_slot

STATE_VARIABLE = "STAND_IN_STATE"


def start(state: Path, bundle: str) -> None:
    """Begin: the slot is not to be started while it is written."""
    change_variables(block_path(), lambda before: marked_bad(before, target()))
    plan = json.loads(state.read_text()) if state.exists() else {}
    state.write_text(json.dumps({**plan, "bundle": bundle, "asked": 0}))


def progress(state: Path) -> tuple[bool, int, str]:
    """(busy, percent, error); every time it is asked, it is 25 percent further."""
    plan = json.loads(state.read_text()) if state.exists() else {}
    if "asked" not in plan:
        return False, 0, ""
    percent = min(100, 25 * plan["asked"])
    if percent == plan.get("hold"):
        return True, percent, ""
    plan["asked"] += 1
    state.write_text(json.dumps(plan))
    if plan.get("error") and percent >= 50:
        return False, percent, plan["error"]
    if percent < 100:
        return True, percent, ""
    publish(change_variables(block_path(), lambda before: made_primary(before, target())))
    return False, 100, ""


def target() -> str:
    """The slot that does not run."""
    return "a" if running_slot() == "b" else "b"


def main(arguments: list[str]) -> None:
    """busctl's two uses."""
    state = Path(os.environ[STATE_VARIABLE])
    read_variables(block_path())
    if "InstallBundle" in arguments:
        start(state, arguments[-2])
        return
    busy, percent, error = progress(state)
    for value in ("installing" if busy else "idle", [percent, "", 1], error):
        print(json.dumps({"type": "", "data": value}))


if __name__ == "__main__":
    main(sys.argv[1:])
