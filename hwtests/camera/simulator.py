"""All cameras of a process, their listeners, and the calls by which a test makes them faulty."""

import asyncio
import logging
import ssl
from typing import Self

import msgspec

from hwtests.camera.camera import CameraStatus, SimulatedCamera
from hwtests.camera.clocks import now_us
from hwtests.camera.config import Faults, SimulatorConfig
from hwtests.camera.rtsp import Connection
from hwtests.camera.sdp import Describer
from hwtests.camera.sources import Sources

log = logging.getLogger(__name__)

END_S = 5.0


class CameraSimulator:
    """Simulated cameras in this process. Start and stop it on the loop that serves it, or use `async with`."""

    def __init__(self, config: SimulatorConfig) -> None:
        self.config = config
        self._sources = Sources(config.footage, now_us())
        describer = Describer()
        self.cameras = {c.name: SimulatedCamera(c, self._sources, describer) for c in config.cameras}
        self._servers: list[asyncio.Server] = []
        self._connections: dict[asyncio.Task[None], Connection] = {}
        self._ports: dict[str, int] = {}

    async def start(self) -> None:
        """Listen; raises OSError where a port is taken."""
        self._ports["rtsp"] = await self._listen(self.config.port, None)

    async def stop(self) -> None:
        """Close every connection and end every thread."""
        for server in self._servers:
            server.close()
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(tuple(self._connections), timeout=END_S)
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

    def url(self, camera: str, profile: str = "") -> str:
        """The RTSP URL of a camera, without its password."""
        return f"rtsp://{self.config.host}:{self.port}/{camera}" + (f"/{profile}" if profile else "")

    def faults(self, camera: str) -> Faults:
        """What is wrong with a camera now; raises KeyError for an unknown camera."""
        return self.cameras[camera].faults

    def set_faults(self, camera: str, **changes: object) -> None:
        """Change some faults (the fields of Faults), leaving the others; raises msgspec.ValidationError."""
        merged = {**msgspec.to_builtins(self.faults(camera)), **changes}
        self.cameras[camera].set_faults(msgspec.convert(merged, Faults))

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
