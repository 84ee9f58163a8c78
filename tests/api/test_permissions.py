"""Every route as every role, from the table itself: a new route is tested the moment it is declared."""

import re
from pathlib import Path

import pytest

from appliance.api.page import Page
from appliance.api.routing import Call, Permission, Route, RouteError, check_routes
from appliance.api.server import build_app
from appliance.api.services import offline_services
from appliance.api.table import all_routes
from appliance.security.roles import Role
from tests.api.serving import Site

ROUTES = all_routes(offline_services())
REFUSED = {"not-signed-in", "not-allowed", "csrf", "foreign-origin"}


def address(route: Route) -> str:
    return re.sub(r"{[a-z_]+}", "0", route.path)


def method(route: Route) -> str:
    return "GET" if route.method == "WS" else route.method


async def refusal(site: Site, route: Route, headers: dict[str, str]) -> str | None:
    """The code with which a route refuses a caller; None if it lets them in, whatever it says then."""
    body = b"{}" if route.body is not None else None
    answer = await site.call(method(route), address(route), body, **headers)
    if "problem" not in answer.headers.get("Content-Type", ""):
        return None
    return answer.code if answer.code in REFUSED else None


@pytest.mark.parametrize("role", [None, *Role])
@pytest.mark.parametrize("way", ["token", "session"])
async def test_every_route_lets_in_whom_it_declares_and_nobody_else(site: Site, role: Role | None, way: str) -> None:
    wrong: list[str] = []
    for route in ROUTES:
        headers = {} if role is None else await (site.token(role) if way == "token" else site.session(role))
        expected = None if route.permission.allows(role) else ("not-allowed" if role else "not-signed-in")
        found = await refusal(site, route, headers)
        if found != expected:
            wrong.append(f"{route.method} {route.path}: {found}, not {expected}")
    assert not wrong


async def test_no_state_changes_with_a_cookie_alone(site: Site) -> None:
    session = await site.session()
    cookie = {"Cookie": session["Cookie"]}
    changing = [route for route in ROUTES if route.changes_state and route.permission is not Permission.OPEN]
    assert len(changing) > 8
    for route in changing:
        assert await refusal(site, route, {**cookie, "X-CSRF-Token": "0" * 64}) == "csrf", route
        assert await refusal(site, route, cookie) == "csrf", route


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:{port}", "null", "https://[", ""])
async def test_nothing_changes_for_the_page_of_another_site(site: Site, origin: str) -> None:
    foreign = {**await site.session(), "Origin": origin.format(port=site.port)}
    for route in ROUTES:
        if route.changes_state or route.method == "WS":
            assert await refusal(site, route, foreign) == "foreign-origin", route


async def test_a_websocket_with_a_cookie_brings_the_origin_that_browsers_send(site: Site) -> None:
    cookie = {"Cookie": (await site.session())["Cookie"]}
    for route in (route for route in ROUTES if route.method == "WS"):
        assert await refusal(site, route, cookie) == "foreign-origin"
        assert await refusal(site, route, {**cookie, "Origin": f"https://localhost:{site.port}"}) is None
        assert await refusal(site, route, await site.token(Role.VIEWER)) is None


async def test_what_is_open_is_what_the_contract_says() -> None:
    opened = {f"{route.method} {route.path}" for route in ROUTES if route.permission is Permission.OPEN}
    assert opened == {
        "GET /api/v1/health",
        "GET /api/v1/openapi.json",
        "GET /api/v1/setup",
        "GET /api/v1/system/certificate",
        "GET /api/v1/system/certificate/authority.crt",
        "POST /api/v1/setup",
        "POST /api/v1/session",
    }


def contract() -> dict[tuple[str, str], str]:
    """(method, path) to the permission cell of every route in the table of docs/reference/api.md."""
    found: dict[tuple[str, str], str] = {}
    text = (Path(__file__).parents[2] / "docs" / "reference" / "api.md").read_text()
    for cells in (line.split(" | ") for line in text.splitlines() if re.match(r"\| `[A-Z]+", line)):
        base = ""
        for methods, path in re.findall(r"`([A-Z, ]+) (\S+?)(?:\?\S*)?`", cells[0]):
            base = base or path
            for name in methods.split(", "):
                found[name, path.replace("…", base)] = cells[1]
    return found


async def test_the_contract_names_every_route_with_its_permission() -> None:
    written = contract()
    assert set(written) == {(route.method, route.path) for route in ROUTES}
    for route in ROUTES:
        assert route.permission.value.replace("-", " ") in written[route.method, route.path], route


async def nothing(call: Call) -> None:
    return None


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"permission": None}, "declares no permission"),
        ({"method": "POST"}, "no word for the audit log"),
        ({"method": "FETCH"}, "unknown method"),
        ({"audit": "look"}, "safe method"),
        ({"summary": ""}, "no summary"),
    ],
)
async def test_a_wrong_route_stops_the_start(changes: dict[str, object], fault: str) -> None:
    good = {"method": "GET", "path": "/x", "permission": Permission.VIEWER, "handler": nothing, "summary": "x"}
    with pytest.raises(RouteError, match=fault):
        build_app([Route(**{**good, **changes})], offline_services(), Page())  # type: ignore[arg-type]


async def test_a_route_declared_twice_stops_the_start() -> None:
    with pytest.raises(RouteError, match="twice"):
        check_routes([ROUTES[0], ROUTES[0]])
