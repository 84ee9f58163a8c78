"""The kernel refuses single calls (strace injects the error): one hole, explained; everything else is as it was."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from appliance.core.clock import SystemClock
from appliance.recordings.index import IndexWriter
from appliance.volumes.volume import Volume
from tests.recordings.material import SECOND, START_US

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 12


class CameraOutcome(msgspec.Struct, frozen=True):
    published: list[int]
    failed: list[int]
    spans: list[tuple[int, int]]
    gaps: list[tuple[int, int, str]]
    readable: list[int]


class Outcome(msgspec.Struct, frozen=True):
    cameras: list[CameraOutcome]
    findings: list[str]
    end_us: int


def prepare(volume: Path) -> None:
    """A volume with an empty index, so that starting syncs nothing: strace counts the calls of each thread."""
    Volume.create(volume, SystemClock())
    IndexWriter(volume / "index" / "ingest-0.db").close()


def record_while(inject: str, volume: Path) -> Outcome:
    """Record with an error injected as strace(1) describes it: SYSCALL:error=NAME:when=N."""
    prepare(volume)
    call = inject.split(":", maxsplit=1)[0]
    log = volume.with_name("strace.log")
    trace = ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={call}", "-e", f"inject={inject}"]
    command = [*trace, sys.executable, "-m", "tests.recordings.failing", str(volume), str(SECONDS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, cwd=ROOT)
    if "PTRACE" in done.stderr and not log.exists():
        pytest.skip("this machine lets nobody trace a process")
    assert done.returncode == 0, done.stderr
    assert "(INJECTED)" in log.read_text()
    return msgspec.json.decode(done.stdout, type=Outcome)


# fdatasync and pwrite64 come from the segments and from SQLite's log alike: both are hit. fsync is of folders.
@pytest.mark.parametrize(
    "inject",
    [
        *(f"fdatasync:error=EIO:when={number}" for number in (4, 5, 9, 14, 21)),
        "fdatasync:error=EIO:when=8+7",
        "pwritev2:error=ENOSPC:when=5",
        "pwritev2:error=EROFS:when=3..9",
        "pwrite64:error=EIO:when=40..42",
        "fsync:error=EIO:when=6",
    ],
)
def test_an_error_costs_what_was_being_written_and_is_explained(tmp_path: Path, inject: str) -> None:
    outcome = record_while(inject, tmp_path / "volume")
    assert outcome.findings == []
    for camera in outcome.cameras:
        assert camera.published == camera.readable
        assert sorted(camera.published + camera.failed) == [START_US + (n + 1) * SECOND for n in range(SECONDS)]
        assert {cause for _, _, cause in camera.gaps} <= {"disk"}
        covered = sorted(camera.spans + [(start, end) for start, end, _ in camera.gaps])
        assert (covered[0][0], covered[-1][1]) == (START_US, outcome.end_us)
        assert all(one[1] == other[0] for one, other in pairwise(covered))
