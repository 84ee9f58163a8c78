"""A recorder in QEMU."""

import random
import shutil
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

from hwtests.appliance import now_us
from hwtests.camera.process import free_ports
from hwtests.rig.console import Console
from hwtests.rig.description import VirtualRig
from hwtests.rig.disk import DiskFiles, SystemDisk, same_content
from hwtests.rig.power_cut import Cut, KeepAll, LoseUnflushed, Replayed
from hwtests.rig.qemu import OVMF_VARS, PROGRAM, Files, Qemu, Sockets, bay_device, command_line
from hwtests.rig.rig import Examined, NotFittedError
from hwtests.rig.usb_gpio import Gpio, UsbGpio

HOST = "10.0.2.2"  # this computer, as QEMU's user network names it
UNPLUG_TIMEOUT_S = 60
READ_BYTES = 1 << 16


class VirtualMachine:
    """A `Rig`. Its folder keeps the disks, and the console's log over all power cuts."""

    emulated = True
    cameras_at = HOST

    def __init__(self, description: VirtualRig, image: Path, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.disk = SystemDisk(DiskFiles.below(folder))
        self.replayed: list[Replayed] = []
        self._description, self._image = description, image
        self._sockets = Sockets.make()
        self._port = free_ports(1)[0]
        self._qemu: Qemu | None = None
        self._gpio = Gpio()
        self._usb: UsbGpio | None = None
        self._console: Console | None = None
        self._bays = {name: folder / f"{name}.img" for name in description.bays}
        self._variables = folder / "uefi-variables"
        for file in self._bays.values():
            with file.open("ab") as bay:
                bay.truncate(description.bay_mib << 20)
        if not self._variables.exists() and OVMF_VARS.exists():
            shutil.copy(OVMF_VARS, self._variables)

    @property
    def console(self) -> Console:
        """Since the last power-on."""
        assert self._console is not None, "it was never switched on"
        return self._console

    @property
    def address(self) -> tuple[str, int]:
        """A port of this computer, led to the recorder's 443."""
        return "localhost", self._port

    def flash(self) -> None:
        """The image onto the disk; the power is off."""
        assert not self._running(), "switch it off first"
        self.disk.flash(self._image, self._description.disk_gib << 30)

    def power_on(self) -> int:
        """Returns when, UTC in microseconds."""
        assert not self._running(), "it is on"
        self.disk.begin(self._sockets.log)
        files = Files(self.disk.files.session, self._bays, self._variables)
        command = command_line(self._description, files, self._sockets, self._port)
        self._qemu = Qemu.start(command, self._sockets, self.folder / "qemu.log")
        line = socket.socket(socket.AF_UNIX)
        line.connect(str(self._sockets.console))
        self._console = Console(lambda: line.recv(READ_BYTES), line.sendall, self.folder / "console.log").start()
        if self._description.gpio:
            self._usb = UsbGpio.plug(self._sockets.gpio, self._gpio)
        self._qemu.qmp.command("cont")
        return now_us()

    def power_cut(self, cut: Cut | None = None) -> int:
        """SIGKILL of QEMU: what its guest had in memory is gone, and of what its disk had not flushed what cut says."""
        assert self._qemu is not None, "it is off"
        time_us = now_us()
        self._qemu.kill()
        self._ended(cut or KeepAll())
        return time_us

    def power_cut_compared(self) -> bool:
        """A cut that keeps all; returns whether the replayed log gives, byte for byte, the disk that QEMU wrote."""
        self._on().qmp.command("stop")  # which has QEMU write what it holds
        self._on().kill()
        written = self.disk.written_by_qemu()
        try:
            self._ended(KeepAll())
            return same_content(written, self.disk.files.durable)
        finally:
            written.unlink()

    def wait_off(self, timeout_s: float) -> None:
        """Wait until the guest has switched the machine off; its disk then keeps everything."""
        assert self._qemu is not None, "it is off"
        try:
            self._qemu.process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"it is not off after {timeout_s:g} s") from error
        self._qemu.qmp.close()
        self._ended(KeepAll())

    def examine(self, points: int = 0, seed: int = 0) -> Examined:
        """A full check of the data partition, on copies."""
        last = self.replayed[-1]
        found, rng = self.disk.findings(), random.Random(seed)
        for _ in range(points):
            upto, cut = rng.randint(0, last.entries), LoseUnflushed(rng.random(), rng.getrandbits(32))
            found += [f"cut after {upto} of {last.entries} writes: {text}" for text in self.disk.findings_at(upto, cut)]
        return Examined(tuple(found), last.lost)

    def serial_line(self, name: str) -> Path:
        """A terminal that QEMU made."""
        for line in self._on().qmp.command("query-chardev"):
            if line["label"] == name and line["filename"].startswith("pty:"):
                return Path(line["filename"].removeprefix("pty:"))
        raise NotFittedError(f"there is no serial line {name}")

    def pull(self, bay: str) -> None:
        """The guest sees its disk leave."""
        self._bay(bay)
        self._on().qmp.command("device_del", id=bay)
        self._on().qmp.wait_event("DEVICE_DELETED", UNPLUG_TIMEOUT_S)

    def insert(self, bay: str) -> None:
        """The same disk, or what was put into its file since."""
        self._on().qmp.command("device_add", **bay_device(bay, self._bay(bay)))

    def set_gpio(self, name: str, active: bool) -> None:
        """The line keeps its level over power cuts, as what is wired to it does."""
        if name not in self._description.gpio:
            raise NotFittedError(f"there is no GPIO line {name}")
        self._gpio.set_input(self._description.gpio.index(name), active)

    def screenshot(self, file: Path) -> None:
        """What its monitor shows."""
        self._on().qmp.command("screendump", filename=str(file.resolve()), format="png")

    def watchdog_fired(self, timeout_s: float) -> None:
        """Wait for the hardware watchdog to reset the machine; raises TimeoutError."""
        self._on().qmp.wait_event("WATCHDOG", timeout_s)

    def close(self) -> None:
        """Power off and let go of everything; the folder stays."""
        if self._running():
            assert self._qemu is not None
            self._qemu.kill()
        if self._usb is not None:
            self._usb.unplug()
        self.disk.abandon()
        self._sockets.remove()

    def _running(self) -> bool:
        return self._qemu is not None and self._qemu.running

    def _on(self) -> Qemu:
        assert self._qemu is not None
        assert self._qemu.running, "it is off"
        return self._qemu

    def _ended(self, cut: Cut) -> None:
        self._qemu = None
        if self._usb is not None:
            self._usb.unplug()
        self.replayed.append(self.disk.end(cut))
        with suppress(OSError):
            self.console.join()

    def _bay(self, name: str) -> int:
        if name not in self._bays:
            raise NotFittedError(f"there is no bay {name}")
        return list(self._bays).index(name)


def absent_programs() -> list[str]:
    """Of those that a virtual rig is made of."""
    needed = (PROGRAM, "qemu-img", "qemu-nbd", "e2fsck")
    return [program for program in needed if shutil.which(program) is None]
