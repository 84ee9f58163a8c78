"""The configured cameras and their rules: ids that are never reused, passwords that stay with their host."""

import re
import unicodedata
from collections.abc import Callable
from typing import Any

import msgspec

from appliance.api.camera_views import CameraPatch, NewCamera
from appliance.api.problems import convert, not_found
from appliance.cameras.model import Camera, Source
from appliance.core.config import Table
from appliance.core.errors import ProblemError
from appliance.media.address import is_file, target_of
from appliance.media.sources import SourceAddress, check_address

LONGEST_ID = 32
_NOT_IN_AN_ID = re.compile(r"[^a-z0-9]+")


class CameraId(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An id that was given out once; it stays here after its camera is gone. demo: added by the demo site itself."""

    id: str
    demo: bool = False


class CameraBook:
    """Writes the tables "cameras" and "camera-ids". Blocks: every method that writes runs inside `Changes.apply`.

    is_recorded: whether anything on a volume belongs to an id, in case the configuration was lost and the volume not.
    """

    def __init__(self, cameras: Table[Camera], ids: Table[CameraId], is_recorded: Callable[[str], bool]) -> None:
        self._cameras = cameras
        self._ids = ids
        self._is_recorded = is_recorded
        self._revisions = _last_changes(cameras)
        self._seen = cameras.revision

    def get(self, camera_id: str) -> Camera:
        """A camera; raises ProblemError 404."""
        camera = self._cameras.get(camera_id)
        if camera is None:
            raise not_found("There is no such camera", "See the list of cameras for those there are.")
        return camera

    def revision_of(self, camera_id: str) -> int:
        """The revision that last changed this camera; 0 if that is too long ago to be kept."""
        self._catch_up()
        return self._revisions.get(camera_id, 0)

    def add(self, new: NewCamera, *, actor: str) -> Camera:
        """Add a camera under a new id; the demo site's cameras make room for the first real one."""
        camera = Camera(
            id=self._new_id(new.name), name=new.name, source=new.source, enabled=new.enabled, recording=new.recording
        )
        check_camera(camera)
        self._give_out(CameraId(id=camera.id), actor)
        self._put(camera, actor)
        self.remove_demo(actor=actor)
        return camera

    def patch(self, camera_id: str, patch: CameraPatch, *, actor: str, expected: int | None) -> Camera:
        """Merge changes into a camera; expected: refuse (412) if the camera has changed since that revision."""
        before = self.get(camera_id)
        self._check_expected(camera_id, expected)
        changes = msgspec.to_builtins(patch)
        camera: Camera = convert(merged(msgspec.to_builtins(before), changes), Camera)
        check_camera(camera)
        check_password_stays(before.source, camera.source, given="password" in changes.get("source", {}))
        if camera != before:
            self._put(camera, actor)
            self._adopt(camera_id, actor)
        return camera

    def delete(self, camera_id: str, *, actor: str, expected: int | None) -> None:
        """Remove a camera; its id stays taken, its recordings stay."""
        self.get(camera_id)
        self._check_expected(camera_id, expected)
        self._delete(camera_id, actor)

    # --- the demo site ----------------------------------------------------------------------------------------------

    def add_demo(self, cameras: list[NewCamera], *, actor: str) -> None:
        """Add the demo site's cameras where no camera was ever configured; renew their addresses otherwise."""
        for new in cameras:
            check_camera(Camera(id="demo", name=new.name, source=new.source))
        if self._cameras.revision == 0 and not self._ids.all():
            for new in cameras:
                self._add_demo(new, actor)
        by_name = {new.name: new for new in cameras}
        for camera in self._demo():
            new_source = by_name[camera.name].source if camera.name in by_name else camera.source
            if camera.source != new_source:
                self._put(msgspec.structs.replace(camera, source=new_source), actor)

    def remove_demo(self, *, actor: str) -> None:
        """Remove the demo site's cameras that nobody has made their own by changing them."""
        for camera in self._demo():
            self._delete(camera.id, actor)

    def _demo(self) -> list[Camera]:
        marked = [entry.id for entry in self._ids.all() if entry.demo]
        return [camera for camera in map(self._cameras.get, marked) if camera is not None]

    def _add_demo(self, new: NewCamera, actor: str) -> None:
        camera = Camera(id=self._new_id(new.name), name=new.name, source=new.source)
        self._give_out(CameraId(id=camera.id, demo=True), actor)
        self._put(camera, actor)

    def _adopt(self, camera_id: str, actor: str) -> None:
        entry = self._ids.get(camera_id)
        if entry is not None and entry.demo:
            self._ids.put(CameraId(id=camera_id), actor=actor)

    # --- writing ----------------------------------------------------------------------------------------------------

    def _catch_up(self) -> None:
        """Learn of changes that were not made through this book: restored revisions."""
        if self._seen != self._cameras.revision:
            self._revisions, self._seen = _last_changes(self._cameras), self._cameras.revision

    def _put(self, camera: Camera, actor: str) -> None:
        self._catch_up()
        self._seen = self._revisions[camera.id] = self._cameras.put(camera, actor=actor)

    def _delete(self, camera_id: str, actor: str) -> None:
        self._catch_up()
        self._seen = self._revisions[camera_id] = self._cameras.delete(camera_id, actor=actor)

    def _check_expected(self, camera_id: str, expected: int | None) -> None:
        if expected is not None and expected != self.revision_of(camera_id):
            raise ProblemError(
                "changed-meanwhile",
                "Somebody else changed this camera in the meantime",
                remedy="Load it again, look at the change, and apply yours to it.",
                status=412,
            )

    def _give_out(self, entry: CameraId, actor: str) -> None:
        """Noted before the camera is: a kill in between wastes an id, and never gives one out twice."""
        self._ids.put(entry, actor=actor)

    def _new_id(self, name: str) -> str:
        base, number = id_base(name), 1
        while True:
            suffix = "" if number == 1 else f"-{number}"
            candidate = base[: LONGEST_ID - len(suffix)].rstrip("-") + suffix
            if not self._taken(candidate):
                return candidate
            number += 1

    def _taken(self, camera_id: str) -> bool:
        known = self._ids.get(camera_id) is not None or self._cameras.get(camera_id) is not None
        return known or self._is_recorded(camera_id)


def id_base(name: str) -> str:
    """A name in the signs that ids may have: "Café (north)" becomes "cafe-north"."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return _NOT_IN_AN_ID.sub("-", plain).strip("-")[:LONGEST_ID].rstrip("-") or "camera"


def check_camera(camera: Camera) -> None:
    """Raise ProblemError for a name that shows nothing or an address that can never work."""
    if not camera.name.strip() or any(unicodedata.category(sign) in ("Cc", "Cs") for sign in camera.name):
        raise ProblemError(
            "bad-name",
            "The name is empty or holds control characters",
            remedy="Give the camera a name of visible characters.",
            field="name",
        )
    check_source(camera.source)


def check_source(source: Source) -> None:
    """Raise ProblemError, with the field, for an address that can never work."""
    check_address(
        SourceAddress(source.url, source.username, source.password, source.transport.value, source.verify_tls)
    )


def check_password_stays(before: Source, after: Source, *, given: bool) -> None:
    """Raise ProblemError where a stored password would be sent to another place than it was entered for."""
    if before.password and not given and after.password and not same_place(before.url, after.url):
        raise ProblemError(
            "password-needed-again",
            "The address leads to another host, so the password has to be entered again",
            remedy="Enter the password of the camera at the new address, or leave it empty.",
            field="source.password",
        )


def same_place(one: str, other: str) -> bool:
    """Whether two addresses mean the same scheme, host and port."""
    if is_file(one) or is_file(other):
        return one == other
    first, second = target_of(one), target_of(other)
    return (first.scheme, first.host, first.port) == (second.scheme, second.host, second.port)


def merged(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """RFC 7396: null removes, objects merge, everything else replaces. Nothing given is changed."""
    result = dict(target)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            inner = result.get(name)
            result[name] = merged(inner if isinstance(inner, dict) else {}, value)
        else:
            result[name] = value
    return result


def _last_changes(cameras: Table[Camera]) -> dict[str, int]:
    found: dict[str, int] = {}
    for change in cameras.revisions():
        for record_id in change.after:
            found.setdefault(record_id, change.revision)
    return found
