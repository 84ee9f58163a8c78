"""Each fault is seen by a client, and ends when it is cleared."""

import asyncio
import itertools
import random

import av.error
import msgspec
import pytest

from hwtests.camera import damage
from hwtests.camera.clocks import now_us
from hwtests.camera.config import Codec, Faults
from hwtests.camera.encoders import Coded
from tests.hwtests.camera.watching import DEADLINE_S, Packet, RawClient, camera, libav, simulated


def missing(packets: list[Packet]) -> int:
    """Sequence numbers left out."""
    steps = [(b.sequence - a.sequence) % 65_536 for a, b in itertools.pairwise(packets)]
    return sum(step - 1 for step in steps)


async def test_nothing_is_missing_without_faults() -> None:
    async with simulated(camera()) as simulator, RawClient.open(simulator) as client:
        await client.play()
        packets = await client.packets(150)
    assert missing(packets) == 0
    assert any(p.marker for p in packets)
    stamps = list(dict.fromkeys(p.timestamp for p in packets))
    assert {(b - a) % 2**32 for a, b in itertools.pairwise(stamps)} == {3600}


async def test_numbers_and_stamps_start_where_told_and_wrap() -> None:
    wrapping = camera(initial_sequence=65_530, initial_timestamp=2**32 - 1000)
    async with simulated(wrapping) as simulator, RawClient.open(simulator) as client:
        headers = await client.play()
        packets = await client.packets(30)
    assert "seq=65530" in headers["rtp-info"]
    assert f"rtptime={2**32 - 1000}" in headers["rtp-info"]
    assert packets[0].sequence == 65_530
    assert packets[-1].sequence == (65_530 + 29) % 65_536
    assert packets[-1].timestamp < 2**31


async def test_loss_leaves_sequence_numbers_out() -> None:
    async with simulated(camera()) as simulator, RawClient.open(simulator) as client:
        simulator.set_faults("cam", loss_percent=40)
        await client.play()
        packets = await client.packets(100)
        assert 15 < missing(packets) < 300
        simulator.clear_faults("cam")
        await client.packets(40)
        assert missing(await client.packets(40)) == 0


async def test_a_stalled_camera_keeps_the_connection_and_answers() -> None:
    async with simulated(camera()) as simulator, RawClient.open(simulator) as client:
        await client.play()
        await client.packets(5)
        simulator.set_faults("cam", stall=True)
        sent = simulator.status("cam").frames_sent
        assert (await client.ask("GET_PARAMETER"))[0] == 200
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await client.frame()
        assert simulator.status("cam").frames_sent == sent
        simulator.clear_faults("cam")
        assert await client.packets(1)


async def test_a_dropped_client_sees_the_connection_end_and_may_come_back() -> None:
    async with simulated(camera()) as simulator:
        async with RawClient.open(simulator) as client:
            await client.play()
            await client.packets(2)
            simulator.drop("cam")
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                while True:
                    await client.frame()
        assert simulator.status("cam").clients == 0
        assert len((await libav(simulator.url("cam"), 2)).codes) >= 2


async def test_a_refusing_camera_closes_at_once() -> None:
    async with simulated(camera()) as simulator, RawClient.open(simulator) as client:
        simulator.set_faults("cam", refuse=True)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await client.ask("OPTIONS")


async def test_another_coding_throws_viewers_out_and_is_described() -> None:
    async with simulated(camera()) as simulator:
        async with RawClient.open(simulator) as client:
            await client.play()
            await client.packets(2)
            simulator.set_faults("cam", codec="h265")
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                while True:
                    await client.frame()
        assert (await libav(simulator.url("cam"), 2)).codec == "hevc"


async def test_another_size_comes_in_the_running_stream() -> None:
    async with simulated(camera()) as simulator:
        watching = asyncio.create_task(libav(simulator.url("cam"), 60))
        async with asyncio.timeout(DEADLINE_S):
            while simulator.status("cam").frames_sent < 20:
                await asyncio.sleep(0.02)
        simulator.set_faults("cam", width=480, height=272)
        seen = await watching
    assert list(dict.fromkeys(seen.sizes)) == [(320, 180), (480, 272)]


