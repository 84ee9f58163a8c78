"""Clients that we did not write play every coding by every transport, and see what was sent."""

import asyncio
import subprocess
from pathlib import Path

import av.error
import pytest

from hwtests.camera.clocks import now_us
from hwtests.camera.config import Audio, CameraConfig, Codec, Profile, Scheme
from tests.hwtests.camera.watching import SMALL, Seen, camera, ffprobe, libav, simulated


def coded(codec: Codec, **settings: object) -> CameraConfig:
    fields = {"codec": codec, "width": 320, "height": 180, "fps": 20.0, "gop_s": 1.0, **settings}
    return camera(profiles=[fields])


def assert_consecutive(numbers: list[int]) -> None:
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def assert_truthful(seen: Seen) -> None:
    """Every picture is there, decodes to its code, and was taken a moment ago."""
    assert seen.undecoded == 0
    assert_consecutive([counter for counter, _ in seen.codes])
    assert 0 <= now_us() - seen.codes[-1][1] < 10_000_000


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265, Codec.MJPEG])
async def test_every_picture_arrives(codec: Codec, transport: str) -> None:
    async with simulated(coded(codec)) as simulator:
        seen = await libav(simulator.url("cam"), 25, rtsp_transport=transport)
    assert_truthful(seen)
    assert set(seen.sizes) == {(320, 176 if codec is Codec.MJPEG else 180)}


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
async def test_sei_and_picture_agree(codec: Codec) -> None:
    async with simulated(coded(codec)) as simulator:
        seen = await libav(simulator.url("cam"), 25)
    assert set(seen.codes) <= set(seen.seis)
    assert_consecutive([counter for counter, _ in seen.seis])


async def test_b_frames_arrive_in_decoding_order() -> None:
    async with simulated(coded(Codec.H264, bframes=2)) as simulator:
        seen = await libav(simulator.url("cam"), 25)
    counters = [counter for counter, _ in seen.seis]
    assert counters != sorted(counters)
    assert_consecutive(sorted(counters))
    assert_truthful(seen)


async def test_av1_reaches_gstreamer() -> None:
    """Debian's ffmpeg is older than AV1 over RTP."""
    async with simulated(coded(Codec.AV1)) as simulator:
        source = ("rtspsrc", f"location={simulator.url('cam')}", "protocols=tcp")
        await gstreamer(*source, "!", "application/x-rtp,media=video,encoding-name=AV1", "!", *SINK)


async def test_gstreamer_decodes_with_a_digest_password() -> None:
    guarded = camera(username="viewer", password="it's secret", auth=["digest"])
    async with simulated(guarded) as simulator:
        source = ("rtspsrc", f"location={simulator.url('cam')}", "protocols=tcp", "user-id=viewer")
        chain = ("rtph264depay", "!", "h264parse", "!", "avdec_h264", "!")
        await gstreamer(*source, "user-pw=it's secret", "!", *chain, *SINK)


SINK = ("fakesink", "num-buffers=25")


async def gstreamer(*pipeline: str) -> None:
    """Run a pipeline until its sink has had enough. How its goodbye goes is its own affair."""
    process = await asyncio.create_subprocess_exec("gst-launch-1.0", *pipeline, stdout=-1, stderr=-2)
    try:
        async with asyncio.timeout(25):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert b"Got EOS from element" in out, out.decode()[-2000:]


@pytest.mark.parametrize(
    ("audio", "name", "rate"),
    [
        (Audio.AAC, "aac", "16000"),
        (Audio.PCMU, "pcm_mulaw", "8000"),
        (Audio.PCMA, "pcm_alaw", "8000"),
        (Audio.G726, "adpcm_g726le", "8000"),
        (Audio.OPUS, "opus", "48000"),
    ],
)
async def test_ffprobe_knows_the_sound(audio: Audio, name: str, rate: str) -> None:
    async with simulated(camera(audio=audio)) as simulator:
        streams = await ffprobe(simulator.url("cam"), "-rtsp_transport", "tcp")
    sound = next(s for s in streams if s["codec_type"] == "audio")
    assert (sound["codec_name"], sound["sample_rate"]) == (name, rate)
    assert next(s for s in streams if s["codec_type"] == "video")["codec_name"] == "h264"


@pytest.mark.parametrize("scheme", list(Scheme))
async def test_passwords_are_asked_for(scheme: Scheme) -> None:
    async with simulated(camera(username="viewer", password="secret", auth=[scheme]), http_port=0) as simulator:
        plain = simulator.url("cam")
        if scheme is not Scheme.DIGEST_SHA256:  # libav knows none
            seen = await libav(plain.replace("//", "//viewer:secret@"), 3)
            assert len(seen.codes) >= 3
        with pytest.raises(av.error.FFmpegError):
            await libav(plain.replace("//", "//viewer:wrong@"), 1)
        with pytest.raises(av.error.FFmpegError):
            await libav(plain, 1)


async def test_rtsps_hides_the_stream_behind_tls() -> None:
    async with simulated(camera(), tls_port=0) as simulator:
        seen = await libav(simulator.url("cam", scheme="rtsps"), 10, tls_verify="0")
    assert_truthful(seen)


async def test_metadata_is_a_track_of_its_own() -> None:
    async with simulated(camera(metadata=True, audio=Audio.PCMU)) as simulator:
        streams = await ffprobe(simulator.url("cam"), "-rtsp_transport", "tcp")
    assert [s["codec_type"] for s in streams] == ["video", "audio", "data"]


async def test_profiles_differ_and_equal_cameras_share_an_encoder() -> None:
    low = Profile(name="low", width=160, height=96, fps=10.0)
    cameras = [camera(name=f"cam{i}", title="Shared", profiles=[SMALL, low]) for i in range(3)]
    async with simulated(*cameras) as simulator:
        first, second = await asyncio.gather(libav(simulator.url("cam0"), 15), libav(simulator.url("cam2"), 15))
        small = await libav(simulator.url("cam1", "low"), 3)
    assert set(first.codes) & set(second.codes)
    assert set(small.sizes) == {(160, 96)}


async def test_footage_carries_the_code(tmp_path: Path) -> None:
    film = f"{tmp_path}/film.mp4"
    command = f"ffmpeg -v error -f lavfi -i testsrc=s=320x180:r=10:d=1 -pix_fmt yuv420p {film}"
    await asyncio.to_thread(subprocess.run, command.split(), check=True, timeout=25)
    async with simulated(camera(), footage=str(tmp_path)) as simulator:
        seen = await libav(simulator.url("cam"), 35)
    assert_truthful(seen)
