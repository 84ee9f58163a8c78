"""What a camera's recorder leaves on a real volume: recordings by cause, and a ledger without holes."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from appliance.cameras.model import ManualRecording, RecordingMethods
from appliance.core.clock import SystemClock
from appliance.ingest.recorder import Recorder
from appliance.media.model import VideoCodec, VideoFormat, VideoUnit
from appliance.recordings.model import Gap, GapCause, RecordingKind, Span
from appliance.recordings.reader import RecordingReader
from appliance.recordings.writer import RecordingWriter
from appliance.volumes.volume import Volume

S = 1_000_000
T0 = 1_795_523_400 * S
FORMAT = VideoFormat(VideoCodec.MJPEG, 64, 48, b"", "mjpeg")
CONTINUOUS = RecordingMethods(continuous=True, manual=ManualRecording(prebuffer_s=3, postbuffer_s=2))
ON_DEMAND = RecordingMethods(continuous=False, manual=ManualRecording(prebuffer_s=3, postbuffer_s=2))


class Rig:
    """A volume with one camera on it; `at` is the time of the last second fed."""

    def __init__(self, volume: Volume) -> None:
        self.volume = volume
        self.writer = RecordingWriter(volume, "ingest-0", SystemClock())

    def recorder(self, methods: RecordingMethods) -> Recorder:
        recorder = Recorder(methods, self.writer.stream("front"), self.writer.covered_to("front"))
        recorder.video_format(FORMAT)
        return recorder

    async def read(self) -> tuple[list[Span], list[Gap]]:
        await asyncio.to_thread(self.writer.stop)
        reader = RecordingReader([self.volume])
        spans, gaps = reader.spans("front", T0, T0 + 1000 * S), reader.gaps("front", T0, T0 + 1000 * S)
        reader.close()
        return spans, gaps


@asynccontextmanager
async def rig(folder: Path) -> AsyncIterator[Rig]:
    one = Rig(await asyncio.to_thread(Volume.open_or_create, folder, SystemClock()))
    await asyncio.to_thread(one.writer.start)
    yield one
    await asyncio.to_thread(one.writer.stop)


def feed(recorder: Recorder, from_s: int, to_s: int, *, damaged_s: int | None = None) -> None:
    for tick in range(from_s * 5, to_s * 5):
        key = tick % 5 == 0
        recorder.video(VideoUnit(T0 + tick * S // 5, b"x" * 50, key, damaged=damaged_s == tick // 5 and tick % 5 > 1))


def seconds(things: list[Span] | list[Gap]) -> list[tuple[float, float]]:
    return [(round((t.start_us - T0) / S, 3), round((t.end_us - T0) / S, 3)) for t in things]


async def test_continuous_recording_has_no_hole(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        recorder = one.recorder(CONTINUOUS)
        feed(recorder, 0, 10)
        recorder.stop(T0 + 10 * S, GapCause.RESTART)
        spans, gaps = await one.read()
    assert seconds(spans) == [(0, 10)]
    assert spans[0].kinds == RecordingKind.CONTINUOUS
    assert gaps == []


async def test_a_lost_camera_leaves_a_gap_with_its_cause(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        recorder = one.recorder(CONTINUOUS)
        feed(recorder, 0, 5)
        recorder.interrupted(GapCause.CAMERA, T0 + 5 * S)
        feed(recorder, 9, 12)
        recorder.stop(T0 + 12 * S, GapCause.RESTART)
        spans, gaps = await one.read()
    assert seconds(spans) == [(0, 5), (9, 12)]
    assert [(gap.cause, *seconds([gap])) for gap in gaps] == [(GapCause.CAMERA, (5, 9))]


async def test_a_long_outage_is_in_the_ledger_while_it_lasts(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        recorder = one.recorder(CONTINUOUS)
        feed(recorder, 0, 5)
        recorder.interrupted(GapCause.CAMERA, T0 + 5 * S)
        for now_s in range(5, 40):
            recorder.tick(T0 + now_s * S, streaming=False)
        _spans, gaps = await one.read()
    assert seconds(gaps)[0][0] == 5
    assert seconds(gaps)[-1][1] >= 30
    assert {gap.cause for gap in gaps} == {GapCause.CAMERA}


async def test_time_the_recorder_was_not_running_is_laid_to_the_restart(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        recorder = one.recorder(CONTINUOUS)
        feed(recorder, 0, 5)
        recorder.interrupted(GapCause.CAMERA, T0 + 5 * S)
    async with rig(tmp_path) as two:
        recorder = two.recorder(CONTINUOUS)
        feed(recorder, 20, 25)
        recorder.stop(T0 + 25 * S, GapCause.RESTART)
        spans, gaps = await two.read()
    assert seconds(spans) == [(0, 5), (20, 25)]
    assert [(gap.cause, *seconds([gap])) for gap in gaps] == [(GapCause.RESTART, (5, 20))]


async def test_a_camera_that_is_gone_after_a_restart_is_not_laid_to_the_restart(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        recorder = one.recorder(CONTINUOUS)
        feed(recorder, 0, 5)
        recorder.interrupted(GapCause.CAMERA, T0 + 5 * S)
    async with rig(tmp_path) as two:
        recorder = two.recorder(CONTINUOUS)
        recorder.interrupted(GapCause.CAMERA, T0 + 8 * S)
        feed(recorder, 20, 25)
        recorder.stop(T0 + 25 * S, GapCause.RESTART)
        _, gaps = await two.read()
    assert [(gap.cause, *seconds([gap])) for gap in gaps] == [
        (GapCause.RESTART, (5, 8)),
        (GapCause.CAMERA, (8, 20)),
    ]


async def test_a_manual_recording_begins_with_its_prebuffer_and_ends_with_its_postbuffer(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        recorder = one.recorder(ON_DEMAND)
        feed(recorder, 0, 20)
        recorder.press(T0 + 20 * S)
        feed(recorder, 20, 30)
        recorder.release(T0 + 30 * S)
        feed(recorder, 30, 50)
        recorder.stop(T0 + 50 * S, GapCause.RESTART)
        spans, gaps = await one.read()
    assert {span.kinds for span in spans} == {RecordingKind.MANUAL}
    (from_s, _), (_, to_s) = seconds(spans)[0], seconds(spans)[-1]
    assert 15 <= from_s <= 17
    assert 32 <= to_s <= 34
    assert {gap.cause for gap in gaps} == {GapCause.SCHEDULE}


async def test_pressing_rec_on_a_continuous_camera_marks_what_is_on_disk_and_stores_nothing_twice(
    tmp_path: Path,
) -> None:
    async with rig(tmp_path) as one:
        recorder = one.recorder(CONTINUOUS)
        feed(recorder, 0, 10)
        recorder.press(T0 + 10 * S)
        feed(recorder, 10, 15)
        recorder.release(T0 + 15 * S)
        feed(recorder, 15, 25)
        recorder.stop(T0 + 25 * S, GapCause.RESTART)
        spans, _ = await one.read()
        reader = RecordingReader([one.volume])
        stored = [(f.start_us, f.end_us) for f in reader.fragments("front", T0)]
        reader.close()
    manual = [span for span in spans if RecordingKind.MANUAL in span.kinds]
    assert seconds(manual)[0][0] <= 7.5
    assert 17 <= seconds(manual)[-1][1] <= 19
    assert all(earlier[1] == later[0] for earlier, later in itertools.pairwise(stored))
    assert stored[0][0] == T0
    assert stored[-1][1] == T0 + 25 * S


async def test_a_damaged_gop_is_recorded_and_marked(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        recorder = one.recorder(CONTINUOUS)
        feed(recorder, 0, 10, damaged_s=4)
        recorder.stop(T0 + 10 * S, GapCause.RESTART)
        spans, gaps = await one.read()
    assert seconds(spans) == [(0, 10)]
    assert [(gap.cause, *seconds([gap])) for gap in gaps] == [(GapCause.LOSS, (4.4, 5))]
    assert recorder.damaged_fragments == 1


async def test_switching_a_camera_off_is_said_in_the_ledger_until_it_is_back(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        recorder = one.recorder(CONTINUOUS)
        feed(recorder, 0, 5)
        recorder.stop(T0 + 8 * S, GapCause.DISABLED)
        feed(recorder, 8, 10)
        spans, gaps = await one.read()
    assert seconds(spans) == [(0, 5)]
    assert [(gap.cause, *seconds([gap])) for gap in gaps] == [(GapCause.DISABLED, (5, 8))]


async def test_what_a_camera_misses_after_it_was_stopped_has_the_cause_of_that(tmp_path: Path) -> None:
    async with rig(tmp_path / "v") as one:
        first = one.recorder(CONTINUOUS)
        feed(first, 0, 4)
        first.stop(T0 + 4 * S, GapCause.DISABLED)
        second = Recorder(CONTINUOUS, one.writer.stream("front"), T0 + 4 * S, GapCause.DISABLED)
        second.video_format(FORMAT)
        feed(second, 60, 64)
        second.stop(T0 + 64 * S, GapCause.RESTART)
        spans, gaps = await one.read()
    assert seconds(spans) == [(0, 4), (60, 64)]
    assert [(gap.cause, times) for gap, times in zip(gaps, seconds(gaps), strict=True)] == [
        (GapCause.DISABLED, (4, 60))
    ]
