"""Updates over the API: a bundle is sent, refused or installed, as the updates unit on the real bus does it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from appliance.api.backups import answer_backup_requests
from appliance.backup.store import BackupStore
from appliance.core.clock import SystemClock
from appliance.core.unit import Notifier, UnitContext
from appliance.security.roles import Role
from appliance.updates.files import UpdateFiles
from appliance.updates.requests import answer_requests
from appliance.updates.rounds import follow_source
from appliance.updates.unit import back_up
from appliance.updates.updater import Updater
from tests.api.serving import Site, following, serving
from tests.bus.broker import Broker, broker_fixture, running
from tests.updates.bundles import Workshop, changed, cut
from tests.updates.conftest import floors, workshop_fixture
from tests.updates.machine import Machine

__all__ = ["broker_fixture", "floors", "workshop_fixture"]
OCTETS = {"Content-Type": "application/octet-stream"}
BUNDLE, UPDATES = "/api/v1/updates/bundle", "/api/v1/updates"


@dataclass
class Appliance:
    """The api unit and the updates unit, in this process, on one bus."""

    site: Site
    machine: Machine
    updater: Updater
    administrator: dict[str, str]

    async def send(self, bundle: Path | bytes, **headers: str) -> Any:
        content = bundle if isinstance(bundle, bytes) else bundle.read_bytes()
        return await self.site.call("POST", BUNDLE, content, **{**OCTETS, **self.administrator, **headers})

    async def view(self) -> dict[str, Any]:
        answer = await self.site.call("GET", UPDATES, **self.administrator)
        assert answer.status == 200
        found: dict[str, Any] = answer.json
        return found

    async def until(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        async with asyncio.timeout(30):
            while not condition(view := await self.view()):
                await asyncio.sleep(0.02)
        return view

    @property
    def leftovers(self) -> list[str]:
        return sorted(path.name for path in self.site.services.context.paths.updates.rglob("*") if path.is_file())


@pytest.fixture(name="appliance")
async def appliance_fixture(
    broker: Broker, workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Appliance]:
    machine = Machine.make(tmp_path / "machine", workshop, monkeypatch)
    await broker.credentials()
    api, updates = broker.bus("api"), broker.bus("updates")
    updater = machine.updater(updates, UpdateFiles(broker.paths.updates), partial(back_up, updates))
    answer_requests(updates, updater)
    answer_backup_requests(UnitContext("api", 0, broker.paths, SystemClock(), api, Notifier(None)))
    async with serving(broker.paths.data, bus=api) as site, running(api), following(site):
        site.services.updates.tell_source()
        async with asyncio.TaskGroup() as group:
            await updater.recover(group)
            unit = [group.create_task(updates.run()), group.create_task(follow_source(updates, updater))]
            one = Appliance(site, machine, updater, await site.token())
            async with asyncio.timeout(30):
                await asyncio.gather(api.wait_connected(), updates.wait_connected())
            await one.until(lambda view: view["running"]["slot"] == "a")
            yield one
            for task in unit:
                task.cancel()


async def test_a_bundle_is_sent_and_installed(appliance: Appliance, workshop: Workshop) -> None:
    answer = await appliance.send(workshop.bundle("1.3.0"))
    assert answer.status == 202
    assert (answer.json["task"]["state"], answer.json["task"]["version"]) == ("checking", "1.3.0")
    view = await appliance.until(lambda view: view["task"]["state"] == "restart-needed")
    assert view["running"] == {"version": "1.2.0", "slot": "a"}
    assert view["floor"] == "1.0.0"
    assert [(slot["name"], slot["state"], slot["tries_left"]) for slot in view["slots"]] == [
        ("a", "running", 6),
        ("b", "trial", 2),
    ]
    assert appliance.leftovers == []
    entries = await appliance.site.services.audit.newest(1)
    assert (entries[0].action, entries[0].outcome) == ("install update", "done")
    kept = BackupStore(appliance.site.services.context.paths, SystemClock()).all()
    assert [backup.id.partition("-")[2] for backup in kept] == ["before-update"]
    assert (await appliance.send(workshop.bundle("1.3.0"))).code == "restart-needed"


async def test_bad_bundles_are_answered_with_their_reason(
    appliance: Appliance, workshop: Workshop, tmp_path: Path
) -> None:
    good, file = workshop.bundle(), tmp_path / "x"
    for bundle, code in (
        (cut(good, 100_000, file).read_bytes(), "bundle-truncated"),
        (changed(good, -40, file).read_bytes(), "bundle-tampered"),
        (workshop.bundle(arch="arm64").read_bytes(), "bundle-wrong-device"),
        (workshop.bundle("0.9.0").read_bytes(), "bundle-downgrade"),
        (b"something else", "not-a-bundle"),
    ):
        answer = await appliance.send(bundle)
        assert (answer.status, answer.code) == (422, code)
        view = await appliance.view()
        assert (view["task"]["state"], view["task"]["problem"]["code"]) == ("failed", code)
        assert appliance.leftovers == []
        assert [slot["state"] for slot in view["slots"]] == ["running", "empty"]


async def test_a_payload_that_was_changed_is_found_after_the_answer(
    appliance: Appliance, workshop: Workshop, tmp_path: Path
) -> None:
    assert (await appliance.send(changed(workshop.bundle(), 150_000, tmp_path / "x"))).status == 202
    view = await appliance.until(lambda view: view["task"]["state"] == "failed")
    assert view["task"]["problem"]["code"] == "bundle-tampered"


async def test_what_is_no_file_is_refused_before_it_is_read(appliance: Appliance) -> None:
    call, who = appliance.site.call, appliance.administrator
    assert (await call("POST", BUNDLE, {}, **who)).code == "not-a-file"
    assert (await call("POST", BUNDLE, b"", **OCTETS, **who)).code == "length-required"
    assert (await call("POST", BUNDLE, b"x", Content_Encoding="gzip", **OCTETS, **who)).code == "compressed"


async def test_more_than_any_update_has_is_refused_before_it_is_read(appliance: Appliance) -> None:
    headers = {**OCTETS, **appliance.administrator, "Content-Length": str(3 << 30)}
    async with appliance.site.client.post(appliance.site.url(BUNDLE), headers=headers, data=endless()) as answer:
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (413, "bundle-too-large")
    assert appliance.leftovers == []


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield bytes(1000)
        await asyncio.sleep(0.1)


@dataclass
class Slow:
    """A body that stops until it may go on."""

    content: bytes
    go_on: asyncio.Event

    async def pieces(self) -> AsyncIterator[bytes]:
        yield self.content[:100_000]
        await self.go_on.wait()
        yield self.content[100_000:]


async def test_while_one_is_received_it_is_shown_and_can_be_cancelled(appliance: Appliance, workshop: Workshop) -> None:
    content = workshop.bundle().read_bytes()
    slow = Slow(content, asyncio.Event())
    headers = {**OCTETS, **appliance.administrator, "Content-Length": str(len(content))}
    sending = asyncio.create_task(
        appliance.site.client.post(appliance.site.url(BUNDLE), headers=headers, data=slow.pieces())
    )
    await appliance.until(lambda view: view["task"]["state"] == "receiving")
    assert (await appliance.send(content)).code == "update-busy"
    cancelled = await appliance.site.call("POST", f"{UPDATES}/cancel", {}, **appliance.administrator)
    assert cancelled.status == 200
    slow.go_on.set()
    answer = await sending
    assert (answer.status, (await answer.json(content_type=None))["code"]) == (409, "cancelled")
    view = await appliance.until(lambda view: view["task"]["state"] != "receiving")
    assert view["task"]["state"] == "idle"
    assert appliance.leftovers == []


async def test_a_client_that_goes_away_leaves_nothing(appliance: Appliance, workshop: Workshop) -> None:
    content = workshop.bundle().read_bytes()
    slow = Slow(content, asyncio.Event())
    headers = {**OCTETS, **appliance.administrator, "Content-Length": str(len(content))}
    sending = asyncio.create_task(
        appliance.site.client.post(appliance.site.url(BUNDLE), headers=headers, data=slow.pieces())
    )
    await appliance.until(lambda view: view["task"]["state"] == "receiving")
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    view = await appliance.until(lambda view: view["task"]["state"] != "receiving")
    assert view["task"]["state"] == "idle"
    assert appliance.leftovers == []


async def test_the_source_is_kept_and_reaches_the_unit(appliance: Appliance) -> None:
    call, who = appliance.site.call, appliance.administrator
    source = {"url": "https://updates.example/gatehouse/", "automatic": True}
    answer = await call("PUT", f"{UPDATES}/source", source, **who)
    assert answer.json["source"] == {**source, "checked_at": None, "offered": None}
    async with asyncio.timeout(20):
        while appliance.updater.source.url != source["url"]:
            await asyncio.sleep(0.02)
    stored = json.loads((appliance.site.folder / "config" / "updates.json").read_text())
    assert str(source["url"]) in str(stored)
    assert (await call("PUT", f"{UPDATES}/source", {"url": None, "automatic": False}, **who)).json["source"][
        "url"
    ] is None


@pytest.mark.parametrize("url", ["http://updates.example/", "https://me:secret@updates.example/", "nonsense"])
async def test_a_source_that_is_none_is_refused_by_its_field(appliance: Appliance, url: str) -> None:
    body = {"url": url, "automatic": False}
    answer = await appliance.site.call("PUT", f"{UPDATES}/source", body, **appliance.administrator)
    assert (answer.status, answer.code, answer.json["field"]) == (400, "bad-source", "url")
    assert b"secret" not in answer.content


async def test_without_source_nothing_is_looked_for(appliance: Appliance) -> None:
    call, who = appliance.site.call, appliance.administrator
    assert (await call("POST", f"{UPDATES}/check", {}, **who)).code == "no-update-source"
    assert (await call("POST", f"{UPDATES}/install", {}, **who)).code == "no-update-source"
    assert (await call("POST", f"{UPDATES}/cancel", {}, **who)).code == "not-cancellable"


async def test_who_watches_hears_of_it(appliance: Appliance, workshop: Workshop) -> None:
    viewer = await appliance.site.token(Role.VIEWER)
    async with appliance.site.client.ws_connect(appliance.site.url("/api/v1/events"), headers=viewer) as events:
        await appliance.send(workshop.bundle())
        states = set()
        async with asyncio.timeout(30):
            while "restart-needed" not in states:
                message = json.loads(await events.receive_str())
                if message.get("type") == "updates/changed":
                    states.add(message["data"]["state"])
        assert "receiving" in states


async def test_viewers_look_and_do_nothing(appliance: Appliance, workshop: Workshop) -> None:
    viewer = await appliance.site.token(Role.VIEWER)
    assert (await appliance.site.call("GET", UPDATES, **viewer)).status == 200
    answer = await appliance.site.call("POST", BUNDLE, workshop.bundle().read_bytes(), **OCTETS, **viewer)
    assert (answer.status, answer.code) == (403, "not-allowed")


async def test_the_slots_are_known_before_the_updates_unit_has_spoken(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Machine.make(tmp_path / "machine", workshop, monkeypatch)
    async with serving(tmp_path / "site") as site:
        view = (await site.call("GET", UPDATES, **await site.token())).json
        assert (view["running"]["slot"], view["floor"]) == ("a", "1.0.0")
        assert [slot["state"] for slot in view["slots"]] == ["running", "empty"]


async def test_from_a_source_tree_what_is_known_is_told_and_the_rest_refused(tmp_path: Path) -> None:
    async with serving(tmp_path) as site:
        who = await site.token()
        view = (await site.call("GET", UPDATES, **who)).json
        assert (view["running"]["slot"], view["slots"], view["task"]["state"]) == (None, [], "idle")
        answer = await site.call("POST", BUNDLE, b"x" * 5000, **OCTETS, **who)
        assert (answer.status, answer.code) == (409, "not-an-appliance")
