"""Datagrams: put back in order, given up after a while, and taken from the camera alone."""

import asyncio
import random
import socket

from hypothesis import given
from hypothesis import strategies as st

from appliance.core.clock import SystemClock
from appliance.media.rtsp.udp import LONGEST_HELD_US, MOST_HELD, Reorder, UdpPorts
from tests.hwtests.camera.watching import DEADLINE_S


class Taken:
    """Implements PacketTaker: remembers sequence numbers and payloads."""

    def __init__(self) -> None:
        self.arrival_us = 0
        self.numbers: list[int] = []
        self.payloads: list[bytes] = []

    def packet(
        self, view: memoryview, start: int, end: int, first: int, kind: int, sequence: int, stamp: int, ssrc: int
    ) -> None:
        self.numbers.append(sequence)
        self.payloads.append(bytes(view[start:end]))

    def run(self, view: memoryview, at: int, end: int, frame_bytes: int, stamp: int, ssrc: int) -> int:
        raise AssertionError("datagrams come one by one")


def datagram(number: int) -> bytes:
    return bytes((0x80, 96)) + (number & 0xFFFF).to_bytes(2) + bytes(8) + number.to_bytes(4)


@given(st.integers(0, 65_535), st.integers(1, 300), st.integers(0, MOST_HELD // 2), st.integers(0, 1 << 30))
def test_shuffled_datagrams_come_in_order(first: int, count: int, distance: int, seed: int) -> None:
    rng = random.Random(seed)
    numbers = [first, *sorted(range(first + 1, first + count), key=lambda n: n + rng.random() * distance)]
    taken = Taken()
    reorder = Reorder(taken)
    for number in numbers:
        reorder.take(datagram(number), 0)
    assert taken.numbers == [(first + i) & 0xFFFF for i in range(count)]


@given(st.integers(1, 300), st.floats(0, 0.3), st.integers(0, 1 << 30))
def test_lost_and_repeated_ones_change_no_order(count: int, loss: float, seed: int) -> None:
    rng = random.Random(seed)
    sent = [0, *(n for n in range(1, count) if rng.random() >= loss)]
    taken = Taken()
    reorder = Reorder(taken)
    for number in sent:
        for _ in range(1 + (rng.random() < 0.2)):
            reorder.take(datagram(number), 0)
    reorder.flush()
    assert taken.numbers == sent


def test_a_missing_one_is_given_up_after_a_while() -> None:
    taken = Taken()
    reorder = Reorder(taken)
    for number in (1, 3, 4):
        reorder.take(datagram(number), 1000)
    reorder.expire(1000 + LONGEST_HELD_US - 1)
    assert taken.numbers == [1]
    reorder.expire(1000 + LONGEST_HELD_US)
    assert taken.numbers == [1, 3, 4]
    reorder.take(datagram(2), 200_000)
    assert taken.numbers == [1, 3, 4]


def test_a_sender_that_starts_over_is_followed() -> None:
    taken = Taken()
    reorder = Reorder(taken)
    for number in (100, 101, 40_000, 40_001):
        reorder.take(datagram(number), 0)
    assert taken.numbers == [100, 101, 40_000, 40_001]


@given(st.lists(st.binary(max_size=40)))
def test_any_datagrams_are_taken(datagrams: list[bytes]) -> None:
    reorder = Reorder(Taken())
    for data in datagrams:
        reorder.take(data, 0)
    reorder.flush()


async def test_only_the_cameras_datagrams_are_taken() -> None:
    taken = Taken()
    reports: list[bytes] = []
    ports = await UdpPorts.open(("127.0.0.1", "127.0.0.2"), taken, reports.append, SystemClock(), lambda work: work())
    camera, stranger = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    with camera, stranger:
        camera.bind(("127.0.0.2", 0))
        stranger.bind(("127.0.0.3", 0))
        stranger.sendto(datagram(1), ("127.0.0.1", ports.ports[0]))
        camera.sendto(datagram(7), ("127.0.0.1", ports.ports[0]))
        camera.sendto(b"report", ("127.0.0.1", ports.ports[1]))
        async with asyncio.timeout(DEADLINE_S):
            while not (taken.numbers and reports):
                await asyncio.sleep(0.01)
    ports.close()
    assert (taken.numbers, reports) == ([7], [b"report"])
    assert ports.ports[0] % 2 == 0
