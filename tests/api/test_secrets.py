"""Canaries: passwords go in, and are nowhere they should not be."""

import logging
from pathlib import Path

import pytest

from appliance.core.clock import SystemClock
from appliance.core.log import JsonFormatter
from tests.api.serving import Site, camera, following, serving
from tests.bus.broker import Broker, running

CAMERA_CANARY = "canary-of-the-camera-7431"
USER_CANARY = "canary of the user 9052"
CAMERAS = "/api/v1/cameras"


async def use_everything(site: Site) -> None:
    code = site.services.access.setup_code.make()
    setup = {"code": code, "username": "ada", "password": USER_CANARY}
    assert (await site.call("POST", "/api/v1/setup", setup)).status == 200
    await site.call("POST", "/api/v1/setup", setup)
    await site.call("POST", "/api/v1/session", {"username": "ada", "password": USER_CANARY})
    await site.call("POST", "/api/v1/session", {"username": "ada", "password": USER_CANARY + "x"})
    admin = await site.token()
    secret = {"username": "ada", "password": CAMERA_CANARY}
    assert (await site.call("POST", CAMERAS, camera(**secret), **admin)).status == 201
    await site.call("POST", CAMERAS, camera(url=f"rtsp://ada:{CAMERA_CANARY}@192.0.2.1/"), **admin)
    await site.call("POST", CAMERAS, camera(**secret, colour="x"), **admin)
    await site.call("PATCH", f"{CAMERAS}/front", {"source": {"url": "rtsp://192.0.2.2/"}}, **admin)
    await site.call("PATCH", f"{CAMERAS}/front", {"source": {"password": CAMERA_CANARY + "2"}}, **admin)
    await site.call("POST", f"{CAMERAS}/probe", {"source": {"url": "ftp://x", **secret}}, **admin)
    for path in (CAMERAS, f"{CAMERAS}/front", "/api/v1/config/revisions", "/api/v1/audit", "/api/v1/tokens"):
        assert (await site.call("GET", path, **admin)).status == 200
    for number in (1, 2):
        shown = await site.call("GET", f"/api/v1/config/revisions/{number}", **admin)
        assert "source.password" in [change["field"] for change in shown.json["changes"]]
    assert (await site.call("POST", "/api/v1/config/revisions/1/restore", **admin)).status == 200
    await site.call("DELETE", f"{CAMERAS}/front", **admin)


async def test_no_password_comes_out_again(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    await broker.credentials()
    caplog.set_level(logging.DEBUG)
    bus, hearer, heard = broker.bus("api"), broker.bus("ingest-0"), ""
    async with serving(broker.paths.data, bus=bus) as site, running(bus), running(hearer), following(site):
        await hearer.wait_connected()
        async with hearer.subscribe("#") as messages:
            await use_everything(site)
            while "'revision': 4" not in heard:
                topic, data = await anext(messages)
                heard += f"{topic} {data} "
        answered = b"".join(site.seen)
    canaries = (CAMERA_CANARY, USER_CANARY)
    assert not [canary for canary in canaries if canary.encode() in answered]
    assert not [canary for canary in canaries if canary in heard]
    formatter = JsonFormatter("api", SystemClock())
    assert not [canary for canary in canaries for record in caplog.records if canary in formatter.format(record)]
    assert holding(broker.paths.data, USER_CANARY) == set()
    assert holding(broker.paths.data, CAMERA_CANARY) <= {"config"}


def holding(folder: Path, canary: str) -> set[str]:
    """The rooms of the state folder in which a file holds the canary."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {file.relative_to(folder).parts[0] for file in files if canary.encode() in file.read_bytes()}


async def test_files_with_secrets_are_their_owners_alone(site: Site) -> None:
    await site.call("POST", CAMERAS, camera(password=CAMERA_CANARY), **await site.token())
    site.services.access.setup_code.make()
    private = [
        *(site.folder / "tls").glob("*.key"),
        *(site.folder / "config" / "revisions").rglob("*.json"),
        site.folder / "state" / "api" / "setup-code",
    ]
    assert len(private) >= 5
    assert not [file for file in private if file.stat().st_mode & 0o077]
    folders = [site.folder / "config", site.folder / "state" / "api"]
    assert not [folder for folder in folders if folder.stat().st_mode & 0o077]
