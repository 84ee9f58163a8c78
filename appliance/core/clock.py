"""Time, injected everywhere: integer microseconds UTC, and a monotonic clock for durations."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

US_PER_S = 1_000_000


class Clock(Protocol):
    """Where a unit takes its time from, so that tests can own it."""

    def now_us(self) -> int:
        """UTC in microseconds since 1970."""
        ...

    def monotonic_us(self) -> int:
        """Microseconds that never step back; only differences mean something."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now_us(self) -> int:
        """UTC in microseconds since 1970."""
        return time.time_ns() // 1000

    def monotonic_us(self) -> int:
        """Microseconds of CLOCK_MONOTONIC."""
        return time.monotonic_ns() // 1000


@dataclass
class ManualClock:
    """A clock that moves only when told to: for tests and simulations."""

    utc_us: int = 1_700_000_000 * US_PER_S
    mono_us: int = 0

    def now_us(self) -> int:
        """The UTC it was set to."""
        return self.utc_us

    def monotonic_us(self) -> int:
        """The monotonic time it was moved to."""
        return self.mono_us

    def advance(self, delta_us: int) -> None:
        """Move both clocks forward by delta_us."""
        self.utc_us += delta_us
        self.mono_us += delta_us


def to_rfc3339(time_us: int) -> str:
    """UTC microseconds as RFC 3339 with a trailing Z and six decimals."""
    seconds, micros = divmod(time_us, US_PER_S)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{micros:06d}Z"


def from_rfc3339(text: str) -> int:
    """Parse RFC 3339 (an offset or Z is required) to UTC microseconds; raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs an offset or a trailing Z")
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * US_PER_S + delta.microseconds
