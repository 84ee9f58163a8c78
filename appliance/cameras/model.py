"""A configured camera, as stored and as the API takes it."""

import zlib
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

Seconds = Annotated[int, Meta(ge=0, le=3600)]


class Transport(StrEnum):
    """How RTP travels: interleaved in the RTSP connection, or UDP; auto tries TCP first."""

    AUTO = "auto"
    TCP = "tcp"
    UDP = "udp"


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a camera's stream comes from. The URL never holds a user name or password; those are fields of their own.

    url: rtsp://, rtsps://, http:// or https:// (M-JPEG), or file:NAME.mkv in the prerecorded folder.
    """

    url: Annotated[str, Meta(min_length=1, max_length=2000)]
    username: Annotated[str, Meta(max_length=200)] = ""
    password: Annotated[str, Meta(max_length=200)] = ""
    transport: Transport = Transport.AUTO
    verify_tls: bool = True


class ManualRecording(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Manual recording settings; max_duration_s 0 means unlimited and does not count prebuffer and postbuffer."""

    prebuffer_s: Annotated[int, Meta(ge=0, le=60)] = 5
    postbuffer_s: Seconds = 5
    max_duration_s: Annotated[int, Meta(ge=0, le=86_400)] = 300


class RecordingMethods(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which methods record this camera."""

    continuous: bool = True
    manual: ManualRecording = ManualRecording()


class Camera(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One configured camera. id: 1–32 of a–z, 0–9 and hyphen; chosen by the recorder and never reused."""

    id: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    name: Annotated[str, Meta(min_length=1, max_length=120)]
    source: Source
    enabled: bool = True
    recording: RecordingMethods = RecordingMethods()


def shard_of(camera_id: str, shards: int) -> int:
    """The ingest instance that owns this camera: stable as long as the number of shards is."""
    return zlib.crc32(camera_id.encode()) % shards
