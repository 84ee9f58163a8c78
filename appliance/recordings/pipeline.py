"""What the volume's thread does for recordings: media first, then a sync, only then rows (recording-format.md)."""

import errno
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import apsw

from appliance.recordings.index import IndexWriter
from appliance.recordings.layout import below
from appliance.recordings.model import GapCause, RecordingKind
from appliance.recordings.schema import FragmentRow
from appliance.volumes.files import AppendFile, Buffer, unlink_durably

log = logging.getLogger(__name__)

Change = Callable[[IndexWriter], None]
MOST_CHANGES = 100_000


@dataclass(frozen=True, slots=True)
class Published:
    """A fragment that is on the disk and in the index: it may be shown."""

    camera_id: str
    start_us: int
    end_us: int


@dataclass(frozen=True, slots=True)
class Failed:
    """An interval the volume did not take, and why; a gap with cause `disk` is in the index."""

    camera_id: str
    start_us: int
    end_us: int
    error: Exception


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the jobs of a group."""

    published: tuple[Published, ...]
    failed: tuple[Failed, ...]


class Publisher:
    """Collects the row changes of a group on the volume's thread and commits them after the group's sync."""

    def __init__(self, index: IndexWriter, deliver: Callable[[Report], None]) -> None:
        self.index = index
        self._deliver = deliver
        self._changes: list[Change] = []
        self._published: list[Published] = []
        self._failed: list[Failed] = []

    def change(self, change: Change) -> None:
        """A change of the index, to be committed with this group."""
        self._changes.append(change)

    def publish(self, change: Change, published: Published) -> None:
        """A change that makes a fragment visible."""
        self._changes.append(change)
        self._published.append(published)

    def fail(self, failed: Failed) -> None:
        """A fragment that was not written: its interval becomes a gap."""
        self._changes.append(
            lambda index: index.add_gap(failed.camera_id, failed.start_us, failed.end_us, GapCause.DISK)
        )
        self._failed.append(failed)

    def after_group(self) -> None:
        """Commit, then tell. If SQLite cannot (a full disk, too), the changes wait for the next group."""
        if self._changes:
            try:
                with self.index.transaction():
                    for change in self._changes:
                        change(self.index)
            except (apsw.FullError, apsw.IOError, apsw.BusyError, apsw.CantOpenError) as error:
                self._postpone(error)
                return
        report = Report(tuple(self._published), tuple(self._failed))
        self._changes, self._published, self._failed = [], [], []
        if report.published or report.failed:
            self._deliver(report)

    def _postpone(self, error: apsw.Error) -> None:
        log.warning("the recordings index cannot be written now: %s", error)
        if len(self._changes) > MOST_CHANGES:
            raise error
        report, self._failed = Report((), tuple(self._failed)), []
        if report.failed:
            self._deliver(report)


class SegmentFile:
    """A segment being written. `number` is its row's id once the row exists."""

    def __init__(self, root: Path, path: str) -> None:
        self.path = path
        self.file = AppendFile(root / path)
        self.number: int | None = None

    @property
    def failed(self) -> bool:
        """Whether the disk refused something: nothing more goes into this file. Read from any thread."""
        return self.file.failed is not None


class OpenJob:
    """Row first, then the file with its header: a file without a row would be lost to recovery."""

    def __init__(
        self,
        publisher: Publisher,
        segment: SegmentFile,
        header: bytes,
        *,
        camera_id: str,
        start_us: int,
        formats: str,
        kinds: RecordingKind,
    ) -> None:
        self.size_bytes = len(header)
        self._publisher = publisher
        self._segment = segment
        self._header = header
        self._camera_id = camera_id
        self._start_us = start_us
        self._formats = formats
        self._kinds = kinds

    def run(self) -> AppendFile:
        """Add the row and write the header; raises OSError."""
        try:
            self._segment.number = self._publisher.index.add_segment(
                self._camera_id,
                self._start_us,
                self._segment.path,
                formats=self._formats,
                init_size=len(self._header),
                kinds=self._kinds,
            )
        except apsw.Error as error:
            self._segment.file.failed = OSError(errno.EIO, f"the recordings index: {error}")
            raise self._segment.file.failed from error
        self._segment.file.append((self._header,))
        return self._segment.file

    def settle(self, error: OSError | None) -> None:
        """Nothing to say: the fragments that follow carry the outcome."""


