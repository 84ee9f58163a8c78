"""A virtual MP4 of any recorded time range: a header, patched fragment heads, and slices of segment files.

Nothing is decoded and nothing is copied; the file's size is known before its first byte is read, so HTTP ranges work.
Gaps are closed up: media time runs on where recording did not.
"""

import hashlib
import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TypeVar

from appliance.core.clock import to_rfc3339
from appliance.core.errors import ProblemError
from appliance.media.fmp4 import (
    AUDIO_TRACK,
    PATCHED_BYTES,
    PRFT_BYTES,
    VIDEO_TRACK,
    Track,
    audio_fragment,
    audio_ticks,
    audio_units,
    movie_header,
    retime,
    segment_index,
    video_ticks,
)
from appliance.media.fmp4.fragment import VIDEO_TICKS_PER_S
from appliance.media.fmp4.inband import parameter_sets, prefix_first_sample
from appliance.media.fmp4.initialisation import MOST_REFERENCES
from appliance.media.model import AudioFormat, VideoCodec, VideoFormat
from appliance.media.transcode import DIRECT_AUDIO, AudioTranscoder
from appliance.recordings.index_reader import StoredFragment
from appliance.recordings.reader import RecordingReader

FURTHER_VIDEO_TRACKS = 100  # from here on: a second video coding in one range; audio tracks lie between
LONGEST_TRANSCODED_US = 3600 * 1_000_000  # audio that must be transcoded is left out of longer ranges


@dataclass(frozen=True, slots=True)
class FileSlice:
    """Bytes to be sent from a file as they are."""

    path: Path
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Head:
    """The first bytes of a recorded fragment, to be read and given their place in this file."""

    path: Path
    offset: int
    length: int
    delta_ticks: int
    sequence: int
    description_index: int
    track_id: int

    def read(self) -> bytes:
        """Read and patch; raises OSError, and ValueError if the file does not hold what the index says."""
        head = bytearray(_read(self.path, self.offset, self.length))
        retime(
            head,
            self.delta_ticks,
            sequence=self.sequence,
            description_index=self.description_index,
            track_id=self.track_id,
        )
        return bytes(head)


Part = bytes | FileSlice | Head


class MediaRange:
    """The planned file. start_us, end_us: what it really covers, from the key fragment at or before what was asked."""

    def __init__(self, parts: Sequence[Part], start_us: int, end_us: int, duration_us: int) -> None:
        self._parts = tuple(parts)
        self._starts = [0, *accumulate(map(_length, self._parts))]
        self.start_us = start_us
        self.end_us = end_us
        self.duration_us = duration_us

    @property
    def total_size(self) -> int:
        """Size of the file in bytes."""
        return self._starts[-1]

    @property
    def etag(self) -> str:
        """A strong entity tag (RFC 9110 clause 8.8.3), quoted: what is published never changes."""
        digest = hashlib.sha256()
        for part in self._parts:
            digest.update(part if isinstance(part, bytes) else repr(part).encode())
        return f'"{digest.hexdigest()[:32]}"'

    def slices(self, first: int = 0, end: int | None = None) -> Iterator[bytes | FileSlice]:
        """What bytes [first, end) are made of. Reads small heads as it goes: blocks; raises OSError, ValueError."""
        end = self.total_size if end is None else min(end, self.total_size)
        index = bisect_right(self._starts, first) - 1
        while first < end:
            part, start = self._parts[index], self._starts[index]
            stop = min(end, self._starts[index + 1])
            if stop > first:
                yield _cut(part, first - start, stop - start)
            first, index = stop, index + 1

    def read(self, first: int, end: int) -> bytes:
        """Bytes [first, end) themselves."""
        return b"".join(
            piece if isinstance(piece, bytes) else _read(piece.path, piece.offset, piece.length)
            for piece in self.slices(first, end)
        )


