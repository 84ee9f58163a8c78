"""The disk this system runs from, and its partition table: sfdisk(8), mke2fs(8), partx(8).

All of it works on a plain file as well, in which a partition is a range of bytes.
"""

import os
import stat
import struct
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from appliance.core.errors import ProblemError
from appliance.host.partition_plan import Partition, Table, no_system_disk, parse_table

LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
SYSFS = Path("/sys")
TABLE_TIMEOUT_S = 120
FORMAT_TIMEOUT_S = 1800  # discarding a large disk takes its time
SUPERBLOCK_AT = 1024
_SUPERBLOCK = struct.Struct("<56xHHH34xI")  # s_magic, s_state, s_errors, s_feature_incompat (ext4(5), kernel's ext4.h)
EXT4_MAGIC = 0xEF53
EXT4_VALID = 1  # was unmounted in good order, and no error was seen since
EXT4_RECOVER = 4  # its journal is to be replayed


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file system lies: a block device, or a range of a plain file."""

    path: Path
    offset: int
    size: int


class Disk:
    """A disk, or an image of one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_device = stat.S_ISBLK(path.stat().st_mode)

    def size_bytes(self) -> int:
        """How large it is. Raises OSError."""
        with self.path.open("rb") as file:
            return file.seek(0, os.SEEK_END)

    def table(self) -> Table:
        """Its partition table, the one at its end where the first is torn. Raises ProblemError."""
        try:
            return parse_table(run("sfdisk", "--json", str(self.path), timeout_s=TABLE_TIMEOUT_S))
        except CommandError as error:
            raise no_system_disk(f"the partition table of {self.path.name} cannot be read ({error})") from None

    def create(self, part: Partition) -> None:
        """Add a partition in one write, which also moves the second table to the disk's end. Raises CommandError."""
        sector = self.table().sector_bytes
        line = (
            f"{part.number} : start={part.start // sector}, size={part.size // sector}, type={LINUX}, name={part.name}"
        )
        self._sfdisk("--append", given=line)
        if self._is_device:
            run("partx", "--update", "--nr", str(part.number), str(self.path), timeout_s=TABLE_TIMEOUT_S)

    def rename(self, part: Partition, name: str) -> None:
        """Give a partition another name. The kernel hears of it at the next start. Raises CommandError."""
        self._sfdisk("--part-label", after=(str(part.number), name))

    def format(self, part: Partition) -> None:
        """Make an empty ext4, whatever was there. Raises CommandError.

        One per cent is for root alone: the journal is still written when recordings fill the rest. An inode for every
        64 KiB: recordings are a few large files.
        """
        place = self.place(part)
        extended = "lazy_itable_init=1,lazy_journal_init=1" + ("" if self._is_device else f",offset={place.offset}")
        wanted = ["-L", "gatehouse-data", "-m", "1", "-i", "65536", "-E", extended]
        size = [] if self._is_device else [f"{place.size >> 10}k"]
        run("mke2fs", "-q", "-F", "-t", "ext4", *wanted, str(place.path), *size, timeout_s=FORMAT_TIMEOUT_S)
        _sync(place.path)  # before it counts as finished

    def place(self, part: Partition) -> Place:
        """Where a partition's content is."""
        if not self._is_device:
            return Place(self.path, part.start, part.size)
        between = "p" if self.path.name[-1].isdigit() else ""
        return Place(self.path.with_name(f"{self.path.name}{between}{part.number}"), 0, part.size)

    def _sfdisk(self, option: str, *, after: tuple[str, ...] = (), given: str = "") -> None:
        quiet = ("--quiet", "--no-reread", "--no-tell-kernel", "--wipe=never", "--wipe-partitions=never")
        run("sfdisk", *quiet, option, str(self.path), *after, given=given, timeout_s=TABLE_TIMEOUT_S)


class CommandError(Exception):
    """A program failed; its text is the last line of what it said."""

    def __init__(self, program: str, status: int, said: str) -> None:
        lines = said.strip().splitlines()
        super().__init__(f"{program}: {lines[-1][:200] if lines else f'status {status}'}")
        self.status = status


def run(program: str, *arguments: str, given: str = "", timeout_s: float) -> str:
    """What a program prints; raises CommandError when it fails, cannot be started or does not end."""
    import subprocess  # most starts need no program, and it takes longer to import than all of this folder

    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            [program, *arguments],
            input=given,
            text=True,
            errors="replace",
            capture_output=True,
            timeout=timeout_s,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CommandError(program, 124, f"did not end within {timeout_s:g} s") from None
    except OSError as error:
        raise CommandError(program, 127, str(error.strerror)) from None
    if done.returncode != 0:
        raise CommandError(program, done.returncode, done.stderr or done.stdout)
    return done.stdout


class FileSystem(Enum):
    """What lies in a place."""

    FOREIGN = "no ext4"
    CLEAN = "left in good order"
    TO_CHECK = "not left in good order"


def file_system(place: Place) -> FileSystem:
    """What is there, by its superblock; raises OSError where it cannot be read."""
    with place.path.open("rb") as file:
        file.seek(place.offset + SUPERBLOCK_AT)
        superblock = file.read(_SUPERBLOCK.size)
    if len(superblock) < _SUPERBLOCK.size:
        return FileSystem.FOREIGN
    magic, state, _, incompatible = _SUPERBLOCK.unpack(superblock)
    if magic != EXT4_MAGIC:
        return FileSystem.FOREIGN
    in_order = state == EXT4_VALID and not incompatible & EXT4_RECOVER
    return FileSystem.CLEAN if in_order else FileSystem.TO_CHECK


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def root_disk(root: Path = Path("/"), sysfs: Path = SYSFS, devices: Path = Path("/dev")) -> Disk:
    """The disk below a mounted file system, through dm-verity. Raises ProblemError where there is none."""
    device = root.stat().st_dev
    return Disk(devices / disk_below(sysfs, os.major(device), os.minor(device)))


def disk_below(sysfs: Path, major: int, minor: int) -> str:
    """The name of the disk that a block device lies on; raises ProblemError for none, or for several."""
    below = (sysfs / "dev" / "block" / f"{major}:{minor}").resolve()
    if not below.is_dir():
        raise no_system_disk("this system runs from no disk")
    while slaves := _slaves(below):
        if len(slaves) > 1:
            raise no_system_disk("this system runs from several disks at once")
        below = slaves[0].resolve()
    return below.parent.name if (below / "partition").exists() else below.name


def partition_device(disk: str, name: str, sysfs: Path = SYSFS) -> str | None:
    """The device of a disk's partition, by the name that the kernel read at the start; None where it knows of none."""
    for said in (sysfs / "class" / "block" / disk).glob(f"{disk}*/uevent"):
        values = dict(line.split("=", 1) for line in said.read_text().splitlines() if "=" in line)
        if values.get("PARTNAME") == name:
            return values.get("DEVNAME")
    return None


def _slaves(device: Path) -> list[Path]:
    folder = device / "slaves"
    return sorted(folder.iterdir()) if folder.is_dir() else []


def unreadable(why: str) -> ProblemError:
    """The partition is there, but what is on it cannot be had."""
    return ProblemError(
        "data-unreadable",
        f"The data partition cannot be used: {why}",
        remedy="Nothing was changed on it, and nothing is kept over a restart. Check the disk and its cable, and "
        "restart. If it stays so, replace the disk, or reset everything, which formats it and loses what is on it.",
        status=503,
    )
