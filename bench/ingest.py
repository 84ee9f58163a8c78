"""Group ingest: CPU and private memory per camera against ffmpeg in turn, and frames lost at 64 cameras."""

import os
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.frames import Count, count_frames
from bench.recorders import Running, ffmpeg_segments, gatehouse, motion_passthrough, wait_until
from bench.results import Figure, at_most, median_of, stated
from bench.source import clip, gst_server
from bench.usage import watch

ROUNDS = 3
SETTLE_S = 8.0
WINDOW_S = 20.0
LOSS_WINDOW_S = 60.0
MOST_CAMERAS = 64

Recorder = Callable[[Path, str, int], AbstractContextManager[Running]]


@dataclass(frozen=True, slots=True)
class Sample:
    """One recorder over one window. cpu: CPU seconds per camera-minute; private: MiB per camera.

    others_cpu: the same of the appliance's further units. load: the machine's average of the last minute.
    packets_lost, frames: by camera, since the start.
    """

    cpu: float
    private: float
    others_cpu: float
    load: float
    packets_lost: dict[str, int]
    frames: dict[str, Count]


def measure(recorder: Recorder, url: str, cameras: int, window_s: float = WINDOW_S) -> Sample:
    """Start the recorder, let every camera write, and account one window."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as name:
        folder = Path(name)
        with recorder(folder, url, cameras) as running:
            wait_until(lambda: _writing(folder) >= cameras)
            time.sleep(SETTLE_S)
            others = [psutil.Process(pid) for pid in running.others]
            others_before = sum(sum(p.cpu_times()[:2]) for p in others)
            used = watch(running.pids, window_s)
            others_cpu = sum(sum(p.cpu_times()[:2]) for p in others) - others_before
            load = os.getloadavg()[0]
            packets_lost = running.packets_lost()
        frames = count_frames(folder, clip())
    camera_minutes = cameras * used.wall_s / 60
    return Sample(
        used.cpu_s / camera_minutes,
        used.private_mib / cameras,
        others_cpu / camera_minutes,
        load,
        packets_lost,
        frames,
    )


def _writing(folder: Path) -> int:
    """Cameras of which something is in a file: ours have a folder each, the peers a file."""
    files = (path for path in folder.rglob("*.mp4") if path.stat().st_size)
    return len({path.parent.parent if "segments" in path.parts else path for path in files})


def _pairs(cameras: int) -> list[tuple[Sample, Sample]]:
    """Ours and ffmpeg's, in turn on the same source; the order changes with every round."""
    pairs = []
    with gst_server() as url:
        for number in range(ROUNDS):
            order = (gatehouse, ffmpeg_segments) if number % 2 == 0 else (ffmpeg_segments, gatehouse)
            samples = {recorder: measure(recorder, url, cameras) for recorder in order}
            pairs.append((samples[gatehouse], samples[ffmpeg_segments]))
    return pairs


def _cpu_ratio(name: str, cameras: int, pairs: list[tuple[Sample, Sample]], limit: float) -> Figure:
    ratios = [ours.cpu / peer.cpu for ours, peer in pairs]
    method = (
        f"{cameras} cameras, median of {ROUNDS} rounds in turn ({_each(ratios)}): "
        f"{median_of([ours.cpu for ours, _ in pairs]):.3f} CPU-s per camera-minute of both ingest processes against "
        f"{median_of([peer.cpu for _, peer in pairs]):.3f} of `ffmpeg -rtsp_transport tcp -c copy -f segment`; "
        f"bus and api besides: {median_of([ours.others_cpu for ours, _ in pairs]):.3f}; "
        f"load average {median_of([sample.load for pair in pairs for sample in pair]):.1f} on {os.cpu_count()} cores"
    )
    return at_most(name, median_of(ratios), "×", limit, method)


def _memory_ratio(cameras: int, pairs: list[tuple[Sample, Sample]]) -> Figure:
    ratios = [ours.private / peer.private for ours, peer in pairs]
    method = (
        f"{cameras} cameras, median of {ROUNDS} rounds ({_each(ratios)}): "
        f"{median_of([ours.private for ours, _ in pairs]):.2f} MiB of private memory per camera (both ingest "
        f"processes whole, interpreter included, mean over the window) against "
        f"{median_of([peer.private for _, peer in pairs]):.2f} of ffmpeg"
    )
    return at_most("ingest.memory_vs_ffmpeg", median_of(ratios), "×", 0.3, method)


def _lost(url: str) -> Figure:
    sample = measure(gatehouse, url, MOST_CAMERAS, LOSS_WINDOW_S)
    total = sum(sample.frames.values(), Count())
    blamed = [c.missing + c.damaged for camera, c in sample.frames.items() if not sample.packets_lost.get(camera)]
    unheard = sum(1 for camera in sample.packets_lost if camera not in sample.frames)
    source = sum(sample.packets_lost.values())
    method = (
        f"{MOST_CAMERAS} cameras for {LOSS_WINDOW_S:.0f} s: every recorded picture recognised by the MD5 of its bytes "
        f"(ffprobe), {total.found} found, {total.missing} missing and {total.damaged} damaged between each camera's "
        f"first and last; the source itself left out {source} RTP packets (gaps in its sequence numbers over TCP: "
        f"their cameras are not counted against the recorder); {sample.cpu:.3f} CPU-s per camera-minute and "
        f"{sample.private:.2f} MiB of private memory per camera"
    )
    return at_most("ingest.frames_lost", float(sum(blamed) + unheard), "frames", 0, method)


def _motion(url: str) -> Figure:
    sample = measure(motion_passthrough, url, 1)
    method = f"Debian's motion in passthrough, one camera (it decodes all the same); {sample.private:.0f} MiB private"
    return stated("ingest.motion_cpu", sample.cpu, "CPU-s per camera-minute", method)


def _each(values: list[float]) -> str:
    return ", ".join(f"{value:.3f}" for value in values)


def run() -> list[Figure]:
    """Ours and ffmpeg in turn at 8 and 32 cameras; ours at 64; motion with one."""
    at_8, at_32 = _pairs(8), _pairs(32)
    with gst_server() as url:
        lost = _lost(url)
    with gst_server() as url:
        motion = _motion(url)
    return [
        _cpu_ratio("ingest.cpu_vs_ffmpeg", 32, at_32, 0.5),
        _cpu_ratio("ingest.cpu_vs_ffmpeg_8", 8, at_8, 0.7),
        _memory_ratio(32, at_32),
        lost,
        motion,
    ]
