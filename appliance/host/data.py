"""The data partition at every start: made, finished, checked and mounted, or a small tmpfs in its place.

Whatever happens, the units find their folders; what is wrong is written for the page and the console. Standard library
only, and killed at any instant it begins anew at the next start.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from appliance.core.errors import ProblemError
from appliance.host.disk import (
    CommandError,
    Disk,
    FileSystem,
    Place,
    file_system,
    partition_device,
    root_disk,
    run,
    unreadable,
)
from appliance.host.mounting import Flag, mount_file_system
from appliance.host.partition_plan import DATA, UNFINISHED, Create, Format, Partition, Use, next_step
from appliance.host.problem_file import write_problem

UMOUNT_TIMEOUT_S = 60
CHECK_TIMEOUT_S = 3600
FLAGS = Flag.NOATIME | Flag.NOSUID | Flag.NODEV | Flag.NOEXEC
STAND_IN = "mode=0755,size=25%"
CORRECTED = 0b11  # bits of e2fsck's status that mean: all is well now (e2fsck(8))
STEPS_MOST = 4


@dataclass(frozen=True, slots=True)
class Bind:
    """A folder of the data partition, and where it is seen. mode: of the folder when it is made."""

    folder: str
    seen_at: Path
    mode: int = 0o755


BINDS = (
    Bind("gatehouse", Path("/var/lib/gatehouse")),
    Bind("journal", Path("/var/log/journal")),
    Bind("systemd", Path("/var/lib/systemd")),
)


def ensure_partition(disk: Disk) -> Partition:
    """The finished data partition, which is made where it is missing. Raises ProblemError."""
    for _ in range(STEPS_MOST):
        step = next_step(disk.table(), disk.size_bytes())
        try:
            match step:
                case Use(partition):
                    return partition
                case Create(partition):
                    disk.create(partition)
                case Format(partition):
                    disk.format(partition)
                    disk.rename(partition, DATA)
        except CommandError as error:
            raise not_made(str(error)) from None
    raise not_made("the partition table does not keep what is written")


def not_made(why: str) -> ProblemError:
    """The partition could not be made on a disk that has room for it."""
    return ProblemError(
        "data-not-made",
        f"The data partition cannot be made: {why}",
        remedy="Nothing is kept over a restart. Check whether the disk is write-protected or failing, and restart.",
        status=503,
    )


def check(place: Place) -> None:
    """Repair what a power cut left; raises ProblemError for what is no ext4 of ours, or beyond repair.

    Where careful repair does not suffice, every repair is made: nobody is there to be asked, and a recorder that waits
    records nothing. What lost its name is in lost+found.
    """
    try:
        found = file_system(place)
    except OSError as error:
        raise unreadable(os.strerror(error.errno or 0)) from None
    if found is FileSystem.FOREIGN:
        raise unreadable("there is no file system of ours on it")
    if found is FileSystem.CLEAN:
        return
    for manner in ("-p", "-y"):
        try:
            run("e2fsck", manner, str(place.path), timeout_s=CHECK_TIMEOUT_S)
            return
        except CommandError as error:
            said = error
        if said.status & ~CORRECTED == 0:
            return
    raise unreadable(f"its file system cannot be repaired ({said})")


def mount(place: Place, target: Path) -> None:
    """Mount it for writing. Raises ProblemError."""
    try:
        mount_file_system(str(place.path), target, "ext4", FLAGS, "errors=remount-ro")
    except OSError as error:
        raise unreadable(os.strerror(error.errno or 0)) from None
    if not os.statvfs(target).f_flag & os.ST_RDONLY:
        return
    run("umount", str(target), timeout_s=UMOUNT_TIMEOUT_S)
    raise ProblemError(
        "data-read-only",
        "The data partition cannot be written to",
        remedy="Nothing is kept over a restart. Remove the disk's write protection, or replace the disk: "
        "one that is worn out refuses to write.",
        status=503,
    )


def prepare(target: Path) -> ProblemError | None:
    """Mount the data partition, or else a tmpfs; returns what is wrong. Raises OSError when even that fails."""
    if os.path.ismount(target):
        return None
    try:
        place = _place(root_disk())
        check(place)
        mount(place, target)
    except ProblemError as problem:
        _stand_in(target)
        return problem
    except OSError as error:
        _stand_in(target)
        return unreadable(os.strerror(error.errno or 0))
    return None


def _stand_in(target: Path) -> None:
    mount_file_system("tmpfs", target, "tmpfs", FLAGS, STAND_IN)


def _place(disk: Disk) -> Place:
    """The data partition of a disk. Its table is read only where the kernel has not seen a finished one."""
    if device := partition_device(disk.path.name, DATA):
        return Place(disk.path.with_name(device), 0, 0)
    return disk.place(ensure_partition(disk))


def bind(target: Path, binds: tuple[Bind, ...] = BINDS) -> None:
    """Make the folders and show them where they belong. Raises OSError."""
    for each in binds:
        folder = target / each.folder
        folder.mkdir(mode=each.mode, exist_ok=True)
        each.seen_at.mkdir(parents=True, exist_ok=True)
        if not os.path.ismount(each.seen_at):
            mount_file_system(str(folder), each.seen_at, "", Flag.BIND)


def forget() -> None:
    """Have the data partition formatted at the next start: it counts as half-made. Raises ProblemError."""
    disk = root_disk()
    partition = disk.table().named(DATA)
    if partition is None:
        return
    try:
        disk.rename(partition, UNFINISHED)
    except CommandError as error:
        raise not_made(str(error)) from None


def main(target: Path = Path("/data")) -> int:
    """At the start of the machine. Returns the exit status."""
    problem = prepare(target)
    bind(target)
    if problem is not None:
        write_problem(problem)
        print(f"{problem.title}. {problem.remedy}", file=sys.stderr)
    return 0
