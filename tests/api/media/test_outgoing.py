import asyncio
from dataclasses import dataclass, field
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from appliance.api.media import outgoing
from appliance.api.media.messages import End
from appliance.api.media.outgoing import (
    ANSWERS_BYTES,
    BEHIND_US,
    MAX_SOCKET_BYTES,
    MAX_UNSENT_BYTES,
    ROOM_BYTES,
    Item,
    Lane,
    Outgoing,
    Unsent,
)
from appliance.api.media.stream import Chunk, Track
from appliance.core.clock import US_PER_S, ManualClock

FRAME_US = 40_000
GOP = 10


def chunk(number: int, size: int = 1000, *, track: Track = Track.VIDEO, gop: int = GOP) -> Chunk:
    key = number % gop == 0 or track is Track.AUDIO
    return Chunk(track, number * FRAME_US, key, False, bytes(size))


def numbers(items: list[Item]) -> list[int]:
    """Of the video chunks."""
    return [int.from_bytes(item.head[8:]) // FRAME_US for item in items if item.body is not None]


def drops(items: list[Item]) -> int:
    said = [msgspec.json.decode(item.head) for item in items if item.body is None]
    return sum(message["chunks"] for message in said if message["op"] == "dropped")


def taken(lane: Lane) -> list[Item]:
    items = []
    while not lane.empty:
        items.append(lane.next())
    return items


def test_a_lane_begins_at_a_key_frame_and_that_is_no_loss() -> None:
    lane = Outgoing(ManualClock()).lane(1)
    for number in range(5, 13):
        lane.offer(chunk(number))
    assert numbers(taken(lane)) == [10, 11, 12]
    assert lane.dropped_chunks == 0


def test_sound_waits_for_the_first_picture() -> None:
    lane = Outgoing(ManualClock()).lane(1)
    lane.offer(chunk(0, track=Track.AUDIO))
    lane.offer(chunk(0))
    lane.offer(chunk(1, track=Track.AUDIO))
    assert [item.head[1] for item in taken(lane)] == [Track.VIDEO, Track.AUDIO]


def test_a_client_that_is_behind_loses_chunks_up_to_a_key_frame_and_hears_of_it_once_a_second() -> None:
    clock = ManualClock()
    lane = Outgoing(clock).lane(1)
    for number in range(100):  # nothing is taken: four seconds
        lane.offer(chunk(number))
        clock.advance(FRAME_US)
    waiting = taken(lane)
    for number in range(100, 120):
        lane.offer(chunk(number))
        clock.advance(FRAME_US)
    after = taken(lane)
    seen = numbers(waiting)
    assert seen and seen[0] % GOP == 0 and seen[-1] == 99
    assert numbers(after) == list(range(100, 120))
    assert lane.dropped_chunks == seen[0]
    told = [item for item in (*waiting, *after) if b'"dropped"' in item.head]
    assert 1 <= len(told) <= (120 * FRAME_US) // US_PER_S + 1
    assert drops([*waiting, *after]) <= lane.dropped_chunks


def test_control_messages_are_never_left_out() -> None:
    clock = ManualClock()
    lane = Outgoing(clock).lane(1)
    for number in range(200):
        lane.offer(chunk(number))
        if number % 50 == 0:
            lane.say(End(channel=number))
        clock.advance(FRAME_US)
    said = [msgspec.json.decode(item.head) for item in taken(lane) if item.body is None]
    assert [message["channel"] for message in said if message["op"] == "end"] == [0, 50, 100, 150]


def test_a_lane_that_takes_more_than_its_share_of_a_full_socket_is_the_one_that_loses() -> None:
    out = Outgoing(ManualClock())
    greedy, modest = out.lane(1), out.lane(2)
    big = MAX_SOCKET_BYTES // 40
    for number in range(60):
        greedy.offer(chunk(number, big, gop=1))
        modest.offer(chunk(number, 100))
    assert greedy.dropped_chunks > 0
    assert modest.dropped_chunks == 0
    assert out.bytes <= MAX_SOCKET_BYTES + big


def test_a_closed_lane_says_its_last_word_and_nothing_else() -> None:
    out = Outgoing(ManualClock())
    lane = out.lane(1)
    lane.offer(chunk(0))
    lane.close(End(channel=1))
    lane.offer(chunk(10))
    lane.close(End(channel=1))
    assert [item.body for item in taken(lane)] == [None]
    assert out.bytes == 0


@dataclass
class Socket:
    """Takes messages while `open` is set."""

    open: asyncio.Event = field(default_factory=asyncio.Event)
    sent: list[Any] = field(default_factory=list)

    async def send_bytes(self, data: bytes) -> None:
        await self.open.wait()
        self.sent.append(int.from_bytes(data[2:4]))

    async def send_frame(self, data: bytes, _kind: object) -> None:
        await self.open.wait()
        self.sent.append(data)


async def test_lanes_are_served_in_turn_and_a_playback_lane_waits_for_room() -> None:
    out, socket = Outgoing(ManualClock()), Socket()
    sender = asyncio.create_task(out.run(socket))  # type: ignore[arg-type]
    first, second = out.lane(1), out.lane(2)

    async def fill(lane: Lane) -> None:
        for number in range(6):
            await lane.put(chunk(number, ROOM_BYTES // 2 + 1))

    filling = [asyncio.create_task(fill(lane)) for lane in (first, second)]
    await asyncio.sleep(0)
    assert first.bytes <= 2 * ROOM_BYTES
    socket.open.set()
    await asyncio.wait_for(asyncio.gather(*filling), 10)
    async with asyncio.timeout(10):
        while out.bytes:
            await asyncio.sleep(0)
    assert sorted(socket.sent) == [1] * 6 + [2] * 6
    assert socket.sent[:4] in ([1, 2, 1, 2], [1, 1, 2, 1], [1, 2, 1, 2])
    sender.cancel()


async def test_who_asks_and_never_reads_is_not_heard_any_more() -> None:
    """Answers are never left out: without this, a client could have any number of them wait."""
    out, socket, asked = Outgoing(ManualClock()), Socket(), 0
    sender = asyncio.create_task(out.run(socket))  # type: ignore[arg-type]
    general = out.lane(0)

    async def ask(*, close_channels: bool) -> None:
        nonlocal asked
        for asked in range(20_000):  # noqa: B007 - read outside
            lane = out.lane(1) if close_channels else general
            lane.say(End(channel=1))
            if close_channels:
                lane.close(End(channel=1))
            await out.room_for_answers(general)

    for close_channels in (False, True):
        socket.open.clear()
        asking = asyncio.create_task(ask(close_channels=close_channels))
        done, _ = await asyncio.wait({asking}, timeout=0.2)
        assert not done and asked < 15_000 and out.bytes < 2 * ANSWERS_BYTES
        socket.open.set()
        await asyncio.wait_for(asking, 30)
    sender.cancel()


def test_many_sockets_that_nobody_reads_share_one_bound_and_harm_no_other() -> None:
    unsent, clock = Unsent(), ManualClock()
    idle = [Outgoing(clock, unsent) for _ in range(60)]
    lanes = [out.lane(1) for out in idle]
    reader = Outgoing(clock, unsent).lane(1)
    for number in range(100):
        one = chunk(number, 200_000)
        for lane in (*lanes, reader):
            lane.offer(one)
        assert [len(item.body or b"") for item in taken(reader)] == [200_000]
        assert unsent.bytes <= MAX_UNSENT_BYTES + 61 * 200_100
    assert sum(lane.dropped_chunks for lane in lanes) > 0
    for out in idle:
        out.close()
    assert (unsent.bytes, unsent.sockets) == (0, 1)


class Lanes(RuleBasedStateMachine):
    """Whatever is offered and taken in whatever order: accounts are right, and what is seen can be decoded."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.out = Outgoing(self.clock)
        self.lanes = [self.out.lane(number) for number in range(3)]
        self.next = [0, 0, 0]
        self.seen: list[list[int]] = [[], [], []]

    @rule(which=st.integers(0, 2), count=st.integers(1, 30), size=st.integers(1, 2_000_000))
    def offer(self, which: int, count: int, size: int) -> None:
        for _ in range(count):
            self.lanes[which].offer(chunk(self.next[which], size))
            self.next[which] += 1

    @rule(which=st.integers(0, 2), count=st.integers(1, 30))
    def take(self, which: int, count: int) -> None:
        lane = self.lanes[which]
        for _ in range(count):
            if not lane.empty:
                self.seen[which] += numbers([lane.next()])

    @rule(millis=st.integers(1, 3000))
    def wait(self, millis: int) -> None:
        self.clock.advance(millis * 1000)

    @invariant()
    def accounts_are_right(self) -> None:
        assert self.out.bytes == sum(lane.bytes for lane in self.lanes) >= 0
        assert all((lane.bytes == 0) == lane.empty for lane in self.lanes)

    @invariant()
    def every_jump_lands_on_a_key_frame(self) -> None:
        for seen in self.seen:
            before = -1
            for number in seen:
                assert number == before + 1 or (number > before and number % GOP == 0)
                before = number

    @invariant()
    def memory_is_bounded(self) -> None:
        assert all(lane.bytes <= outgoing.MAX_LANE_BYTES + 2_100_000 for lane in self.lanes)
        assert BEHIND_US > 0


Lanes.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestLanes = Lanes.TestCase
