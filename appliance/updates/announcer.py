"""What the unit shows: its task, slots and source, as a retained state; and a nudge for whoever watches."""

from collections.abc import Callable

import msgspec

from appliance.core.bus import Bus
from appliance.core.clock import US_PER_S, Clock, to_rfc3339
from appliance.core.events import new_event
from appliance.slots.admission import floor_paths, highest_floor
from appliance.updates.index import is_newer
from appliance.updates.memory import Memory
from appliance.updates.model import STATUS, Offer, Source, SourceView, Status, Task
from appliance.updates.slots import Slots, running_view, views

CHANGED = "updates/changed"
NUDGE_EVERY_US = US_PER_S


class Announcer:
    """Says the status when it has changed; steps of a percentage at most once a second."""

    def __init__(self, bus: Bus, clock: Clock, slots: Callable[[], Slots]) -> None:
        self._bus = bus
        self._clock = clock
        self._slots = slots
        self._said: Status | None = None
        self._said_us = -NUDGE_EVERY_US

    def status(self, task: Task, source: Source, memory: Memory) -> Status:
        """As it is now."""
        slots = self._slots()
        floor = highest_floor(floor_paths())
        running = running_view(slots)
        return Status(
            running=running,
            floor=None if floor is None else str(floor),
            slots=views(slots),
            task=task,
            source=SourceView(
                url=source.url,
                automatic=source.automatic,
                checked_at=None if memory.checked_us is None else to_rfc3339(memory.checked_us),
                offered=_offer(memory, running.version),
            ),
        )

    def say(self, task: Task, source: Source, memory: Memory) -> Status:
        """Publish it if it is news."""
        now_us, before = self._clock.monotonic_us(), self._said
        if before is not None and _one_step_on(before.task, task) and now_us - self._said_us < NUDGE_EVERY_US:
            return before
        status = self.status(task, source, memory)
        if status != before:
            self._said, self._said_us = status, now_us
            self._bus.set_state(STATUS, status)
            data = {"state": task.state, "percent": task.percent, "version": task.version}
            self._bus.publish(new_event(self._clock, self._bus.unit, CHANGED, data))
        return status


def _one_step_on(before: Task, now: Task) -> bool:
    """Whether nothing but the percentage is another."""
    return before.percent != now.percent and msgspec.structs.replace(before, percent=now.percent) == now


def _offer(memory: Memory, running: str) -> Offer | None:
    found = memory.offered
    if found is None or not is_newer(found.version, running):
        return None
    return Offer(version=found.version, notes=found.notes, size_bytes=found.size_bytes)
