"""An appliance under test: started as `make run` starts it, spoken to through its public API only."""

import http.client
import json
import os
import re
import select
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from hwtests.camera.process import free_ports

T = TypeVar("T")

ADMIN = ("admin", "correct horse battery staple")
START_TIMEOUT_S = 90
READY = re.compile(r"^Gatehouse ready: (https://\S+) setup-code=(\S+)$")
SET_UP_BEFORE = "done"


class ApiError(Exception):
    """An answer other than 2xx; holds its status and its problem JSON."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body


class ApiClient:
    """JSON over HTTPS with a bearer token; trusts the appliance's own certificate authority."""

    def __init__(self, base_url: str, ca_file: Path, timeout_s: float = START_TIMEOUT_S) -> None:
        self._address = urlsplit(base_url)
        self._tls = ssl.create_default_context(cafile=ca_file)
        self._timeout_s = timeout_s
        self.token: str | None = None
        self.cookies: list[str] = []

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """One request; returns decoded JSON (or bytes); raises ApiError, OSError."""
        with self._asked(method, path, body, headers) as answer:
            content = answer.read()
            self.cookies = answer.headers.get_all("Set-Cookie") or []
            is_json = "json" in (answer.headers.get("Content-Type") or "")
        return json.loads(content) if is_json and content else content

    def upload(self, path: str, file: Path) -> Any:
        """POST a file as it is; returns decoded JSON; raises ApiError, OSError."""
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(file.stat().st_size)}
        with file.open("rb") as content, self._asked("POST", path, content, headers) as answer:
            return json.loads(answer.read())

    def download(self, path: str, file: Path) -> int:
        """GET into a file; returns its size; raises ApiError, OSError."""
        with self._asked("GET", path) as answer, file.open("wb") as out:
            shutil.copyfileobj(answer, out, 1 << 20)
        return file.stat().st_size

    @contextmanager
    def _asked(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        connection = http.client.HTTPSConnection(
            self._address.hostname or "localhost", self._address.port, context=self._tls, timeout=self._timeout_s
        )
        sent = {"Content-Type": "application/json", **(headers or {})}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        try:
            as_it_is = body is None or isinstance(body, BufferedReader)
            connection.request(method, path, body if as_it_is else json.dumps(body), sent)
            answer = connection.getresponse()
            if answer.status >= 300:
                raise ApiError(answer.status, _decoded(answer.read()))
            yield answer
        except http.client.HTTPException as error:  # cut in the middle: as good as a refused connection
            raise ConnectionError(repr(error)) from error
        finally:
            connection.close()

    def sign_in(self, setup_code: str) -> None:
        """Make the first administrator where there is none, sign in, and take a token."""
        username, password = ADMIN
        if setup_code != SET_UP_BEFORE:
            self.call("POST", "/api/v1/setup", {"code": setup_code, "username": username, "password": password})
        session = self.call("POST", "/api/v1/session", {"username": username, "password": password})
        cookie = self.cookies[0].split(";")[0]
        headers = {"Cookie": cookie, "X-CSRF-Token": session["csrf"]}
        made = self.call("POST", "/api/v1/tokens", {"name": "rig", "role": "administrator"}, headers)
        self.token = made["token"]

    # --- what the tests ask for again and again ---------------------------------------------------------------------

    def add_camera(self, name: str, source: dict[str, object], **settings: object) -> str:
        """Add a camera; returns its id."""
        return str(self.call("POST", "/api/v1/cameras", {"name": name, "source": source, **settings})["id"])

    def camera(self, camera_id: str) -> Any:
        """A camera with its state."""
        return self.call("GET", f"/api/v1/cameras/{camera_id}")

    def wait_status(self, camera_id: str, status: str, timeout_s: float = 60) -> Any:
        """Wait until a camera has that status; returns the camera."""

        def look() -> Any:
            camera = self.camera(camera_id)
            return camera if camera["state"]["status"] == status else None

        return wait_for(look, timeout_s, f"{camera_id} to be {status}")

    def timeline(self, camera_id: str, start_us: int, end_us: int) -> Any:
        """Spans and gaps of an interval."""
        return self.call("GET", f"/api/v1/cameras/{camera_id}/timeline?{_range(start_us, end_us)}")

    def media(self, camera_id: str, start_us: int, end_us: int, file: Path) -> Path:
        """Save what was recorded in an interval as one file."""
        self.download(f"/api/v1/cameras/{camera_id}/media.mp4?{_range(start_us, end_us)}", file)
        return file

    def snapshot(self, camera_id: str, **query: object) -> bytes:
        """A picture as JPEG."""
        content: bytes = self.call("GET", f"/api/v1/cameras/{camera_id}/snapshot.jpg?{urlencode(query)}")
        return content

    def recorded_to_us(self, camera_id: str) -> int:
        """UTC up to which a camera is recorded, synced and shown; 0 where nothing is."""
        text = self.camera(camera_id)["state"]["recorded_to"]
        return from_text(text) if text else 0

    def wait_recorded(self, camera_id: str, to_us: int, timeout_s: float = 60) -> None:
        """Wait until a camera is recorded up to a time."""
        wait_for(lambda: self.recorded_to_us(camera_id) >= to_us, timeout_s, f"{camera_id} to be recorded")


class Appliance:
    """A running appliance in a state folder of its own."""

    def __init__(self, folder: Path, process: "subprocess.Popen[str]", url: str, setup_code: str) -> None:
        self.folder = folder
        self.process = process
        self.url = url
        self.setup_code = setup_code
        self.api = ApiClient(url, folder / "tls" / "ca.pem")

    @classmethod
    @contextmanager
    def start(
        cls, folder: Path, *, site: str = "empty", shards: int = 2, set_up: bool = True, **environment: str
    ) -> Iterator[Self]:
        """Start it, wait for its ready line, sign in, and stop it at the end. Its port stays when the api unit dies.

        set_up: make the first administrator and sign in; without it the setup code has not served.
        """
        port, demo_port = free_ports(2)
        settings = {
            **os.environ,
            "GATEHOUSE_DATA": str(folder),
            "GATEHOUSE_PORT": str(port),
            "GATEHOUSE_DEMO_PORT": str(demo_port),
            "GATEHOUSE_SITE": site,
            "GATEHOUSE_INGEST_SHARDS": str(shards),
            **environment,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "hwtests.launch"], env=settings, stdout=subprocess.PIPE, text=True
        )
        try:
            url, code = _ready_line(process, folder)
            appliance = cls(folder, process, url, code)
            if set_up:
                appliance.api.sign_in(code)
            yield appliance
        finally:
            process.terminate()
            process.wait(START_TIMEOUT_S)

    def units(self) -> dict[str, Any]:
        """What the supervisor says of each unit: pid, ready, restarts."""
        return dict(json.loads((self.folder / "run" / "supervisor.json").read_text())["units"])

    def unit_pids(self) -> dict[str, int]:
        """The running units' process ids, by unit name."""
        return {name: int(unit["pid"]) for name, unit in self.units().items() if unit["pid"]}

    def kill(self, unit: str) -> int:
        """kill -9 one unit; returns its process id."""
        pid = self.unit_pids()[unit]
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_back(self, unit: str, dead_pid: int, timeout_s: float = 30) -> None:
        """Wait until a killed unit runs again and is ready."""

        def back() -> bool:
            now = self.units()[unit]
            return bool(now["ready"] and now["pid"] != dead_pid)

        wait_for(back, timeout_s, f"{unit} to come back")


