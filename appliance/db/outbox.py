"""Events somebody is owed: stored in their owner's SQLite first, gone from it when the broker has acknowledged them."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import apsw

from appliance.core.bus import Bus, BusDownError
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
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="outbox")
        self._db: apsw.Connection | None = None
        self._more = asyncio.Event()

    async def open(self) -> None:
        """Open the file; what an earlier process left is delivered first."""
        self._db = await self._call(lambda: open_writer(self._path, MIGRATIONS, synchronous="NORMAL"))
        self._more.set()

    async def put(self, event: Event) -> None:
        """Store an event; beyond MOST_OWED the oldest are forgotten, and that is logged."""
        await self._call(lambda: self._insert(encode_event(event)))
        self._more.set()

    async def pump(self, bus: Bus) -> None:
        """Deliver for ever, in order; ends only when cancelled."""
        while True:
            await self._more.wait()
            self._more.clear()
            while batch := await self._call(self._oldest):
                await self._deliver(bus, batch)

    async def _deliver(self, bus: Bus, batch: list[tuple[int, bytes]]) -> None:
        for number, content in batch:
            while True:
                await bus.wait_connected()
                try:
                    await bus.publish_owed(decode_event(content))
                except BusDownError:
                    await asyncio.sleep(RETRY_S)
                else:
                    break
            await self._call(partial(self._delete, number))

    async def close(self) -> None:
        """Close the file."""
        if self._db is not None:
            await self._call(self._db.close)
        self._thread.shutdown()

    async def _call(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _connection(self) -> apsw.Connection:
        assert self._db is not None, "open() comes first"
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
