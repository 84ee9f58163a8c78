"""What a backup is: a gzipped tar whose first member, manifest.json, names all others with their SHA-256."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from appliance.core.errors import ProblemError

FORMAT = 1
MANIFEST = "manifest.json"
KEPT = 14
SPARE_BYTES = 64 * 1024 * 1024  # of the data partition, which recordings need more than backups


class Kind(StrEnum):
    """Why a backup was made. Of each kind the newest KEPT are kept."""

    USER = "user"
    NIGHTLY = "nightly"
    BEFORE_UPDATE = "before-update"
    BEFORE_RESTORE = "before-restore"


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file. name: its path below the state folder; sha256: of its bytes, in hexadecimal."""

    name: Annotated[str, Meta(max_length=200)]
    bytes: Annotated[int, Meta(ge=0)]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """made: RFC 3339. version: of the program that made it. machine: the name of the machine it was made on.

    damaged: what could not be read as it should be when it was made, a sentence each.
    """

    format: int
    kind: Kind
    made: str
    version: str
    machine: str
    parts: tuple[Part, ...]
    damaged: tuple[str, ...] = ()


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a backup without opening it."""

    kind: Kind
    made: str
    version: str
    machine: str
    damaged: tuple[str, ...] = ()


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A backup in the list. summary None: it cannot be read. sealed: a password is needed."""

    id: str
    size_bytes: int
    sealed: bool
    summary: Summary | None


def summary_of(manifest: Manifest) -> Summary:
    """Without the parts."""
    return Summary(
        kind=manifest.kind,
        made=manifest.made,
        version=manifest.version,
        machine=manifest.machine,
        damaged=manifest.damaged,
    )


def damaged_backup(detail: str) -> ProblemError:
    """It is a backup, but not as it was made."""
    return ProblemError(
        "damaged-backup",
        "The backup is damaged or cut off",
        remedy="Take another one, or copy this one again from where it came.",
        detail=detail[:200],
    )


def not_a_backup() -> ProblemError:
    """It never was one."""
    return ProblemError(
        "not-a-backup", "This file is no backup of a Gatehouse appliance", remedy="Choose a file that was made as one."
    )


def disk_full() -> ProblemError:
    """There is no room."""
    return ProblemError(
        "disk-full",
        "The data partition has no room for it",
        remedy="Delete recordings or old backups, then try again.",
        status=507,
    )
