"""The power fails at any instant: what a timeline has shown is there, and the index and the files agree."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from appliance.core.clock import SystemClock
from appliance.recordings.fsck import check
from appliance.recordings.playback import read_fragment
from appliance.recordings.reader import RecordingReader
from appliance.recordings.writer import RecordingWriter
from appliance.volumes.volume import Volume
from tests.recordings.material import SECOND, START_US, payload
from tests.recordings.power_cut import TRACE, Call, Disk, read_trace

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60
CUTS = 30
DEADLINE_S = 10


def trace_recording(volume: Path, log: Path) -> None:
    command = [*TRACE, "-o", str(log), sys.executable, "-m", "tests.recordings.crashing", str(volume), "0"]
    done = subprocess.run([*command, str(SECONDS)], capture_output=True, text=True, timeout=120, cwd=ROOT)
    if "PTRACE" in done.stderr and not log.exists():
        pytest.skip("this machine lets nobody trace a process")
    assert done.returncode == 0, done.stderr


def published_in(call: Call) -> set[tuple[str, int]]:
    """(camera, end) of the lines a call writes to standard output."""
    if call.name != "write" or call.numbers[0] != 1:
        return set()
    lines = (line.split() for line in b"".join(call.strings).decode().splitlines())
    return {(words[0], int(words[1])) for words in lines if len(words) == 2}


def recover(root: Path) -> Volume:
    """Start on what is left, as the next boot would, and let lost files be found."""
    volume = Volume.open(root)
    writer = RecordingWriter(volume, "ingest-0", SystemClock())
    writer.start()
    deadline = time.monotonic() + DEADLINE_S
    while (volume.index / "ingest-0.salvage").exists():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert writer.stop()
    return volume


def shown_by(volume: Volume) -> set[tuple[str, int]]:
    """(camera, end) of every fragment that holds what was written: of an unsynced one the disk may keep a part."""
    reader = RecordingReader([volume])
    found: set[tuple[str, int]] = set()
    for camera_id in ("one", "other"):
        for stored in reader.fragments(camera_id, 0):
            data = read_fragment(stored)
            if all(payload((stored.start_us - START_US) // SECOND, unit, 400) in data for unit in range(5)):
                found.add((camera_id, stored.end_us))
    reader.close()
    return found


def test_what_was_shown_survives_a_power_cut_at_any_instant(tmp_path: Path) -> None:
    root, log, seed = tmp_path / "volume", tmp_path / "strace.log", os.getpid()
    Volume.create(root, SystemClock())
    disk, dice = Disk(root), random.Random(seed)
    trace_recording(root, log)
    calls = list(read_trace(log))
    cuts = set(dice.sample(range(len(calls)), CUTS))
    published: set[tuple[str, int]] = set()
    for number, call in enumerate(calls):
        disk.take(call)
        published |= published_in(call)
        if number in cuts:
            left = tmp_path / f"cut-{number}"
            left.mkdir()
            disk.cut(left, dice)
            volume = recover(left)
            assert published <= shown_by(volume), (seed, number)
            assert [f for f in check(volume, deep=True) if f.code != "file-without-row"] == [], (seed, number)
    assert len(published) > SECONDS
