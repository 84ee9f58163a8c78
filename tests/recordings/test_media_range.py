"""Any range as one file: what others read in it, byte by byte and frame by frame."""

import asyncio
import io
import random
import subprocess
from dataclasses import replace
from pathlib import Path

import av
import pytest

from appliance.core.errors import ProblemError
from appliance.media.model import AudioFormat, AudioUnit, VideoFormat, VideoUnit
from appliance.recordings.gop import GopBuilder
from appliance.recordings.media_range import FileSlice, plan
from appliance.recordings.model import RecordingKind
from tests.media.encoded import START_US, aac, h264, h265, opus, pcmu
from tests.recordings.conftest import Recorded

SECOND = 1_000_000
Video = tuple[VideoFormat, list[VideoUnit]]
Audio = tuple[AudioFormat, list[AudioUnit]]


async def record(recorded: Recorded, video: Video, audio: Audio | None = None) -> None:
    builder, stream = GopBuilder(), recorded.writer.stream("cam")
    builder.video_format(video[0])
    if audio is not None:
        builder.audio_format(audio[0])
        for one in audio[1]:
            builder.audio(one)
    before, count = len(recorded.published), 0
    for fragment in [*(builder.video(unit) for unit in video[1]), builder.flush()]:
        if fragment is not None:
            stream.write(fragment, RecordingKind.CONTINUOUS)
            count += 1
    await recorded.until(lambda: len(recorded.published) == before + count)


def video_ticks(data: bytes) -> list[int]:
    with av.open(io.BytesIO(data), "r") as container:
        return sorted(packet.pts for packet in container.demux(video=0) if packet.pts is not None)


def decoded(data: bytes) -> tuple[int, float]:
    """Frames decoded, and seconds of audio decoded."""
    with av.open(io.BytesIO(data), "r") as container:
        frames = len(list(container.decode(video=0)))
    with av.open(io.BytesIO(data), "r") as container:
        if not container.streams.audio:
            return frames, 0.0
        return frames, sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))


@pytest.mark.parametrize("bframes", [0, 2])
async def test_a_range_is_exact_to_the_gop_and_every_frame_is_in_its_place(recorded: Recorded, bframes: int) -> None:
    await record(recorded, h264(250, bframes=bframes), aac(10.0))
    planned = plan(recorded.reader, "cam", START_US + 2_500_000, START_US + 7_000_000)
    assert (planned.start_us, planned.end_us) == (START_US + 2 * SECOND, START_US + 7 * SECOND)
    data = planned.read(0, planned.total_size)
    ticks = video_ticks(data)
    assert [tick - ticks[0] for tick in ticks] == [3600 * index for index in range(125)]
    frames, seconds = decoded(data)
    assert frames == 125
    assert seconds == pytest.approx(5.0, abs=0.1)


async def test_any_part_of_the_file_is_the_same_bytes(recorded: Recorded) -> None:
    await record(recorded, h264(100), aac(4.0))
    planned = plan(recorded.reader, "cam", START_US, START_US + 4 * SECOND)
    whole = planned.read(0, planned.total_size)
    assert len(whole) == planned.total_size
    dice = random.Random(1)
    for _ in range(300):
        first = dice.randrange(len(whole))
        end = dice.randrange(first, len(whole) + 100)
        assert planned.read(first, end) == whole[first:end]


async def test_most_of_it_are_slices_of_files(recorded: Recorded) -> None:
    await record(recorded, h264(100, size=(320, 240)))
    planned = plan(recorded.reader, "cam", START_US, START_US + 4 * SECOND)
    pieces = list(planned.slices())
    assert sum(piece.length for piece in pieces if isinstance(piece, FileSlice)) > 0.8 * planned.total_size


async def test_gaps_are_closed_up(recorded: Recorded) -> None:
    await record(recorded, h264(50))
    await record(recorded, h264(50, start_us=START_US + 3600 * SECOND))
    planned = plan(recorded.reader, "cam", START_US, START_US + 7200 * SECOND)
    assert planned.duration_us == 4 * SECOND
    ticks = video_ticks(planned.read(0, planned.total_size))
    assert [tick - ticks[0] for tick in ticks] == [3600 * index for index in range(100)]


