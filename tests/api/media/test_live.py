import io
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import pytest

from appliance.api.media import feed
from appliance.core.clock import US_PER_S, from_rfc3339
from appliance.media.fmp4 import video_units
from appliance.media.model import VideoUnit
from appliance.recordings.reader import RecordingReader
from tests.api.media.site import Site, Watching, stream, until
from tests.media import encoded


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with Site(tmp_path, ["front", "yard"], RecordingReader(())) as site:
        yield site


def decoded(watching: Watching, track: int = 0) -> list[av.VideoFrame]:
    """The frames of the last initialisation segment and all media after it, as a decoder we did not write sees them."""
    init = watching.inits(track)[-1]
    at = watching.got.index(init)
    data = init.data + b"".join(b.data for b in watching.got[at:] if b.kind == 2 and b.track == track)
    with av.open(io.BytesIO(data), "r") as container:
        return list(container.decode(container.streams[0]))  # type: ignore[arg-type]


async def test_a_viewer_gets_the_format_and_everything_since_the_key_frame_then_follows(site: Site) -> None:
    fmt, units = encoded.h264(75, gop=25)
    stream(site.live["front"], (fmt, units[:60]))
    async with site.media() as watching:
        await watching.live("front")
        await watching.until(lambda: len(watching.media()) == 10)
        for unit in units[60:]:
            site.live["front"].video(unit)
        await watching.until(lambda: len(watching.media()) == 25)
        assert watching.ops() == ["opened", "state", "init"]
        init = watching.said[2]
        assert init["mime"] == f'video/mp4; codecs="{fmt.codec_string}"'
        assert (init["width"], init["height"], init["note"]) == (fmt.width, fmt.height, None)
        assert [b.time_us for b in watching.media()] == [unit.time_us for unit in units[50:]]
        assert watching.media()[0].flags == 1
        assert len(decoded(watching)) == 25


async def test_media_time_counts_from_the_epoch(site: Site) -> None:
    fmt, units = encoded.h264(30)
    stream(site.live["front"], (fmt, units))
    async with site.media() as watching:
        await watching.live("front")
        epoch_us = from_rfc3339((await watching.until_said("opened"))["epoch"])
        await watching.until(lambda: bool(watching.media()))
        (unit,) = video_units(watching.media()[0].data, epoch_us)
        assert abs(unit.time_us - watching.media()[0].time_us) < 20


async def test_mjpeg_is_transcoded_with_a_note_and_decodes(site: Site) -> None:
    fmt, units = encoded.mjpeg(25)
    stream(site.live["front"], (fmt, units[:1]))
    async with site.media() as watching:
        await watching.live("front")
        for number, unit in enumerate(units[1:], start=2):
            await watching.until(lambda: len(watching.media()) == number - 1)  # noqa: B023
            site.live["front"].video(unit)
        await watching.until(lambda: len(watching.media()) == 25)
        init = await watching.until_said("init")
        assert init["codec"].startswith("avc1.")
        assert init["note"] == "Transcoded from M-JPEG, because this browser cannot play it"
        assert [b.time_us for b in watching.media()] == [unit.time_us for unit in units]
        frames = decoded(watching)
        assert len(frames) == 25
        assert frames[0].format.name == "yuv420p"


@pytest.mark.parametrize("codecs", [("avc1", "hvc1"), ("avc1",)])
async def test_h265_is_transcoded_only_for_a_browser_that_cannot_play_it(site: Site, codecs: tuple[str, ...]) -> None:
    stream(site.live["front"], encoded.h265(25))
    async with site.media() as watching:
        await watching.live("front", codecs=codecs)
        init = await watching.until_said("init")
        assert (init["note"] is None) == ("hvc1" in codecs)
        await watching.until(lambda: len(watching.media()) >= 20)
        assert len(decoded(watching)) == len(watching.media())


async def test_g711_becomes_aac_beside_a_picture_that_is_left_as_it_is(site: Site) -> None:
    stream(site.live["front"], encoded.h264(75, gop=75), encoded.pcmu(3.0))
    async with site.media() as watching:
        await watching.live("front")
        await watching.until(lambda: len(watching.media(1)) > 30)
        notes = {said["track"]: said["note"] for said in watching.said if said["op"] == "init"}
        assert notes["video"] is None
        assert notes["audio"].startswith("Transcoded from G.711")
        assert len(decoded(watching, 1)) == len(watching.media(1))
        steps = [b.time_us for b in watching.media(1)]
        assert all(step == 64_000 for step in (b - a for a, b in pairwise(steps)))


