"""The live socket of an ingest unit (docs/reference/live-socket.md): one connection, one camera."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from appliance.ingest.live import STATE, LiveChannel, Viewer, message

log = logging.getLogger(__name__)

REQUEST_TIMEOUT_S = 5
MAX_REQUEST_BYTES = 4096
MAX_CONNECTIONS = 256


class LiveRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The one line a client sends."""

    camera: str


class LiveServer:
    """Serves the channels that `find` knows by camera id."""

    def __init__(self, path: Path, find: Callable[[str], LiveChannel | None]) -> None:
        self._path = path
        self._find = find
        self._open = 0

    async def run(self) -> None:
        """Serve until cancelled; a stale socket of a killed predecessor is replaced."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._serve, self._path, limit=MAX_REQUEST_BYTES)
        self._path.chmod(0o660)
        async with server:
            await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            channel = await self._requested(reader) if self._open <= MAX_CONNECTIONS else None
            if channel is None:
                writer.write(message(STATE, _UNKNOWN))
            else:
                await _view(channel, reader, writer)
        except (TimeoutError, OSError, ValueError, msgspec.ValidationError, msgspec.DecodeError) as error:
            log.info("live viewer left: %s", type(error).__name__)
        finally:
            self._open -= 1
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _requested(self, reader: asyncio.StreamReader) -> LiveChannel | None:
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            line = await reader.readline()
        return self._find(msgspec.json.decode(line, type=LiveRequest).camera)


async def _view(channel: LiveChannel, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    viewer = Viewer(writer.transport)
    channel.join(viewer)
    try:
        while await reader.read(MAX_REQUEST_BYTES):
            pass  # a client has nothing more to say; the end of its stream is what is waited for
    finally:
        channel.leave(viewer)


_UNKNOWN = msgspec.json.encode(
    {
        "status": "waiting",
        "problem": {
            "type": "/problems/unknown-camera",
            "code": "unknown-camera",
            "title": "This camera is not configured or not enabled",
            "status": 404,
            "remedy": "Add the camera, or switch it on, on the Cameras page.",
        },
    }
)
