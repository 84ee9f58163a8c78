"""What the suites ask of a rig, whatever it is made of."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hwtests.rig.console import Console
from hwtests.rig.power_cut import Cut


class NotFittedError(Exception):
    """This rig has no such part, or cannot do that with it; a suite skips what needs it."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A disk looked at while the power is off. findings: what a check of its data would have to repair by hand."""

    findings: tuple[str, ...]
    lost_writes: int = 0


class Rig(Protocol):
    """One recorder. It is off at first."""

    emulated: bool
    cameras_at: str  # the address under which the recorder reaches servers on this computer

    @property
    def console(self) -> Console:
        """Since the last power-on."""
        ...

    @property
    def address(self) -> tuple[str, int]:
        """Where its page is reached by HTTPS from here: host, port."""
        ...

    def flash(self) -> None:
        """The image onto its disk; what was recorded is gone. The power is off. Raises NotFittedError, OSError."""
        ...

    def power_on(self) -> int:
        """Returns when, UTC in microseconds."""
        ...

    def power_cut(self, cut: Cut | None = None) -> int:
        """Take the power away at once; returns when, UTC in microseconds.

        cut: what becomes of writes that an emulated disk had not flushed; all are kept where None. A real disk decides.
        """
        ...

    def wait_off(self, timeout_s: float) -> None:
        """Wait until it has switched itself off; raises TimeoutError."""
        ...

    def examine(self, points: int = 0, seed: int = 0) -> Examined:
        """Check the disk from outside, on a copy. The power is off. Raises NotFittedError.

        points: besides, as it would have been had the power been cut at that many random writes since the power-on.
        """
        ...

    def serial_line(self, name: str) -> Path:
        """A terminal device of this computer, the other end of a serial line; raises NotFittedError."""
        ...

    def pull(self, bay: str) -> None:
        """Take a disk out while it runs; raises NotFittedError."""
        ...

    def insert(self, bay: str) -> None:
        """Put it in again; raises NotFittedError."""
        ...

    def set_gpio(self, name: str, active: bool) -> None:
        """An input of the recorder; raises NotFittedError."""
        ...

    def screenshot(self, file: Path) -> None:
        """What a monitor would show, as PNG; raises NotFittedError."""
        ...

    def close(self) -> None:
        """Power off and let go of everything; harmless twice."""
        ...
