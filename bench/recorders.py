"""The recorders that are compared: ours as it is deployed, and the peers as they are commonly run."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from appliance.cameras.model import Camera, Source, Transport
from appliance.core.config import ConfigStore
from bench.source import camera_url
from hwtests.appliance import Appliance

START_TIMEOUT_S = 90


@dataclass(frozen=True, slots=True)
class Running:
    """A recorder at work. pids: the processes that record. others: what else its makers need running (ours: bus, api).

    packets_lost: RTP packets that never came, by the gaps in their sequence numbers; by camera.
    """

    pids: list[int]
    others: list[int] = field(default_factory=list)
    packets_lost: Callable[[], dict[str, int]] = dict


@contextmanager
def gatehouse(folder: Path, url: str, cameras: int) -> Iterator[Running]:
    """The appliance under its supervisor with N cameras on one URL."""
    _configure(folder, url, cameras)
    with Appliance.start(folder) as appliance:
        pids = appliance.unit_pids()
        recording = [pid for name, pid in pids.items() if name.startswith("ingest")]
        others = [pid for name, pid in pids.items() if not name.startswith("ingest")]
        yield Running(recording, others, lambda: _packets_lost(appliance))


def _configure(folder: Path, url: str, cameras: int) -> None:
    with ConfigStore(folder / "config") as store:
        table = store.table("cameras", Camera)
        for number in range(cameras):
            source = Source(url=camera_url(url, number), transport=Transport.TCP)
            table.put(Camera(id=f"cam{number:03}", name=f"Camera {number}", source=source), actor="bench")


def _packets_lost(appliance: Appliance) -> dict[str, int]:
    views = appliance.api.call("GET", "/api/v1/cameras")["cameras"]
    return {view["id"]: int(view["state"]["packets_lost"]) for view in views}


@contextmanager
def ffmpeg_segments(folder: Path, url: str, cameras: int) -> Iterator[Running]:
    """`ffmpeg -rtsp_transport tcp -c copy -f segment`, a process for each camera: what most recorders do."""
    commands = [
        [
            *("ffmpeg", "-v", "error", "-nostdin", "-rtsp_transport", "tcp"),
            *("-i", camera_url(url, number), "-c", "copy"),
            *("-f", "segment", "-segment_time", "60", "-reset_timestamps", "1", str(folder / f"{number:03}-%05d.mp4")),
        ]
        for number in range(cameras)
    ]
    with _children(commands) as pids:
        yield Running(pids)


@contextmanager
def motion_passthrough(folder: Path, url: str, cameras: int) -> Iterator[Running]:
    """Debian's motion, recording continuously in passthrough; it decodes every frame all the same."""
    configuration = folder / "motion.conf"
    configuration.write_text(
        f"netcam_url {camera_url(url, 0)}\ntarget_dir {folder}\nmovie_output on\nmovie_passthrough on\n"
        "emulate_motion on\npicture_output off\n"
        "webcontrol_port 0\nstream_port 0\nlog_level 3\nwidth 1920\nheight 1080\nframerate 25\n"
    )
    with _children([["motion", "-n", "-c", str(configuration)] for _ in range(cameras)]) as pids:
        yield Running(pids)


@contextmanager
def _children(commands: list[list[str]]) -> Iterator[list[int]]:
    running = [subprocess.Popen(c, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for c in commands]
    try:
        yield [process.pid for process in running]
    finally:
        for process in running:
            process.kill()
        for process in running:
            process.wait()


def wait_until(ready: Callable[[], bool], timeout_s: float = START_TIMEOUT_S) -> None:
    """Poll until ready() holds; raises TimeoutError."""
    deadline = time.monotonic() + timeout_s
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError("the recorders did not start in time")
        time.sleep(0.2)
