"""What waits to be sent on one media socket: a bounded lane for each channel, sent in turn.

A live lane that falls behind loses whole groups of chunks, up to a key frame; the other lanes of the socket go on. A
playback lane loses nothing: who fills it waits for room.
"""

import asyncio
from collections import deque
from dataclasses import dataclass

import msgspec
from aiohttp import web

from appliance.api.media.messages import DAMAGED, INITIALISATION, KEY, MEDIA, Dropped, media_head
from appliance.api.media.stream import Chunk, Track
from appliance.core.clock import US_PER_S, Clock

BEHIND_US = 2 * US_PER_S  # a live lane whose oldest chunk has waited this long is behind
MAX_LANE_BYTES = 20 * 1024 * 1024
MAX_SOCKET_BYTES = 48 * 1024 * 1024
MAX_UNSENT_BYTES = 256 * 1024 * 1024  # of all sockets together: somebody may open many and read none
ROOM_BYTES = 2 * 1024 * 1024  # who fills a playback lane waits while it holds more
ANSWERS_BYTES = 256 * 1024  # of answers, and the last words of so many channels, may wait; then requests do
MOST_ENDING = 256
SEND_TIMEOUT_S = 20.0
SLOWEST_BYTES_PER_S = 32_000  # a client that takes less is disconnected


@dataclass(frozen=True, slots=True)
class Item:
    """A text message (head alone), or a binary one. since_us: when it came, for chunks that may be left out."""

    head: bytes
    body: bytes | None = None
    since_us: int | None = None

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.head) + len(self.body or b"")


class Lane:
    """The messages of one channel."""

    def __init__(self, outgoing: "Outgoing", channel: int, clock: Clock) -> None:
        self.bytes = 0
        self.dropped_chunks = 0
        self._outgoing = outgoing
        self._channel = channel
        self._clock = clock
        self._items: deque[Item] = deque()
        self._waits_for_key = True
        self._behind = False
        self._closed = False
        self._unsaid_drops = 0
        self._said_us: int | None = None

    def say(self, message: msgspec.Struct) -> None:
        """Send control; never left out."""
        self._put(Item(msgspec.json.encode(message)))

    def init(self, track: Track, segment: bytes) -> None:
        """Send an initialisation segment; never left out."""
        self._put(Item(media_head(INITIALISATION, track, self._channel, 0, 0), segment))

    def offer(self, chunk: Chunk) -> None:
        """Send a live chunk, unless the lane is behind; the first one is a key frame."""
        if self._is_behind():
            self._leave_out_waiting()
            self._behind = self._waits_for_key = True
        if chunk.track is Track.VIDEO and chunk.key:
            self._behind = self._waits_for_key = False
        if not self._waits_for_key:
            self._put(self._item(chunk, self._clock.monotonic_us()))
        elif self._behind:
            self._count(1)
        self._say_drops()

    def restart(self) -> None:
        """Other media follows: begin at its first key frame."""
        self._waits_for_key = True

    async def put(self, chunk: Chunk) -> None:
        """Send a playback chunk; returns when there is room for the next one."""
        self._put(self._item(chunk, None))
        await self._outgoing.room(self)

    def close(self, last: msgspec.Struct | None = None) -> None:
        """Forget what waits, send a last message if there is one, and end the lane; only the first time."""
        if self._closed:
            return
        self._items.clear()
        self._account(-self.bytes)
        if last is not None:
            self.say(last)
        self._closed = True
        self._outgoing.end(self)

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._items

    def next(self) -> Item:
        """Take the oldest message."""
        item = self._items.popleft()
        self._account(-item.size)
        return item

    def _item(self, chunk: Chunk, since_us: int | None) -> Item:
        flags = (KEY if chunk.key else 0) | (DAMAGED if chunk.damaged else 0)
        return Item(media_head(MEDIA, chunk.track, self._channel, flags, chunk.time_us), chunk.data, since_us)

    def _put(self, item: Item) -> None:
        if self._closed:
            return
        self._items.append(item)
        self._account(item.size)
        self._outgoing.wake()

    def _account(self, size: int) -> None:
        self.bytes += size
        self._outgoing.account(size)

    def _is_behind(self) -> bool:
        if self.bytes > MAX_LANE_BYTES or self._outgoing.overfilled_by(self):
            return True
        oldest_us = next((item.since_us for item in self._items if item.since_us is not None), None)
        return oldest_us is not None and self._clock.monotonic_us() - oldest_us > BEHIND_US

    def _leave_out_waiting(self) -> None:
        kept = deque(item for item in self._items if item.since_us is None)
        self._count(len(self._items) - len(kept))
        self._account(sum(item.size for item in kept) - self.bytes)
        self._items = kept

    def _count(self, chunks: int) -> None:
        self.dropped_chunks += chunks
        self._unsaid_drops += chunks

    def _say_drops(self) -> None:
        now_us = self._clock.monotonic_us()
        if self._unsaid_drops and (self._said_us is None or now_us - self._said_us >= US_PER_S):
            self.say(Dropped(channel=self._channel, chunks=self._unsaid_drops))
            self._unsaid_drops, self._said_us = 0, now_us


