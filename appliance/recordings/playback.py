"""Playback: recorded fragments one after the other, across gaps, in the media time of one channel."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.media.fmp4 import VIDEO_TRACK, audio_ticks, init_segment, retime, video_ticks
from appliance.media.model import AudioFormat, VideoFormat
from appliance.recordings.index_reader import StoredFragment
from appliance.recordings.model import GapCause
from appliance.recordings.reader import RecordingReader


@dataclass(frozen=True, slots=True)
class VideoInit:
    """The video format from the next fragment on, and its single-track initialisation segment (track 1)."""

    fmt: VideoFormat
    data: bytes


@dataclass(frozen=True, slots=True)
class AudioInit:
    """The audio format from the next fragment on, and its single-track initialisation segment (track 2)."""

    fmt: AudioFormat
    data: bytes


@dataclass(frozen=True, slots=True)
class FragmentChunk:
    """A fragment, its media times counted from the playback's epoch_us; video: prft, moof, mdat; audio: moof, mdat.

    audio is empty where there is none. start_us, end_us: UTC.
    """

    video: bytes
    audio: bytes
    start_us: int
    end_us: int
    key: bool
    damaged: bool


@dataclass(frozen=True, slots=True)
class GapNotice:
    """Nothing is recorded in [start_us, end_us); playback goes on behind it."""

    start_us: int
    end_us: int
    cause: GapCause


PlaybackItem = VideoInit | AudioInit | FragmentChunk | GapNotice


class Playback:
    """What is recorded of a camera from a time on, beginning at the key fragment at or before it.

    epoch_us: the UTC of media time 0, which is the first fragment's start, or from_us if nothing is recorded.
    at_us: how far it has come. Iterate in a thread: it reads the disk. It ends where recordings end; iterate again to
    go on with what has been published since. Raises OSError and apsw.Error.
    """

    def __init__(self, reader: RecordingReader, camera_id: str, from_us: int) -> None:
        self._reader = reader
        self._camera_id = camera_id
        self._started = False
        self._fragments = self._from_first_key(reader.fragments(camera_id, from_us))
        self._first = next(self._fragments, None)
        self.epoch_us = from_us if self._first is None else self._first.start_us
        self.at_us = self.epoch_us
        self._video: VideoFormat | None = None
        self._audio: AudioFormat | None = None
        self._sequence = 0

    def __iter__(self) -> Iterator[PlaybackItem]:
        for fragment in self._rest():
            try:
                data = _read(fragment)
            except FileNotFoundError:  # deleted since the index was read: what is left shows as a gap
                continue
            if fragment.start_us > self.at_us:
                yield self._gap(self.at_us, fragment.start_us)
            yield from self._formats(fragment)
            self.at_us = fragment.end_us
            yield self._chunk(fragment, data)

    def _rest(self) -> Iterator[StoredFragment]:
        if self._first is None:
            fragments = self._reader.fragments(self._camera_id, self.at_us, from_key=False)
            yield from self._from_first_key(fragments)
        else:
            first, self._first = self._first, None
            yield first
            yield from self._fragments

    def _from_first_key(self, fragments: Iterator[StoredFragment]) -> Iterator[StoredFragment]:
        for fragment in fragments:
            self._started = self._started or fragment.key
            if self._started:
                yield fragment

    def _formats(self, fragment: StoredFragment) -> Iterator[PlaybackItem]:
        if fragment.video_format != self._video:
            self._video = fragment.video_format
            yield VideoInit(self._video, init_segment(self._video, None))
        if fragment.audio_format is not None and fragment.audio_size and fragment.audio_format != self._audio:
            self._audio = fragment.audio_format
            yield AudioInit(self._audio, init_segment(None, self._audio))

    def _chunk(self, fragment: StoredFragment, data: bytes) -> FragmentChunk:
        shift_us = fragment.segment_start_us - self.epoch_us
        video, audio = bytearray(data[: fragment.video_size]), bytearray(data[fragment.video_size :])
        self._sequence += 2
        retime(video, video_ticks(shift_us), sequence=self._sequence - 1, track_id=VIDEO_TRACK)
        if audio and fragment.audio_format is not None:
            retime(audio, audio_ticks(shift_us, fragment.audio_format.sample_rate_hz), sequence=self._sequence)
        return FragmentChunk(
            bytes(video), bytes(audio), fragment.start_us, fragment.end_us, fragment.key, fragment.damaged
        )

    def _gap(self, start_us: int, end_us: int) -> GapNotice:
        """One notice for the whole interval, with the cause of its longest part."""
        gaps = self._reader.gaps(self._camera_id, start_us, end_us)
        longest = max(gaps, key=lambda gap: gap.end_us - gap.start_us, default=None)
        return GapNotice(start_us, end_us, GapCause.CAMERA if longest is None else longest.cause)


def read_fragment(fragment: StoredFragment) -> bytes:
    """A fragment as it lies on the disk: prft, moof, mdat, then moof, mdat of the audio. Raises OSError."""
    return _read(fragment)


def _read(fragment: StoredFragment) -> bytes:
    descriptor = os.open(fragment.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = fragment.video_size + fragment.audio_size
        data = os.pread(descriptor, size, fragment.offset)
    finally:
        os.close(descriptor)
    if len(data) != size:
        raise OSError(f"{_name(fragment.path)} is shorter than its index says")
    return data


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