def plan(reader: RecordingReader, camera_id: str, start_us: int, end_us: int, *, audio: bool = True) -> MediaRange:
    """Plan the file for [start_us, end_us), from the key fragment at or before start_us on.

    AAC and Opus are taken over, G.711 and G.726 become AAC (in ranges up to an hour). Blocks: reads the index, and the
    audio to be transcoded. Raises ProblemError "no-video-in-range".
    """
    fragments = list(reader.fragments(camera_id, start_us, end_us))
    while fragments and not fragments[0].key:
        del fragments[0]
    if not fragments:
        raise _nothing(reader, camera_id, start_us)
    short = fragments[-1].end_us - fragments[0].start_us <= LONGEST_TRANSCODED_US
    builder = _Builder(audio=audio, transcode=audio and short)
    for fragment in fragments:
        builder.add(fragment)
    return MediaRange(builder.parts(), fragments[0].start_us, fragments[-1].end_us, builder.media_us)


class _Builder:
    """Lays fragments one behind the other in media time; the header comes last, when all formats are known."""

    def __init__(self, *, audio: bool, transcode: bool) -> None:
        self.media_us = 0
        self._audio = audio
        self._transcode = transcode
        self._ticks = 0
        self._sequence = 0
        self._body: list[Part] = []
        self._references: list[tuple[int, int, bool]] = []
        self._video_formats: dict[VideoCodec, list[VideoFormat]] = {}
        self._latest_video: dict[VideoCodec, VideoFormat] = {}
        self._audio_formats: dict[int, list[AudioFormat]] = {}
        self._transcoder: tuple[AudioFormat, AudioTranscoder] | None = None

    def add(self, fragment: StoredFragment) -> None:
        """The next fragment; where it does not follow the last one, the gap is closed up."""
        first_part, ticks = len(self._body), self._ticks
        self._add_video(fragment)
        if self._audio and fragment.audio_size and fragment.audio_format is not None:
            if fragment.audio_format.codec in DIRECT_AUDIO:
                self._add_audio(fragment, fragment.audio_format)
            elif self._transcode:
                self._add_transcoded(fragment, fragment.audio_format)
        self.media_us += fragment.end_us - fragment.start_us
        size = sum(map(_length, self._body[first_part:]))
        self._references.append((size, self._ticks - ticks, fragment.key))

    def parts(self) -> list[Part]:
        """Header, index of the fragments for seeking, and the fragments."""
        tracks = [
            Track(_video_track(number), VIDEO_TICKS_PER_S, tuple(formats))
            for number, formats in enumerate(self._video_formats.values())
        ]
        for number, (rate_hz, formats) in enumerate(self._audio_formats.items()):
            tracks.append(Track(AUDIO_TRACK + number, rate_hz, tuple(formats)))
        header = movie_header(tracks, duration_us=self.media_us)
        references = _merged(self._references, MOST_REFERENCES)
        index = segment_index(references, track_id=VIDEO_TRACK, timescale=VIDEO_TICKS_PER_S)
        return [header + index, *self._body]

    def _add_video(self, fragment: StoredFragment) -> None:
        base_us = fragment.segment_start_us
        start_ticks = video_ticks(fragment.start_us - base_us)
        fmt = fragment.video_format
        formats = self._video_formats.setdefault(fmt.codec, [])  # a player reads a track with one decoder
        track_id = _video_track(list(self._video_formats).index(fmt.codec))
        description = _index_of(formats, fmt)
        delta_ticks = self._ticks - start_ticks
        place = FileSlice(fragment.path, fragment.offset, fragment.video_size)
        self._patched(place, PRFT_BYTES + PATCHED_BYTES, delta_ticks, description, track_id)
        if self._latest_video.get(fmt.codec, fmt) != fmt:
            self._put_parameter_sets(place, fmt)
        self._latest_video[fmt.codec] = fmt
        self._ticks += video_ticks(fragment.end_us - base_us) - start_ticks

    def _add_audio(self, fragment: StoredFragment, fmt: AudioFormat) -> None:
        track_id, description = self._audio_track(fmt)
        recorded_us = fragment.start_us - fragment.segment_start_us
        delta_ticks = audio_ticks(self.media_us - recorded_us, fmt.sample_rate_hz)
        place = FileSlice(fragment.path, fragment.offset + fragment.video_size, fragment.audio_size)
        self._patched(place, PATCHED_BYTES, delta_ticks, description, track_id)

    def _add_transcoded(self, fragment: StoredFragment, fmt: AudioFormat) -> None:
        if self._transcoder is None or self._transcoder[0] != fmt:
            self._transcoder = (fmt, AudioTranscoder(fmt))
        transcoder = self._transcoder[1]
        data = _read(fragment.path, fragment.offset + fragment.video_size, fragment.audio_size)
        recorded = audio_units(data, fragment.segment_start_us, fmt.sample_rate_hz)
        units = [out for unit in recorded for out in transcoder.push(unit)]
        if not units:
            return
        track_id, description = self._audio_track(transcoder.format)
        base_us = fragment.start_us - self.media_us
        head, buffers = audio_fragment(units, transcoder.format, base_us=base_us, sequence=0)
        patched = bytearray(head)
        retime(patched, 0, sequence=self._next(), description_index=description, track_id=track_id)
        self._body.append(bytes(patched) + b"".join(buffers))

    def _patched(self, place: FileSlice, head: int, delta_ticks: int, description: int, track_id: int) -> None:
        """A recorded piece whose first `head` bytes are patched on the way out."""
        sequence = self._next()
        self._body.append(Head(place.path, place.offset, head, delta_ticks, sequence, description, track_id))
        self._body.append(FileSlice(place.path, place.offset + head, place.length - head))

    def _put_parameter_sets(self, place: FileSlice, fmt: VideoFormat) -> None:
        """Where the format changes: replace the piece just added by one that brings its parameter sets along."""
        body, head = self._body.pop(), self._body.pop()
        assert isinstance(head, Head) and isinstance(body, FileSlice)
        moof_size = int.from_bytes(_read(place.path, place.offset + PRFT_BYTES, 4), "big")
        rest = PRFT_BYTES + moof_size + 8 - head.length
        whole = head.read() + _read(body.path, body.offset, rest)
        self._body.append(prefix_first_sample(whole, parameter_sets(fmt)))
        self._body.append(FileSlice(body.path, body.offset + rest, body.length - rest))

    def _audio_track(self, fmt: AudioFormat) -> tuple[int, int]:
        """(track id, description index): formats of one sample rate share a track, for its timescale is the rate."""
        formats = self._audio_formats.setdefault(fmt.sample_rate_hz, [])
        track_id = AUDIO_TRACK + list(self._audio_formats).index(fmt.sample_rate_hz)
        return track_id, _index_of(formats, fmt)

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence


