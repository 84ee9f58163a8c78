"""One configured camera: connect, listen, reconnect. Owns its recorder, its live channel and its state."""

import asyncio
import logging
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance.cameras.model import Camera, Source
from appliance.cameras.state import AudioState, CameraState, CameraStatus, VideoState
from appliance.core.clock import Clock, to_rfc3339
from appliance.core.errors import ProblemError
from appliance.ingest.live import LiveChannel
from appliance.ingest.meter import RateMeter
from appliance.ingest.reconnect import Backoff, ConnectGate, ConnectSlot
from appliance.ingest.recorder import Recorder
from appliance.media import problems
from appliance.media.model import AudioFormat, AudioUnit, VideoFormat, VideoUnit
from appliance.media.sources import SourceAddress, play
from appliance.recordings.model import GapCause

log = logging.getLogger(__name__)

Notify = Callable[[str, dict[str, Any]], None]


def address_of(source: Source) -> SourceAddress:
    """The source as the media layer takes it."""
    return SourceAddress(source.url, source.username, source.password, source.transport.value, source.verify_tls)


class CameraRunner:
    """Runs one camera until it is cancelled; implements `media.model.Sink`.

    notify(type, data): facts for the event log: camera/lost, camera/found.
    """

    def __init__(
        self,
        camera: Camera,
        *,
        recorder: Recorder,
        clock: Clock,
        gate: ConnectGate,
        notify: Notify,
        prerecorded: Path,
        rng: random.Random,
    ) -> None:
        self.camera = camera
        self.recorder = recorder
        self.live = LiveChannel()
        self.recorded_to_us: int | None = None
        self._clock = clock
        self._gate = gate
        self._notify = notify
        self._prerecorded = prerecorded
        self._backoff = Backoff(clock, rng)
        self._meter = RateMeter(clock)
        self._status = CameraStatus.CONNECTING
        self._since_us = clock.now_us()
        self._problem: ProblemError | None = None
        self._slot: ConnectSlot | None = None
        self._streaming_since_us: int | None = None
        self._video: VideoFormat | None = None
        self._audio: AudioFormat | None = None
        self._clock_offset_us: int | None = None
        self._packets_lost = 0
        self._reconnects = 0

    # --- the connection ---------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Connect and reconnect until cancelled."""
        while True:
            problem = await self._attempt()
            self._lost(problem)
            await asyncio.sleep(self._backoff.failed(self._streaming_since_us))
            self._streaming_since_us = None
            self._reconnects += 1

    async def _attempt(self) -> ProblemError:
        async with self._gate.attempt() as slot:
            self._slot = slot
            self.live.begin()
            try:
                await play(
                    address_of(self.camera.source),
                    self,
                    self._clock,
                    prerecorded=self._prerecorded,
                    watched=lambda: bool(self.live.viewers),
                )
            except ProblemError as problem:
                return problem
            except Exception:  # an error of ours costs this camera a reconnection, never the other cameras
                log.exception("camera %s: its stream could not be taken", self.camera.id)
                return problems.failed()
            finally:
                self.recorder.interrupted(GapCause.CAMERA, self._clock.now_us())
        return ProblemError(
            "stream-ended", "The camera ended the stream", remedy="Nothing to do: it is tried again.", status=503
        )

    def _lost(self, problem: ProblemError) -> None:
        was_streaming = self._status is CameraStatus.STREAMING
        self._problem = problem
        self._change(CameraStatus.WAITING)
        self.live.set_state("waiting", problem.to_json())
        if was_streaming:
            self._notify("camera/lost", {"camera": self.camera.id, "problem": problem.to_json()})

    def _found(self) -> None:
        self._streaming_since_us = self._clock.monotonic_us()
        self._problem = None
        self._change(CameraStatus.STREAMING)
        self.live.set_state("streaming", None)
        if self._slot is not None:
            self._slot.done()
        self._notify("camera/found", {"camera": self.camera.id})

    def _change(self, status: CameraStatus) -> None:
        self._status = status
        self._since_us = self._clock.now_us()

    @property
    def streaming(self) -> bool:
        """Whether media flows."""
        return self._status is CameraStatus.STREAMING

    # --- what the source tells (media.model.Sink) -------------------------------------------------------------------

    def on_video_format(self, fmt: VideoFormat) -> None:
        """See Sink."""
        self._video = fmt
        self.recorder.video_format(fmt)
        self.live.video_format(fmt)

    def on_audio_format(self, fmt: AudioFormat) -> None:
        """See Sink."""
        self._audio = fmt
        self.recorder.audio_format(fmt)
        self.live.audio_format(fmt)

    def on_video(self, unit: VideoUnit) -> None:
        """See Sink."""
        if self._status is not CameraStatus.STREAMING:
            self._found()
        self._meter.count(len(unit.data))
        self.recorder.video(unit)
        self.live.video(unit)

    def on_audio(self, unit: AudioUnit) -> None:
        """See Sink."""
        self.recorder.audio(unit)
        self.live.audio(unit)

    def on_metadata(self, time_us: int, document: bytes) -> None:
        """See Sink. Scene metadata has no reader yet."""

    def on_loss(self, packets: int) -> None:
        """See Sink."""
        self._packets_lost += packets

    def on_clock(self, offset_us: int) -> None:
        """See Sink."""
        self._clock_offset_us = offset_us

    # --- its state --------------------------------------------------------------------------------------------------

    def state(self) -> CameraState:
        """What the bus and the page are told."""
        now_us = self._clock.now_us()
        manual = self.recorder.manual
        until_us = manual.to_us if manual.active(now_us) else None
        recording = self.recorder.kinds_at(now_us) if self.streaming else ()
        return CameraState(
            status=self._status,
            since=to_rfc3339(self._since_us),
            problem=self._problem.to_json() if self._problem else None,
            video=self._video_state(),
            audio=self._audio_state(),
            recording=tuple(kind.name.lower() for kind in recording if kind.name),
            manual_until=to_rfc3339(until_us) if until_us else None,
            recorded_to=to_rfc3339(self.recorded_to_us) if self.recorded_to_us else None,
            clock_offset_ms=None if self._clock_offset_us is None else self._clock_offset_us / 1000,
            packets_lost=self._packets_lost,
            damaged_fragments=self.recorder.damaged_fragments,
            dropped_live_chunks=self.live.dropped_chunks,
            reconnects=self._reconnects,
        )

    def is_news_after(self, said: CameraState) -> bool:
        """Whether something a person would want to see at once has changed since `said`."""
        recording = self.recorder.kinds_at(self._clock.now_us()) if self.streaming else ()
        return said.status is not self._status or len(said.recording) != len(tuple(recording))

    def _video_state(self) -> VideoState | None:
        if self._video is None or not self.streaming:
            return None
        fps, kbps = self._meter.read()
        v = self._video
        return VideoState(
            codec=v.codec, codec_string=v.codec_string, width=v.width, height=v.height, fps=fps, kbps=kbps
        )

    def _audio_state(self) -> AudioState | None:
        if self._audio is None or not self.streaming:
            return None
        a = self._audio
        return AudioState(codec=a.codec, sample_rate_hz=a.sample_rate_hz, channels=a.channels)
