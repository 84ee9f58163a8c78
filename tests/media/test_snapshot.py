import io

import av
import pytest

from appliance.core.errors import ProblemError
from appliance.media.model import VideoFormat, VideoUnit
from appliance.media.snapshot import snapshot
from tests.media.encoded import START_US, av1, h264, h265, mjpeg


def shown(jpeg: bytes) -> tuple[int, int, int]:
    """Width, height, and which frame of the test pattern it is (its luma tells, modulo 200/7)."""
    with av.open(io.BytesIO(jpeg), "r", format="jpeg_pipe") as container:
        frame = next(container.decode(video=0))
    luma = int(frame.reformat(format="gray").to_ndarray()[frame.height // 2, frame.width // 2])
    return frame.width, frame.height, round(luma * 219 / 255 / 7)


@pytest.mark.parametrize("number", [0, 1, 2, 3, 11, 24])
def test_the_picture_is_the_one_shown_at_that_time(number: int) -> None:
    fmt, units = h264(25, bframes=2)
    jpeg = snapshot(fmt, units, time_us=START_US + number * 40_000 + 20_000)
    assert shown(jpeg) == (160, 120, number)


@pytest.mark.parametrize("video", [h264(10), h265(10), av1(10), mjpeg(10)], ids=["h264", "h265", "av1", "mjpeg"])
def test_every_codec_gives_a_picture_of_the_wanted_width(video: tuple[VideoFormat, list[VideoUnit]]) -> None:
    width, height, _ = shown(snapshot(*video, width=80))
    assert (width, height) == (80, 60)


def test_the_newest_picture_by_default() -> None:
    fmt, units = h264(20)
    assert shown(snapshot(fmt, units))[2] == 19


def test_a_jpeg_of_the_camera_is_given_as_it_is() -> None:
    fmt, units = mjpeg(3)
    assert snapshot(fmt, units) == units[-1].data


def test_no_picture_is_a_problem_with_a_remedy() -> None:
    fmt, _ = h264(1)
    with pytest.raises(ProblemError) as caught:
        snapshot(fmt, [VideoUnit(START_US, b"\0\0\0\x02\x65\x00", True)])
    assert (caught.value.code, caught.value.status, bool(caught.value.remedy)) == ("no-picture", 404, True)
