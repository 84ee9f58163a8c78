"""The served appliance with one camera, "cam", whose recordings a test makes."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from appliance.cameras.model import Camera, Source
from appliance.core.clock import SystemClock, to_rfc3339
from appliance.media.model import AudioFormat, AudioUnit, VideoFormat, VideoUnit
from appliance.recordings.gop import GopBuilder
from appliance.recordings.model import GapCause, RecordingKind
from appliance.recordings.writer import RecordingWriter
from appliance.security.roles import Role
from appliance.volumes.volume import Volume
from tests.api.serving import Answer, Site, serving

CAMERA = "cam"
DEADLINE_S = 20.0


class Recorder:
    """Writes recordings of the camera, and asks the appliance for them."""

    def __init__(
        self, site: Site, writer: RecordingWriter, published: list[tuple[str, int]], headers: dict[str, str]
    ) -> None:
        self.site = site
        self.writer = writer
        self.headers = headers
        self._published = published

    async def record(
        self,
        video: tuple[VideoFormat, Sequence[VideoUnit]],
        audio: tuple[AudioFormat, Sequence[AudioUnit]] | None = None,
        camera: str = CAMERA,
    ) -> None:
        """Record a stream, and wait until it is published."""
        builder, stream = GopBuilder(), self.writer.stream(camera)
        builder.video_format(video[0])
        if audio is not None:
            builder.audio_format(audio[0])
            for unit in audio[1]:
                builder.audio(unit)
        fragments = [f for f in (*(builder.video(unit) for unit in video[1]), builder.flush()) if f is not None]
        for fragment in fragments:
            stream.write(fragment, RecordingKind.CONTINUOUS)
        stream.close()
        await self._settled((camera, fragments[-1].end_us))

    async def gap(self, start_us: int, end_us: int, cause: GapCause, camera: str = CAMERA) -> None:
        """Account for an interval that is missing."""
        stream = self.writer.stream(camera)
        stream.gap(start_us, end_us, cause)
        stream.close()
        self.writer.flush()

    async def get(self, what: str, **query: Any) -> Answer:
        """Ask for something of the camera; times are UTC microseconds."""
        return await self.ask(what, query)

    async def ask(
        self, what: str, query: Mapping[str, Any], method: str = "GET", headers: dict[str, str] | None = None
    ) -> Answer:
        """The same with a method and headers."""
        times = {"start", "end", "time"}
        given = {n: to_rfc3339(v) if n in times and isinstance(v, int) else str(v) for n, v in query.items()}
        path = f"/api/v1/cameras/{CAMERA}/{what}?{urlencode(given)}"
        return await self.site.call(method, path, **{**self.headers, **(headers or {})})

    async def _settled(self, last: tuple[str, int]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while last not in self._published:
                self.writer.flush()
                await asyncio.sleep(0.01)


@asynccontextmanager
async def recording(folder: Path) -> AsyncIterator[Recorder]:
    """Serve an appliance with a camera and an empty volume."""
    published: list[tuple[str, int]] = []
    clock = SystemClock()
    (folder / "volumes").mkdir(parents=True)
    volume = Volume.create(folder / "volumes" / "main", clock)
    writer = RecordingWriter(volume, "ingest-0", clock, on_published=lambda *told: published.append(told))
    await asyncio.to_thread(writer.start)
    try:
        async with serving(folder) as site:
            camera = Camera(id=CAMERA, name="Éntrance / “north”", source=Source(url="rtsp://127.0.0.1/x"))
            site.services.cameras.put(camera, actor="test")
            yield Recorder(site, writer, published, await site.token(Role.VIEWER))
    finally:
        await asyncio.to_thread(writer.stop)
