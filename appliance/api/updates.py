"""The routes of updates: look, send a bundle, ask the source, install what it offers."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from appliance.api.problems import convert
from appliance.api.routing import Call, Permission, Route, changing, reading
from appliance.api.services import Services
from appliance.api.update_upload import OCTETS, Upload
from appliance.updates.model import Status

ACCEPT_TIMEOUT_S = 90.0
CHECK_TIMEOUT_S = 60.0
REQUEST_TIMEOUT_S = 10.0
THERE_WITHIN_S = 5.0  # a unit that is started again takes a second or two
UNIT = "updates"


class SourceBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """url: HTTPS address of an index, or of the folder it lies in; null for none. automatic: install by itself."""

    url: Annotated[str, Meta(max_length=2000)] | None
    automatic: bool


class Empty(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No fields."""


class UpdateRoutes:
    """Handlers; the updates unit does the work, and says on the bus how far it is."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._book = services.updates
        self._upload = Upload(services.context, services.updates)

    async def show(self, call: Call) -> Status:
        """What is known."""
        return self._book.view()

    async def receive(self, call: Call) -> Status:
        """Take a bundle, and have it installed."""
        async with self._upload.received(call.request) as name:
            return await self._ask("accept", {"file": name}, ACCEPT_TIMEOUT_S)

    async def check(self, call: Call) -> Status:
        """Ask the source now."""
        return await self._ask("check", {}, CHECK_TIMEOUT_S)

    async def install(self, call: Call) -> Status:
        """Download and install what the source offers."""
        return await self._ask("install", {}, REQUEST_TIMEOUT_S)

    async def cancel(self, call: Call) -> Status:
        """Give up what is being received, downloaded or checked."""
        if self._upload.cancel():
            return self._book.view()
        return await self._ask("cancel", {}, REQUEST_TIMEOUT_S)

    async def set_source(self, call: Call) -> Status:
        """Where to look from now on."""
        body: SourceBody = call.body
        await self._book.set_source(body.url or None, body.automatic, call.actor)
        return self._book.view()

    async def _ask(self, verb: str, data: dict[str, Any], timeout_s: float) -> Status:
        answer = await self._services.context.bus.request(UNIT, verb, data, timeout_s, there_within_s=THERE_WITHIN_S)
        status: Status = convert(answer, Status)
        self._book.take(status)
        return self._book.view()


def update_routes(services: Services) -> list[Route]:
    """The table."""
    handlers, administrator, path = UpdateRoutes(services), Permission.ADMINISTRATOR, "/api/v1/updates"
    look = "The versions in the slots, what is being done, and what the source offers"
    send = "Send a bundle (application/octet-stream); it is checked, and installed into the slot that does not run"
    ask, take = "Ask the source for a newer version now", "Download and install the version that the source offers"
    stop, where = "Give up what is being received, downloaded or checked", "Set where newer versions are looked for"
    add, change = "install update", "change update source"
    post = f"POST {path}"
    return [
        reading(path, Permission.VIEWER, handlers.show, look, Status),
        changing(
            f"{post}/bundle", administrator, handlers.receive, send, add, upload=OCTETS, result=Status, status=202
        ),
        changing(f"{post}/check", administrator, handlers.check, ask, "look for updates", body=Empty, result=Status),
        changing(f"{post}/install", administrator, handlers.install, take, add, body=Empty, result=Status, status=202),
        changing(f"{post}/cancel", administrator, handlers.cancel, stop, "cancel update", body=Empty, result=Status),
        changing(
            f"PUT {path}/source", administrator, handlers.set_source, where, change, body=SourceBody, result=Status
        ),
    ]
