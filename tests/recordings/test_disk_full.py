"""A really full file system: what was written stays, the hole is explained, recording goes on once there is room."""

import errno
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from tests.recordings.material import START_US

ROOT = Path(__file__).resolve().parents[2]


class Outcome(msgspec.Struct, frozen=True):
    published: list[int]
    failed: list[tuple[int, int, int | None]]
    spans: list[tuple[int, int]]
    gaps: list[tuple[int, int, str]]
    readable: list[int]
    findings: list[str]
    end_us: int


def fill(folder: Path) -> Outcome:
    """Run the filling recorder on a tmpfs of 4 MiB in a mount namespace of its own."""
    as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    script = 'mount -t tmpfs -o size=4m none "$1" && exec "$2" -m tests.recordings.filling "$1"'
    command = ["unshare", *as_root, "--mount", "sh", "-c", script, "sh", str(folder), sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, cwd=ROOT)
    if re.search(r"^(unshare|mount): .*(not permitted|denied)", done.stderr, re.MULTILINE):
        pytest.skip("this machine lets nobody mount a file system")
    assert done.returncode == 0, done.stderr
    return msgspec.json.decode(done.stdout, type=Outcome)


def test_recording_survives_a_full_disk(tmp_path: Path) -> None:
    outcome = fill(tmp_path)
    assert {number for _, _, number in outcome.failed} <= {errno.ENOSPC, errno.EIO}
    assert len(outcome.failed) >= 3
    assert outcome.published[-1] == outcome.end_us
    assert outcome.published == outcome.readable
    assert {cause for _, _, cause in outcome.gaps} == {"disk"}
    covered = sorted(outcome.spans + [(start, end) for start, end, _ in outcome.gaps])
    assert (covered[0][0], covered[-1][1]) == (START_US, outcome.end_us)
    assert all(one[1] == other[0] for one, other in pairwise(covered))
    assert outcome.findings == []
