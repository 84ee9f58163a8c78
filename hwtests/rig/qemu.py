"""The command line of QEMU 7.2 for a described machine, and the running program."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hwtests.appliance import wait_for
from hwtests.rig.description import Acceleration, Bus, Firmware, VirtualRig
from hwtests.rig.qmp import Qmp

OVMF_CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
OVMF_VARS = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
TRANSLATED_MIB = 512  # of translated code; less is thrown away and made anew by Python's many pages
START_TIMEOUT_S = 60
PROGRAM = "qemu-system-x86_64"


@dataclass(frozen=True, slots=True)
class Sockets:
    """In a short folder of their own: a socket's path has room for 107 letters."""

    folder: Path

    @classmethod
    def make(cls) -> Self:
        """A fresh folder below /tmp."""
        return cls(Path(tempfile.mkdtemp(prefix="gatehouse-rig-")))

    @property
    def control(self) -> Path:
        """QMP."""
        return self.folder / "qmp"

    @property
    def console(self) -> Path:
        """The first serial line."""
        return self.folder / "console"

    @property
    def gpio(self) -> Path:
        """The USB device with the GPIO lines."""
        return self.folder / "gpio"

    @property
    def log(self) -> Path:
        """NBD, to whom the disk's write log goes."""
        return self.folder / "log"

    def remove(self) -> None:
        """The folder too."""
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Files:
    """disk: qcow2, the system disk of this session. bays: raw, by name. variables: of UEFI."""

    disk: Path
    bays: dict[str, Path]
    variables: Path


def command_line(rig: VirtualRig, files: Files, sockets: Sockets, https_port: int) -> list[str]:
    """It starts paused. https_port: of this computer, led to the recorder's 443."""
    options = [
        ("machine", "q35"),
        ("accel", _accelerator(rig)),
        ("cpu", "host" if rig.acceleration is Acceleration.KVM else rig.cpu),
        ("smp", str(rig.cpus)),
        ("m", str(rig.memory_mib)),
        ("rtc", "base=utc,clock=host"),
        ("display", "none"),
        ("device", "VGA"),
        ("device", "virtio-rng-pci"),
        ("device", "i6300esb"),
        ("action", "watchdog=reset"),
        ("chardev", f"socket,id=control,path={sockets.control},server=on,wait=off"),
        ("mon", "chardev=control,mode=control"),
        ("chardev", f"socket,id=console,path={sockets.console},server=on,wait=off"),
        ("device", "isa-serial,chardev=console"),
        ("netdev", f"user,id=net0,hostfwd=tcp:127.0.0.1:{https_port}-:443"),
        ("device", "virtio-net-pci,netdev=net0"),
        *_firmware(rig, files),
        *_system_disk(files, sockets),
        *_bays(files),
        *_usb(rig, sockets),
        *_lines(rig),
    ]
    return [PROGRAM, "-nodefaults", "-no-user-config", "-S", *(w for n, v in options for w in (f"-{n}", v))]


def _accelerator(rig: VirtualRig) -> str:
    if rig.acceleration is Acceleration.KVM:
        return "kvm"
    return f"tcg,thread=multi,tb-size={TRANSLATED_MIB}"


def _firmware(rig: VirtualRig, files: Files) -> Iterator[tuple[str, str]]:
    if rig.firmware is Firmware.UEFI:
        yield "drive", f"if=pflash,format=raw,readonly=on,file={OVMF_CODE}"
        yield "drive", f"if=pflash,format=raw,file={files.variables}"


def _system_disk(files: Files, sockets: Sockets) -> Iterator[tuple[str, str]]:
    """Every write and flush is logged by another process, which the power cut leaves alone.

    discard and write-zeroes are off because QEMU before 9.1 mixes up a log with them. What the host's own disk flushes
    does not matter: what counts as flushed stands in the log.
    """
    yield "blockdev", f"driver=file,node-name=disk-file,filename={files.disk},cache.no-flush=on"
    yield "blockdev", "driver=qcow2,node-name=disk-content,file=disk-file"
    yield "blockdev", f"driver=nbd,node-name=disk-log,server.type=unix,server.path={sockets.log}"
    yield "blockdev", "driver=blklogwrites,node-name=disk,file=disk-content,log=disk-log,log-sector-size=512"
    yield "device", "virtio-blk-pci,drive=disk,serial=SYSTEM,discard=off,write-zeroes=off,bootindex=1"


def _bays(files: Files) -> Iterator[tuple[str, str]]:
    if files.bays:
        yield "device", "virtio-scsi-pci,id=bays"
    for number, (name, file) in enumerate(files.bays.items()):
        yield "blockdev", f"driver=file,node-name=file-{name},filename={file},cache.no-flush=on"
        yield "blockdev", f"driver=raw,node-name=content-{name},file=file-{name}"
        yield "device", ",".join(f"{key}={value}" for key, value in bay_device(name, number).items())


def bay_device(name: str, number: int) -> dict[str, str | int]:
    """The disk in a bay, as -device and as QMP's device_add take it; its name is its serial number."""
    return {
        "driver": "scsi-hd",
        "bus": "bays.0",
        "scsi-id": number,
        "id": name,
        "serial": name,
        "drive": f"content-{name}",
    }


def _usb(rig: VirtualRig, sockets: Sockets) -> Iterator[tuple[str, str]]:
    if rig.gpio or any(line.bus is Bus.USB for line in rig.serial):
        yield "device", "qemu-xhci,id=usb"
    if rig.gpio:
        yield "chardev", f"socket,id=gpio,path={sockets.gpio},server=on,wait=off"
        yield "device", "usb-redir,bus=usb.0,chardev=gpio"


def _lines(rig: VirtualRig) -> Iterator[tuple[str, str]]:
    for line in rig.serial:
        yield "chardev", f"pty,id={line.name}"
        fitted = "usb-serial,bus=usb.0,always-plugged=on" if line.bus is Bus.USB else "pci-serial"
        yield "device", f"{fitted},chardev={line.name}"


class Qemu:
    """The running program, and its control connection."""

    def __init__(self, process: "subprocess.Popen[bytes]", qmp: Qmp) -> None:
        self.process = process
        self.qmp = qmp

    @classmethod
    def start(cls, command: list[str], sockets: Sockets, log: Path) -> Self:
        """Start it, paused; log: for its own words. Raises RuntimeError with them where it ends at once."""
        for path in (sockets.control, sockets.console, sockets.gpio):
            path.unlink(missing_ok=True)
        with log.open("wb") as out:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:

            def listening() -> bool:
                if process.poll() is not None:
                    raise RuntimeError(f"QEMU ended: {log.read_text()}")
                return sockets.control.exists() and sockets.console.exists()

            wait_for(listening, START_TIMEOUT_S, "QEMU to listen")
            return cls(process, Qmp.connect(sockets.control))
        except BaseException:
            process.kill()
            process.wait()
            raise

    @property
    def running(self) -> bool:
        """Whether the machine has power: QEMU ends when its guest switches it off."""
        return self.process.poll() is None

    def kill(self) -> None:
        """SIGKILL, and reap it."""
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.qmp.close()
