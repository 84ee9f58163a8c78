"""Which units are there, as the bus says."""

from typing import Literal

import msgspec

import appliance
from appliance.api.problems import Problem
from appliance.core.bus import Bus
from appliance.core.clock import Clock, to_rfc3339

FILTER = "state/+/alive"


class UnitCondition(msgspec.Struct, frozen=True, kw_only=True):
    """since: when this unit last came or went, or when the api unit started."""

    status: Literal["ok", "down"]
    since: str


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """ok: every unit that belongs to this appliance is there. data_problem: of where everything is kept."""

    status: Literal["ok", "degraded"]
    version: str
    units: dict[str, UnitCondition]
    data_problem: Problem | None = None


class UnitHealth:
    """Follows who is alive."""

    def __init__(self, bus: Bus, clock: Clock, shards: int) -> None:
        self._bus = bus
        self._clock = clock
        self._expected = ("api", "bus", "updates", *(f"ingest-{n}" for n in range(shards)))
        started_us = clock.now_us()
        self._alive: dict[str, tuple[bool, int]] = {name: (name == "api", started_us) for name in self._expected}

    async def follow(self) -> None:
        """Listen; ends only when cancelled."""
        async with self._bus.subscribe(FILTER) as states:
            async for topic, data in states:
                name = topic.split("/")[2]
                if name in self._alive and isinstance(data, dict):
                    self._note(name, data.get("alive") is True)

    def report(self) -> Health:
        """What is known now; the other units are not known of while the bus is away."""
        self._note("api", True)
        self._note("bus", self._bus.connected)
        units = {
            name: UnitCondition(status="ok" if alive else "down", since=to_rfc3339(since_us))
            for name, (alive, since_us) in self._alive.items()
        }
        well = all(alive for alive, _ in self._alive.values())
        return Health(status="ok" if well else "degraded", version=appliance.__version__, units=units)

    def alive(self, unit: str) -> bool:
        """Whether a unit was there when it was last heard of."""
        return self._alive.get(unit, (False, 0))[0]

    def _note(self, name: str, alive: bool) -> None:
        if self._alive[name][0] is not alive:
            self._alive[name] = (alive, self._clock.now_us())
