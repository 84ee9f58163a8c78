"""The words of recordings: fragments, segments, spans and gaps."""

from dataclasses import dataclass
from enum import IntFlag, StrEnum

from appliance.media.model import AudioFormat, AudioUnit, VideoFormat, VideoUnit


class RecordingKind(IntFlag):
    """Why something is recorded; several reasons may hold for the same fragment, which is stored once."""

    CONTINUOUS = 1
    MANUAL = 2
    MOTION = 4
    OBJECT = 8
    RULE = 16
    FAILOVER = 32


class GapCause(StrEnum):
    """Why an interval that should be recorded is not. Every missing interval has one of these."""

    CAMERA = "camera"  # no contact with the camera, or it sent nothing
    LOSS = "loss"  # packets lost on the way
    DISK = "disk"  # the volume could not take the data
    SCHEDULE = "schedule"  # nothing was to be recorded
    RESTART = "restart"  # the recorder itself was not running
    DISABLED = "disabled"  # the camera was switched off by a person


@dataclass(frozen=True, slots=True)
class Fragment:
    """One GOP (or a part of one, split over 2 s or 4 MiB) with the audio that belongs beside it.

    start_us..end_us: UTC; end_us is the start of the following unit, so fragments of one stream tile without gap.
    key: the first video unit is a key unit. damaged: some unit in it is damaged. last: nothing follows without a break.
    """

    video_format: VideoFormat
    audio_format: AudioFormat | None
    video: tuple[VideoUnit, ...]
    audio: tuple[AudioUnit, ...]
    start_us: int
    end_us: int
    key: bool
    damaged: bool


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of uninterrupted recording of one camera, as a timeline draws it."""

    camera_id: str
    start_us: int
    end_us: int
    kinds: RecordingKind


@dataclass(frozen=True, slots=True)
class Gap:
    """An interval that is missing, and why."""

    camera_id: str
    start_us: int
    end_us: int
    cause: GapCause
