"""`python -m appliance.slots COMMAND`: what RAUC asks of a boot loader (RAUC 1.8, "Custom bootloader backend").

Answers go to standard output. The exit status is 0, or 1 after a failure that standard error tells.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from appliance.slots.admission import Circumstances, Refusal, floor_paths, highest_floor, read_version, refusal
from appliance.slots.block_device import block_path, change_variables, read_variables
from appliance.slots.environment_block import BlockError
from appliance.slots.model import SLOTS, SlotState, made_primary, marked_bad, marked_good, next_start, state_of
from appliance.slots.report import publish, running_slot

USAGE = """usage: slots get-primary                    the slot that would be started now
       slots set-primary a|b            start this one from now on, on trial
       slots get-state a|b              "good" if it may be started, else "bad"
       slots set-state a|b good|bad
       slots get-current                the slot that runs
       slots publish                    write the report that everybody may read
       slots admit FILE                 whether the version that FILE has may be installed; else 10 to 12"""

_REASONS = {
    Refusal.NO_VERSION: "the update does not say which version it is",
    Refusal.BELOW_FLOOR: "version {version} is older than this system may be replaced with",
    Refusal.ON_TRIAL: "the version that runs is on trial; the other slot is what it would return to",
}


def main(arguments: Sequence[str]) -> int:
    """Carry out one command."""
    try:
        if len(arguments) == 2 and arguments[0] == "admit":
            return _admit(read_version(Path(arguments[1])))
        answer = _carried_out(arguments)
    except (OSError, BlockError) as error:
        print(f"slots: {block_path()}: {error}", file=sys.stderr)
        return 1
    if answer is None:
        print(USAGE, file=sys.stderr)
        return 1
    if answer:
        print(answer)
    return 0


def _admit(version: str) -> int:
    """Say why not in a line that RAUC passes on."""
    running = running_slot()
    state = None if running is None else state_of(read_variables(block_path()), running)
    why = refusal(version, Circumstances(highest_floor(floor_paths()), state))
    if why is None:
        return 0
    print(f"<< error {_REASONS[why].format(version=version)}", flush=True)
    return why


def _carried_out(arguments: Sequence[str]) -> str | None:
    """What is to be printed; None where the command is not known or has no answer."""
    match tuple(arguments):
        case ("get-primary",):
            return next_start(read_variables(block_path())).slot
        case ("get-current",):
            return running_slot()
        case ("get-state", slot) if slot in SLOTS:
            startable = state_of(read_variables(block_path()), slot) in (SlotState.GOOD, SlotState.TRIAL)
            return "good" if startable else "bad"
        case ("publish",):
            publish(read_variables(block_path()))
            return ""
    return _changed(arguments)


def _changed(arguments: Sequence[str]) -> str | None:
    match tuple(arguments):
        case ("set-primary", slot) if slot in SLOTS:
            variables = change_variables(block_path(), lambda before: made_primary(before, slot))
        case ("set-state", slot, "good") if slot in SLOTS:
            variables = change_variables(block_path(), lambda before: marked_good(before, slot))
        case ("set-state", slot, "bad") if slot in SLOTS:
            variables = change_variables(block_path(), lambda before: marked_bad(before, slot))
        case _:
            return None
    publish(variables)
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
