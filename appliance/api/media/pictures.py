"""Snapshots: the newest picture of a camera, or the recorded one of a time, as JPEG."""

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated

import av
import msgspec
from aiohttp import web
from msgspec import Meta

from appliance.api.media.byte_ranges import is_known
from appliance.api.media.parts import MediaParts
from appliance.api.media.reading import read
from appliance.api.media.stream import Chunk, Problem, Track, TrackFormat
from appliance.api.media.times import time_us
from appliance.api.routing import Call
from appliance.core.clock import US_PER_S
from appliance.core.errors import ProblemError
from appliance.media.fmp4 import video_units
from appliance.media.model import VideoFormat, VideoUnit
from appliance.media.snapshot import snapshot
from appliance.recordings.stills import recorded_picture

LIVE_TIMEOUT_S = 2.0
FRESH_US = US_PER_S // 2  # a picture taken this recently is the newest one for the next who asks
MOST_FRESH = 128


class SnapshotQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """time: RFC 3339; the newest picture where it is left out. width: at most that many pixels."""

    time: str | None = None
    width: Annotated[int, Meta(ge=16, le=8192)] | None = None


class Pictures:
    """Serves GET /api/v1/cameras/{id}/snapshot.jpg."""

    def __init__(self, parts: MediaParts) -> None:
        self._parts = parts
        self._fresh: dict[tuple[str, int | None], tuple[int, asyncio.Future[bytes]]] = {}

    async def serve(self, call: Call) -> web.StreamResponse:
        """Answer a GET; raises ProblemError."""
        camera_id, query = call.params["id"], call.query
        if query.time is None:
            jpeg = await self._newest_shared(self._parts.configured(camera_id).id, query.width)
            return web.Response(body=jpeg, content_type="image/jpeg", headers={"Cache-Control": "no-store"})
        at_us = time_us(query.time, "time")
        await self._parts.recorded(camera_id)
        jpeg = await self._recorded(camera_id, at_us, query.width)
        etag = f'"{hashlib.sha256(jpeg).hexdigest()[:32]}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if is_known(call.request.headers, etag):
            return web.Response(status=304, headers=headers)
        return web.Response(body=jpeg, content_type="image/jpeg", headers=headers)

    async def _newest_shared(self, camera_id: str, width: int | None) -> bytes:
        """Many who ask at once share one decoding."""
        key, now_us = (camera_id, width), self._parts.clock.monotonic_us()
        taken = self._fresh.get(key)
        if taken is None or now_us - taken[0] > FRESH_US:
            for old in [k for k, (at_us, _) in self._fresh.items() if now_us - at_us > FRESH_US]:
                del self._fresh[old]
            if len(self._fresh) >= MOST_FRESH:
                self._fresh.clear()
            taken = self._fresh[key] = now_us, asyncio.ensure_future(self._newest(camera_id, width))
            taken[1].add_done_callback(lambda done: done.cancelled() or done.exception())  # whoever asked may be gone
        return await asyncio.shield(taken[1])

    async def _newest(self, camera_id: str, width: int | None) -> bytes:
        with suppress(TimeoutError):
            fmt, units = await self._live(camera_id)
            return await self._parts.imaging.run(lambda: _decoded(lambda: snapshot(fmt, units, width=width)))
        latest_us = await read(self._parts.reading, lambda: self._parts.reader().latest_us(camera_id))
        if latest_us is None:
            raise ProblemError(
                "no-picture",
                "There is no picture of this camera yet",
                remedy="Look at the camera's state: it says why none has come.",
                status=404,
            )
        return await self._recorded(camera_id, latest_us - 1, width)

    async def _live(self, camera_id: str) -> tuple[VideoFormat, list[VideoUnit]]:
        """The video since the newest key frame; raises TimeoutError where none comes soon."""
        shown = _Shown()
        async with asyncio.timeout(LIVE_TIMEOUT_S), self._parts.feeds.watch(camera_id) as feed:
            epoch_us = await feed.epoch_us()
            with feed.joined(shown):
                fmt = await shown.started
                chunks = feed.held()
        return fmt, [u for c in chunks if c.track is Track.VIDEO for u in video_units(c.data, epoch_us)]

    async def _recorded(self, camera_id: str, at_us: int, width: int | None) -> bytes:
        def take() -> bytes:
            return _decoded(lambda: recorded_picture(self._parts.reader(), camera_id, at_us, width=width))

        return await read(self._parts.imaging, take)


def _decoded(picture: Callable[[], bytes]) -> bytes:
    """Make a picture; raises ProblemError where libav cannot."""
    try:
        return picture()
    except av.FFmpegError as error:
        raise ProblemError(
            "no-picture",
            "The picture of this time is damaged",
            remedy="Choose a slightly later time, or check the connection to the camera.",
            status=404,
        ) from error


class _Shown:
    """Waits for the first key frame of a feed (stream.Viewer)."""

    def __init__(self) -> None:
        self.started: asyncio.Future[VideoFormat] = asyncio.get_running_loop().create_future()
        self._format: VideoFormat | None = None

    def on_state(self, status: str, problem: Problem | None) -> None:
        """See Viewer. No picture is to be waited for from a camera that sends none."""
        if status != "streaming" and problem is not None and not self.started.done():
            self.started.set_exception(TimeoutError())

    def on_format(self, fmt: TrackFormat) -> None:
        """See Viewer."""
        if isinstance(fmt.fmt, VideoFormat):
            self._format = fmt.fmt

    def on_chunk(self, chunk: Chunk) -> None:
        """See Viewer."""
        if chunk.track is Track.VIDEO and chunk.key and self._format is not None and not self.started.done():
            self.started.set_result(self._format)

    def on_end(self, problem: Problem) -> None:
        """See Viewer."""
