import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientWebSocketResponse, WSMsgType

from appliance.cameras.model import Camera, Source
from appliance.core.clock import SystemClock
from appliance.core.events import new_event
from appliance.security.roles import Role
from tests.api.serving import Site, serving
from tests.bus.broker import Broker, running, until

STREAMING = {"status": "streaming", "since": "2026-11-24T13:00:00.000000Z", "recording": ["continuous"]}


def add(site: Site, *names: str) -> None:
    for name in names:
        site.services.cameras.put(Camera(id=name, name=name, source=Source(url="rtsp://127.0.0.1/x")), actor="test")


@asynccontextmanager
async def listening(site: Site, headers: dict[str, str] | None = None) -> AsyncIterator[ClientWebSocketResponse]:
    url = site.url("/api/v1/events").replace("https", "wss")
    given = headers if headers is not None else await site.token(Role.VIEWER)
    async with site.client.ws_connect(url, headers=given) as socket:
        yield socket


async def heard(socket: ClientWebSocketResponse, **wanted: Any) -> dict[str, Any]:
    """The next message that has these fields."""
    async with asyncio.timeout(20):
        while True:
            message = await socket.receive()
            assert message.type is WSMsgType.TEXT, message
            found: dict[str, Any] = json.loads(message.data)
            if all(found.get(name) == value for name, value in wanted.items()):
                return found


async def test_a_full_set_of_states_comes_first_then_changes(tmp_path: Path) -> None:
    async with serving(tmp_path) as site:
        add(site, "front", "yard")
        site.services.states.take("front", STREAMING)
        async with listening(site) as socket:
            first = [await heard(socket) for _ in range(2)]
            assert {message["camera"]: message["state"]["status"] for message in first} == {
                "front": "streaming",
                "yard": "waiting",
            }
            assert next(m for m in first if m["camera"] == "yard")["state"]["problem"]["remedy"]
            site.services.states.take("yard", STREAMING)
            assert (await heard(socket))["camera"] == "yard"


async def test_a_camera_that_is_gone_has_no_state(tmp_path: Path) -> None:
    async with serving(tmp_path) as site:
        add(site, "front")
        async with listening(site) as socket:
            await heard(socket, camera="front")
            site.services.cameras.delete("front", actor="test")
            site.services.states.take("front", None)
            assert (await heard(socket, camera="front"))["state"] is None


async def test_facts_of_the_units_are_heard_by_viewers_but_not_all_of_them(broker: Broker) -> None:
    await broker.credentials()
    bus, ingest, clock = broker.bus("api"), broker.bus("ingest-0"), SystemClock()
    async with serving(broker.paths.data, bus=bus) as site, running(bus), running(ingest):
        await until(lambda: bus.connected and ingest.connected)
        async with listening(site) as socket:
            secret = new_event(clock, "ingest-0", "door/opened", {"user": "x"})
            lost = new_event(clock, "ingest-0", "camera/lost", {"camera": "front"})
            told: dict[str, Any] | None = None
            async with asyncio.timeout(20):
                while told is None:  # until the socket's subscription stands
                    ingest.publish(secret)
                    ingest.publish(lost)
                    try:
                        async with asyncio.timeout(0.5):
                            told = await heard(socket)
                    except TimeoutError:
                        continue
            assert (told["op"], told["id"], told["type"], told["data"]) == (
                "event",
                lost.id,
                "camera/lost",
                {"camera": "front"},
            )
            assert told["time"].endswith("Z") and told["source"] == "ingest-0"


async def test_the_socket_is_for_listening(tmp_path: Path) -> None:
    async with serving(tmp_path) as site, listening(site) as socket:
        await socket.send_str("hello")
        assert (await socket.receive(timeout=10)).data == 1003


async def test_without_a_role_nothing_is_heard(tmp_path: Path) -> None:
    async with serving(tmp_path) as site:
        for path in ("/api/v1/events", "/api/v1/media"):
            answer = await site.call("GET", path, Upgrade="websocket", Connection="Upgrade")
            assert (answer.status, answer.code) == (401, "not-signed-in")
