"""All cameras of a process, their listeners, and the calls by which a test makes them faulty."""

import asyncio
import logging
import ssl
from typing import Self

from aiohttp import web

from hwtests.camera.camera import CameraStatus, SimulatedCamera
from hwtests.camera.certificate import server_context
from hwtests.camera.clocks import now_us
from hwtests.camera.config import Faults, SimulatorConfig
from hwtests.camera.rtsp import Connection
from hwtests.camera.scenes import SCENES
from hwtests.camera.sdp import Describer
from hwtests.camera.sources import Sources
from hwtests.camera.web import control_app, mjpeg_app

log = logging.getLogger(__name__)

END_S = 5.0
LOOPBACK = "127.0.0.1"


class CameraSimulator:
    """Simulated cameras in this process. Start and stop it on the loop that serves it, or use `async with`.

    Raises ValueError for a scene that nobody has drawn.
    """

    def __init__(self, config: SimulatorConfig) -> None:
        if unknown := {c.scene for c in config.cameras} - SCENES.keys():
            raise ValueError(f"no such scene: {', '.join(sorted(unknown))}; there are {', '.join(sorted(SCENES))}")
        self.config = config
        self._sources = Sources(config.footage, now_us())
        describer = Describer()
        self.cameras = {c.name: SimulatedCamera(c, self._sources, describer) for c in config.cameras}
        self._servers: list[asyncio.Server] = []
        self._connections: dict[asyncio.Task[None], Connection] = {}
        self._runners: list[web.AppRunner] = []
        self._ports: dict[str, int] = {}

    async def start(self) -> None:
        """Listen; raises OSError where a port is taken."""
        config = self.config
        self._ports["rtsp"] = await self._listen(config.port, None)
        if config.tls_port is not None:
            context = await asyncio.to_thread(server_context, config.host)
            self._ports["rtsps"] = await self._listen(config.tls_port, context)
        if config.http_port is not None:
            self._ports["http"] = await self._serve_http(mjpeg_app(self.cameras), config.host, config.http_port)
        if config.control_port is not None:
            self._ports["control"] = await self._serve_http(control_app(self.cameras), LOOPBACK, config.control_port)

    async def stop(self) -> None:
        """Close every connection and end every thread."""
        for server in self._servers:
            server.close()
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(tuple(self._connections), timeout=END_S)
        for camera in self.cameras.values():
            camera.drop("the simulator stops")
        for runner in self._runners:
            await runner.cleanup()
        await self._sources.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def port(self) -> int:
        """The RTSP port."""
        return self._ports["rtsp"]

    @property
    def control_url(self) -> str:
        """The root of the control API; raises KeyError where there is none."""
        return f"http://{LOOPBACK}:{self._ports['control']}"

    def url(self, camera: str, profile: str = "", scheme: str = "rtsp") -> str:
        """The URL of a camera by rtsp, rtsps or http (M-JPEG), without password; raises KeyError where not served."""
        path = f"{camera}/{profile}" if profile else camera
        folder = "mjpeg/" if scheme == "http" else ""
        return f"{scheme}://{self.config.host}:{self._ports[scheme]}/{folder}{path}"

    def faults(self, camera: str) -> Faults:
        """What is wrong with a camera now; raises KeyError for an unknown camera."""
        return self.cameras[camera].faults

    def set_faults(self, camera: str, **changes: object) -> None:
        """Change some faults (the fields of Faults), leaving the others; raises msgspec.ValidationError."""
        self.cameras[camera].change_faults(changes)

    def clear_faults(self, camera: str) -> None:
        """Be well again."""
        self.cameras[camera].set_faults(Faults())

    def drop(self, camera: str) -> None:
        """Cut the connections of everyone who watches this camera, once."""
        self.cameras[camera].drop()

    def status(self, camera: str) -> CameraStatus:
        """Clients, frame counters and faults of a camera."""
        return self.cameras[camera].status()

    async def _listen(self, port: int, tls: ssl.SSLContext | None) -> int:
        server = await asyncio.start_server(self._serve, self.config.host, port, ssl=tls)
        self._servers.append(server)
        found: int = server.sockets[0].getsockname()[1]
        return found

    async def _serve_http(self, app: web.Application, host: str, port: int) -> int:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=END_S)
        self._runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        found: int = runner.addresses[0][1]
        return found

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connection = self._connections[task] = Connection(reader, writer, self.cameras)
        try:
            await connection.run()
        except asyncio.CancelledError:
            log.debug("stopped while a client was connected")
        finally:
            del self._connections[task]
