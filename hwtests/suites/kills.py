"""Units are killed at random instants: what was recorded stays, recording goes on, and every loss has its cause."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from hwtests.appliance import ApiError, from_text, now_us, wait_for
from hwtests.camera.config import Profile
from hwtests.recorded import Picture, holes, listed
from hwtests.suites.site import SHARDS, Site, findings, running_site

US_PER_S = 1_000_000
UNITS = ("bus", "api", "updates", *(f"ingest@{number}" for number in range(SHARDS)))
PROFILE = Profile(width=320, height=180, fps=10.0, kbps=200, gop_s=1.0)
LONGEST_PAUSE_S = 2.0
UNDERWAY_S = 0.5  # from a camera's shutter to the recorder, on a machine that is busy
BACK_TIMEOUT_S = 60

T = TypeVar("T")
Spans = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Kill:
    """When, and what."""

    time_us: int
    unit: str


@dataclass(frozen=True, slots=True)
class Loss:
    """Pictures that one kill cost one camera: how much from before it, how long until pictures came again."""

    camera: str
    kill: Kill
    before_s: float
    after_s: float


@dataclass(slots=True)
class KillsResult:
    """Everything that is asserted. unexplained: holes without a kill of that camera's unit, or without a cause."""

    kills: list[Kill] = field(default_factory=list)
    pictures: int = 0
    losses: list[Loss] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    taken_back: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    @property
    def most_lost_s(self) -> float:
        """From before a kill."""
        return max((loss.before_s for loss in self.losses), default=0)

    @property
    def longest_pause_s(self) -> float:
        """From a kill to the next picture."""
        return max((loss.after_s for loss in self.losses), default=0)

    def lines(self) -> list[str]:
        """A summary to print."""
        before, after = sorted(x.before_s for x in self.losses), sorted(x.after_s for x in self.losses)
        middle = len(self.losses) // 2
        per_unit = ", ".join(f"{unit} {sum(k.unit == unit for k in self.kills)}" for unit in UNITS)
        return [
            f"{len(self.kills)} kills ({per_unit}); {self.pictures} pictures recorded",
            f"lost from before a kill, with fragments of {PROFILE.gop_s:g} s: median {before[middle]:.2f} s, "
            f"at most {before[-1]:.2f} s; recording again: median {after[middle]:.2f} s, at most {after[-1]:.2f} s"
            if self.losses
            else "no picture lost",
            f"{len(self.unexplained)} unexplained holes, {len(self.taken_back)} shown spans taken back, "
            f"{len(self.findings)} findings of fsck",
        ]


def kill_units(folder: Path, kills: int, count: int = 4, seed: int = 1) -> KillsResult:
    """Kill that many units, one after another; then compare what is there with what was shown and sent."""
    rng, result = random.Random(seed), KillsResult()
    with running_site(folder, count, PROFILE) as site:
        start_us = now_us()
        shown: dict[str, Spans] = {}
        for unit in islice(_victims(rng), kills):
            _wait_all_recorded(site)
            time.sleep(rng.uniform(0, LONGEST_PAUSE_S))
            shown = {camera: _spans(_patiently(_timeline(site, camera, start_us))) for camera in site.cameras}
            dead = site.appliance.kill(unit)
            result.kills.append(Kill(now_us(), unit))
            site.appliance.wait_back(unit, dead, BACK_TIMEOUT_S)
            for camera, spans in shown.items():
                _compare(result, camera, spans, _spans(_patiently(_timeline(site, camera, start_us))))
        _wait_all_recorded(site)
        end_us = now_us() - 3 * US_PER_S
        for camera in site.cameras:
            _account(result, site, camera, folder, start_us, end_us)
    result.findings = findings(folder)
    return result


def _victims(rng: random.Random) -> Iterator[str]:
    """Every unit in turn, in an order that is never the same."""
    while True:
        yield from rng.sample(UNITS, len(UNITS))


def _wait_all_recorded(site: Site) -> None:
    """Everything is up again when every camera has been recorded beyond now."""
    now = now_us()
    for camera in site.cameras:
        wait_for(lambda camera=camera: _recorded_to(site, camera) >= now, BACK_TIMEOUT_S, f"{camera} to go on")  # type: ignore[misc]


def _recorded_to(site: Site, camera: str) -> int:
    return _patiently(lambda: site.appliance.api.recorded_to_us(camera))


def _timeline(site: Site, camera: str, start_us: int) -> Callable[[], Any]:
    return lambda: site.appliance.api.timeline(camera, start_us, now_us())


def _patiently(call: Callable[[], T]) -> T:
    """The api unit may have been killed a moment ago."""
    deadline = time.monotonic() + BACK_TIMEOUT_S
    while True:
        try:
            return call()
        except (OSError, ApiError):
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def _spans(timeline: Any) -> Spans:
    return [(from_text(span["start"]), from_text(span["end"])) for span in timeline["spans"]]


def _compare(result: KillsResult, camera: str, before: Spans, after: Spans) -> None:
    """What was shown once is shown for ever."""
    for start_us, end_us in before:
        if not any(a <= start_us and end_us <= b for a, b in after):
            result.taken_back.append(f"{camera} {start_us} {end_us}")


def _account(result: KillsResult, site: Site, camera: str, folder: Path, start_us: int, end_us: int) -> None:
    pictures = listed(site.appliance.api.media(camera, start_us, end_us, folder / f"{camera}.mp4"))
    result.pictures += len(pictures)
    gaps = [
        (from_text(gap["start"]), from_text(gap["end"]), gap["cause"])
        for gap in site.appliance.api.timeline(camera, start_us, end_us)["gaps"]
    ]
    own = [kill for kill in result.kills if camera in _cameras_of(site, kill.unit)]
    for last, first in holes(pictures):
        kill = next((kill for kill in own if last.time_us <= kill.time_us < first.time_us), None)
        if kill is None or not _has_cause(gaps, last, first):
            result.unexplained.append(f"{camera}: {last} to {first}, gaps {gaps}")
        else:
            before_s, after_s = (kill.time_us - last.time_us) / US_PER_S, (first.time_us - kill.time_us) / US_PER_S
            result.losses.append(Loss(camera, kill, before_s, after_s))


def _cameras_of(site: Site, unit: str) -> list[str]:
    return site.of_shard(int(unit.rpartition("@")[2])) if unit.startswith("ingest@") else []


def _has_cause(gaps: list[tuple[int, int, str]], last: Picture, first: Picture) -> bool:
    return any(a < first.time_us and last.time_us < b and cause == "restart" for a, b, cause in gaps)
