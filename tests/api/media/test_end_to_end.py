"""From a simulated camera and a real ingest process to what a browser is sent: the pictures say which they are."""

import asyncio
import io
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
import pytest

from appliance.cameras.model import Camera, Source
from appliance.core.clock import US_PER_S, from_rfc3339, to_rfc3339
from appliance.media.clockmap import EARLY_US
from appliance.security.roles import Role
from hwtests.camera import burnt
from hwtests.camera.config import Audio, Codec
from hwtests.camera.simulator import CameraSimulator
from tests.api.media.recording import DEADLINE_S
from tests.api.media.site import Binary, Watching
from tests.api.serving import Answer, Site, serving
from tests.hwtests.camera.watching import SMALL, camera, ffprobe, luma, simulated

FRAME_US = 40_000


@dataclass
class Plant:
    """A camera, its ingest process and the served API."""

    simulator: CameraSimulator
    site: Site
    folder: Path
    headers: dict[str, str]
    ingest: Process | None = None

    async def start_ingest(self) -> None:
        environment = {**os.environ, "GATEHOUSE_DATA": str(self.folder), "GATEHOUSE_INGEST_SHARDS": "1"}
        self.ingest = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "appliance", "ingest", "--instance", "0", env=environment
        )

    async def kill_ingest(self) -> None:
        assert self.ingest is not None
        self.ingest.send_signal(signal.SIGKILL)
        await self.ingest.wait()

    @asynccontextmanager
    async def media(self) -> AsyncIterator[Watching]:
        url = self.site.url("/api/v1/media").replace("https", "wss")
        async with self.site.client.ws_connect(url, headers=self.headers, max_msg_size=0) as socket:
            yield Watching(socket)

    async def get(self, path: str) -> Answer:
        return await self.site.call("GET", f"/api/v1/cameras/cam/{path}", **self.headers)

    async def recorded_to(self, time_us: int) -> None:
        """Wait until the timeline shows recordings up to a time."""
        async with asyncio.timeout(2 * DEADLINE_S):
            while (await asyncio.to_thread(self.site.services.reader.latest_us, "cam") or 0) < time_us:
                await asyncio.sleep(0.1)


@asynccontextmanager
async def plant(folder: Path, codec: Codec, audio: Audio | None = None) -> AsyncIterator[Plant]:
    profile = {"width": SMALL.width, "height": SMALL.height, "fps": 25.0, "kbps": 400, "gop_s": 1.0, "codec": codec}
    async with simulated(camera(profiles=[profile], audio=audio)) as simulator, serving(folder) as site:
        found = Plant(simulator, site, folder, await site.token(Role.VIEWER))
        source = Source(url=f"rtsp://127.0.0.1:{simulator.port}/cam")
        site.services.cameras.put(Camera(id="cam", name="Lobby", source=source), actor="test")
        await found.start_ingest()
        try:
            yield found
        finally:
            await found.kill_ingest()


@pytest.fixture(autouse=True)
def one_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEHOUSE_INGEST_SHARDS", "1")


def codes(init: Binary, media: Iterable[Binary]) -> list[tuple[int, int]]:
    """(counter, UTC) burnt into every picture, as libav decodes them."""
    data = init.data + b"".join(sent.data for sent in media)
    return codes_of(data)


def codes_of(data: bytes) -> list[tuple[int, int]]:
    with av.open(io.BytesIO(data), "r") as container:
        found = [burnt.decode(luma(frame)) for frame in container.decode(video=0)]
    assert None not in found
    return [code for code in found if code is not None]


def is_gapless(counters: list[int]) -> bool:
    return all(b == a + 1 for a, b in pairwise(counters))


