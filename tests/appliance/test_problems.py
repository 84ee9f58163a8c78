"""What can be wrong with a camera, as its user sees it: cause and remedy on its tile, and no secret anywhere."""

import json
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hwtests.appliance import ApiClient, ApiError, Appliance, wait_for
from hwtests.camera.process import CameraProcess, free_ports
from tests.appliance.conftest import PASSWORD, AddCamera

pytestmark = pytest.mark.timeout(400)

CANARY = "canary-wrong-password"
SDP = "v=0\r\no=- 0 0 IN IP4 0\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 {codec}/90000\r\na=control:t\r\n"


class Odd(socketserver.StreamRequestHandler):
    """An RTSP server that offers a coding nobody asked for."""

    codec = "VP8"

    def handle(self) -> None:
        while head := self._head():
            number = next(line.split(":")[1].strip() for line in head if line.lower().startswith("cseq"))
            body = SDP.format(codec=self.codec) if head[0].startswith("DESCRIBE") else ""
            kind = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n" if body else ""
            allowed = "Public: OPTIONS, DESCRIBE, SETUP, PLAY\r\n"
            self.wfile.write(f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{allowed}{kind}\r\n{body}".encode())

    def _head(self) -> list[str]:
        lines: list[str] = []
        while (line := self.rfile.readline().decode().strip()) or not lines:
            if not line:
                return []
            lines.append(line)
        return lines


class Deaf(socketserver.StreamRequestHandler):
    """A mail server."""

    def handle(self) -> None:
        self.wfile.write(b"220 mail.example ESMTP\r\n")
        self.rfile.readline()
        self.wfile.write(b"500 what?\r\n")


@pytest.fixture(name="odd_port", params=[Odd], scope="module")
def odd_port_fixture(request: pytest.FixtureRequest) -> Iterator[int]:
    yield from serve(request.param)


@pytest.fixture(name="mail_port", scope="module")
def mail_port_fixture() -> Iterator[int]:
    yield from serve(Deaf)


def serve(handler: type[socketserver.BaseRequestHandler]) -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()


def waits_for(api: ApiClient, added: str, code: str) -> dict[str, str]:
    """The problem on a camera's tile, once it is this one."""

    def look() -> dict[str, str] | None:
        state = api.camera(added)["state"]
        problem: dict[str, str] = state["problem"] or {}
        return problem if state["status"] == "waiting" and problem.get("code") == code else None

    return wait_for(look, 60, f"{added} to be {code}")


def sources(simulator: CameraProcess, odd_port: int, mail_port: int) -> dict[str, dict[str, object]]:
    good = simulator.source("guarded")
    (unused,) = free_ports(1)
    return {
        "wrong-password": {**good, "password": CANARY},
        "password-needed": {"url": good["url"]},
        "no-such-stream": {**good, "url": f"{good['url']}/{CANARY[:6]}"},
        "unsupported-codec": {"url": f"rtsp://127.0.0.1:{odd_port}/x"},
        "not-a-camera": {"url": f"rtsp://127.0.0.1:{mail_port}/x"},
        "connection-refused": {"url": f"rtsp://127.0.0.1:{unused}/x"},
        "no-such-file": {"url": "file:nothing.mkv"},
    }


CODES = (
    "wrong-password",
    "password-needed",
    "no-such-stream",
    "unsupported-codec",
    "not-a-camera",
    "connection-refused",
    "no-such-file",
)


@pytest.mark.parametrize("code", CODES)
def test_the_tile_and_the_dialog_say_cause_and_remedy(
    api: ApiClient, simulator: CameraProcess, add: AddCamera, odd_port: int, mail_port: int, code: str
) -> None:
    source = sources(simulator, odd_port, mail_port)[code]
    problem = waits_for(api, add(source), code)
    assert problem["title"]
    assert problem["remedy"]
    with pytest.raises(ApiError) as probed:
        api.call("POST", "/api/v1/cameras/probe", {"source": source})
    assert probed.value.body["code"] == code
    assert probed.value.body["remedy"]


def test_a_camera_recovers_when_its_password_is_corrected(
    api: ApiClient, simulator: CameraProcess, add: AddCamera
) -> None:
    added = add(simulator.source("guarded", password=CANARY))
    waits_for(api, added, "wrong-password")
    api.call("PATCH", f"/api/v1/cameras/{added}", {"source": {"password": PASSWORD}})
    api.wait_status(added, "streaming")


def test_a_password_is_nowhere_but_in_the_configuration(
    appliance: Appliance, simulator: CameraProcess, add: AddCamera
) -> None:
    api = appliance.api
    added = add(simulator.source("guarded", password=CANARY))
    waits_for(api, added, "wrong-password")
    with pytest.raises(ApiError) as probed:
        api.call("POST", "/api/v1/cameras/probe", {"source": simulator.source("guarded", password=CANARY)})
    with pytest.raises(ApiError) as refused:
        api.call("POST", "/api/v1/cameras", {"name": "x", "source": {"url": f"rtsp://u:{CANARY}@127.0.0.1/x"}})
    assert CANARY not in json.dumps([probed.value.body, refused.value.body])
    for path in ("cameras", "audit", "config/revisions", "health", "openapi.json", "recordings"):
        assert not found_in(json.dumps(api.call("GET", f"/api/v1/{path}")).encode()), path
    assert files_with_secrets(appliance.folder) == []


def found_in(content: bytes) -> bool:
    return CANARY.encode() in content or PASSWORD.encode() in content


def files_with_secrets(folder: Path) -> list[str]:
    """Every file but the configuration, which must know them, and the recordings' own pictures."""
    places = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".mp4")
    found = [str(path.relative_to(folder)) for path in places if found_in(path.read_bytes())]
    return [name for name in found if not name.startswith("config/")]
