"""What is recorded: a read-only union over every index of every volume. Blocks; call it in threads."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import apsw

from appliance.core.clock import US_PER_S
from appliance.recordings.coverage import Interval, clip, length, subtract, union
from appliance.recordings.index_reader import (
    SELECT_SEGMENT,
    IndexReader,
    Parameters,
    Row,
    Segment,
    StoredFragment,
    stored_fragment,
)
from appliance.recordings.model import Gap, GapCause, RecordingKind, Span
from appliance.recordings.schema import KEY, FragmentRow
from appliance.volumes.volume import Volume

log = logging.getLogger(__name__)

_MAX_US = (1 << 63) - 1
_PAGE = 64
_NOT_MISSING = {GapCause.LOSS, GapCause.SCHEDULE, GapCause.DISABLED}


class RecordingReader:
    """Reads the indexes below some volumes; new index files are noticed. Safe to use from several threads.

    Methods raise OSError and apsw.Error where the disk does.
    """

    def __init__(self, volumes: Sequence[Volume]) -> None:
        self._volumes = tuple(volumes)
        self._open: dict[Path, IndexReader] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Give the databases back."""
        with self._lock:
            for index in self._open.values():
                index.close()
            self._open = {}

    def spans(self, camera_id: str, start_us: int, end_us: int) -> list[Span]:
        """What is recorded of a camera in [start_us, end_us), clipped to it, in order."""
        query = "SELECT start_us, end_us, kinds FROM span WHERE camera = ? AND end_us > ? AND start_us < ?"
        rows = self._all(query, (camera_id, start_us, end_us), tuple[int, int, int])
        return [
            Span(camera_id, *clip((start, end), (start_us, end_us)), RecordingKind(kinds))
            for start, end, kinds in sorted(rows)
        ]

    def gaps(self, camera_id: str, start_us: int, end_us: int) -> list[Gap]:
        """What is missing of a camera in [start_us, end_us), and why; clipped to it, in order.

        Where several indexes know the camera, what any of them recorded is not missing.
        """
        query = "SELECT start_us, end_us, cause FROM gap WHERE camera = ? AND end_us > ? AND start_us < ?"
        rows = sorted(self._all(query, (camera_id, start_us, end_us), tuple[int, int, str]))
        recorded = [(span.start_us, span.end_us) for span in self.spans(camera_id, start_us, end_us)]
        gaps: list[Gap] = []
        for start, end, text in rows:
            cause, bounds = GapCause(text), clip((start, end), (start_us, end_us))
            parts = [bounds] if cause is GapCause.LOSS else subtract(bounds, recorded)
            gaps += [Gap(camera_id, *part, cause) for part in parts]
        return gaps

    def recorded_percent(self, camera_id: str, start_us: int, end_us: int) -> float | None:
        """Of the time that was to be recorded in [start_us, end_us), how much is; None if there was none.

        Time before the first and after the last thing known, and gaps by schedule or because the camera was switched
        off, were not to be recorded.
        """
        recorded = union((span.start_us, span.end_us) for span in self.spans(camera_id, start_us, end_us))
        missing = union(
            (gap.start_us, gap.end_us)
            for gap in self.gaps(camera_id, start_us, end_us)
            if gap.cause not in _NOT_MISSING
        )
        wanted_us = length(recorded) + length(missing)
        return 100.0 * length(recorded) / wanted_us if wanted_us else None

    def days(self, camera_id: str, zone: ZoneInfo) -> list[str]:
        """Days with recordings ("2026-11-24"), in a time zone, in order."""
        spans = self._all("SELECT start_us, end_us FROM span WHERE camera = ?", (camera_id,), tuple[int, int])
        days: set[str] = set()
        for start_us, end_us in union(spans):
            days.update(_days_of((start_us, end_us), zone))
        return sorted(days)

    def latest_us(self, camera_id: str) -> int | None:
        """The end of the newest recording of a camera."""
        rows = self._all(
            "SELECT end_us FROM span WHERE camera = ? ORDER BY end_us DESC LIMIT 1", (camera_id,), tuple[int]
        )
        return max((end_us for (end_us,) in rows), default=None)

    def nearest(self, camera_id: str, time_us: int) -> tuple[int | None, int | None]:
        """(the end of the last recording before a time, the start of the first one after it)."""
        before = self._all(
            "SELECT end_us FROM span WHERE camera = ? AND end_us <= ? ORDER BY end_us DESC LIMIT 1",
            (camera_id, time_us),
            tuple[int],
        )
        after = self._all(
            "SELECT start_us FROM span WHERE camera = ? AND end_us > ? AND start_us >= ? ORDER BY end_us LIMIT 1",
            (camera_id, time_us, time_us),
            tuple[int],
        )
        return max((us for (us,) in before), default=None), min((us for (us,) in after), default=None)

    def segments(
        self,
        camera_id: str | None = None,
        start_us: int = 0,
        end_us: int = _MAX_US,
        *,
        limit: int = 100,
        before_us: int | None = None,
    ) -> list[Segment]:
        """Segments that touch [start_us, end_us), newest first, at most `limit`; before_us continues a page.

        For the next page pass the last segment's start_us as before_us.
        """
        query = SELECT_SEGMENT + "(?1 IS NULL OR s.camera = ?1) AND s.end_us > ?2 AND s.start_us < ?3"
        latest_us = end_us if before_us is None else min(end_us, before_us)
        found = self._segments(query + " ORDER BY s.start_us DESC LIMIT ?4", (camera_id, start_us, latest_us, limit))
        found.sort(key=lambda pair: pair[0].start_us, reverse=True)
        return [segment for segment, _ in found[:limit]]

    def fragments(
        self, camera_id: str, start_us: int, end_us: int = _MAX_US, *, from_key: bool = True
    ) -> Iterator[StoredFragment]:
        """Fragments that touch [start_us, end_us), in order of time; from_key: from the key fragment that they need.

        Reads the index page by page: fragments published while it is consumed are found as well. Of a time that was
        recorded twice (the clock was set back, or two writers had the camera) one recording is given; where it ends,
        the other one goes on with its next key fragment.
        """
        if from_key:
            start_us = self._key_before(camera_id, start_us)
        at_us = start_us
        given: StoredFragment | None = None
        while at_us < end_us:
            page = self._page(camera_id, at_us, end_us)
            for fragment in page:
                if fragment.end_us <= at_us:
                    continue
                at_us = fragment.end_us
                if given is None or _follows(fragment, given):
                    given = fragment
                    yield fragment
            if not page:
                return

    def _page(self, camera_id: str, start_us: int, end_us: int) -> list[StoredFragment]:
        query = SELECT_SEGMENT + "s.camera = ? AND s.end_us > ? AND s.start_us < ? ORDER BY s.end_us LIMIT ?"
        found = self._segments(query, (camera_id, start_us, end_us, _PAGE))
        found.sort(key=lambda pair: pair[0].start_us)
        return [
            stored_fragment(segment, row)
            for segment, rows in found[:_PAGE]
            for row in rows
            if row.end_us > start_us and row.start_us < end_us
        ]

    def _key_before(self, camera_id: str, time_us: int) -> int:
        """The start of the key fragment at or before a time in the same segment; the time itself if there is none."""
        for fragment_rows in (rows for _, rows in self._segments_at(camera_id, time_us)):
            starts = [row.start_us for row in fragment_rows if row.start_us <= time_us and row.flags & KEY]
            if starts:
                return max(starts)
        return time_us

    def _segments_at(self, camera_id: str, time_us: int) -> list[tuple[Segment, list[FragmentRow]]]:
        query = SELECT_SEGMENT + "s.camera = ? AND s.end_us > ? AND s.start_us <= ? ORDER BY s.end_us LIMIT 1"
        return self._segments(query, (camera_id, time_us, time_us))

    def _segments(self, query: str, parameters: Parameters) -> list[tuple[Segment, list[FragmentRow]]]:
        found: list[tuple[Segment, list[FragmentRow]]] = []
        for volume, index in self._indexes():
            with self._damaged_aside(index):
                found += index.segments(volume.root, query, parameters)
        return found

    def _all(self, query: str, parameters: Parameters, row: type[Row]) -> list[Row]:
        found: list[Row] = []
        for _, index in self._indexes():
            with self._damaged_aside(index):
                found += index.rows(query, parameters, row)
        return found

    @contextmanager
    def _damaged_aside(self, index: IndexReader) -> Iterator[None]:
        """A damaged index hides nothing that others know; its writer sets it aside and finds its files again."""
        try:
            yield
        except (apsw.CorruptError, apsw.NotADBError) as error:
            log.error("the recordings index %s is damaged: %s", index.path.name, error)
        except apsw.SQLError as error:
            if not str(error).startswith("no such table"):  # its writer is about to make the first ones
                raise

    def _indexes(self) -> list[tuple[Volume, IndexReader]]:
        """Every index, opened; a volume that is gone has none."""
        with self._lock:
            found: list[tuple[Volume, IndexReader]] = []
            for volume in self._volumes:
                for path in sorted(volume.index.glob("*.db")):
                    with suppress(FileNotFoundError, apsw.CantOpenError):  # set aside this very moment
                        found.append((volume, self._index(path)))
            return found

    def _index(self, path: Path) -> IndexReader:
        """An index is opened again where another file has taken its place; readers of the old one may finish."""
        known = self._open.get(path)
        if known is None or known.inode != path.stat().st_ino:
            known = self._open[path] = IndexReader(path)
        return known


def _follows(fragment: StoredFragment, given: StoredFragment) -> bool:
    """Whether a decoder that has taken the given fragment can go on with this one."""
    return fragment.key or (fragment.path == given.path and fragment.start_us == given.end_us)


def _days_of(interval: Interval, zone: ZoneInfo) -> Iterator[str]:
    """The days a non-empty interval touches."""
    day = datetime.fromtimestamp(interval[0] // US_PER_S, UTC).astimezone(zone).date()
    last = datetime.fromtimestamp((interval[1] - 1) // US_PER_S, UTC).astimezone(zone).date()
    while day <= last:
        yield day.isoformat()
        day += timedelta(days=1)
