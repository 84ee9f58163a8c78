"""Configuration: TinyDB tables, one JSON file each, behind a crash-safe storage; revisions; one writer.

CONFIG/TABLE.json is the table; CONFIG/revisions/TABLE/00000042.json what its revision 42 changed, before and after.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, Self, TypeVar

import msgspec
import tinydb
from tinydb.storages import Storage

from appliance.core.clock import Clock, SystemClock
from appliance.core.durable import write_durably
from appliance.core.errors import ProblemError

REVISIONS_KEPT = 200
SECRET_FIELDS = frozenset({"password", "password_hash", "secret", "token_hash"})
MASK = "•••"
TABLE_MODE = 0o640

POLL_S = 1.0


class Record(Protocol):
    """What a table holds: a msgspec struct with an id."""

    @property
    def id(self) -> str:
        """The key, unique in its table."""
        ...


M = TypeVar("M", bound=Record)


class DurableStorage(Storage):
    """TinyDB's own storage rewrites the file in place, so that a kill tears it; this one replaces it as one step."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, dict[str, Any]] | None:
        """The tables, or None where there is no file yet."""
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return None
        return msgspec.json.decode(content, type=dict[str, dict[str, Any]])

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Durable when it returns; readable by the group, for other units read it as users of their own."""
        write_durably(self._path, msgspec.json.format(msgspec.json.encode(data), indent=1), mode=TABLE_MODE)


@dataclass(frozen=True, slots=True)
class Revision:
    """One change of a table. before and after are whole records by id, only those that changed; None: not there."""

    revision: int
    time_us: int
    actor: str
    table: str
    before: dict[str, dict[str, Any] | None]
    after: dict[str, dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of one record that differs; secrets are masked."""

    record: str
    field: str
    before: Any
    after: Any


class Table(Generic[M]):
    """A table of records of one model, by their `id` field. Every write is durable and makes a revision."""

    def __init__(self, folder: Path, name: str, model: type[M], clock: Clock) -> None:
        self.name = name
        self._model = model
        self._clock = clock
        self._file = folder / f"{name}.json"
        self._revisions = folder / "revisions" / name
        self._revisions.mkdir(parents=True, exist_ok=True)
        self._content = read_table(self._file)
        self._records = _converted(self._content.records, model, self._file)

    @property
    def revision(self) -> int:
        """The number of the newest change; 0 for an untouched table."""
        return self._content.revision

    def all(self) -> tuple[M, ...]:
        """Every record, in order of id."""
        return tuple(self._records[key] for key in sorted(self._records))

    def get(self, record_id: str) -> M | None:
        """One record."""
        return self._records.get(record_id)

    def put(self, record: M, *, actor: str, expected: int | None = None) -> int:
        """Add or replace; returns the new revision. expected: refuse (409) if the table has changed since."""
        return self._change({record.id: msgspec.to_builtins(record)}, actor, expected)

    def delete(self, record_id: str, *, actor: str, expected: int | None = None) -> int:
        """Remove; returns the new revision; a record that is not there is no error."""
        if record_id not in self._records:
            return self.revision
        return self._change({record_id: None}, actor, expected)

    def revisions(self) -> list[Revision]:
        """The changes that are kept, newest first; without one that was noted and whose table could not be written."""
        files = sorted(self._revisions.glob("*.json"), reverse=True)
        noted = [msgspec.json.decode(file.read_bytes(), type=Revision) for file in files]
        return [change for change in noted if change.revision <= self.revision]

    def diff(self, revision: int) -> list[FieldChange]:
        """What a revision changed, field by field, with secrets masked."""
        change = self._revision(revision)
        found: list[FieldChange] = []
        for record_id, after in change.after.items():
            old, new = _flat(change.before.get(record_id)), _flat(after)
            names = sorted(n for n in old.keys() | new.keys() if old.get(n) != new.get(n))
            found += [FieldChange(record_id, n, _masked(n, old.get(n)), _masked(n, new.get(n))) for n in names]
        return found

    def restore(self, revision: int, *, actor: str) -> int:
        """Undo every change after this revision, as a change of its own; returns the new revision."""
        target: dict[str, dict[str, Any] | None] = {}
        for change in self.revisions():
            if change.revision <= revision:
                break
            target.update(change.before)
        else:
            if revision != 0 or self.revision > REVISIONS_KEPT:
                raise _no_revision(self.name, revision)
        if not target:
            return self.revision
        _converted({k: v for k, v in target.items() if v is not None}, self._model, self._file)
        return self._change(target, actor, None)

    def _revision(self, revision: int) -> Revision:
        file = self._revisions / f"{revision:08}.json"
        if revision > self.revision or not file.exists():
            raise _no_revision(self.name, revision)
        return msgspec.json.decode(file.read_bytes(), type=Revision)

    def _change(self, changes: dict[str, dict[str, Any] | None], actor: str, expected: int | None) -> int:
        if expected is not None and expected != self.revision:
            raise ProblemError(
                "changed-meanwhile",
                "Somebody else changed this in the meantime",
                remedy="Load it again, look at the change, and apply yours to it.",
                status=409,
                detail=f"expected revision {expected}, found {self.revision}",
            )
        records = dict(self._content.records)
        before = {key: records.get(key) for key in changes}
        for key, value in changes.items():
            if value is None:
                records.pop(key, None)
            else:
                records[key] = value
        converted = _converted(records, self._model, self._file)
        content = TableContent(self.revision + 1, records)
        self._note(Revision(content.revision, self._clock.now_us(), actor, self.name, before, changes))
        write_table(self._file, content)
        self._content, self._records = content, converted
        return content.revision

    def _note(self, change: Revision) -> None:
        """Written before the table: a revision without its change is overwritten by the next one."""
        write_durably(self._revisions / f"{change.revision:08}.json", msgspec.json.encode(change))
        for old in sorted(self._revisions.glob("*.json"))[:-REVISIONS_KEPT]:
            old.unlink()


