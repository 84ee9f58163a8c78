"""Cameras go and come back, the broker stays away: recording does what can be done, and says what it could not do."""

import asyncio
import os
import signal
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hwtests.appliance import ApiClient, Appliance, now_us, wait_for
from hwtests.camera.process import CameraProcess
from hwtests.recorded import decoded, holes
from tests.appliance.conftest import US_PER_S, AddCamera, record

pytestmark = pytest.mark.timeout(400)

AWAY_S = int(os.environ.get("GATEHOUSE_BROKER_AWAY_S", "10"))


def leave(simulator: CameraProcess, how: str) -> None:
    if how == "drop":
        simulator.set_faults("flaky", refuse=True)
        simulator.drop("flaky")
    else:
        simulator.set_faults("flaky", **{how: True})


@pytest.mark.parametrize("how", ["drop", "stall"])
def test_a_camera_that_goes_and_comes_back_leaves_a_gap_with_its_cause(
    api: ApiClient, simulator: CameraProcess, add: AddCamera, how: str
) -> None:
    added = add(simulator.source("flaky"))
    api.wait_status(added, "streaming")
    start_us, _ = record(api, added, 2)
    leave(simulator, how)
    try:
        problem = api.wait_status(added, "waiting", 90)["state"]["problem"]
    finally:
        simulator.clear_faults("flaky")
    assert problem["remedy"]
    api.wait_status(added, "streaming", 90)
    _, end_us = record(api, added, 2)
    timeline = api.timeline(added, start_us, end_us)
    assert {gap["cause"] for gap in timeline["gaps"]} == {"camera"}
    assert len(timeline["spans"]) == 2
    assert timeline["recorded_percent"] < 100


def test_while_the_broker_is_away_recording_goes_on_and_what_is_owed_is_told_when_it_returns(
    appliance: Appliance, simulator: CameraProcess, street: str, add: AddCamera, tmp_path: Path
) -> None:
    api = appliance.api
    added = add(simulator.source("flaky"))
    api.wait_status(added, "streaming")
    start_us, _ = record(api, street, 2)
    before = appliance.units()

    async def through_the_outage() -> list[dict[str, Any]]:
        async with events(appliance) as heard:
            with nobody_starts_it_again(appliance):
                appliance.kill("bus")
                away_us = now_us()
                simulator.drop("flaky")
                await asyncio.to_thread(
                    wait_for,
                    lambda: recorded_beyond(api, street, away_us + AWAY_S * US_PER_S),
                    AWAY_S + 60,
                    "recording to go on",
                )
            await asyncio.to_thread(appliance.wait_back, "bus", before["bus"]["pid"])
            return await until_told(heard, added, {"camera/lost", "camera/found"})

    told = asyncio.run(through_the_outage())
    end_us = record(api, street, 1)[1]
    assert holes(decoded(api.media(street, start_us, end_us, tmp_path / "x.mp4"))) == []
    assert [event["type"] for event in told] == ["camera/lost", "camera/found"]
    after = appliance.units()
    assert {name: unit["pid"] for name, unit in after.items() if name != "bus"} == {
        name: unit["pid"] for name, unit in before.items() if name != "bus"
    }


@contextmanager
def nobody_starts_it_again(appliance: Appliance) -> Iterator[None]:
    """The supervisor is stopped, so that what dies stays away."""
    os.kill(appliance.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(appliance.process.pid, signal.SIGCONT)


def recorded_beyond(api: ApiClient, camera_id: str, time_us: int) -> bool:
    """By the index, which needs no broker."""
    return bool(api.timeline(camera_id, time_us, time_us + US_PER_S)["spans"])


@asynccontextmanager
async def events(appliance: Appliance) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """The events socket of the public API."""
    tls = ssl.create_default_context(cafile=appliance.folder / "tls" / "ca.pem")
    headers = {"Authorization": f"Bearer {appliance.api.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.ws_connect(f"{appliance.url}/api/v1/events", ssl=tls, heartbeat=20) as socket,
    ):
        yield socket


async def until_told(socket: aiohttp.ClientWebSocketResponse, camera_id: str, wanted: set[str]) -> list[dict[str, Any]]:
    """Events of one camera and these types, each id once, until every type has come."""
    told: dict[str, dict[str, Any]] = {}
    async with asyncio.timeout(60):
        while not wanted <= {event["type"] for event in told.values()}:
            message = await socket.receive_json()
            about_it = message["op"] == "event" and message["data"].get("camera") == camera_id
            if about_it and message["type"] in wanted:
                told.setdefault(message["id"], message)
    return list(told.values())
