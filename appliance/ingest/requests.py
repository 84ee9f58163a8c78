"""What other units may ask of ingest (docs/reference/bus.md)."""

from typing import Any, TypeVar

import msgspec

from appliance.cameras.model import Source
from appliance.cameras.state import CameraState
from appliance.core.errors import ProblemError
from appliance.core.unit import UnitContext
from appliance.ingest.camera import address_of
from appliance.ingest.fleet import Fleet
from appliance.ingest.probe import ProbeResult, probe

T = TypeVar("T")


class ManualRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Press or release REC."""

    camera: str
    on: bool
    user: str


class ProbeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Look at a source without configuring it."""

    source: Source


def answer_requests(context: UnitContext, fleet: Fleet) -> None:
    """Register the handlers."""

    async def manual(data: Any) -> CameraState:
        request = _read(data, ManualRequest)
        recorder = fleet.runner(request.camera).recorder
        if request.on:
            recorder.press(context.clock.now_us())
        else:
            recorder.release(context.clock.now_us())
        return fleet.say_now(request.camera)

    async def look(data: Any) -> ProbeResult:
        return await probe(address_of(_read(data, ProbeRequest).source), context.clock, context.paths.prerecorded)

    context.bus.handle("manual-recording", manual)
    context.bus.handle("probe", look)


def _read(data: Any, model: type[T]) -> T:
    try:
        return msgspec.convert(data, model)
    except msgspec.ValidationError as error:
        raise ProblemError("bad-request", "The request is malformed", remedy=str(error)) from None
