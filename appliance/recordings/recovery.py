"""After a crash: what open segments really hold (invariant 6 of docs/design/recording-format.md)."""

import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path

from appliance.media.fmp4 import scan_fragments
from appliance.recordings.index import IndexWriter, OpenSegment
from appliance.recordings.layout import below
from appliance.recordings.schema import DAMAGED, KEY, FragmentRow
from appliance.volumes.files import unlink_durably

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """segments: that were open. fragments: found whole behind the last indexed one. torn_bytes: cut off.

    missing: paths of rows whose file is gone, or which the disk does not give back (the rows stay). deleted: deletions
    finished. covered_to_us: per camera, up to where every instant is recorded or explained.
    """

    segments: int = 0
    fragments: int = 0
    torn_bytes: int = 0
    deleted: int = 0
    missing: tuple[str, ...] = ()
    covered_to_us: tuple[tuple[str, int], ...] = ()


def recover(root: Path, index: IndexWriter) -> RecoveryReport:
    """Finish what a crash interrupted; blocks, and raises apsw.Error. Doing it twice changes nothing.

    A file that the disk refuses to give back or to remove stops nobody: it is logged, and recording goes on.
    """
    report = RecoveryReport()
    for segment_id, path in index.deleting():
        try:
            unlink_durably(below(root, path))
        except OSError as error:
            log.error("%s cannot be deleted: %s; tried again at the next start", path, error)
            continue
        with index.transaction():
            index.drop_segment(segment_id)
        report = replace(report, deleted=report.deleted + 1)
    for segment in index.open_segments():
        report = _recover_segment(root, index, segment, report)
    covered = ((camera, index.covered_to(camera)) for camera in index.cameras())
    return replace(report, covered_to_us=tuple((camera, to_us) for camera, to_us in covered if to_us is not None))


def _recover_segment(root: Path, index: IndexWriter, segment: OpenSegment, report: RecoveryReport) -> RecoveryReport:
    report = replace(report, segments=report.segments + 1)
    try:
        path = below(root, segment.path)
        rows, torn = _cut_torn(path, segment)
    except OSError as error:
        with index.transaction():
            holds_rows = index.close_segment(segment.id)
        if not holds_rows and isinstance(error, FileNotFoundError):
            return report
        log.error("%s is in the index, but cannot be read: %s", segment.path, error)
        return replace(report, missing=(*report.missing, segment.path))
    _close(index, segment, rows, path)
    return replace(report, fragments=report.fragments + len(rows), torn_bytes=report.torn_bytes + torn)


def _cut_torn(path: Path, segment: OpenSegment) -> tuple[list[FragmentRow], int]:
    """(the whole fragments behind the last indexed one, the bytes cut off behind them); raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        rows = whole_rows(descriptor, segment.end_offset, segment.end_us)
        whole = rows[-1].end_offset if rows else segment.end_offset
        size = os.fstat(descriptor).st_size
        os.ftruncate(descriptor, min(whole, size))
        os.fsync(descriptor)
        return rows, max(0, size - whole)
    finally:
        os.close(descriptor)


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


def _close(index: IndexWriter, segment: OpenSegment, rows: list[FragmentRow], path: Path) -> None:
    with index.transaction():
        index.cut_fragments(segment.id, path.stat().st_size)
        for row in rows:
            index.add_fragment(segment.id, segment.camera_id, row, segment.kinds)
        holds_rows = index.close_segment(segment.id)
    if not holds_rows:
        unlink_durably(path)
