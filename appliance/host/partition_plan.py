"""What is to be done for the data partition to be there: decided from the partition table alone.

The name is what counts as done. A partition is made under the name UNFINISHED, formatted, and only then called DATA.
What a power cut leaves half-made is begun anew at the next start, and what was ever finished is never formatted again.
"""

from dataclasses import dataclass

from appliance.core.errors import ProblemError

DATA = "gatehouse-data"
UNFINISHED = "gatehouse-data-new"
OURS = "gatehouse-"
LEAST_BYTES = 1 << 30  # below that, the state and the journal would leave hardly an hour of one camera
ALIGNED_BYTES = 1 << 20
BACKUP_SECTORS = 33  # GPT's second table at the end of the disk (UEFI 2.10, 5.3.1)


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition. start, size: in bytes."""

    number: int
    start: int
    size: int
    name: str


@dataclass(frozen=True, slots=True)
class Table:
    """A GUID partition table."""

    sector_bytes: int
    partitions: tuple[Partition, ...]

    def named(self, name: str) -> Partition | None:
        """The first partition of that name."""
        return next((part for part in self.partitions if part.name == name), None)


@dataclass(frozen=True, slots=True)
class Use:
    """It is there: check and mount it."""

    partition: Partition


@dataclass(frozen=True, slots=True)
class Format:
    """It is half-made: format it, then call it DATA."""

    partition: Partition


@dataclass(frozen=True, slots=True)
class Create:
    """There is none: make this one."""

    partition: Partition


Step = Use | Format | Create


def parse_table(text: str) -> Table:
    """What `sfdisk --json` prints; raises ProblemError for a disk without a GUID partition table."""
    import json  # not needed at a start that finds its partition

    try:
        said = json.loads(text)["partitiontable"]
        if said["label"] != "gpt":
            raise no_system_disk(f"its partition table is of the kind {said['label']}")
        sector = int(said["sectorsize"])
        partitions = tuple(_partition(entry, said["device"], sector) for entry in said.get("partitions", ()))
    except (ValueError, KeyError, TypeError):
        raise no_system_disk("its partition table cannot be read") from None
    return Table(sector, partitions)


def _partition(entry: dict[str, str], device: str, sector: int) -> Partition:
    number = int(entry["node"].removeprefix(device).removeprefix("p"))
    return Partition(number, int(entry["start"]) * sector, int(entry["size"]) * sector, entry.get("name", ""))


def next_step(table: Table, disk_bytes: int) -> Step:
    """What comes next; raises ProblemError where nothing can be done. A finished partition goes before all else."""
    if done := table.named(DATA):
        return Use(done)
    if half_made := table.named(UNFINISHED):
        return Format(half_made)
    if not any(part.name.startswith(OURS) for part in table.partitions):
        raise no_system_disk("it has no partition of Gatehouse's")
    return Create(_in_free_space(table, disk_bytes))


def _in_free_space(table: Table, disk_bytes: int) -> Partition:
    """Behind the last partition, to the end of the disk."""
    after = max(part.start + part.size for part in table.partitions)
    start = -(-after // ALIGNED_BYTES) * ALIGNED_BYTES
    end = (disk_bytes - BACKUP_SECTORS * table.sector_bytes) // ALIGNED_BYTES * ALIGNED_BYTES
    if end - start < LEAST_BYTES:
        raise too_small(max(0, end - start), start + LEAST_BYTES)
    return Partition(max(part.number for part in table.partitions) + 1, start, end - start, UNFINISHED)


def no_system_disk(why: str) -> ProblemError:
    """The disk this system runs from is not known or not ours."""
    return ProblemError(
        "data-no-disk",
        f"There is no disk for recordings and settings: {why}",
        remedy="Nothing is kept over a restart. Write the image anew onto a disk of 8 GB or more and start from it.",
        status=503,
    )


def too_small(free_bytes: int, needed_bytes: int) -> ProblemError:
    """The image fills the disk."""
    return ProblemError(
        "data-disk-too-small",
        f"The disk is too small: {free_bytes >> 20} MiB are left for recordings and settings",
        remedy=f"Nothing is kept over a restart. Use a disk of at least {needed_bytes // 10**9 + 1} GB.",
        status=503,
    )
