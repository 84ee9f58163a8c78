"""Recordings as the media socket sends them, fragment by fragment, transcoded where the browser needs it.

Synchronous: it reads the disk and transcodes; call it in threads, one call at a time.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from appliance.api.media.codec_choice import AAC, lists, needs_h264, note, plays
from appliance.api.media.converter import AudioConverter, VideoConverter
from appliance.api.media.stream import Chunk, Track, TrackFormat
from appliance.api.media.transcoders import Place, Slots
from appliance.core.clock import US_PER_S
from appliance.media.fmp4 import audio_fragment, audio_units, video_fragment, video_units
from appliance.media.model import AudioFormat, VideoFormat, VideoUnit
from appliance.recordings.playback import AudioInit, FragmentChunk, GapNotice, Playback, VideoInit

Piece = TrackFormat | Chunk | GapNotice
_TIME_AT = 76  # where every moof of ours has its tfdt (appliance.media.fmp4.fragment)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the browser decodes, and whether it wants sound."""

    codecs: tuple[str, ...]
    audio: bool


class RecordedStream:
    """A playback, laid out for one browser. Close it."""

    def __init__(self, playback: Playback, wishes: Wishes, slots: Slots) -> None:
        self._playback = playback
        self._wishes = wishes
        self._place = Place(slots)
        self._items = iter(playback)
        self._video: VideoConverter | None = None
        self._audio: AudioConverter | None = None
        self._video_source: VideoFormat | None = None
        self._audio_source: AudioFormat | None = None
        self._said: dict[Track, VideoFormat | AudioFormat] = {}
        self._sound = False
        self._sequence = 0

    def next(self) -> list[Piece]:
        """The next fragment with what goes before it; empty where recordings end at present.

        Raises ProblemError, OSError and apsw.Error.
        """
        pieces: list[Piece] = []
        for item in self._items:
            pieces += self._pieces(item)
            if isinstance(item, FragmentChunk):
                return pieces
        self._items = iter(self._playback)
        return pieces

    def flush(self) -> list[Piece]:
        """What a transcoder still holds."""
        units = [] if self._video is None else self._video.flush()
        return [] if not units else [self._transcoded(units, units[-1].time_us + _pace_us(units))]

    def close(self) -> None:
        """Give back what is shared; may be called while a thread is still in here."""
        self._place.close()

    def _pieces(self, item: VideoInit | AudioInit | FragmentChunk | GapNotice) -> list[Piece]:
        if isinstance(item, VideoInit):
            return self._take_video(item)
        if isinstance(item, AudioInit):
            return self._take_audio(item)
        if isinstance(item, GapNotice):
            return [*self.flush(), item]
        return [*self._pictures(item), *self._sounds(item)]

    def _take_video(self, item: VideoInit) -> list[Piece]:
        rest = self.flush()
        self._video, self._video_source = None, item.fmt
        self._said.pop(Track.VIDEO, None)
        if plays(self._wishes.codecs, item.fmt):
            self._place.give_back()
            return [*rest, TrackFormat(Track.VIDEO, item.fmt, item.data)]
        if not lists(self._wishes.codecs, "avc1"):
            raise needs_h264(item.fmt)
        self._place.take()
        self._video = VideoConverter(item.fmt)
        return rest

    def _take_audio(self, item: AudioInit) -> list[Piece]:
        self._audio, self._audio_source = None, item.fmt
        self._said.pop(Track.AUDIO, None)
        direct = plays(self._wishes.codecs, item.fmt)
        self._sound = self._wishes.audio and (direct or lists(self._wishes.codecs, AAC))
        if not self._sound:
            return []
        if direct:
            return [TrackFormat(Track.AUDIO, item.fmt, item.data)]
        self._audio = AudioConverter(item.fmt)
        return []

    def _pictures(self, item: FragmentChunk) -> Iterator[Piece]:
        if self._video is None:
            yield Chunk(Track.VIDEO, item.start_us, item.key, item.damaged, item.video)
            return
        units = self._video.push(video_units(item.video, self._playback.epoch_us))
        if units:
            yield from self._announced(self._video.format, self._video_source)
            yield self._transcoded(units, item.end_us - (item.start_us - units[0].time_us))

    def _sounds(self, item: FragmentChunk) -> Iterator[Piece]:
        if not item.audio or not self._sound or self._audio_source is None:
            return
        epoch_us, rate_hz = self._playback.epoch_us, self._audio_source.sample_rate_hz
        if self._audio is None:
            (ticks,) = struct.unpack_from(">Q", item.audio, _TIME_AT)
            yield Chunk(Track.AUDIO, epoch_us + ticks * US_PER_S // rate_hz, True, False, item.audio)
            return
        units = self._audio.push(audio_units(item.audio, epoch_us, rate_hz))
        if units:
            fmt = self._audio.format
            yield from self._announced(fmt, self._audio_source)
            head, buffers = audio_fragment(units, fmt, base_us=epoch_us, sequence=self._next())
            yield Chunk(Track.AUDIO, units[0].time_us, True, False, head + b"".join(buffers))

    def _announced(
        self, fmt: VideoFormat | AudioFormat | None, source: VideoFormat | AudioFormat | None
    ) -> Iterator[TrackFormat]:
        if fmt is None or source is None:
            return
        track = Track.VIDEO if isinstance(fmt, VideoFormat) else Track.AUDIO
        if self._said.get(track) != fmt:
            self._said[track] = fmt
            yield TrackFormat.of(fmt, note(source, fmt.width if isinstance(fmt, VideoFormat) else 0))

    def _transcoded(self, units: list[VideoUnit], end_us: int) -> Chunk:
        start_us = units[0].time_us
        head, buffers = video_fragment(
            units, start_us=start_us, end_us=end_us, base_us=self._playback.epoch_us, sequence=self._next()
        )
        damaged = any(unit.damaged for unit in units)
        return Chunk(Track.VIDEO, start_us, units[0].key, damaged, head + b"".join(buffers))

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence


def _pace_us(units: list[VideoUnit]) -> int:
    """How long a picture lasts on average; 40 ms if there is only one."""
    return (units[-1].time_us - units[0].time_us) // (len(units) - 1) if len(units) > 1 else 40_000
