"""Checking a volume against its indexes, online and read-only."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from appliance.media.fmp4 import scan_fragments
from appliance.recordings.index_reader import SELECT_SEGMENT, IndexReader, Segment
from appliance.recordings.schema import FragmentRow
from appliance.volumes.volume import Volume

_PAGE = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that should not be: a stable code, the file or index concerned (relative to the volume), details.

    Codes: file-missing, file-size, file-without-row, fragments, content, span, overlap, unreadable.
    """

    code: str
    path: str
    detail: str


def check(volume: Volume, *, deep: bool = False) -> list[Finding]:
    """Compare rows with files while recording goes on; deep: also read every fragment's boxes. Changes nothing.

    Blocks for long; raises OSError and apsw.Error.
    """
    files = {str(path.relative_to(volume.root)) for path in volume.segments.glob("*/*/*.mp4")}
    findings: list[Finding] = []
    known: set[str] = set()
    for path in sorted(volume.index.glob("*.db")):
        index = IndexReader(path)
        try:
            known.update(path for (path,) in index.rows("SELECT path FROM segment", (), tuple[str]))
            findings += _check_index(volume, index, deep=deep)
            findings += _check_time(str(path.relative_to(volume.root)), index)
        finally:
            index.close()
    # files were listed before the rows, and a row comes before its file: what is unknown now has no row
    findings += [Finding("file-without-row", path, "no index knows this file") for path in sorted(files - known)]
    return findings


def _check_index(volume: Volume, index: IndexReader, *, deep: bool) -> Iterator[Finding]:
    last = 0
    while page := index.segments(volume.root, SELECT_SEGMENT + "s.id > ? ORDER BY s.id LIMIT ?", (last, _PAGE)):
        for segment, rows in page:
            last = segment.id
            path = str(segment.path.relative_to(volume.root))
            for code, detail in _check_segment(segment, rows, deep=deep):
                if code != "file-missing" or index.rows("SELECT 1 FROM segment WHERE path = ?", (path,), tuple[int]):
                    yield Finding(code, path, detail)


def _check_segment(segment: Segment, rows: list[FragmentRow], *, deep: bool) -> Iterator[tuple[str, str]]:
    yield from _check_rows(segment, rows)
    try:
        size = segment.path.stat().st_size
    except FileNotFoundError:
        yield "file-missing", "the index has a row, the disk has no file"
        return
    if size < segment.bytes or (size > segment.bytes and not segment.open):
        yield "file-size", f"{size} bytes on the disk, {segment.bytes} in the index"
    elif deep:
        yield from _check_content(segment, rows)


def _check_rows(segment: Segment, rows: list[FragmentRow]) -> Iterator[tuple[str, str]]:
    at_us, at = segment.start_us, segment.init_size
    for row in rows:
        if (row.start_us, row.offset) != (at_us, at):
            yield "fragments", f"the fragment at {row.offset} does not follow the one before it"
            return
        at_us, at = row.end_us, row.end_offset
    if (at_us, at) != (segment.end_us, segment.bytes):
        yield "fragments", "the fragments do not fill the segment"


def _check_content(segment: Segment, rows: list[FragmentRow]) -> Iterator[tuple[str, str]]:
    descriptor = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        places = [(found.offset, found.video_size, found.audio_size) for found in _scan(descriptor, segment)]
    finally:
        os.close(descriptor)
    if places[: len(rows)] != [(row.offset, row.video_size, row.audio_size) for row in rows]:
        yield "content", "the file's boxes are not where the index says"


def _scan(descriptor: int, segment: Segment) -> Iterator[FragmentRow]:
    for found in scan_fragments(descriptor, segment.init_size):
        yield FragmentRow(found.start_us, found.duration_us, found.offset, found.video_size, found.audio_size, 0)


def _check_time(name: str, index: IndexReader) -> Iterator[Finding]:
    """Spans and gaps (loss apart) of a camera do not overlap, and every segment lies in spans."""
    rows = index.rows(
        "SELECT camera, start_us, end_us FROM span UNION ALL"
        " SELECT camera, start_us, end_us FROM gap WHERE cause != 'loss' ORDER BY 1, 2",
        (),
        tuple[str, int, int],
    )
    for (camera, _, end_us), (next_camera, next_start_us, _) in pairwise(rows):
        if camera == next_camera and next_start_us < end_us:
            yield Finding("overlap", name, f"camera {camera}: two intervals overlap at {next_start_us}")
    uncovered = index.rows(
        "SELECT s.path FROM segment s WHERE s.state != 'deleting' AND s.end_us > s.start_us AND NOT EXISTS"
        " (SELECT 1 FROM span WHERE camera = s.camera AND span.end_us > s.start_us AND span.start_us < s.end_us)",
        (),
        tuple[str],
    )
    for (path,) in uncovered:
        yield Finding("span", path, "recorded, but the timeline does not show it")
