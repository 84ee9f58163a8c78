"""What the ingest units say of the cameras, as the bus retained it, and who wants to hear of changes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import msgspec

from appliance.cameras.state import CameraState, CameraStatus
from appliance.core.bus import Bus
from appliance.core.clock import Clock, to_rfc3339

_FILTER = "state/+/camera/#"


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
    """The newest state of every camera by id."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._states: dict[str, CameraState] = {}
        self._watches: list[StateWatch] = []
        self._started_us = clock.now_us()

    def get(self, camera_id: str) -> CameraState:
        """What is known of a camera; a waiting placeholder while its ingest unit has not spoken."""
        known = self._states.get(camera_id)
        return known if known is not None else self._not_heard()

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
        async with bus.subscribe(_FILTER) as states:
            async for topic, data in states:
                self.take(topic.split("/camera/", 1)[1], data)

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
        for watch in self._watches:
            watch.offer(camera_id)

    def _not_heard(self) -> CameraState:
        return CameraState(
            status=CameraStatus.WAITING,
            since=to_rfc3339(self._started_us),
            problem={
                "code": "not-heard-yet",
                "title": "The recorder has not reported on this camera yet",
                "remedy": "Wait a few seconds. If it stays so, look at the health of the ingest units.",
                "status": 503,
                "type": "/problems/not-heard-yet",
            },
        )
