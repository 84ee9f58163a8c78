"""The events socket: what every camera is doing, then every change, and the facts that units publish."""

import asyncio
import logging
from typing import Any

import msgspec
from aiohttp import web

from appliance.api.media.socket import new_websocket
from appliance.api.services import Services
from appliance.cameras.state import CameraState
from appliance.core.clock import to_rfc3339
from appliance.core.events import Event

log = logging.getLogger(__name__)

SEND_TIMEOUT_S = 20.0
FOR_EVERYBODY = ("camera/", "recording/", "config/", "updates/")  # what viewers may hear


class StateMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="state"):
    """The state of a camera; None when the camera is gone."""

    camera: str
    state: CameraState | None


class EventMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="event"):
    """A fact; ids sort by time, and one that comes twice is to be dropped."""

    id: str
    time: str
    source: str
    type: str
    data: dict[str, Any]


async def serve_events(request: web.Request, services: Services) -> web.WebSocketResponse:
    """Serve one socket until it is closed."""
    response = new_websocket()
    await response.prepare(request)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_send_states(response, services), name="events-states"),
                group.create_task(_send_events(response, services), name="events-facts"),
            ]
            async for _ in response:
                await response.close(code=1003, message=b"this socket only speaks")
            for task in tasks:
                task.cancel()
    except* OSError as errors:
        log.info("an events socket ended: %s", type(errors.exceptions[0]).__name__)
        if request.transport is not None:
            request.transport.abort()
    return response


async def _send_states(response: web.WebSocketResponse, services: Services) -> None:
    with services.states.watch() as changes:
        for camera in services.cameras.all():
            await _send(response, StateMessage(camera=camera.id, state=services.states.get(camera.id)))
        async for camera_id in changes:
            known = services.cameras.get(camera_id) is not None
            await _send(
                response, StateMessage(camera=camera_id, state=services.states.get(camera_id) if known else None)
            )


async def _send_events(response: web.WebSocketResponse, services: Services) -> None:
    async with services.context.bus.subscribe("event/#") as facts:
        async for _, data in facts:
            try:
                event = msgspec.convert(data, Event)
            except msgspec.ValidationError:
                continue  # whoever published it has a fault, not whoever listens
            if event.type.startswith(FOR_EVERYBODY):
                await _send(
                    response,
                    EventMessage(
                        id=event.id,
                        time=to_rfc3339(event.time_us),
                        source=event.source,
                        type=event.type,
                        data=event.data,
                    ),
                )


async def _send(response: web.WebSocketResponse, message: StateMessage | EventMessage) -> None:
    async with asyncio.timeout(SEND_TIMEOUT_S):
        await response.send_frame(msgspec.json.encode(message), web.WSMsgType.TEXT)
