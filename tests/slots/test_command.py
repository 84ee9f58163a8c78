"""The program that RAUC runs, on a file in the partition's place."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from appliance.slots.environment_block import SIZE_BYTES, format_block, parse_block
from appliance.slots.model import FACTORY

ROOT = Path(__file__).parents[2]


class Machine:
    """A partition with its block, and the program as RAUC runs it."""

    def __init__(self, folder: Path) -> None:
        self.partition = folder / "bootenv"
        self.report = folder / "run" / "slots.json"
        self.cmdline = folder / "cmdline"
        self.partition.write_bytes(format_block({**FACTORY, "machine_id": "5" * 32}) + bytes(3072))
        self.cmdline.write_text("root=/dev/dm-0 ro gatehouse.slot=a quiet\n")

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        environment = {
            "GATEHOUSE_BOOTENV": str(self.partition),
            "GATEHOUSE_SLOTS_REPORT": str(self.report),
            "GATEHOUSE_CMDLINE": str(self.cmdline),
        }
        command = [sys.executable, "-m", "appliance.slots", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    def answer(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.strip()

    @property
    def variables(self) -> dict[str, str]:
        return parse_block(self.partition.read_bytes()[:SIZE_BYTES])


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_an_installation_as_rauc_does_it(machine: Machine) -> None:
    assert machine.answer("get-primary") == "a"
    assert machine.answer("get-current") == "a"
    assert machine.answer("get-state", "b") == "bad"
    assert machine.answer("set-state", "b", "bad") == ""
    assert machine.answer("set-primary", "b") == ""
    assert machine.answer("get-primary") == "b"
    assert machine.answer("get-state", "b") == "good"
    assert machine.variables["b_left"] == "2"
    assert machine.answer("set-state", "b", "good") == ""
    assert (machine.variables["b_state"], machine.variables["b_left"]) == ("good", "6")
    assert machine.variables["machine_id"] == "5" * 32


def test_what_follows_the_block_is_left_alone(machine: Machine) -> None:
    machine.answer("set-primary", "b")
    assert machine.partition.read_bytes()[SIZE_BYTES:] == bytes(3072)


def test_every_change_is_reported_for_everybody(machine: Machine) -> None:
    machine.answer("set-primary", "b")
    assert json.loads(machine.report.read_text()) == {
        "running": "a",
        "next": "b",
        "slots": {"a": {"state": "good", "tries_left": 6}, "b": {"state": "trial", "tries_left": 2}},
    }
    assert machine.report.stat().st_mode & 0o777 == 0o644


def test_a_report_that_cannot_be_written_keeps_no_change_from_the_block(machine: Machine) -> None:
    machine.report.parent.write_text("a file where the folder should be")
    done = machine.run("set-primary", "b")
    assert done.returncode == 0
    assert "slots.json" in done.stderr
    assert machine.variables["primary"] == "b"


def test_a_torn_block_becomes_that_of_a_new_appliance(machine: Machine) -> None:
    machine.partition.write_bytes(bytes(4096))
    assert machine.answer("get-primary") == "a"
    machine.answer("set-state", "a", "good")
    assert machine.variables == dict(FACTORY)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("get-state",),
        ("get-state", "c"),
        ("set-state", "a", "fine"),
        ("set-primary",),
        ("format",),
        ("publish", "a"),
    ],
)
def test_what_it_does_not_know_fails_and_changes_nothing(machine: Machine, arguments: tuple[str, ...]) -> None:
    before = machine.partition.read_bytes()
    done = machine.run(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert "usage" in done.stderr
    assert machine.partition.read_bytes() == before


def test_no_partition_is_a_failure_with_its_cause(machine: Machine) -> None:
    machine.partition.unlink()
    done = machine.run("get-primary")
    assert done.returncode == 1
    assert "No such file" in done.stderr


def test_changes_at_the_same_time_lose_none(machine: Machine) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda slot: machine.answer("set-state", slot, "good"), "abab"))
    assert [machine.variables[f"{slot}_state"] for slot in "ab"] == ["good", "good"]
