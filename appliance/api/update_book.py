"""What the updates unit says, as the bus retained it; and the source of updates, which the configuration keeps."""

from typing import Annotated

import msgspec
from msgspec import Meta

from appliance.api.changes import Changes
from appliance.core.bus import Bus
from appliance.core.config import Table
from appliance.core.events import new_event
from appliance.core.unit import UnitContext
from appliance.slots.admission import floor_paths, highest_floor
from appliance.updates.announcer import CHANGED
from appliance.updates.index import index_address
from appliance.updates.model import SOURCE, STATUS, Source, SourceView, Status, Task
from appliance.updates.slots import read_slots, running_view, views

TABLE = "updates"
_ID = "source"


class SourceRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one record of its table."""

    id: str = _ID
    url: Annotated[str, Meta(max_length=2000)] | None = None
    automatic: bool = False


class UpdateBook:
    """The newest status of the updates unit, with what this unit itself is receiving."""

    def __init__(self, context: UnitContext, changes: Changes) -> None:
        self._context = context
        self._changes = changes
        self._told: Status | None = None
        self._receiving: Task | None = None

    @property
    def source(self) -> Source:
        """Where updates are looked for."""
        table: Table[SourceRecord] | None = self._changes.tables.get(TABLE)
        record = table.get(_ID) if table is not None else None
        return Source() if record is None else Source(url=record.url, automatic=record.automatic)

    async def set_source(self, url: str | None, automatic: bool, actor: str) -> None:
        """Keep it, and tell the updates unit; raises ProblemError for an address that is not taken."""
        if url is not None:
            index_address(url)
        table: Table[SourceRecord] = self._changes.tables[TABLE]
        record = SourceRecord(url=url, automatic=automatic)
        if table.get(_ID) != record:
            await self._changes.apply(TABLE, lambda: table.put(record, actor=actor))
        self.tell_source()

    def tell_source(self) -> None:
        """Say it on the bus, where it stays; at the start, and when it has changed."""
        self._context.bus.set_state(SOURCE, self.source)

    async def follow(self, bus: Bus) -> None:
        """Take the status from the bus; ends only when cancelled."""
        async with bus.subscribe(f"state/updates/{STATUS}") as states:
            async for _, data in states:
                try:
                    self._told = None if data is None else msgspec.convert(data, Status)
                except msgspec.ValidationError:
                    self._told = None

    def take(self, status: Status) -> None:
        """An answer of the unit is newer than what the bus has said so far."""
        self._told = status

    def view(self) -> Status:
        """What is known now. Where the unit has said nothing yet, as after a start: what anybody sees of the slots."""
        source = self.source
        told = self._told or _seen()
        if told.source.url != source.url or told.source.automatic != source.automatic:
            of_another = told.source.url != source.url
            changed = SourceView() if of_another else told.source
            shown = msgspec.structs.replace(changed, url=source.url, automatic=source.automatic)
            told = msgspec.structs.replace(told, source=shown)
        return told if self._receiving is None else msgspec.structs.replace(told, task=self._receiving)

    @property
    def receiving(self) -> bool:
        """Whether a bundle is being sent to this unit."""
        return self._receiving is not None

    def show_receiving(self, task: Task | None) -> None:
        """A bundle is being sent, or (None) no longer; who watches is told."""
        self._receiving = task
        shown = task or self.view().task
        data = {"state": shown.state, "percent": shown.percent, "version": shown.version}
        self._context.bus.publish(new_event(self._context.clock, self._context.name, CHANGED, data))


def _seen() -> Status:
    slots, floor = read_slots(), highest_floor(floor_paths())
    return Status(
        running=running_view(slots),
        floor=None if floor is None else str(floor),
        slots=views(slots),
        task=Task(),
        source=SourceView(),
    )