async def test_every_picture_of_the_camera_is_seen_live_and_again_in_playback(tmp_path: Path) -> None:
    async with plant(tmp_path, Codec.H264, Audio.PCMU) as site:
        async with site.media() as page:
            await page.live("cam")
            await page.until(lambda: len(page.media()) >= 75 and len(page.media(1)) > 20)
            live = codes(page.inits()[-1], page.media())
            assert is_gapless([counter for counter, _ in live])
            for sent, (_, burnt_us) in zip(page.media(), live, strict=True):
                assert abs(sent.time_us - burnt_us) <= EARLY_US + US_PER_S
            start_us, end_us = page.media()[0].time_us, page.media()[-1].time_us
            await site.recorded_to(end_us)
            await page.play("cam", to_rfc3339(start_us))
            await page.until(lambda: bool(page.media(channel=2)) and page.media(channel=2)[-1].time_us >= end_us)
            init = next(sent for sent in page.got if sent.kind == 1 and sent.track == 0 and sent.channel == 2)
            played = codes(init, page.media(channel=2))
            assert is_gapless([counter for counter, _ in played])
            assert {counter for counter, _ in live} <= {counter for counter, _ in played}


async def test_mjpeg_is_seen_live_in_order(tmp_path: Path) -> None:
    async with plant(tmp_path, Codec.MJPEG) as site, site.media() as page:
        await page.live("cam")
        await page.until(lambda: len(page.media()) >= 50)
        init = page.inits()[-1]
        assert "M-JPEG" in (await page.until_said("init"))["note"]
        counters = [counter for counter, _ in codes(init, page.media())]
        assert counters == sorted(set(counters))


async def test_viewing_survives_the_death_of_ingest_and_playback_crosses_the_gap_it_left(tmp_path: Path) -> None:
    async with plant(tmp_path, Codec.H264) as site, site.media() as page:
        await page.live("cam")
        await page.until(lambda: len(page.media()) >= 50)
        await site.recorded_to(page.media()[30].time_us)
        await site.kill_ingest()
        before = len(page.media())
        await page.until(lambda: page.said[-1].get("status") == "waiting")
        await site.start_ingest()
        await page.until(lambda: len(page.media()) >= before + 50)
        counters = [counter for counter, _ in codes(page.inits()[-1], page.media())]
        assert counters == sorted(set(counters))
        last_us = page.media()[-1].time_us
        await site.recorded_to(last_us)
        await page.play("cam", to_rfc3339(page.media()[0].time_us))
        await page.until(
            lambda: bool(page.media(channel=2)) and page.media(channel=2)[-1].time_us >= last_us - US_PER_S
        )
        gap = await page.until_said("gap")
        assert gap["cause"] in ("restart", "camera")  # the second where the first attempt to connect failed
        assert from_rfc3339(gap["from"]) < from_rfc3339(gap["to"])
        init = next(sent for sent in page.got if sent.kind == 1 and sent.channel == 2)
        jumps = [b - a for a, b in pairwise(counter for counter, _ in codes(init, page.media(channel=2))) if b != a + 1]
        assert len(jumps) == 1 and jumps[0] > 1


async def test_pictures_and_files_of_a_time_show_that_time(tmp_path: Path) -> None:
    async with plant(tmp_path, Codec.H264) as site:
        async with site.media() as page:
            await page.live("cam")
            await page.until(lambda: len(page.media()) >= 50)
            live = {
                sent.time_us: code
                for sent, code in zip(page.media(), codes(page.inits()[0], page.media()), strict=True)
            }
        newest = (await site.get("snapshot.jpg")).content
        assert pictured(newest)[0] > max(counter for counter, _ in live.values())
        await site.recorded_to(max(live))
        for time_us in list(live)[::12]:
            jpeg = (await site.get(f"snapshot.jpg?time={to_rfc3339(time_us + FRAME_US // 2)}")).content
            assert pictured(jpeg) == live[time_us]
        start, end = to_rfc3339(min(live)), to_rfc3339(max(live))
        file = (await site.get(f"media.mp4?start={start}&end={end}")).content
        found = [counter for counter, _ in codes_of(file)]
        assert is_gapless(found)
        assert {counter for counter, _ in list(live.values())[:-1]} <= set(found)
        (tmp_path / "range.mp4").write_bytes(file)
        assert [stream["codec_name"] for stream in await ffprobe(str(tmp_path / "range.mp4"))] == ["h264"]


def pictured(jpeg: bytes) -> tuple[int, int]:
    ((counter, time_us),) = codes_of(jpeg)
    return counter, time_us
