"""A site for tests of the media side: real live sockets and recordings, and our handlers behind a real HTTP server."""

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aiohttp import ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestClient, TestServer

from appliance.api.media.feed import Feeds
from appliance.api.media.parts import MediaParts
from appliance.api.media.socket import serve_media
from appliance.api.media.threads import Threads
from appliance.api.media.transcoders import Slots, Transcoders
from appliance.cameras.model import Camera, Source
from appliance.core.clock import SystemClock
from appliance.ingest.live import LiveChannel
from appliance.ingest.live_server import LiveServer
from appliance.media.model import AudioFormat, AudioUnit, VideoFormat, VideoUnit
from appliance.recordings.reader import RecordingReader

DEADLINE_S = 20.0
ALL_CODECS = ("avc1", "hvc1", "av01", "mp4a.40.2", "opus")


class Site:
    """Cameras with live channels, and a reader of recordings."""

    def __init__(self, folder: Path, cameras: Iterable[str], reader: RecordingReader, slots: int = 4) -> None:
        self.live = {name: LiveChannel() for name in cameras}
        self.socket = folder / "live.sock"
        self._configured = {name: Camera(id=name, name=name, source=Source(url="rtsp://x/")) for name in self.live}
        self._ingest: asyncio.Task[None] | None = None
        clock, places = SystemClock(), Slots(slots)
        self.parts = MediaParts(
            clock=clock,
            camera=self._configured.get,
            reader=lambda: reader,
            feeds=Feeds(lambda _: self.socket, clock),
            slots=places,
            transcoders=Transcoders(places, clock),
            playing=Threads("play", 4, 64),
            reading=Threads("media", 2, 16),
            imaging=Threads("image", 1, 4),
        )

    async def start_ingest(self) -> None:
        """Serve the live channels."""
        self._ingest = asyncio.create_task(LiveServer(self.socket, self.live.get).run())
        await until(self.socket.exists)

    async def kill_ingest(self) -> None:
        """End every live connection; what the channels held is lost, as with a process."""
        assert self._ingest is not None
        self._ingest.cancel()
        for channel in self.live.values():
            for viewer in tuple(channel.viewers):
                viewer._outlet.abort()  # type: ignore[attr-defined]
        self.live.update({name: LiveChannel() for name in self.live})
        self.socket.unlink()
        await asyncio.wait([self._ingest])

    @asynccontextmanager
    async def client(self) -> AsyncIterator[TestClient[web.Request, web.Application]]:
        """A client of our handlers."""
        app = web.Application()

        async def media(request: web.Request) -> web.StreamResponse:
            return await serve_media(request, self.parts)

        app.router.add_get("/media", media)
        async with TestClient(TestServer(app)) as client:
            yield client

    @asynccontextmanager
    async def media(self) -> AsyncIterator["Watching"]:
        """An open media socket."""
        async with self.client() as client, client.ws_connect("/media", max_msg_size=0) as socket:
            yield Watching(socket)

    async def __aenter__(self) -> Self:
        await self.start_ingest()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._ingest is not None:
            self._ingest.cancel()
            await asyncio.wait([self._ingest])


@dataclass(frozen=True, eq=False)
class Binary:
    """A binary message."""

    kind: int
    track: int
    channel: int
    flags: int
    time_us: int
    data: bytes

    @classmethod
    def parsed(cls, message: bytes) -> "Binary":
        kind, track, channel, flags, time_us = struct.unpack_from(">BBHB3xQ", message)
        return cls(kind, track, channel, flags, time_us, message[16:])


@dataclass
class Watching:
    """A media socket and what came over it."""

    socket: ClientWebSocketResponse
    said: list[dict[str, Any]] = field(default_factory=list)
    got: list[Binary] = field(default_factory=list)
    order: list[str] = field(default_factory=list)

    async def send(self, **message: Any) -> None:
        await self.socket.send_str(json.dumps(message))

    async def live(self, camera: str, channel: int = 1, codecs: Sequence[str] = ALL_CODECS, audio: bool = True) -> None:
        await self.send(op="live", channel=channel, camera=camera, codecs=codecs, audio=audio)

    async def play(
        self, camera: str, start: str, channel: int = 2, codecs: Sequence[str] = ALL_CODECS, credit: int = 64
    ) -> None:
        await self.send(
            op="play", channel=channel, camera=camera, **{"from": start}, codecs=codecs, audio=True, credit=credit
        )

    async def take(self) -> dict[str, Any] | Binary:
        """The next message."""
        async with asyncio.timeout(DEADLINE_S):
            message = await self.socket.receive()
        if message.type is WSMsgType.TEXT:
            said: dict[str, Any] = json.loads(message.data)
            self.said.append(said)
            self.order.append(said["op"])
            return said
        assert message.type is WSMsgType.BINARY, message
        got = Binary.parsed(message.data)
        self.got.append(got)
        self.order.append(f"{'init' if got.kind == 1 else 'media'} {got.track}")
        return got

    async def until(self, condition: Callable[[], bool]) -> None:
        """Read until the condition holds."""
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                await self.take()

    async def until_said(self, op: str, count: int = 1) -> dict[str, Any]:
        await self.until(lambda: len([said for said in self.said if said["op"] == op]) >= count)
        return [said for said in self.said if said["op"] == op][count - 1]

    def media(self, track: int = 0, channel: int | None = None) -> list[Binary]:
        return [b for b in self.got if b.kind == 2 and b.track == track and (channel is None or b.channel == channel)]

    def inits(self, track: int = 0) -> list[Binary]:
        return [b for b in self.got if b.kind == 1 and b.track == track]

    def ops(self) -> list[str]:
        return [said["op"] for said in self.said]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition that other tasks bring about."""
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.005)


def stream(
    channel: LiveChannel,
    video: tuple[VideoFormat, Sequence[VideoUnit]],
    audio: tuple[AudioFormat, Sequence[AudioUnit]] | None = None,
) -> None:
    """Feed a whole stream into a live channel, in order of time."""
    channel.set_state("streaming", None)
    channel.video_format(video[0])
    if audio is not None:
        channel.audio_format(audio[0])
    units: list[VideoUnit | AudioUnit] = [*video[1], *(audio[1] if audio else ())]
    for unit in sorted(units, key=lambda unit: unit.time_us):
        if isinstance(unit, VideoUnit):
            channel.video(unit)
        else:
            channel.audio(unit)
