"""A really full file system: what was written stays, the hole is explained, recording goes on once there is room."""

import errno
from itertools import pairwise
from pathlib import Path

import msgspec

from tests.recordings.material import START_US
from tests.small_disk import run_on_small_disk


class Outcome(msgspec.Struct, frozen=True):
    published: list[int]
    failed: list[tuple[int, int, int | None]]
    spans: list[tuple[int, int]]
    gaps: list[tuple[int, int, str]]
    readable: list[int]
    findings: list[str]
    end_us: int


def test_recording_survives_a_full_disk(tmp_path: Path) -> None:
    printed = run_on_small_disk("tests.recordings.filling", tmp_path, 4)
    outcome = msgspec.json.decode(printed, type=Outcome)
    assert {number for _, _, number in outcome.failed} <= {errno.ENOSPC, errno.EIO}
    assert len(outcome.failed) >= 3
    assert outcome.published[-1] == outcome.end_us
    assert outcome.published == outcome.readable
    assert {cause for _, _, cause in outcome.gaps} == {"disk"}
    covered = sorted(outcome.spans + [(start, end) for start, end, _ in outcome.gaps])
    assert (covered[0][0], covered[-1][1]) == (START_US, outcome.end_us)
    assert all(one[1] == other[0] for one, other in pairwise(covered))
    assert outcome.findings == []
