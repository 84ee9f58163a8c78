"""After a crash: what open segments really hold (invariant 6 of docs/design/recording-format.md)."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from appliance.media.fmp4 import scan_fragments
from appliance.recordings.index import IndexWriter, OpenSegment
from appliance.recordings.schema import DAMAGED, KEY, FragmentRow
from appliance.volumes.files import unlink_durably


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """segments: that were open. fragments: found whole behind the last indexed one. torn_bytes: cut off.

    missing: paths of rows whose file is gone (the rows stay). deleted: deletions finished. covered_to_us: per camera,
    up to where every instant is recorded or explained.
    """

    segments: int = 0
    fragments: int = 0
    torn_bytes: int = 0
    deleted: int = 0
    missing: tuple[str, ...] = ()
    covered_to_us: tuple[tuple[str, int], ...] = ()


def recover(root: Path, index: IndexWriter) -> RecoveryReport:
    """Finish what a crash interrupted; blocks, and raises OSError and apsw.Error. Doing it twice changes nothing."""
    report = RecoveryReport()
    for segment_id, path in index.deleting():
        unlink_durably(root / path)
        with index.transaction():
            index.drop_segment(segment_id)
        report = replace(report, deleted=report.deleted + 1)
    for segment in index.open_segments():
        report = _recover_segment(root, index, segment, report)
    covered = ((camera, index.covered_to(camera)) for camera in index.cameras())
    return replace(report, covered_to_us=tuple((camera, to_us) for camera, to_us in covered if to_us is not None))


def _recover_segment(root: Path, index: IndexWriter, segment: OpenSegment, report: RecoveryReport) -> RecoveryReport:
    report = replace(report, segments=report.segments + 1)
    path = root / segment.path
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        with index.transaction():
            holds_rows = index.close_segment(segment.id)
        return replace(report, missing=(*report.missing, segment.path)) if holds_rows else report
    try:
        rows = whole_rows(descriptor, segment.end_offset, segment.end_us)
        size = rows[-1].end_offset if rows else segment.end_offset
        torn = max(0, os.fstat(descriptor).st_size - size)
        os.ftruncate(descriptor, min(size, os.fstat(descriptor).st_size))
        os.fsync(descriptor)
        _close(index, segment, rows, os.fstat(descriptor).st_size, path)
    finally:
        os.close(descriptor)
    return replace(report, fragments=report.fragments + len(rows), torn_bytes=report.torn_bytes + torn)


def whole_rows(descriptor: int, offset: int, start_us: int) -> list[FragmentRow]:
    """Rows for the whole fragments of an open file from `offset` on, the first of which starts at start_us.

    Raises OSError.
    """
    found = list(scan_fragments(descriptor, offset))
    rows: list[FragmentRow] = []
    for number, fragment in enumerate(found):
        last = number + 1 == len(found)
        end_us = fragment.start_us + fragment.duration_us if last else found[number + 1].start_us
        flags = (KEY if fragment.key else 0) | (DAMAGED if fragment.damaged else 0)
        duration_us = max(0, end_us - start_us)
        rows.append(
            FragmentRow(start_us, duration_us, fragment.offset, fragment.video_size, fragment.audio_size, flags)
        )
        start_us += duration_us
    return rows


def _close(index: IndexWriter, segment: OpenSegment, rows: list[FragmentRow], size: int, path: Path) -> None:
    with index.transaction():
        index.cut_fragments(segment.id, size)
        for row in rows:
            index.add_fragment(segment.id, segment.camera_id, row, segment.kinds)
        holds_rows = index.close_segment(segment.id)
    if not holds_rows:
        unlink_durably(path)
