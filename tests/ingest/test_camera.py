"""One camera from its address to the file: every picture is there; its problems are its own."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import av
import pytest

from appliance.cameras.model import Camera, Source, Transport
from appliance.cameras.state import CameraStatus
from appliance.core.clock import SystemClock
from appliance.ingest.camera import CameraRunner
from appliance.ingest.reconnect import ConnectGate
from appliance.ingest.recorder import Recorder
from appliance.media.model import VideoUnit
from appliance.recordings.writer import RecordingWriter
from appliance.volumes.volume import Volume
from hwtests.camera import burnt
from hwtests.camera.config import Audio
from tests.hwtests.camera.watching import DEADLINE_S, camera, luma, simulated


class Site:
    """A volume, its writer, and the cameras that record to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.writer = RecordingWriter(Volume.create(folder / "main", SystemClock()), "ingest-0", SystemClock())
        self.facts: list[tuple[str, dict[str, Any]]] = []
        self._gate = ConnectGate()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, camera_id: str, **source: Any) -> CameraRunner:
        """Run a camera."""
        one = Camera(id=camera_id, name=camera_id, source=Source(**source))
        recorder = Recorder(one.recording, self.writer.stream(camera_id), None)
        runner = CameraRunner(
            one,
            recorder=recorder,
            clock=SystemClock(),
            gate=self._gate,
            notify=lambda kind, data: self.facts.append((kind, data)),
            prerecorded=self.folder,
            rng=random.Random(1),
        )
        self._tasks.append(asyncio.create_task(runner.run()))
        return runner

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait; a camera that ends is an error."""
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                for task in self._tasks:
                    assert not task.done(), task
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """End every camera, and write what is whole."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self.writer.stop)

    def pictures(self, camera_id: str) -> list[int]:
        """The counters of every recorded picture."""
        found: list[int] = []
        for path in sorted((self.folder / "main").rglob(f"{camera_id}/*/*.mp4")):
            with av.open(str(path)) as container:
                codes = [burnt.decode(luma(frame)) for frame in container.decode(container.streams.video[0])]
            assert None not in codes
            found += [code[0] for code in codes if code is not None]
        return found


@asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Site]:
    one = Site(folder)
    await asyncio.to_thread(one.writer.start)
    try:
        yield one
    finally:
        await one.stop()


@pytest.mark.parametrize(
    ("codec", "bframes", "transport"), [("h264", 2, "tcp"), ("h264", 0, "udp"), ("h265", 0, "tcp"), ("mjpeg", 0, "udp")]
)
async def test_every_picture_is_in_the_file(codec: str, bframes: int, transport: str, tmp_path: Path) -> None:
    profile = {"codec": codec, "bframes": bframes, "width": 320, "height": 176, "fps": 25.0, "gop_s": 0.8}
    async with simulated(camera(profiles=[profile], audio=Audio.PCMU)) as simulator, site(tmp_path) as recorder:
        runner = recorder.start("cam", url=simulator.url("cam"), transport=Transport(transport))
        await recorder.until(lambda: simulator.status("cam").frames_sent > 60)
        state = runner.state()
        await recorder.stop()
        found = recorder.pictures("cam")
    assert len(found) > 50
    assert found == list(range(found[0], found[0] + len(found)))
    assert state.status is CameraStatus.STREAMING
    assert state.video is not None and state.video.codec == codec
    assert state.audio is not None and state.audio.codec == "pcmu"
    assert state.packets_lost == 0


async def test_a_camera_says_why_it_waits_and_comes_back(tmp_path: Path) -> None:
    guarded = camera(username="viewer", password="secret")
    async with simulated(guarded) as simulator, site(tmp_path) as recorder:
        simulator.set_faults("cam", wrong_password=True)
        runner = recorder.start("cam", url=simulator.url("cam"), username="viewer", password="secret")
        await recorder.until(lambda: runner.state().status is CameraStatus.WAITING)
        problem = runner.state().problem
        simulator.clear_faults("cam")
        await recorder.until(lambda: runner.streaming)
        assert runner.state().problem is None
    assert problem is not None
    assert (problem["code"], problem["field"]) == ("wrong-password", "source.password")
    assert "secret" not in repr(problem) + repr(recorder.facts)


async def test_an_error_of_ours_costs_one_camera_a_reconnection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with simulated(camera(), camera(name="other")) as simulator, site(tmp_path) as recorder:
        broken = recorder.start("broken", url=simulator.url("cam"))
        other = recorder.start("other", url=simulator.url("other"))
        await recorder.until(lambda: broken.streaming and other.streaming)

        def fail(unit: VideoUnit) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(broken.recorder, "video", fail)
        await recorder.until(lambda: broken.state().status is CameraStatus.WAITING)
        assert broken.state().problem is not None
        monkeypatch.undo()
        await recorder.until(lambda: broken.streaming)
        assert other.streaming
        assert other.state().reconnects == 0
