"""Prerecorded files: in real time, in a loop, every picture in its place; and nothing from outside the folder."""

import itertools
import os
from pathlib import Path

import pytest

from appliance.media.sources import SourceAddress
from tests.media.collecting import collect, pictures, problem_of, shown
from tests.media.films import FRAME_US, film


@pytest.mark.parametrize(
    ("video", "audio"), [("h264", "aac"), ("h265", "opus"), ("av1", "pcma"), ("mjpeg", "pcmu"), ("h264", "")]
)
async def test_a_film_plays_over_and_over(video: str, audio: str, tmp_path: Path) -> None:
    film(tmp_path / "film.mkv", video, audio, pictures=25)
    sink = await collect(SourceAddress("file:film.mkv"), pictures(55), tmp_path)
    seen = sorted(shown(sink.video), key=lambda s: s.time_us)
    whole = seen[:50]
    assert [s.counter for s in whole] == [*range(25), *range(25)]
    for a, b in itertools.pairwise(whole):
        assert abs(b.time_us - a.time_us - FRAME_US) < 2000 or (b.counter == 0 and b.time_us - a.time_us < 150_000)
    assert bool(sink.audio) == bool(audio)
    if audio:
        assert sink.audio_format is not None
        assert sink.audio_format.codec.value == audio
        assert all(unit.duration_us > 0 for unit in sink.audio)


@pytest.mark.parametrize(
    "name",
    [
        "../film.mkv",
        "/etc/passwd",
        "sub/film.mkv",
        "film.mp4",
        ".mkv",
        "",
        "..\\film.mkv",
        "a" * 10_000 + ".mkv",
        "f\0.mkv",
    ],
)
async def test_only_plain_names_are_files(name: str, tmp_path: Path) -> None:
    problem = await problem_of(SourceAddress(f"file:{name}"), tmp_path)
    assert (problem.code, problem.field) == ("bad-file-name", "source.url")


async def test_links_and_what_is_not_there(tmp_path: Path) -> None:
    outside = film(tmp_path / "outside.mkv", "mjpeg", pictures=2)
    folder = tmp_path / "prerecorded"
    folder.mkdir()
    os.symlink(outside, folder / "link.mkv")
    for name in ("link.mkv", "missing.mkv"):
        problem = await problem_of(SourceAddress(f"file:{name}"), folder)
        assert (problem.code, problem.field) == ("no-such-file", "source.url")


@pytest.mark.parametrize("content", [b"", b"not a film", bytes(range(256)) * 100])
async def test_what_is_no_film(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "film.mkv").write_bytes(content)
    problem = await problem_of(SourceAddress("file:film.mkv"), tmp_path)
    assert (problem.code, problem.field) == ("bad-file", "source.url")


async def test_a_film_that_is_cut_off_plays_what_there_is(tmp_path: Path) -> None:
    whole = film(tmp_path / "whole.mkv", "h264", pictures=40).read_bytes()
    (tmp_path / "film.mkv").write_bytes(whole[: len(whole) * 2 // 3])
    sink = await collect(SourceAddress("file:film.mkv"), pictures(30), tmp_path)
    assert len(shown(sink.video)) >= 25
