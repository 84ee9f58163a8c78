"""Names and headers of segments: what a volume tells about itself without a database."""

import errno
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from appliance.core.clock import US_PER_S
from appliance.media.model import AudioFormat, VideoFormat
from appliance.recordings.model import RecordingKind


class Formats(msgspec.Struct, frozen=True):
    """What a segment holds, as JSON in its header and in the index (`config` in base64)."""

    video: VideoFormat
    audio: AudioFormat | None = None

    def to_json(self) -> str:
        """Equal formats give equal text."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_json(cls, text: str) -> "Formats":
        """The inverse of `to_json`; raises ValueError."""
        return msgspec.json.decode(text, type=cls)


class SegmentIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON in the uuid box of a segment. kinds: RecordingKind of its first fragment; start_us: UTC."""

    camera: str
    volume: str
    writer: str
    start_us: int
    kinds: int
    formats: Formats

    @property
    def recording_kinds(self) -> RecordingKind:
        """`kinds` as the flags they are."""
        return RecordingKind(self.kinds)

    def to_json(self) -> bytes:
        """As the header holds it."""
        return msgspec.json.encode(self)

    @classmethod
    def from_json(cls, data: bytes) -> "SegmentIdentity":
        """The inverse of `to_json`; raises ValueError."""
        return msgspec.json.decode(data, type=cls)


def below(root: Path, path: str) -> Path:
    """A path of an index on its volume; raises PermissionError for one that leads out of it.

    A disk can be written to in another machine: what its index says must not have us read or remove files of ours.
    """
    if path.startswith("/") or ".." in path.split("/"):
        raise PermissionError(errno.EPERM, "the index names a file outside of its volume")
    return root / path


def segment_path(camera_id: str, start_us: int) -> str:
    """Where a segment lies below its volume: segments/CAMERA/DAY/START.mp4; the day is UTC."""
    day = datetime.fromtimestamp(start_us // US_PER_S, UTC).strftime("%Y-%m-%d")
    return f"segments/{camera_id}/{day}/{start_us}.mp4"
