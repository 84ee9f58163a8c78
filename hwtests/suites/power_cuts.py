"""The power is cut at random instants: while it starts, while it records, while an update is written."""

import math
import random
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from hwtests.appliance import ApiError, now_us, wait_for
from hwtests.recorded import holes
from hwtests.rig.power_cut import LoseUnflushed
from hwtests.rig.recorder import LOOK_EVERY_S, PROFILE, US_PER_S, Recorder
from hwtests.rig.rig import NotFittedError

SHARES = (0.0, 0.5, 0.9, 1.0)  # of what was not flushed, how much a disk keeps
POINTS = 1  # of each session's write log, besides the cut's own, at which its disk is checked, though not booted
LOOKED_BACK_S = 8
LONGEST_PAUSE_S = 10.0
UPDATE_TIMEOUT_S = 900
WRITING_S = 100.0  # of a slot, where all is emulated
GRACE_S = 1.0


class Phase(StrEnum):
    """What the recorder does when the power goes."""

    STARTING = "starting"
    RECORDING = "recording"
    UPDATING = "updating"


@dataclass(frozen=True, slots=True)
class Loss:
    """Pictures from before a cut that one camera lost; inf where nothing of the last seconds is there."""

    camera: str
    phase: Phase
    cut_us: int
    lost_s: float


@dataclass(slots=True)
class PowerCuts:
    """Everything that is asserted. repairs: what a person would have to do before it records again."""

    cuts: list[Phase] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    back_s: list[float] = field(default_factory=list)
    lost_writes: int = 0
    points: int = 0
    slots: list[str] = field(default_factory=list)

    @property
    def most_lost_s(self) -> float:
        """Of any camera, by any cut while it recorded."""
        return max((loss.lost_s for loss in self.losses), default=0)

    def lines(self) -> list[str]:
        """A summary to print."""
        phases = ", ".join(f"{phase} {self.cuts.count(phase)}" for phase in Phase)
        lost, back = sorted(loss.lost_s for loss in self.losses) or [0.0], sorted(self.back_s) or [0.0]
        return [
            f"{len(self.cuts)} power cuts ({phases}); {self.lost_writes} unflushed writes lost with them; "
            f"e2fsck looked at the data partition as it was at {self.points} points of the disk's write log",
            f"lost per camera, with fragments of {PROFILE.gop_s:g} s: median {lost[len(lost) // 2]:.2f} s, "
            f"at most {lost[-1]:.2f} s; recording again, emulated: median {back[len(back) // 2]:.0f} s, "
            f"at most {back[-1]:.0f} s after power",
            f"{len(self.repairs)} repairs by hand, {len(self.torn)} recordings torn; slots that ran: "
            f"{' '.join(self.slots)}",
        ]


def plan(rng: random.Random, count: int) -> Iterator[Phase]:
    """Of ten cuts six while it starts, three while it records, one while an update is written."""
    dealt = [Phase.STARTING] * 6 + [Phase.RECORDING] * 3 + [Phase.UPDATING]
    for first in range(0, count, len(dealt)):
        yield from rng.sample(dealt, len(dealt))[: count - first]


class Cutter:
    """Cuts one recorder's power, and looks afterwards at what is left. It runs at first, and at the end."""

    def __init__(self, recorder: Recorder, bundle: Path | None, start_s: float, seed: int) -> None:
        """start_s: how long this rig takes to start. bundle: an update to be interrupted."""
        self.result = PowerCuts()
        self._recorder, self._bundle, self._start_s = recorder, bundle, start_s
        self._rng = random.Random(seed)
        self._on = True
        self._begun = time.monotonic()
        self._unseen: list[tuple[Phase, int]] = []

    def run(self, count: int, longest_s: float = math.inf) -> PowerCuts:
        """That many cuts, none begun after longest_s; raises TimeoutError where it does not record again by itself."""
        last = time.monotonic() + longest_s
        for phase in plan(self._rng, count):
            if time.monotonic() > last:
                break
            (self._while_starting if phase is Phase.STARTING else self._while_running)(phase)
            self._cut(phase)
        self._up()
        return self.result

    def _while_starting(self, phase: Phase) -> None:
        if self._on:
            self._recorder.restart()  # a start is a start, whether after power or after a command
        else:
            self._recorder.rig.power_on()
        self._on = True
        time.sleep(self._rng.uniform(1, self._start_s))

    def _while_running(self, phase: Phase) -> None:
        self._up()
        if phase is Phase.UPDATING and self._bundle is not None:
            threading.Thread(target=self._send, args=(self._bundle,), daemon=True).start()
            self._into_update()
        else:
            time.sleep(self._rng.uniform(0, LONGEST_PAUSE_S))

    def _into_update(self) -> None:
        """In turn to some instant while the slot is written, and while the bundle is received and checked."""
        if self.result.cuts.count(Phase.UPDATING) % 2 == 0:
            wait_for(self._written_to, UPDATE_TIMEOUT_S, "the update to be written")
        time.sleep(self._rng.uniform(0, WRITING_S))

    def _written_to(self) -> bool:
        time.sleep(LOOK_EVERY_S)
        return self._recorder.updates()["task"]["state"] in ("installing", "restart-needed", "failed")

    def _send(self, bundle: Path) -> None:
        """Until the power goes, or an update is refused because one is on trial: then it is a cut like another."""
        with suppress(OSError, ApiError):
            self._recorder.api.upload("/api/v1/updates/bundle", bundle)

    def _say(self, text: str) -> None:
        print(f"{time.monotonic() - self._begun:6.0f} s  {text}", flush=True)

    def _cut(self, phase: Phase) -> None:
        keep, seed = self._rng.choice(SHARES), self._rng.getrandbits(32)
        self._unseen.append((phase, self._recorder.rig.power_cut(LoseUnflushed(keep, seed))))
        self._on = False
        self.result.cuts.append(phase)
        self._say(f"cut {len(self.result.cuts)} while {phase}, {keep:.0%} of what was not flushed kept")
        with suppress(NotFittedError):
            examined = self._recorder.rig.examine(POINTS, seed)
            self._say(f"e2fsck found {len(examined.findings)} faults; {examined.lost_writes} writes were lost")
            self.result.points += 1 + POINTS
            self.result.lost_writes += examined.lost_writes
            self.result.repairs += [f"after cut {len(self.result.cuts)}, {phase}: {text}" for text in examined.findings]

    def _up(self) -> None:
        """On and recording; what the cuts since then have cost is counted."""
        if not self._on:
            begun_us = self._recorder.rig.power_on()
            self._on = True
            self._recorder.wait_recording()
            self.result.back_s.append((now_us() - begun_us) / US_PER_S)
            self.result.slots.append(str(self._recorder.updates()["running"]["slot"]))
            self._say(f"recording again {self.result.back_s[-1]:.0f} s after power, slot {self.result.slots[-1]}")
        self._recorder.wait_recording()
        for phase, cut_us in self._unseen:
            if phase is not Phase.STARTING:  # when it began to record again is not known there
                self._count(phase, cut_us)
        self._unseen.clear()

    def _count(self, phase: Phase, cut_us: int) -> None:
        for camera in self._recorder.cameras:
            pictures = self._recorder.pictures_before(camera, cut_us, LOOKED_BACK_S)
            lost_s = (cut_us - pictures[-1].time_us) / US_PER_S if pictures else float("inf")
            self.result.losses.append(Loss(camera, phase, cut_us, lost_s))
            self._say(f"{camera} lost {lost_s:.2f} s by a cut while {phase}")
            self.result.torn += [f"{camera}: {hole}" for hole in holes(pictures)]
