"""Many cameras for a long time: every picture that was sent must be in the recording, once and in order."""

import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil

from hwtests.appliance import now_us
from hwtests.camera.config import Profile
from hwtests.recorded import Picture, decoded, holes
from hwtests.suites.site import Site, findings, running_site

US_PER_S = 1_000_000
PROFILE = Profile(width=640, height=360, fps=15.0, kbps=500, gop_s=2.0)


@dataclass(frozen=True, slots=True)
class CameraResult:
    """What came out of one camera. missing: counters absent between the first and the last; wrong: out of order."""

    camera: str
    pictures: int
    missing: int
    wrong: int
    recorded_percent: float
    covers: bool


@dataclass(frozen=True, slots=True)
class SoakResult:
    """Everything that is asserted, and what it cost. findings: of a deep check of the volume."""

    seconds: int
    cameras: list[CameraResult]
    findings: list[str]
    unit_cpu_percent: dict[str, float]
    unit_rss_mib: dict[str, int]

    def lines(self) -> list[str]:
        """A summary to print."""
        return [
            f"{len(self.cameras)} cameras, {self.seconds} s: {sum(c.pictures for c in self.cameras)} pictures decoded, "
            f"{sum(c.missing for c in self.cameras)} missing, {sum(c.wrong for c in self.cameras)} out of order, "
            f"{sum(c.covers for c in self.cameras)} cameras complete, {len(self.findings)} findings of fsck",
            *(
                f"{unit}: {self.unit_cpu_percent[unit]} % of a core, {self.unit_rss_mib[unit]} MiB"
                for unit in self.unit_rss_mib
            ),
        ]


def soak(folder: Path, count: int, seconds: int, profile: Profile = PROFILE) -> SoakResult:
    """Record, wait, decode everything that was recorded."""
    with running_site(folder, count, profile) as site:
        start_us = now_us()
        before = {name: psutil.Process(pid) for name, pid in site.appliance.unit_pids().items()}
        cpu_before = {name: sum(process.cpu_times()[:2]) for name, process in before.items()}
        time.sleep(seconds)
        end_us = now_us()
        cpu = {name: sum(process.cpu_times()[:2]) - cpu_before[name] for name, process in before.items()}
        rss = {name: process.memory_info().rss >> 20 for name, process in before.items()}
        for camera in site.cameras:
            site.appliance.api.wait_recorded(camera, end_us)
        results = _look(site, folder, start_us, end_us)
        return SoakResult(
            seconds,
            results,
            findings(folder),
            {name: round(100 * spent / seconds, 1) for name, spent in cpu.items()},
            rss,
        )


def _look(site: Site, folder: Path, start_us: int, end_us: int) -> list[CameraResult]:
    results = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        files = [
            site.appliance.api.media(camera, start_us, end_us, folder / f"{name}.mp4")
            for camera, name in site.cameras.items()
        ]
        for camera, pictures in zip(site.cameras, pool.map(decoded, files), strict=True):
            percent = site.appliance.api.timeline(camera, start_us, end_us)["recorded_percent"]
            results.append(_result(camera, pictures, percent, start_us, end_us))
    return results


def _result(camera: str, pictures: list[Picture], percent: float, start_us: int, end_us: int) -> CameraResult:
    broken = holes(pictures)
    missing = sum(b.counter - a.counter - 1 for a, b in broken if b.counter > a.counter)
    wrong = sum(b.counter <= a.counter for a, b in broken)
    covers = bool(pictures) and pictures[0].time_us <= start_us and pictures[-1].time_us >= end_us - US_PER_S // 2
    return CameraResult(camera, len(pictures), missing, wrong, percent, covers)