async def test_a_bad_description_has_no_streams() -> None:
    async with simulated(camera()) as simulator:
        simulator.set_faults("cam", bad_sdp=True)
        with pytest.raises((av.error.FFmpegError, IndexError)):
            await libav(simulator.url("cam"), 1, patience_s=1.0)


@pytest.mark.parametrize("fault", ["corrupt_nal", "truncated_nal"])
async def test_damaged_pictures_reach_the_client_in_whole_packets(fault: str) -> None:
    async with simulated(camera()) as simulator, RawClient.open(simulator) as client:
        await client.play()
        sound = await client.packets(20)
        simulator.set_faults("cam", **{fault: True})
        packets = await client.packets(100)
        assert missing(sound + packets) == 0
        assert any(p.marker for p in packets)


def test_a_truncated_picture_is_shorter() -> None:
    unit = Coded([b"\x67abc", b"\x65" + bytes(range(1, 250)) * 8], 0, True, 5, [b"as it was"])
    rng = random.Random(1)
    whole = damage.payloads(Codec.H264, unit, Faults(), rng)
    assert whole == [b"as it was"]
    cut = damage.payloads(Codec.H264, unit, Faults(truncated_nal=True), rng)
    assert 900 < sum(map(len, cut)) < 1100
    spoilt = damage.payloads(Codec.H264, unit, Faults(corrupt_nal=True), rng)
    assert sum(map(len, spoilt)) > 1900
    assert b"\x67abc" in b"".join(spoilt)
    assert unit.parts[1] not in b"".join(spoilt)


async def test_time_steps_back() -> None:
    async with simulated(camera()) as simulator, RawClient.open(simulator) as client:
        await client.play()
        before = (await client.packets(3))[-1].timestamp
        simulator.set_faults("cam", backward_timestamp_s=5.0)
        after = (await client.packets(60))[-1].timestamp
    assert 2 * 90_000 < (before - after) % 2**32 < 5 * 90_000


async def test_markers_and_reports_can_be_missing() -> None:
    async with simulated(camera(report_interval_s=0.05)) as simulator, RawClient.open(simulator) as client:
        simulator.set_faults("cam", no_marker=True, no_reports=True)
        await client.play()
        frames = [await client.frame() for _ in range(40)]
    assert all(channel == 0 and data[1] < 128 for channel, data in frames)


async def test_no_password_is_right_for_a_camera_that_refuses_all() -> None:
    async with simulated(camera(username="viewer", password="secret")) as simulator:
        url = simulator.url("cam").replace("//", "//viewer:secret@")
        simulator.set_faults("cam", wrong_password=True)
        with pytest.raises(av.error.FFmpegError):
            await libav(url, 1)
        simulator.clear_faults("cam")
        assert len((await libav(url, 1)).codes) >= 1


def offset_s(report: tuple[float, int]) -> float:
    return report[0] - now_us() / 1e6


async def test_sender_reports_tell_the_cameras_own_clock() -> None:
    slow = camera(offset_ms=-90_000, report_interval_s=0.1)
    async with simulated(slow) as simulator, RawClient.open(simulator) as client:
        await client.play()
        assert -92 < offset_s(await client.report()) < -89


async def test_a_drifting_clock_is_seen_in_reports_and_stamps_alike() -> None:
    drifting = camera(drift_ppm=200_000, report_interval_s=0.2)
    async with simulated(drifting) as simulator, RawClient.open(simulator) as client:
        await client.play()
        first, first_us = await client.report(), now_us()
        for _ in range(4):
            last, last_us = await client.report(), now_us()
    passed_s = (last_us - first_us) / 1e6
    assert (last[0] - first[0]) / passed_s == pytest.approx(1.2, abs=0.1)
    assert (last[1] - first[1]) % 2**32 / 90_000 == pytest.approx(last[0] - first[0], abs=0.002)


async def test_unknown_faults_change_nothing() -> None:
    async with simulated(camera()) as simulator:
        with pytest.raises(msgspec.ValidationError):
            simulator.set_faults("cam", loss_percent=101)
        with pytest.raises(msgspec.ValidationError):
            simulator.set_faults("cam", gremlins=True)
        assert simulator.status("cam").faults == msgspec.to_builtins(simulator.faults("cam"))
        assert simulator.faults("cam").loss_percent == 0
