"""Setting up once, signing in and out, and what guessing meets."""

import asyncio
from http.cookies import SimpleCookie
from pathlib import Path

import aiohttp
import pytest

from appliance.api.routing import Call, Permission, Route
from appliance.core.clock import US_PER_S, ManualClock
from appliance.core.errors import ProblemError
from appliance.security.roles import Role
from appliance.security.sessions import ABSOLUTE_S, IDLE_S
from tests.api.serving import PASSWORD, SESSION_COOKIE, Answer, Site, camera, serving

SETUP, SESSION = "/api/v1/setup", "/api/v1/session"
DEVICE_COOKIE = "__Host-device"


async def set_up(site: Site, code: str | None = None, username: str = "Ada") -> Answer:
    code = site.services.access.setup_code.make() if code is None else code
    return await site.call("POST", SETUP, {"code": code, "username": username, "password": PASSWORD})


async def sign_in(site: Site, username: str = "ada", password: str = PASSWORD, **headers: str) -> Answer:
    return await site.call("POST", SESSION, {"username": username, "password": password}, **headers)


def cookie_of(answer: Answer) -> dict[str, str]:
    return {"Cookie": f"{SESSION_COOKIE}={answer.cookie(SESSION_COOKIE)}"}


async def test_the_setup_code_makes_the_first_administrator_and_is_void_then(site: Site) -> None:
    assert (await site.call("GET", SETUP)).json["needed"] is True
    code = site.services.access.setup_code.make()
    file = site.folder / "state" / "api" / "setup-code"
    assert file.stat().st_mode & 0o777 == 0o600
    assert (await set_up(site, code.lower().replace("-", " "))).status == 200
    assert (await site.call("GET", SETUP)).json["needed"] is False
    assert (await set_up(site, code, "eve")).code == "already-set-up"
    assert not file.exists()
    assert (await sign_in(site)).json["role"] == "administrator"


