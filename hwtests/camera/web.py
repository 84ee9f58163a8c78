"""HTTP: M-JPEG as `multipart/x-mixed-replace`, and the control API by which a test makes cameras faulty."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from hwtests.camera.camera import SimulatedCamera
from hwtests.camera.clocks import to_http_date
from hwtests.camera.config import Faults
from hwtests.camera.encoders import Coded

BOUNDARY = "simulated"
WAITING_PICTURES = 8  # a client that falls further behind misses pictures
STALL_CHECK_S = 0.2

Cameras = dict[str, SimulatedCamera]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def mjpeg_app(cameras: Cameras) -> web.Application:
    """`GET /mjpeg/CAMERA` and `/mjpeg/CAMERA/PROFILE`: the profile's pictures as JPEG, whatever its coding is."""
    app = web.Application()

    async def stream(request: web.Request) -> web.StreamResponse:
        return await _stream(request, _camera(cameras, request))

    app.router.add_get("/mjpeg/{name}", stream)
    app.router.add_get("/mjpeg/{name}/{profile}", stream)
    return app


async def _stream(request: web.Request, camera: SimulatedCamera) -> web.StreamResponse:
    profile = camera.config.profile(request.match_info.get("profile", ""))
    if profile is None:
        raise web.HTTPNotFound
    if camera.faults.refuse:
        _abort(request)
        raise web.HTTPServiceUnavailable
    if not camera.admits(request.method, request.headers.get("Authorization")):
        answer = web.Response(status=401)
        answer.headers.extend([("WWW-Authenticate", c) for c in camera.guard.challenges()])
        return answer
    response = web.StreamResponse()
    response.content_type = "multipart/x-mixed-replace"
    response.headers["Content-Type"] = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
    await response.prepare(request)
    source = camera.source(profile, "jpeg")
    pictures: asyncio.Queue[Coded] = asyncio.Queue(WAITING_PICTURES)

    def offer(unit: Coded) -> None:
        if not camera.faults.stall and not pictures.full():
            pictures.put_nowait(unit)

    def cut(reason: str) -> None:
        _abort(request)

    source.subscribe(offer)
    camera.cuts.add(cut)
    try:
        with contextlib.suppress(ConnectionError):  # the client has gone: nothing is left to do
            await _write_parts(request, response, camera, pictures)
    finally:
        camera.cuts.discard(cut)
        source.unsubscribe(offer)
    return response


async def _write_parts(
    request: web.Request, response: web.StreamResponse, camera: SimulatedCamera, pictures: asyncio.Queue[Coded]
) -> None:
    while request.transport is not None and not request.transport.is_closing():
        try:
            async with asyncio.timeout(STALL_CHECK_S):
                unit = await pictures.get()
        except TimeoutError:
            continue
        head = (
            f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(unit.parts[0])}\r\n"
            f"Date: {to_http_date(camera.clock.at(unit.time_us))}\r\n\r\n"
        )
        await response.write(head.encode() + unit.parts[0] + b"\r\n")


def _abort(request: web.Request) -> None:
    if isinstance(request.transport, asyncio.Transport):
        request.transport.abort()


def _camera(cameras: Cameras, request: web.Request) -> SimulatedCamera:
    if (camera := cameras.get(request.match_info["name"])) is None:
        raise web.HTTPNotFound
    return camera


def control_app(cameras: Cameras) -> web.Application:
    """`GET /cameras`, `GET /cameras/NAME`; `POST` and `DELETE /cameras/NAME/faults`; `POST /cameras/NAME/drop`.

    The body of POST …/faults is an object with some of the fields of Faults; the others stay as they are.
    """
    app = web.Application()

    async def every(request: web.Request) -> web.StreamResponse:
        return web.json_response({"cameras": [c.status().to_json() for c in cameras.values()]})

    async def one(request: web.Request) -> web.StreamResponse:
        return web.json_response(_camera(cameras, request).status().to_json())

    async def set_faults(request: web.Request) -> web.StreamResponse:
        camera = _camera(cameras, request)
        try:
            camera.change_faults(msgspec.json.decode(await request.read(), type=dict[str, object]))
        except msgspec.MsgspecError as error:
            return web.json_response({"title": str(error)}, status=400)
        return web.json_response(camera.status().to_json())

    async def clear_faults(request: web.Request) -> web.StreamResponse:
        _camera(cameras, request).set_faults(Faults())
        return web.Response(status=204)

    async def drop(request: web.Request) -> web.StreamResponse:
        _camera(cameras, request).drop()
        return web.Response(status=204)

    app.router.add_get("/cameras", every)
    app.router.add_get("/cameras/{name}", one)
    app.router.add_post("/cameras/{name}/faults", set_faults)
    app.router.add_delete("/cameras/{name}/faults", clear_faults)
    app.router.add_post("/cameras/{name}/drop", drop)
    return app
