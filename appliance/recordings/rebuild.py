"""Making an index anew from the files alone: recordings outlive the database that knew them."""

import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import apsw

from appliance.media.fmp4 import InitSegment, MalformedMp4Error, parse_init
from appliance.recordings.index import IndexWriter
from appliance.recordings.index_reader import IndexReader
from appliance.recordings.layout import SegmentIdentity
from appliance.recordings.model import GapCause
from appliance.recordings.recovery import whole_rows
from appliance.volumes.files import fsync_folder
from appliance.volumes.volume import Volume

_HEADER_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Found:
    """A segment as its own header describes it."""

    path: Path
    identity: SegmentIdentity
    header: InitSegment


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
        found = segments_of(volume.segments.glob("*/*/*.mp4"), volume, writer_name)
        for segment in found:
            index_segment(index, volume, segment)
        return len(found)
    finally:
        index.close()


def salvage(volume: Volume, writer_name: str, now_us: int, stop: threading.Event) -> int:
    """Index a writer's files that no index knows into a further index, while recording goes on; returns their number.

    Up to now_us what follows the last file is a gap with cause `restart`, unless another index knows better. Nothing
    is left of an attempt that was stopped. Blocks for long; raises OSError and apsw.Error.
    """
    target = volume.index / f"{writer_name}-found-{now_us}.db"
    building = target.with_name(f"{target.name}.new")
    _remove(volume.index.glob(f"{writer_name}-found-*.db.new*"))
    found = _unknown(volume, writer_name)
    if found:
        index = IndexWriter(building)
        try:
            for segment in found:
                if stop.is_set():
                    return 0
                _cut_tail(segment.path, index_segment(index, volume, segment))
            _explain_until(index, now_us)
        finally:
            index.close()
        building.rename(target)
        _remove(volume.index.glob(f"{building.name}*"))
        fsync_folder(volume.index)
    return len(found)


def segments_of(paths: Iterable[Path], volume: Volume, writer_name: str) -> list[Found]:
    """Those of the files that this writer wrote on this volume, in order of time."""
    return sorted(_identified(paths, volume, writer_name), key=lambda found: found.identity.start_us)


def index_segment(index: IndexWriter, volume: Volume, found: Found) -> int:
    """Add a file's row and the rows of its whole fragments, closed; returns where the last of them ends."""
    identity, kinds = found.identity, found.identity.recording_kinds
    number = index.add_segment(
        identity.camera,
        identity.start_us,
        str(found.path.relative_to(volume.root)),
        formats=identity.formats.to_json(),
        init_size=found.header.size,
        kinds=kinds,
    )
    descriptor = os.open(found.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        rows = whole_rows(descriptor, found.header.size, identity.start_us)
    finally:
        os.close(descriptor)
    with index.transaction():
        for row in rows:
            index.add_fragment(number, identity.camera, row, kinds)
        index.close_segment(number)
    return rows[-1].end_offset if rows else 0


def _identified(paths: Iterable[Path], volume: Volume, writer_name: str) -> Iterator[Found]:
    for path in paths:
        try:
            with path.open("rb") as file:
                header = parse_init(file.read(_HEADER_BYTES))
            identity = SegmentIdentity.from_json(header.identity or b"")
        except (MalformedMp4Error, ValueError, OSError):
            continue  # not ours, unreadable, or torn before its header was whole: check() shows a file without a row
        if identity.writer == writer_name and identity.volume == volume.identity.id:
            yield Found(path, identity, header)


def _unknown(volume: Volume, writer_name: str) -> list[Found]:
    """Files are listed before the rows are read, and a row comes before its file: what is being written is known."""
    files = list(volume.segments.glob("*/*/*.mp4"))
    known: set[str] = set()
    for path in volume.index.glob("*.db"):
        known.update(_known_to(path))
    return segments_of((f for f in files if str(f.relative_to(volume.root)) not in known), volume, writer_name)


def _known_to(path: Path) -> list[str]:
    """Another writer's index may be damaged, or be about to be made: it knows nothing yet."""
    index = IndexReader(path)
    try:
        return [known for (known,) in index.rows("SELECT path FROM segment", (), tuple[str])]
    except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError):
        return []
    finally:
        index.close()


def _cut_tail(path: Path, size: int) -> None:
    """As recovery does: what is torn behind the last whole fragment goes. A file without one is left alone."""
    if 0 < size < path.stat().st_size:
        os.truncate(path, size)


def _explain_until(index: IndexWriter, now_us: int) -> None:
    with index.transaction():
        for camera_id in index.cameras():
            covered_us = index.covered_to(camera_id)
            if covered_us is not None and covered_us < now_us:
                index.add_gap(camera_id, covered_us, now_us, GapCause.RESTART)


def _remove(paths: Iterable[Path]) -> None:
    for path in list(paths):
        path.unlink(missing_ok=True)
