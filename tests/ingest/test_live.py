import asyncio
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from appliance.ingest.live import AUDIO_CHUNK, KEY, STATE, VIDEO_CHUNK, VIDEO_FORMAT, LiveChannel, Viewer
from appliance.ingest.live_server import LiveServer
from appliance.media.model import AudioCodec, AudioFormat, AudioUnit, VideoCodec, VideoFormat, VideoUnit

FORMAT = VideoFormat(VideoCodec.MJPEG, 64, 48, b"", "mjpeg")
AUDIO = AudioFormat(AudioCodec.PCMU, 8000, 1, b"", "ulaw")
FRAME_US = 40_000
T0 = 1_700_000_000_000_000


class Outlet:
    """A transport whose other side takes nothing while `stuck`."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.stuck = False
        self.closed = False
        self._queued = 0

    def write(self, data: bytes) -> None:
        self.data += data
        self._queued = self._queued + len(data) if self.stuck else 0

    def get_write_buffer_size(self) -> int:
        return self._queued

    def close(self) -> None:
        self.closed = True

    def unstick(self) -> None:
        self.stuck = False
        self._queued = 0

    def messages(self) -> list[tuple[int, bytes]]:
        return split(bytes(self.data))


def split(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    while data:
        (length,) = struct.unpack_from(">I", data)
        found.append((data[4], data[5 : 4 + length]))
        data = data[4 + length :]
    return found


def times(messages: list[tuple[int, bytes]]) -> list[int]:
    return [(struct.unpack_from(">Q", body, 1)[0] - T0) // FRAME_US for kind, body in messages if kind == VIDEO_CHUNK]


def unit(number: int, *, gop: int = 10, size: int = 100) -> VideoUnit:
    return VideoUnit(T0 + number * FRAME_US, bytes(size), key=number % gop == 0)


def test_a_viewer_that_joins_gets_everything_since_the_newest_key_frame_and_then_follows() -> None:
    channel, outlet = LiveChannel(), Outlet()
    channel.video_format(FORMAT)
    for number in range(25):
        channel.video(unit(number))
    channel.join(Viewer(outlet))
    channel.video(unit(25))
    messages = outlet.messages()
    assert [kind for kind, _ in messages[:2]] == [STATE, VIDEO_FORMAT]
    assert times(messages) == [20, 21, 22, 23, 24, 25]
    first_chunk = next(body for kind, body in messages if kind == VIDEO_CHUNK)
    assert first_chunk[0] & KEY


def test_a_slow_viewer_loses_chunks_up_to_a_key_frame_and_the_drops_are_counted() -> None:
    channel, slow, quick = LiveChannel(), Outlet(), Outlet()
    channel.video_format(FORMAT)
    viewer = Viewer(slow, max_behind_bytes=1000)
    channel.join(viewer)
    channel.join(Viewer(quick))
    slow.stuck = True
    for number in range(17):
        channel.video(unit(number, size=200))
    slow.unstick()
    for number in range(17, 30):
        channel.video(unit(number, size=200))
    seen = times(slow.messages())
    assert times(quick.messages()) == list(range(30))
    assert seen[-10:] == list(range(20, 30))
    missing = set(range(30)) - set(seen)
    assert missing
    assert viewer.dropped_chunks == len(missing) == channel.dropped_chunks
    assert all(number < 20 for number in missing)


def test_a_new_format_is_announced_before_its_first_chunk() -> None:
    channel, outlet = LiveChannel(), Outlet()
    channel.join(Viewer(outlet))
    channel.video_format(FORMAT)
    channel.video(unit(0))
    channel.video_format(VideoFormat(VideoCodec.MJPEG, 128, 96, b"", "mjpeg"))
    channel.video(unit(10))
    kinds = [kind for kind, _ in outlet.messages()]
    assert kinds == [STATE, VIDEO_FORMAT, VIDEO_CHUNK, VIDEO_FORMAT, VIDEO_CHUNK]
    heads = [json.loads(body.split(b"\n")[0]) for kind, body in outlet.messages() if kind == VIDEO_FORMAT]
    assert [head["width"] for head in heads] == [64, 128]
    assert {head["epoch_us"] for head in heads} == {T0}


def test_audio_waits_for_the_first_picture() -> None:
    channel, outlet = LiveChannel(), Outlet()
    channel.join(Viewer(outlet))
    channel.audio_format(AUDIO)
    channel.audio(AudioUnit(T0 - 20_000, bytes(160), 20_000))
    channel.video_format(FORMAT)
    channel.video(unit(0))
    channel.audio(AudioUnit(T0 + 20_000, bytes(160), 20_000))
    assert [kind for kind, _ in outlet.messages()].count(AUDIO_CHUNK) == 1


def test_nothing_is_held_without_bound_when_no_key_frame_comes() -> None:
    channel = LiveChannel()
    channel.video_format(FORMAT)
    for number in range(100):
        channel.video(unit(number, gop=1000, size=1_000_000))
    outlet = Outlet()
    channel.join(Viewer(outlet))
    assert len(outlet.data) < 20_000_000


@asynccontextmanager
async def serving(path: Path, channels: dict[str, LiveChannel]) -> AsyncIterator[None]:
    server = LiveServer(path, channels.get)
    task = asyncio.create_task(server.run())
    async with asyncio.timeout(5):
        while not path.exists():
            await asyncio.sleep(0)
    yield
    task.cancel()


async def read_message(reader: asyncio.StreamReader) -> tuple[int, Any]:
    async with asyncio.timeout(5):
        (length,) = struct.unpack(">I", await reader.readexactly(4))
        body = await reader.readexactly(length)
    return body[0], body[1:]


async def test_the_socket_serves_the_camera_that_is_asked_for(tmp_path: Path) -> None:
    channel = LiveChannel()
    channel.video_format(FORMAT)
    channel.video(unit(0))
    async with serving(tmp_path / "live.sock", {"front": channel}):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "live.sock")
        writer.write(b'{"camera":"front"}\n')
        assert [(await read_message(reader))[0] for _ in range(3)] == [STATE, VIDEO_FORMAT, VIDEO_CHUNK]
        writer.close()
        async with asyncio.timeout(5):
            while channel.viewers:
                await asyncio.sleep(0.01)


async def test_an_unknown_camera_is_answered_with_the_cause_and_the_remedy(tmp_path: Path) -> None:
    async with serving(tmp_path / "live.sock", {}):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "live.sock")
        writer.write(b'{"camera":"nowhere"}\n')
        kind, body = await read_message(reader)
        assert kind == STATE
        assert json.loads(body)["problem"]["remedy"]
        writer.close()


async def test_nonsense_closes_the_connection_and_leaves_the_server_serving(tmp_path: Path) -> None:
    channel = LiveChannel()
    async with serving(tmp_path / "live.sock", {"front": channel}):
        for line in (b"\n", b"\xff\xff\n", b'{"camera":7}\n', b"x" * 10_000 + b"\n"):
            reader, writer = await asyncio.open_unix_connection(tmp_path / "live.sock")
            writer.write(line)
            async with asyncio.timeout(5):
                with suppress(ConnectionResetError):
                    assert await reader.read() == b""
            writer.close()
        reader, writer = await asyncio.open_unix_connection(tmp_path / "live.sock")
        writer.write(b'{"camera":"front"}\n')
        assert (await read_message(reader))[0] == STATE
        writer.close()
