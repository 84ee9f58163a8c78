"""A SQLite file with a thread of its own, so that the event loop never waits for the disk."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import apsw

from appliance.db.maintenance import maintain
from appliance.db.sqlite import open_writer

log = logging.getLogger(__name__)

T = TypeVar("T")


class DatabaseThread:
    """The one writer of a file. Work runs in order, each piece in a transaction, durable when its call returns."""

    def __init__(self, path: Path, migrations: Sequence[str]) -> None:
        self._path = path
        self._migrations = migrations
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=path.stem)
        self._db: apsw.Connection | None = None

    async def open(self) -> None:
        """Open and migrate; raises ProblemError as `open_writer` does.

        The WAL's index stays behind at the end: a full disk has no room to make it, and the file could not be opened.
        """
        self._db = await self._run(lambda: open_writer(self._path, self._migrations, shared=True))

    async def call(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run work in one transaction; what it raises rolls back and comes out here."""
        return await self._run(lambda: self._transaction(work))

    async def attempt(self, work: Callable[[apsw.Connection], object]) -> None:
        """As `call`, for housekeeping: where the disk refuses (it is full, say) that is logged and forgotten."""
        try:
            await self.call(work)
        except apsw.Error as error:
            log.warning("%s cannot be written now: %s", self._path.name, error)

    async def maintain(self) -> bool:
        """Give back what was deleted; False where the file is not whole, or cannot be written."""
        try:
            return await self._run(self._maintained)
        except apsw.Error as error:
            log.warning("%s cannot be maintained now: %s", self._path.name, error)
            return False

    async def close(self) -> None:
        """Close the file."""
        if self._db is not None:
            await self._run(self._db.close)
            self._db = None
        self._thread.shutdown()

    def _maintained(self) -> bool:
        assert self._db is not None, "open() comes first"
        return maintain(self._db, self._path.name)

    def _transaction(self, work: Callable[[apsw.Connection], T]) -> T:
        assert self._db is not None, "open() comes first"
        with self._db:
            result = work(self._db)
        return result

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
