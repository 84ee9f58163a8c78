"""The routes of cameras: configure, test, record by hand."""

import asyncio

import msgspec
from aiohttp import web

from appliance.api.camera_book import CameraBook, check_source, same_place
from appliance.api.camera_views import (
    CameraList,
    CameraPatch,
    CameraView,
    NewCamera,
    ProbeAnswer,
    ProbeBody,
    view_of,
)
from appliance.api.problems import convert
from appliance.api.routing import Call, Permission, Route, changing, reading
from appliance.api.server import json_response
from appliance.api.services import Services
from appliance.cameras.model import Camera, Source, shard_of
from appliance.cameras.state import CameraState
from appliance.core.errors import ProblemError

PROBE_TIMEOUT_S = 20.0
MANUAL_TIMEOUT_S = 5.0
PROBES_AT_ONCE = 4

_PROBE = "Connect to a source and say what it holds"
_PATCH = "Change a camera (RFC 7396)"
_DELETE = "Remove a camera; its recordings stay"
_START, _STOP = "Start a manual recording", "Stop a manual recording"


class CameraRoutes:
    """Handlers over the book of cameras."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._probes = asyncio.Semaphore(PROBES_AT_ONCE)

    @property
    def _book(self) -> CameraBook:
        return self._services.book

    async def list(self, call: Call) -> CameraList:
        """Every camera, in order of name."""
        cameras = sorted(self._services.cameras.all(), key=lambda camera: (camera.name.casefold(), camera.id))
        return CameraList(cameras=[self._view(camera, call) for camera in cameras])

    async def get(self, call: Call) -> web.Response:
        """One camera."""
        return self._answer(self._book.get(call.params["id"]), call)

    async def add(self, call: Call) -> web.Response:
        """Add one."""
        new: NewCamera = call.body
        camera = await self._services.changes.apply("cameras", lambda: self._book.add(new, actor=call.actor))
        call.subject = camera.id
        return self._answer(camera, call, status=201)

    async def patch(self, call: Call) -> web.Response:
        """Change one."""
        camera_id, expected = call.params["id"], _if_match(call.request)
        camera = await self._services.changes.apply(
            "cameras", lambda: self._book.patch(camera_id, call.body, actor=call.actor, expected=expected)
        )
        return self._answer(camera, call)

    async def delete(self, call: Call) -> None:
        """Remove one."""
        camera_id, expected = call.params["id"], _if_match(call.request)
        await self._services.changes.apply(
            "cameras", lambda: self._book.delete(camera_id, actor=call.actor, expected=expected)
        )

    async def probe(self, call: Call) -> ProbeAnswer:
        """Look at a source without configuring it."""
        body: ProbeBody = call.body
        source = self._with_stored_password(body)
        check_source(source)
        call.subject = body.camera or ""
        async with self._probes:
            answer = await self._services.context.bus.request(
                self._prober(), "probe", {"source": msgspec.to_builtins(source)}, PROBE_TIMEOUT_S
            )
        found: ProbeAnswer = convert(answer, ProbeAnswer)
        return found

    async def start_recording(self, call: Call) -> CameraState:
        """Press REC."""
        return await self._manual(call, on=True)

    async def stop_recording(self, call: Call) -> CameraState:
        """Release REC."""
        return await self._manual(call, on=False)

    async def _manual(self, call: Call, *, on: bool) -> CameraState:
        camera = self._book.get(call.params["id"])
        unit = f"ingest-{shard_of(camera.id, self._services.shards)}"
        request = {"camera": camera.id, "on": on, "user": call.actor}
        answer = await self._services.context.bus.request(unit, "manual-recording", request, MANUAL_TIMEOUT_S)
        state: CameraState = convert(answer, CameraState)
        return state

    def _with_stored_password(self, body: ProbeBody) -> Source:
        """The stored password goes only where it was entered for."""
        if body.camera is None or body.source.password:
            return body.source
        stored = self._book.get(body.camera).source
        if not stored.password or not same_place(stored.url, body.source.url):
            return body.source
        return msgspec.structs.replace(body.source, password=stored.password)

    def _prober(self) -> str:
        """An ingest unit that is there."""
        names = [f"ingest-{number}" for number in range(self._services.shards)]
        return next((name for name in names if self._services.health.alive(name)), names[0])

    def _view(self, camera: Camera, call: Call) -> CameraView:
        changeable = Permission.ADMINISTRATOR.allows(call.identity.role)
        state = self._services.states.get(camera.id)
        return view_of(camera, self._book.revision_of(camera.id), state, changeable=changeable)

    def _answer(self, camera: Camera, call: Call, status: int = 200) -> web.Response:
        response = json_response(self._view(camera, call), status)
        response.headers["ETag"] = f'"{self._book.revision_of(camera.id)}"'
        if status == 201:
            response.headers["Location"] = f"/api/v1/cameras/{camera.id}"
        return response


def _if_match(request: web.Request) -> int | None:
    """The revision of If-Match (RFC 9110, 13.1.1); None where any will do."""
    text = request.headers.get("If-Match", "*").strip()
    if text == "*":
        return None
    number = text.strip('"')
    if not (number.isascii() and number.isdigit() and len(number) < 16):
        raise ProblemError(
            "bad-if-match",
            "If-Match is no revision",
            remedy='Send the revision of the camera in quotation marks: If-Match: "42".',
            field="If-Match",
        )
    return int(number)


def camera_routes(services: Services) -> list[Route]:
    """The table."""
    handlers = CameraRoutes(services)
    viewer, operator, administrator = Permission.VIEWER, Permission.OPERATOR, Permission.ADMINISTRATOR
    every, one = "/api/v1/cameras", "/api/v1/cameras/{id}"
    probe, manual = f"{every}/probe", f"{one}/manual-recording"
    add, test = "add camera", "test camera"
    return [
        reading(every, viewer, handlers.list, "Every camera with its state", CameraList),
        changing(
            f"POST {every}",
            administrator,
            handlers.add,
            "Add a camera",
            add,
            body=NewCamera,
            result=CameraView,
            status=201,
        ),
        changing(f"POST {probe}", administrator, handlers.probe, _PROBE, test, body=ProbeBody, result=ProbeAnswer),
        reading(one, viewer, handlers.get, "One camera with its state", CameraView),
        changing(
            f"PATCH {one}", administrator, handlers.patch, _PATCH, "change camera", body=CameraPatch, result=CameraView
        ),
        changing(f"DELETE {one}", administrator, handlers.delete, _DELETE, "remove camera"),
        changing(
            f"PUT {manual}", operator, handlers.start_recording, _START, "start manual recording", result=CameraState
        ),
        changing(
            f"DELETE {manual}", operator, handlers.stop_recording, _STOP, "stop manual recording", result=CameraState
        ),
    ]
