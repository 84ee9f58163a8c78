"""What a rig is: hwtests/rig.toml. Nothing here opens or starts anything."""

import os
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

TREE = Path(__file__).parents[2]
FILE = TREE / "hwtests" / "rig.toml"

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
Command = Annotated[tuple[str, ...], Meta(min_length=1)]
Port = Annotated[int, Meta(ge=1, le=65535)]


class Firmware(StrEnum):
    """What starts the boot loader; SeaBIOS is faster than OVMF, by 20 s and more where all is emulated."""

    BIOS = "bios"
    UEFI = "uefi"


class Acceleration(StrEnum):
    """kvm only where it is known to work: a device file says little of it."""

    TCG = "tcg"
    KVM = "kvm"


class Bus(StrEnum):
    """How a serial line is fitted: pci is ttyS1 and on, usb is ttyUSB0 and on."""

    PCI = "pci"
    USB = "usb"


class VirtualLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A serial line of the emulated machine; its other end is a terminal of this computer."""

    name: Name
    bus: Bus = Bus.PCI


class VirtualRig(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="virtual"
):
    """QEMU. image: which file is flashed, below the tree, the newest where a pattern fits several.

    gpio: inputs of the recorder, lines 0 and on of a CP2112 on its USB.
    """

    image: str
    firmware: Firmware = Firmware.BIOS
    acceleration: Acceleration = Acceleration.TCG
    cpu: str = "Westmere"  # the least that NumPy runs on; more instructions are more to emulate
    cpus: Annotated[int, Meta(ge=1, le=64)] = 2
    memory_mib: Annotated[int, Meta(ge=256, le=1 << 20)] = 2048
    disk_gib: Annotated[int, Meta(ge=1, le=1024)] = 16
    bays: tuple[Name, ...] = ()
    bay_mib: Annotated[int, Meta(ge=16, le=1 << 20)] = 512
    serial: tuple[VirtualLine, ...] = ()
    gpio: Annotated[tuple[Name, ...], Meta(max_length=8)] = ()


class BenchLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A serial line of the recorder; device: where its other end is plugged into this computer."""

    name: Name
    device: str
    baud: Annotated[int, Meta(ge=300, le=4_000_000)] = 115200


class Power(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Commands that switch a line of a power strip, or a relay; each returns when it is done."""

    on: Command
    off: Command


class Bay(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A disk that can be had out and in by command, by a relay in its power line."""

    name: Name
    pull: Command
    insert: Command


class GpioLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An output of this computer that is wired to an input of the recorder."""

    name: Name
    chip: str
    line: Annotated[int, Meta(ge=0, le=4096)]
    active_low: bool = False


class BenchRig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="bench"):
    """A recorder on the bench.

    address: where its page is. cameras_at: under which address it reaches simulated cameras on this computer.
    flash: writes the image, which comes on its standard input, to the recorder's disk.
    """

    address: str
    cameras_at: str
    console: BenchLine
    power: Power
    image: str = "image/out/gatehouse-*.img"
    https_port: Port = 443
    flash: Command | None = None
    bays: tuple[Bay, ...] = ()
    serial: tuple[BenchLine, ...] = ()
    gpio: tuple[GpioLine, ...] = ()


Description = VirtualRig | BenchRig


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rig: dict[str, Description]


class RigFileError(ValueError):
    """The file does not describe such a rig; says what to change."""


def read(name: str | None = None, file: Path | None = None) -> Description:
    """The rig of that name, else that of GATEHOUSE_RIG, else "virtual". file: else GATEHOUSE_RIG_FILE, else rig.toml.

    Raises OSError, RigFileError.
    """
    file = file or Path(os.environ.get("GATEHOUSE_RIG_FILE", FILE))
    name = name or os.environ.get("GATEHOUSE_RIG", "virtual")
    try:
        rigs = msgspec.convert(tomllib.loads(file.read_text()), _File).rig
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise RigFileError(f"{file}: {error}") from error
    if name not in rigs:
        raise RigFileError(f"{file}: there is no [rig.{name}]; there are: {', '.join(rigs)}")
    return rigs[name]


def newest(pattern: str) -> Path | None:
    """The newest file below the tree that a description's image fits; None where there is none."""
    found = sorted(TREE.glob(pattern), key=lambda path: path.stat().st_mtime)
    return found[-1] if found else None
