"""The routes of backups and of the support bundle."""

import asyncio
import io
import json
import zipfile
from pathlib import Path
from urllib.parse import quote

import pytest

from appliance.api.backups import answer_backup_requests
from appliance.backup.model import Kind
from appliance.core.errors import ProblemError
from appliance.security.roles import Role
from hwtests.appliance import ADMIN, ApiError, Appliance, wait_for
from tests.api.serving import PASSWORD, Site, camera, serving

BACKUPS = "/api/v1/backups"
OCTETS = {"Content-Type": "application/octet-stream"}
SECRET = "canary-of-the-camera-9931"
SEAL = "several wörds / together"


async def test_a_backup_is_made_listed_taken_along_and_forgotten(site: Site) -> None:
    admin = await site.token()
    made = await site.call("POST", BACKUPS, {}, **admin)
    assert made.status == 201
    listed = await site.call("GET", BACKUPS, **admin)
    assert listed.json == {"backups": [made.json], "waiting": None, "outcome": None}
    taken = await site.call("GET", f"{BACKUPS}/{made.json['id']}", **admin)
    assert taken.content.startswith(b"\x1f\x8b")
    assert taken.headers["Content-Disposition"] == f'attachment; filename="gatehouse-{made.json["id"]}.tar.gz"'
    assert taken.headers["Cache-Control"] == "no-store"
    assert (await site.call("DELETE", f"{BACKUPS}/{made.json['id']}", **admin)).status == 204
    assert (await site.call("GET", BACKUPS, **admin)).json["backups"] == []
    assert (await site.call("GET", f"{BACKUPS}/{made.json['id']}", **admin)).code == "no-such-backup"
    noted = (await site.call("GET", "/api/v1/audit", **admin)).json["entries"]
    assert [(entry["action"], entry["subject"]) for entry in noted] == [
        ("delete backup", made.json["id"]),
        ("take backup along", made.json["id"]),
        ("make backup", made.json["id"]),
    ]


async def test_what_is_put_back_is_there_after_the_restart_that_follows(tmp_path: Path) -> None:
    async with serving(tmp_path) as site:
        await site.user()
        admin = await site.token()
        await site.call("POST", "/api/v1/cameras", camera("Before"), **admin)
        made = await site.call("POST", BACKUPS, {"password": SEAL}, **admin)
        content = (await site.call("GET", f"{BACKUPS}/{made.json['id']}", **admin)).content
        await site.call("POST", "/api/v1/cameras", camera("After"), **admin)
        headers = {**admin, **OCTETS, "X-Backup-Password": quote(SEAL, safe="")}
        answer = await site.call("POST", f"{BACKUPS}/restore", content, **headers)
        assert answer.status == 202, answer.content
        assert answer.json["summary"]["kind"] == "user"
        async with asyncio.timeout(30):
            await site.services.ending.wait()
        assert len((await site.call("GET", "/api/v1/cameras", **admin)).json["cameras"]) == 2
        assert (await site.call("GET", BACKUPS, **admin)).json["waiting"] == answer.json
    async with serving(tmp_path) as site:
        cameras = (await site.call("GET", "/api/v1/cameras", **admin)).json["cameras"]
        assert [one["name"] for one in cameras] == ["Before"]
        state = (await site.call("GET", BACKUPS, **admin)).json
        assert state["waiting"] is None
        assert state["outcome"]["problem"] is None
        assert state["outcome"]["kept"] in [one["id"] for one in state["backups"]]
        entries = (await site.call("GET", "/api/v1/audit", **admin)).json["entries"]
        assert [entry["action"] for entry in entries][:3] == ["put backup in place", "restore backup", "add camera"]
        assert (await site.call("GET", "/api/v1/audit/check", **admin)).json["intact"] is True


async def test_one_of_the_list_is_put_back(tmp_path: Path) -> None:
    async with serving(tmp_path) as site:
        await site.user()
        admin = await site.token()
        made = (await site.call("POST", BACKUPS, {}, **admin)).json["id"]
        await site.call("POST", "/api/v1/cameras", camera(), **admin)
        assert (await site.call("POST", f"{BACKUPS}/{made}/restore", {}, **admin)).status == 202
        assert (await site.call("POST", f"{BACKUPS}/20200101T000000Z-user/restore", {}, **admin)).status == 404
    async with serving(tmp_path) as site:
        assert (await site.call("GET", "/api/v1/cameras", **admin)).json["cameras"] == []


async def test_nobody_stays_signed_in_over_a_restoration(tmp_path: Path) -> None:
    async with serving(tmp_path) as site:
        session, admin = await site.session(), await site.token()
        made = (await site.call("POST", BACKUPS, {}, **admin)).json["id"]
        await site.call("POST", f"{BACKUPS}/{made}/restore", {}, **admin)
    async with serving(tmp_path) as site:
        cookie = {"Cookie": session["Cookie"]}
        assert (await site.call("GET", "/api/v1/session", **cookie)).status == 401
        who = {"username": Role.ADMINISTRATOR.value, "password": PASSWORD}
        assert (await site.call("POST", "/api/v1/session", who)).status == 200


