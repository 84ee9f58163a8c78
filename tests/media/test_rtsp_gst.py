"""GStreamer's server, which we did not write: every picture of a film comes out, in its place in time."""

import itertools
from pathlib import Path

import pytest

from appliance.media.sources import SourceAddress
from hwtests.gst.server import gst_server, pipeline
from tests.media.collecting import Collected, assert_in_step, collect, pictures, problem_of, shown
from tests.media.films import FRAME_US, film

PICTURES = 40


def assert_whole(sink: Collected, count: int = PICTURES) -> None:
    seen = sorted(shown(sink.video), key=lambda s: s.counter)
    assert [s.counter for s in seen] == list(range(count))
    assert_in_step((b.time_us - a.time_us, FRAME_US) for a, b in itertools.pairwise(seen))


@pytest.mark.parametrize("protocols", ["tcp", "udp"])
@pytest.mark.parametrize(("video", "audio"), [("h264", "aac"), ("h265", "opus"), ("mjpeg", "pcmu"), ("h264", "pcma")])
async def test_every_picture_and_the_sound(video: str, audio: str, protocols: str, tmp_path: Path) -> None:
    launch = pipeline(film(tmp_path / "film.mkv", video, audio, pictures=PICTURES), video, audio)
    with gst_server(launch, protocols=protocols) as url:  # by UDP alone it answers 461 to TCP: auto goes on to UDP
        sink = await collect(SourceAddress(url), lambda s: len(s.video) >= PICTURES and bool(s.audio))
    assert_whole(sink)
    assert sink.lost == 0
    assert sink.audio_format is not None
    assert sink.audio_format.codec.value == audio
    assert_in_step((b.time_us - a.time_us, a.duration_us) for a, b in itertools.pairwise(sink.audio))


async def test_digest_authentication(tmp_path: Path) -> None:
    launch = pipeline(film(tmp_path / "film.mkv", "h264", pictures=PICTURES), "h264")
    with gst_server(launch, username="viewer", password="it's secret") as url:
        wrong = await problem_of(SourceAddress(url, "viewer", "no secret"))
        none = await problem_of(SourceAddress(url))
        sink = await collect(SourceAddress(url, "viewer", "it's secret"), pictures(PICTURES))
    assert (wrong.code, none.code) == ("wrong-password", "password-needed")
    assert_whole(sink)


async def test_the_end_of_a_film_ends_the_stream(tmp_path: Path) -> None:
    launch = pipeline(film(tmp_path / "film.mkv", "h264", pictures=10), "h264")
    with gst_server(launch) as url:
        sink = Collected()
        missing = await problem_of(SourceAddress(url.replace("/cam", "/garden")))
        sink = await collect(SourceAddress(url), pictures(10))
    assert missing.code == "no-such-stream"
    assert_whole(sink, 10)


async def test_tcp_alone_where_only_udp_is_offered(tmp_path: Path) -> None:
    launch = pipeline(film(tmp_path / "film.mkv", "h264", pictures=10), "h264")
    with gst_server(launch, protocols="udp") as url:
        problem = await problem_of(SourceAddress(url, transport="tcp"))
    assert (problem.code, problem.field) == ("unsupported-transport", "source.transport")
