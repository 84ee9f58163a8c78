"""Cameras: added, changed, removed; ids and passwords."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from appliance.cameras.model import shard_of
from appliance.cameras.state import CameraState
from appliance.security.roles import Role
from tests.api.serving import Site, camera, following, serving
from tests.bus.broker import Broker, running, until

CAMERAS = "/api/v1/cameras"


async def add(site: Site, name: str = "Front", **source: str) -> str:
    answer = await site.call("POST", CAMERAS, camera(name, **source), **await site.token())
    assert answer.status == 201, answer.content
    return str(answer.json["id"])


async def test_a_camera_is_added_shown_changed_and_removed(site: Site) -> None:
    admin = await site.token()
    added = await site.call("POST", CAMERAS, camera("Front door", username="ada", password="hush"), **admin)
    assert added.headers["Location"] == f"{CAMERAS}/front-door"
    shown = (await site.call("GET", f"{CAMERAS}/front-door", **admin)).json
    assert shown == added.json
    assert shown["source"] == {
        "url": "rtsp://192.0.2.1/stream",
        "username": "ada",
        "has_password": True,
        "transport": "auto",
        "verify_tls": True,
    }
    patch = {"name": "Back door", "recording": {"continuous": False}}
    changed = (await site.call("PATCH", f"{CAMERAS}/front-door", patch, **admin)).json
    assert (changed["id"], changed["name"]) == ("front-door", "Back door")
    assert changed["recording"]["continuous"] is False
    assert changed["recording"]["manual"] == shown["recording"]["manual"]
    assert changed["source"] == shown["source"]
    assert (await site.call("DELETE", f"{CAMERAS}/front-door", **admin)).status == 204
    assert (await site.call("GET", CAMERAS, **admin)).json == {"cameras": []}
    assert (await site.call("DELETE", f"{CAMERAS}/front-door", **admin)).code == "not-found"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://192.0.2.1/stream?key=canary", "rtsp://192.0.2.1"),
        ("rtsp://[2001:db8::1]:8554?canary", "rtsp://[2001:db8::1]:8554"),
        ("file:film.mkv", "file:film.mkv"),
    ],
)
@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_who_may_not_change_a_camera_sees_only_where_it_is(site: Site, role: Role, url: str, shown: str) -> None:
    camera_id = await add(site, url=url, username="canary", password="canary")
    asking = await site.token(role)
    one = await site.call("GET", f"{CAMERAS}/{camera_id}", **asking)
    assert (one.json["source"]["url"], one.json["source"]["username"]) == (shown, "")
    every = await site.call("GET", CAMERAS, **asking)
    assert every.json["cameras"] == [one.json]
    assert b"canary" not in one.content + every.content


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Café (north)", "cafe-north"),
        ("入口", "camera"),
        ("-- ! --", "camera"),
        ("x" * 120, "x" * 32),
        ("Ａisle ４", "aisle-4"),
        ("0", "0"),
    ],
)
async def test_the_id_is_made_from_the_name(site: Site, name: str, expected: str) -> None:
    assert await add(site, name) == expected


async def test_an_id_is_never_given_out_twice(tmp_path: Path) -> None:
    async with serving(tmp_path) as site:
        assert [await add(site) for _ in range(3)] == ["front", "front-2", "front-3"]
        await site.call("DELETE", f"{CAMERAS}/front-2", **await site.token())
    async with serving(tmp_path) as site:
        assert await add(site) == "front-4"
        assert await add(site, "front 2") == "front-2-2"


async def test_an_id_with_recordings_is_not_given_to_another_camera(site: Site) -> None:
    (site.folder / "volumes" / "main" / "segments" / "front").mkdir(parents=True)
    assert await add(site) == "front-2"


async def test_null_sets_a_field_back_to_its_default(site: Site) -> None:
    admin, camera_id = await site.token(), await add(site, password="hush", transport="udp")
    patch = {"source": {"password": None, "transport": None}, "enabled": None, "recording": None}
    changed = (await site.call("PATCH", f"{CAMERAS}/{camera_id}", patch, **admin)).json
    assert (changed["source"]["has_password"], changed["source"]["transport"]) == (False, "auto")
    refused = await site.call("PATCH", f"{CAMERAS}/{camera_id}", {"source": {"url": None}}, **admin)
    assert (refused.code, refused.json["field"]) == ("wrong-value", "source.url")


async def test_a_change_of_what_somebody_else_changed_is_refused(site: Site) -> None:
    admin, camera_id = await site.token(), await add(site)
    other = await add(site, "Other")
    path = f"{CAMERAS}/{camera_id}"
    before = await site.call("GET", path, **admin)
    assert before.headers["ETag"] == f'"{before.json["revision"]}"'
    mine = {**admin, "If-Match": before.headers["ETag"]}
    await site.call("PATCH", f"{CAMERAS}/{other}", {"name": "Another"}, **admin)
    assert (await site.call("PATCH", path, {"name": "One"}, **mine)).status == 200
    assert (await site.call("PATCH", path, {"name": "Two"}, **mine)).code == "changed-meanwhile"
    assert (await site.call("DELETE", path, **mine)).code == "changed-meanwhile"
    assert (await site.call("PATCH", path, {"name": "Two"}, **admin, If_Match="*")).status == 200
    assert (await site.call("PATCH", path, {"name": "Two"}, **admin, If_Match="W/x")).code == "bad-if-match"


async def test_the_revision_of_a_camera_outlives_a_restart(tmp_path: Path) -> None:
    async with serving(tmp_path) as site:
        first = await add(site)
        await add(site, "Second")
        revision = (await site.call("GET", f"{CAMERAS}/{first}", **await site.token())).json["revision"]
    async with serving(tmp_path) as site:
        assert (await site.call("GET", f"{CAMERAS}/{first}", **await site.token())).json["revision"] == revision


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://192.0.2.9/stream",
        "rtsp://192.0.2.1:8554/stream",
        "rtsps://192.0.2.1/stream",
        "http://192.0.2.1/stream",
        "file:a.mkv",
    ],
)
async def test_a_password_does_not_follow_the_address_to_another_place(site: Site, url: str) -> None:
    admin, camera_id = await site.token(), await add(site, username="ada", password="hush")
    path = f"{CAMERAS}/{camera_id}"
    refused = await site.call("PATCH", path, {"source": {"url": url}}, **admin)
    assert (refused.code, refused.json["field"]) == ("password-needed-again", "source.password")
    assert (await site.call("PATCH", path, {"source": {"url": url, "password": "new"}}, **admin)).status == 200
    moved = await site.call("PATCH", path, {"source": {"url": "rtsp://192.0.2.3/x", "password": ""}}, **admin)
    assert moved.json["source"]["has_password"] is False


async def test_a_password_stays_when_only_the_path_changes(site: Site) -> None:
    admin, camera_id = await site.token(), await add(site, username="ada", password="hush")
    patch = {"source": {"url": "RTSP://192.0.2.1:554/other"}}
    assert (await site.call("PATCH", f"{CAMERAS}/{camera_id}", patch, **admin)).json["source"]["has_password"] is True


async def test_a_state_that_nobody_has_reported_waits(site: Site) -> None:
    state = (await site.call("GET", f"{CAMERAS}/{await add(site)}", **await site.token())).json["state"]
    assert (state["status"], state["problem"]["code"]) == ("waiting", "not-heard-yet")


async def test_ingest_hears_of_changes_and_is_heard(broker: Broker) -> None:
    await broker.credentials()
    bus, shards = broker.bus("api"), {name: broker.bus(name) for name in ("ingest-0", "ingest-1")}
    async with serving(broker.paths.data, bus=bus) as site, running(bus):
        admin, operator = await site.token(), await site.token(Role.OPERATOR)
        owner = f"ingest-{shard_of('front', 2)}"
        pressed: list[object] = []

        async def press(data: dict[str, object]) -> object:
            pressed.append(data)
            return {"status": "streaming", "since": "2026-11-25T12:00:00Z", "recording": ["manual"]}

        async def probe(data: dict[str, dict[str, object]]) -> object:
            pressed.append(data["source"])
            return {"codec": "h264", "width": 640, "height": 480, "fps": 25.0}

        shards[owner].handle("manual-recording", press)
        for shard in shards.values():
            shard.handle("probe", probe)
        async with running(shards["ingest-0"]), running(shards["ingest-1"]), following(site):
            await shards[owner].wait_connected()
            async with shards[owner].subscribe("event/api/config/changed") as events:
                await add(site, username="ada", password="hush")
                assert (await anext(events))[1]["data"] == {"table": "cameras", "revision": 1}
            state = CameraState(status="streaming", since="2026-11-25T12:00:00Z", packets_lost=7)  # type: ignore[arg-type]
            shards[owner].set_state("camera/front", state)
            await until(lambda: site.services.states.get("front").packets_lost == 7)
            stranger = next(name for name in shards if name != owner)
            shards[stranger].set_state("camera/front", {**msgspec.to_builtins(state), "packets_lost": 8})
            recording = await site.call("PUT", f"{CAMERAS}/front/manual-recording", **operator)
            assert recording.json["recording"] == ["manual"]
            assert (await site.call("DELETE", f"{CAMERAS}/front/manual-recording", **operator)).status == 200
            assert site.services.states.get("front").packets_lost == 7
            assert [request["on"] for request in pressed] == [True, False]  # type: ignore[index]
            source = {"url": "rtsp://192.0.2.1/other", "username": "ada"}
            for url in (source["url"], "rtsp://192.0.2.2/other"):
                body = {"source": {**source, "url": url}, "camera": "front"}
                assert (await site.call("POST", f"{CAMERAS}/probe", body, **admin)).json["codec"] == "h264"
            assert [look["password"] for look in pressed[2:]] == ["hush", ""]  # type: ignore[index]


async def test_a_camera_waits_while_its_ingest_unit_is_gone(broker: Broker) -> None:
    await broker.credentials()
    bus, owner = broker.bus("api"), f"ingest-{shard_of('front', 2)}"
    async with serving(broker.paths.data, bus=bus) as site, running(bus), following(site):
        states = site.services.states
        unit = broker.process(owner)
        try:
            await until(lambda: site.services.health.alive(owner))
            states.take("front", {"status": "streaming", "since": "2026-11-25T12:00:00Z"})
            with states.watch() as changes:
                unit.kill()
                async with asyncio.timeout(20):
                    assert await anext(changes) == "front"
                state = states.get("front")
            assert (state.status, (state.problem or {})["code"]) == ("waiting", "recorder-restarting")
        finally:
            unit.kill()
            unit.wait()
        async with running(broker.bus(owner)):
            await until(lambda: states.get("front").status == "streaming")