def _ready_line(process: "subprocess.Popen[str]", folder: Path) -> tuple[str, str]:
    """Raises RuntimeError with the ends of the units' logs where it ends or takes too long."""
    assert process.stdout is not None
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        if not select.select([process.stdout], [], [], 0.2)[0]:
            continue
        if match := READY.match(process.stdout.readline().strip()):
            return match[1], match[2]
    logs = [f"--- {file.name}\n{file.read_text()[-2000:]}" for file in sorted((folder / "log").glob("*.log"))]
    raise RuntimeError("the appliance is not ready:\n" + "\n".join(logs))


def _decoded(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content


def _range(start_us: int, end_us: int) -> str:
    return f"start={quote(to_text(start_us))}&end={quote(to_text(end_us))}"


def now_us() -> int:
    """UTC in microseconds since 1970."""
    return time.time_ns() // 1000


def to_text(time_us: int) -> str:
    """UTC as the API takes it."""
    whole = datetime.fromtimestamp(time_us // 1_000_000, UTC)
    return whole.strftime("%Y-%m-%dT%H:%M:%S") + f".{time_us % 1_000_000:06}Z"


def from_text(text: str) -> int:
    """UTC as the API says it, in microseconds."""
    moment = datetime.fromisoformat(text)
    return int(moment.replace(microsecond=0).timestamp()) * 1_000_000 + moment.microsecond


def wait_for(probe: Callable[[], T | None], timeout_s: float, what: str) -> T:
    """Poll until probe() gives something; raises TimeoutError naming what was waited for."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"gave up after {timeout_s:g} s waiting for {what}")
        time.sleep(0.1)