class Unsent:
    """What all media sockets of the process hold together."""

    def __init__(self) -> None:
        self.bytes = 0
        self.sockets = 0


class Outgoing:
    """The lanes of one socket. `run` sends; close it."""

    def __init__(self, clock: Clock, unsent: Unsent | None = None) -> None:
        self.bytes = 0
        self._clock = clock
        self._unsent = unsent or Unsent()
        self._unsent.sockets += 1
        self._lanes: list[Lane] = []
        self._ending: list[Lane] = []
        self._more = asyncio.Event()
        self._freed = asyncio.Event()

    def lane(self, channel: int) -> Lane:
        """A new lane for a channel."""
        lane = Lane(self, channel, self._clock)
        self._lanes.append(lane)
        return lane

    def end(self, lane: Lane) -> None:
        """Remove a lane when what it holds is sent."""
        self._lanes.remove(lane)
        if not lane.empty:
            self._ending.append(lane)

    def close(self) -> None:
        """The socket has ended, and with it what waited."""
        self._unsent.sockets -= 1
        self._unsent.bytes -= self.bytes

    def account(self, size: int) -> None:
        """So many bytes more wait, or fewer."""
        self.bytes += size
        self._unsent.bytes += size

    def wake(self) -> None:
        """There is something to send."""
        self._more.set()

    def overfilled_by(self, lane: Lane) -> bool:
        """Whether the socket holds too much, and this lane no less than its share of it."""
        return self._holds_too_much() and lane.bytes * len(self._lanes) >= self.bytes

    def _holds_too_much(self) -> bool:
        """By itself, or where all sockets do, no less than its share of it."""
        everybody = self._unsent
        share = everybody.bytes > MAX_UNSENT_BYTES and self.bytes * everybody.sockets >= everybody.bytes
        return share or self.bytes > MAX_SOCKET_BYTES

    async def room(self, lane: Lane) -> None:
        """Wait until a playback lane may be filled further."""
        while lane.bytes > ROOM_BYTES or self._holds_too_much():
            self._freed.clear()
            await self._freed.wait()

    async def room_for_answers(self, lane: Lane) -> None:
        """Wait while a client asks and asks and reads nothing; lane: where answers go that belong to no channel."""
        while lane.bytes > ANSWERS_BYTES or len(self._ending) > MOST_ENDING:
            self._freed.clear()
            await self._freed.wait()

    async def run(self, socket: web.WebSocketResponse) -> None:
        """Send, one message of each lane in turn; raises TimeoutError and OSError where the client takes nothing."""
        while True:
            self._more.clear()
            sent = 0
            for lane in (*self._ending, *self._lanes):
                if not lane.empty:
                    await self._send(socket, lane.next())
                    sent += 1
            self._ending = [lane for lane in self._ending if not lane.empty]
            if not sent:
                await self._more.wait()

    async def _send(self, socket: web.WebSocketResponse, item: Item) -> None:
        async with asyncio.timeout(SEND_TIMEOUT_S + item.size / SLOWEST_BYTES_PER_S):
            if item.body is None:
                await socket.send_frame(item.head, web.WSMsgType.TEXT)
            else:
                whole = memoryview(item.head + item.body)  # of bytes, TLS would copy the rest for every record
                await socket.send_bytes(whole)  # type: ignore[arg-type]
        self._freed.set()
