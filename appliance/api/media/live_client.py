"""Reading one camera from an ingest unit's live socket (docs/reference/live-socket.md), within bounds."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from appliance.api.media.stream import Chunk, Track, TrackFormat

_STATE, _VIDEO_FORMAT, _AUDIO_FORMAT, _VIDEO_CHUNK, _AUDIO_CHUNK = range(5)
_KEY, _DAMAGED = 1, 2
MAX_MESSAGE_BYTES = 32 * 1024 * 1024
CONNECT_TIMEOUT_S = 5.0
_READ_AHEAD_BYTES = 256 * 1024
_CHUNK_HEAD = struct.Struct(">BQ")


class MalformedLiveError(ValueError):
    """The other side does not speak as docs/reference/live-socket.md says."""


class LiveState(msgspec.Struct, frozen=True):
    """Whether media flows from the camera, and if not why."""

    status: str
    problem: dict[str, Any] | None = None


class _Head(msgspec.Struct, frozen=True):
    codec_string: str
    epoch_us: int
    fps: float = 0.0


@dataclass(frozen=True, slots=True)
class LiveFormat:
    """A track's format; the media time of its chunks counts from epoch_us (UTC)."""

    fmt: TrackFormat
    epoch_us: int


LiveMessage = LiveState | LiveFormat | Chunk


class LiveConnection:
    """An open connection for one camera; iterate over its messages.

    Iterating raises EOFError or OSError when the ingest unit is gone, and MalformedLiveError.
    """

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    def __aiter__(self) -> AsyncIterator[LiveMessage]:
        return self

    async def __anext__(self) -> LiveMessage:
        (length,) = struct.unpack(">I", await self._reader.readexactly(4))
        if not 1 <= length <= MAX_MESSAGE_BYTES:
            raise MalformedLiveError(f"a message claims {length} bytes")
        return parse(await self._reader.readexactly(length))


@asynccontextmanager
async def connected(socket: Path, camera_id: str) -> AsyncIterator[LiveConnection]:
    """Connect and ask for a camera; raises OSError (TimeoutError too) when the ingest unit is not there."""
    async with asyncio.timeout(CONNECT_TIMEOUT_S):
        reader, writer = await asyncio.open_unix_connection(socket, limit=_READ_AHEAD_BYTES)
    try:
        writer.write(msgspec.json.encode({"camera": camera_id}) + b"\n")
        yield LiveConnection(reader)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def parse(message: bytes) -> LiveMessage:
    """One message without its length; raises MalformedLiveError."""
    kind, body = message[0], memoryview(message)[1:]
    try:
        if kind == _STATE:
            return msgspec.json.decode(body, type=LiveState)
        if kind in (_VIDEO_FORMAT, _AUDIO_FORMAT):
            return _format(Track.VIDEO if kind == _VIDEO_FORMAT else Track.AUDIO, bytes(body))
        if kind in (_VIDEO_CHUNK, _AUDIO_CHUNK):
            return _chunk(Track.VIDEO if kind == _VIDEO_CHUNK else Track.AUDIO, body)
    except (ValueError, struct.error, msgspec.MsgspecError) as error:
        raise MalformedLiveError(f"a message of type {kind}: {error}") from error
    raise MalformedLiveError(f"unknown message type {kind}")


def _format(track: Track, body: bytes) -> LiveFormat:
    text, _, init = body.partition(b"\n")
    head = msgspec.json.decode(text, type=_Head)
    return LiveFormat(TrackFormat.parsed(track, init, head.codec_string, head.fps), head.epoch_us)


def _chunk(track: Track, body: memoryview) -> Chunk:
    flags, time_us = _CHUNK_HEAD.unpack_from(body)
    return Chunk(track, time_us, bool(flags & _KEY), bool(flags & _DAMAGED), bytes(body[_CHUNK_HEAD.size :]))
