"""Record on a small disk until it is full, make room, record on; print what happened as JSON.

Usage: filling.py FOLDER, an empty file system of a few MiB.
"""

import asyncio
import json
import sys
from pathlib import Path

from appliance.core.clock import SystemClock
from appliance.recordings.fsck import check
from appliance.recordings.model import RecordingKind
from appliance.recordings.reader import RecordingReader
from appliance.recordings.writer import RecordingWriter
from appliance.volumes.volume import Volume
from tests.recordings.material import START_US, fragment

DEADLINE_S = 30


class Filling:
    def __init__(self, root: Path) -> None:
        self.volume = Volume.create(root / "volume", SystemClock())
        self.published: list[int] = []
        self.failed: list[tuple[int, int, int | None]] = []
        self._told = asyncio.Event()
        self.writer = RecordingWriter(
            self.volume, "ingest-0", SystemClock(), on_published=self._publish, on_failure=self._fail
        )

    def _publish(self, _camera_id: str, end_us: int) -> None:
        self.published.append(end_us)
        self._told.set()

    def _fail(self, _camera_id: str, start_us: int, end_us: int, error: Exception) -> None:
        self.failed.append((start_us, end_us, error.errno if isinstance(error, OSError) else None))
        self._told.set()

    async def settled(self, count: int) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while len(self.published) + len(self.failed) < count:
                self._told.clear()
                self.writer.flush()
                await self._told.wait()


async def main(root: Path) -> None:
    filling = Filling(root)
    await asyncio.to_thread(filling.writer.start)
    stream, number = filling.writer.stream("cam"), 0
    ballast = root / "ballast"
    ballast.write_bytes(bytes(1 << 20))
    while len(filling.failed) < 3:
        stream.write(fragment(number, size=20_000), RecordingKind.CONTINUOUS)
        number += 1
        await filling.settled(number)
    ballast.unlink()
    until = number + 5
    while number < until:
        stream.write(fragment(number, size=20_000), RecordingKind.CONTINUOUS)
        number += 1
        await filling.settled(number)
    await asyncio.to_thread(filling.writer.stop)
    reader = RecordingReader([filling.volume])
    end_us = START_US + number * 1_000_000
    print(
        json.dumps(
            {
                "published": filling.published,
                "failed": filling.failed,
                "spans": [(span.start_us, span.end_us) for span in reader.spans("cam", 0, end_us)],
                "gaps": [(gap.start_us, gap.end_us, gap.cause) for gap in reader.gaps("cam", 0, end_us)],
                "readable": [fragment.end_us for fragment in reader.fragments("cam", 0)],
                "findings": [str(finding) for finding in check(filling.volume, deep=True)],
                "end_us": end_us,
            }
        )
    )


asyncio.run(main(Path(sys.argv[1])))