@pytest.mark.parametrize(
    ("content", "headers", "code"),
    [
        (b"", {}, "not-a-backup"),
        (b"x" * 100_000, {}, "not-a-backup"),
        (b"\x1f\x8b" + bytes(50), {}, "damaged-backup"),
        (b"x", {"Content-Type": "application/json"}, "not-a-file"),
        (b"x", {"Content-Encoding": "gzip"}, "compressed"),
        (b"gatehouse sealed backup 1\n{}\n", {"X-Backup-Password": "%"}, "not-a-backup"),
    ],
)
async def test_what_cannot_be_put_back_is_refused(
    site: Site, content: bytes, headers: dict[str, str], code: str
) -> None:
    admin = await site.token()
    answer = await site.call("POST", f"{BACKUPS}/restore", content, **{**admin, **OCTETS, **headers})
    assert answer.code == code
    assert 400 <= answer.status < 500
    assert (await site.call("GET", BACKUPS, **admin)).json["waiting"] is None
    assert [file.name for file in (site.folder / "restore").glob("*")] == []


async def test_a_password_that_is_soon_found_or_wrong_is_told_by_its_field(site: Site) -> None:
    await site.user()
    admin = await site.token()
    weak = await site.call("POST", BACKUPS, {"password": "short"}, **admin)
    assert (weak.code, weak.json["field"]) == ("weak-password", "password")
    made = await site.call("POST", BACKUPS, {"password": SEAL}, **admin)
    path = f"{BACKUPS}/{made.json['id']}/restore"
    assert (await site.call("POST", path, {}, **admin)).code == "backup-needs-password"
    wrong = await site.call("POST", path, {"password": "not this one at all"}, **admin)
    assert (wrong.code, wrong.json["field"]) == ("wrong-backup-password", "password")


async def test_a_support_bundle_holds_what_helps_and_no_secret(site: Site) -> None:
    code = site.services.access.setup_code.make()
    admin, session = await site.token(), await site.session()
    await site.call("POST", "/api/v1/cameras", camera(username="ada", password=SECRET), **admin)
    log = site.folder / "log"
    log.mkdir()
    line = {"time": "2999-01-01T00:00:00Z", "level": "info", "unit": "api", "logger": "x"}
    said = [SECRET, quote(SECRET), code, admin["Authorization"], session["Cookie"], f"rtsp://ada:{SECRET}@192.0.2.1/"]
    (log / "api.log").write_text("".join(json.dumps({**line, "message": f"saw {one}"}) + "\n" for one in said))
    answer = await site.call("POST", "/api/v1/support-bundle", **admin)
    assert answer.headers["Content-Type"] == "application/zip"
    assert ".zip" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as bundle:
        contents = {name: bundle.read(name).decode() for name in bundle.namelist()}
    assert {
        "about.json",
        "condition.json",
        "config/cameras.json",
        "health.json",
        "storage.json",
        "logs/api.log",
    } <= set(contents)
    assert contents["logs/api.log"].count("saw") == len(said)
    key = (site.folder / "tls" / "server.key").read_text().splitlines()[1]
    token, cookie = admin["Authorization"].split()[1], session["Cookie"].partition("=")[2]
    for canary in (SECRET, code, token, cookie, key, PASSWORD, "$argon2", "BEGIN PRIVATE"):
        assert not [name for name, content in contents.items() if canary in content], canary
    assert "rtsp://192.0.2.1" in contents["config/cameras.json"]


async def test_another_unit_has_a_backup_made_before_it_changes_much(site: Site) -> None:
    answer_backup_requests(site.services.context)
    handler = site.services.context.bus._handlers["backup"]
    made = await handler({"kind": Kind.BEFORE_UPDATE.value})
    admin = await site.token()
    assert [one["id"] for one in (await site.call("GET", BACKUPS, **admin)).json["backups"]] == [made["id"]]
    with pytest.raises(ProblemError):
        await handler({"kind": "user"})


def test_the_running_appliance_ends_its_api_unit_and_comes_back_as_it_was(tmp_path: Path) -> None:
    with Appliance.start(tmp_path, shards=1) as appliance:
        api = appliance.api
        made = api.call("POST", BACKUPS, {})["id"]
        added = api.add_camera("Front", {"url": "rtsp://127.0.0.1:1/"})
        before = appliance.unit_pids()["api"]
        api.call("POST", f"{BACKUPS}/{made}/restore", {})
        appliance.wait_back("api", before)

        def signed_in() -> bool:
            try:
                return bool(api.call("GET", BACKUPS)["outcome"])
            except OSError:
                return False

        wait_for(signed_in, 30, "the api unit")
        with pytest.raises(ApiError):
            api.camera(added)
        username, password = ADMIN
        api.call("POST", "/api/v1/session", {"username": username, "password": password})
