"""Record two cameras while the kernel refuses a call now and then; print what came of it as JSON.

Usage: failing.py VOLUME SECONDS. Every fragment is settled before the next one is written, so that call number N of a
kind is about the same work in every run.
"""

import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path

from appliance.core.clock import SystemClock
from appliance.recordings.fsck import check
from appliance.recordings.model import RecordingKind
from appliance.recordings.reader import RecordingReader
from appliance.recordings.writer import RecordingWriter
from appliance.volumes.volume import Volume
from tests.recordings.material import SECOND, START_US, fragment

DEADLINE_S = 20
FLUSH_AGAIN_S = 0.2
CAMERAS = ("one", "other")


class Failing:
    def __init__(self, root: Path) -> None:
        self.volume = Volume.open(root)
        self.published: dict[str, list[int]] = {camera_id: [] for camera_id in CAMERAS}
        self.failed: dict[str, list[int]] = {camera_id: [] for camera_id in CAMERAS}
        self._told = asyncio.Event()
        self.writer = RecordingWriter(
            self.volume, "ingest-0", SystemClock(), on_published=self._publish, on_failure=self._fail
        )

    def _publish(self, camera_id: str, end_us: int) -> None:
        self.published[camera_id].append(end_us)
        self._told.set()

    def _fail(self, camera_id: str, _start_us: int, end_us: int, _error: Exception) -> None:
        self.failed[camera_id].append(end_us)
        self._told.set()

    async def record(self, seconds: int) -> None:
        streams = [self.writer.stream(camera_id) for camera_id in CAMERAS]
        for number in range(seconds):
            for stream in streams:
                stream.write(fragment(number, audio=True), RecordingKind.CONTINUOUS)
            await self._settled(number + 1)

    async def _settled(self, seconds: int) -> None:
        """Until every fragment is published or failed; flushed again, for SQLite may have refused a group's rows."""
        async with asyncio.timeout(DEADLINE_S):
            while any(len(self.published[c]) + len(self.failed[c]) < seconds for c in CAMERAS):
                self._told.clear()
                self.writer.flush()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._told.wait(), FLUSH_AGAIN_S)


def outcome(failing: Failing, camera_id: str, end_us: int) -> dict[str, object]:
    reader = RecordingReader([failing.volume])
    return {
        "published": failing.published[camera_id],
        "failed": failing.failed[camera_id],
        "spans": [(span.start_us, span.end_us) for span in reader.spans(camera_id, 0, end_us)],
        "gaps": [(gap.start_us, gap.end_us, gap.cause) for gap in reader.gaps(camera_id, 0, end_us)],
        "readable": [fragment.end_us for fragment in reader.fragments(camera_id, 0)],
    }


async def main(root: Path, seconds: int) -> None:
    failing = Failing(root)
    await asyncio.to_thread(failing.writer.start)
    await failing.record(seconds)
    assert await asyncio.to_thread(failing.writer.stop)
    end_us = START_US + seconds * SECOND
    print(
        json.dumps(
            {
                "cameras": [outcome(failing, camera_id, end_us) for camera_id in CAMERAS],
                "findings": [str(finding) for finding in check(failing.volume, deep=True)],
                "end_us": end_us,
            }
        )
    )


asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
