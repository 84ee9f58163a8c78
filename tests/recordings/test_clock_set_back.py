"""The recorder's clock is set back in the middle of a recording: everything stays, plays and has its place."""

from dataclasses import replace
from itertools import pairwise

import av

from appliance.core.clock import US_PER_S
from appliance.media.model import VideoUnit
from appliance.recordings.fsck import check
from appliance.recordings.gop import GopBuilder
from appliance.recordings.media_range import plan
from appliance.recordings.model import Fragment, RecordingKind
from appliance.recordings.playback import FragmentChunk, Playback
from tests.media.encoded import START_US, h264
from tests.recordings.conftest import Recorded

HOUR_US = 3600 * US_PER_S


def fragments_of(*runs: list[VideoUnit]) -> list[Fragment]:
    fmt, _ = h264(1)
    builder = GopBuilder()
    builder.video_format(fmt)
    found = [builder.video(unit) for run in runs for unit in run]
    return [fragment for fragment in (*found, builder.flush()) if fragment is not None]


def moved(units: list[VideoUnit], by_us: int) -> list[VideoUnit]:
    return [replace(unit, time_us=unit.time_us + by_us) for unit in units]


async def record(recorded: Recorded, fragments: list[Fragment]) -> None:
    stream = recorded.writer.stream("cam")
    for fragment in fragments:
        stream.write(fragment, RecordingKind.CONTINUOUS)
    await recorded.until(lambda: len(recorded.published) == len(fragments))
    stream.close()
    recorded.writer.flush()


async def test_what_is_recorded_before_and_after_stays_in_order(recorded: Recorded) -> None:
    _, units = h264(200, gop=25)
    fragments = fragments_of(units[:100], moved(units[100:], -HOUR_US))
    assert [len(f.video) for f in fragments] == [25] * 8
    await record(recorded, fragments)
    found = list(recorded.reader.fragments("cam", 0))
    assert len(found) == 8
    assert all(one.end_us <= other.start_us for one, other in pairwise(found))
    later, earlier = recorded.reader.segments()
    assert (later.start_us, later.end_us) == (START_US, START_US + 4 * US_PER_S)
    assert (earlier.start_us, earlier.end_us) == (START_US + 4 * US_PER_S - HOUR_US, START_US + 8 * US_PER_S - HOUR_US)
    for segment in (earlier, later):
        with av.open(str(segment.path), "r") as file:
            assert len(list(file.decode(video=0))) == 100
    assert list(check(recorded.volume, deep=True)) == []


async def test_a_time_recorded_twice_plays_once_and_without_a_broken_picture(recorded: Recorded) -> None:
    """The clock is set back by 5 s of 8, and key pictures come every 3 s only."""
    _, units = h264(400, gop=75)
    fragments = fragments_of(units[:200], moved(units[225:], -5 * US_PER_S))
    await record(recorded, fragments)
    found = list(recorded.reader.fragments("cam", 0))
    breaks = [other for one, other in pairwise(found) if one.path != other.path]
    assert [fragment.key for fragment in breaks] == [True]
    chunks = [item for item in Playback(recorded.reader, "cam", 0) if isinstance(item, FragmentChunk)]
    assert [chunk.start_us for chunk in chunks] == [fragment.start_us for fragment in found]
    planned = plan(recorded.reader, "cam", START_US, START_US + 60 * US_PER_S)
    data = planned.read(0, planned.total_size)
    path = recorded.volume.root / "whole.mp4"
    path.write_bytes(data)
    with av.open(str(path), "r") as file:
        pictures = list(file.decode(video=0))
    assert len(pictures) >= 8 * 25
    spans = recorded.reader.spans("cam", 0, START_US * 2)
    assert all(one.end_us <= other.start_us for one, other in pairwise(spans))
