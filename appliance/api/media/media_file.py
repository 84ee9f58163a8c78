"""Any recorded range as one MP4 file over HTTP: planned once, then read in large pieces ahead of the client."""

import asyncio
import os
from collections import OrderedDict
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec
from aiohttp import web

from appliance.api.media.byte_ranges import ByteRange, UnsatisfiableError, is_known, wanted
from appliance.api.media.file_name import content_disposition, file_name
from appliance.api.media.parts import MediaParts
from appliance.api.media.reading import read
from appliance.api.media.times import time_range
from appliance.api.problems import problem_response
from appliance.api.routing import Call
from appliance.core.clock import US_PER_S
from appliance.core.errors import ProblemError
from appliance.recordings.media_range import FileSlice, MediaRange, plan

LONGEST_US = 24 * 3600 * US_PER_S
PIECE_BYTES = 1024 * 1024
WRITE_TIMEOUT_S = 120.0
KEEP_PLANS, KEEP_FOR_US, KEEP_UP_TO_US = 16, 60 * US_PER_S, 3600 * US_PER_S
SETTLED_US = 30 * US_PER_S  # what is recorded is published well within this


class MediaFileQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """start, end: RFC 3339. audio: with sound. download: have the browser save it."""

    start: str
    end: str
    audio: bool = True
    download: bool = False


class MediaFiles:
    """Serves GET /api/v1/cameras/{id}/media.mp4. Players ask for many ranges of one file: its plan is kept a while."""

    def __init__(self, parts: MediaParts) -> None:
        self._parts = parts
        self._plans: OrderedDict[tuple[str, int, int, bool], tuple[int, MediaRange, str]] = OrderedDict()

    async def serve(self, call: Call) -> web.StreamResponse:
        """Answer a GET or HEAD; raises ProblemError."""
        camera_id, query = call.params["id"], call.query
        start_us, end_us = time_range(query.start, query.end, LONGEST_US)
        name = await self._parts.recorded(camera_id)
        planned, etag = await self._planned(camera_id, start_us, end_us, query.audio)
        headers = {"ETag": etag, "Accept-Ranges": "bytes", "Cache-Control": "private, no-cache"}
        if is_known(call.request.headers, etag):
            return web.Response(status=304, headers=headers)
        try:
            part = wanted(call.request.headers, planned.total_size, etag)
        except UnsatisfiableError:
            return _unsatisfiable(planned.total_size)
        if query.download:
            headers["Content-Disposition"] = content_disposition(file_name(name, planned.start_us, "mp4"))
        return await self._send(call.request, planned, part, headers)

    async def _planned(self, camera_id: str, start_us: int, end_us: int, audio: bool) -> tuple[MediaRange, str]:
        key, now_us = (camera_id, start_us, end_us, audio), self._parts.clock.monotonic_us()
        kept = self._plans.get(key)
        if kept is not None and now_us - kept[0] < KEEP_FOR_US:
            return kept[1], kept[2]

        def make() -> tuple[MediaRange, str]:
            planned = plan(self._parts.reader(), camera_id, start_us, end_us, audio=audio)
            return planned, planned.etag

        planned, etag = await read(self._parts.reading, make)
        complete = planned.end_us >= end_us or end_us < self._parts.clock.now_us() - SETTLED_US
        if complete and end_us - start_us <= KEEP_UP_TO_US:
            self._plans[key] = now_us, planned, etag
            self._plans.move_to_end(key)
            while len(self._plans) > KEEP_PLANS:
                self._plans.popitem(last=False)
        return planned, etag

    async def _send(
        self, request: web.Request, planned: MediaRange, part: ByteRange, headers: dict[str, str]
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=200 if part.whole else 206, headers=headers)
        response.content_type = "video/mp4"
        response.content_length = part.length
        if not part.whole:
            response.headers["Content-Range"] = part.content_range
        if request.method == "HEAD":
            await response.prepare(request)
        else:
            await self._stream(request, response, Pieces(planned, part))
        return response

    async def _stream(self, request: web.Request, response: web.StreamResponse, pieces: "Pieces") -> None:
        """Read the next piece while the last one is sent. What cannot be read before the first byte is a problem."""
        piece = await read(self._parts.playing, pieces.next)
        await response.prepare(request)
        while piece:
            ahead = asyncio.ensure_future(read(self._parts.playing, pieces.next))
            try:
                async with asyncio.timeout(WRITE_TIMEOUT_S):
                    await response.write(piece)
                piece = await ahead
            except (OSError, ProblemError) as error:
                _give_up(request)
                raise ConnectionResetError("the file or the client is gone") from error
            finally:
                ahead.cancel()
        await response.write_eof()


class Pieces:
    """The bytes of a part of a planned file, in pieces; for one thread at a time."""

    def __init__(self, planned: MediaRange, part: ByteRange) -> None:
        self._slices = planned.slices(part.first, part.end)
        self._rest: bytes | FileSlice | None = None
        self._left = part.length

    def next(self) -> memoryview:
        """The next bytes; empty at the end. Raises OSError, and ValueError where a file is shorter than planned."""
        piece = memoryview(bytearray(min(PIECE_BYTES, self._left)))
        at = 0
        with OpenFile() as file:
            while at < len(piece):
                at += self._fill(piece[at:], file)
        self._left -= at
        return piece

    def _fill(self, room: memoryview, file: "OpenFile") -> int:
        rest = next(self._slices) if self._rest is None else self._rest
        if isinstance(rest, bytes):
            count = min(len(rest), len(room))
            room[:count] = rest[:count]
            self._rest = rest[count:] or None
            return count
        count = os.preadv(file.descriptor(rest.path), [room[: rest.length]], rest.offset)
        if not count:
            raise ValueError("a segment is shorter than its index says")
        left = rest.length - count
        self._rest = FileSlice(rest.path, rest.offset + count, left) if left else None
        return count


class OpenFile(AbstractContextManager["OpenFile"]):
    """At most one open file: neighbouring fragments mostly lie in the same one."""

    def __init__(self) -> None:
        self._open: tuple[Path, int] | None = None

    def descriptor(self, path: Path) -> int:
        """The descriptor of a file, opened for reading; raises OSError."""
        if self._open is None or self._open[0] != path:
            self._close()
            self._open = path, os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        return self._open[1]

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._open is not None:
            os.close(self._open[1])
            self._open = None


def _give_up(request: web.Request) -> None:
    """The length is promised: an answer that cannot be whole must not look so."""
    if request.transport is not None:
        request.transport.abort()


def _unsatisfiable(size: int) -> web.Response:
    problem = ProblemError(
        "range-not-satisfiable",
        f"The file has {size} bytes, and the range lies behind them",
        remedy="Ask for bytes inside of the file.",
        status=416,
        field="Range",
    )
    return problem_response(problem, {"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"})
