"""Reading one recordings index: segments and their fragments, as they were published."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from appliance.db.sqlite import open_reader
from appliance.media.model import AudioFormat, VideoFormat
from appliance.recordings.layout import Formats, below
from appliance.recordings.model import RecordingKind
from appliance.recordings.schema import DAMAGED, KEY, FragmentRow, unpack

_SegmentRow = tuple[int, str, int, int, str, int, int, str, int, str, bytes | None]
_FragmentValues = tuple[int, int, int, int, int, int]
Row = TypeVar("Row")
Parameters = tuple[str | int | None, ...]
SELECT_SEGMENT = (
    "SELECT s.id, s.camera, s.start_us, s.end_us, s.path, s.bytes, s.init_size, s.state, s.kinds, f.media, s.fragments"
    " FROM segment s JOIN format f ON f.id = s.format WHERE s.state != 'deleting' AND s.end_us > s.start_us AND "
)


@dataclass(frozen=True, slots=True)
class Segment:
    """A file of recordings. index: path of the index that knows it; bytes: what is published of it."""

    index: Path
    id: int
    camera_id: str
    start_us: int
    end_us: int
    path: Path
    bytes: int
    init_size: int
    open: bool
    kinds: RecordingKind
    formats: Formats


@dataclass(frozen=True, slots=True)
class StoredFragment:
    """A fragment on the disk: video (prft, moof, mdat) of video_size bytes at offset of path, then its audio.

    Media times in the file count from segment_start_us.
    """

    path: Path
    offset: int
    video_size: int
    audio_size: int
    start_us: int
    end_us: int
    key: bool
    damaged: bool
    segment_start_us: int
    video_format: VideoFormat
    audio_format: AudioFormat | None


class IndexReader:
    """One read-only connection, used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.inode = path.stat().st_ino
        self._db = open_reader(path)
        self._lock = threading.Lock()

    def close(self) -> None:
        """Give the database back."""
        with self._lock:
            self._db.close()

    def rows(self, query: str, parameters: Parameters, row: type[Row]) -> list[Row]:
        """The rows of a query, checked against their type."""
        with self._lock:
            return [msgspec.convert(found, row) for found in self._db.execute(query, parameters).fetchall()]

    def segments(self, root: Path, query: str, parameters: Parameters) -> list[tuple[Segment, list[FragmentRow]]]:
        """Segments with their fragments, of one moment: a segment may be closed between two statements."""
        with self._moment():
            found = msgspec.convert(self._db.execute(query, parameters).fetchall(), list[_SegmentRow])
            return [(self._segment(root, row), self._fragments(row)) for row in found]

    @contextmanager
    def _moment(self) -> Iterator[None]:
        """A read transaction: all statements in it see the same state."""
        with self._lock:
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                self._db.execute("END")

    def _segment(self, root: Path, row: _SegmentRow) -> Segment:
        number, camera_id, start_us, end_us, path, size, init_size, state, kinds, media, _ = row
        return Segment(
            self.path,
            number,
            camera_id,
            start_us,
            end_us,
            below(root, path),
            size,
            init_size,
            state == "open",
            RecordingKind(kinds),
            Formats.from_json(media),
        )

    def _fragments(self, row: _SegmentRow) -> list[FragmentRow]:
        if row[10] is not None:
            return list(unpack(row[10], row[2], row[6]))
        found = self._db.execute(
            "SELECT start_us, duration_us, offset, video_size, audio_size, flags FROM fragment"
            " WHERE segment = ? ORDER BY offset",
            (row[0],),
        )
        return [FragmentRow(*values) for values in msgspec.convert(found.fetchall(), list[_FragmentValues])]


def stored_fragment(segment: Segment, row: FragmentRow) -> StoredFragment:
    """A fragment together with what its segment says about it."""
    return StoredFragment(
        segment.path,
        row.offset,
        row.video_size,
        row.audio_size,
        row.start_us,
        row.end_us,
        bool(row.flags & KEY),
        bool(row.flags & DAMAGED),
        segment.start_us,
        segment.formats.video,
        segment.formats.audio,
    )
