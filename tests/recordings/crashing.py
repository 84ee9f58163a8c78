"""A recorder to be killed: writes two cameras as fast as the disk takes them and prints what was published.

Usage: crashing.py VOLUME FIRST_SECOND [SECONDS]. One line per published fragment: camera and end (UTC µs). After
SECONDS it ends by itself, as abruptly.
"""

import asyncio
import os
import sys
from pathlib import Path

from appliance.core.clock import SystemClock
from appliance.recordings.model import RecordingKind
from appliance.recordings.writer import RecordingWriter
from appliance.volumes.volume import Volume
from tests.recordings.material import fragment

WINDOW = 20  # fragments handed over and not yet published


async def main(root: Path, first: int, seconds: int) -> None:
    published = asyncio.Semaphore(WINDOW)

    def tell(camera_id: str, end_us: int) -> None:
        os.write(1, f"{camera_id} {end_us}\n".encode())
        published.release()

    volume = Volume.open_or_create(root, SystemClock())
    writer = RecordingWriter(volume, "ingest-0", SystemClock(), on_published=tell, sync_within_us=3000)
    await asyncio.to_thread(writer.start)
    os.write(1, b"started\n")
    streams = [writer.stream("one"), writer.stream("other")]
    for second in range(first, first + seconds):
        for stream in streams:
            await published.acquire()
            stream.write(fragment(second, audio=True, key=second % 3 == 0, size=400), RecordingKind.CONTINUOUS)
    os._exit(0)


asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 100_000))
