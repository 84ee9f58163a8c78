"""A recorder on the bench: real disks and ports, power by a power strip. hwtests/rig.toml says what is wired where."""

import os
import select
import subprocess
import termios
import threading
import tty
from pathlib import Path
from typing import TypeVar

from hwtests.appliance import now_us
from hwtests.rig.console import Console
from hwtests.rig.description import Bay, BenchLine, BenchRig, Command, GpioLine, newest
from hwtests.rig.power_cut import Cut
from hwtests.rig.rig import Examined, NotFittedError

Part = TypeVar("Part", Bay, BenchLine, GpioLine)

COMMAND_TIMEOUT_S = 120
FLASH_TIMEOUT_S = 3600
LOOK_EVERY_S = 0.5
READ_BYTES = 1 << 12


class BenchMachine:
    """A `Rig`. folder: for the console's log."""

    emulated = False

    def __init__(self, description: BenchRig, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.cameras_at = description.cameras_at
        self._description, self._folder = description, folder
        self._console: Console | None = None
        self._line: int | None = None
        self._ended = threading.Event()
        self._held: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def console(self) -> Console:
        """Since the last power-on."""
        assert self._console is not None, "it was never switched on"
        return self._console

    @property
    def address(self) -> tuple[str, int]:
        """As the description says."""
        return self._description.address, self._description.https_port

    def flash(self) -> None:
        """By the described command, which takes the image on its standard input."""
        image = newest(self._description.image)
        if self._description.flash is None or image is None:
            raise NotFittedError("this rig cannot be flashed from here, or no image is built (make image)")
        with image.open("rb") as content:
            subprocess.run(self._description.flash, stdin=content, check=True, timeout=FLASH_TIMEOUT_S)

    def power_on(self) -> int:
        """Returns when the command had done it, UTC in microseconds."""
        self._let_go()
        line, ended = _open(self._description.console), threading.Event()
        self._line, self._ended = line, ended
        log = self._folder / "console.log"
        self._console = Console(lambda: _read(line, ended), lambda content: _write(line, content), log).start()
        _run(self._description.power.on)
        return now_us()

    def power_cut(self, cut: Cut | None = None) -> int:
        """By the described command; the disks decide what they keep."""
        _run(self._description.power.off)
        time_us = now_us()
        self._let_go()
        return time_us

    def wait_off(self, timeout_s: float) -> None:
        """Linux says last that it powers down; then the strip switches off too, so that it can be switched on."""
        self.console.wait_for(r"reboot: Power down", timeout_s)
        _run(self._description.power.off)
        self._let_go()

    def examine(self, points: int = 0, seed: int = 0) -> Examined:
        """Its disk is not to be had from here."""
        raise NotFittedError("the disk of a bench rig is not examined from outside")

    def serial_line(self, name: str) -> Path:
        """The adapter that is wired to it."""
        return Path(_named(name, self._description.serial).device)

    def pull(self, bay: str) -> None:
        """By the described command."""
        _run(_named(bay, self._description.bays).pull)

    def insert(self, bay: str) -> None:
        """By the described command."""
        _run(_named(bay, self._description.bays).insert)

    def set_gpio(self, name: str, active: bool) -> None:
        """Held by a gpioset of libgpiod's tools for as long as nothing else is asked."""
        line = _named(name, self._description.gpio)
        self._release(name)
        options = ["--mode=signal", *(["--active-low"] if line.active_low else [])]
        command = ["gpioset", *options, line.chip, f"{line.line}={int(active)}"]
        self._held[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def screenshot(self, file: Path) -> None:
        """Nobody watches its monitor."""
        raise NotFittedError("there is no camera in front of the monitor")

    def close(self) -> None:
        """Its power goes; everything is let go of."""
        _run(self._description.power.off)
        for name in list(self._held):
            self._release(name)
        self._let_go()

    def _release(self, name: str) -> None:
        if process := self._held.pop(name, None):
            process.terminate()
            process.wait(COMMAND_TIMEOUT_S)

    def _let_go(self) -> None:
        if self._line is not None:
            self._ended.set()
            self.console.join()
            os.close(self._line)
            self._line = None


def _run(command: Command) -> None:
    """Raises CalledProcessError, TimeoutExpired."""
    subprocess.run(command, check=True, timeout=COMMAND_TIMEOUT_S, stdin=subprocess.DEVNULL)


def _named(name: str, parts: tuple[Part, ...]) -> Part:
    for part in parts:
        if part.name == name:
            return part
    raise NotFittedError(f"nothing is wired as {name}")


def _open(line: BenchLine) -> int:
    """8N1, raw, without modem control; raises OSError."""
    device = os.open(line.device, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(device)
    settings = termios.tcgetattr(device)
    speed = getattr(termios, f"B{line.baud}")
    settings[2] |= termios.CLOCAL | termios.CREAD
    settings[4] = settings[5] = speed
    termios.tcsetattr(device, termios.TCSANOW, settings)
    return device


def _read(line: int, ended: threading.Event) -> bytes:
    """Blocks until something is said, or nobody listens any more."""
    while not ended.is_set():
        if select.select([line], [], [], LOOK_EVERY_S)[0]:
            return os.read(line, READ_BYTES)
    return b""


def _write(line: int, content: bytes) -> None:
    while content:
        content = content[os.write(line, content) :]
