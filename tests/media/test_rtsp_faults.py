"""Faulty cameras: what is whole comes out whole, what is not is marked, and every end has its cause."""

import asyncio
import itertools

import pytest

from appliance.media.model import VideoCodec
from appliance.media.rtsp import session
from appliance.media.sources import SourceAddress
from tests.hwtests.camera.watching import DEADLINE_S, camera, simulated
from tests.media.collecting import Collected, assert_in_step, collect, pictures, playing, problem_of, shown, until


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_loss_is_counted_and_marks_what_it_damages(transport: str) -> None:
    async with simulated(camera()) as simulator:
        sink = Collected()
        async with playing(SourceAddress(simulator.url("cam"), transport=transport), sink) as task:
            await until(task, lambda: len(sink.video) >= 5)
            simulator.set_faults("cam", loss_percent=20)
            await until(task, lambda: sink.lost >= 5)
            simulator.clear_faults("cam")
            behind = len(sink.video)
            await until(task, lambda: any(u.key and not u.damaged for u in sink.units[behind:]))
            whole = len(sink.video)
            await until(task, lambda: len(sink.video) >= whole + 10)
    assert any(unit.damaged for unit in sink.units)
    assert not any(unit.damaged for unit in sink.units[whole:])
    sound = list(itertools.takewhile(lambda pair: not pair[1].damaged, sink.video))
    assert len(shown(sound)) >= 5


async def test_a_silent_camera_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "SILENT_AFTER_US", 3_000_000)
    async with simulated(camera()) as simulator:
        sink = Collected()
        async with playing(SourceAddress(simulator.url("cam")), sink) as task:
            await until(task, lambda: len(sink.video) >= 5)
            simulator.set_faults("cam", stall=True)
            with pytest.raises(Exception, match="camera-silent"):
                await until(task, lambda: False)


async def test_a_dropped_connection_ends_the_stream() -> None:
    async with simulated(camera()) as simulator:
        sink = Collected()
        async with playing(SourceAddress(simulator.url("cam")), sink) as task:
            await until(task, lambda: len(sink.video) >= 5)
            simulator.drop("cam")
            async with asyncio.timeout(DEADLINE_S):
                await asyncio.wait({task})
            assert task.exception() is None or "connection-lost" in str(task.exception())


async def test_a_camera_that_refuses_says_nothing() -> None:
    async with simulated(camera()) as simulator:
        simulator.set_faults("cam", refuse=True)
        problem = await problem_of(SourceAddress(simulator.url("cam")))
    assert problem.code in ("camera-closed", "connection-lost")


async def test_another_coding_comes_with_the_next_connection() -> None:
    async with simulated(camera()) as simulator:
        address, sink = SourceAddress(simulator.url("cam")), Collected()
        async with playing(address, sink) as task:
            await until(task, lambda: len(sink.video) >= 5)
            simulator.set_faults("cam", codec="h265")
            async with asyncio.timeout(DEADLINE_S):
                await asyncio.wait({task})
        again = await collect(address, pictures(5))
    assert again.formats[0].codec is VideoCodec.H265


async def test_another_size_comes_in_the_running_stream() -> None:
    async with simulated(camera()) as simulator:
        sink = Collected()
        async with playing(SourceAddress(simulator.url("cam")), sink) as task:
            await until(task, lambda: len(sink.video) >= 10)
            simulator.set_faults("cam", width=480, height=272)
            await until(task, lambda: len(sink.formats) > 1 and len(sink.video) >= 40)
    assert [(f.width, f.height) for f in sink.formats] == [(320, 180), (480, 272)]
    first_of_new = next(unit for fmt, unit in sink.video if fmt.width == 480)
    assert first_of_new.key
    sizes = [s.size for s in shown(sink.video)]
    assert list(dict.fromkeys(sizes)) == [(320, 180), (480, 272)]


async def test_a_description_of_rubbish() -> None:
    async with simulated(camera()) as simulator:
        simulator.set_faults("cam", bad_sdp=True)
        problem = await problem_of(SourceAddress(simulator.url("cam")))
    assert problem.code in ("bad-sdp", "no-video", "unsupported-codec")
    assert problem.remedy


@pytest.mark.parametrize("fault", ["corrupt_nal", "truncated_nal"])
async def test_damaged_pictures_do_not_end_the_stream(fault: str) -> None:
    async with simulated(camera()) as simulator:
        sink = Collected()
        async with playing(SourceAddress(simulator.url("cam")), sink) as task:
            await until(task, lambda: len(sink.video) >= 5)
            simulator.set_faults("cam", **{fault: True})
            await until(task, lambda: len(sink.video) >= 30)
            simulator.clear_faults("cam")
            behind = len(sink.video)
            await until(task, lambda: any(u.key for u in sink.units[behind:]) and len(sink.video) > behind + 30)
    first_key = next(i for i, u in enumerate(sink.units) if i >= behind + 3 and u.key)
    assert len(shown(sink.video[first_key:])) == len(sink.video) - first_key


@pytest.mark.parametrize("back_s", [3.0, 60.0])
async def test_times_that_step_back_do_not_reach_the_recording(back_s: float) -> None:
    async with simulated(camera()) as simulator:
        sink = Collected()
        async with playing(SourceAddress(simulator.url("cam")), sink) as task:
            await until(task, lambda: len(sink.video) >= 10)
            simulator.set_faults("cam", backward_timestamp_s=back_s)
            await until(task, lambda: len(sink.video) >= 80)
    late = [s.time_us - s.taken_us for s in shown(sink.video)[-10:]]
    assert all(abs(us) < 2_000_000 for us in late), "the clock was not found again"


async def test_markers_may_be_missing() -> None:
    async with simulated(camera()) as simulator:
        simulator.set_faults("cam", no_marker=True, no_reports=True)
        sink = await collect(SourceAddress(simulator.url("cam")), pictures(30))
    seen = shown(sink.video)
    assert [s.counter for s in seen] == list(range(seen[0].counter, seen[0].counter + len(seen)))


async def test_no_password_is_right() -> None:
    async with simulated(camera(username="viewer", password="secret")) as simulator:
        simulator.set_faults("cam", wrong_password=True)
        problem = await problem_of(SourceAddress(simulator.url("cam"), "viewer", "secret"))
    assert problem.code == "wrong-password"


async def test_a_drifting_clock_is_followed() -> None:
    async with simulated(camera(drift_ppm=300)) as simulator:
        sink = await collect(SourceAddress(simulator.url("cam")), pictures(60))
    seen = shown(sink.video)
    assert_in_step((b.time_us - a.time_us, b.taken_us - a.taken_us) for a, b in itertools.pairwise(seen))
