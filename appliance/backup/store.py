"""The folder of backups: makes, lists, gives out and forgets them. Every method blocks: call it in a thread."""

import errno
import fcntl
import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import apsw

import appliance
from appliance.backup.archive import part_of, summary_of_file, write_archive
from appliance.backup.model import FORMAT, KEPT, Kind, Manifest, Stored, disk_full, summary_of
from appliance.backup.rooms import DATABASES, copy_database, snapshot
from appliance.backup.sealing import check_password
from appliance.core.clock import US_PER_S, Clock, to_rfc3339
from appliance.core.durable import sync_folder
from appliance.core.errors import ProblemError
from appliance.core.paths import Paths

PLAIN, SEALED = ".tar.gz", ".tar.gz.sealed"
LOCK_TIMEOUT_S = 60.0
_LOCK_EVERY_S = 0.05
_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[a-z-]{1,20}")
_FULL = (errno.ENOSPC, errno.EDQUOT)


class BackupStore:
    """Several processes may use it at once: making, forgetting and restoring wait for each other."""

    def __init__(self, paths: Paths, clock: Clock) -> None:
        self._paths = paths
        self._folder = paths.data / "backups"
        self._clock = clock

    def create(self, kind: Kind, password: str | None = None) -> Stored:
        """Make one; older ones of its kind beyond KEPT go. Raises ProblemError: disk full, weak password, busy.

        What is damaged is copied as far as it can be, and said in the summary.
        """
        if password is not None:
            check_password(password)
        with self.locked(), full_is_a_problem(), self._workspace() as work:
            manifest = self._collected(kind, work)
            stored = self._written(manifest, work, password)
            self._forget_old(kind)
        return stored

    def all(self) -> list[Stored]:
        """Every backup, newest first."""
        return [self._stored(file) for file in sorted(self._files(), key=lambda file: file.name, reverse=True)]

    def file_of(self, backup_id: str) -> Path:
        """Where a backup lies; raises ProblemError 404."""
        if _ID.fullmatch(backup_id):
            for suffix in (PLAIN, SEALED):
                file = self._folder / f"{backup_id}{suffix}"
                if file.is_file():
                    return file
        raise ProblemError(
            "no-such-backup", "There is no such backup", remedy="See the list for those there are.", status=404
        )

    def delete(self, backup_id: str) -> None:
        """Forget one; raises ProblemError 404."""
        with self.locked():
            self.file_of(backup_id).unlink()
            sync_folder(self._folder)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder's lock; raises ProblemError "backup-busy" where somebody else does for long."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _take(lock)
            yield
        finally:
            os.close(lock)

    def _files(self) -> list[Path]:
        found = self._folder.glob("*.tar.gz*")
        return [file for file in found if _ID.fullmatch(_id_of(file)) and file.name.endswith((PLAIN, SEALED))]

    def _stored(self, file: Path) -> Stored:
        sealed, summary = file.name.endswith(SEALED), None
        with suppress(ProblemError, OSError):
            sealed, summary = summary_of_file(file)
        with suppress(OSError):
            return Stored(id=_id_of(file), size_bytes=file.stat().st_size, sealed=sealed, summary=summary)
        return Stored(id=_id_of(file), size_bytes=0, sealed=sealed, summary=summary)

    @contextmanager
    def _workspace(self) -> Iterator[Path]:
        """A folder for the parts; those that a kill left go first, and with them files that were not finished."""
        for left in (*self._folder.glob(".work-*"), *self._folder.glob("*.new")):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        work = Path(tempfile.mkdtemp(prefix=".work-", dir=self._folder))
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _collected(self, kind: Kind, work: Path) -> Manifest:
        names, damaged = list[str](), list[str]()
        for name, content in snapshot(self._paths):
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_bytes(content)
            names.append(name)
        for database in DATABASES:
            target = work / database.name
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                fault = copy_database(database, self._paths, target)
            except FileNotFoundError:
                continue
            damaged += [fault] if fault is not None else []
            names += [database.name] if target.exists() else []
        return Manifest(
            format=FORMAT,
            kind=kind,
            made=to_rfc3339(self._clock.now_us()),
            version=appliance.__version__,
            machine=socket.gethostname(),
            parts=tuple(part_of(name, work / name) for name in names),
            damaged=tuple(damaged),
        )

    def _written(self, manifest: Manifest, work: Path, password: str | None) -> Stored:
        suffix = PLAIN if password is None else SEALED
        file = self._free_name(manifest.kind, suffix)
        partial = file.with_name(file.name + ".new")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as out:
                write_archive(out, manifest, work, password)
                out.flush()
                os.fsync(out.fileno())
            partial.rename(file)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        sync_folder(self._folder)
        size_bytes = file.stat().st_size
        return Stored(id=_id_of(file), size_bytes=size_bytes, sealed=password is not None, summary=summary_of(manifest))

    def _free_name(self, kind: Kind, suffix: str) -> Path:
        """Names are of whole seconds: a second one in the same second gets the next that is free."""
        now_s, taken = self._clock.now_us() // US_PER_S, {_id_of(file) for file in self._files()}
        while (backup_id := f"{datetime.fromtimestamp(now_s, UTC):%Y%m%dT%H%M%SZ}-{kind.value}") in taken:
            now_s += 1
        return self._folder / f"{backup_id}{suffix}"

    def _forget_old(self, kind: Kind) -> None:
        """Beyond KEPT; but never the newest one without damage, however many damaged ones came after it."""
        own = [one for one in self.all() if one.id.endswith(f"Z-{kind.value}")]
        whole = next((one.id for one in own if one.summary is not None and not one.summary.damaged), None)
        for old in own[KEPT:]:
            if old.id != whole:
                self.file_of(old.id).unlink()
        sync_folder(self._folder)


def _id_of(file: Path) -> str:
    return file.name.partition(".")[0]


def _take(lock: int) -> None:
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise ProblemError(
                    "backup-busy",
                    "Another backup is being made or restored",
                    remedy="Wait until it is done, then try again.",
                    status=409,
                ) from None
            time.sleep(_LOCK_EVERY_S)


@contextmanager
def full_is_a_problem() -> Iterator[None]:
    """Raise ProblemError (507) where the disk refuses for want of room."""
    try:
        yield
    except apsw.FullError:
        raise disk_full() from None
    except OSError as error:
        if error.errno in _FULL:
            raise disk_full() from None
        raise
