import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import av
import pytest

from appliance.core.clock import US_PER_S, from_rfc3339, to_rfc3339
from appliance.media.fmp4 import audio_units, video_units
from appliance.recordings.model import GapCause
from tests.api.media.recording import CAMERA, Recorder, recording
from tests.api.media.site import ALL_CODECS, Watching
from tests.media import encoded

T0 = encoded.START_US


@pytest.fixture
async def recorded(tmp_path: Path) -> AsyncIterator[Recorder]:
    async with recording(tmp_path) as recorder:
        yield recorder


@asynccontextmanager
async def watching(recorded: Recorder) -> AsyncIterator[Watching]:
    url = recorded.site.url("/api/v1/media").replace("https", "wss")
    async with recorded.site.client.ws_connect(url, headers=recorded.headers, max_msg_size=0) as socket:
        yield Watching(socket)


async def test_playback_sends_every_fragment_on_the_time_line_of_its_epoch(recorded: Recorder) -> None:
    fmt, units = encoded.h264(100)
    await recorded.record((fmt, units))
    async with watching(recorded) as page:
        await page.play(CAMERA, to_rfc3339(T0 + 1_500_000))
        await page.until_said("end")
        assert page.ops() == ["opened", "init", "end"]
        epoch_us = from_rfc3339(page.said[0]["epoch"])
        assert epoch_us == T0 + US_PER_S
        found = [unit for sent in page.media() for unit in video_units(sent.data, epoch_us)]
        assert [unit.data for unit in found] == [unit.data for unit in units[25:]]
        assert all(abs(a.time_us - b.time_us) < 30 for a, b in zip(found, units[25:], strict=True))
        assert [sent.time_us for sent in page.media()] == [T0 + n * US_PER_S for n in (1, 2, 3)]
        assert {sent.flags for sent in page.media()} == {1}


async def test_no_fragment_is_sent_without_credit(recorded: Recorder) -> None:
    await recorded.record(encoded.h264(150))
    async with watching(recorded) as page:
        await page.play(CAMERA, to_rfc3339(T0), channel=7, credit=2)
        await page.until(lambda: len(page.media()) == 2)
        await page.play("nobody", to_rfc3339(T0), channel=8)  # an answer that shows that nothing else was on its way
        await page.until_said("error")
        assert len(page.media()) == 2
        await page.send(op="more", channel=7, credit=3)
        await page.until(lambda: len(page.media()) == 5)


async def test_a_gap_is_jumped_with_its_cause_and_stays_in_the_media_time(recorded: Recorder) -> None:
    await recorded.record(encoded.h264(25))
    await recorded.gap(T0 + US_PER_S, T0 + 100 * US_PER_S, GapCause.RESTART)
    await recorded.record(encoded.h264(25, start_us=T0 + 100 * US_PER_S))
    async with watching(recorded) as page:
        await page.play(CAMERA, to_rfc3339(T0))
        await page.until_said("end")
        gap = page.said[2]
        assert gap == {
            "op": "gap",
            "channel": 2,
            "from": to_rfc3339(T0 + US_PER_S),
            "to": to_rfc3339(T0 + 100 * US_PER_S),
            "cause": "restart",
        }
        (first, *_) = video_units(page.media()[1].data, T0)
        assert first.time_us == T0 + 100 * US_PER_S


async def test_sound_that_browsers_lack_is_transcoded_in_step_with_the_pictures(recorded: Recorder) -> None:
    await recorded.record(encoded.h264(100), encoded.pcmu(4.0))
    async with watching(recorded) as page:
        await page.play(CAMERA, to_rfc3339(T0))
        await page.until_said("end")
        init = next(said for said in page.said if said["op"] == "init" and said["track"] == "audio")
        assert init["mime"] == 'audio/mp4; codecs="mp4a.40.2"'
        assert init["note"].startswith("Transcoded from G.711")
        times = [u.time_us for sent in page.media(1) for u in audio_units(sent.data, T0, 16_000)]
        assert times[0] == pytest.approx(T0, abs=70_000)
        assert times[-1] == pytest.approx(T0 + 4 * US_PER_S, abs=350_000)
        data = page.inits(1)[0].data + b"".join(sent.data for sent in page.media(1))
        with av.open(io.BytesIO(data), "r") as container:
            assert sum(frame.samples for frame in container.decode(audio=0)) == pytest.approx(64_000, rel=0.1)


