"""What is left on a disk when its power goes: all that was flushed, and of the rest whatever the disk got to.

A disk with a write cache promises nothing of a write before the next flush: it may be there, be missing, or be there up
to some sector, each apart from the others. Two writes to one place keep their order.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from hwtests.rig.write_log import SECTOR, Entry, Flag, last_flush, load

COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """What survives of one entry: its first bytes, all of them where it was flushed."""

    entry: Entry
    size: int


class Cut(Protocol):
    """Decides what is left."""

    def survivors(self, entries: Sequence[Entry]) -> Iterator[Kept]:
        """What is left of a log up to the instant of the cut, in the order in which it was written."""
        ...


@dataclass(frozen=True, slots=True)
class KeepAll:
    """A disk without a volatile cache: everything it was told is there."""

    def survivors(self, entries: Sequence[Entry]) -> Iterator[Kept]:
        """All of every entry."""
        return (Kept(entry, entry.size) for entry in entries if entry.changes)


@dataclass(frozen=True, slots=True)
class LoseUnflushed:
    """A disk whose cache is lost. keep: the share of writes after the last flush that got through all the same."""

    keep: float
    seed: int

    def survivors(self, entries: Sequence[Entry]) -> Iterator[Kept]:
        """What was flushed or forced (FUA), and of later writes some whole, some up to a sector."""
        rng, flushed = random.Random(self.seed), last_flush(entries)
        for number, entry in enumerate(entries):
            size = entry.size
            if number >= flushed and Flag.FUA not in entry.flags:
                size = self._luck(rng, entry.size)
            if size and entry.changes:
                yield Kept(entry, size)

    def _luck(self, rng: random.Random, size: int) -> int:
        chance = rng.random()
        if chance < self.keep:
            return size
        torn = chance < self.keep + (1 - self.keep) / 4 and self.keep > 0
        return rng.randrange(size // SECTOR + 1) * SECTOR if torn else 0


@dataclass(frozen=True, slots=True)
class Replayed:
    """entries: in the log; unflushed: of them after the last flush; lost: of these wholly or partly gone."""

    entries: int
    unflushed: int
    lost: int


def replay(log_file: Path, disk_file: Path, cut: Cut, upto: int | None = None) -> Replayed:
    """Bring a disk from where the log began to where the cut leaves it. upto: entries of the log, all where None.

    Raises OSError, LogError.
    """
    entries = load(log_file)[:upto]
    whole = 0
    with log_file.open("rb") as log, disk_file.open("r+b") as disk:
        for kept in cut.survivors(entries):
            whole += kept.size == kept.entry.size
            _write(kept, log, disk)
    changes = [entry for entry in entries if entry.changes]
    return Replayed(len(entries), sum(entry.changes for entry in entries[last_flush(entries) :]), len(changes) - whole)


def _write(kept: Kept, log: BinaryIO, disk: BinaryIO) -> None:
    disk.seek(kept.entry.offset)
    log.seek(kept.entry.data_at)
    left = kept.size
    while left:
        piece = bytes(min(left, COPY_BYTES))
        if Flag.DISCARD not in kept.entry.flags:
            piece = log.read(len(piece))
        disk.write(piece)
        left -= len(piece)
