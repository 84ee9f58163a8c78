"""The code in the picture survives what pictures go through."""

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext
from hypothesis import given
from hypothesis import strategies as st

from hwtests.camera import burnt
from hwtests.camera.clocks import CameraClock
from hwtests.camera.config import Codec, Profile
from hwtests.camera.encoders import video_encoder
from hwtests.camera.pictures import open_pictures
from hwtests.camera.scenes import SCENES
from tests.hwtests.camera.watching import luma

COUNTERS = st.integers(0, 2**32 - 1)
TIMES = st.integers(0, 2**53)
SIZES = st.tuples(st.integers(128, 1000), st.integers(80, 600))
NOW_US = 1_795_523_465_123_456


@given(SIZES, COUNTERS, TIMES)
def test_what_is_drawn_is_read(size: tuple[int, int], counter: int, time_us: int) -> None:
    width, height = size
    for shape in ((height, width), (height, width, 3)):
        picture = np.full(shape, 120, np.uint8)
        burnt.encode(picture, counter, time_us)
        assert burnt.decode(picture) == (counter, time_us)


@given(COUNTERS, TIMES, st.sampled_from([(640, 360), (960, 540), (1920, 1080), (800, 600), (533, 300)]))
def test_scaled_pictures_are_read(counter: int, time_us: int, target: tuple[int, int]) -> None:
    picture = np.full((720, 1280), 90, np.uint8)
    burnt.encode(picture, counter, time_us)
    frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(*target)
    assert burnt.decode(luma(frame)) == (counter, time_us)


@given(st.binary(min_size=1, max_size=64), st.integers(0, 255))
def test_pictures_without_a_code_are_not_misread(noise: bytes, level: int) -> None:
    picture = np.resize(np.frombuffer(noise, np.uint8), (180, 320))
    assert burnt.decode(picture) is None
    assert burnt.decode(np.full((90, 160), level, np.uint8)) is None
    assert burnt.decode(np.zeros((8, 8), np.uint8)) is None


def test_a_changed_cell_is_noticed() -> None:
    picture = np.full((720, 1280), 90, np.uint8)
    burnt.encode(picture, 7, NOW_US)
    width, height = burnt.area(1280, 720)
    corner = picture[720 - height : 720 - height + 10, 1280 - width : 1280 - width + 10]
    corner[...] = 255 - corner
    assert burnt.decode(picture) is None


@given(COUNTERS, TIMES, st.booleans())
def test_the_sei_holds_the_same(counter: int, time_us: int, h265: bool) -> None:
    nal = burnt.sei(counter, time_us, h265=h265)
    assert burnt.find_sei(nal) == burnt.find_sei(memoryview(nal)) == (counter, time_us)
    assert not any(nal[i : i + 3] in (b"\0\0\0", b"\0\0\1", b"\0\0\2") for i in range(len(nal)))


@given(st.binary(max_size=200))
def test_any_other_nal_unit_holds_none(nal: bytes) -> None:
    assert burnt.find_sei(nal) is None
    assert burnt.find_sei(burnt.sei(1, 2)[:-8]) is None


@pytest.mark.parametrize("scene", sorted(SCENES))
@pytest.mark.parametrize(("size", "kbps"), [((1280, 720), 400), ((640, 360), 150), ((320, 180), 60)])
def test_every_scene_is_read_after_hard_compression(scene: str, size: tuple[int, int], kbps: int) -> None:
    profile = Profile(width=size[0], height=size[1], kbps=kbps, constant=True)
    pictures, encoder = open_pictures(scene, "Camera", size, CameraClock(0), None), video_encoder(profile)
    decoder = VideoCodecContext.create("h264", "r")
    read = []
    for i in range(12):
        time_us = NOW_US + i * 66_667
        for unit in encoder.encode(pictures.draw(i, time_us), i, time_us, key=False):
            stream = b"".join(b"\0\0\0\1" + part for part in unit.parts)
            read += [burnt.decode(luma(f)) for f in decoder.decode(av.Packet(stream))]
    read += [burnt.decode(luma(f)) for f in decoder.decode(None)]
    assert read == [(i, NOW_US + i * 66_667) for i in range(12)]


@pytest.mark.parametrize("codec", list(Codec))
def test_every_coding_carries_counter_and_time(codec: Codec) -> None:
    profile = Profile(codec=codec, width=320, height=180, fps=25.0)
    encoder = video_encoder(profile)
    pictures = open_pictures("lobby", "Camera", (320, 180), CameraClock(0), None)
    units = []
    for i in range(20):
        units += encoder.encode(pictures.draw(i, NOW_US + i * 40_000), i, NOW_US + i * 40_000, key=False)
    assert len(units) >= 10
    assert units[0].key
    assert [(u.counter, u.time_us) for u in units] == [(i, NOW_US + i * 40_000) for i in range(len(units))]