async def test_without_audio_none_is_sent(site: Site) -> None:
    stream(site.live["front"], encoded.h264(50), encoded.pcmu(2.0))
    async with site.media() as watching:
        await watching.live("front", audio=False)
        await watching.until(lambda: len(watching.media()) == 25)
        assert {b.track for b in watching.got} == {0}


async def test_a_camera_that_changes_its_coding_changes_over_without_a_new_channel(site: Site) -> None:
    stream(site.live["front"], encoded.h264(25))
    async with site.media() as watching:
        await watching.live("front")
        await watching.until(lambda: len(watching.media()) == 25)
        fmt, units = encoded.mjpeg(5, start_us=encoded.START_US + 1_000_000)
        stream(site.live["front"], (fmt, units))
        await watching.until(lambda: len(watching.inits()) == 2 and len(watching.media()) > 25)
        assert watching.said[-1]["note"].startswith("Transcoded from M-JPEG")
        fmt, units = encoded.h264(25, start_us=encoded.START_US + 2_000_000)
        stream(site.live["front"], (fmt, units))
        await watching.until(lambda: len(watching.inits()) == 3 and watching.media()[-1].time_us == units[-1].time_us)
        assert watching.said[-1]["note"] is None
        assert len(decoded(watching)) == 25
    await until(lambda: not site.parts.transcoders)


async def test_viewers_share_one_connection_and_one_transcoder_and_the_last_one_ends_both(site: Site) -> None:
    fmt, units = encoded.mjpeg(25)
    stream(site.live["front"], (fmt, units[:1]))
    async with site.media() as first, site.media() as second:
        await first.live("front")
        await first.until(lambda: len(first.media()) == 1)
        await second.live("front")
        await second.until(lambda: len(second.media()) == 1)
        assert second.media()[0].data == first.media()[0].data
        assert len(site.live["front"].viewers) == len(site.parts.feeds) == len(site.parts.transcoders) == 1
        await first.send(op="close", channel=1)
        site.live["front"].video(units[1])
        await second.until(lambda: len(second.media()) == 2)
    await until(lambda: not site.live["front"].viewers and not site.parts.transcoders and not site.parts.feeds)


async def test_when_ingest_dies_the_cause_is_said_and_the_picture_comes_back_on_the_same_time_line(site: Site) -> None:
    stream(site.live["front"], encoded.h264(25))
    async with site.media() as watching:
        await watching.live("front")
        await watching.until(lambda: len(watching.media()) == 25)
        await site.kill_ingest()
        await watching.until(lambda: watching.said[-1].get("status") == "waiting")
        assert watching.said[-1]["problem"]["remedy"]
        fmt, units = encoded.h264(25, start_us=encoded.START_US + 5_000_000)
        stream(site.live["front"], (fmt, units))
        await site.start_ingest()
        await watching.until(lambda: len(watching.media()) == 50)
        assert "streaming" in [said.get("status") for said in watching.said[-3:]]
        epoch_us = from_rfc3339(watching.said[0]["epoch"])
        assert watching.ops().count("opened") == 1
        for sent, unit in zip(watching.media()[25:], units, strict=True):
            (found,) = video_units(sent.data, epoch_us)
            assert abs(found.time_us - unit.time_us) < 30


async def test_a_clock_set_back_asks_for_the_stream_to_be_opened_again(site: Site) -> None:
    stream(site.live["front"], encoded.h264(25))
    async with site.media() as watching:
        await watching.live("front")
        await watching.until(lambda: len(watching.media()) == 25)
        await site.kill_ingest()
        earlier_us = encoded.START_US - 3600 * US_PER_S
        fmt, units = encoded.h264(25, start_us=earlier_us)
        stream(site.live["front"], (fmt, units[:20]))
        await site.start_ingest()
        assert (await watching.until_said("error"))["problem"]["code"] == "clock-set-back"
        await watching.live("front")
        for unit in [*units[20:], *(replace(unit, time_us=unit.time_us + US_PER_S) for unit in units)]:
            site.live["front"].video(unit)
        await watching.until(lambda: len(watching.media()) == 50)
        assert from_rfc3339((await watching.until_said("opened", 2))["epoch"]) == earlier_us


