"""The routes of the configuration's history."""

import asyncio
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from appliance.api.problems import not_found
from appliance.api.routing import Call, Permission, Route, changing, reading
from appliance.api.services import Services
from appliance.core.clock import to_rfc3339
from appliance.core.config import Revision, Table


class RevisionsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which table, and how many of its newest revisions."""

    table: Literal["cameras"] = "cameras"
    limit: Annotated[int, Meta(ge=1, le=200)] = 100


class RevisionQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which table."""

    table: Literal["cameras"] = "cameras"


class RevisionView(msgspec.Struct, frozen=True, kw_only=True):
    """One change: who, when, and the ids of the records it touched."""

    revision: int
    time: str
    actor: str
    table: str
    records: list[str]


class RevisionList(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first; current is the newest number."""

    current: int
    revisions: list[RevisionView]


class FieldChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """A field that differs; secrets are masked. before or after null: the field was or is not there."""

    record: str
    field: str
    before: Any
    after: Any


class RevisionDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One change, field by field."""

    revision: int
    time: str
    actor: str
    table: str
    changes: list[FieldChangeView]


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """The revision that the restoration made."""

    revision: int


class RevisionRoutes:
    """Handlers over the configuration tables."""

    def __init__(self, services: Services) -> None:
        self._changes = services.changes

    async def list(self, call: Call) -> RevisionList:
        """The newest changes."""
        table = self._changes.tables[call.query.table]
        revisions = await asyncio.to_thread(table.revisions)
        return RevisionList(current=table.revision, revisions=[_view(one) for one in revisions[: call.query.limit]])

    async def show(self, call: Call) -> RevisionDetail:
        """One change, field by field."""
        table, number = self._changes.tables[call.query.table], _number(call)
        return await asyncio.to_thread(_detail, table, number)

    async def restore(self, call: Call) -> Restored:
        """Undo every later change."""
        name: str = call.query.table
        table, number = self._changes.tables[name], _number(call)
        call.subject = f"{name} {number}"
        revision = await self._changes.apply(name, lambda: table.restore(number, actor=call.actor))
        return Restored(revision=revision)


def _number(call: Call) -> int:
    text = call.params["n"]
    if text.isascii() and text.isdigit() and len(text) < 16:
        return int(text)
    raise not_found("A revision is a number", "See the list of revisions for those that are kept.")


def _view(revision: Revision) -> RevisionView:
    return RevisionView(
        revision=revision.revision,
        time=to_rfc3339(revision.time_us),
        actor=revision.actor,
        table=revision.table,
        records=sorted(revision.after),
    )


def _detail(table: Table[Any], number: int) -> RevisionDetail:
    changes = table.diff(number)
    revision = next((one for one in table.revisions() if one.revision == number), None)
    if revision is None:
        raise not_found("This revision is no longer kept", "See the list of revisions for those that are kept.")
    return RevisionDetail(
        revision=number,
        time=to_rfc3339(revision.time_us),
        actor=revision.actor,
        table=revision.table,
        changes=[
            FieldChangeView(record=one.record, field=one.field, before=one.before, after=one.after) for one in changes
        ],
    )


def revision_routes(services: Services) -> list[Route]:
    """The table."""
    handlers, administrator, path = RevisionRoutes(services), Permission.ADMINISTRATOR, "/api/v1/config/revisions"
    one = "What one change was"
    newest, back = "Changes of the configuration, newest first", "Make the configuration what it was at a revision"
    return [
        reading(path, administrator, handlers.list, newest, RevisionList, query=RevisionsQuery),
        reading(f"{path}/{{n}}", administrator, handlers.show, one, RevisionDetail, query=RevisionQuery),
        changing(
            f"POST {path}/{{n}}/restore",
            administrator,
            handlers.restore,
            back,
            "restore configuration",
            query=RevisionQuery,
            result=Restored,
        ),
    ]
