"""Cameras as the API takes and shows them: a password goes in and never comes out."""

import re
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from appliance.cameras.model import Camera, RecordingMethods, Source, Transport
from appliance.cameras.state import CameraState
from appliance.media.address import is_file

Name = Annotated[str, Meta(min_length=1, max_length=120)]
Url = Annotated[str, Meta(min_length=1, max_length=2000)]
Credential = Annotated[str, Meta(max_length=200)]


class SourceView(msgspec.Struct, frozen=True, kw_only=True):
    """A Source without its password; has_password says whether one is set."""

    url: str
    username: str
    has_password: bool
    transport: Transport
    verify_tls: bool


class CameraView(msgspec.Struct, frozen=True, kw_only=True):
    """A configured camera, the revision of its last change, and how it is."""

    id: str
    name: str
    source: SourceView
    enabled: bool
    recording: RecordingMethods
    revision: int
    state: CameraState


class CameraList(msgspec.Struct, frozen=True, kw_only=True):
    """Every camera, in order of name."""

    cameras: list[CameraView]


class NewCamera(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A camera to add; its id is made from its name."""

    name: Name
    source: Source
    enabled: bool = True
    recording: RecordingMethods = RecordingMethods()


class SourcePatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Changes of a Source; null sets a field back to its default."""

    url: Url | UnsetType = UNSET
    username: Credential | UnsetType | None = UNSET
    password: Credential | UnsetType | None = UNSET
    transport: Transport | UnsetType | None = UNSET
    verify_tls: bool | UnsetType | None = UNSET


class ManualRecordingPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Changes of the manual recording settings."""

    prebuffer_s: Annotated[int, Meta(ge=0, le=60)] | UnsetType | None = UNSET
    postbuffer_s: Annotated[int, Meta(ge=0, le=3600)] | UnsetType | None = UNSET
    max_duration_s: Annotated[int, Meta(ge=0, le=86400)] | UnsetType | None = UNSET


class RecordingMethodsPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Changes of the recording methods."""

    continuous: bool | UnsetType | None = UNSET
    manual: ManualRecordingPatch | UnsetType | None = UNSET


class CameraPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A JSON merge patch (RFC 7396) of a camera; null sets a field back to its default."""

    name: Name | UnsetType = UNSET
    source: SourcePatch | UnsetType = UNSET
    enabled: bool | UnsetType | None = UNSET
    recording: RecordingMethodsPatch | UnsetType | None = UNSET


class ProbeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A source to look at. camera: use this camera's stored password where the source brings none."""

    source: Source
    camera: str | None = None


class ProbeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream holds; fps as measured."""

    codec: str
    width: int
    height: int
    fps: float
    audio_codec: str | None = None
    sample_rate_hz: int | None = None


def view_of(camera: Camera, revision: int, state: CameraState, *, changeable: bool) -> CameraView:
    """A camera as it is shown; changeable: to somebody who may change it.

    Others see of the address the scheme and the host alone, and no user name: paths and queries hold keys on some
    cameras, and a user name is half of a sign-in.
    """
    source = camera.source
    return CameraView(
        id=camera.id,
        name=camera.name,
        source=SourceView(
            url=source.url if changeable else _host_of(source.url),
            username=source.username if changeable else "",
            has_password=bool(source.password),
            transport=source.transport,
            verify_tls=source.verify_tls,
        ),
        enabled=camera.enabled,
        recording=camera.recording,
        revision=revision,
        state=state,
    )


def _host_of(url: str) -> str:
    """rtsp://192.0.2.1:554 of an address below it; a file's name as it is."""
    if is_file(url):
        return url
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{re.split('[/?#]', rest, maxsplit=1)[0]}"