async def test_only_one_of_many_at_once_becomes_the_first_administrator(site: Site) -> None:
    code = site.services.access.setup_code.make()
    answers = await asyncio.gather(*(set_up(site, code, f"user{n}") for n in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]


async def test_five_wrong_codes_make_a_pause_even_for_the_right_one(tmp_path: Path) -> None:
    clock = ManualClock()
    async with serving(tmp_path, clock=clock) as site:
        for _ in range(5):
            answer = await set_up(site, "00000-00000")
            assert (answer.code, answer.json["field"]) == ("wrong-setup-code", "code")
        answer = await set_up(site)
        assert answer.code == "too-many-tries"
        clock.advance(int(answer.headers["Retry-After"]) * US_PER_S)
        assert (await set_up(site)).status == 200


async def test_a_weak_password_leaves_the_code_good(site: Site) -> None:
    code = site.services.access.setup_code.make()
    for password in ("short", "aaaaaaaaaaaaaaaaa"):
        answer = await site.call("POST", SETUP, {"code": code, "username": "ada", "password": password})
        assert (answer.code, answer.json["field"]) == ("weak-password", "password")
    assert (await set_up(site, code)).status == 200


async def test_the_code_is_the_same_after_a_restart_and_the_users_are_still_there(tmp_path: Path) -> None:
    async with serving(tmp_path) as site:
        code = site.services.access.setup_code.make()
    async with serving(tmp_path) as site:
        assert (await set_up(site, code)).status == 200
        session = cookie_of(await sign_in(site))
    async with serving(tmp_path) as site:
        assert (await site.call("GET", SESSION, **session)).json["username"] == "Ada"


async def test_the_cookie_is_one_that_scripts_and_other_sites_cannot_have(site: Site) -> None:
    await set_up(site)
    answer = await sign_in(site)
    for text in answer.headers.getall("Set-Cookie"):
        (morsel,) = SimpleCookie(text).values()
        assert morsel["secure"] and morsel["httponly"]
        assert (morsel["samesite"], morsel["path"], morsel["domain"]) == ("Strict", "/", "")
        assert morsel.key.startswith("__Host-")


async def test_each_sign_in_gives_a_new_token_and_voids_the_one_that_came(site: Site) -> None:
    await set_up(site)
    first = cookie_of(await sign_in(site))
    second = cookie_of(await sign_in(site, **first))
    assert first != second
    assert (await site.call("GET", SESSION, **first)).code == "not-signed-in"
    assert (await site.call("GET", SESSION, **second)).status == 200


async def test_a_token_an_attacker_planted_is_worth_nothing_after_sign_in(site: Site) -> None:
    await set_up(site)
    planted = {"Cookie": f"{SESSION_COOKIE}=planted"}
    answer = await sign_in(site, **planted)
    assert answer.cookie(SESSION_COOKIE) != "planted"
    assert (await site.call("GET", SESSION, **planted)).code == "not-signed-in"


async def test_signing_out_ends_the_session_for_good(site: Site) -> None:
    session = await site.session()
    me = (await site.call("GET", SESSION, **session)).json
    assert me == {"username": "administrator", "role": "administrator", "csrf": session["X-CSRF-Token"]}
    answer = await site.call("DELETE", SESSION, **session)
    assert (answer.status, answer.cookie(SESSION_COOKIE)) == (204, '""')
    assert (await site.call("GET", SESSION, **session)).code == "not-signed-in"


async def test_a_session_ends_when_it_is_idle_and_in_any_case_after_a_week(tmp_path: Path) -> None:
    clock = ManualClock()
    async with serving(tmp_path, clock=clock) as site:
        idle, used = await site.session(), await site.session()
        made_us = clock.now_us()
        while clock.now_us() < made_us + (ABSOLUTE_S - 1) * US_PER_S - IDLE_S // 2 * US_PER_S:
            clock.advance(IDLE_S // 2 * US_PER_S)
            assert (await site.call("GET", SESSION, **used)).status == 200
        assert (await site.call("GET", SESSION, **idle)).code == "not-signed-in"
        clock.advance(IDLE_S // 2 * US_PER_S)
        assert (await site.call("GET", SESSION, **used)).code == "not-signed-in"


async def test_expired_sessions_leave_the_database_too(tmp_path: Path) -> None:
    clock = ManualClock()
    async with serving(tmp_path, clock=clock) as site:
        session = await site.session()
        clock.advance(IDLE_S * US_PER_S)
        await site.services.access.sessions.expire()
        clock.advance(-IDLE_S * US_PER_S)
        assert (await site.call("GET", SESSION, **session)).code == "not-signed-in"


async def test_wrong_names_and_wrong_passwords_sound_alike(site: Site) -> None:
    await set_up(site)
    wrong_password = await sign_in(site, password="not the password")
    wrong_name = await sign_in(site, username="nobody")
    assert (wrong_password.status, wrong_password.content) == (wrong_name.status, wrong_name.content)


async def test_guessing_makes_strangers_wait_and_not_the_device_that_is_known(tmp_path: Path) -> None:
    clock = ManualClock()
    async with serving(tmp_path, clock=clock) as site:
        await set_up(site)
        known = {"Cookie": f"{DEVICE_COOKIE}={(await sign_in(site)).cookie(DEVICE_COOKIE)}"}
        for _ in range(5):
            assert (await sign_in(site, password="a guess at it")).code == "wrong-credentials"
        refused = await sign_in(site)
        assert refused.code == "too-many-tries"
        assert (await sign_in(site, **known)).status == 200
        assert (await sign_in(site, Cookie=f"{DEVICE_COOKIE}=forged.0")).code == "too-many-tries"
        clock.advance(int(refused.headers["Retry-After"]) * US_PER_S)
        assert (await sign_in(site)).status == 200


async def test_the_mark_of_one_user_does_not_help_to_guess_another(site: Site) -> None:
    await set_up(site)
    await site.user(Role.VIEWER)
    mark = (await sign_in(site, username="viewer")).cookie(DEVICE_COOKIE)
    for _ in range(5):
        await sign_in(site, password="a guess at it", Cookie=f"{DEVICE_COOKIE}={mark}")
    assert (await sign_in(site, Cookie=f"{DEVICE_COOKIE}={mark}")).code == "too-many-tries"


async def test_a_user_cannot_wash_away_guesses_at_another_by_signing_in_between(site: Site) -> None:
    await set_up(site)
    await site.user(Role.VIEWER)
    guesses = [await guess_and_sign_in(site) for _ in range(6)]
    assert guesses == ["wrong-credentials"] * 5 + ["too-many-tries"]


async def guess_and_sign_in(site: Site) -> str:
    guess = await sign_in(site, password="a guess at it")
    await sign_in(site, username="viewer")
    return guess.code


async def test_many_tries_at_once_get_no_more_than_one_after_the_other(site: Site) -> None:
    await set_up(site)
    answers = await asyncio.gather(*(sign_in(site, password=f"guess number {n}") for n in range(12)))
    codes = [answer.code for answer in answers]
    assert codes.count("wrong-credentials") <= 5
    assert set(codes) <= {"wrong-credentials", "too-many-tries", "busy"}


async def test_a_token_is_shown_once_and_good_until_it_is_deleted(site: Site) -> None:
    admin = await site.session()
    made = (await site.call("POST", "/api/v1/tokens", {"name": "rig", "role": "viewer"}, **admin)).json
    bearer = {"Authorization": f"Bearer {made['token']}"}
    assert (await site.call("GET", "/api/v1/cameras", **bearer)).status == 200
    assert (await site.call("POST", "/api/v1/cameras", {}, **bearer)).code == "not-allowed"
    listed = await site.call("GET", "/api/v1/tokens", **admin)
    assert made["token"].encode() not in listed.content
    assert [(token["name"], token["role"]) for token in listed.json["tokens"]] == [("rig", "viewer")]
    for file in (site.folder / "state").rglob("*"):
        assert file.is_dir() or made["token"].encode() not in file.read_bytes()
    assert (await site.call("DELETE", f"/api/v1/tokens/{made['id']}", **admin)).status == 204
    assert (await site.call("GET", "/api/v1/cameras", **bearer)).code == "bad-token"
    assert (await site.call("DELETE", f"/api/v1/tokens/{made['id']}", **admin)).code == "not-found"


@pytest.mark.parametrize("value", ["Bearer ", "Bearer x", "Basic YTpi", "bearer gatehouse_nope", "\u00fc"])
async def test_a_token_that_is_none_is_refused_even_where_nobody_needs_one(site: Site, value: str) -> None:
    assert (await site.call("GET", "/api/v1/health", Authorization=value)).code == "bad-token"


async def test_a_websocket_ends_with_the_session_that_opened_it(site: Site) -> None:
    session = await site.session(Role.VIEWER)
    sockets = [route.path for route in site.routes if route.method == "WS"]
    for path in sockets:
        async with site.client.ws_connect(site.url(path), headers=session) as socket:
            assert (await site.call("DELETE", SESSION, **session)).status == 204
            async with asyncio.timeout(10):
                while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                    pass
            assert socket.closed
        session = await site.session(Role.VIEWER)


async def refuse(call: Call) -> None:
    raise ProblemError("no-such-camera", "There is no such camera", remedy="Choose another one.", status=404)


async def test_a_websocket_that_is_refused_says_why(tmp_path: Path) -> None:
    route = Route(method="WS", path="/api/v1/refused", permission=Permission.VIEWER, handler=refuse, summary="x")
    async with serving(tmp_path, extra=(route,)) as site:
        headers = {**await site.token(), "Upgrade": "websocket", "Connection": "Upgrade"}
        assert (await site.call("GET", "/api/v1/refused", **headers)).code == "no-such-camera"


async def test_without_its_file_of_users_an_appliance_is_set_up_anew_and_keeps_its_cameras(tmp_path: Path) -> None:
    async with serving(tmp_path) as site:
        await set_up(site)
        await site.call("POST", "/api/v1/cameras", camera(), **await site.token())
    for file in (tmp_path / "state" / "api").glob("security.db*"):
        file.unlink()
    async with serving(tmp_path) as site:
        assert (await site.call("GET", SETUP)).json["needed"] is True
        assert (await set_up(site)).status == 200
        session = cookie_of(await sign_in(site))
        assert len((await site.call("GET", "/api/v1/cameras", **session)).json["cameras"]) == 1
