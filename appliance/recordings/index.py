"""The recordings index of one volume and one writing unit: rows for what is on the disk, and for what is missing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from appliance.db.sqlite import open_writer
from appliance.recordings.coverage import Interval, subtract
from appliance.recordings.model import GapCause, RecordingKind
from appliance.recordings.schema import MIGRATIONS, FragmentRow, pack

DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class OpenSegment:
    """A segment that was not closed: `end_offset` and `end_us` are those of its last indexed fragment."""

    id: int
    camera_id: str
    start_us: int
    end_us: int
    path: str
    init_size: int
    end_offset: int
    kinds: RecordingKind


@dataclass(frozen=True, slots=True)
class _SpanRow:
    id: int
    camera_id: str
    start_us: int
    end_us: int
    kinds: int


class IndexWriter:
    """The one writer of an index. Not thread-safe; raises apsw.Error where SQLite does.

    It keeps one promise for every camera: from its first row on, spans and gaps (other than `loss`, which lies upon
    spans) cover every instant, and none twice; also where the recorder's clock was set back.
    """

    def __init__(self, path: Path) -> None:
        self._db = open_writer(path, MIGRATIONS, shared=True)

    def close(self) -> None:
        """Give the database back."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, durable at its end (synchronous=FULL)."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def add_segment(
        self, camera_id: str, start_us: int, path: str, *, formats: str, init_size: int, kinds: RecordingKind
    ) -> int:
        """The row of a segment that is about to be created, in its own transaction; returns its id."""
        with self.transaction():
            self._db.execute("INSERT OR IGNORE INTO format (media) VALUES (?)", (formats,))
            self._db.execute(
                "INSERT INTO segment (camera, start_us, end_us, path, bytes, init_size, state, kinds, format)"
                " SELECT ?, ?, ?, ?, ?, ?, 'open', ?, id FROM format WHERE media = ?",
                (camera_id, start_us, start_us, path, init_size, init_size, int(kinds), formats),
            )
            return self._db.last_insert_rowid()

    def add_fragment(self, segment_id: int, camera_id: str, row: FragmentRow, kinds: RecordingKind) -> None:
        """A fragment that is on the disk."""
        self._db.execute(
            "INSERT INTO fragment (segment, start_us, duration_us, offset, video_size, audio_size, flags)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (segment_id, row.start_us, row.duration_us, row.offset, row.video_size, row.audio_size, row.flags),
        )
        self._db.execute(
            "UPDATE segment SET end_us = ?, bytes = ?, kinds = kinds | ? WHERE id = ?",
            (row.end_us, row.end_offset, int(kinds), segment_id),
        )
        uncovered = self._cover(camera_id, row.start_us, row.end_us)
        for start_us, end_us in uncovered:
            self._extend_span(camera_id, start_us, end_us, int(kinds))
        self._count(camera_id, row.start_us, row.duration_us, row.video_size + row.audio_size)

    def add_gap(self, camera_id: str, start_us: int, end_us: int, cause: GapCause) -> None:
        """An interval that is missing: what of it is recorded or explained already stays as it is."""
        if cause is GapCause.LOSS:
            self._insert_gap(camera_id, start_us, end_us, cause)
            return
        covered_us = self.covered_to(camera_id)
        if covered_us is not None:
            start_us = min(start_us, covered_us) if end_us > covered_us else start_us
        taken = [(span.start_us, span.end_us) for span in self._spans(camera_id, start_us, end_us)]
        taken += [(start, end) for _, start, end, _ in self._gaps(camera_id, start_us, end_us)]
        for start, end in subtract((start_us, end_us), taken):
            self._insert_gap(camera_id, start, end, cause)

    def mark(self, camera_id: str, start_us: int, end_us: int, kinds: RecordingKind) -> None:
        """Give what is recorded in an interval further kinds, as when REC is pressed and the prebuffer is on disk."""
        for span in self._spans(camera_id, start_us, end_us):
            if span.kinds | kinds != span.kinds:
                marked = max(span.start_us, start_us), min(span.end_us, end_us)
                self._replace_span(span, [marked], int(span.kinds | kinds))
        self._db.execute(
            "UPDATE segment SET kinds = kinds | ? WHERE camera = ? AND end_us > ? AND start_us < ?",
            (int(kinds), camera_id, start_us, end_us),
        )

    def close_segment(self, segment_id: int) -> bool:
        """Pack the fragments of a segment; False if it has none: its row is gone, its file may go."""
        rows = self.fragments(segment_id)
        if not rows:
            self._db.execute("DELETE FROM segment WHERE id = ?", (segment_id,))
            return False
        self._db.execute("UPDATE segment SET state = 'closed', fragments = ? WHERE id = ?", (pack(rows), segment_id))
        self._db.execute("DELETE FROM fragment WHERE segment = ?", (segment_id,))
        return True

    def fragments(self, segment_id: int) -> list[FragmentRow]:
        """The rows of an open segment."""
        found = self._db.execute(
            "SELECT start_us, duration_us, offset, video_size, audio_size, flags FROM fragment"
            " WHERE segment = ? ORDER BY offset",
            (segment_id,),
        )
        return [FragmentRow(*row) for row in found]

    def open_segments(self) -> list[OpenSegment]:
        """Segments that were being written when the writer ended."""
        found = self._db.execute(
            "SELECT id, camera, start_us, end_us, path, init_size, bytes, kinds FROM segment WHERE state = 'open'"
        )
        rows = msgspec.convert(found.fetchall(), list[tuple[int, str, int, int, str, int, int, int]])
        return [OpenSegment(*row[:7], RecordingKind(row[7])) for row in rows]

    def cut_fragments(self, segment_id: int, size: int) -> None:
        """Forget fragments that a file of `size` bytes cannot hold."""
        self._db.execute(
            "DELETE FROM fragment WHERE segment = ? AND offset + video_size + audio_size > ?", (segment_id, size)
        )
        self._db.execute(
            "UPDATE segment SET bytes = max(init_size, coalesce((SELECT max(offset + video_size + audio_size)"
            " FROM fragment WHERE segment = ?1), 0)) WHERE id = ?1",
            (segment_id,),
        )

    def mark_deleting(self, segment_id: int) -> str | None:
        """First step of a deletion: readers no longer see the segment. Its path; None if it is unknown or open."""
        found = self._db.execute(
            "UPDATE segment SET state = 'deleting' WHERE id = ? AND state != 'open' RETURNING path", (segment_id,)
        ).fetchall()
        return str(found[0][0]) if found else None

    def drop_segment(self, segment_id: int) -> None:
        """Last step of a deletion: the file is gone, its time is no longer recorded."""
        found = self._db.execute(
            "DELETE FROM segment WHERE id = ? AND state = 'deleting' RETURNING camera, start_us, end_us, bytes",
            (segment_id,),
        ).fetchall()
        for camera_id, start_us, end_us, size in msgspec.convert(found, list[tuple[str, int, int, int]]):
            others = self._db.execute(
                "SELECT start_us, end_us FROM segment WHERE camera = ? AND end_us > ? AND start_us < ?",
                (camera_id, start_us, end_us),
            )
            gone = subtract((start_us, end_us), msgspec.convert(others.fetchall(), list[Interval]))
            for span in self._spans(camera_id, start_us, end_us) if gone else ():
                self._replace_span(span, gone, None)
            self._count(camera_id, start_us, start_us - end_us, -size)

    def deleting(self) -> list[tuple[int, str]]:
        """(id, path) of deletions that were begun."""
        return [(row[0], row[1]) for row in self._db.execute("SELECT id, path FROM segment WHERE state = 'deleting'")]

    def covered_to(self, camera_id: str) -> int | None:
        """Up to where every instant of a camera is recorded or explained; None if nothing is known of it."""
        found = self._db.execute(
            "SELECT end FROM (SELECT max(end_us) AS end FROM span WHERE camera = ?1"
            " UNION ALL SELECT max(end_us) FROM gap WHERE camera = ?1) WHERE end IS NOT NULL",
            (camera_id,),
        ).fetchall()
        return max((end_us for (end_us,) in msgspec.convert(found, list[tuple[int]])), default=None)

    def cameras(self) -> list[str]:
        """Every camera that has rows."""
        return [str(row[0]) for row in self._db.execute("SELECT camera FROM span UNION SELECT camera FROM gap")]

    def _cover(self, camera_id: str, start_us: int, end_us: int) -> list[Interval]:
        """Keep the promise when [start, end) is recorded: explain what was skipped, take back gaps that were not.

        Returns the parts that no span covers: all of it, unless our clock was set back.
        """
        covered_us = self.covered_to(camera_id)
        if covered_us is None or start_us == covered_us:
            return [(start_us, end_us)]
        if start_us > covered_us:
            self._insert_gap(camera_id, covered_us, start_us, GapCause.CAMERA)
            return [(start_us, end_us)]
        for gap_id, start, end, cause in self._gaps(camera_id, start_us, end_us):
            self._db.execute("DELETE FROM gap WHERE id = ?", (gap_id,))
            for rest in subtract((start, end), [(start_us, end_us)]):
                self._insert_gap(camera_id, *rest, cause)
        spans = [(span.start_us, span.end_us) for span in self._spans(camera_id, start_us, end_us)]
        return subtract((start_us, end_us), spans)

    def _extend_span(self, camera_id: str, start_us: int, end_us: int, kinds: int) -> None:
        """Draw a span out in place where it simply goes on."""
        self._db.execute(
            "UPDATE span SET end_us = ? WHERE id ="
            " (SELECT id FROM span WHERE camera = ? AND end_us = ? AND kinds = ? LIMIT 1)",
            (end_us, camera_id, start_us, kinds),
        )
        if self._db.changes() == 0:
            self._insert_span(camera_id, (start_us, end_us), kinds)

    def _insert_span(self, camera_id: str, interval: Interval, kinds: int) -> None:
        self._db.execute(
            "INSERT INTO span (camera, start_us, end_us, kinds) VALUES (?, ?, ?, ?)", (camera_id, *interval, kinds)
        )

    def _insert_gap(self, camera_id: str, start_us: int, end_us: int, cause: GapCause) -> None:
        self._db.execute(
            "UPDATE gap SET end_us = ? WHERE camera = ? AND end_us = ? AND cause = ?",
            (end_us, camera_id, start_us, cause.value),
        )
        if self._db.changes() == 0:
            self._db.execute(
                "INSERT INTO gap (camera, start_us, end_us, cause) VALUES (?, ?, ?, ?)",
                (camera_id, start_us, end_us, cause.value),
            )

    def _replace_span(self, span: _SpanRow, parts: list[Interval], kinds: int | None) -> None:
        """Take parts out of a span; put them back with other kinds, or not at all."""
        self._db.execute("DELETE FROM span WHERE id = ?", (span.id,))
        for rest in subtract((span.start_us, span.end_us), parts):
            self._insert_span(span.camera_id, rest, span.kinds)
        for part in parts if kinds is not None else ():
            self._insert_span(span.camera_id, part, kinds or 0)

    def _spans(self, camera_id: str, start_us: int, end_us: int) -> list[_SpanRow]:
        found = self._db.execute(
            "SELECT id, camera, start_us, end_us, kinds FROM span WHERE camera = ? AND end_us > ? AND start_us < ?",
            (camera_id, start_us, end_us),
        )
        return [_SpanRow(*row) for row in found]

    def _gaps(self, camera_id: str, start_us: int, end_us: int) -> list[tuple[int, int, int, GapCause]]:
        found = self._db.execute(
            "SELECT id, start_us, end_us, cause FROM gap"
            " WHERE camera = ? AND end_us > ? AND start_us < ? AND cause != 'loss'",
            (camera_id, start_us, end_us),
        )
        return [(row[0], row[1], row[2], GapCause(row[3])) for row in found]

    def _count(self, camera_id: str, start_us: int, duration_us: int, size: int) -> None:
        self._db.execute(
            "INSERT INTO total (camera, day, recorded_us, bytes) VALUES (?, ?, ?, ?) ON CONFLICT (camera, day)"
            " DO UPDATE SET recorded_us = recorded_us + excluded.recorded_us, bytes = bytes + excluded.bytes",
            (camera_id, start_us // DAY_US, duration_us, size),
        )
