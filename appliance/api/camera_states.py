"""What the ingest units say of the cameras, as the bus retained it, and who wants to hear of changes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import msgspec

from appliance.cameras.model import shard_of
from appliance.cameras.state import CameraState, CameraStatus
from appliance.core.bus import Bus
from appliance.core.clock import Clock, to_rfc3339
from appliance.core.errors import ProblemError

_STATES = "state/+/camera/#"
_PRESENCE = "state/+/alive"


class StateWatch:
    """Changes since it was opened, newest state per camera only: a slow reader misses steps, never the last one."""

    def __init__(self) -> None:
        self._changed: dict[str, None] = {}
        self._more = asyncio.Event()

    def offer(self, camera_id: str) -> None:
        """Note that a camera's state changed."""
        self._changed[camera_id] = None
        self._more.set()

    def __aiter__(self) -> AsyncIterator[str]:
        """Iterate for ever over the ids of cameras whose state changed."""
        return self

    async def __anext__(self) -> str:
        while not self._changed:
            self._more.clear()
            await self._more.wait()
        camera_id = next(iter(self._changed))
        del self._changed[camera_id]
        return camera_id


class CameraStates:
    """The newest state of every camera by id, as the ingest unit that owns it says."""

    def __init__(self, clock: Clock, shards: int) -> None:
        self._clock = clock
        self._shards = shards
        self._states: dict[str, CameraState] = {}
        self._gone: dict[str, int] = {}  # ingest units that are not there, and since when
        self._watches: list[StateWatch] = []
        self._started_us = clock.now_us()

    def get(self, camera_id: str) -> CameraState:
        """What is known of a camera: it waits while its ingest unit has not spoken, or is being restarted."""
        gone_us = self._gone.get(self._owner(camera_id))
        if gone_us is not None:
            return _waiting(
                gone_us, "recorder-restarting", "The part of the recorder that records this camera restarts"
            )
        known = self._states.get(camera_id)
        if known is not None:
            return known
        return _waiting(self._started_us, "not-heard-yet", "The recorder has not reported on this camera yet")

    @contextmanager
    def watch(self) -> Iterator[StateWatch]:
        """Hear of changes from now on."""
        watch = StateWatch()
        self._watches.append(watch)
        try:
            yield watch
        finally:
            self._watches.remove(watch)

    async def follow(self, bus: Bus) -> None:
        """Take the states from the bus; ends only when cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow_presence(bus), name="ingest-presence")
            async with bus.subscribe(_STATES) as states:
                async for topic, data in states:
                    unit, _, camera_id = topic.split("/", 2)[2].partition("/camera/")
                    if unit == self._owner(camera_id):  # not one that owned it when there were more shards
                        self.take(camera_id, data)

    async def _follow_presence(self, bus: Bus) -> None:
        async with bus.subscribe(_PRESENCE) as presence:
            async for topic, data in presence:
                self._note_presence(topic.split("/")[2], isinstance(data, dict) and data.get("alive") is True)

    def _note_presence(self, unit: str, alive: bool) -> None:
        if alive is (unit not in self._gone):
            return
        if alive:
            del self._gone[unit]
        else:
            self._gone[unit] = self._clock.now_us()
        for camera_id in tuple(self._states):
            if self._owner(camera_id) == unit:
                self._offer(camera_id)

    def take(self, camera_id: str, data: object) -> None:
        """A state as it came; None where it was removed; what is malformed is taken as not heard."""
        try:
            state = None if data is None else msgspec.convert(data, CameraState)
        except msgspec.ValidationError:
            state = None
        if state is None:
            self._states.pop(camera_id, None)
        else:
            self._states[camera_id] = state
        self._offer(camera_id)

    def _offer(self, camera_id: str) -> None:
        for watch in self._watches:
            watch.offer(camera_id)

    def _owner(self, camera_id: str) -> str:
        return f"ingest-{shard_of(camera_id, self._shards)}"


def _waiting(since_us: int, code: str, title: str) -> CameraState:
    remedy = "Wait a few seconds. If it stays so, look at the health of the ingest units."
    problem = ProblemError(code, title, remedy=remedy, status=503)
    return CameraState(status=CameraStatus.WAITING, since=to_rfc3339(since_us), problem=problem.to_json())
