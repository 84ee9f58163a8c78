import asyncio
import io

import av
import pytest

from appliance.core.errors import ProblemError
from appliance.recordings.model import GapCause
from appliance.recordings.playback import AudioInit, FragmentChunk, GapNotice, Playback, VideoInit
from appliance.recordings.stills import recorded_picture
from tests.media.encoded import START_US, h264, mjpeg, pcmu
from tests.recordings.conftest import Recorded
from tests.recordings.test_media_range import SECOND, record, video_ticks


async def test_playback_begins_at_the_key_before_and_keeps_the_wall_clock(recorded: Recorded) -> None:
    await record(recorded, h264(100), pcmu(4.0))
    playback = Playback(recorded.reader, "cam", START_US + 1_700_000)
    items = list(playback)
    assert playback.epoch_us == START_US + SECOND
    assert [type(item) for item in items] == [VideoInit, AudioInit, FragmentChunk, FragmentChunk, FragmentChunk]
    video = b"".join(
        item.data if isinstance(item, VideoInit) else item.video
        for item in items
        if isinstance(item, VideoInit | FragmentChunk)
    )
    assert video_ticks(video) == [3600 * index for index in range(75)]


async def test_audio_is_a_stream_of_its_own(recorded: Recorded) -> None:
    await record(recorded, h264(50), pcmu(2.0))
    items = list(Playback(recorded.reader, "cam", START_US))
    audio = b"".join(
        item.data if isinstance(item, AudioInit) else item.audio
        for item in items
        if isinstance(item, AudioInit | FragmentChunk)
    )
    with av.open(io.BytesIO(audio), "r") as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) == pytest.approx(16_000, abs=700)


async def test_a_gap_is_told_with_its_cause_and_stays_in_the_media_time(recorded: Recorded) -> None:
    await record(recorded, h264(25))
    recorded.writer.stream("cam").gap(START_US + SECOND, START_US + 10 * SECOND, GapCause.RESTART)
    await record(recorded, h264(25, start_us=START_US + 10 * SECOND))
    items = list(Playback(recorded.reader, "cam", START_US))
    assert GapNotice(START_US + SECOND, START_US + 10 * SECOND, GapCause.RESTART) in items
    last = items[-1]
    assert isinstance(last, FragmentChunk)
    init = next(item for item in items if isinstance(item, VideoInit))
    assert video_ticks(init.data + last.video)[0] == 10 * 90_000


async def test_a_new_format_is_announced(recorded: Recorded) -> None:
    await record(recorded, h264(25))
    await record(recorded, mjpeg(25, start_us=START_US + SECOND))
    kinds = [type(item) for item in Playback(recorded.reader, "cam", START_US)]
    assert kinds == [VideoInit, FragmentChunk, VideoInit, FragmentChunk]


async def test_what_was_deleted_meanwhile_is_passed_over(recorded: Recorded) -> None:
    await record(recorded, h264(25))
    await record(recorded, h264(25, start_us=START_US + 5 * SECOND))
    items = iter(Playback(recorded.reader, "cam", START_US))
    assert isinstance(next(items), VideoInit)
    recorded.reader.segments("cam")[0].path.unlink()
    assert [type(item) for item in items] == [FragmentChunk]


async def test_nothing_recorded_is_an_empty_playback(recorded: Recorded) -> None:
    playback = Playback(recorded.reader, "cam", START_US)
    assert (playback.epoch_us, list(playback)) == (START_US, [])


async def test_the_recorded_frame_of_a_time(recorded: Recorded) -> None:
    await record(recorded, h264(50, bframes=2))
    for number in (0, 13, 24, 25, 49):
        jpeg = await asyncio.to_thread(recorded_picture, recorded.reader, "cam", START_US + number * 40_000 + 39_000)
        with av.open(io.BytesIO(jpeg), "r") as container:
            luma = int(next(container.decode(video=0)).reformat(format="gray").to_ndarray()[60, 60])
        limited = 16 + number * 7 % 200
        assert luma == pytest.approx((limited - 16) * 255 / 219, abs=6)


async def test_no_picture_where_nothing_is_recorded(recorded: Recorded) -> None:
    with pytest.raises(ProblemError) as caught:
        recorded_picture(recorded.reader, "cam", START_US)
    assert caught.value.code == "no-video-in-range"


async def test_iterating_again_goes_on_with_what_was_published_meanwhile(recorded: Recorded) -> None:
    await record(recorded, h264(25))
    playback = Playback(recorded.reader, "cam", START_US)
    assert [type(item) for item in playback] == [VideoInit, FragmentChunk]
    assert list(playback) == []
    await record(recorded, h264(25, start_us=START_US + SECOND))
    (chunk,) = list(playback)
    assert isinstance(chunk, FragmentChunk)
    assert chunk.start_us == START_US + SECOND == playback.at_us - SECOND


async def test_a_playback_that_found_nothing_goes_on_with_the_first_key_fragment(recorded: Recorded) -> None:
    playback = Playback(recorded.reader, "cam", START_US - 5 * SECOND)
    assert list(playback) == []
    await record(recorded, h264(25))
    assert [type(item) for item in playback] == [GapNotice, VideoInit, FragmentChunk]
