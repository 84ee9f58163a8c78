"""What the boot loader remembers of the two slots, and what it does with it. The same table as image/grub.cfg.

| variable | values |
|---|---|
| `primary` | `a`, `b`: the slot that is started if it can be |
| `a_state`, `b_state` | `good` (was healthy once), `trial` (new), `bad` (not to be started), `empty` |
| `a_left`, `b_left` | how often it may still be started before it is given up: 0 to 6 |

All functions are pure: they take the variables, and return new ones with everything else kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

Variables = Mapping[str, str]

SLOTS = ("a", "b")
TRIAL_TRIES = 2  # a new version that does not come up twice is given up
GOOD_TRIES = 6  # a proven one is not: a supply that flaps must not change versions
FACTORY: Variables = MappingProxyType(
    {"primary": "a", "a_state": "good", "a_left": str(GOOD_TRIES), "b_state": "empty", "b_left": "0"}
)


class SlotState(StrEnum):
    """What is known of the version in a slot."""

    GOOD = "good"
    TRIAL = "trial"
    BAD = "bad"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Start:
    """What the boot loader does: the slot it starts, and the variables it has written before."""

    slot: str
    variables: dict[str, str]


def other(slot: str) -> str:
    """The slot that this one is not."""
    return "a" if slot == "b" else "b"


def state_of(variables: Variables, slot: str) -> SlotState:
    """The state of a slot; one that is not known is bad."""
    try:
        return SlotState(variables.get(f"{slot}_state", ""))
    except ValueError:
        return SlotState.BAD


def tries_left(variables: Variables, slot: str) -> int:
    """How often a slot may still be started."""
    text = variables.get(f"{slot}_left", "")
    return int(text) if text in tuple("0123456") else 0


def next_start(variables: Variables) -> Start:
    """What the boot loader would do with these variables."""
    counted = dict(variables)
    slot = _startable(counted)
    if slot is None:
        _refill(counted)
        slot = _startable(counted) or "a"
    counted[f"{slot}_left"] = str(max(0, tries_left(counted, slot) - 1))
    return Start(slot, counted)


def _startable(variables: Variables) -> str | None:
    primary = "b" if variables.get("primary") == "b" else "a"
    for slot in (primary, other(primary)):
        may = state_of(variables, slot) in (SlotState.GOOD, SlotState.TRIAL)
        if may and variables.get(f"{slot}_left", "") not in ("", "0"):
            return slot
    return None


def _refill(variables: dict[str, str]) -> None:
    """Nothing is left to try. Better to try for ever what was good once than to stand still."""
    good = [slot for slot in SLOTS if state_of(variables, slot) is SlotState.GOOD]
    if not good:
        variables |= {"primary": "a", "a_state": SlotState.GOOD}
        good = ["a"]
    for slot in good:
        variables[f"{slot}_left"] = str(GOOD_TRIES)


def made_primary(variables: Variables, slot: str) -> dict[str, str]:
    """Start this slot from now on, on trial: if it does not become healthy, the other one is started again."""
    return {**variables, "primary": slot, **_said(slot, SlotState.TRIAL, TRIAL_TRIES)}


def marked_good(variables: Variables, slot: str) -> dict[str, str]:
    """The slot was healthy. Another one that used up its trial is settled as bad, and this one is primary for good."""
    marked = {**variables, **_said(slot, SlotState.GOOD, GOOD_TRIES)}
    beside = other(slot)
    if state_of(marked, beside) is SlotState.TRIAL and tries_left(marked, beside) == 0:
        marked |= {"primary": slot, **_said(beside, SlotState.BAD, 0)}
    return marked


def marked_bad(variables: Variables, slot: str) -> dict[str, str]:
    """Do not start this slot: it is being written, or was found faulty."""
    return {**variables, **_said(slot, SlotState.BAD, 0)}


def _said(slot: str, state: SlotState, left: int) -> dict[str, str]:
    return {f"{slot}_state": state.value, f"{slot}_left": str(left)}
