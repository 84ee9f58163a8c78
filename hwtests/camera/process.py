"""The simulator in a process of its own, steered over its control API: for tests of a whole appliance."""

import json
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import msgspec

from hwtests.camera.config import CameraConfig

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 20


class CameraProcess:
    """Running cameras; every one can be reached by rtsp, rtsps and (M-JPEG) http."""

    def __init__(self, cameras: Sequence[CameraConfig], ports: dict[str, int]) -> None:
        self.cameras = {camera.name: camera for camera in cameras}
        self.ports = ports

    @classmethod
    @contextmanager
    def start(cls, folder: Path, cameras: Sequence[CameraConfig], host: str = "127.0.0.1") -> Iterator[Self]:
        """Serve these cameras on free ports; folder takes their configuration and log. host: where they listen."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "cameras.json"
        file.write_bytes(msgspec.json.encode({"camera": list(cameras)}))
        ports = dict(zip(("rtsp", "rtsps", "http", "control"), free_ports(4), strict=True))
        names = ("--port", "--tls-port", "--http-port", "--control-port")
        options = [text for name, port in zip(names, ports.values(), strict=True) for text in (name, str(port))]
        command = [sys.executable, "-m", "hwtests.camera", "--host", host, "--cameras", str(file), *options]
        with (folder / "cameras.log").open("w") as log:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout is not None
            for _ in cameras:
                if not process.stdout.readline():
                    raise RuntimeError((folder / "cameras.log").read_text())
            yield cls(cameras, ports)
        finally:
            process.terminate()
            process.wait(STOP_TIMEOUT_S)

    def url(self, name: str, scheme: str = "rtsp", profile: str = "") -> str:
        """Where a camera is, without its password."""
        path = f"{name}/{profile}" if profile else name
        return f"{scheme}://127.0.0.1:{self.ports[scheme]}/{'mjpeg/' if scheme == 'http' else ''}{path}"

    def source(self, name: str, **changes: object) -> dict[str, object]:
        """A camera as the recorder's API takes its source."""
        camera = self.cameras[name]
        return {"url": self.url(name), "username": camera.username, "password": camera.password, **changes}

    def set_faults(self, name: str, **faults: object) -> None:
        """Change some of the fields of Faults."""
        self._control("POST", f"/cameras/{name}/faults", faults)

    def clear_faults(self, name: str) -> None:
        """Be well again."""
        self._control("DELETE", f"/cameras/{name}/faults")

    def drop(self, name: str) -> None:
        """Cut everyone who watches this camera, once."""
        self._control("POST", f"/cameras/{name}/drop")

    def status(self, name: str) -> dict[str, Any]:
        """Clients, frame counters and faults."""
        return dict(json.loads(self._control("GET", f"/cameras/{name}")))

    def _control(self, method: str, path: str, body: dict[str, object] | None = None) -> bytes:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports['control']}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request, timeout=START_TIMEOUT_S) as answer:  # noqa: S310
            content: bytes = answer.read()
            return content


def free_ports(count: int) -> list[int]:
    """TCP ports of loopback on which nobody listens now."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()
