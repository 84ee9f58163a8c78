"""What an ingest unit says of a camera: retained on the bus, shown by the API (docs/reference/api.md, CameraState)."""

from enum import StrEnum
from typing import Any

import msgspec


class CameraStatus(StrEnum):
    """Where a camera stands."""

    CONNECTING = "connecting"
    STREAMING = "streaming"
    WAITING = "waiting"  # no contact; tried again with growing delays
    DISABLED = "disabled"


class VideoState(msgspec.Struct, frozen=True, kw_only=True):
    """The video as it arrives: measured over the last seconds."""

    codec: str
    codec_string: str
    width: int
    height: int
    fps: float
    kbps: int


class AudioState(msgspec.Struct, frozen=True, kw_only=True):
    """The audio as it arrives."""

    codec: str
    sample_rate_hz: int
    channels: int


class CameraState(msgspec.Struct, frozen=True, kw_only=True):
    """A camera's state; times are RFC 3339. problem is problem JSON with cause and remedy while `waiting`."""

    status: CameraStatus
    since: str
    problem: dict[str, Any] | None = None
    video: VideoState | None = None
    audio: AudioState | None = None
    recording: tuple[str, ...] = ()
    manual_until: str | None = None
    recorded_to: str | None = None
    clock_offset_ms: float | None = None
    packets_lost: int = 0
    damaged_fragments: int = 0
    dropped_live_chunks: int = 0
    reconnects: int = 0
