"""The environment block where it lies: the one block of the one file in a partition of its own (image/disk.sh).

GRUB 2.06 writes into files alone, and only into blocks that they have. So the partition has a small ext2 file system
which nobody ever mounts: GRUB finds the block through it, and here it is written by its place.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.slots.environment_block import SIZE_BYTES, BlockError, format_block, parse_block
from appliance.slots.model import FACTORY, Variables

PATH_VARIABLE = "GATEHOUSE_BOOTENV"
PARTITION = "/dev/disk/by-partlabel/gatehouse-bootenv"
OFFSET_BYTES = 22528  # of the block in the partition; image/disk.sh makes sure of it


def block_path() -> Path:
    """The partition, or what GATEHOUSE_BOOTENV names."""
    return Path(os.environ.get(PATH_VARIABLE, PARTITION))


def read_variables(path: Path) -> dict[str, str]:
    """What is written there. A block that is none counts as that of a new appliance, as the boot loader takes it.

    Raises OSError.
    """
    with _opened(path, os.O_RDONLY, fcntl.LOCK_SH) as descriptor:
        return _parsed(os.pread(descriptor, SIZE_BYTES, _offset(descriptor)))


def change_variables(path: Path, change: Callable[[Variables], dict[str, str]]) -> dict[str, str]:
    """Write what `change` makes of the variables, in one step, and return it: it is on the disk then.

    Raises OSError, and BlockError when the variables have no room. Changes of several processes wait for each other.
    """
    with _opened(path, os.O_RDWR, fcntl.LOCK_EX) as descriptor:
        changed = change(_parsed(os.pread(descriptor, SIZE_BYTES, _offset(descriptor))))
        written = os.pwrite(descriptor, format_block(changed), _offset(descriptor))
        os.fsync(descriptor)
    if written != SIZE_BYTES:
        raise OSError(f"only {written} bytes of the environment block were written")
    return changed


def _offset(descriptor: int) -> int:
    """Where the block lies; at the beginning of a file that is too short for a partition: a block alone."""
    size_bytes = os.lseek(descriptor, 0, os.SEEK_END)
    return OFFSET_BYTES if size_bytes >= OFFSET_BYTES + SIZE_BYTES else 0


def _parsed(block: bytes) -> dict[str, str]:
    try:
        return parse_block(block)
    except BlockError:
        return dict(FACTORY)


@contextmanager
def _opened(path: Path, flags: int, lock: int) -> Iterator[int]:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, lock)
        yield descriptor
    finally:
        os.close(descriptor)
