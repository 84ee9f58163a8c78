import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from appliance.core.clock import SystemClock
from appliance.recordings.reader import RecordingReader
from appliance.recordings.writer import RecordingWriter
from appliance.volumes.volume import Volume

DEADLINE_S = 10


class Recorded:
    """A writer on a fresh volume, what it said, and a reader."""

    def __init__(self, root: Path) -> None:
        self.volume = Volume.create(root, SystemClock())
        self.reader = RecordingReader([self.volume])
        self.published: list[tuple[str, int]] = []
        self.failures: list[tuple[str, int, int, Exception]] = []
        self._told = asyncio.Event()
        self.writer = self.new_writer()

    def new_writer(self) -> RecordingWriter:
        return RecordingWriter(
            self.volume,
            "ingest-0",
            SystemClock(),
            on_published=self._on_published,
            on_failure=self._on_failure,
        )

    def _on_published(self, camera_id: str, end_us: int) -> None:
        self.published.append((camera_id, end_us))
        self._told.set()

    def _on_failure(self, camera_id: str, start_us: int, end_us: int, error: Exception) -> None:
        self.failures.append((camera_id, start_us, end_us, error))
        self._told.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Flush and wait until what the writer said makes the condition true."""
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                self._told.clear()
                self.writer.flush()
                await self._told.wait()

    async def stop(self) -> None:
        assert await asyncio.to_thread(self.writer.stop)


@pytest.fixture
async def recorded(tmp_path: Path) -> AsyncIterator[Recorded]:
    made = Recorded(tmp_path / "volume")
    await asyncio.to_thread(made.writer.start)
    try:
        yield made
    finally:
        await made.stop()
        made.reader.close()
