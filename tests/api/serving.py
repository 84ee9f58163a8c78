"""The api unit in this process: real configuration, SQLite, TLS and HTTP; the bus where a test brings a broker."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from argon2 import PasswordHasher
from multidict import CIMultiDictProxy

from appliance.api.connection import Bounds, HttpsServer
from appliance.api.page import Page
from appliance.api.routing import Route
from appliance.api.server import BODY_TIMEOUT_S, build_app
from appliance.api.services import Services
from appliance.api.table import all_routes
from appliance.api.tls import server_context
from appliance.api.unit import open_services
from appliance.core.bus import Bus
from appliance.core.clock import Clock, SystemClock
from appliance.core.paths import Paths
from appliance.core.unit import Notifier, UnitContext
from appliance.security.passwords import Passwords
from appliance.security.roles import Role
from appliance.security.sessions import csrf_of

PASSWORD = "several words together"
SESSION_COOKIE = "__Host-session"


def quick_passwords() -> Passwords:
    """argon2id with the least memory and time it allows: the tests are not about its strength."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: CIMultiDictProxy[str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def code(self) -> str:
        """The code of a problem; it must be one."""
        assert self.headers["Content-Type"] == "application/problem+json", self.content
        problem = self.json
        assert problem["title"] and problem["remedy"] and problem["status"] == self.status
        return str(problem["code"])

    def cookie(self, name: str) -> str:
        """The value that was set."""
        for text in self.headers.getall("Set-Cookie", []):
            if text.startswith(f"{name}="):
                return str(text.split(";")[0].partition("=")[2])
        raise AssertionError(f"no {name} was set")


@dataclass
class Site:
    """A served appliance."""

    folder: Path
    services: Services
    routes: list[Route]
    port: int
    client: aiohttp.ClientSession
    seen: list[bytes] = field(default_factory=list)  # everything that was ever answered

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request. body: JSON, or bytes as they are."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        async with self.client.request(method, self.url(path), data=content, headers=sent) as response:
            answer = Answer(response.status, response.headers, await response.read())
        self.seen += [answer.content, repr(answer.headers).encode()]
        return answer

    def url(self, path: str) -> str:
        """Its address."""
        return f"https://localhost:{self.port}{path}"

    async def token(self, role: Role = Role.ADMINISTRATOR) -> dict[str, str]:
        """Headers of a program with this role."""
        _, secret = await self.services.access.tokens.make(f"test {role}", role, "test")
        return {"Authorization": f"Bearer {secret}"}

    async def user(self, role: Role = Role.ADMINISTRATOR) -> str:
        """A user of this role, by its name."""
        if self.services.access.users.get(role.value) is None:
            await self.services.access.users.add(role.value, PASSWORD, role)
        return role.value

    async def session(self, role: Role = Role.ADMINISTRATOR) -> dict[str, str]:
        """Headers of our page with a user of this role signed in."""
        token = await self.services.access.sessions.start(await self.user(role))
        return {
            "Cookie": f"{SESSION_COOKIE}={token}",
            "X-CSRF-Token": csrf_of(token),
            "Origin": f"https://localhost:{self.port}",
        }


@asynccontextmanager
async def serving(
    folder: Path,
    *,
    clock: Clock | None = None,
    bus: Bus | None = None,
    page: Page | None = None,
    bounds: Bounds | None = None,
    body_timeout_s: float = BODY_TIMEOUT_S,
    extra: tuple[Route, ...] = (),
) -> AsyncIterator[Site]:
    """Serve on a free port."""
    paths, clock = Paths(folder), clock or SystemClock()
    bus = bus or Bus("api", paths.bus_socket, paths.bus_credential("api"), clock)
    context = UnitContext("api", 0, paths, clock, bus, Notifier(None))
    async with open_services(context, quick_passwords()) as services:
        routes = [*all_routes(services), *extra]
        tls = await asyncio.to_thread(server_context, paths.tls, SystemClock())
        app = build_app(routes, services, page or Page(), body_timeout_s=body_timeout_s)
        server = HttpsServer(app, tls, bounds)
        port = await server.start(0)
        connector = aiohttp.TCPConnector(ssl=trusting(paths))
        async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as client:
            try:
                yield Site(folder, services, routes, port, client)
            finally:
                await client.close()
                await server.stop()


def trusting(paths: Paths) -> ssl.SSLContext:
    """A client that trusts the appliance's own authority, and nobody else."""
    return ssl.create_default_context(cafile=paths.tls / "ca.pem")


def camera(name: str = "Front", **source: Any) -> dict[str, Any]:
    """A camera as the API takes it."""
    return {"name": name, "source": {"url": "rtsp://192.0.2.1/stream", **source}}


@asynccontextmanager
async def following(site: Site) -> AsyncIterator[None]:
    """Hear what the units say on the bus, as the unit does."""
    services = site.services
    tasks = [asyncio.create_task(services.states.follow(services.context.bus))]
    tasks.append(asyncio.create_task(services.health.follow()))
    tasks.append(asyncio.create_task(services.updates.follow(services.context.bus)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
