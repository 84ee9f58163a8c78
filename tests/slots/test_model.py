"""Which slot is started. The boot loader's own script is the other implementation of the same table."""

import re
import subprocess
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from appliance.slots.model import (
    FACTORY,
    GOOD_TRIES,
    SLOTS,
    TRIAL_TRIES,
    SlotState,
    made_primary,
    marked_bad,
    marked_good,
    next_start,
    other,
    state_of,
    tries_left,
)

SCRIPT = Path(__file__).parents[2] / "image" / "grub.cfg"
NAMES = ("primary", "a_state", "a_left", "b_state", "b_left")
STATES = ("good", "trial", "bad", "empty", "")
LEFT = ("0", "1", "2", "5", "6", "7", "")


def boot_loaders_table(rows: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """What the deciding part of image/grub.cfg makes of each row: the slot, then the variables it saves."""
    script = SCRIPT.read_text()
    functions = script[script.index("function bootable") : script.index("\nchoose\n")]
    deciding = script[script.index("\nchoose\n") : script.index("\nsave_env ")]
    names = " ".join(NAMES)
    program = f"""{functions}
    while IFS=, read -r {names} end; do
    {deciding}
    echo "$slot,{",".join("$" + name for name in NAMES)}"
    done"""
    program = re.sub(r"\bset (\w+=)", r"\1", program)  # GRUB's `set x=y` is the shell's `x=y`
    given = "".join(",".join((*row, "\n")) for row in rows)
    done = subprocess.run(["bash", "-c", program], input=given, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    return [tuple(line.split(",")) for line in done.stdout.splitlines()]


def test_the_boot_loader_does_the_same() -> None:
    rows = list(product(("a", "b", ""), STATES, LEFT, STATES, LEFT))
    for row, (slot, *saved) in zip(rows, boot_loaders_table(rows), strict=True):
        start = next_start(dict(zip(NAMES, row, strict=True)))
        assert (start.slot, *(start.variables[name] for name in NAMES)) == (slot, *saved), row


class Appliance(RuleBasedStateMachine):
    """Any order of starts, healthy or not, and of updates."""

    def __init__(self) -> None:
        super().__init__()
        self.variables = dict(FACTORY)
        self.running = "a"
        self.healthy = {"a": True, "b": True}
        self.failed_starts = 0

    @rule()
    def restart(self) -> None:
        start = next_start(self.variables)
        self.variables, self.running = start.variables, start.slot
        if self.healthy[self.running]:
            self.variables = marked_good(self.variables, self.running)
            self.failed_starts = 0
        else:
            self.failed_starts += 1

    @rule()
    def lose_power_while_starting(self) -> None:
        start = next_start(self.variables)
        self.variables, self.running = start.variables, start.slot

    @rule(healthy=st.booleans(), interrupted=st.booleans())
    def update(self, healthy: bool, interrupted: bool) -> None:
        if state_of(self.variables, self.running) is not SlotState.GOOD or not self.healthy[self.running]:
            return  # refused: what is not proven must not overwrite what is
        target = other(self.running)
        self.failed_starts = 0
        self.variables = marked_bad(self.variables, target)
        self.healthy[target] = healthy and not interrupted
        if not interrupted:
            self.variables = made_primary(self.variables, target)

    @invariant()
    def a_healthy_version_is_never_lost(self) -> None:
        assert self.healthy["a"] or self.healthy["b"]

    @invariant()
    def a_bad_version_is_given_up_after_its_tries(self) -> None:
        assert self.failed_starts <= TRIAL_TRIES

    @invariant()
    def the_variables_are_words_the_boot_loader_knows(self) -> None:
        for slot in SLOTS:
            assert self.variables[f"{slot}_state"] in tuple(SlotState)
            assert 0 <= tries_left(self.variables, slot) <= GOOD_TRIES


TestAppliance = Appliance.TestCase
TestAppliance.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_an_update_that_does_not_come_up_is_given_up_after_two_starts() -> None:
    variables = made_primary(marked_bad(FACTORY, "b"), "b")
    started = []
    for _ in range(4):
        start = next_start(variables)
        started.append(start.slot)
        variables = start.variables
    assert started == ["b", "b", "a", "a"]
    settled = marked_good(variables, "a")
    assert (settled["primary"], state_of(settled, "b"), tries_left(settled, "a")) == ("a", SlotState.BAD, GOOD_TRIES)


def test_an_update_that_is_still_to_be_tried_is_not_settled() -> None:
    waiting = made_primary(FACTORY, "b")
    assert marked_good(waiting, "a")["primary"] == "b"
    assert state_of(marked_good(waiting, "a"), "b") is SlotState.TRIAL


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=3)), st.sampled_from(SLOTS))
def test_whatever_is_written_there_something_is_started_and_nothing_else_is_touched(
    variables: dict[str, str], slot: str
) -> None:
    variables["machine_id"] = "0" * 32
    assert next_start(variables).slot in SLOTS
    for changed in (made_primary(variables, slot), marked_good(variables, slot), marked_bad(variables, slot)):
        assert changed["machine_id"] == "0" * 32


@pytest.mark.parametrize("slot", SLOTS)
def test_a_slot_that_is_being_written_is_not_started(slot: str) -> None:
    proven = marked_good(FACTORY, other(slot))
    assert next_start(marked_bad(proven, slot)).slot == other(slot)
