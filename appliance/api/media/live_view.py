"""One live channel of a media socket: what the browser plays goes to it as it is, the rest is transcoded."""

import asyncio
import logging
from collections.abc import Callable

from appliance.api.media.codec_choice import AAC, lists, needs_h264, plays
from appliance.api.media.feed import Feed, Feeds
from appliance.api.media.messages import Init, Live, Opened, Refusal, State
from appliance.api.media.outgoing import Lane
from appliance.api.media.stream import Chunk, Problem, Track, TrackFormat
from appliance.api.media.transcoders import Leave, Transcoders
from appliance.core.clock import to_rfc3339
from appliance.core.errors import ProblemError
from appliance.media.model import VideoFormat

log = logging.getLogger(__name__)


class LiveView:
    """Watches a feed for one channel (stream.Viewer). `run` lasts until it is cancelled or the stream fails."""

    def __init__(self, request: Live, lane: Lane, feeds: Feeds, transcoders: Transcoders) -> None:
        self._request = request
        self._lane = lane
        self._feeds = feeds
        self._transcoders = transcoders
        self._failed: asyncio.Future[Problem] = asyncio.get_running_loop().create_future()
        self._direct: set[Track] = set()
        self._leaves: dict[Track, Leave] = {}
        self._join: Callable[[Track], Leave] | None = None

    async def run(self) -> Refusal:
        """Show the camera until the stream fails; returns what to say then."""
        channel = self._request.channel
        async with self._feeds.watch(self._request.camera) as feed:
            epoch_us = await feed.epoch_us()
            self._lane.say(Opened(channel=channel, epoch=to_rfc3339(epoch_us)))
            try:
                self._join = lambda track: self._transcoders.join(feed, track, epoch_us, _Relay(self, track))
                return await self._watch(feed)
            finally:
                for track in tuple(self._leaves):
                    self._leave(track)

    async def _watch(self, feed: Feed) -> Refusal:
        with feed.joined(self):
            return Refusal(channel=self._request.channel, problem=await self._failed)

    # --- what the feed tells (stream.Viewer) ------------------------------------------------------------------------

    def on_state(self, status: str, problem: Problem | None) -> None:
        """See Viewer."""
        self._lane.say(State(channel=self._request.channel, status=status, problem=problem))

    def on_format(self, fmt: TrackFormat) -> None:
        """See Viewer."""
        if fmt.track is Track.AUDIO and not self._request.audio:
            return
        if plays(self._request.codecs, fmt.fmt):
            self._leave(fmt.track)
            self._direct.add(fmt.track)
            self.announce(fmt)
        else:
            self._direct.discard(fmt.track)
            self._transcode(fmt)

    def on_chunk(self, chunk: Chunk) -> None:
        """See Viewer."""
        if chunk.track in self._direct:
            self.deliver(chunk)

    def on_end(self, problem: Problem) -> None:
        """See Viewer."""
        if not self._failed.done():
            self._failed.set_result(problem)

    # --- what the browser gets --------------------------------------------------------------------------------------

    def announce(self, fmt: TrackFormat) -> None:
        """Send a track's (new) format."""
        if fmt.track is Track.VIDEO:
            self._lane.restart()
        self._lane.say(Init.of(self._request.channel, fmt))
        self._lane.init(fmt.track, fmt.init)

    def deliver(self, chunk: Chunk) -> None:
        """Send a chunk."""
        self._lane.offer(chunk)

    def transcoding_ended(self, track: Track, problem: Problem) -> None:
        """A track cannot be transcoded: without sound it goes on, without a picture it does not."""
        if track is Track.VIDEO:
            self.on_end(problem)
        else:
            log.warning("the sound of %s is left out: %s", self._request.camera, problem["title"])

    def _transcode(self, fmt: TrackFormat) -> None:
        """Watch the track transcoded from now on, if the browser takes that."""
        if fmt.track in self._leaves:
            return
        if isinstance(fmt.fmt, VideoFormat) and not lists(self._request.codecs, "avc1"):
            self.on_end(needs_h264(fmt.fmt).to_json())
            return
        if fmt.track is Track.AUDIO and not lists(self._request.codecs, AAC):
            return
        assert self._join is not None
        try:
            self._leaves[fmt.track] = self._join(fmt.track)
        except ProblemError as problem:
            self.on_end(problem.to_json())

    def _leave(self, track: Track) -> None:
        if leave := self._leaves.pop(track, None):
            leave()


class _Relay:
    """What a transcoder tells, passed on to the channel (stream.Viewer)."""

    def __init__(self, view: LiveView, track: Track) -> None:
        self._view = view
        self._track = track

    def on_state(self, status: str, problem: Problem | None) -> None:
        """See Viewer."""

    def on_format(self, fmt: TrackFormat) -> None:
        """See Viewer."""
        self._view.announce(fmt)

    def on_chunk(self, chunk: Chunk) -> None:
        """See Viewer."""
        self._view.deliver(chunk)

    def on_end(self, problem: Problem) -> None:
        """See Viewer."""
        self._view.transcoding_ended(self._track, problem)
