"""A bench rig whose recorder is a terminal and whose power strip is a file."""

import os
import tty
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hwtests.rig.bench import BenchMachine
from hwtests.rig.description import Bay, BenchLine, BenchRig, Power
from hwtests.rig.rig import NotFittedError, Rig

WAIT_S = 20


@dataclass
class Bench:
    machine: BenchMachine
    recorder: int  # the recorder's end of its console
    strip: Path

    @property
    def switched(self) -> list[str]:
        return self.strip.read_text().split()


@pytest.fixture(name="bench")
def bench_fixture(tmp_path: Path) -> Iterator[Bench]:
    recorder, here = os.openpty()
    tty.setraw(here)
    strip = tmp_path / "strip"
    strip.touch()

    def command(word: str) -> tuple[str, ...]:
        return ("sh", "-c", f"echo {word} >> {strip}")

    described = BenchRig(
        address="192.0.2.10",
        cameras_at="192.0.2.1",
        console=BenchLine(name="console", device=os.ttyname(here)),
        power=Power(on=command("on"), off=command("off")),
        bays=(Bay(name="BAY1", pull=command("pulled"), insert=command("inserted")),),
        serial=(BenchLine(name="reader1", device="/dev/ttyUSB1"),),
    )
    machine = BenchMachine(described, tmp_path / "rig")
    yield Bench(machine, recorder, strip)
    machine.close()
    os.close(recorder)
    os.close(here)


def test_it_is_a_rig(bench: Bench) -> None:
    rig: Rig = bench.machine
    assert rig.address == ("192.0.2.10", 443)
    assert rig.serial_line("reader1") == Path("/dev/ttyUSB1")


def test_power_goes_by_the_commands_and_the_console_is_read_meanwhile(bench: Bench) -> None:
    on_us = bench.machine.power_on()
    os.write(bench.recorder, b"Gatehouse starts\r\n")
    bench.machine.console.wait_for("^Gatehouse starts$", WAIT_S)
    assert bench.machine.power_cut() > on_us
    assert bench.switched == ["on", "off"]


def test_after_a_power_cut_it_is_listened_to_anew(bench: Bench) -> None:
    for word in ("first", "second"):
        bench.machine.power_on()
        os.write(bench.recorder, f"{word}\n".encode())
        bench.machine.console.wait_for(word, WAIT_S)
        bench.machine.power_cut()
    assert "first" not in bench.machine.console.text


def test_it_is_off_when_linux_says_so(bench: Bench) -> None:
    bench.machine.power_on()
    os.write(bench.recorder, b"[  12.3] reboot: Power down\r\n")
    bench.machine.wait_off(WAIT_S)
    assert bench.switched == ["on", "off"]


def test_what_is_typed_reaches_the_recorder(bench: Bench) -> None:
    bench.machine.power_on()
    bench.machine.console.type("1\r")
    assert os.read(bench.recorder, 2) == b"1\r"


def test_disks_come_and_go_by_the_commands(bench: Bench) -> None:
    bench.machine.pull("BAY1")
    bench.machine.insert("BAY1")
    assert bench.switched == ["pulled", "inserted"]


def test_what_is_not_wired_is_said(bench: Bench) -> None:
    for call in (
        lambda: bench.machine.pull("BAY9"),
        lambda: bench.machine.serial_line("reader9"),
        lambda: bench.machine.set_gpio("rex1", True),
        bench.machine.flash,
        bench.machine.examine,
    ):
        with pytest.raises(NotFittedError):
            call()
