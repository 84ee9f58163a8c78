"""SQLite, one writer process per file: WAL, STRICT tables, numbered migrations (sqlite.org/wal.html)."""

import ctypes
import fcntl
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import apsw

from appliance.core.errors import ProblemError

OLDEST_SQLITE = (3, 51, 3)  # before it, a checkpoint could reset the WAL under a reader and lose a commit
BUSY_TIMEOUT_MS = 5000

_found = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
if _found < OLDEST_SQLITE:
    raise ImportError(f"SQLite {_found} has the WAL-reset bug; {OLDEST_SQLITE} or newer is needed")


class Writer(apsw.Connection):
    """A read-write connection that holds the file's writer lock until it is closed or its process dies."""

    _lock = -1
    _keeps_wal = False

    def hold(self, lock: int) -> None:
        """Keep the lock's descriptor for as long as the connection."""
        self._lock = lock

    def keep_wal(self) -> None:
        """Leave an empty WAL and its index behind at the end: who may not write the folder could not read without."""
        yes = ctypes.c_int(1)
        self._keeps_wal = self.file_control("main", apsw.SQLITE_FCNTL_PERSIST_WAL, ctypes.addressof(yes))

    def close(self, force: bool = False) -> None:
        """Close, then give the lock back."""
        if self._keeps_wal:
            self._keeps_wal = False
            with suppress(apsw.Error):
                self.execute("PRAGMA journal_size_limit = 0")
        super().close(force)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def open_writer(path: Path, migrations: Sequence[str], *, synchronous: str = "FULL", shared: bool = False) -> Writer:
    """The one read-write connection, migrated to the newest schema; migration n is applied at user_version n - 1.

    shared: processes that may not write the folder read the file too, also while nobody has it open for writing; and
    the file can be opened where the disk is full.
    Raises ProblemError where another process writes this file, or a newer program has migrated it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = _writer_lock(path)
    db = Writer(str(path))
    db.hold(lock)
    try:
        db.set_busy_timeout(BUSY_TIMEOUT_MS)
        if shared:
            db.keep_wal()
        for pragma in ("journal_mode = WAL", f"synchronous = {synchronous}", "foreign_keys = ON"):
            db.execute(f"PRAGMA {pragma}")
        _migrate(db, path, migrations)
    except BaseException:
        db.close()
        raise
    return db


def open_reader(path: Path) -> apsw.Connection:
    """A read-only connection; raises apsw.CantOpenError where the file is not there."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    db.set_busy_timeout(BUSY_TIMEOUT_MS)
    return db


def _writer_lock(path: Path) -> int:
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise ProblemError(
            "database-in-use",
            f"Another process is writing {path.name}",
            remedy="Stop the other process; every file has one writer.",
            status=500,
        ) from None
    return lock


def _migrate(db: apsw.Connection, path: Path, migrations: Sequence[str]) -> None:
    (version,) = next(iter(db.execute("PRAGMA user_version")))
    if version > len(migrations):
        raise ProblemError(
            "database-too-new",
            f"{path.name} was written by a newer version",
            remedy="Install that version again, or restore the backup made before the update.",
            status=500,
        )
    for number, script in enumerate(migrations[version:], version + 1):
        with db:
            db.execute(script)
            db.execute(f"PRAGMA user_version = {number}")
