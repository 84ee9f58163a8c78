"""The log of everything a disk was told to write, as Linux's dm-log-writes and QEMU's blklogwrites keep it.

A head, then entries: each a header in the first bytes of a sector, and behind it the data, in whole sectors. Integers
are little-endian. Written from Documentation/admin-guide/device-mapper/log-writes.rst of the kernel.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path
from typing import BinaryIO

MAGIC = 0x6A736677736872
VERSION = 1
SECTOR = 512
_HEAD = struct.Struct("<QQQI")  # magic, version, entries, sector size, in which entries count
_ENTRY = struct.Struct("<QQQQ")  # sector, sectors, flags, length of a mark's text, which stands in the same sector


class Flag(IntFlag):
    """What an entry is besides a write."""

    FLUSH = 1
    FUA = 2
    DISCARD = 4
    MARK = 8


_ALL_FLAGS = sum(Flag)


class LogError(ValueError):
    """This is no such log."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One request as the disk took it. offset, size: in bytes of the disk; data_at: where its bytes lie in the log."""

    offset: int
    size: int
    flags: Flag
    data_at: int

    @property
    def is_flush(self) -> bool:
        """Everything that was answered before it is now durable."""
        return Flag.FLUSH in self.flags

    @property
    def changes(self) -> bool:
        """Whether it writes or discards anything."""
        return self.size > 0 and Flag.MARK not in self.flags


def read_entries(log: BinaryIO) -> Iterator[Entry]:
    """All whole entries, in order; raises LogError where it is no log.

    QEMU writes the head at the first flush; a log that was cut before has zeros there, and sectors of 512 bytes. The
    head's count is behind when the power is cut, so an entry ends the log that is none: of impossible values, cut
    short, or of zeros only, as the room behind the last one is.
    """
    sector_size = _read_head(log)
    end = log.seek(0, 2)
    at = sector_size
    while at + sector_size <= end:
        log.seek(at)
        first, sectors, flags, _ = _ENTRY.unpack(log.read(_ENTRY.size))
        entry = Entry(first * sector_size, sectors * sector_size, Flag(flags & _ALL_FLAGS), at + sector_size)
        stored = 0 if Flag.DISCARD in entry.flags else entry.size
        if flags & ~_ALL_FLAGS or not (sectors or flags) or entry.data_at + stored > end:
            return
        yield entry
        at = entry.data_at + stored


def _read_head(log: BinaryIO) -> int:
    log.seek(0)
    head = log.read(_HEAD.size)
    if len(head) < _HEAD.size:
        raise LogError("the log has no head")
    if not any(head):
        return SECTOR
    magic, version, _, sector_size = _HEAD.unpack(head)
    if magic != MAGIC or version != VERSION or sector_size < SECTOR or sector_size & (sector_size - 1):
        raise LogError(f"no log of version {VERSION}: {head.hex()}")
    return int(sector_size)


class LogWriter:
    """Writes such a log: for tests, and as the format's second reading."""

    def __init__(self, log: BinaryIO, sector_size: int = SECTOR) -> None:
        self._log = log
        self._sector_size = sector_size
        self._count = 0
        self._put(0, _HEAD.pack(MAGIC, VERSION, 0, sector_size))

    def add(self, offset: int, data: bytes, flags: Flag = Flag(0)) -> None:
        """A write; offset and the data's length are multiples of the sector size."""
        self._entry(offset, len(data), flags, data)

    def flush(self) -> None:
        """A flush; brings the head up to date, as QEMU does then."""
        self._entry(0, 0, Flag.FLUSH)
        self._log.seek(0)
        self._log.write(_HEAD.pack(MAGIC, VERSION, self._count, self._sector_size))

    def discard(self, offset: int, size: int) -> None:
        """A range that may read as zeros from now on."""
        self._entry(offset, size, Flag.DISCARD)

    def _entry(self, offset: int, size: int, flags: Flag, data: bytes = b"") -> None:
        header = _ENTRY.pack(offset // self._sector_size, size // self._sector_size, flags, 0)
        self._put(self._log.seek(0, 2), header)
        self._put(self._log.seek(0, 2), data)
        self._count += 1

    def _put(self, at: int, content: bytes) -> None:
        self._log.seek(at)
        self._log.write(content + bytes(-len(content) % self._sector_size))


def load(file: Path) -> list[Entry]:
    """The entries of a log file; raises OSError, LogError."""
    with file.open("rb") as log:
        return list(read_entries(log))


def last_flush(entries: Sequence[Entry]) -> int:
    """How many entries come before everything that may be lost: those up to the last flush, itself included."""
    return max((number + 1 for number, entry in enumerate(entries) if entry.is_flush), default=0)