@dataclass(frozen=True, slots=True)
class TableContent:
    """A table as it lies in its file."""

    revision: int
    records: dict[str, dict[str, Any]]


def read_table(file: Path) -> TableContent:
    """Read a table; an absent one is empty; raises ProblemError where the content is not a table."""
    try:
        with tinydb.TinyDB(file, storage=DurableStorage) as database:
            meta, records = database.table("meta").all(), database.table("records").all()
        return TableContent(int(meta[0]["revision"]) if meta else 0, {r["id"]: dict(r) for r in records})
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, AttributeError, OSError) as error:
        raise _unreadable(file, str(error)) from None


def write_table(file: Path, content: TableContent) -> None:
    """Replace a table's file as one step, in TinyDB's layout."""
    storage = DurableStorage(file)
    records = {str(n): r for n, r in enumerate(content.records.values(), 1)}
    storage.write({"meta": {"1": {"revision": content.revision}}, "records": records})


class ConfigStore(AbstractContextManager["ConfigStore"]):
    """The writer's side: one process holds the lock on the folder."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self._folder = folder
        self._clock = clock or SystemClock()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # an installer has made it for several users
        self._lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise ProblemError(
                "configuration-in-use",
                "Another process is writing this configuration",
                remedy="Stop the other api unit, or give this one a state folder of its own.",
                status=500,
            ) from None

    def table(self, name: str, model: type[M]) -> Table[M]:
        """A table of this model; raises ProblemError where the file does not fit it."""
        return Table(self._folder, name, model, self._clock)

    def close(self) -> None:
        """Give the lock back."""
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ConfigReader:
    """The other units' side: snapshots, and a wait for change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, name: str, model: type[M]) -> tuple[int, tuple[M, ...]]:
        """(revision, records); raises ProblemError where the file does not fit the model."""
        file = self._folder / f"{name}.json"
        content = read_table(file)
        return content.revision, tuple(_converted(content.records, model, file).values())

    async def watch(self, names: Sequence[str], nudge: asyncio.Event) -> AsyncIterator[None]:
        """Yield once at the start and then whenever one of the tables has changed.

        nudge: set by whoever hears `config/changed` on the bus; without it a change is seen within POLL_S.
        """
        seen: object = None
        while True:
            now = await asyncio.to_thread(self.signature, names)
            if now != seen:
                seen = now
                yield
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await nudge.wait()
            nudge.clear()

    def signature(self, names: Sequence[str]) -> tuple[tuple[int, ...] | None, ...]:
        """Changes whenever one of the tables does."""
        return tuple(_signature(self._folder / f"{name}.json") for name in names)


def _signature(file: Path) -> tuple[int, ...] | None:
    """The time of the inode's change is in it, so that a file made readable again is read again."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size


def _converted(records: dict[str, dict[str, Any]], model: type[M], file: Path) -> dict[str, M]:
    try:
        return {key: msgspec.convert(record, model) for key, record in records.items()}
    except msgspec.ValidationError as error:
        raise _unreadable(file, str(error)) from None


def _flat(record: dict[str, Any] | None, prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in (record or {}).items():
        flat.update(_flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value})
    return flat


def _masked(name: str, value: Any) -> Any:
    return MASK if value and name.rsplit(".", 1)[-1] in SECRET_FIELDS else value


def _unreadable(file: Path, detail: str) -> ProblemError:
    return ProblemError(
        "configuration-unreadable",
        f"The configuration file {file.name} cannot be read",
        remedy="Restore it from a backup; the folder revisions beside it holds what was changed of late.",
        status=500,
        detail=detail,
    )


def _no_revision(table: str, revision: int) -> ProblemError:
    return ProblemError(
        "no-such-revision",
        f"Revision {revision} of {table} is not kept",
        remedy=f"Choose one of the newest {REVISIONS_KEPT} revisions.",
        status=404,
        field="revision",
    )