def _video_track(number: int) -> int:
    return VIDEO_TRACK if number == 0 else FURTHER_VIDEO_TRACKS + number


_Format = TypeVar("_Format", VideoFormat, AudioFormat)


def _index_of(formats: list[_Format], fmt: _Format) -> int:
    """The sample description index (from 1) of a format, added where it is new."""
    if fmt not in formats:
        formats.append(fmt)
    return formats.index(fmt) + 1


def _merged(references: list[tuple[int, int, bool]], most: int) -> list[tuple[int, int, bool]]:
    """At most `most` references, each of several fragments where there are more."""
    step = -(-len(references) // most)
    if step == 1:
        return references
    groups = [references[at : at + step] for at in range(0, len(references), step)]
    return [(sum(r[0] for r in group), sum(r[1] for r in group), group[0][2]) for group in groups]


def _length(part: Part) -> int:
    return len(part) if isinstance(part, bytes) else part.length


def _cut(part: Part, start: int, end: int) -> bytes | FileSlice:
    if isinstance(part, FileSlice):
        return FileSlice(part.path, part.offset + start, end - start)
    return (part if isinstance(part, bytes) else part.read())[start:end]


def _read(path: Path, offset: int, length: int) -> bytes:
    """Exactly `length` bytes of a file; raises OSError, and ValueError if it is shorter than that."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = os.pread(descriptor, length, offset)
    finally:
        os.close(descriptor)
    if len(data) != length:
        raise ValueError("the segment is shorter than its index says")
    return data


def _nothing(reader: RecordingReader, camera_id: str, start_us: int) -> ProblemError:
    before_us, after_us = reader.nearest(camera_id, start_us)
    hints = []
    if before_us is not None:
        hints.append(f"the last one before ends at {to_rfc3339(before_us)}")
    if after_us is not None:
        hints.append(f"the next one starts at {to_rfc3339(after_us)}")
    return ProblemError(
        "no-video-in-range",
        "Nothing is recorded in this range",
        remedy="Choose a range in which the timeline shows recordings.",
        status=404,
        detail="; ".join(hints) or None,
    )
