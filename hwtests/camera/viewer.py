"""One RTSP session: the tracks a viewer has set up, from their sources to its outlets."""

import random
import time
from collections.abc import Callable

from hwtests.camera import damage
from hwtests.camera.clocks import now_us
from hwtests.camera.config import Codec, Faults
from hwtests.camera.encoders import Coded
from hwtests.camera.outlets import Outlet
from hwtests.camera.rtp import RtpTrack
from hwtests.camera.sources import Source


class ViewerTrack:
    """A track on its way. codec is None except for video."""

    def __init__(self, viewer: "Viewer", rtp: RtpTrack, outlet: Outlet, source: Source, codec: Codec | None) -> None:
        self.rtp = rtp
        self.outlet = outlet
        self.codec = codec
        self._viewer = viewer
        self._source = source
        self._waits_for_key = True
        self._reported_s = 0.0

    def play(self) -> None:
        """Start with the next key frame."""
        self._waits_for_key = self.codec is not None
        self._source.subscribe(self._deliver, key=self._viewer.key_on_play)

    def pause(self) -> None:
        """Send nothing."""
        self._source.unsubscribe(self._deliver)

    def change(self, source: Source) -> None:
        """Go on with another source, from its next key frame on."""
        self.pause()
        self._source = source
        self.play()

    def _deliver(self, unit: Coded) -> None:
        faults = self._viewer.faults()
        if faults.stall or (self._waits_for_key and not unit.key):
            return
        self._waits_for_key = False
        payloads = damage.payloads(self.codec, unit, faults, self._viewer.rng) if self.codec else unit.payloads
        if not self.outlet.send(self.rtp.packets(unit, payloads, faults)):
            self._viewer.throw_out("it reads too slowly")
            return
        if self.codec is not None:
            self._viewer.frames += 1
        self._report(faults)

    def _report(self, faults: Faults) -> None:
        moment_s = time.monotonic()
        if not faults.no_reports and moment_s - self._reported_s >= self._viewer.report_interval_s:
            self._reported_s = moment_s
            self.outlet.report(self.rtp.report(now_us(), faults.backward_timestamp_s))


class Viewer:
    """A session. throw_out closes its connection."""

    def __init__(
        self,
        profile: str,
        faults: Callable[[], Faults],
        throw_out: Callable[[str], None],
        report_interval_s: float,
        key_on_play: bool,
    ) -> None:
        self.profile = profile
        self.faults = faults
        self.throw_out = throw_out
        self.report_interval_s = report_interval_s
        self.key_on_play = key_on_play
        self.rng = random.Random()
        self.id = f"{self.rng.getrandbits(48):012X}"
        self.tracks: dict[int, ViewerTrack] = {}
        self.playing = False
        self.frames = 0
        self.seen_s = time.monotonic()

    def alive(self) -> None:
        """The viewer was heard of."""
        self.seen_s = time.monotonic()

    def play(self) -> None:
        """Start every track."""
        if not self.playing:
            self.playing = True
            for track in self.tracks.values():
                track.play()

    def pause(self) -> None:
        """Stop every track."""
        if self.playing:
            self.playing = False
            for track in self.tracks.values():
                track.pause()

    def close(self, *, bye: bool = False) -> None:
        """Stop, say goodbye where asked to, give up the outlets."""
        self.pause()
        for track in self.tracks.values():
            if bye:
                track.outlet.report(track.rtp.bye())
            track.outlet.close()
        self.tracks.clear()
