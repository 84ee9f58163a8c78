"""What is wrong with an input is said with its field, and never ends in a 5xx or a change."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.api.services import offline_services
from appliance.api.table import all_routes
from tests.api.serving import Site, camera, serving

CAMERAS = "/api/v1/cameras"
DEEP = b'{"name":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
pytestmark = pytest.mark.asyncio(loop_scope="module")
Headers = dict[str, str]
BODIES = [route for route in all_routes(offline_services()) if route.body is not None]


@pytest_asyncio.fixture(name="site", scope="module", loop_scope="module")
async def site_fixture(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """One for all: nothing here changes anything."""
    async with serving(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest_asyncio.fixture(name="admin", scope="module", loop_scope="module")
async def admin_fixture(site: Site) -> Headers:
    return await site.token()


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({**camera(), "colour": "red"}, "unknown-field", "colour"),
        (camera(colour="red"), "unknown-field", "source.colour"),
        ({"source": {"url": "rtsp://192.0.2.1/"}}, "missing-field", "name"),
        ({"name": "x"}, "missing-field", "source"),
        ({"name": "x", "source": {}}, "missing-field", "source.url"),
        ({**camera(), "name": None}, "wrong-value", "name"),
        ({**camera(), "name": 7}, "wrong-value", "name"),
        ({**camera(), "name": ""}, "wrong-value", "name"),
        ({**camera(), "name": "x" * 10_000}, "wrong-value", "name"),
        ({**camera(), "name": "   "}, "bad-name", "name"),
        ({**camera(), "name": "a\u0000b"}, "bad-name", "name"),
        ({**camera(), "name": "a\nb"}, "bad-name", "name"),
        ({**camera(), "enabled": "yes"}, "wrong-value", "enabled"),
        ({**camera(), "recording": {"manual": {"prebuffer_s": 61}}}, "wrong-value", "recording.manual.prebuffer_s"),
        ({**camera(), "recording": {"manual": {"prebuffer_s": 1.5}}}, "wrong-value", "recording.manual.prebuffer_s"),
        ({**camera(), "recording": {"manual": {"prebuffer_s": 10**30}}}, "wrong-value", "recording.manual.prebuffer_s"),
        (camera(transport="pigeon"), "wrong-value", "source.transport"),
        (camera(url="rtsp://ada:hush@192.0.2.1/"), "credentials-in-url", "source.url"),
        (camera(url="ftp://192.0.2.1/"), "bad-url", "source.url"),
        (camera(url="rtsp://"), "bad-url", "source.url"),
        (camera(url="rtsp://192.0.2.1:99999/"), "bad-url", "source.url"),
        (camera(url="file:../secret.mkv"), "bad-file-name", "source.url"),
        (camera(url="x" * 2001), "wrong-value", "source.url"),
        (camera(password="x" * 201), "wrong-value", "source.password"),
        ([], "wrong-value", None),
        (None, "wrong-value", None),
        ("text", "wrong-value", None),
        (b"", "malformed-json", None),
        (b"{", "malformed-json", None),
        (b'{"name": NaN}', "malformed-json", None),
        (b'{"name": "\xff"}', "malformed-json", None),
        (b"\xff\xfe{", "malformed-json", None),
        (DEEP, "wrong-value", "name"),
        (b"[" * 100_000, "wrong-value", None),
        (b'{"name": "x", "source": {"url": "rtsp://192.0.2.1/"}} trailing', "malformed-json", None),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_a_wrong_camera_is_refused_with_its_field(
    site: Site, admin: Headers, body: Any, code: str, field: str | None
) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await site.call("POST", CAMERAS, content, **admin)
    assert (answer.status, answer.code, answer.json.get("field")) == (400, code, field)
    assert len(answer.content) < 1000
    assert (await site.call("GET", CAMERAS, **admin)).json == {"cameras": []}


async def test_malformed_json_is_told_with_its_place(site: Site, admin: Headers) -> None:
    answer = await site.call("POST", CAMERAS, b'{\n  "name": oops\n}', **admin)
    assert "line 2, column 11" in answer.json["detail"]


async def test_a_huge_unknown_field_is_not_sent_back_whole(site: Site, admin: Headers) -> None:
    answer = await site.call("POST", CAMERAS, {**camera(), "n" * 10_000: 1}, **admin)
    assert answer.code == "unknown-field"
    assert len(answer.content) < 1000


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("?limit=0", "wrong-value", "limit"),
        ("?limit=x", "wrong-value", "limit"),
        ("?limit=1e9", "wrong-value", "limit"),
        ("?limit=" + "9" * 5000, "wrong-value", "limit"),
        ("?limit=1&limit=2", "repeated-parameter", "limit"),
        ("?colour=red", "unknown-field", "colour"),
        ("?limit=%ff%00", "wrong-value", "limit"),
    ],
)
async def test_a_wrong_query_is_refused_with_its_parameter(
    site: Site, admin: Headers, query: str, code: str, field: str
) -> None:
    answer = await site.call("GET", "/api/v1/audit" + query, **admin)
    assert (answer.status, answer.code, answer.json["field"]) == (400, code, field)


@pytest.mark.parametrize("number", ["x", "-1", "999999", "1" * 40, "%00", "%2e%2e"])
async def test_a_revision_that_is_none_is_not_found(site: Site, admin: Headers, number: str) -> None:
    for method, path in (("GET", ""), ("POST", "/restore")):
        answer = await site.call(method, f"/api/v1/config/revisions/{number}{path}", **admin)
        assert (answer.status, answer.code in ("not-found", "no-such-revision")) == (404, True)


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("PUT", "/api/v1/cameras", 405, "GET, HEAD, POST"),
        ("GET", "/api/v1/cameras/probe/x", 404, None),
        ("TRACE", "/api/v1/health", 405, "GET, HEAD"),
        ("OPTIONS", "/api/v1/session", 405, "DELETE, GET, HEAD, POST"),
        ("GET", "/api/v1/cameras/a%2Fb", 404, None),
        ("GET", "/api/v1/", 404, None),
        ("GET", "/api/v2/health", 404, None),
        ("GET", "/api/v1/health/", 404, None),
        ("POST", "/", 405, "GET, HEAD"),
    ],
)
async def test_wrong_addresses_and_methods_are_problems(
    site: Site, admin: Headers, method: str, path: str, status: int, allow: str | None
) -> None:
    answer = await site.call(method, path, **admin)
    assert (answer.status, answer.headers.get("Allow")) == (status, allow)
    assert answer.code in ("not-found", "wrong-method")


async def test_head_is_get_without_the_body(site: Site) -> None:
    answer = await site.call("HEAD", "/api/v1/health")
    assert (answer.status, answer.content) == (200, b"")


async def test_bodies_that_are_no_json_or_too_large_are_refused(site: Site, admin: Headers) -> None:
    assert (await site.call("POST", CAMERAS, b"name=x", **admin, Content_Type="text/plain")).code == "not-json"
    assert (await site.call("POST", CAMERAS, b"x", **admin, Content_Encoding="gzip")).code == "compressed"
    large = await site.call("POST", CAMERAS, b'"' + b"x" * 1024 * 1024 + b'"', **admin)
    assert (large.status, large.code) == (413, "too-large")


async def test_strangers_may_send_what_signing_in_needs_and_no_more(site: Site) -> None:
    longest = {"username": "\U0001f600" * 200, "password": "\U0001f600" * 1000}
    assert (await site.call("POST", "/api/v1/session", longest)).code == "wrong-credentials"
    large = await site.call("POST", "/api/v1/session", {**longest, "more": "x" * 2048})
    assert (large.status, large.code) == (413, "too-large")


LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
FIELDS = st.sampled_from(
    ["name", "source", "url", "password", "enabled", "recording", "manual", "code", "role", "camera"]
)
OBJECTS = st.dictionaries(
    FIELDS, LEAF | st.lists(LEAF, max_size=3) | st.dictionaries(FIELDS, LEAF, max_size=4), max_size=5
)


@given(bodies=st.lists(OBJECTS, min_size=5, max_size=5))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_body_makes_a_route_fail_inside(site: Site, admin: Headers, bodies: list[dict[str, Any]]) -> None:
    for route in (route for route in BODIES if not route.path.endswith("/probe")):
        for body in bodies:
            answer = await site.call(route.method, route.path.replace("{id}", "front"), body, **admin)
            away = answer.status == 503 and answer.code == "unit-not-answering"  # no bus runs here
            assert answer.status < 500 or away, (route, body, answer.content)
