"""Events somebody is owed: stored in their owner's SQLite first, gone from it when the broker has acknowledged them."""

import asyncio
import itertools
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import apsw

from appliance.core.bus import Bus, BusDownError
from appliance.core.errors import ProblemError
from appliance.core.events import Event, decode_event, encode_event
from appliance.db.sqlite import open_writer

log = logging.getLogger(__name__)

MIGRATIONS = ("CREATE TABLE owed (number INTEGER PRIMARY KEY, event BLOB NOT NULL) STRICT",)
BATCH = 32
MOST_OWED = 100_000
RETRY_S = 1.0

T = TypeVar("T")


class Outbox:
    """One unit's owed events, in order. Its thread owns the file; every method may be called on the event loop.

    Delivery is at least once: a kill between acknowledgement and deletion repeats an event with the same id.
    A disk that refuses delays an event and ends nothing: recording must not depend on what it has to tell.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="outbox")
        self._db: apsw.Connection | None = None
        self._more = asyncio.Event()

    async def open(self) -> None:
        """Open the file; what an earlier process left is delivered first. A damaged file is set aside, with a log.

        Where the disk has no room for that, the first `put` or `pump` tries again until it has.
        """
        try:
            await self._call(self._connection)
        except (apsw.Error, OSError) as error:
            log.error("%s cannot be opened now: %s", self._path.name, error)
        self._more.set()

    async def put(self, event: Event) -> None:
        """Store an event; waits while the disk refuses. Beyond MOST_OWED the oldest are forgotten, and logged."""
        content = encode_event(event)
        await self._patiently(lambda: self._insert(content))
        self._more.set()

    async def pump(self, bus: Bus, to: Sequence[str] = ("api",)) -> None:
        """Deliver for ever, in order, while the units they are owed `to` are there; ends only when cancelled."""
        while True:
            await self._more.wait()
            self._more.clear()
            while batch := await self._patiently(self._oldest):
                for number, content in batch:
                    await self._deliver(bus, content, to)
                    await self._patiently(partial(self._delete, number))

    async def _deliver(self, bus: Bus, content: bytes, to: Sequence[str]) -> None:
        try:
            event = decode_event(content)
        except ProblemError as problem:
            log.error("an owed event is unreadable and is left out: %s", problem.detail)
            return
        while True:
            await bus.wait_connected()
            try:
                await bus.publish_owed(event, to)
                return
            except BusDownError:
                await asyncio.sleep(RETRY_S)

    async def close(self) -> None:
        """Close the file."""
        if self._db is not None:
            await self._call(self._db.close)
        self._thread.shutdown()

    async def _call(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _patiently(self, work: Callable[[], T]) -> T:
        """Try until SQLite can: a full disk, a failing one."""
        for attempt in itertools.count():
            try:
                return await self._call(work)
            except (apsw.Error, OSError) as error:
                if attempt == 0:
                    log.error("%s cannot be used now: %s", self._path.name, error)
                await asyncio.sleep(RETRY_S)
        raise AssertionError("itertools.count() has no end")

    def _open(self) -> apsw.Connection:
        try:
            return self._opened()
        except (apsw.CorruptError, apsw.NotADBError) as error:
            log.error("%s is damaged (%s); it is set aside and a new one begun", self._path.name, error)
            for suffix in ("", "-wal", "-shm"):
                damaged = self._path.with_name(self._path.name + suffix)
                if damaged.exists():
                    damaged.rename(damaged.with_name(damaged.name + ".damaged"))
            return self._opened()

    def _opened(self) -> apsw.Connection:
        db = open_writer(self._path, MIGRATIONS)
        try:
            (verdict,) = next(iter(db.execute("PRAGMA quick_check(1)")))
        except apsw.Error:
            db.close()
            raise
        if verdict != "ok":
            db.close()
            raise apsw.CorruptError(verdict)
        return db

    def _connection(self) -> apsw.Connection:
        if self._db is None:
            self._db = self._open()
        return self._db

    def _insert(self, content: bytes) -> None:
        db = self._connection()
        with db:
            db.execute("INSERT INTO owed (event) VALUES (?)", (content,))
            number = db.last_insert_rowid()
            db.execute("DELETE FROM owed WHERE number <= ?", (number - MOST_OWED,))
            if db.changes() and number > MOST_OWED:
                log.error("more than %d events are owed; the oldest was forgotten", MOST_OWED)

    def _oldest(self) -> list[tuple[int, bytes]]:
        return list(self._connection().execute("SELECT number, event FROM owed ORDER BY number LIMIT ?", (BATCH,)))

    def _delete(self, number: int) -> None:
        self._connection().execute("DELETE FROM owed WHERE number = ?", (number,))
