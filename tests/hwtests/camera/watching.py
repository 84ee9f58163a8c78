"""Clients that we did not write (libav, ffprobe), and a raw one that shows what is on the wire."""

import asyncio
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import av
import msgspec
import numpy as np
from numpy.typing import NDArray

from hwtests.camera import burnt
from hwtests.camera.config import CameraConfig, Profile, SimulatorConfig
from hwtests.camera.encoders import split_annex_b
from hwtests.camera.simulator import CameraSimulator

DEADLINE_S = 25.0
SMALL = Profile(width=320, height=180, fps=25.0, kbps=400, gop_s=1.0)


def camera(**settings: object) -> CameraConfig:
    """A small camera called "cam"."""
    defaults: dict[str, object] = {"name": "cam", "scene": "lobby", "profiles": [msgspec.to_builtins(SMALL)]}
    return msgspec.convert({**defaults, **settings}, CameraConfig)


@asynccontextmanager
async def simulated(*cameras: CameraConfig, **services: object) -> AsyncIterator[CameraSimulator]:
    """A simulator of these cameras on free ports; services are fields of SimulatorConfig."""
    config = msgspec.structs.replace(SimulatorConfig(cameras=cameras), **services)
    async with CameraSimulator(config) as simulator:
        yield simulator


@dataclass
class Seen:
    """What libav made of a stream. codes: burnt into decoded pictures; seis: found in packets; both in their order."""

    codec: str = ""
    sizes: list[tuple[int, int]] = field(default_factory=list)
    codes: list[tuple[int, int]] = field(default_factory=list)
    seis: list[tuple[int, int]] = field(default_factory=list)
    pts: list[int] = field(default_factory=list)
    undecoded: int = 0


async def libav(url: str, pictures: int, patience_s: float = 10.0, **options: str) -> Seen:
    """Watch by libav until that many pictures have been decoded; raises av.error.FFmpegError, TimeoutError."""
    async with asyncio.timeout(DEADLINE_S):
        return await asyncio.to_thread(_libav, url, pictures, patience_s, {"rtsp_transport": "tcp", **options})


def _libav(url: str, pictures: int, patience_s: float, options: dict[str, str]) -> Seen:
    seen = Seen()
    with av.open(url, options=options, timeout=(patience_s, patience_s)) as container:
        stream = container.streams.video[0]
        seen.codec = stream.codec_context.name
        for packet in container.demux(stream):
            seen.seis += [s for nal in split_annex_b(bytes(packet)) if (s := burnt.find_sei(nal))]
            for frame in packet.decode():
                _look(seen, frame)
            if len(seen.sizes) >= pictures:
                return seen
    return seen


def _look(seen: Seen, frame: av.VideoFrame) -> None:
    seen.sizes.append((frame.width, frame.height))
    seen.pts.append(frame.pts or 0)
    if (code := burnt.decode(luma(frame))) is None:
        seen.undecoded += 1
    else:
        seen.codes.append(code)


def luma(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """The Y plane of a decoded picture."""
    return frame.reformat(format="gray").to_ndarray().astype(np.uint8)


async def ffprobe(url: str, *arguments: str) -> list[dict[str, object]]:
    """The streams that Debian's ffprobe finds."""
    command = ("ffprobe", "-v", "error", "-show_streams", "-of", "json", *arguments, url)
    process = await asyncio.create_subprocess_exec(*command, stdout=-1, stderr=-1)
    async with asyncio.timeout(DEADLINE_S):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    streams: list[dict[str, object]] = json.loads(out)["streams"]
    return streams


@dataclass(frozen=True)
class Packet:
    """One RTP packet."""

    channel: int
    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    payload: bytes


class RawClient:
    """An RTSP connection with nothing hidden: text in, text out, interleaved frames as they come."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, url: str) -> None:
        self.reader, self.writer, self.url = reader, writer, url
        self.session = ""
        self._number = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, simulator: CameraSimulator, name: str = "cam") -> AsyncIterator["RawClient"]:
        """Connect; nothing is asked yet."""
        reader, writer = await asyncio.open_connection("127.0.0.1", simulator.port)
        try:
            yield cls(reader, writer, simulator.url(name))
        finally:
            writer.transport.abort()

    async def ask(self, method: str, path: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
        """(status, headers in lower case, body) of a request's answer; frames before it are skipped."""
        self._number += 1
        fields = {"CSeq": str(self._number), **({"Session": self.session} if self.session else {}), **headers}
        lines = [f"{method} {self.url}{path} RTSP/1.0", *(f"{k}: {v}" for k, v in fields.items()), "", ""]
        self.writer.write("\r\n".join(lines).encode())
        async with asyncio.timeout(DEADLINE_S):
            while (first := await self.reader.readexactly(1)) == b"$":
                await self._rest_of_frame()
            head = (first + await self.reader.readuntil(b"\r\n\r\n")).decode()
            status, *fields_back = head.strip().split("\r\n")
            found = {k.lower(): v.strip() for k, _, v in (f.partition(":") for f in fields_back)}
            body = await self.reader.readexactly(int(found.get("content-length", "0")))
        return int(status.split()[1]), found, body.decode("utf-8", "replace")

    async def play(self, *, tracks: int = 1) -> dict[str, str]:
        """Set up that many tracks interleaved and play; the answer's headers."""
        for number in range(tracks):
            spec = f"RTP/AVP/TCP;unicast;interleaved={2 * number}-{2 * number + 1}"
            status, headers, _ = await self.ask("SETUP", f"/track{number}", Transport=spec)
            assert status == 200
            self.session = headers["session"].split(";")[0]
        status, headers, _ = await self.ask("PLAY")
        assert status == 200
        return headers

    async def frame(self) -> tuple[int, bytes]:
        """The next interleaved frame: (channel, packet); raises IncompleteReadError at the end."""
        async with asyncio.timeout(DEADLINE_S):
            assert await self.reader.readexactly(1) == b"$"
            return await self._rest_of_frame()

    async def packets(self, count: int) -> list[Packet]:
        """The next RTP packets of even channels."""
        found: list[Packet] = []
        while len(found) < count:
            channel, data = await self.frame()
            if channel % 2 == 0:
                _, second, sequence, timestamp = struct.unpack(">BBHI", data[:8])
                found.append(Packet(channel, second >= 128, second & 127, sequence, timestamp, data[12:]))
        return found

    async def report(self) -> tuple[float, int]:
        """The next sender report of channel 1: (NTP time as UTC seconds, RTP timestamp)."""
        while True:
            channel, data = await self.frame()
            if channel == 1 and data[1] == 200:
                seconds, fraction, stamp = struct.unpack(">III", data[8:20])
                return seconds - 2_208_988_800 + fraction / 2**32, stamp

    async def _rest_of_frame(self) -> tuple[int, bytes]:
        channel, size = struct.unpack(">BH", await self.reader.readexactly(3))
        return channel, await self.reader.readexactly(size)
