"""The words of a stream on its way to a browser: tracks, their formats, and chunks of fragmented MP4."""

import dataclasses
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol

from appliance.media.fmp4 import audio_ticks, init_segment, parse_init, retime, video_ticks
from appliance.media.model import AudioFormat, VideoFormat

Problem = dict[str, Any]


class Track(IntEnum):
    """The tracks of a stream, numbered as on the media socket."""

    VIDEO = 0
    AUDIO = 1


@dataclass(frozen=True, slots=True)
class TrackFormat:
    """How to decode a track: its format, and its single-track initialisation segment.

    note: in plain words why this is not what the camera sends; None where it is.
    """

    track: Track
    fmt: VideoFormat | AudioFormat
    init: bytes
    note: str | None = None

    @classmethod
    def of(cls, fmt: VideoFormat | AudioFormat, note: str | None = None) -> "TrackFormat":
        """A format with its initialisation segment made anew."""
        if isinstance(fmt, VideoFormat):
            return cls(Track.VIDEO, fmt, init_segment(fmt, None), note)
        return cls(Track.AUDIO, fmt, init_segment(None, fmt), note)

    @classmethod
    def parsed(cls, track: Track, init: bytes, codec_string: str, fps: float = 0.0) -> "TrackFormat":
        """A format read from its initialisation segment, and what that does not say; raises ValueError."""
        found = parse_init(init)
        fmt: VideoFormat | AudioFormat
        if track is Track.VIDEO and found.video is not None:
            fmt = dataclasses.replace(found.video, codec_string=codec_string, nominal_fps=fps)
        elif track is Track.AUDIO and found.audio is not None:
            fmt = dataclasses.replace(found.audio, codec_string=codec_string)
        else:
            raise ValueError(f"no {track.name.lower()} in this initialisation segment")
        return cls(track, fmt, init)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Media of one track: moof and mdat (playback: prft before them). time_us: UTC of the first unit's presentation."""

    track: Track
    time_us: int
    key: bool
    damaged: bool
    data: bytes


def moved(chunk: Chunk, delta_us: int, fmt: VideoFormat | AudioFormat, sequence: int) -> Chunk:
    """The chunk with its media time moved by delta_us; raises ValueError if it is not a fragment of ours."""
    if not delta_us:
        return chunk
    data = bytearray(chunk.data)
    ticks = audio_ticks(delta_us, fmt.sample_rate_hz) if isinstance(fmt, AudioFormat) else video_ticks(delta_us)
    retime(data, ticks, sequence=sequence)
    return dataclasses.replace(chunk, data=bytes(data))


class Viewer(Protocol):
    """Who watches a live stream; called on the event loop, never waits."""

    def on_state(self, status: str, problem: Problem | None) -> None:
        """Whether media flows, and if not why."""
        ...

    def on_format(self, fmt: TrackFormat) -> None:
        """The format of a track from its next chunk on."""
        ...

    def on_chunk(self, chunk: Chunk) -> None:
        """The next chunk of a track."""
        ...

    def on_end(self, problem: Problem) -> None:
        """Nothing more will come; the stream may be opened again."""
        ...