async def test_a_change_of_resolution_is_another_description_in_the_same_file(recorded: Recorded) -> None:
    await record(recorded, h264(50))
    await record(recorded, h264(50, size=(320, 240), start_us=START_US + 2 * SECOND))
    planned = plan(recorded.reader, "cam", START_US, START_US + 4 * SECOND)
    with av.open(io.BytesIO(planned.read(0, planned.total_size)), "r") as container:
        widths = [frame.width for frame in container.decode(video=0)]
    assert widths == [160] * 50 + [320] * 50


async def test_a_change_of_coding_is_another_track_and_every_picture_is_there(recorded: Recorded) -> None:
    fmt, units = h265(50)
    await record(recorded, h264(50))
    await record(recorded, (fmt, [replace(unit, time_us=unit.time_us + 2 * SECOND) for unit in units]))
    await record(recorded, h264(50, size=(320, 240), start_us=START_US + 4 * SECOND))
    planned = plan(recorded.reader, "cam", START_US, START_US + 6 * SECOND)
    data = planned.read(0, planned.total_size)
    seen = []
    for number in (0, 1):
        with av.open(io.BytesIO(data), "r") as container:
            stream = container.streams.video[number]
            seconds = [round(float(frame.time or 0), 2) for frame in container.decode(stream)]
            seen.append((stream.codec_context.name, len(seconds), seconds[0], seconds[-1]))
    assert seen == [("h264", 100, 0.0, 5.96), ("hevc", 50, 2.0, 3.96)]


@pytest.mark.parametrize(("sound", "codec"), [(pcmu, "aac"), (opus, "opus"), (aac, "aac")])
async def test_players_get_audio_they_can_play(recorded: Recorded, sound: object, codec: str, tmp_path: Path) -> None:
    made = {"pcmu": pcmu, "opus": opus, "aac": aac}[getattr(sound, "__name__", "")](4.0)
    await record(recorded, h264(100), made)
    planned = plan(recorded.reader, "cam", START_US, START_US + 4 * SECOND)
    path = tmp_path / "range.mp4"
    path.write_bytes(planned.read(0, planned.total_size))
    command = ["ffprobe", "-v", "warning", "-of", "csv=p=0", "-show_entries", "stream=codec_name", str(path)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=30)
    assert (done.stdout.split(), done.stderr) == (["h264", codec], "")
    assert decoded(path.read_bytes())[1] == pytest.approx(4.0, abs=0.25)


async def test_audio_can_be_left_out(recorded: Recorded) -> None:
    await record(recorded, h264(50), aac(2.0))
    planned = plan(recorded.reader, "cam", START_US, START_US + 2 * SECOND, audio=False)
    assert decoded(planned.read(0, planned.total_size)) == (50, 0.0)


async def test_the_tag_changes_with_what_is_served(recorded: Recorded) -> None:
    await record(recorded, h264(100))
    tags = [plan(recorded.reader, "cam", START_US, START_US + n * SECOND).etag for n in (2, 2, 3)]
    assert tags[0] == tags[1] != tags[2]


async def test_a_range_without_video_says_where_there_is_some(recorded: Recorded) -> None:
    await record(recorded, h264(50))
    with pytest.raises(ProblemError) as caught:
        plan(recorded.reader, "cam", START_US + 60 * SECOND, START_US + 61 * SECOND)
    assert caught.value.code == "no-video-in-range"
    assert caught.value.detail is not None and "ends at" in caught.value.detail


async def test_a_player_seeks_by_the_index_of_the_file(recorded: Recorded) -> None:
    await record(recorded, h264(250))
    planned = plan(recorded.reader, "cam", START_US, START_US + 10 * SECOND)
    with av.open(io.BytesIO(planned.read(0, planned.total_size)), "r") as container:
        container.seek(7 * 90_000, stream=container.streams.video[0])
        frame = next(container.decode(video=0))
    assert frame.pts == 7 * 90_000
