"""The page's files and the headers they leave with."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.api.page import Page
from tests.api.serving import Site, serving


@pytest.fixture(name="paged")
async def paged_fixture(tmp_path: Path) -> AsyncIterator[Site]:
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<!doctype html><title>Gatehouse</title>")
    (dist / "icon.svg").write_text("<svg/>")
    (dist / "assets" / "index-abc.js").write_text("hello()")
    (tmp_path / "secret.txt").write_text("secret")
    (dist / "link.txt").symlink_to(tmp_path / "secret.txt")
    async with serving(tmp_path / "data", page=Page(dist)) as site:
        yield site


@pytest.mark.parametrize("path", ["/", "/index.html", "/cameras/front", "/settings"])
async def test_every_address_that_is_no_file_is_the_page(paged: Site, path: str) -> None:
    answer = await paged.call("GET", path)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-cache")
    assert b"<title>Gatehouse" in answer.content


async def test_hashed_files_are_kept_for_ever(paged: Site) -> None:
    answer = await paged.call("GET", "/assets/index-abc.js")
    assert (answer.content, answer.headers["Cache-Control"]) == (b"hello()", "public, max-age=31536000, immutable")
    assert "javascript" in answer.headers["Content-Type"]
    again = await paged.call("GET", "/assets/index-abc.js", If_None_Match=answer.headers["ETag"])
    assert again.status == 304


@pytest.mark.parametrize("path", ["/assets/gone.js", "/gone.png", "/assets/", "/assets"])
async def test_a_file_that_is_gone_is_not_the_page(paged: Site, path: str) -> None:
    answer = await paged.call("GET", path)
    assert answer.status == 404 or path == "/assets"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/link.txt",
        "/%00",
        "//etc/passwd",
        "/" + "a" * 5000,
    ],
)
async def test_nothing_outside_of_the_page_is_served(paged: Site, path: str) -> None:
    answer = await paged.call("GET", path)
    assert b"secret" not in answer.content and b"root:" not in answer.content
    assert answer.status < 500


async def test_a_page_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    async with serving(tmp_path / "data", page=Page(tmp_path / "nothing")) as site:
        answer = await site.call("GET", "/")
    assert (answer.status, b"make web" in answer.content) == (503, True)


@pytest.mark.parametrize("path", ["/", "/assets/index-abc.js", "/api/v1/health", "/api/v1/nothing", "/gone.js"])
async def test_every_answer_is_hardened(paged: Site, path: str) -> None:
    headers = (await paged.call("GET", path)).headers
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "*" not in policy
    assert "Server" not in headers
