"""M-JPEG over HTTP, the control API, and the command line."""

import asyncio
import re
import signal
import sys
from pathlib import Path

import aiohttp
import av
import pytest
from av.video.codeccontext import VideoCodecContext

from hwtests.camera import burnt
from hwtests.camera.config import Scheme, SimulatorConfig, load
from hwtests.camera.simulator import CameraSimulator
from hwtests.demo import DEMO_CAMERAS, demo_cameras
from tests.hwtests.camera.watching import DEADLINE_S, RawClient, camera, libav, luma, simulated


async def curl(*arguments: str) -> bytes:
    """What Debian's curl gets in a second and a half."""
    command = ("curl", "-sS", "-i", "--max-time", "1.5", *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdout=-1, stderr=-1)
    async with asyncio.timeout(DEADLINE_S):
        out, _ = await process.communicate()
    return out


@pytest.mark.parametrize(
    ("scheme", "flag"), [(Scheme.BASIC, "--basic"), (Scheme.DIGEST, "--digest"), (Scheme.DIGEST_SHA256, "--digest")]
)
async def test_mjpeg_by_http_with_a_password(scheme: Scheme, flag: str) -> None:
    guarded = camera(username="viewer", password="secret", auth=[scheme])
    async with simulated(guarded, http_port=0) as simulator:
        url = simulator.url("cam", scheme="http")
        right, wrong, none = await asyncio.gather(
            curl(flag, "-u", "viewer:secret", url), curl(flag, "-u", "viewer:wrong", url), curl(url)
        )
    assert b"multipart/x-mixed-replace" in right
    assert b"multipart" not in wrong + none
    assert none.startswith(b"HTTP/1.1 401")


async def test_the_parts_are_whole_pictures_with_the_code() -> None:
    async with simulated(camera(), http_port=0) as simulator:
        answer = await curl(simulator.url("cam", scheme="http"))
    images = []
    for match in re.finditer(rb"Content-Length: (\d+)\r\nDate: [^\r]+\r\n\r\n", answer):
        image = answer[match.end() : match.end() + int(match[1])]
        if len(image) == int(match[1]):
            images.append(image)
    assert len(images) >= 5
    codes = []
    decoder = VideoCodecContext.create("mjpeg", "r")
    for image in images:
        codes += [burnt.decode(luma(frame)) for frame in decoder.decode(av.Packet(image))]
    assert None not in codes
    counters = [code[0] for code in codes if code]
    assert counters == list(range(counters[0], counters[0] + len(counters)))


async def test_a_dropped_http_client_sees_the_end() -> None:
    async with simulated(camera(), http_port=0) as simulator, aiohttp.ClientSession() as session:
        async with session.get(simulator.url("cam", scheme="http")) as answer:
            await answer.content.readexactly(1000)
            simulator.drop("cam")
            with pytest.raises((aiohttp.ClientError, ConnectionError, asyncio.IncompleteReadError)):
                async with asyncio.timeout(DEADLINE_S):
                    while True:
                        await answer.content.readexactly(1000)


async def test_faults_by_the_control_api() -> None:
    async with simulated(camera(), control_port=0) as simulator, aiohttp.ClientSession(simulator.control_url) as http:
        async with RawClient.open(simulator) as client:
            await client.play()
            await client.packets(10)
            async with http.get("/cameras/cam") as answer:
                before = await answer.json()
            assert (before["clients"], before["faults"]["stall"]) == (1, False)
            assert before["frames_sent"] >= 1
            assert before["frames"]["high"] >= 1
            async with http.post("/cameras/cam/faults", json={"stall": True, "loss_percent": 5}) as answer:
                assert (await answer.json())["faults"]["stall"] is True
            async with http.post("/cameras/cam/faults", json={"loss_percent": 7}) as answer:
                assert (await answer.json())["faults"]["stall"] is True
            async with http.delete("/cameras/cam/faults") as answer:
                assert answer.status == 204
            async with http.post("/cameras/cam/drop") as answer:
                assert answer.status == 204
        async with http.get("/cameras") as answer:
            (after,) = (await answer.json())["cameras"]
        assert (after["clients"], after["faults"]["stall"], after["faults"]["loss_percent"]) == (0, False, 0)


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"loss_percent": -1}', b'{"gremlins": true}', b'{"codec": "h999"}'])
async def test_the_control_api_refuses_what_it_does_not_know(body: bytes) -> None:
    async with simulated(camera(), control_port=0) as simulator, aiohttp.ClientSession(simulator.control_url) as http:
        async with http.post("/cameras/cam/faults", data=body) as answer:
            assert answer.status == 400
        async with http.get("/cameras/other") as answer:
            assert answer.status == 404


