"""What changed is in the audit log, by whom and with what outcome, and nobody can change that unseen."""

import re
from pathlib import Path

import apsw
import pytest

from appliance.security.roles import Role
from tests.api.serving import PASSWORD, Site, camera, serving
from tests.api.test_permissions import ROUTES, address

AUDIT = "/api/v1/audit"


async def entries(site: Site) -> list[dict[str, str]]:
    found: list[dict[str, str]] = (await site.call("GET", AUDIT + "?limit=1000", **await site.token())).json["entries"]
    return found


async def test_a_change_names_its_actor_its_subject_and_its_outcome(site: Site) -> None:
    session = await site.session()
    await site.call("POST", "/api/v1/cameras", camera(), **session)
    await site.call("POST", "/api/v1/cameras", {"name": 1}, **session)
    await site.call("DELETE", "/api/v1/cameras/none", **await site.token(Role.VIEWER))
    newest = [(e["actor"], e["via"], e["action"], e["subject"], e["outcome"]) for e in (await entries(site))[:3]]
    assert newest == [
        ("token test viewer", "token", "remove camera", "none", "not-allowed"),
        ("administrator", "session", "add camera", "", "wrong-value"),
        ("administrator", "session", "add camera", "front", "done"),
    ]
    assert {e["address"] for e in await entries(site)} == {"127.0.0.1"}


async def test_every_route_that_changes_something_writes_its_word(site: Site) -> None:
    for route in (route for route in ROUTES if route.audit):
        body = b"{}" if route.body is not None else None
        await site.call(route.method, address(route), body, **await site.session())
        assert (await entries(site))[0]["action"] == route.audit, route


async def test_reading_and_knocking_at_closed_doors_write_nothing(site: Site) -> None:
    admin = await site.token()
    await site.call("GET", "/api/v1/cameras", **admin)
    await site.call("POST", "/api/v1/cameras", camera())
    assert await entries(site) == []


async def test_a_sign_in_names_only_users_that_exist(site: Site) -> None:
    await site.user()
    for name in ("administrator", "my password by mistake"):
        await site.call("POST", "/api/v1/session", {"username": name, "password": "wrong wrong wrong"})
    assert [entry["subject"] for entry in await entries(site)] == ["unknown user", "administrator"]


async def test_guessing_during_a_pause_does_not_fill_the_log(site: Site) -> None:
    for _ in range(30):
        await site.call("POST", "/api/v1/session", {"username": "a", "password": PASSWORD})
    assert len(await entries(site)) == 5


async def test_a_stranger_cannot_fill_the_log(site: Site) -> None:
    """The log is durable and never cut: what needs no account and no guess must leave nothing in it."""
    await site.user()
    session, setup = "/api/v1/session", "/api/v1/setup"
    for path, body, headers in [
        (session, b"{", {}),
        (session, {"username": "a", "password": "b", "more": 1}, {}),
        (session, b"{}", {"Content_Type": "text/plain"}),
        (session, {"username": "a", "password": "b"}, {"Origin": "https://elsewhere.example"}),
        (setup, {"code": "x", "username": "ada", "password": PASSWORD}, {}),
    ]:
        assert (await site.call("POST", path, body, **headers)).status >= 400
    assert await entries(site) == []


async def test_the_log_is_read_page_by_page(site: Site) -> None:
    admin = await site.token()
    for n in range(5):
        await site.call("DELETE", f"/api/v1/cameras/{n}", **admin)
    seen: list[str] = []
    path: str | None = AUDIT + "?limit=2"
    while path:
        page = (await site.call("GET", path, **admin)).json
        seen += [entry["subject"] for entry in page["entries"]]
        path = f"{AUDIT}?limit=2&before={page['next']}" if page["next"] else None
    assert seen == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize(
    ("tampering", "first_fault"),
    [
        ("UPDATE entry SET content = CAST(replace(CAST(content AS TEXT), 'move', 'pair') AS BLOB) WHERE number = 2", 2),
        ("DELETE FROM entry WHERE number = 2", 2),
        ("DELETE FROM entry WHERE number = 4", 4),
        ("DELETE FROM entry", 1),
        ("INSERT INTO entry SELECT 9, content, hash FROM entry WHERE number = 1", 5),
        ("UPDATE entry SET hash = (SELECT hash FROM entry WHERE number = 1) WHERE number = 3", 3),
        ("SELECT 1", None),
    ],
)
async def test_tampering_shows(tmp_path: Path, tampering: str, first_fault: int | None) -> None:
    async with serving(tmp_path) as site:
        for n in range(4):
            await site.call("DELETE", f"/api/v1/cameras/{n}", **await site.token())
        head = (await site.call("GET", AUDIT + "/check", **await site.token())).json["head"]
        assert re.fullmatch("[0-9a-f]{64}", head)
    with apsw.Connection(str(tmp_path / "state" / "api" / "audit.db")) as db:
        db.execute(tampering)
    async with serving(tmp_path) as site:
        found = (await site.call("GET", AUDIT + "/check", **await site.token())).json
        assert (found["intact"], found["first_fault"]) == (first_fault is None, first_fault)
        assert found["intact"] is False or found["head"] == head


async def test_a_reset_of_the_users_at_the_machine_is_in_it_once(tmp_path: Path) -> None:
    async with serving(tmp_path) as site:
        code = site.services.access.setup_code.make()
        await site.call("POST", "/api/v1/setup", {"code": code, "username": "ada", "password": PASSWORD})
    for name in ("security.db", "security.db-wal", "security.db-shm"):
        (tmp_path / "state" / "api" / name).unlink(missing_ok=True)
    for _ in range(2):
        async with serving(tmp_path) as site:
            assert [entry["action"] for entry in await entries(site)] == ["reset users", "set up"]
