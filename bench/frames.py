"""Frames missing from recordings: every recorded picture is recognised by its bytes, which are the source's own.

The clip's pictures are all different. ffprobe, which shares no code with the recorder, gives the MD5 of each recorded
sample; it says which picture of the clip it is. In a perfect recording picture n + 1 follows picture n for ever, across
fragments and files, whenever the source happened to send them: a source that stutters costs nothing here.
"""

import hashlib
import itertools
import json
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.annexb import access_units, sample

FRAME_S = 0.04


@dataclass(frozen=True, slots=True)
class Count:
    """Pictures found, pictures missing between them, pictures that are not what was sent (damaged or unknown)."""

    found: int = 0
    missing: int = 0
    damaged: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.found + other.found, self.missing + other.missing, self.damaged + other.damaged)


def count_frames(folder: Path, clip: Path) -> dict[str, Count]:
    """By camera: the pictures in all segments below folder, between each camera's first one and its last."""
    cameras = sorted({path.parent.parent for path in folder.rglob("segments/*/*/*.mp4")})
    return {camera.name: _count_camera(camera, _numbers(clip)) for camera in cameras}


def _count_camera(camera: Path, numbers: dict[str, int]) -> Count:
    found = [picture for segment in sorted(camera.rglob("*.mp4")) for picture in _pictures(segment)]
    for edge in (0, -1):  # joined in the middle of a picture; ended by a signal in the middle of a write
        if found and found[edge][1] not in numbers:
            del found[edge]
    known = [(time_s, numbers[digest]) for time_s, digest in found if digest in numbers]
    missing = sum(_missing(one, other, len(numbers)) for one, other in itertools.pairwise(known))
    damaged = len(found) - len(known)
    return Count(len(found), max(0, missing - damaged), damaged)


def _missing(one: tuple[float, int], other: tuple[float, int], clip_length: int) -> int:
    """Pictures between two that follow each other in the file; whole turns of the clip are told by the clock."""
    within = (other[1] - one[1] - 1) % clip_length
    turns = round(((other[0] - one[0]) / FRAME_S - 1 - within) / clip_length)
    return within + max(0, turns) * clip_length


def _pictures(segment: Path) -> list[tuple[float, str]]:
    """(UTC in seconds, MD5 of the sample) in order."""
    command = [
        *("ffprobe", "-v", "error", "-select_streams", "v", "-show_packets", "-show_data_hash", "md5"),
        *("-show_entries", "packet=pts_time,data_hash", "-of", "json", str(segment)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    start_s = int(segment.stem) / 1e6
    packets = json.loads(done.stdout)["packets"]
    return sorted((start_s + float(p["pts_time"]), p["data_hash"].removeprefix("MD5:")) for p in packets)


@cache
def _numbers(clip: Path) -> dict[str, int]:
    units = access_units(clip.read_bytes())
    digests = [hashlib.md5(sample(unit), usedforsecurity=False).hexdigest() for unit in units]
    if len(set(digests)) != len(digests):
        raise RuntimeError("two pictures of the clip are alike; delete bench/work and run again")
    return {digest: number for number, digest in enumerate(digests)}
