import asyncio
import random

from hypothesis import given
from hypothesis import strategies as st

from appliance.core.clock import ManualClock
from appliance.ingest.reconnect import LONGEST_DELAY_S, Backoff, ConnectGate


@given(st.integers(), st.integers(1, 40))
def test_delays_grow_to_a_ceiling_and_never_fall_below_half_of_it(seed: int, attempts: int) -> None:
    backoff = Backoff(ManualClock(), random.Random(seed))
    delays = [backoff.failed(None) for _ in range(attempts)]
    for number, delay in enumerate(delays):
        ceiling = min(LONGEST_DELAY_S, 2.0**number)
        assert ceiling / 2 <= delay <= ceiling


def test_cameras_that_failed_together_return_apart() -> None:
    clock = ManualClock()
    first = {Backoff(clock, random.Random(seed)).failed(None) for seed in range(50)}
    assert len(first) == 50


def test_a_stream_that_held_starts_the_backoff_over() -> None:
    clock = ManualClock()
    backoff = Backoff(clock, random.Random(1))
    for _ in range(10):
        backoff.failed(None)
    since = clock.monotonic_us()
    clock.advance(31_000_000)
    assert backoff.failed(since) <= 1.0


def test_a_stream_that_breaks_at_once_does_not() -> None:
    clock = ManualClock()
    backoff = Backoff(clock, random.Random(1))
    for _ in range(10):
        backoff.failed(clock.monotonic_us())
    assert backoff.failed(clock.monotonic_us()) >= LONGEST_DELAY_S / 2


async def test_no_more_cameras_connect_at_once_than_the_gate_has_places() -> None:
    gate = ConnectGate(at_once=3)
    connecting, most = 0, 0

    async def camera() -> None:
        nonlocal connecting, most
        async with gate.attempt() as slot:
            connecting += 1
            most = max(most, connecting)
            await asyncio.sleep(0)
            connecting -= 1
            slot.done()
            slot.done()

    await asyncio.gather(*(camera() for _ in range(50)))
    assert most == 3
