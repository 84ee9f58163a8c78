"""Changes of the configuration: one at a time, off the event loop, and told to the other units."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from appliance.core.config import Table
from appliance.core.events import new_event
from appliance.core.unit import UnitContext

T = TypeVar("T")


class ConfigChange(msgspec.Struct, frozen=True, kw_only=True):
    """The data of event/api/config/changed."""

    table: str
    revision: int


class Changes:
    """The one way to write a configuration table."""

    def __init__(self, context: UnitContext, tables: Mapping[str, Table[Any]]) -> None:
        self.tables = tables
        self._context = context
        self._lock = asyncio.Lock()

    async def apply(self, name: str, work: Callable[[], T]) -> T:
        """Run work, which writes to the table, in a thread; what it wrote is durable when this returns.

        The other units are told on the bus; while that is away they find out by looking.
        """
        table = self.tables[name]
        async with self._lock:
            before = table.revision
            result = await asyncio.shield(asyncio.to_thread(work))
            after = table.revision
        if after != before:
            data = msgspec.to_builtins(ConfigChange(table=name, revision=after))
            self._context.bus.publish(new_event(self._context.clock, self._context.name, "config/changed", data))
        return result
