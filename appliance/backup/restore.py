"""Puts a backup back in two steps, either of which may be killed at any instant.

`stage` checks everything and leaves it in restore/staged; nothing that is used has changed. `apply_staged` runs in the
unit that owns the files, before it opens any of them:

1. What is there now is kept as a backup, and every new file is written beside the one it replaces. Until then, whatever
   fails (no room, say) leaves everything as it was, and the restoration is given up.
2. restore/staged/plan.json is written: from now on the restoration happens. Files are renamed and removed as it says; a
   start that finds a plan goes on with it, however often it was interrupted.
3. restore/outcome.json says what became of it, and restore/staged goes.

The audit log of now stays if it continues the backup's: going back must not wipe out who did what since.
"""

import io
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import apsw
import msgspec

from appliance.backup.archive import extract
from appliance.backup.checking import Models, check_folder
from appliance.backup.model import Kind, Summary, summary_of
from appliance.backup.rooms import DATABASES, mode_of, present
from appliance.backup.store import BackupStore, full_is_a_problem
from appliance.core.clock import Clock, to_rfc3339
from appliance.core.durable import sync_folder, write_durably
from appliance.core.errors import ProblemError
from appliance.core.paths import Paths
from appliance.db.sqlite import open_reader

log = logging.getLogger(__name__)

M = TypeVar("M", bound=msgspec.Struct)

BESIDE = ".restoring"
SECURITY, AUDIT = (database.name for database in DATABASES)
SETUP_CODE = "state/api/setup-code"


