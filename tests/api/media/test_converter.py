"""Cameras send broken data: what comes out then is less, never an end of the process or of the stream."""

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from appliance.api.media.converter import AudioConverter, VideoConverter
from appliance.core.errors import ProblemError
from appliance.media.model import AudioCodec, AudioFormat, AudioUnit, VideoUnit
from tests.media import encoded

STREAMS: dict[str, Any] = {"mjpeg": encoded.mjpeg(10), "h265": encoded.h265(10), "av1": encoded.av1(10)}


def broken(unit: VideoUnit, rng: random.Random) -> VideoUnit:
    data = bytearray(unit.data)
    for _ in range(rng.randint(1, 20)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return VideoUnit(unit.time_us, bytes(data[: rng.randint(1, len(data))]), unit.key)


@pytest.mark.parametrize("codec", STREAMS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 1 << 32))
@example(seed=49167)  # leaves the AV1 decoder mute without an error
def test_pictures_come_again_when_whole_data_does(codec: str, seed: int) -> None:
    fmt, units = STREAMS[codec]
    rng = random.Random(seed)
    converter = VideoConverter(fmt)
    try:
        for unit in units:
            converter.push([broken(unit, rng)])
    except ProblemError as problem:
        assert problem.code == "cannot-transcode"
        return
    again = [VideoUnit(unit.time_us + 1_000_000, unit.data, unit.key) for unit in units]
    out = [*converter.push(again), *converter.flush()]
    assert out[-1].time_us == again[-1].time_us
    assert len(out) >= len(units) - 1


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(max_size=400), max_size=30), st.sampled_from(list(AudioCodec)))
def test_any_sound_is_taken(parts: list[bytes], codec: AudioCodec) -> None:
    config = {AudioCodec.G726: bytes([32]), AudioCodec.AAC: bytes.fromhex("1408")}.get(codec, b"")
    rate = 48_000 if codec is AudioCodec.OPUS else 8000
    converter = AudioConverter(AudioFormat(codec, rate, 1, config, codec.value))
    out = converter.push([AudioUnit(n * 20_000, data, 20_000) for n, data in enumerate(parts)])
    assert all(unit.data for unit in out)


def test_a_time_that_steps_back_is_no_end() -> None:
    fmt, units = STREAMS["mjpeg"]
    converter = VideoConverter(fmt)
    assert len(converter.push(units)) == 10
    out = converter.push([VideoUnit(unit.time_us - 5_000_000, unit.data, True) for unit in units])
    assert out
