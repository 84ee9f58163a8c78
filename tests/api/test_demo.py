"""The demo site's cameras: there until somebody adds a real one."""

import json
from pathlib import Path

import pytest

from hwtests.demo import demo_cameras
from tests.api.serving import Site, camera, serving

CAMERAS = "/api/v1/cameras"


def offer(folder: Path, port: int = 18554) -> None:
    (folder / "demo-cameras.json").write_text(json.dumps(demo_cameras(port)))


async def names(site: Site) -> list[str]:
    return [one["name"] for one in (await site.call("GET", CAMERAS, **await site.token())).json["cameras"]]


@pytest.fixture(autouse=True)
def demo_site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEHOUSE_SITE", "demo")


async def test_they_are_added_once_and_make_room_for_the_first_real_camera(tmp_path: Path) -> None:
    offer(tmp_path)
    async with serving(tmp_path) as site:
        assert await names(site) == ["Car park", "Entrance", "High Street", "Warehouse"]
        added = await site.call("POST", CAMERAS, camera("Warehouse"), **await site.token())
        assert added.json["id"] == "warehouse-2"
        assert await names(site) == ["Warehouse"]
        await site.call("DELETE", f"{CAMERAS}/warehouse-2", **await site.token())
    async with serving(tmp_path) as site:
        assert await names(site) == []


async def test_a_disk_that_does_not_take_them_keeps_the_unit_from_no_start(tmp_path: Path) -> None:
    offer(tmp_path)
    (tmp_path / "config" / "cameras.json.new").mkdir(parents=True)
    async with serving(tmp_path) as site:
        assert await names(site) == []


async def test_one_that_somebody_changed_stays(tmp_path: Path) -> None:
    offer(tmp_path)
    async with serving(tmp_path) as site:
        await site.call("PATCH", f"{CAMERAS}/entrance", {"name": "My entrance"}, **await site.token())
        await site.call("POST", CAMERAS, camera("Real"), **await site.token())
        assert await names(site) == ["My entrance", "Real"]


async def test_one_that_somebody_removed_does_not_come_back(tmp_path: Path) -> None:
    offer(tmp_path)
    async with serving(tmp_path) as site:
        await site.call("DELETE", f"{CAMERAS}/entrance", **await site.token())
    async with serving(tmp_path) as site:
        assert await names(site) == ["Car park", "High Street", "Warehouse"]


async def test_they_follow_the_simulator_to_another_port_and_leave_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(tmp_path)
    async with serving(tmp_path):
        pass
    offer(tmp_path, 9554)
    async with serving(tmp_path) as site:
        shown = (await site.call("GET", f"{CAMERAS}/entrance", **await site.token())).json
        assert shown["source"]["url"] == "rtsp://127.0.0.1:9554/entrance"
        assert shown["source"]["has_password"] is True
    monkeypatch.setenv("GATEHOUSE_SITE", "empty")
    async with serving(tmp_path) as site:
        assert await names(site) == []


async def test_demo_cameras_that_are_wrong_stop_nothing(tmp_path: Path) -> None:
    (tmp_path / "demo-cameras.json").write_text('[{"name": "x", "source": {"url": "ftp://x"}}]')
    async with serving(tmp_path) as site:
        assert await names(site) == []
