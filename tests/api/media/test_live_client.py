import asyncio
import struct
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.api.media.live_client import LiveFormat, LiveState, MalformedLiveError, connected, parse
from appliance.api.media.stream import Chunk, Track
from appliance.ingest.live import LiveChannel, Viewer
from appliance.ingest.live_server import LiveServer
from appliance.media.model import VideoFormat
from tests.api.media.site import stream, until
from tests.media import encoded


class Outlet:
    """Keeps what a live channel sends."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    def get_write_buffer_size(self) -> int:
        return 0

    def close(self) -> None:
        raise AssertionError("nothing was held back")

    def messages(self) -> list[bytes]:
        found, rest = [], self.data
        while rest:
            (length,) = struct.unpack_from(">I", rest)
            found.append(rest[4 : 4 + length])
            rest = rest[4 + length :]
        return found


def spoken() -> list[bytes]:
    """Every kind of message, as ingest writes them."""
    channel, outlet = LiveChannel(), Outlet()
    stream(channel, encoded.h264(5), encoded.pcmu(0.2))
    channel.join(Viewer(outlet))
    return outlet.messages()


def test_what_ingest_says_is_understood() -> None:
    found = [parse(message) for message in spoken()]
    assert found[0] == LiveState("streaming")
    video, audio = found[1], found[2]
    assert isinstance(video, LiveFormat) and isinstance(video.fmt.fmt, VideoFormat)
    assert video.fmt.fmt == encoded.h264(1)[0]
    assert isinstance(audio, LiveFormat) and audio.fmt.fmt == encoded.pcmu(0.2)[0]
    chunks = [chunk for chunk in found if isinstance(chunk, Chunk)]
    pictures = [chunk for chunk in chunks if chunk.track is Track.VIDEO]
    assert [chunk.time_us for chunk in pictures] == [encoded.START_US + n * 40_000 for n in range(5)]
    assert [chunk.key for chunk in pictures] == [True, False, False, False, False]


@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_are_a_message_or_malformed(data: bytes) -> None:
    with suppress(MalformedLiveError):
        parse(data)


SPOKEN = spoken()


@given(st.sampled_from(SPOKEN), st.data())
def test_a_damaged_message_is_a_message_or_malformed(message: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, min(len(message), 900) - 1))
    changed = bytearray(message)
    changed[at] ^= data.draw(st.integers(1, 255))
    for broken in (bytes(changed), message[: at + 1]):
        with suppress(MalformedLiveError):
            parse(broken)


async def test_a_length_out_of_bounds_is_refused(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert msgspec.json.decode(await reader.readline()) == {"camera": "front"}
        writer.write(struct.pack(">I", 1 << 31))
        await writer.drain()
        writer.close()

    async with await asyncio.start_unix_server(serve, tmp_path / "live.sock"):
        async with connected(tmp_path / "live.sock", "front") as connection:
            with pytest.raises(MalformedLiveError):
                await anext(aiter(connection))


async def test_a_camera_that_ingest_does_not_know_is_said_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "live.sock"
    task = asyncio.create_task(LiveServer(path, lambda _: None).run())
    await until(path.exists)
    async with connected(path, "front") as connection:
        state = await anext(aiter(connection))
        assert isinstance(state, LiveState) and state.problem is not None
        assert state.problem["code"] == "unknown-camera"
        with pytest.raises(EOFError):
            await anext(aiter(connection))
    task.cancel()
