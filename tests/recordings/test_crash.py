"""kill -9 at random instants: what was published is there, the index and the files agree, recording goes on."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from appliance.core.clock import SystemClock
from appliance.recordings.fsck import check
from appliance.recordings.playback import read_fragment
from appliance.recordings.reader import RecordingReader
from appliance.recordings.writer import RecordingWriter
from appliance.volumes.volume import Volume
from tests.recordings.material import SECOND, START_US, payload

KILLS = 20
ROOT = Path(__file__).resolve().parents[2]


def run_and_kill(volume: Path, first: int, dice: random.Random) -> set[tuple[str, int]]:
    """Let it record until a random number of fragments was published, kill it; (camera, end) of all it published."""
    command = [sys.executable, "-m", "tests.recordings.crashing", str(volume), str(first)]
    published: set[tuple[str, int]] = set()
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        enough = dice.randrange(1, 150)
        for count, line in enumerate(process.stdout):
            if count == enough:
                process.send_signal(signal.SIGKILL)
            words = line.split()
            if len(words) == 2 and line.endswith("\n"):
                published.add((words[0], int(words[1])))
    assert process.returncode == -signal.SIGKILL
    return published


def test_nothing_published_is_lost_whenever_the_recorder_is_killed(tmp_path: Path) -> None:
    root, dice = tmp_path / "volume", random.Random(os.getpid())
    Volume.create(root, SystemClock())
    first, published = 0, set[tuple[str, int]]()
    for _ in range(KILLS):
        published |= run_and_kill(root, first, dice)
        newest_us = max((end_us for _, end_us in published), default=START_US)
        first = ((newest_us - START_US) // SECOND + 300) // 3 * 3
    volume = Volume.open(root)
    writer = RecordingWriter(volume, "ingest-0", SystemClock())
    writer.start()
    assert writer.stop()
    assert check(volume, deep=True) == []
    reader = RecordingReader([volume])
    found: set[tuple[str, int]] = set()
    for camera_id in ("one", "other"):
        for stored in reader.fragments(camera_id, 0):
            second = (stored.start_us - START_US) // SECOND
            data = read_fragment(stored)
            assert all(payload(second, unit, 400) in data for unit in range(5))
            found.add((camera_id, stored.end_us))
    reader.close()
    assert len(published) > KILLS
    assert published <= found