async def test_an_idle_session_ends() -> None:
    async with simulated(camera(session_timeout_s=0.4)) as simulator, RawClient.open(simulator) as client:
        await client.play()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            while True:
                await client.frame()
        assert simulator.status("cam").sessions == 0


async def test_receiver_reports_keep_a_session() -> None:
    async with simulated(camera(session_timeout_s=0.6)) as simulator, RawClient.open(simulator) as client:
        await client.play()
        for _ in range(40):  # 1.6 s of pictures
            await client.packets(1)
            client.writer.write(b"$\x01\x00\x08" + b"\x80\xc9\x00\x01\0\0\0\0")
        assert (await client.ask("GET_PARAMETER"))[0] == 200


async def test_requests_out_of_order_are_answered_as_the_standard_says() -> None:
    async with simulated(camera()) as simulator, RawClient.open(simulator) as client:
        assert (await client.ask("PLAY"))[0] == 454
        assert (await client.ask("SETUP", "/track0", Transport="RTP/AVP;multicast"))[0] == 461
        assert (await client.ask("SETUP", "/track9", Transport="RTP/AVP/TCP;interleaved=0-1"))[0] == 404
        assert (await client.ask("RECORD"))[0] == 405
        assert (await client.ask("DESCRIBE", "/nosuch"))[0] == 404
        await client.play()
        assert (await client.ask("SETUP", "/track0", Transport="RTP/AVP/TCP;interleaved=0-1"))[0] == 455
        assert (await client.ask("PAUSE"))[0] == 200
        assert (await client.ask("PLAY"))[0] == 200
        assert await client.packets(1)
        assert (await client.ask("TEARDOWN"))[0] == 200
        assert simulator.status("cam").sessions == 0


async def test_the_demo_site_runs_from_the_command_line() -> None:
    command = [sys.executable, "-m", "hwtests.camera", "--port", "0", "--demo"]
    process = await asyncio.create_subprocess_exec(*command, stdout=-1, stderr=-3)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(DEADLINE_S):
            urls = [(await process.stdout.readline()).decode().strip() for _ in DEMO_CAMERAS]
        described = demo_cameras(int(urls[0].split(":")[2].split("/")[0]))
        assert [c["source"] for c in described] == [
            {"url": url, "username": "viewer", "password": "demo-pictures"} for url in urls
        ]
        seen = await asyncio.gather(*(libav(u.replace("//", "//viewer:demo-pictures@"), 3) for u in urls))
    finally:
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    assert [s.codec for s in seen] == ["h264", "h264", "h264", "mjpeg"]
    assert all(s.undecoded == 0 and s.codes for s in seen)


def test_a_scene_that_nobody_has_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="moon; there are lobby, parking, street, warehouse"):
        CameraSimulator(SimulatorConfig(cameras=(camera(scene="moon"),)))


def test_cameras_are_read_from_toml(tmp_path: Path) -> None:
    path = tmp_path / "cameras.toml"
    path.write_text('[[camera]]\nname = "front"\naudio = "aac"\n[[camera.profiles]]\ncodec = "h265"\nwidth = 640\n')
    (found,) = load(path)
    assert (found.name, found.audio, found.profiles[0].codec, found.profiles[0].width) == ("front", "aac", "h265", 640)
