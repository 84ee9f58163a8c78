"""Clients that are slow, many, broken or gone."""

import asyncio
import errno
import ssl
from pathlib import Path

import apsw
import pytest
from aiohttp import web

from appliance.api.connection import Bounds
from appliance.api.routing import Call, Permission, Route, changing
from appliance.core.paths import Paths
from tests.api.serving import Site, serving, trusting


async def connect(site: Site) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("localhost", site.port, ssl=trusting(Paths(site.folder)))


async def test_a_client_that_never_ends_its_headers_is_dropped(tmp_path: Path) -> None:
    async with serving(tmp_path, bounds=Bounds(headers_timeout_s=0.5)) as site, asyncio.timeout(20):
        reader, writer = await connect(site)
        dripping = asyncio.create_task(drip(writer))
        assert await reader.read() == b""
        dripping.cancel()
        assert (await site.call("GET", "/api/v1/health")).status == 200


async def drip(writer: asyncio.StreamWriter) -> None:
    """One header a moment, for ever: the connection is never idle."""
    writer.write(b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n")
    number = 0
    while True:
        writer.write(f"X-{number}: 1\r\n".encode())
        number += 1
        await asyncio.sleep(0.05)


async def test_a_connection_that_says_nothing_is_dropped(tmp_path: Path) -> None:
    async with serving(tmp_path, bounds=Bounds(headers_timeout_s=0.3)) as site, asyncio.timeout(20):
        reader, _ = await connect(site)
        assert await reader.read() == b""


async def pour(call: Call) -> web.StreamResponse:
    """Send for as long as the client takes it."""
    response = web.StreamResponse()
    await response.prepare(call.request)
    while True:
        await response.write(bytes(1 << 20))


async def test_a_client_that_does_not_read_what_it_asked_for_is_dropped(tmp_path: Path) -> None:
    ended = asyncio.Event()

    async def poured(call: Call) -> web.StreamResponse:
        try:
            return await pour(call)
        finally:
            ended.set()

    route = Route(method="GET", path="/api/v1/pour", permission=Permission.OPEN, handler=poured, summary="x")
    async with serving(tmp_path, bounds=Bounds(stall_timeout_s=0.3), extra=(route,)) as site, asyncio.timeout(30):
        reader, writer = await connect(site)
        writer.write(b"GET /api/v1/pour HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        await ended.wait()


async def test_one_address_cannot_take_every_connection(tmp_path: Path) -> None:
    async with serving(tmp_path, bounds=Bounds(most_per_source=3)) as site, asyncio.timeout(20):
        held = [await connect(site) for _ in range(3)]
        assert not await answers(site)
        for _, writer in held:
            writer.close()
            await writer.wait_closed()
        while not await answers(site):  # the server learns of the closed ones in its own time
            pass


async def answers(site: Site) -> bool:
    try:
        reader, writer = await connect(site)
        writer.write(b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return (await reader.read()).startswith(b"HTTP/1.1 200")
    except (ConnectionError, ssl.SSLError):
        return False


async def test_who_never_speaks_tls_meets_the_same_bounds(tmp_path: Path) -> None:
    """Otherwise anybody on the network could take every file descriptor, without a word."""
    async with serving(tmp_path, bounds=Bounds(most_per_source=3)) as site, asyncio.timeout(20):
        silent = [await asyncio.open_connection("localhost", site.port) for _ in range(3)]
        assert not await answers(site)
        for _, writer in silent:
            writer.close()
        while not await answers(site):
            pass


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\x01\x02\x03\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /api/v1/health HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: x\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nBad Header\r\n\r\n",
    ],
    ids=range(7),
)
async def test_broken_http_gets_a_problem_without_its_inside(site: Site, raw: bytes) -> None:
    async with asyncio.timeout(20):
        reader, writer = await connect(site)
        writer.write(raw)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.0 400", b"HTTP/1.1 400")), head
    assert b"application/problem+json" in head
    assert b"Traceback" not in body and b"aiohttp" not in head + body


async def test_a_broken_body_is_a_problem(site: Site) -> None:
    token = (await site.token())["Authorization"]
    async with asyncio.timeout(20):
        reader, writer = await connect(site)
        writer.write(
            b"POST /api/v1/cameras HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\nConnection: close\r\nAuthorization: "
            + token.encode()
            + b"\r\n\r\nZZZ\r\n\r\n"
        )
        head = await reader.read()
    assert head.startswith((b"HTTP/1.0 400", b"HTTP/1.1 400"))


async def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    async with serving(tmp_path, body_timeout_s=0.3) as site, asyncio.timeout(20):
        token = (await site.token())["Authorization"]
        reader, writer = await connect(site)
        writer.write(
            b"POST /api/v1/cameras HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000\r\nAuthorization: " + token.encode() + b'\r\n\r\n{"name'
        )
        assert (await reader.readline()).startswith(b"HTTP/1.1 408")
        await reader.read()


async def test_a_client_that_goes_away_in_its_body_harms_nobody(site: Site) -> None:
    token = (await site.token())["Authorization"]
    _, writer = await connect(site)
    writer.write(
        b"POST /api/v1/cameras HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 1000\r\nAuthorization: " + token.encode() + b'\r\n\r\n{"name'
    )
    await writer.drain()
    writer.close()
    assert (await site.call("GET", "/api/v1/health")).status == 200


async def test_old_tls_is_refused(site: Site) -> None:
    old = trusting(Paths(site.folder))
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("localhost", site.port, ssl=old)


async def test_plain_http_gets_no_answer(site: Site) -> None:
    async with asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("localhost", site.port)
        writer.write(b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"HTTP" not in await reader.read()


async def break_inside(call: Call) -> None:
    raise RuntimeError("the inside: a-path-or-a-secret")


async def test_a_fault_of_ours_is_logged_once_and_told_without_its_inside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    route = Route(method="GET", path="/api/v1/broken", permission=Permission.OPEN, handler=break_inside, summary="x")
    async with serving(tmp_path, extra=(route,)) as site:
        answer = await site.call("GET", "/api/v1/broken")
    assert (answer.status, answer.code) == (500, "internal")
    assert b"a-path-or-a-secret" not in answer.content
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "a-path"), apsw.FullError("a-path")])
async def test_a_full_disk_says_so(tmp_path: Path, error: Exception) -> None:
    async def write(call: Call) -> None:
        raise error

    route = changing("POST /api/v1/full", Permission.OPEN, write, "x", "fill")
    async with serving(tmp_path, extra=(route,)) as site:
        answer = await site.call("POST", "/api/v1/full")
    assert (answer.status, answer.code) == (507, "disk-full")
    assert b"a-path" not in answer.content
