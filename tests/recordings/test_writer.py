import asyncio
import subprocess
from itertools import pairwise
from pathlib import Path

import av

from appliance.recordings.fsck import check
from appliance.recordings.gop import GopBuilder
from appliance.recordings.model import Fragment, GapCause, RecordingKind
from appliance.recordings.playback import read_fragment
from appliance.recordings.reader import RecordingReader
from appliance.recordings.rebuild import rebuild
from tests.media.encoded import h264
from tests.recordings.conftest import Recorded
from tests.recordings.material import H264_SMALL, SECOND, START_US, fragment, payload

CONTINUOUS, MANUAL = RecordingKind.CONTINUOUS, RecordingKind.MANUAL


async def write(recorded: Recorded, fragments: list[Fragment], kinds: RecordingKind = CONTINUOUS) -> None:
    stream = recorded.writer.stream("cam")
    for one in fragments:
        stream.write(one, kinds)
    stream.close()
    await recorded.until(lambda: len(recorded.published) >= len(fragments))


async def test_what_is_published_is_on_the_disk_and_readable(recorded: Recorded) -> None:
    stream = recorded.writer.stream("cam")
    stream.write(fragment(0, audio=True), CONTINUOUS)
    await recorded.until(lambda: recorded.published == [("cam", START_US + SECOND)])
    (stored,) = recorded.reader.fragments("cam", START_US)
    data = read_fragment(stored)
    assert all(payload(0, unit) in data for unit in range(5))
    assert (stored.key, stored.damaged, stored.audio_size > 8000) == (True, False, True)


async def test_nothing_is_shown_before_it_was_synced(recorded: Recorded) -> None:
    recorded.writer.stream("cam").write(fragment(0), CONTINUOUS)
    assert recorded.reader.spans("cam", 0, START_US * 2) == []
    await recorded.until(lambda: bool(recorded.published))
    assert len(recorded.reader.spans("cam", 0, START_US * 2)) == 1


