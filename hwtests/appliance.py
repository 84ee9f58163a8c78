"""An appliance under test: started as `make run` starts it, spoken to through its public API only."""

import http.client
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")

ADMIN = ("admin", "correct horse battery staple")
START_TIMEOUT_S = 90
READY = re.compile(r"^Gatehouse ready: (https://\S+) setup-code=(\S+)$")


class ApiError(Exception):
    """An answer other than 2xx; holds its status and its problem JSON."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body


class ApiClient:
    """JSON over HTTPS with a bearer token; trusts the appliance's own certificate authority."""

    def __init__(self, base_url: str, ca_file: Path) -> None:
        self._address = urlsplit(base_url)
        self._tls = ssl.create_default_context(cafile=ca_file)
        self.token: str | None = None

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """One request; returns decoded JSON (or bytes); raises ApiError."""
        connection = http.client.HTTPSConnection(
            "localhost", self._address.port, context=self._tls, timeout=START_TIMEOUT_S
        )
        sent = {"Content-Type": "application/json", **(headers or {})}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        is_json = "json" in (answer.headers.get("Content-Type") or "")
        decoded = json.loads(content) if is_json and content else content
        if answer.status >= 300:
            raise ApiError(answer.status, decoded)
        self.cookies = answer.headers.get_all("Set-Cookie") or []
        return decoded

    def sign_in(self, setup_code: str) -> None:
        """Make the first administrator, sign in, and take a token."""
        username, password = ADMIN
        self.call("POST", "/api/v1/setup", {"code": setup_code, "username": username, "password": password})
        session = self.call("POST", "/api/v1/session", {"username": username, "password": password})
        cookie = self.cookies[0].split(";")[0]
        headers = {"Cookie": cookie, "X-CSRF-Token": session["csrf"]}
        made = self.call("POST", "/api/v1/tokens", {"name": "rig", "role": "administrator"}, headers)
        self.token = made["token"]


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
    def start(cls, folder: Path, *, site: str = "empty", shards: int = 2) -> Iterator[Self]:
        """Start it, wait for its ready line, sign in, and stop it at the end."""
        environment = {
            **os.environ,
            "GATEHOUSE_DATA": str(folder),
            "GATEHOUSE_PORT": "0",
            "GATEHOUSE_SITE": site,
            "GATEHOUSE_INGEST_SHARDS": str(shards),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "hwtests.launch"], env=environment, stdout=subprocess.PIPE, text=True
        )
        try:
            url, code = _ready_line(process)
            appliance = cls(folder, process, url, code)
            appliance.api.sign_in(code)
            yield appliance
        finally:
            process.terminate()
            process.wait(START_TIMEOUT_S)

    def unit_pids(self) -> dict[str, int]:
        """The running units' process ids, by unit name."""
        units = json.loads((self.folder / "run" / "supervisor.json").read_text())["units"]
        return {name: int(unit["pid"]) for name, unit in units.items() if unit["pid"]}

    def kill(self, unit: str) -> None:
        """kill -9 one unit."""
        os.kill(self.unit_pids()[unit], signal.SIGKILL)


def _ready_line(process: "subprocess.Popen[str]") -> tuple[str, str]:
    assert process.stdout is not None
    for line in process.stdout:
        if match := READY.match(line.strip()):
            return match[1], match[2]
    raise RuntimeError("the appliance ended before it was ready")


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
