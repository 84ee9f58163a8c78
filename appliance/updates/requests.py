"""What the api unit may ask of updates (docs/reference/bus.md)."""

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from appliance.core.bus import Bus
from appliance.core.errors import ProblemError
from appliance.updates.model import Status
from appliance.updates.updater import Updater

T = TypeVar("T")


class AcceptRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole file in the folder `incoming`, by its name."""

    file: Annotated[str, Meta(max_length=64)]


class NothingMore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No arguments."""


def answer_requests(bus: Bus, updater: Updater) -> None:
    """Register the handlers."""

    async def accept(data: Any) -> Status:
        return await updater.accept(_read(data, AcceptRequest).file)

    async def check(data: Any) -> Status:
        _read(data, NothingMore)
        return await updater.check()

    async def install(data: Any) -> Status:
        _read(data, NothingMore)
        return await updater.begin_offered()

    async def cancel(data: Any) -> Status:
        _read(data, NothingMore)
        return updater.cancel()

    for verb, handler in (("accept", accept), ("check", check), ("install", install), ("cancel", cancel)):
        bus.handle(verb, handler)


def _read(data: Any, model: type[T]) -> T:
    try:
        return msgspec.convert(data, model)
    except msgspec.ValidationError as error:
        raise ProblemError("bad-request", "The request is malformed", remedy=str(error)) from None
