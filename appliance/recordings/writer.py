"""Recording: fragments in, segments and index rows out. Everything here runs on the event loop and nothing blocks."""

import asyncio
import logging
from collections.abc import Callable, Sequence

import apsw

from appliance.core.clock import US_PER_S, Clock
from appliance.media.fmp4 import audio_fragment, init_segment, video_fragment
from appliance.media.model import AudioUnit
from appliance.recordings.index import IndexWriter
from appliance.recordings.layout import Formats, SegmentIdentity, segment_path
from appliance.recordings.model import Fragment, GapCause, RecordingKind
from appliance.recordings.opening import IndexOpener
from appliance.recordings.pipeline import (
    AppendJob,
    ChangeJob,
    CloseJob,
    DeleteJob,
    OpenJob,
    Publisher,
    Report,
    SegmentFile,
)
from appliance.recordings.recovery import RecoveryReport
from appliance.recordings.schema import DAMAGED, KEY, FragmentRow
from appliance.volumes.files import Buffer
from appliance.volumes.volume import Volume
from appliance.volumes.worker import SYNC_WITHIN_US, VolumeBusyError, VolumeWorker

log = logging.getLogger(__name__)

SEGMENT_US = 60 * US_PER_S
SEGMENT_BYTES = 1 << 30
_EARLY_AUDIO_US = 5_000  # audio may begin this much before its segment; it is then moved to its start

OnPublished = Callable[[str, int], None]
OnFailure = Callable[[str, int, int, Exception], None]


def ignore_published(camera_id: str, end_us: int) -> None:
    """The default for on_published."""


def log_failure(camera_id: str, start_us: int, end_us: int, error: Exception) -> None:
    """The default for on_failure."""
    log.error("camera %s: %d us not recorded: %s", camera_id, end_us - start_us, error)


class RecordingWriter:
    """Writes the recordings of one unit to one volume.

    on_published(camera_id, end_us) and on_failure(camera_id, start_us, end_us, error) are called on the event loop
    that opened the streams; a failed interval already has its gap with cause `disk`.
    """

    def __init__(
        self,
        volume: Volume,
        writer_name: str,
        clock: Clock,
        *,
        on_published: OnPublished = ignore_published,
        on_failure: OnFailure = log_failure,
        sync_within_us: int = SYNC_WITHIN_US,
    ) -> None:
        self.volume = volume
        self.name = writer_name
        self._on_published = on_published
        self._on_failure = on_failure
        self._opener = IndexOpener(volume, writer_name, clock)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._publisher: Publisher | None = None
        self._worker = VolumeWorker(volume.root.name, clock, self._after_group, sync_within_us=sync_within_us)
        self._covered_to_us: dict[str, int] = {}
        self._streams: set[StreamWriter] = set()

    def start(self) -> RecoveryReport:
        """Open the index, recover, start the volume's thread. Blocks: call it in a thread.

        Raises OSError, apsw.Error, and ProblemError if another process writes this index.
        """
        index, report = self._opener.open()
        self._publisher = Publisher(index, self._deliver)
        self._covered_to_us = dict(report.covered_to_us)
        self._worker.start()
        return report

    def stop(self) -> bool:
        """Close all segments, write everything out, close the index. Blocks up to 10 s; False if the disk hangs."""
        self._opener.stop()
        for stream in list(self._streams):
            stream.close()
        if not self._worker.stop():
            return False
        if self._publisher is not None:
            self._publisher.index.close()
        return True

    def stream(self, camera_id: str) -> "StreamWriter":
        """The writer for one camera; call it on the event loop. One at a time per camera."""
        self._loop = asyncio.get_running_loop()
        stream = StreamWriter(self, camera_id)
        self._streams.add(stream)
        return stream

    def covered_to(self, camera_id: str) -> int | None:
        """UTC µs up to where the index explains every instant of a camera; None if it is new."""
        return self._covered_to_us.get(camera_id)

    def flush(self) -> None:
        """Sync and publish what was handed over so far, without waiting for the second to pass."""
        self._worker.flush()

    def delete_segment(self, segment_id: int) -> None:
        """Delete a closed segment of this index; done when the reader no longer shows it."""
        self._worker.submit(DeleteJob(self.publisher, self.volume.root, segment_id))

    @property
    def worker(self) -> VolumeWorker:
        """The volume's thread: its load and whether it is stuck."""
        return self._worker

    @property
    def publisher(self) -> Publisher:
        """The thread's side; raises RuntimeError before `start`."""
        if self._publisher is None:
            raise RuntimeError("the recording writer was not started")
        return self._publisher

    def report_busy(self, fragment: Fragment, camera_id: str, error: VolumeBusyError) -> None:
        """The queue refused a fragment: account for it and say so."""
        self.record_gap(camera_id, fragment.start_us, fragment.end_us, GapCause.DISK)
        self._on_failure(camera_id, fragment.start_us, fragment.end_us, error)

    def record_gap(self, camera_id: str, start_us: int, end_us: int, cause: GapCause) -> None:
        """An interval that is missing."""
        self._worker.submit(ChangeJob(self.publisher, lambda index: index.add_gap(camera_id, start_us, end_us, cause)))

    def forget(self, stream: "StreamWriter") -> None:
        """The stream was closed."""
        self._streams.discard(stream)

    def _after_group(self) -> None:
        try:
            self.publisher.after_group()
        except apsw.CorruptError:
            self._opener.note_damage()
            raise

    def _deliver(self, report: Report) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell, report)

    def _tell(self, report: Report) -> None:
        for published in report.published:
            self._covered_to_us[published.camera_id] = published.end_us
            self._on_published(published.camera_id, published.end_us)
        for failed in report.failed:
            self._on_failure(failed.camera_id, failed.start_us, failed.end_us, failed.error)


