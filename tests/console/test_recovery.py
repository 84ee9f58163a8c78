"""The menu of a machine that could not start: as root, with the system's own programs in their simplest form."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.terminal import ENTER, Person, at_the_console

PROGRAMS = {
    "systemctl": """case "$1" in
        list-units) echo "gatehouse-data.service loaded failed failed Gatehouse: data partition" ;;
        status) echo "gatehouse-data.service: it could not be mounted" ;;
    esac""",
    "journalctl": 'echo "kernel: I/O error, dev sda"',
}


@pytest.fixture(name="person")
def person_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
    for name, script in PROGRAMS.items():
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("GATEHOUSE_BOOTENV", str(tmp_path / "missing"))
    with at_the_console(tmp_path / "control.sock", "-m", "appliance.cli", "console", "--recovery") as person:
        person.sees("recovery")
        yield person


def test_it_says_what_failed_without_any_unit(person: Person) -> None:
    person.sees("Failed: gatehouse-data.service")
    person.types("1")
    person.sees("it could not be mounted")
    person.types("0")
    person.sees("Failed: gatehouse-data.service")
    person.types("2")
    person.sees("I/O error, dev sda")


def test_a_data_partition_that_is_not_there_is_said_to_be_missing(person: Person) -> None:
    person.types("3")
    person.sees("There is no data partition.")


def test_a_boot_loader_that_cannot_be_told_is_said_to(person: Person) -> None:
    person.types("4")
    person.sees("The machine restarts into the version in slot")
    person.types("y")
    person.sees("The boot loader could not be told.")
    person.types(ENTER)
    person.sees("recovery")


def test_its_end_is_a_restart(person: Person) -> None:
    person.types("5")
    person.sees("The machine restarts now.")
    person.types("n")
    person.sees("Failed:")
    person.types("5")
    person.sees("The machine restarts now.")
    person.types("y")
    person.waits(lambda: person.process.poll() is not None, "the end")
    assert person.process.returncode == 0


def test_a_line_that_is_hung_up_restarts_nothing(person: Person) -> None:
    person.goes()
    assert person.process.wait(30) in (3, -1)
