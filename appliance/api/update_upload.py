"""A bundle on its way in: from the socket to a file that is handed to the updates unit, never as a whole in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from aiohttp import web

from appliance.api.update_book import UpdateBook
from appliance.core.clock import US_PER_S
from appliance.core.errors import ProblemError
from appliance.core.unit import UnitContext
from appliance.updates import problems
from appliance.updates.files import UpdateFiles
from appliance.updates.model import Task

SILENCE_TIMEOUT_S = 30.0
PIECE_BYTES = 1024 * 1024
OCTETS = "application/octet-stream"
_WORKING = ("checking", "downloading", "installing")


class Upload:
    """One at a time."""

    def __init__(self, context: UnitContext, book: UpdateBook, silence_timeout_s: float = SILENCE_TIMEOUT_S) -> None:
        self._clock = context.clock
        self._book = book
        self._files = UpdateFiles(context.paths.updates)
        self._silence_timeout_s = silence_timeout_s
        self._cancelled = asyncio.Event()

    def cancel(self) -> bool:
        """Give up what is being received; False where nothing is."""
        if not self._book.receiving:
            return False
        self._cancelled.set()
        return True

    @asynccontextmanager
    async def received(self, request: web.Request) -> AsyncIterator[str]:
        """The name of the whole file in the folder `incoming`. Whoever is handed it moves it away; else it is removed.

        Raises ProblemError, and ConnectionError when the client goes away.
        """
        size_bytes = _declared(request)
        self._check_free()
        self._cancelled.clear()
        self._book.show_receiving(Task(state="receiving", percent=0))
        part, whole = self._files.new_incoming(self._clock.now_us())
        try:
            await asyncio.to_thread(self._prepare, size_bytes)
            await self._write(request, part, size_bytes)
            part.rename(whole)
            self._book.show_receiving(None)
            yield whole.name
        finally:
            if self._book.receiving:
                self._book.show_receiving(None)
            part.unlink(missing_ok=True)
            whole.unlink(missing_ok=True)

    def _check_free(self) -> None:
        status = self._book.view()
        if self._book.receiving or status.task.state in _WORKING:
            raise problems.busy()
        if status.running.slot is None:
            raise problems.not_here()
        if status.task.state == "restart-needed":
            raise problems.restart_first(status.task.version)

    def _prepare(self, size_bytes: int) -> None:
        self._files.prepare()
        self._files.clear_incoming(self._clock.now_us())
        self._files.check_room(size_bytes)

    async def _write(self, request: web.Request, part: Path, size_bytes: int) -> None:
        have, shown_us = 0, self._clock.monotonic_us()
        with part.open("xb") as file:
            while piece := await self._next(request):
                have += len(piece)
                await asyncio.to_thread(_append, file, piece)
                if self._clock.monotonic_us() - shown_us >= US_PER_S:
                    shown_us = self._clock.monotonic_us()
                    self._book.show_receiving(Task(state="receiving", percent=have * 100 // size_bytes))
        if have != size_bytes:
            raise problems.interrupted()

    async def _next(self, request: web.Request) -> bytes:
        """The next piece, empty at the end."""
        if self._cancelled.is_set():
            raise ProblemError(
                "cancelled", "The update was cancelled", remedy="Send it again if it is wanted.", status=409
            )
        try:
            async with asyncio.timeout(self._silence_timeout_s):
                return await request.content.read(PIECE_BYTES)
        except TimeoutError:
            raise problems.interrupted() from None
        except web.RequestPayloadError:
            raise problems.interrupted() from None


def _append(file: BinaryIO, piece: bytes) -> None:
    try:
        file.write(piece)
        file.flush()
    except OSError as error:
        raise problems.not_written(error) from None


def _declared(request: web.Request) -> int:
    """How long the body is; raises ProblemError where it does not say, or is no file."""
    if request.content_type != OCTETS:
        raise ProblemError(
            "not-a-file", "The body is not declared as a file", remedy=f"Send Content-Type: {OCTETS}.", status=415
        )
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ProblemError(
            "compressed", "The body is compressed", remedy="Send it without Content-Encoding.", status=415
        )
    if not request.content_length:
        raise ProblemError(
            "length-required", "The length of the body is not known", remedy="Send Content-Length.", status=411
        )
    return request.content_length
