"""Live transcoding: one worker thread for a track of a camera, shared by all whose browsers need it.

It never falls behind: what it cannot keep up with is left out, up to a key frame (of M-JPEG every picture is one).
"""

import asyncio
import dataclasses
import logging
from collections import deque
from concurrent.futures import ThreadPoolExecutor

from appliance.api.media.codec_choice import note
from appliance.api.media.converter import AudioConverter, VideoConverter
from appliance.api.media.feed import Feed
from appliance.api.media.stream import Chunk, Problem, Track, TrackFormat, Viewer
from appliance.core.clock import US_PER_S, Clock
from appliance.core.errors import ProblemError
from appliance.media.fmp4 import DecodeTimes, audio_chunk, audio_units, video_chunk, video_units
from appliance.media.model import AudioFormat, AudioUnit, VideoFormat, VideoUnit

log = logging.getLogger(__name__)

MOST_PENDING = 500
LATE_US = 200_000  # when a key frame comes and something has waited this long, what waits is left out
LONGEST_FRAME_US = US_PER_S
HELD_AUDIO = 64

Item = tuple[int, TrackFormat | Chunk]  # and when it came


class LiveTranscoder:
    """One track of a feed, transcoded; watches the feed, and is watched by those who need it."""

    def __init__(self, feed: Feed, track: Track, epoch_us: int, clock: Clock) -> None:
        self.viewers: list[Viewer] = []
        self.left_out = 0
        self._feed = feed
        self._track = track
        self._clock = clock
        self._pending: deque[Item] = deque()
        self._waits_for_key = False
        self._more = asyncio.Event()
        self._format: TrackFormat | None = None
        self._held: list[Chunk] = []
        self._work = _Work(epoch_us)

    def join(self, viewer: Viewer) -> None:
        """Add a viewer; it gets the format and everything since the newest key frame at once."""
        if self._format is not None:
            viewer.on_format(self._format)
            for chunk in self._held:
                viewer.on_chunk(chunk)
        self.viewers.append(viewer)

    async def run(self) -> None:
        """Transcode until cancelled, or until it cannot be done."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="transcode")
        try:
            with self._feed.joined(self):
                await self._transcode(thread)
        except ProblemError as problem:
            self._tell_end(problem.to_json())
        except Exception:
            log.exception("transcoding %s failed", self._feed.camera_id)
            self._tell_end(_FAILED)
        finally:
            thread.shutdown(wait=False, cancel_futures=True)

    async def _transcode(self, thread: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while not self._pending:
                self._more.clear()
                await self._more.wait()
            _, item = self._pending.popleft()
            for out in await loop.run_in_executor(thread, self._work.do, item):
                self._hand_out(out)

    def _hand_out(self, out: TrackFormat | Chunk) -> None:
        if isinstance(out, TrackFormat):
            self._format, self._held = out, []
            for viewer in tuple(self.viewers):
                viewer.on_format(out)
            return
        self._hold(out)
        for viewer in tuple(self.viewers):
            viewer.on_chunk(out)

    def _hold(self, chunk: Chunk) -> None:
        if chunk.track is Track.VIDEO and chunk.key:
            self._held = []
        self._held.append(chunk)
        if chunk.track is Track.AUDIO:
            del self._held[:-HELD_AUDIO]

    def _tell_end(self, problem: Problem) -> None:
        for viewer in tuple(self.viewers):
            viewer.on_end(problem)

    # --- what the feed tells (stream.Viewer) ------------------------------------------------------------------------

    def on_state(self, status: str, problem: Problem | None) -> None:
        """See Viewer. The viewers hear it from the feed."""

    def on_format(self, fmt: TrackFormat) -> None:
        """See Viewer."""
        if fmt.track is self._track:
            self._leave_out()
            self._put(fmt)

    def on_chunk(self, chunk: Chunk) -> None:
        """See Viewer."""
        if chunk.track is not self._track:
            return
        if chunk.key:
            self._waits_for_key = False
            if self._late():
                self._leave_out()
        elif len(self._pending) >= MOST_PENDING:
            self._leave_out()
            self._waits_for_key = True
        if self._waits_for_key:
            self.left_out += 1
        else:
            self._put(chunk)

    def on_end(self, problem: Problem) -> None:
        """See Viewer. The viewers hear it from the feed."""

    def _put(self, item: TrackFormat | Chunk) -> None:
        self._pending.append((self._clock.monotonic_us(), item))
        self._more.set()

    def _late(self) -> bool:
        return bool(self._pending) and self._clock.monotonic_us() - self._pending[0][0] > LATE_US

    def _leave_out(self) -> None:
        """Forget the chunks that wait, but no format."""
        formats = [(at_us, item) for at_us, item in self._pending if isinstance(item, TrackFormat)]
        self.left_out += len(self._pending) - len(formats)
        self._pending = deque(formats)


class _Work:
    """What happens in the worker thread; its times count from epoch_us."""

    def __init__(self, epoch_us: int) -> None:
        self._epoch_us = epoch_us
        self._source: TrackFormat | None = None
        self._converter: VideoConverter | AudioConverter | None = None
        self._said: VideoFormat | AudioFormat | None = None
        self._decode_times = DecodeTimes()
        self._last_us: int | None = None
        self._frame_us = 40_000
        self._sequence = 0

    def do(self, item: TrackFormat | Chunk) -> list[TrackFormat | Chunk]:
        """Take a format or a chunk; returns what has become ready. Raises ProblemError."""
        if isinstance(item, TrackFormat):
            fmt = item.fmt
            self._source = item
            self._converter = VideoConverter(fmt) if isinstance(fmt, VideoFormat) else AudioConverter(fmt)
            return []
        if isinstance(self._converter, VideoConverter):
            return self._video(self._converter, item)
        if isinstance(self._converter, AudioConverter) and self._source is not None:
            return self._audio(self._converter, item, self._source.fmt)
        return []

    def _video(self, converter: VideoConverter, chunk: Chunk) -> list[TrackFormat | Chunk]:
        units = [dataclasses.replace(unit, time_us=chunk.time_us) for unit in video_units(chunk.data, self._epoch_us)]
        ready = converter.push(units)
        return [*self._announced(converter.format), *map(self._video_chunk, ready)]

    def _audio(
        self, converter: AudioConverter, chunk: Chunk, source: VideoFormat | AudioFormat
    ) -> list[TrackFormat | Chunk]:
        assert isinstance(source, AudioFormat)
        ready = converter.push(audio_units(chunk.data, self._epoch_us, source.sample_rate_hz))
        chunks = [self._audio_chunk(unit, converter.format) for unit in ready]
        return [*self._announced(converter.format), *chunks]

    def _announced(self, fmt: VideoFormat | AudioFormat | None) -> list[TrackFormat]:
        if fmt is None or fmt == self._said or self._source is None:
            return []
        self._said = fmt
        return [TrackFormat.of(fmt, note(self._source.fmt, fmt.width if isinstance(fmt, VideoFormat) else 0))]

    def _video_chunk(self, unit: VideoUnit) -> Chunk:
        if self._last_us is not None and 0 < unit.time_us - self._last_us < LONGEST_FRAME_US:
            self._frame_us = unit.time_us - self._last_us
        self._last_us = unit.time_us
        data = video_chunk(
            unit,
            epoch_us=self._epoch_us,
            duration_us=self._frame_us,
            sequence=self._next(),
            decode_us=self._decode_times.next(unit.time_us),
        )
        return Chunk(Track.VIDEO, unit.time_us, unit.key, unit.damaged, data)

    def _audio_chunk(self, unit: AudioUnit, fmt: AudioFormat) -> Chunk:
        data = audio_chunk(unit, fmt, epoch_us=self._epoch_us, sequence=self._next())
        return Chunk(Track.AUDIO, unit.time_us, True, False, data)

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence


_FAILED = ProblemError(
    "internal",
    "Transcoding failed inside the recorder",
    remedy="Open the picture again. If it stays so, look at the log of the api unit.",
    status=500,
).to_json()
