"""When a camera may be tried again: jittered backoff per camera, and a bound on attempts of all cameras together."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from appliance.core.clock import US_PER_S, Clock

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 30.0
GOOD_AFTER_S = 30
CONNECTING_AT_ONCE = 8


class Backoff:
    """Delays before the next attempt: "equal jitter", doubling from 1 s to 30 s; a stream that held starts it over.

    Half of each delay is fixed and half is random, so cameras that failed together do not return together.
    """

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng
        self._failures = 0

    def failed(self, streamed_since_us: int | None) -> float:
        """Seconds to wait after a failure; streamed_since_us: monotonic time since when media flowed, None if none."""
        if streamed_since_us is not None:
            held_us = self._clock.monotonic_us() - streamed_since_us
            if held_us >= GOOD_AFTER_S * US_PER_S:
                self._failures = 0
        ceiling_s = min(LONGEST_DELAY_S, FIRST_DELAY_S * float(1 << self._failures))
        self._failures = min(self._failures + 1, 16)
        return ceiling_s / 2 + self._rng.random() * ceiling_s / 2


class ConnectGate:
    """At most a few cameras are in their connection phase at the same time, however many lost contact."""

    def __init__(self, at_once: int = CONNECTING_AT_ONCE) -> None:
        self._slots = asyncio.Semaphore(at_once)

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator["ConnectSlot"]:
        """Hold a slot until media flows (`done`) or the attempt is over."""
        await self._slots.acquire()
        slot = ConnectSlot(self._slots)
        try:
            yield slot
        finally:
            slot.done()


class ConnectSlot:
    """A place in the gate; given back once."""

    def __init__(self, slots: asyncio.Semaphore) -> None:
        self._slots: asyncio.Semaphore | None = slots

    def done(self) -> None:
        """Media flows, or the attempt failed: let the next camera try."""
        if self._slots is not None:
            self._slots.release()
            self._slots = None
