"""The simulated camera: every picture comes out, with its time, by every transport, coding and password."""

import asyncio
import itertools
import logging

import pytest

from appliance.media.model import AudioCodec, VideoCodec
from appliance.media.sources import SourceAddress
from hwtests.camera.config import Audio, CameraConfig, Codec, Scheme
from tests.hwtests.camera.watching import camera, simulated
from tests.media.collecting import DEADLINE_S, Collected, assert_in_step, collect, pictures, problem_of, shown

FRAME_US = 50_000
SECRET = "correct-horse"


def coded(codec: Codec, **settings: object) -> CameraConfig:
    fields = {"codec": codec, "width": 320, "height": 180, "fps": 20.0, "gop_s": 1.0, **settings}
    return camera(profiles=[fields])


def assert_every_picture(sink: Collected, share: int = 9) -> None:
    """The counters follow each other, and each picture's time says when it was taken, but for a delay."""
    seen = shown(sink.video)
    assert [s.counter for s in seen] == list(range(seen[0].counter, seen[0].counter + len(seen)))
    assert all(abs(s.time_us - s.taken_us) < 5_000_000 for s in seen)
    assert_in_step(((b.time_us - a.time_us, b.taken_us - a.taken_us) for a, b in itertools.pairwise(seen)), share)
    assert not any(unit.damaged for unit in sink.units)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("codec", list(Codec))
async def test_every_picture_comes_with_its_time(codec: Codec, transport: str) -> None:
    async with simulated(coded(codec)) as simulator:
        sink = await collect(SourceAddress(simulator.url("cam"), transport=transport), pictures(30))
    assert_every_picture(sink)
    assert sink.lost == 0
    (fmt,) = sink.formats
    assert (fmt.codec, fmt.width, fmt.height) == (codec.value, 320, 176 if codec is Codec.MJPEG else 180)
    assert_in_step((b.time_us - a.time_us, FRAME_US) for a, b in itertools.pairwise(sink.units))


async def test_b_frames_keep_their_presentation_times() -> None:
    async with simulated(coded(Codec.H264, bframes=2)) as simulator:
        sink = await collect(SourceAddress(simulator.url("cam")), pictures(40))
    times = [unit.time_us for unit in sink.units]
    assert times != sorted(times)
    assert_every_picture(sink, share=2)


def heard(sink: Collected) -> bool:
    """Half a second of sound, and four units."""
    return sum(unit.duration_us for unit in sink.audio) > 500_000 and len(sink.audio) > 3


@pytest.mark.parametrize("audio", list(Audio))
@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_sound_comes_without_holes(audio: Audio, transport: str) -> None:
    async with simulated(camera(audio=audio)) as simulator:
        sink = await collect(SourceAddress(simulator.url("cam"), transport=transport), heard)
    assert sink.audio_format is not None
    assert sink.audio_format.codec is AudioCodec(audio.value)
    if audio is not Audio.G726:  # the simulator's encoder frames G.726 as it likes
        assert_in_step((b.time_us - a.time_us, a.duration_us) for a, b in itertools.pairwise(sink.audio))


async def test_metadata_comes_as_documents() -> None:
    async with simulated(camera(metadata=True, audio=Audio.PCMU)) as simulator:
        sink = await collect(SourceAddress(simulator.url("cam")), lambda s: len(s.documents) >= 2)
    assert all(document.lstrip().startswith(b"<?xml") for _, document in sink.documents)


@pytest.mark.parametrize("scheme", list(Scheme))
async def test_passwords_prove_themselves(scheme: Scheme, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    guarded = camera(username="viewer", password=SECRET, auth=[scheme])
    async with simulated(guarded) as simulator:
        url = simulator.url("cam")
        await collect(SourceAddress(url, "viewer", SECRET), pictures(3))
        wrong = await problem_of(SourceAddress(url, "viewer", "wrong-horse"))
        none = await problem_of(SourceAddress(url))
    assert (wrong.code, wrong.field) == ("wrong-password", "source.password")
    assert (none.code, none.field) == ("password-needed", "source.username")
    said = caplog.text + repr(wrong.to_json()) + str(wrong) + repr(SourceAddress(url, "viewer", SECRET))
    assert SECRET not in said
    assert "wrong-horse" not in said


async def test_the_strongest_digest_is_chosen_and_basic_is_not() -> None:
    guarded = camera(username="viewer", password=SECRET, auth=[Scheme.BASIC, Scheme.DIGEST, Scheme.DIGEST_SHA256])
    async with simulated(guarded) as simulator:
        sink = await collect(SourceAddress(simulator.url("cam"), "viewer", SECRET), pictures(3))
    assert sink.video


async def test_rtsps_trusts_an_unknown_certificate_only_when_told_to() -> None:
    async with simulated(coded(Codec.H264), tls_port=0) as simulator:
        url = simulator.url("cam", scheme="rtsps")
        problem = await problem_of(SourceAddress(url))
        sink = await collect(SourceAddress(url, verify_tls=False), pictures(20))
    assert (problem.code, problem.field) == ("certificate-not-trusted", "source.verify_tls")
    assert_every_picture(sink)


async def test_a_path_that_is_not_there() -> None:
    async with simulated(camera()) as simulator:
        problem = await problem_of(SourceAddress(simulator.url("cam").replace("/cam", "/garden")))
    assert (problem.code, problem.field) == ("no-such-stream", "source.url")


async def test_numbers_and_times_wrap_unseen() -> None:
    wrapping = camera(initial_sequence=65_500, initial_timestamp=2**32 - 90_000)
    async with simulated(wrapping) as simulator:
        sink = await collect(SourceAddress(simulator.url("cam")), pictures(60))
    assert sink.lost == 0
    assert_in_step((b.time_us - a.time_us, 40_000) for a, b in itertools.pairwise(sink.units))


async def test_the_cameras_clock_is_told() -> None:
    early = camera(offset_ms=90_000, report_interval_s=0.2)
    async with simulated(early) as simulator:
        sink = await collect(SourceAddress(simulator.url("cam")), lambda s: bool(s.offsets_us))
    assert abs(sink.offsets_us[0] - 90_000_000) < 1_000_000


async def test_a_session_outlives_its_timeout() -> None:
    short = camera(session_timeout_s=2.0)
    async with simulated(short) as simulator:
        by_tcp, by_udp = (SourceAddress(simulator.url("cam"), transport=t) for t in ("tcp", "udp"))
        await asyncio.gather(collect(by_tcp, pictures(25 * 4)), collect(by_udp, pictures(25 * 4)))


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_a_viewer_that_goes_says_so(transport: str) -> None:
    async with simulated(camera()) as simulator:
        await collect(SourceAddress(simulator.url("cam"), transport=transport), pictures(3))
        async with asyncio.timeout(DEADLINE_S):
            while simulator.status("cam").sessions:
                await asyncio.sleep(0.01)


async def test_codecs_have_their_names() -> None:
    async with simulated(coded(Codec.H265)) as simulator:
        sink = await collect(SourceAddress(simulator.url("cam")), pictures(1))
    (fmt,) = sink.formats
    assert fmt.codec is VideoCodec.H265
    assert fmt.codec_string.startswith("hvc1.")
    assert fmt.nominal_fps in (0.0, 20.0)
