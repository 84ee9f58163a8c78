"""Health and storage, as the page shows them."""

import asyncio
import os
from pathlib import Path

import pytest

from appliance.api import overview
from appliance.api.page import Page
from appliance.core.clock import SystemClock
from appliance.security.roles import Role
from appliance.volumes.volume import IDENTITY_FILE, Volume
from tests.api.serving import Site, following, serving
from tests.bus.broker import Broker, running, until


async def test_without_the_bus_the_appliance_is_degraded_and_answers(site: Site) -> None:
    health = (await site.call("GET", "/api/v1/health")).json
    assert health["status"] == "degraded"
    assert {name: unit["status"] for name, unit in health["units"].items()} == {
        "api": "ok",
        "bus": "down",
        "ingest-0": "down",
        "ingest-1": "down",
        "updates": "down",
    }


async def test_health_follows_the_units(broker: Broker) -> None:
    await broker.credentials()
    bus = broker.bus("api")
    async with serving(broker.paths.data, bus=bus) as site, running(bus), following(site):
        report = site.services.health.report
        first, second, third = (broker.process(name) for name in ("ingest-0", "ingest-1", "updates"))
        try:
            await until(lambda: report().status == "ok")
            second.kill()
            await until(lambda: report().units["ingest-1"].status == "down")
            health = (await site.call("GET", "/api/v1/health")).json
            assert (health["status"], health["units"]["ingest-0"]["status"]) == ("degraded", "ok")
            assert health["units"]["ingest-1"]["since"] > health["units"]["api"]["since"]
        finally:
            for process in (first, second, third):
                process.kill()
                process.wait()


async def test_a_volume_that_comes_later_is_found_without_a_restart(tmp_path: Path) -> None:
    async with serving(tmp_path) as site:
        viewer = await site.token()
        (missing,) = (await site.call("GET", "/api/v1/storage", **viewer)).json["volumes"]
        assert (missing["name"], missing["status"], missing["id"]) == ("main", "missing", None)
        assert missing["problem"]["code"] == "volume-missing" and missing["problem"]["remedy"]
        volume = Volume.open_or_create(tmp_path / "volumes" / "main", SystemClock())
        (there,) = (await site.call("GET", "/api/v1/storage", **viewer)).json["volumes"]
        assert there["id"] == volume.identity.id and there["status"] in ("ok", "low")
        assert there["used_bytes"] + there["free_bytes"] == there["total_bytes"] > 0
        assert there["problem"] is None


async def test_a_disk_that_hangs_is_told_and_holds_up_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "VOLUME_TIMEOUT_S", 0.1)
    identity = tmp_path / "volumes" / "main" / IDENTITY_FILE
    identity.parent.mkdir(parents=True)
    os.mkfifo(identity)  # to read it is to wait
    (tmp_path / "index.html").write_text("the page")
    async with serving(tmp_path, page=Page(tmp_path)) as site, asyncio.timeout(30):
        try:
            viewer = await site.token(Role.VIEWER)
            asked = await asyncio.gather(*(site.call("GET", "/api/v1/storage", **viewer) for _ in range(50)))
            assert {answer.json["volumes"][0]["problem"]["code"] for answer in asked} == {"volume-hangs"}
            assert (await site.call("GET", "/")).content == b"the page"
        finally:
            os.close(os.open(identity, os.O_RDWR))
            identity.unlink()
