import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from appliance.api.media.feed import Feed
from appliance.api.media.live_transcoder import LATE_US, MOST_PENDING, LiveTranscoder
from appliance.api.media.stream import Chunk, Problem, Track, TrackFormat
from appliance.core.clock import ManualClock
from appliance.media.fmp4 import video_chunk
from appliance.media.model import VideoFormat, VideoUnit
from tests.api.media.site import until
from tests.media import encoded

EPOCH_US = encoded.START_US
FRAME_US = 40_000


@dataclass
class Seen:
    """A viewer that remembers."""

    formats: list[TrackFormat] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def on_state(self, status: str, problem: Problem | None) -> None:
        pass

    def on_format(self, fmt: TrackFormat) -> None:
        self.formats.append(fmt)

    def on_chunk(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)

    def on_end(self, problem: Problem) -> None:
        self.problems.append(problem)

    def numbers(self) -> list[int]:
        return [(chunk.time_us - EPOCH_US) // FRAME_US for chunk in self.chunks]


def chunks(units: list[VideoUnit]) -> list[Chunk]:
    return [
        Chunk(Track.VIDEO, u.time_us, u.key, False, video_chunk(u, epoch_us=EPOCH_US, duration_us=FRAME_US, sequence=n))
        for n, u in enumerate(units)
    ]


def transcoder(fmt: VideoFormat, clock: ManualClock) -> tuple[LiveTranscoder, Seen]:
    feed = Feed(Path("/nonexistent"), "cam", clock)
    made, seen = LiveTranscoder(feed, Track.VIDEO, EPOCH_US, clock), Seen()
    made.join(seen)
    made.on_format(TrackFormat.of(fmt))
    return made, seen


async def test_pictures_that_waited_too_long_are_left_out_for_the_newest() -> None:
    clock = ManualClock()
    fmt, units = encoded.mjpeg(50)
    made, seen = transcoder(fmt, clock)
    for chunk in chunks(units):
        made.on_chunk(chunk)
        clock.advance(FRAME_US)
    task = asyncio.create_task(made.run())
    await until(lambda: bool(seen.chunks) and seen.numbers()[-1] == 49)
    assert len(seen.numbers()) <= LATE_US // FRAME_US + 2
    assert made.left_out == 50 - len(seen.numbers())
    task.cancel()


async def test_a_coding_with_groups_is_taken_up_again_at_a_key_frame() -> None:
    clock = ManualClock()
    fmt, units = encoded.h265(100, gop=25)
    made, seen = transcoder(fmt, clock)
    for chunk in chunks(units):
        made.on_chunk(chunk)
        clock.advance(FRAME_US)
    task = asyncio.create_task(made.run())
    await until(lambda: bool(seen.chunks) and seen.numbers()[-1] == 99)
    assert seen.numbers() == list(range(75, 100))
    task.cancel()


async def test_what_waits_is_bounded_where_no_key_frame_comes() -> None:
    fmt, units = encoded.mjpeg(1)
    made, _ = transcoder(fmt, ManualClock())
    key, *_ = chunks(units)
    for number in range(3 * MOST_PENDING):
        made.on_chunk(Chunk(Track.VIDEO, key.time_us + number, number == 0, False, key.data))
    assert made.left_out >= 2 * MOST_PENDING


async def test_who_joins_later_begins_at_the_newest_key_frame() -> None:
    fmt, units = encoded.mjpeg(60)
    made, seen = transcoder(fmt, ManualClock())
    for chunk in chunks(units):
        made.on_chunk(chunk)
    task = asyncio.create_task(made.run())
    await until(lambda: len(seen.chunks) == 60)
    late = Seen()
    made.join(late)
    assert late.formats == seen.formats
    assert late.numbers() == list(range(50, 60)) and late.chunks[0].key
    task.cancel()


async def test_a_stream_that_cannot_be_decoded_ends_with_cause_and_remedy() -> None:
    fmt, _ = encoded.h265(2)
    made, seen = transcoder(fmt, ManualClock())
    made.on_chunk(Chunk(Track.VIDEO, EPOCH_US, True, False, b"no fragment"))
    await asyncio.wait_for(made.run(), 20)
    assert seen.problems and seen.problems[0]["remedy"]
