"""Which files a backup holds, and how each is copied so that it is whole.

What is left out, and why: recordings (too large, and their index is rebuilt from them), sessions (everybody signs in
anew), the setup code, the bus passwords (made anew), and the machine's identity and network settings (they belong to
the machine, not to what it does).
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import apsw

from appliance.core.paths import Paths
from appliance.db.sqlite import open_reader
from appliance.security import audit, schema

SNAPSHOT_TRIES = 10
_PRIVATE, _PUBLIC, _TABLE = 0o600, 0o644, 0o640


@dataclass(frozen=True, slots=True)
class Database:
    """A SQLite file. migrations: how many this version knows. emptied: tables whose rows are not kept."""

    name: str
    migrations: int
    emptied: tuple[str, ...] = ()


DATABASES = (
    Database("state/api/security.db", len(schema.MIGRATIONS), ("session",)),
    Database("state/api/audit.db", len(audit.MIGRATIONS)),
)
TABLES = re.compile(r"config/[a-z][a-z0-9-]{0,40}\.json")
REVISIONS = re.compile(r"config/revisions/[a-z][a-z0-9-]{0,40}/[0-9]{8}\.json")
_TLS = {"tls/ca.pem": _PUBLIC, "tls/ca.key": _PRIVATE, "tls/server.pem": _PUBLIC, "tls/server.key": _PRIVATE}


def mode_of(name: str) -> int | None:
    """The mode of a file once it is restored; None: a backup holds no file of this name."""
    if name in _TLS:
        return _TLS[name]
    if any(name == database.name for database in DATABASES) or REVISIONS.fullmatch(name):
        return _PRIVATE
    return _TABLE if TABLES.fullmatch(name) else None


def present(paths: Paths) -> list[str]:
    """The names of every file that there is now, databases left out."""
    tables = [f"config/{file.name}" for file in paths.config.glob("*.json")]
    revisions = [str(file.relative_to(paths.data)) for file in (paths.config / "revisions").glob("*/*.json")]
    names = [*tables, *revisions, *_TLS]
    return sorted(name for name in names if mode_of(name) is not None and (paths.data / name).is_file())


def snapshot(paths: Paths) -> Iterator[tuple[str, bytes]]:
    """Every plain file. The tables are of one instant; revisions that are newer than theirs are not listed by them."""
    for _ in range(SNAPSHOT_TRIES):
        tables = sorted(paths.config.glob("*.json"))
        before = [_signature(file) for file in tables]
        contents = [_content(file) for file in tables]
        if [_signature(file) for file in tables] == before and sorted(paths.config.glob("*.json")) == tables:
            break
    found = {f"config/{file.name}": content for file, content in zip(tables, contents, strict=True)}
    for name in present(paths):
        content = found.get(name) if name in found else _content(paths.data / name)
        if content is not None:
            yield name, content


def copy_database(database: Database, paths: Paths, target: Path) -> str | None:
    """Copy a database as of one instant, while others write it; returns what is wrong with it, if anything.

    Raises OSError, apsw.FullError; FileNotFoundError where there is none.
    """
    source = paths.data / database.name
    if not source.exists():
        raise FileNotFoundError(source)
    try:
        _copied(source, target)
        return _emptied(database, target)
    except (apsw.FullError, apsw.CantOpenError):
        raise
    except apsw.Error as error:
        return f"{database.name}: {error}"


def checked(file: Path) -> str | None:
    """What SQLite's integrity check says of a file that nobody writes; None: it is well."""
    try:
        db = open_reader(file)
        try:
            (verdict,) = next(iter(db.execute("PRAGMA integrity_check(1)")))
        finally:
            db.close()
    except apsw.Error as error:
        return str(error)
    return None if verdict == "ok" else str(verdict)


def _copied(source: Path, target: Path) -> None:
    """SQLite's backup API, in one step: a reader of one instant, which no writer waits for."""
    reader, copy = open_reader(source), apsw.Connection(str(target))
    try:
        with copy.backup("main", reader, "main") as backup:
            backup.step(-1)
    finally:
        copy.close()
        reader.close()
    target.chmod(_PRIVATE)


def _emptied(database: Database, target: Path) -> str | None:
    """Into one file without WAL, without the rows that are not kept, and without what was deleted before."""
    copy = apsw.Connection(str(target))
    try:
        copy.execute("PRAGMA journal_mode = DELETE")
        for table in database.emptied:
            copy.execute(f"DELETE FROM {table}")  # noqa: S608 - a constant of this module
        copy.execute("VACUUM")
    finally:
        copy.close()
    fault = checked(target)
    return None if fault is None else f"{database.name}: {fault}"


def _signature(file: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