@pytest.mark.parametrize("codec", ["mjpeg", "h265"])
async def test_pictures_that_the_browser_lacks_are_transcoded_frame_by_frame(recorded: Recorder, codec: str) -> None:
    fmt, units = getattr(encoded, codec)(50)
    await recorded.record((fmt, units))
    async with watching(recorded) as page:
        await page.play(CAMERA, to_rfc3339(T0), codecs=("avc1", "mp4a.40.2"))
        await page.until_said("end")
        init = await page.until_said("init")
        assert init["codec"].startswith("avc1") and init["note"].startswith("Transcoded from ")
        found = [unit for sent in page.media() for unit in video_units(sent.data, T0)]
        assert [round((unit.time_us - T0) / 40_000) for unit in found] == list(range(50))
        data = page.inits()[0].data + b"".join(sent.data for sent in page.media())
        with av.open(io.BytesIO(data), "r") as container:
            assert len(list(container.decode(video=0))) == 50


async def test_formats_that_change_on_the_way_are_announced(recorded: Recorder) -> None:
    await recorded.record(encoded.h264(25))
    await recorded.record(encoded.mjpeg(25, start_us=T0 + US_PER_S))
    await recorded.record(encoded.h264(25, start_us=T0 + 2 * US_PER_S, size=(320, 240)))
    async with watching(recorded) as page:
        await page.play(CAMERA, to_rfc3339(T0))
        await page.until_said("end")
        inits = [(said["width"], said["note"] is None) for said in page.said if said["op"] == "init"]
        assert inits == [(160, True), (160, False), (320, True)]
        found = [unit for sent in page.media() for unit in video_units(sent.data, T0)]
        assert len(found) == 75


async def test_playback_goes_on_into_the_present(recorded: Recorder) -> None:
    now_us = recorded.site.services.context.clock.now_us() - 4 * US_PER_S
    await recorded.record(encoded.h264(25, start_us=now_us))
    async with watching(recorded) as page:
        await page.play(CAMERA, to_rfc3339(now_us))
        await page.until(lambda: len(page.media()) == 1)
        await recorded.record(encoded.h264(25, start_us=now_us + US_PER_S))
        await page.until(lambda: len(page.media()) == 2)
        assert "end" not in page.ops()


async def test_after_the_end_more_looks_again(recorded: Recorder) -> None:
    await recorded.record(encoded.h264(25))
    async with watching(recorded) as page:
        await page.play(CAMERA, to_rfc3339(T0))
        await page.until_said("end")
        await recorded.record(encoded.h264(25, start_us=T0 + US_PER_S))
        await page.send(op="more", channel=2, credit=1)
        await page.until_said("end", 2)
        assert len(page.media()) == 2


async def test_where_nothing_is_recorded_playback_opens_and_ends(recorded: Recorder) -> None:
    async with watching(recorded) as page:
        await page.play(CAMERA, to_rfc3339(T0))
        await page.until_said("end")
        assert page.said[0] == {"op": "opened", "channel": 2, "epoch": to_rfc3339(T0)}


@pytest.mark.parametrize("start", ["noon", "2026-11-24T10:00:00", "1969-01-01T00:00:00Z", "9999-12-31T23:59:59-23:00"])
async def test_a_time_that_is_none_is_refused_with_its_field(recorded: Recorder, start: str) -> None:
    async with watching(recorded) as page:
        await page.play(CAMERA, start)
        error = await page.until_said("error")
        assert (error["channel"], error["problem"]["code"], error["problem"]["field"]) == (2, "wrong-time", "from")


async def test_a_channel_may_be_used_again_at_once(recorded: Recorder) -> None:
    await recorded.record(encoded.h264(250))
    async with watching(recorded) as page:
        for number in range(8):
            await page.play(CAMERA, to_rfc3339(T0 + number * US_PER_S), credit=3)
            await page.send(op="close", channel=2)
        await page.play(CAMERA, to_rfc3339(T0 + 9 * US_PER_S), codecs=ALL_CODECS)
        await page.until_said("end")
        last_opened = max(i for i, what in enumerate(page.order) if what == "opened")
        assert page.order[last_opened:].count("media 0") == 1
        assert page.media()[-1].time_us == T0 + 9 * US_PER_S


async def test_a_viewer_that_signs_out_sees_nothing_more(recorded: Recorder) -> None:
    await recorded.record(encoded.h264(25))
    headers = await recorded.site.session()
    url = recorded.site.url("/api/v1/media").replace("https", "wss")
    async with recorded.site.client.ws_connect(url, headers=headers) as socket:
        await Watching(socket).play(CAMERA, to_rfc3339(T0))
        assert (await recorded.site.call("DELETE", "/api/v1/session", **headers)).status < 300
        while not (await socket.receive(timeout=10)).type.name.startswith("CLOS"):
            pass
