"""Checking a volume against its indexes, online and read-only; and making an index anew from the files alone."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from appliance.media.fmp4 import InitSegment, MalformedMp4Error, parse_init, scan_fragments
from appliance.recordings.index import IndexWriter
from appliance.recordings.index_reader import SELECT_SEGMENT, IndexReader, Segment
from appliance.recordings.layout import SegmentIdentity
from appliance.recordings.recovery import whole_rows
from appliance.recordings.schema import FragmentRow
from appliance.volumes.volume import Volume

_PAGE = 200
_HEADER_BYTES = 1 << 20


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


def rebuild(volume: Volume, writer_name: str) -> int:
    """Write a missing index anew from the headers and fragments of a writer's files; returns the segments found.

    Kinds are those with which each segment began; gaps get the cause `camera`, for why nothing was written is nowhere
    in the files. Raises FileExistsError if the index is there, OSError, apsw.Error.
    """
    path = volume.index / f"{writer_name}.db"
    if path.exists():
        raise FileExistsError(f"{path.name} exists; move it away first")
    index = IndexWriter(path)
    try:
        found = sorted(_identified(volume, writer_name), key=lambda entry: entry[1].start_us)
        for file, identity, header in found:
            _index_file(index, volume, file, identity, header)
        return len(found)
    finally:
        index.close()


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


def _identified(volume: Volume, writer_name: str) -> Iterator[tuple[Path, SegmentIdentity, InitSegment]]:
    for path in volume.segments.glob("*/*/*.mp4"):
        with path.open("rb") as file:
            data = file.read(_HEADER_BYTES)
        try:
            header = parse_init(data)
            identity = SegmentIdentity.from_json(header.identity or b"")
        except (MalformedMp4Error, ValueError):
            continue  # not ours, or torn before its header was whole: check() shows it as a file without a row
        if identity.writer == writer_name and identity.volume == volume.identity.id:
            yield path, identity, header


def _index_file(index: IndexWriter, volume: Volume, path: Path, identity: SegmentIdentity, header: InitSegment) -> None:
    kinds = identity.recording_kinds
    number = index.add_segment(
        identity.camera,
        identity.start_us,
        str(path.relative_to(volume.root)),
        formats=identity.formats.to_json(),
        init_size=header.size,
        kinds=kinds,
    )
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        rows = whole_rows(descriptor, header.size, identity.start_us)
    finally:
        os.close(descriptor)
    with index.transaction():
        for row in rows:
            index.add_fragment(number, identity.camera, row, kinds)
        index.close_segment(number)
