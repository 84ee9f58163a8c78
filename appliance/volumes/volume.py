"""A volume: a folder that says who it is. A folder that does not is never written to."""

import fcntl
import os
import uuid
from dataclasses import dataclass
from pathlib import Path

import msgspec

from appliance.core.clock import Clock, to_rfc3339
from appliance.core.errors import ProblemError
from appliance.volumes.files import fsync_folder, temporary_name, write_new

IDENTITY_FILE = "gatehouse-volume.json"
FORMAT = 1


class VolumeIdentity(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The content of gatehouse-volume.json: a UUID, the time of creation (RFC 3339), the format's number."""

    id: str
    created: str
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes of the file system a volume lies on; free_bytes is what we may still write."""

    total_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Volume:
    """An opened volume. Paths in an index are relative to `root`."""

    root: Path
    identity: VolumeIdentity

    @classmethod
    def create(cls, root: Path, clock: Clock) -> "Volume":
        """Make an empty folder (or a missing one) a volume; raises ProblemError "volume-not-empty"."""
        root.mkdir(parents=True, exist_ok=True)
        if not _is_empty(root):
            raise _problem("volume-not-empty", f"{root.name} already holds files", "Choose an empty folder or disk.")
        identity = VolumeIdentity(id=str(uuid.uuid4()), created=to_rfc3339(clock.now_us()))
        write_new(root / IDENTITY_FILE, msgspec.json.encode(identity))
        for folder in ("segments", "index"):
            (root / folder).mkdir()
        fsync_folder(root)
        return cls(root, identity)

    @classmethod
    def open(cls, root: Path, expected_id: str | None = None) -> "Volume":
        """Open an existing volume; raises ProblemError "volume-missing", "volume-unreadable" or "volume-foreign".

        A missing identity means that the disk is not mounted here: writing would fill the system disk instead.
        """
        identity = _read_identity(root)
        if identity.format != FORMAT:
            raise _problem(
                "volume-unreadable",
                f"{root.name} has format {identity.format}, this version knows {FORMAT}",
                "Update the appliance.",
            )
        if expected_id is not None and identity.id != expected_id:
            raise _problem(
                "volume-foreign",
                f"{root.name} holds another volume than the configured one",
                "Put the right disk back, or add this one as a new volume.",
            )
        return cls(root, identity)

    @classmethod
    def open_or_create(cls, root: Path, clock: Clock) -> "Volume":
        """Open a volume, or create it where nothing is: for the volume on the data partition itself.

        Several units may do so at once: one creates, the others open.
        """
        root.mkdir(parents=True, exist_ok=True)
        folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            return cls.create(root, clock) if _is_empty(root) else cls.open(root)
        finally:
            os.close(folder)

    @property
    def segments(self) -> Path:
        """Media, one folder per camera and day."""
        return self.root / "segments"

    @property
    def index(self) -> Path:
        """SQLite files, one per writing unit."""
        return self.root / "index"

    def usage(self) -> Usage:
        """How full the file system is; raises OSError. Blocks if the disk does: call it in a thread."""
        stat = os.statvfs(self.root)
        return Usage(stat.f_blocks * stat.f_frsize, stat.f_bavail * stat.f_frsize)


def _is_empty(root: Path) -> bool:
    """Whether nothing is in it but what a new file system has, and an identity that a power cut left half written."""
    return all(entry.name in ("lost+found", temporary_name(IDENTITY_FILE)) for entry in root.iterdir())


def _read_identity(root: Path) -> VolumeIdentity:
    try:
        return msgspec.json.decode((root / IDENTITY_FILE).read_bytes(), type=VolumeIdentity)
    except FileNotFoundError as error:
        raise _problem(
            "volume-missing",
            f"{root.name} has no {IDENTITY_FILE}",
            "Mount the disk that belongs there, or create a new volume on the Storage page.",
        ) from error
    except (msgspec.DecodeError, OSError) as error:
        raise _problem(
            "volume-unreadable",
            f"The identity of {root.name} cannot be read ({type(error).__name__})",
            "Check the disk; restore the identity file from a backup if only it is damaged.",
        ) from error


def _problem(code: str, title: str, remedy: str) -> ProblemError:
    return ProblemError(code, title, remedy=remedy, status=503)
