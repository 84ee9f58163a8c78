"""The cameras of one shard: started, changed and stopped as the configuration says."""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Any

from appliance.cameras.model import Camera
from appliance.cameras.state import CameraState, CameraStatus
from appliance.core.clock import to_rfc3339
from appliance.core.config import ConfigReader
from appliance.core.errors import ProblemError
from appliance.core.events import Event, new_event
from appliance.core.unit import UnitContext
from appliance.db.outbox import Outbox
from appliance.ingest.camera import CameraRunner
from appliance.ingest.live import LiveChannel
from appliance.ingest.reconnect import ConnectGate
from appliance.ingest.recorder import Recorder
from appliance.recordings.model import GapCause
from appliance.recordings.writer import RecordingWriter

log = logging.getLogger(__name__)

TICK_S = 1.0
SAY_ALL_EVERY_TICKS = 5
ACCOUNT_EVERY_TICKS = 10
FACTS_WAITING = 1000


class Fleet:
    """Every camera this shard owns, by id."""

    def __init__(self, context: UnitContext, owns: Callable[[str], bool]) -> None:
        self.configured = asyncio.Event()
        self._context = context
        self._owns = owns
        self._gate = ConnectGate()
        self._nudge = asyncio.Event()
        self._runners: dict[str, CameraRunner] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._said: dict[str, CameraState] = {}
        self._stopped_because: dict[str, GapCause] = {}
        self._facts: asyncio.Queue[Event] = asyncio.Queue(FACTS_WAITING)

    # --- configuration ----------------------------------------------------------------------------------------------

    async def follow_configuration(self, group: asyncio.TaskGroup, writer: RecordingWriter) -> None:
        """Apply the configuration now and whenever it changes; an unreadable one changes nothing."""
        reader = ConfigReader(self._context.paths.config)
        group.create_task(self._hear_changes(), name="config-nudge")
        async for _ in reader.watch(["cameras"], self._nudge):
            try:
                _, cameras = await asyncio.to_thread(reader.load, "cameras", Camera)
            except ProblemError as problem:
                log.error("%s; the cameras stay as they are. %s", problem.title, problem.remedy)
            else:
                self._apply({camera.id: camera for camera in cameras if self._owns(camera.id)}, group, writer)
            self.configured.set()

    async def _hear_changes(self) -> None:
        async with self._context.bus.subscribe("event/api/config/changed") as changes:
            async for _ in changes:
                self._nudge.set()

    def _apply(self, wanted: dict[str, Camera], group: asyncio.TaskGroup, writer: RecordingWriter) -> None:
        for camera_id in (self._runners.keys() | self._said.keys()) - wanted.keys():
            self._stop(camera_id, GapCause.DISABLED)
            self._stopped_because.pop(camera_id, None)
            self._context.bus.clear_state(f"camera/{camera_id}")
            self._said.pop(camera_id, None)
        for camera_id, camera in wanted.items():
            self._apply_one(camera_id, camera, group, writer)

    def _apply_one(self, camera_id: str, camera: Camera, group: asyncio.TaskGroup, writer: RecordingWriter) -> None:
        runner = self._runners.get(camera_id)
        if runner is not None and runner.camera == camera:
            return
        if runner is not None and camera.enabled and runner.camera.source == camera.source:
            runner.camera = camera
            runner.recorder.configure(camera.recording)
            return
        self._stop(camera_id, GapCause.CAMERA if camera.enabled else GapCause.DISABLED)
        if camera.enabled:
            self._start(camera, group, writer)
        elif camera_id not in self._said or self._said[camera_id].status is not CameraStatus.DISABLED:
            self._stopped_because[camera_id] = GapCause.DISABLED
            self._say(camera_id, self._disabled())

    def _start(self, camera: Camera, group: asyncio.TaskGroup, writer: RecordingWriter) -> None:
        cause = self._stopped_because.pop(camera.id, GapCause.RESTART)
        recorder = Recorder(camera.recording, writer.stream(camera.id), writer.covered_to(camera.id), cause)
        runner = CameraRunner(
            camera,
            recorder=recorder,
            clock=self._context.clock,
            gate=self._gate,
            notify=self._note,
            prerecorded=self._context.paths.prerecorded,
            rng=random.Random(),
        )
        self._runners[camera.id] = runner
        self._tasks[camera.id] = group.create_task(runner.run(), name=f"camera-{camera.id}")

    def _stop(self, camera_id: str, cause: GapCause) -> None:
        runner = self._runners.pop(camera_id, None)
        if runner is not None:
            self._stopped_because[camera_id] = cause
            self._tasks.pop(camera_id).cancel()
            runner.recorder.stop(self._context.clock.now_us(), cause)
            runner.live.end()

    def stop_all(self) -> None:
        """The unit ends: write what is whole."""
        for camera_id in tuple(self._runners):
            self._stop(camera_id, GapCause.RESTART)

    def _disabled(self) -> CameraState:
        return CameraState(status=CameraStatus.DISABLED, since=to_rfc3339(self._context.clock.now_us()))

    # --- what others ask --------------------------------------------------------------------------------------------

    def runner(self, camera_id: str) -> CameraRunner:
        """A running camera; raises ProblemError."""
        runner = self._runners.get(camera_id)
        if runner is None:
            raise ProblemError(
                "camera-not-running",
                "This camera is not configured or not enabled",
                remedy="Add the camera, or switch it on, on the Cameras page.",
                status=409,
            )
        return runner

    def live_channel(self, camera_id: str) -> LiveChannel | None:
        """The live channel of a running camera."""
        runner = self._runners.get(camera_id)
        return None if runner is None else runner.live

    # --- what the writer tells --------------------------------------------------------------------------------------

    def published(self, camera_id: str, end_us: int) -> None:
        """Recorded, synced and indexed up to end_us."""
        if runner := self._runners.get(camera_id):
            runner.recorded_to_us = end_us

    def not_recorded(self, camera_id: str, start_us: int, end_us: int, error: Exception) -> None:
        """The volume did not take an interval; its gap row is written by the writer."""
        log.error("camera %s: %d ms not recorded: %s", camera_id, (end_us - start_us) // 1000, error)
        self._note("recording/failed", {"camera": camera_id, "from": to_rfc3339(start_us), "to": to_rfc3339(end_us)})

    # --- what is said -----------------------------------------------------------------------------------------------

    async def tick(self, writer: RecordingWriter) -> None:
        """Once a second: let time pass in the recorders, and say what has changed; everything every few seconds."""
        number = 0
        while True:
            if number % ACCOUNT_EVERY_TICKS == 0:
                self._account_for_the_disabled(writer)
            for camera_id, runner in tuple(self._runners.items()):
                runner.recorder.tick(self._context.clock.now_us(), streaming=runner.streaming)
                self._say_changes(camera_id, runner, everything=number % SAY_ALL_EVERY_TICKS == 0)
            number += 1
            await asyncio.sleep(TICK_S)

    def _account_for_the_disabled(self, writer: RecordingWriter) -> None:
        """What is missing is explained while it lasts, not only afterwards."""
        now_us = self._context.clock.now_us()
        for camera_id, cause in self._stopped_because.items():
            edge_us = writer.covered_to(camera_id)
            if camera_id not in self._runners and edge_us is not None and edge_us < now_us:
                writer.record_gap(camera_id, edge_us, now_us, cause)

    def say_now(self, camera_id: str) -> CameraState:
        """Say a camera's state at once, and return it."""
        state = self.runner(camera_id).state()
        self._say(camera_id, state)
        return state

    def _say_changes(self, camera_id: str, runner: CameraRunner, *, everything: bool) -> None:
        said = self._said.get(camera_id)
        if everything or said is None or runner.is_news_after(said):
            self._say(camera_id, runner.state())

    def _say(self, camera_id: str, state: CameraState) -> None:
        before = self._said.get(camera_id)
        self._note_recording(camera_id, set(before.recording) if before else set(), set(state.recording))
        self._said[camera_id] = state
        self._context.bus.set_state(f"camera/{camera_id}", state)

    def _note_recording(self, camera_id: str, before: set[str], now: set[str]) -> None:
        for kind in sorted(before ^ now):
            self._note(f"recording/{'started' if kind in now else 'stopped'}", {"camera": camera_id, "kind": kind})

    def _note(self, kind: str, data: dict[str, Any]) -> None:
        event = new_event(self._context.clock, self._context.name, kind, data)
        try:
            self._facts.put_nowait(event)
        except asyncio.QueueFull:
            log.error("an event of type %s was left out: %d wait to be stored", kind, FACTS_WAITING)

    async def store_facts(self, outbox: Outbox) -> None:
        """Store facts as they come; the outbox delivers them."""
        while True:
            await outbox.put(await self._facts.get())