async def test_a_camera_without_picture_is_open_and_says_why(site: Site) -> None:
    problem = {"code": "wrong-password", "title": "The camera refuses the password", "remedy": "Correct it."}
    site.live["front"].set_state("waiting", problem)
    async with site.media() as watching:
        await watching.live("front")
        state = await watching.until_said("state")
        assert watching.ops() == ["opened", "state"]
        assert state == {"op": "state", "channel": 1, "status": "waiting", "problem": problem}
        fmt, units = encoded.h264(5)
        now_us = site.parts.clock.now_us()
        for number, unit in enumerate(units):
            unit.time_us = now_us + number * 40_000
        stream(site.live["front"], (fmt, units))
        await watching.until(lambda: len(watching.media()) == 5)
        (found,) = video_units(watching.media()[0].data, from_rfc3339(watching.said[0]["epoch"]))
        assert abs(found.time_us - now_us) < 30


async def test_more_transcodings_than_allowed_are_refused_with_the_remedy(tmp_path: Path) -> None:
    async with Site(tmp_path, ["front", "yard"], RecordingReader(()), slots=1) as site:
        for channel in site.live.values():
            stream(channel, encoded.mjpeg(1))
        async with site.media() as watching:
            await watching.live("front", channel=1)
            await watching.until(lambda: len(watching.media()) == 1)
            await watching.live("yard", channel=2)
            error = await watching.until_said("error")
            assert (error["channel"], error["problem"]["code"]) == (2, "too-many-transcodings")
            await watching.send(op="close", channel=1)
            await until(lambda: not site.parts.transcoders)
            await watching.live("yard", channel=2)
            await watching.until(lambda: len(watching.media(channel=2)) == 1)


async def test_a_browser_without_h264_is_told_so(site: Site) -> None:
    stream(site.live["front"], encoded.mjpeg(1))
    async with site.media() as watching:
        await watching.live("front", codecs=("av01", "opus"))
        assert (await watching.until_said("error"))["problem"]["code"] == "browser-without-h264"


async def test_one_socket_carries_several_cameras(site: Site) -> None:
    for channel in site.live.values():
        stream(channel, encoded.h264(25))
    async with site.media() as watching:
        await watching.live("front", channel=0)
        await watching.live("yard", channel=65_535)
        await watching.until(lambda: {len(watching.media(channel=n)) for n in (0, 65_535)} == {25})


async def test_a_slow_client_hurts_only_itself_and_recovers_at_a_key_frame(site: Site) -> None:
    fmt, (first, *_) = encoded.h264(1)
    units = [VideoUnit(first.time_us + n * 40_000, bytes(400_000), n % 5 == 0) for n in range(250)]
    channel = site.live["front"]
    stream(channel, (fmt, units[:1]))
    async with site.media() as slow, site.media() as quick:
        for page in (slow, quick):
            await page.live("front")
            await page.until(lambda page=page: len(page.media()) == 1)  # type: ignore[misc]
        for number, unit in enumerate(units[1:], start=2):
            channel.video(unit)
            await quick.until(lambda: len(quick.media()) == number)  # noqa: B023
        assert [sent.time_us for sent in quick.media()] == [unit.time_us for unit in units]
        await slow.until(lambda: slow.media()[-1].time_us == units[-1].time_us)
        seen = [(sent.time_us - first.time_us) // 40_000 for sent in slow.media()]
        jumps = [(a, b) for a, b in pairwise(seen) if b != a + 1]
        assert jumps and all(b > a and b % 5 == 0 for a, b in jumps)
        assert 0 < sum(said["chunks"] for said in slow.said if said["op"] == "dropped") <= len(units) - len(seen)


async def test_an_ingest_unit_that_stays_away_is_not_called_restarting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "RESTART_US", 500_000)
    site = Site(tmp_path, ["front"], RecordingReader(()))  # without its ingest unit
    async with site.media() as watching:
        await watching.live("front")
        codes = [(await watching.until_said("state", count))["problem"]["code"] for count in (1, 2)]
        assert codes == ["recorder-restarting", "recorder-not-running"]
