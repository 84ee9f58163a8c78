"""The unit as it is started: its ready file, its end, and kill -9 in the middle of writing."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from appliance.api.unit import listening_port
from appliance.core.errors import ProblemError
from appliance.core.paths import Paths
from hwtests.appliance import Appliance, wait_for
from tests.api.serving import PASSWORD, camera, trusting

KILLS = 3


class Unit:
    """`python -m appliance api` in a state folder of its own, without a bus."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self.setup_code = ""

    async def start(self) -> None:
        """Start it and wait for sd_notify's READY=1."""
        address = self.folder / "notify.sock"
        address.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
            heard.bind(str(address))
            heard.setblocking(False)
            environment = {**os.environ, "GATEHOUSE_DATA": str(self.folder), "GATEHOUSE_PORT": "0"}
            environment |= {"NOTIFY_SOCKET": str(address), "GATEHOUSE_SITE": "empty"}
            self.process = subprocess.Popen([sys.executable, "-m", "appliance", "api"], env=environment)  # noqa: ASYNC220
            async with asyncio.timeout(60):
                while b"READY=1" not in await asyncio.get_running_loop().sock_recv(heard, 1000):
                    pass
        told = json.loads((self.folder / "run" / "api" / "ready.json").read_text())
        self.url, self.setup_code = told["url"], told["setup_code"]

    def kill(self, number: int = signal.SIGKILL) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(30)


@asynccontextmanager
async def running_unit(folder: Path) -> AsyncIterator[Unit]:
    unit = Unit(folder)
    await unit.start()
    try:
        yield unit
    finally:
        unit.kill()


def client(folder: Path) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(ssl=trusting(Paths(folder)))
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


async def make_token(unit: Unit) -> dict[str, str]:
    """Set up, sign in and take a token, as a person and then a program would."""
    async with client(unit.folder) as http:
        who = {"username": "ada", "password": PASSWORD}
        async with http.post(f"{unit.url}/api/v1/setup", json={"code": unit.setup_code, **who}) as answer:
            assert answer.status == 200, await answer.text()
        async with http.post(f"{unit.url}/api/v1/session", json=who) as answer:
            csrf = (await answer.json())["csrf"]
            cookie = answer.headers.getall("Set-Cookie")[0].split(";")[0]
        headers = {"Cookie": cookie, "X-CSRF-Token": csrf}
        body = {"name": "test", "role": "administrator"}
        async with http.post(f"{unit.url}/api/v1/tokens", json=body, headers=headers) as answer:
            return {"Authorization": f"Bearer {(await answer.json())['token']}"}


async def add_until_it_dies(unit: Unit, token: dict[str, str], acknowledged: list[str]) -> None:
    """Add cameras as fast as they are acknowledged."""
    async with client(unit.folder) as http:
        while True:
            body = camera(f"Camera {len(acknowledged)}")
            try:
                async with http.post(f"{unit.url}/api/v1/cameras", json=body, headers=token) as answer:
                    assert answer.status == 201
                    acknowledged.append((await answer.json())["id"])
            except aiohttp.ClientError:
                return


async def read(unit: Unit, path: str, token: dict[str, str]) -> Any:
    async with client(unit.folder) as http, http.get(f"{unit.url}{path}", headers=token) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def test_a_kill_in_the_middle_of_writing_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    async with running_unit(tmp_path) as unit:
        token, acknowledged = await make_token(unit), list[str]()
        for number in range(KILLS):
            writing = asyncio.create_task(add_until_it_dies(unit, token, acknowledged))
            while len(acknowledged) < 5 * (number + 1) + number:
                assert not writing.done()
                await asyncio.sleep(0.001)
            before = unit.url
            unit.kill()
            await writing
            await unit.start()
            assert (unit.url, unit.setup_code) == (before, "done")
        there = [one["id"] for one in (await read(unit, "/api/v1/cameras", token))["cameras"]]
        assert set(acknowledged) <= set(there)
        assert len(there) <= len(acknowledged) + KILLS
        assert len(set(acknowledged)) == len(acknowledged)
        assert (await read(unit, "/api/v1/audit/check", token))["intact"] is True
        noted = (await read(unit, "/api/v1/audit?limit=1000", token))["entries"]
        added = {entry["subject"] for entry in noted if entry["action"] == "add camera"}
        assert set(acknowledged) <= added


async def test_the_ready_file_is_private_and_names_the_port_that_it_got(tmp_path: Path) -> None:
    async with running_unit(tmp_path) as unit:
        assert unit.url.startswith("https://localhost:")
        assert (tmp_path / "run" / "api" / "ready.json").stat().st_mode & 0o077 == 0
        health = await read(unit, "/api/v1/health", {})
        assert health["status"] == "degraded"
        assert unit.kill(signal.SIGTERM) == 0


@pytest.mark.parametrize("text", ["x", "-1", "65536", "8443 ", "٣"])
def test_a_port_that_is_none_is_a_problem(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEHOUSE_PORT", text)
    with pytest.raises(ProblemError) as problem:
        listening_port()
    assert problem.value.field == "GATEHOUSE_PORT"


def test_a_port_that_somebody_else_has_is_named_with_a_remedy(tmp_path: Path) -> None:
    with socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True) as taken:
        port = str(taken.getsockname()[1])
        environment = {**os.environ, "GATEHOUSE_DATA": str(tmp_path), "GATEHOUSE_PORT": port, "GATEHOUSE_SITE": "empty"}
        command = [sys.executable, "-m", "appliance", "api"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"Port {port} cannot be opened" in done.stderr
    assert "GATEHOUSE_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_whole_appliance_is_set_up_and_says_what_is_wrong_with_a_camera(tmp_path: Path) -> None:
    with Appliance.start(tmp_path, shards=1) as appliance:
        api = appliance.api
        assert api.call("GET", "/api/v1/setup") == {"needed": False, "data_problem": None}
        wait_for(lambda: api.call("GET", "/api/v1/health")["status"] == "ok", 30, "every unit")
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            body = camera(url=f"rtsp://127.0.0.1:{closed.getsockname()[1]}/x", password="hush")
            made = api.call("POST", "/api/v1/cameras", body)

            def problem() -> bool:
                try:
                    state = api.call("GET", f"/api/v1/cameras/{made['id']}")["state"]
                except OSError:
                    return False  # being restarted
                return bool(state["problem"] and state["problem"]["code"] == "connection-refused")

            wait_for(problem, 30, "the cause on the camera's tile")
            appliance.kill("api")
            appliance.kill("ingest@0")
            wait_for(problem, 30, "the same after a restart")
        log = b"".join(file.read_bytes() for file in (tmp_path / "log").iterdir())
        assert b"hush" not in log
