"""One playback channel of a media socket: fragments as the client grants credit, on into the present."""

import asyncio

from appliance.api.media.messages import MOST_CREDIT, End, Gap, Init, Opened, Play, Refusal
from appliance.api.media.outgoing import Lane
from appliance.api.media.parts import MediaParts
from appliance.api.media.reading import read
from appliance.api.media.recorded_stream import Piece, RecordedStream, Wishes
from appliance.api.media.stream import Chunk, TrackFormat
from appliance.api.media.times import time_us
from appliance.core.clock import US_PER_S, to_rfc3339
from appliance.core.errors import ProblemError
from appliance.recordings.playback import Playback

POLL_S = 0.5
PATIENCE_US = 10 * US_PER_S  # what a camera records is published well within this


class PlaybackView:
    """Plays recordings of one camera for one channel. `run` lasts until it is cancelled or the stream fails."""

    def __init__(self, request: Play, lane: Lane, parts: MediaParts) -> None:
        self._request = request
        self._lane = lane
        self._parts = parts
        self._credit = request.credit
        self._granted = asyncio.Event()

    def grant(self, credit: int) -> None:
        """The client takes that many further fragments."""
        self._credit = min(self._credit + credit, MOST_CREDIT)
        self._granted.set()

    async def run(self) -> Refusal:
        """Play until the stream fails; returns what to say then."""
        try:
            await self._play(time_us(self._request.from_, "from"))
        except ProblemError as problem:
            return Refusal(channel=self._request.channel, problem=problem.to_json())
        raise AssertionError("playback waits for more for ever")

    async def _play(self, from_us: int) -> None:
        await self._parts.recorded(self._request.camera, "camera")
        playback = await read(
            self._parts.playing, lambda: Playback(self._parts.reader(), self._request.camera, from_us)
        )
        self._lane.say(Opened(channel=self._request.channel, epoch=to_rfc3339(playback.epoch_us)))
        stream = RecordedStream(playback, Wishes(self._request.codecs, self._request.audio), self._parts.slots)
        try:
            while True:
                await self._wait_for_credit()
                pieces = await read(self._parts.playing, stream.next)
                if pieces:
                    await self._send(pieces)
                elif self._parts.clock.now_us() - playback.at_us < PATIENCE_US:
                    await asyncio.sleep(POLL_S)
                else:
                    await self._send(await read(self._parts.playing, stream.flush))
                    await self._rest()
        finally:
            stream.close()

    async def _wait_for_credit(self) -> None:
        while self._credit <= 0:
            self._granted.clear()
            await self._granted.wait()

    async def _rest(self) -> None:
        """Say that this is the end, and wait for the client to ask again."""
        self._lane.say(End(channel=self._request.channel))
        self._granted.clear()
        await self._granted.wait()

    async def _send(self, pieces: list[Piece]) -> None:
        channel = self._request.channel
        for piece in pieces:
            if isinstance(piece, TrackFormat):
                self._lane.say(Init.of(channel, piece))
                self._lane.init(piece.track, piece.init)
            elif isinstance(piece, Chunk):
                await self._lane.put(piece)
            else:
                start, end = to_rfc3339(piece.start_us), to_rfc3339(piece.end_us)
                self._lane.say(Gap(channel=channel, from_=start, to=end, cause=piece.cause))
        self._credit -= any(isinstance(piece, Chunk) for piece in pieces)
