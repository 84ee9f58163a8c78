"""The media socket (docs/reference/media-socket.md): every live and playback stream of one page."""

import asyncio
import logging
import socket as sockets
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import WSMsgType, web

from appliance.api.media.live_view import LiveView
from appliance.api.media.messages import (
    Close,
    Live,
    More,
    Play,
    Refusal,
    Request,
    channel_of,
    parse_request,
)
from appliance.api.media.outgoing import Lane, Outgoing
from appliance.api.media.parts import MediaParts
from appliance.api.media.playback_view import PlaybackView
from appliance.core.errors import ProblemError

log = logging.getLogger(__name__)

MOST_CHANNELS = 64
MAX_REQUEST_BYTES = 16 * 1024
HEARTBEAT_S = 30.0
UNSENT_BYTES = 128 * 1024  # more waits with us, where it can be left out, rather than in the kernel


def new_websocket() -> web.WebSocketResponse:
    """A WebSocket as ours are: small requests, no compression, a client that vanished is noticed."""
    return web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=MAX_REQUEST_BYTES, compress=False)


async def serve_media(request: web.Request, parts: MediaParts) -> web.WebSocketResponse:
    """Serve one socket until it is closed."""
    response = new_websocket()
    await response.prepare(request)
    if isinstance(request.transport, asyncio.Transport):
        _keep_little_unsent(request.transport)
    try:
        await MediaSocket(response, parts).run()
    except* OSError as group:
        log.info("a media socket ended: %s", type(group.exceptions[0]).__name__)
        if request.transport is not None:
            request.transport.abort()
    return response


def _keep_little_unsent(transport: asyncio.Transport) -> None:
    transport.set_write_buffer_limits(UNSENT_BYTES)
    with suppress(OSError):
        transport.get_extra_info("socket").setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NOTSENT_LOWAT, UNSENT_BYTES)


@dataclass(slots=True, eq=False)
class _Channel:
    view: LiveView | PlaybackView
    lane: Lane
    task: asyncio.Task[None] | None = None


class MediaSocket:
    """One client's socket and its channels."""

    def __init__(self, response: web.WebSocketResponse, parts: MediaParts) -> None:
        self._response = response
        self._parts = parts
        self._outgoing = Outgoing(parts.clock, parts.unsent)
        self._general = self._outgoing.lane(0)
        self._channels: dict[int, _Channel] = {}

    async def run(self) -> None:
        """Serve until the client closes; raises an ExceptionGroup of OSError where it takes nothing any more."""
        try:
            async with asyncio.TaskGroup() as group:
                sender = group.create_task(self._outgoing.run(self._response), name="media-send")
                await self._listen(group)
                sender.cancel()
                for number in tuple(self._channels):
                    self._close(number)
        finally:
            self._outgoing.close()

    async def _listen(self, group: asyncio.TaskGroup) -> None:
        async for message in self._response:
            if message.type is WSMsgType.TEXT:
                self._take(message.data, group)
                await self._outgoing.room_for_answers(self._general)
            elif message.type is WSMsgType.BINARY:
                await self._response.close(code=1003, message=b"text only")

    def _take(self, text: str, group: asyncio.TaskGroup) -> None:
        try:
            self._carry_out(parse_request(text), group)
        except ProblemError as problem:
            self._refuse(channel_of(text), problem)

    def _refuse(self, number: int | None, problem: ProblemError) -> None:
        """Say why; if it was about a channel, that one is closed."""
        refusal = Refusal(channel=number, problem=problem.to_json())
        channel = None if number is None else self._channels.pop(number, None)
        if channel is None:
            self._general.say(refusal)
        else:
            self._end(channel, refusal)

    def _carry_out(self, request: Request, group: asyncio.TaskGroup) -> None:
        if isinstance(request, Close):
            self._close(request.channel)
        elif isinstance(request, More):
            self._grant(request)
        else:
            self._open(request, group)

    def _open(self, request: Live | Play, group: asyncio.TaskGroup) -> None:
        if request.channel in self._channels:
            raise ProblemError(
                "channel-in-use",
                f"The channel {request.channel} is open already",
                remedy="Close it first, or use another number.",
                status=409,
                field="channel",
            )
        if len(self._channels) >= MOST_CHANNELS:
            raise ProblemError(
                "too-many-channels",
                f"A socket carries at most {MOST_CHANNELS} channels",
                remedy="Close one of them first.",
                status=409,
                field="channel",
            )
        if isinstance(request, Live):
            self._parts.configured(request.camera, "camera")
        lane = self._outgoing.lane(request.channel)
        channel = self._channels[request.channel] = _Channel(self._view(request, lane), lane)
        channel.task = group.create_task(self._serve(request.channel, channel), name=f"channel-{request.channel}")

    def _view(self, request: Live | Play, lane: Lane) -> LiveView | PlaybackView:
        parts = self._parts
        if isinstance(request, Live):
            return LiveView(request, lane, parts.feeds, parts.transcoders)
        return PlaybackView(request, lane, parts)

    async def _serve(self, number: int, channel: _Channel) -> None:
        """Run a channel; what goes wrong in one leaves the others alone."""
        try:
            refusal = await channel.view.run()
        except Exception:
            log.exception("a media channel failed")
            refusal = Refusal(channel=number, problem=_internal().to_json())
        if self._channels.get(number) is channel:
            del self._channels[number]
            channel.lane.close(refusal)

    def _grant(self, request: More) -> None:
        channel = self._channels.get(request.channel)
        if channel is None:
            return  # it ended while the client wrote
        if isinstance(channel.view, LiveView):
            raise ProblemError(
                "not-a-playback",
                "Credit is for playback channels",
                remedy="Send more to channels that were opened by play.",
                status=409,
                field="channel",
            )
        channel.view.grant(request.credit)

    def _close(self, number: int) -> None:
        if channel := self._channels.pop(number, None):
            self._end(channel)

    def _end(self, channel: _Channel, last: Refusal | None = None) -> None:
        """Nothing more is sent on the channel but the last message."""
        channel.lane.close(last)
        if channel.task is not None:
            channel.task.cancel()


def _internal() -> ProblemError:
    return ProblemError(
        "internal",
        "The stream failed inside the recorder",
        remedy="Open it again; if it stays so, look at the log of the api unit.",
        status=500,
    )
