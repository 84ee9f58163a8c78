import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import av
import pytest

from appliance.cameras.model import shard_of
from appliance.ingest.live import LiveChannel
from appliance.ingest.live_server import LiveServer
from tests.api.media.recording import CAMERA, Recorder, recording
from tests.api.media.site import stream, until
from tests.media import encoded

T0 = encoded.START_US


@pytest.fixture
async def recorded(tmp_path: Path) -> AsyncIterator[Recorder]:
    async with recording(tmp_path) as recorder:
        yield recorder


def shown(jpeg: bytes) -> tuple[int, tuple[int, int]]:
    """The number of the frame that a picture of tests.media.encoded shows (as its luma), and the picture's size."""
    with av.open(io.BytesIO(jpeg), "r") as container:
        frame = next(container.decode(video=0))
        return round(float(frame.reformat(format="gray").to_ndarray()[8:].mean())), (frame.width, frame.height)


def luma(index: int) -> float:
    """What the luma of a frame becomes in the full range of a JPEG."""
    return (index * 7 % 200) * 255 / 219


async def test_the_picture_of_a_time_shows_that_frame(recorded: Recorder) -> None:
    await recorded.record(encoded.h264(75))
    for index in (0, 13, 24, 25, 60, 74):
        answer = await recorded.get("snapshot.jpg", time=T0 + index * 40_000 + 10_000)
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert shown(answer.content)[0] == pytest.approx(luma(index), abs=4)


async def test_a_picture_may_be_made_smaller(recorded: Recorder) -> None:
    await recorded.record(encoded.h264(25))
    assert shown((await recorded.get("snapshot.jpg", time=T0, width=80)).content)[1] == (80, 60)


async def test_a_recorded_picture_is_not_sent_twice(recorded: Recorder) -> None:
    await recorded.record(encoded.h264(25))
    etag = (await recorded.get("snapshot.jpg", time=T0)).headers["ETag"]
    assert (await recorded.ask("snapshot.jpg", {"time": T0}, headers={"If-None-Match": etag})).status == 304


async def test_without_live_video_the_newest_recorded_picture_is_shown(recorded: Recorder) -> None:
    await recorded.record(encoded.h264(40))
    answer = await recorded.get("snapshot.jpg")
    assert answer.headers["Cache-Control"] == "no-store"
    assert shown(answer.content)[0] == pytest.approx(luma(39), abs=4)


@pytest.mark.parametrize("codec", ["h264", "mjpeg", "h265"])
async def test_the_newest_picture_is_the_live_one(recorded: Recorder, codec: str) -> None:
    paths, shards = recorded.site.services.context.paths, recorded.site.services.shards
    channel = LiveChannel()
    stream(channel, getattr(encoded, codec)(30))
    server = LiveServer(paths.live_socket(shard_of(CAMERA, shards)), {CAMERA: channel}.get)
    task = asyncio.create_task(server.run())
    await until(paths.live_socket(shard_of(CAMERA, shards)).exists)
    answers = await asyncio.gather(*(recorded.get("snapshot.jpg") for _ in range(5)))
    for answer in answers:
        assert shown(answer.content)[0] == pytest.approx(luma(29), abs=6)
    await until(lambda: not channel.viewers)
    task.cancel()


@pytest.mark.parametrize(
    ("query", "status", "code", "field"),
    [
        ({}, 404, "no-picture", None),
        ({"time": "2026-11-24T10:00:00Z"}, 404, "no-video-in-range", "time"),
        ({"time": "noon"}, 400, "wrong-time", "time"),
        ({"width": "3"}, 400, "wrong-value", "width"),
        ({"width": "wide"}, 400, "wrong-value", "width"),
    ],
)
async def test_bad_input_and_missing_pictures_are_problems(
    recorded: Recorder, query: dict[str, str], status: int, code: str, field: str | None
) -> None:
    answer = await recorded.ask("snapshot.jpg", query)
    assert (answer.status, answer.code, answer.json.get("field")) == (status, code, field)


async def test_an_unknown_camera_has_no_picture(recorded: Recorder) -> None:
    answer = await recorded.site.call("GET", "/api/v1/cameras/nobody/snapshot.jpg", **recorded.headers)
    assert (answer.status, answer.code) == (404, "no-such-camera")
