"""One camera's live stream inside the api unit: read once from ingest, handed to everybody who watches.

A feed lives as long as somebody watches. Media time of all that it hands out counts from one epoch, whatever ingest
does meanwhile: when ingest or the camera comes back, its chunks are moved onto the feed's time.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from appliance.api.media.live_client import LiveFormat, LiveMessage, LiveState, MalformedLiveError, connected
from appliance.api.media.stream import Chunk, Problem, Track, TrackFormat, Viewer, moved
from appliance.core.clock import US_PER_S, Clock
from appliance.core.errors import ProblemError
from appliance.core.tasks import Backoff

log = logging.getLogger(__name__)

MAX_HELD_BYTES = 16 * 1024 * 1024
RECONNECT_FIRST_S, RECONNECT_LONGEST_S = 0.1, 1.0
EPOCH_TIMEOUT_S = 1.0
RESTART_US = 60 * US_PER_S  # an ingest unit that is away for longer does not just restart
EARLIER_US = 60 * US_PER_S  # an epoch chosen before the first picture lies this much before now

_RESTARTING = ProblemError(
    "recorder-restarting",
    "The part of the recorder that receives this camera is restarting",
    remedy="Nothing to do: the picture comes back by itself within seconds.",
    status=503,
).to_json()
_NOT_RUNNING = ProblemError(
    "recorder-not-running",
    "The part of the recorder that receives this camera does not run",
    remedy="Look at the health of the ingest units on the system page, and at their logs.",
    status=503,
).to_json()
_CLOCK_SET_BACK = ProblemError(
    "clock-set-back",
    "The recorder's clock was set back",
    remedy="Nothing to do: open the picture again.",
    status=503,
).to_json()
_INTERNAL = ProblemError(
    "internal",
    "The live stream failed inside the recorder",
    remedy="Open the picture again. If it stays so, look at the log of the api unit.",
    status=500,
).to_json()


class Feed:
    """The live stream of one camera. `run` keeps it going; use `Feeds.watch` to come by one."""

    def __init__(self, socket: Path, camera_id: str, clock: Clock) -> None:
        self.camera_id = camera_id
        self.state: LiveState | None = None
        self.formats: dict[Track, TrackFormat] = {}
        self._socket = socket
        self._clock = clock
        self._viewers: list[Viewer] = []
        self._held: list[Chunk] = []
        self._held_bytes = 0
        self._epoch_us: int | None = None
        self._ingest_epoch_us = 0
        self._sequence = 0
        self._lost_us: int | None = None
        self._news = asyncio.Event()

    # --- for those who watch ----------------------------------------------------------------------------------------

    async def epoch_us(self) -> int:
        """The UTC of media time 0; waits a moment for the camera's, then chooses one."""
        with suppress(TimeoutError):
            async with asyncio.timeout(EPOCH_TIMEOUT_S):
                while self._epoch_us is None and (self.state is None or self.state.status == "streaming"):
                    self._news.clear()
                    await self._news.wait()
        if self._epoch_us is None:
            self._epoch_us = self._clock.now_us() - EARLIER_US
        return self._epoch_us

    @contextmanager
    def joined(self, viewer: Viewer) -> Iterator[None]:
        """Let a viewer watch: it hears the state, the formats and everything since the newest key frame at once."""
        state = self.state or LiveState("waiting", _RESTARTING)
        viewer.on_state(state.status, state.problem)
        for fmt in self.formats.values():
            viewer.on_format(fmt)
        for chunk in self._held:
            viewer.on_chunk(chunk)
        self._viewers.append(viewer)
        try:
            yield
        finally:
            if viewer in self._viewers:
                self._viewers.remove(viewer)

    def held(self) -> tuple[Chunk, ...]:
        """Every chunk since the newest key frame."""
        return tuple(self._held)

    # --- the connection to ingest -----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Read, and connect again when the ingest unit restarts; ends only when cancelled."""
        try:
            await self._run()
        except Exception:
            log.exception("the live stream of %s failed", self.camera_id)
            self._end(_INTERNAL)

    async def _run(self) -> None:
        backoff = Backoff(random.Random(), RECONNECT_FIRST_S, RECONNECT_LONGEST_S)
        while True:
            try:
                await self._read(backoff)
            except (OSError, EOFError) as error:
                self._lost(error)
            except ValueError as error:
                log.warning("the live stream of %s is malformed: %s", self.camera_id, error)
                self._lost(error)
            await asyncio.sleep(backoff.next_s())

    async def _read(self, backoff: Backoff) -> None:
        async with connected(self._socket, self.camera_id) as connection:
            self._lost_us = None
            async for message in connection:
                self._take(message)
                if isinstance(message, Chunk):
                    backoff.reset()

    def _take(self, message: LiveMessage) -> None:
        if isinstance(message, LiveState):
            self._say(message)
        elif isinstance(message, LiveFormat):
            self._take_format(message)
        else:
            self._take_chunk(message)

    def _take_format(self, message: LiveFormat) -> None:
        self._ingest_epoch_us = message.epoch_us
        if self._epoch_us is None:
            self._epoch_us = message.epoch_us
            self._news.set()
        track = message.fmt.track
        if track is Track.VIDEO:
            self._forget()
        else:
            self._hold([chunk for chunk in self._held if chunk.track is not track])
        self.formats[track] = message.fmt
        for viewer in tuple(self._viewers):
            viewer.on_format(message.fmt)

    def _take_chunk(self, chunk: Chunk) -> None:
        fmt = self.formats.get(chunk.track)
        if fmt is None:
            raise MalformedLiveError("a chunk before its format")
        chunk = self._on_own_time(chunk, fmt)
        if chunk.track is Track.VIDEO and chunk.key:
            self._forget()
        self._held.append(chunk)
        self._held_bytes += len(chunk.data)
        if self._held_bytes > MAX_HELD_BYTES:
            self._forget()
        for viewer in tuple(self._viewers):
            viewer.on_chunk(chunk)

    def _on_own_time(self, chunk: Chunk, fmt: TrackFormat) -> Chunk:
        """Move a chunk from ingest's media time to the feed's, which cannot show what lies before its epoch."""
        self._sequence += 1
        epoch_us = self._ingest_epoch_us if self._epoch_us is None else self._epoch_us
        if chunk.time_us < epoch_us != self._ingest_epoch_us:
            self._end(_CLOCK_SET_BACK)
            epoch_us = self._ingest_epoch_us
        self._epoch_us = epoch_us
        return moved(chunk, self._ingest_epoch_us - epoch_us, fmt.fmt, self._sequence)

    def _lost(self, error: Exception) -> None:
        """The connection is gone; what ingest said last stays said where it already explains why nothing comes."""
        self._forget()
        self.formats = {}
        explained = self.state is not None and self.state.status != "streaming" and isinstance(error, EOFError)
        now_us = self._clock.monotonic_us()
        self._lost_us = now_us if self._lost_us is None else self._lost_us
        if not explained:
            self._say(LiveState("waiting", _RESTARTING if now_us - self._lost_us < RESTART_US else _NOT_RUNNING))

    def _say(self, state: LiveState) -> None:
        if state == self.state:
            return
        self.state = state
        self._news.set()
        for viewer in tuple(self._viewers):
            viewer.on_state(state.status, state.problem)

    def _end(self, problem: Problem) -> None:
        self._epoch_us = None
        self._forget()
        viewers, self._viewers = self._viewers, []
        for viewer in viewers:
            viewer.on_end(problem)

    def _forget(self) -> None:
        self._hold([])

    def _hold(self, chunks: list[Chunk]) -> None:
        self._held = chunks
        self._held_bytes = sum(len(chunk.data) for chunk in chunks)


class Feeds:
    """The feeds that somebody watches now, one for each camera."""

    def __init__(self, socket_of: Callable[[str], Path], clock: Clock) -> None:
        """socket_of: the live socket of the ingest unit that owns a camera."""
        self._socket_of = socket_of
        self._clock = clock
        self._feeds: dict[str, tuple[Feed, asyncio.Task[None]]] = {}
        self._watchers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._feeds)

    @asynccontextmanager
    async def watch(self, camera_id: str) -> AsyncIterator[Feed]:
        """The camera's feed, started for the first watcher and ended with the last one."""
        if camera_id not in self._feeds:
            feed = Feed(self._socket_of(camera_id), camera_id, self._clock)
            self._feeds[camera_id] = feed, asyncio.create_task(feed.run(), name=f"feed-{camera_id}")
        self._watchers[camera_id] = self._watchers.get(camera_id, 0) + 1
        try:
            yield self._feeds[camera_id][0]
        finally:
            self._watchers[camera_id] -= 1
            if not self._watchers[camera_id]:
                await self._stop(camera_id)

    async def _stop(self, camera_id: str) -> None:
        del self._watchers[camera_id]
        _, task = self._feeds.pop(camera_id)
        task.cancel()
        await asyncio.wait((task,))