class Staged(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for the next start."""

    summary: Summary
    staged: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Names below the state folder: files to remove, then files whose new content lies beside them."""

    remove: tuple[str, ...]
    put: tuple[str, ...]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the last restoration. kept: the backup of what was there before; problem: why nothing changed."""

    summary: Summary
    applied: str
    kept: str | None = None
    problem: str | None = None


class Restoration:
    """The folder restore/. Every method blocks."""

    def __init__(self, paths: Paths, clock: Clock, models: Models) -> None:
        self._paths = paths
        self._clock = clock
        self._models = models
        self._folder = paths.data / "restore"
        self._staged = self._folder / "staged"
        self._store = BackupStore(paths, clock)

    # --- first step --------------------------------------------------------------------------------------------------

    def stage(self, source: io.BufferedReader, password: str | None) -> Staged:
        """Check a backup and have it wait for the next start, in place of one that waits already.

        Raises ProblemError, having changed nothing: no backup, damaged, of a newer version, wrong password, no room.
        """
        incoming = self._folder / "incoming"
        with self._store.locked(), full_is_a_problem():
            self._refuse_while_applying()
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _removed(incoming)
            incoming.mkdir(mode=0o700)
            try:
                staged = self._checked(source, password, incoming)
                _removed(self._staged)
                incoming.rename(self._staged)
                sync_folder(self._folder)
            finally:
                _removed(incoming)
        return staged

    def _checked(self, source: io.BufferedReader, password: str | None, incoming: Path) -> Staged:
        parts = incoming / "parts"
        parts.mkdir(mode=0o700)
        manifest = extract(source, parts, password)
        check_folder(parts, self._models)
        for folder in (path for path in parts.rglob("*") if path.is_dir()):
            sync_folder(folder)
        sync_folder(parts)
        staged = Staged(summary=summary_of(manifest), staged=to_rfc3339(self._clock.now_us()))
        write_durably(incoming / "staged.json", msgspec.json.encode(staged))
        return staged

    def waiting(self) -> Staged | None:
        """What is staged, if anything."""
        return _read(self._staged / "staged.json", Staged)

    def outcome(self) -> Outcome | None:
        """What became of the last one."""
        return _read(self._folder / "outcome.json", Outcome)

    def cancel(self) -> None:
        """Have nothing wait; raises ProblemError where it has begun."""
        with self._store.locked():
            self._refuse_while_applying()
            _removed(self._staged)

    def _refuse_while_applying(self) -> None:
        if (self._staged / "plan.json").exists():
            raise ProblemError(
                "restore-under-way",
                "A backup is being put in place",
                remedy="Restart the units, then try again.",
                status=409,
            )

    # --- second step -------------------------------------------------------------------------------------------------

    def apply_staged(self) -> Outcome | None:
        """Put in place what waits; None where nothing does. The caller is the only one that uses the files.

        Raises OSError where the disk fails in the middle: the next start goes on. All else is an outcome.
        """
        staged = self.waiting()
        if staged is None:
            self._tidy()
            return None
        plan = _read(self._staged / "plan.json", Plan)
        if plan is None:
            try:
                plan = self._prepared()
            except (ProblemError, OSError, apsw.Error) as error:
                return self._given_up(staged, error)
        with self._store.locked():
            self._carry_out(plan)
        return self._ended(Outcome(summary=staged.summary, applied=self._now(), kept=self._kept()))

    def _prepared(self) -> Plan:
        """Up to and with the plan: from then on there is no way back but another restoration."""
        parts = self._staged / "parts"
        check_folder(parts, self._models)
        if self._kept() is None:
            kept = self._store.create(Kind.BEFORE_RESTORE)
            write_durably(self._staged / "kept", kept.id.encode())
        names = sorted(str(file.relative_to(parts)) for file in parts.rglob("*") if file.is_file())
        if self._continues(parts / AUDIT):
            names.remove(AUDIT)
        for name in names:
            self._write_beside(parts / name, self._paths.data / name, mode_of(name) or 0o600)
        plan = Plan(remove=tuple(self._superfluous(names)), put=tuple(names))
        write_durably(self._staged / "plan.json", msgspec.json.encode(plan))
        return plan

    def _superfluous(self, names: list[str]) -> Iterator[str]:
        """What is there and not in the backup. A database's log must be gone before the database is another."""
        yield SETUP_CODE
        for name in names:
            if name in (SECURITY, AUDIT):
                yield from (f"{name}-wal", f"{name}-shm")
        yield from (name for name in present(self._paths) if name not in names and not name.startswith("tls/"))

    def _write_beside(self, source: Path, target: Path, mode: int) -> None:
        """Folders that are made take the group of theirs, where an installer has set it (setgid)."""
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = target.with_name(target.name + BESIDE)
        with source.open("rb") as read, open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as out:
            os.fchmod(out.fileno(), mode)
            shutil.copyfileobj(read, out, 1 << 20)
            out.flush()
            os.fsync(out.fileno())
        sync_folder(target.parent)

    def _carry_out(self, plan: Plan) -> None:
        """Nothing in here needs room; each thing may have been done already."""
        for name in plan.remove:
            (self._paths.data / name).unlink(missing_ok=True)
        self._sync(plan.remove)
        for name in plan.put:
            target = self._paths.data / name
            with suppress(FileNotFoundError):
                target.with_name(target.name + BESIDE).rename(target)
        self._sync(plan.put)

    def _sync(self, names: tuple[str, ...]) -> None:
        for folder in {(self._paths.data / name).parent for name in names}:
            with suppress(FileNotFoundError):
                sync_folder(folder)

    def _continues(self, backup: Path) -> bool:
        """Whether the audit log of now holds the backup's last entry, unchanged, at its place."""
        query = "SELECT number, hash FROM entry ORDER BY number DESC LIMIT 1"
        now = self._paths.data / AUDIT
        if not now.exists():
            return False
        try:
            last = _rows(backup, query)
            return not last or _rows(now, "SELECT number, hash FROM entry WHERE number = ?", last[0][0]) == last
        except apsw.Error:
            return False

    def _given_up(self, staged: Staged, error: Exception) -> Outcome:
        log.error("the backup is not restored: %s", error)
        self._tidy()
        said = f"{error.title}. {error.remedy}" if isinstance(error, ProblemError) else str(error)
        return self._ended(Outcome(summary=staged.summary, applied=self._now(), problem=said))

    def _tidy(self) -> None:
        """Remove what was written beside and is not going to be used, and what a kill left of an upload."""
        for left in self._folder.glob("upload-*"):
            left.unlink(missing_ok=True)
        for room in ("config", "state/api", "tls"):
            for left in (self._paths.data / room).rglob(f"*{BESIDE}"):
                left.unlink(missing_ok=True)

    def _ended(self, outcome: Outcome) -> Outcome:
        with suppress(OSError):  # a full disk: the restoration is done all the same
            write_durably(self._folder / "outcome.json", msgspec.json.encode(outcome))
        done = self._folder / "done"
        _removed(done)
        self._staged.rename(done)
        sync_folder(self._folder)
        _removed(done)
        return outcome

    def _kept(self) -> str | None:
        with suppress(OSError):
            return (self._staged / "kept").read_text() or None
        return None

    def _now(self) -> str:
        return to_rfc3339(self._clock.now_us())


def _removed(folder: Path) -> None:
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)


def _read(file: Path, model: type[M]) -> M | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=model)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, msgspec.DecodeError) as error:
        log.error("%s cannot be read: %s", file.name, error)
        return None


def _rows(file: Path, query: str, *values: int) -> list[tuple[int, bytes]]:
    db = open_reader(file)
    try:
        return [(int(number), bytes(chained)) for number, chained in db.execute(query, values)]
    finally:
        db.close()
