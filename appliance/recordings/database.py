"""Opening the index files."""

from collections.abc import Sequence
from pathlib import Path

import apsw


def open_writer(path: Path, migrations: Sequence[str]) -> apsw.Connection:
    """The one read-write connection: WAL, synchronous=FULL, migrated to the newest schema."""
    path.parent.mkdir(parents=True, exist_ok=True)
    db = apsw.Connection(str(path))
    db.set_busy_timeout(5000)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        db.execute(f"PRAGMA {pragma}")
    (version,) = next(iter(db.execute("PRAGMA user_version")))
    for number, script in enumerate(migrations[version:], version + 1):
        with db:
            db.execute(script)
            db.execute(f"PRAGMA user_version = {number}")
    return db


def open_reader(path: Path) -> apsw.Connection:
    """A read-only connection."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    db.set_busy_timeout(5000)
    return db
