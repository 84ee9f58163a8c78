"""One simulated camera: what it is, what is wrong with it, and who watches it."""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass

import msgspec

from hwtests.camera.auth import Guard
from hwtests.camera.config import CameraConfig, Codec, Faults, Profile, Scheme
from hwtests.camera.rtp import TrackFormat
from hwtests.camera.sdp import Describer
from hwtests.camera.sources import Source, Sources
from hwtests.camera.viewer import Viewer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """clients: sessions that play. frames: counter of the newest picture of each profile that has been watched."""

    name: str
    clients: int
    sessions: int
    frames_sent: int
    frames: dict[str, int]
    faults: dict[str, object]

    def to_json(self) -> dict[str, object]:
        """As the control API shows it."""
        return asdict(self)


class SimulatedCamera:
    """Owned by the event loop."""

    def __init__(self, config: CameraConfig, sources: Sources, describer: Describer) -> None:
        self.config = config
        self.faults = Faults()
        self.viewers: set[Viewer] = set()
        self.cuts: set[Callable[[str], None]] = set()  # how to cut clients that do not come by RTSP
        self.guard = Guard(config.username, config.password, config.auth or (Scheme.DIGEST,))
        self.clock = sources.clock(config)
        self._sources = sources
        self._describer = describer
        self._frames_before = 0

    def admits(self, method: str, authorization: str | None) -> bool:
        """Whether a request with this Authorization header may go on."""
        return not self.faults.wrong_password and self.guard.admits(method, authorization)

    def tracks(self, profile: Profile) -> list[TrackFormat]:
        """The tracks of a profile under the present faults; may block for some ten milliseconds."""
        return self._describer.tracks(self.config, self.faults.apply(profile))

    def source(self, profile: Profile, kind: str) -> Source:
        """Where a track of that kind comes from now."""
        if kind == "audio" and self.config.audio is not None:
            return self._sources.audio(self.config.audio)
        if kind == "application":
            return self._sources.metadata(self.config)
        if kind == "jpeg":  # over HTTP: always M-JPEG, at the size of the moment
            return self._sources.video(self.config, self.faults.apply(profile).coded_as(Codec.MJPEG))
        return self._sources.video(self.config, self.faults.apply(profile))

    def set_faults(self, faults: Faults) -> None:
        """Be faulty in exactly this way from now on."""
        before, self.faults = self.faults, faults
        if faults.codec != before.codec:
            self.drop("the coding has changed", bye=True)
        elif (faults.width, faults.height) != (before.width, before.height):
            for viewer in self.viewers:
                self._change_size(viewer)

    def change_faults(self, changes: dict[str, object]) -> None:
        """Change some of the fields of Faults; raises msgspec.ValidationError and changes nothing."""
        self.set_faults(msgspec.convert({**msgspec.to_builtins(self.faults), **changes}, Faults))

    def drop(self, reason: str = "dropped", *, bye: bool = False) -> None:
        """Close every connection that watches this camera."""
        for viewer in tuple(self.viewers):
            if bye:
                viewer.close(bye=True)
            viewer.throw_out(reason)
        for cut in tuple(self.cuts):
            cut(reason)

    def leave(self, viewer: Viewer) -> None:
        """A viewer has gone."""
        viewer.close()
        if viewer in self.viewers:
            self.viewers.remove(viewer)
            self._frames_before += viewer.frames

    def status(self) -> CameraStatus:
        """What it does at present."""
        return CameraStatus(
            self.config.name,
            sum(v.playing for v in self.viewers),
            len(self.viewers),
            self._frames_before + sum(v.frames for v in self.viewers),
            {p.name: self.source(p, "video").counter for p in self.config.profiles},
            msgspec.to_builtins(self.faults),
        )

    def _change_size(self, viewer: Viewer) -> None:
        profile = self.config.profile(viewer.profile)
        for track in viewer.tracks.values():
            if track.codec is not None and profile is not None and viewer.playing:
                track.change(self.source(profile, "video"))