class _Segment:
    """The segment a stream is writing, as the event loop sees it."""

    def __init__(self, file: SegmentFile, formats: Formats, start_us: int, init_size: int) -> None:
        self.file = file
        self.formats = formats
        self.start_us = start_us
        self.end_us = start_us
        self.size = init_size
        self.sequence = 0


class StreamWriter:
    """Writes one camera. A segment begins with a key fragment: about every minute, at a break, at a new format."""

    def __init__(self, writer: RecordingWriter, camera_id: str) -> None:
        self._writer = writer
        self._camera_id = camera_id
        self._segment: _Segment | None = None
        self._refused = False

    def write(self, fragment: Fragment, kinds: RecordingKind) -> None:
        """Hand a fragment over. A volume that fails or does not keep up is told through on_failure."""
        try:
            self._write(fragment, kinds)
            self._refused = False
        except VolumeBusyError as error:
            self._end_segment()
            self._refused = True
            self._writer.report_busy(fragment, self._camera_id, error)

    def gap(self, start_us: int, end_us: int, cause: GapCause) -> None:
        """An interval that was not recorded, and why; what of it is recorded or explained stays as it is."""
        self._writer.record_gap(self._camera_id, start_us, end_us, cause)

    def mark(self, start_us: int, end_us: int, kinds: RecordingKind) -> None:
        """Add kinds to what is recorded of an interval already."""
        camera_id = self._camera_id
        self._submit_change(lambda index: index.mark(camera_id, start_us, end_us, kinds))

    def close(self) -> None:
        """Close the segment. A later write opens a new one."""
        self._end_segment()
        self._writer.forget(self)

    def _write(self, fragment: Fragment, kinds: RecordingKind) -> None:
        formats = Formats(fragment.video_format, fragment.audio_format)
        if self._segment is not None and _must_end(self._segment, fragment, formats):
            self._refused |= self._segment.file.failed
            self._end_segment()
        if self._segment is None:
            if not fragment.key:
                cause = GapCause.DISK if self._refused else GapCause.CAMERA
                self.gap(fragment.start_us, fragment.end_us, cause)
                return
            self._segment = self._open(fragment, formats, kinds)
        self._append(self._segment, fragment, kinds)

    def _open(self, fragment: Fragment, formats: Formats, kinds: RecordingKind) -> _Segment:
        writer, start_us = self._writer, fragment.start_us
        identity = SegmentIdentity(
            camera=self._camera_id,
            volume=writer.volume.identity.id,
            writer=writer.name,
            start_us=start_us,
            kinds=int(kinds),
            formats=formats,
        )
        header = init_segment(formats.video, formats.audio, identity.to_json())
        file = SegmentFile(writer.volume.root, segment_path(self._camera_id, start_us))
        writer.worker.submit(
            OpenJob(
                writer.publisher,
                file,
                header,
                camera_id=self._camera_id,
                start_us=start_us,
                formats=formats.to_json(),
                kinds=kinds,
            )
        )
        return _Segment(file, formats, start_us, len(header))

    def _append(self, segment: _Segment, fragment: Fragment, kinds: RecordingKind) -> None:
        buffers, video_size, audio_size = encode(fragment, segment.start_us, segment.sequence)
        flags = (KEY if fragment.key else 0) | (DAMAGED if fragment.damaged else 0)
        duration_us = fragment.end_us - fragment.start_us
        row = FragmentRow(fragment.start_us, duration_us, segment.size, video_size, audio_size, flags)
        job = AppendJob(self._writer.publisher, segment.file, buffers, row, camera_id=self._camera_id, kinds=kinds)
        self._writer.worker.submit(job)
        segment.size = row.end_offset
        segment.end_us = fragment.end_us
        segment.sequence += 2

    def _end_segment(self) -> None:
        if self._segment is not None:
            segment, self._segment = self._segment, None
            self._writer.worker.submit(CloseJob(self._writer.publisher, segment.file))

    def _submit_change(self, change: Callable[[IndexWriter], None]) -> None:
        self._writer.worker.submit(ChangeJob(self._writer.publisher, change))


def encode(fragment: Fragment, base_us: int, sequence: int) -> tuple[list[Buffer], int, int]:
    """The buffers of a fragment for writev, and the bytes of video and of audio among them."""
    head, buffers = video_fragment(
        fragment.video,
        start_us=fragment.start_us,
        end_us=fragment.end_us,
        base_us=base_us,
        sequence=sequence + 1,
    )
    video_size = len(head) + sum(map(len, buffers))
    audio = _audio_from(fragment.audio, base_us)
    if fragment.audio_format is None or not audio:
        return [head, *buffers], video_size, 0
    audio_head, audio_buffers = audio_fragment(audio, fragment.audio_format, base_us=base_us, sequence=sequence + 2)
    audio_size = len(audio_head) + sum(map(len, audio_buffers))
    return [head, *buffers, audio_head, *audio_buffers], video_size, audio_size


def _audio_from(audio: Sequence[AudioUnit], base_us: int) -> Sequence[AudioUnit]:
    """Audio that came late and belongs before this file has no place in it."""
    if audio and audio[0].time_us < base_us - _EARLY_AUDIO_US:
        return [unit for unit in audio if unit.time_us >= base_us - _EARLY_AUDIO_US]
    return audio


def _must_end(segment: _Segment, fragment: Fragment, formats: Formats) -> bool:
    if segment.file.failed or fragment.start_us != segment.end_us or formats != segment.formats:
        return True
    long_enough = fragment.start_us - segment.start_us >= SEGMENT_US or segment.size >= SEGMENT_BYTES
    return fragment.key and long_enough