async def test_a_new_segment_every_minute_without_a_gap(recorded: Recorded) -> None:
    await write(recorded, [fragment(n) for n in range(130)])
    segments = recorded.reader.segments("cam")[::-1]
    assert [(s.end_us - s.start_us) // SECOND for s in segments] == [60, 60, 10]
    assert [s.start_us for s in segments[1:]] == [s.end_us for s in segments[:-1]]
    assert recorded.reader.gaps("cam", 0, START_US * 2) == []


async def test_a_new_format_or_a_break_in_time_begins_a_segment(recorded: Recorded) -> None:
    await write(recorded, [fragment(0), fragment(1, fmt=H264_SMALL), fragment(5, fmt=H264_SMALL)])
    segments = recorded.reader.segments("cam")[::-1]
    assert [s.formats.video.width for s in segments] == [640, 320, 320]
    (gap,) = recorded.reader.gaps("cam", 0, START_US * 2)
    assert (gap.start_us, gap.end_us, gap.cause) == (START_US + 2 * SECOND, START_US + 5 * SECOND, GapCause.CAMERA)


async def test_a_segment_begins_with_a_key_fragment(recorded: Recorded) -> None:
    fragments = [fragment(0, key=False), fragment(1), fragment(2, key=False), fragment(4, key=False), fragment(5)]
    stream = recorded.writer.stream("cam")
    for one in fragments:
        stream.write(one, CONTINUOUS)
    await recorded.until(lambda: len(recorded.published) == 3)
    kept = [(f.start_us - START_US) // SECOND for f in recorded.reader.fragments("cam", START_US)]
    assert kept == [1, 2, 5]


async def test_kinds_can_be_added_to_what_is_on_the_disk(recorded: Recorded) -> None:
    stream = recorded.writer.stream("cam")
    for number in range(5):
        stream.write(fragment(number), CONTINUOUS)
    stream.mark(START_US + 3 * SECOND, START_US + 5 * SECOND, MANUAL)
    stream.write(fragment(5), CONTINUOUS | MANUAL)
    await recorded.until(lambda: len(recorded.published) == 6)
    spans = recorded.reader.spans("cam", 0, START_US * 2)
    assert [((s.end_us - s.start_us) // SECOND, s.kinds) for s in spans] == [(3, CONTINUOUS), (3, CONTINUOUS | MANUAL)]


async def test_a_deleted_segment_is_gone_from_disk_and_timeline(recorded: Recorded) -> None:
    await write(recorded, [fragment(n) for n in range(62)])
    newest, oldest = recorded.reader.segments("cam")
    recorded.writer.delete_segment(oldest.id)
    stream = recorded.writer.stream("cam")
    stream.write(fragment(62), CONTINUOUS)
    await recorded.until(lambda: len(recorded.published) == 63)
    assert not oldest.path.exists() and newest.path.exists()
    assert recorded.reader.spans("cam", 0, START_US * 2)[0].start_us == newest.start_us
    assert check(recorded.volume, deep=True) == []


async def test_a_restarted_writer_goes_on_where_the_last_one_ended(recorded: Recorded) -> None:
    await write(recorded, [fragment(n) for n in range(3)])
    await recorded.stop()
    recorded.writer = recorded.new_writer()
    report = await asyncio.to_thread(recorded.writer.start)
    assert (report.segments, report.torn_bytes) == (0, 0)
    assert recorded.writer.covered_to("cam") == START_US + 3 * SECOND
    assert recorded.writer.covered_to("other") is None


async def test_cameras_do_not_mix(recorded: Recorded) -> None:
    one, other = recorded.writer.stream("one"), recorded.writer.stream("other")
    one.write(fragment(0), CONTINUOUS)
    other.write(fragment(7), CONTINUOUS)
    await recorded.until(lambda: len(recorded.published) == 2)
    assert [f.start_us for f in recorded.reader.fragments("other", 0)] == [START_US + 7 * SECOND]


async def test_segments_play_in_ffmpeg_and_concatenate_without_a_gap(recorded: Recorded, tmp_path: Path) -> None:
    """Two segments joined by ffmpeg's own concat demuxer: every frame, evenly spaced."""
    video, units = h264(65 * 10, fps=10, gop=10)
    builder, stream = GopBuilder(), recorded.writer.stream("cam")
    builder.video_format(video)
    built = [*(builder.video(unit) for unit in units), builder.flush()]
    fragments = [one for one in built if one is not None]
    for one in fragments:
        stream.write(one, CONTINUOUS)
    stream.close()
    await recorded.until(lambda: len(recorded.published) == len(fragments))
    segments = recorded.reader.segments("cam")[::-1]
    assert len(segments) == 2
    listing = tmp_path / "list.txt"
    listing.write_text("".join(f"file '{segment.path}'\n" for segment in segments))
    joined = tmp_path / "joined.mkv"
    command = ["ffmpeg", "-v", "error", "-f", "concat", "-safe", "0", "-i", str(listing), "-c", "copy", str(joined)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    with av.open(str(joined), "r") as container:
        times = sorted(packet.pts for packet in container.demux(video=0) if packet.pts is not None)
    assert len(times) == 650
    assert {other - one for one, other in pairwise(times)} == {100}
    with av.open(str(joined), "r") as container:
        assert len(list(container.decode(video=0))) == 650


async def test_an_index_can_be_made_anew_from_the_files(recorded: Recorded) -> None:
    await write(recorded, [fragment(n, audio=True) for n in range(70)])
    before = list(recorded.reader.fragments("cam", 0))
    await recorded.stop()
    recorded.reader.close()
    for path in recorded.volume.index.iterdir():
        path.unlink()
    assert rebuild(recorded.volume, "ingest-0") == 2
    reader = RecordingReader([recorded.volume])
    assert list(reader.fragments("cam", 0)) == before
    assert [s.end_us - s.start_us for s in reader.spans("cam", 0, START_US * 2)] == [70 * SECOND]
    assert check(recorded.volume, deep=True) == []
    reader.close()
    recorded.writer = recorded.new_writer()
    await asyncio.to_thread(recorded.writer.start)


async def test_a_stopped_writer_needs_no_streams_closed(recorded: Recorded) -> None:
    recorded.writer.stream("cam").write(fragment(0), CONTINUOUS)
    await recorded.stop()
    (segment,) = recorded.reader.segments("cam")
    assert not segment.open
    recorded.writer = recorded.new_writer()
    await asyncio.to_thread(recorded.writer.start)