class AppendJob:
    """One fragment: append it; when it is synced, publish its row. row.offset is filled in on the way."""

    def __init__(
        self,
        publisher: Publisher,
        segment: SegmentFile,
        buffers: list[Buffer],
        row: FragmentRow,
        *,
        camera_id: str,
        kinds: RecordingKind,
    ) -> None:
        self.size_bytes = row.video_size + row.audio_size
        self._publisher = publisher
        self._segment = segment
        self._buffers = buffers
        self._row = row
        self._camera_id = camera_id
        self._kinds = kinds

    def run(self) -> AppendFile:
        """Write; raises OSError."""
        offset = self._segment.file.append(self._buffers)
        self._buffers = []
        assert offset == self._row.offset
        return self._segment.file

    def settle(self, error: OSError | None) -> None:
        """On the disk, or not."""
        row, camera_id, kinds, number = self._row, self._camera_id, self._kinds, self._segment.number
        if error is not None or number is None:
            reason = error or OSError(errno.EIO, "the segment was not opened")
            self._publisher.fail(Failed(camera_id, row.start_us, row.end_us, reason))
            return
        self._publisher.publish(
            lambda index: index.add_fragment(number, camera_id, row, kinds),
            Published(camera_id, row.start_us, row.end_us),
        )


class CloseJob:
    """No more fragments: pack the rows. A file in which nothing was published is removed."""

    size_bytes = 0

    def __init__(self, publisher: Publisher, segment: SegmentFile) -> None:
        self._publisher = publisher
        self._segment = segment

    def run(self) -> None:
        """The descriptor stays open until the group is synced."""

    def settle(self, error: OSError | None) -> None:
        """After the fragments before it were settled; what close(2) says has been said by the sync."""
        with suppress(OSError):
            self._segment.file.close()
        if self._segment.number is not None:
            self._publisher.change(self._close_row)

    def _close_row(self, index: IndexWriter) -> None:
        number = self._segment.number
        if number is None:
            return
        rows = index.fragments(number)
        if not index.close_segment(number):
            self._remove()
        elif self._segment.failed:
            self._cut(rows[-1].end_offset)

    def _cut(self, size: int) -> None:
        """What a failed sync left behind the last published fragment is not to be trusted."""
        try:
            os.truncate(self._segment.file.path, size)
        except OSError as error:
            log.warning("%s keeps a tail that no row knows: %s", self._segment.path, error)

    def _remove(self) -> None:
        try:
            unlink_durably(self._segment.file.path)
        except OSError as error:
            log.warning("an empty segment stays behind: %s", error)


class ChangeJob:
    """A change of the index alone, in order with the fragments around it."""

    size_bytes = 0

    def __init__(self, publisher: Publisher, change: Change) -> None:
        self._publisher = publisher
        self._change = change

    def run(self) -> None:
        """Nothing to write."""

    def settle(self, error: OSError | None) -> None:
        """Commit it with the group."""
        self._publisher.change(self._change)


class DeleteJob:
    """Mark the row, unlink and sync the folder, drop the row; recovery finishes what a crash interrupts."""

    size_bytes = 0

    def __init__(self, publisher: Publisher, root: Path, segment_id: int) -> None:
        self._publisher = publisher
        self._root = root
        self._segment_id = segment_id
        self._path: str | None = None

    def run(self) -> None:
        """Mark and unlink; raises OSError."""
        index = self._publisher.index
        try:
            with index.transaction():
                self._path = index.mark_deleting(self._segment_id)
        except apsw.Error as error:
            raise OSError(errno.EIO, f"the recordings index: {error}") from error
        if self._path is not None:
            unlink_durably(below(self._root, self._path))

    def settle(self, error: OSError | None) -> None:
        """Drop the row if the file is gone."""
        if error is None and self._path is not None:
            self._publisher.change(lambda index: index.drop_segment(self._segment_id))
