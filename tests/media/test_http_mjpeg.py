"""M-JPEG over HTTP and HTTPS: the simulated camera, and servers that answer in unexpected ways."""

import asyncio
import itertools
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.core.clock import ManualClock
from appliance.core.errors import ProblemError
from appliance.media import http_mjpeg
from appliance.media.multipart import LARGEST_PART_BYTES, Multipart, boundary_of
from appliance.media.sources import SourceAddress
from hwtests.camera.certificate import server_context
from hwtests.camera.config import Scheme
from tests.hwtests.camera.watching import DEADLINE_S, camera, simulated
from tests.media.collecting import Collected, collect, pictures, playing, problem_of, shown, until
from tests.media.encoded import mjpeg

SECRET = "correct-horse"
IMAGE = bytes(mjpeg(1)[1][0].data)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A web server with one answer to everything; yields its address."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        yield f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}/video"
    finally:
        await runner.cleanup()


def parts(*pieces: bytes, kind: str = "multipart/x-mixed-replace; boundary=b", forever: bool = False) -> Handler:
    """An answer with these pieces as its body."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": kind})
        await response.prepare(request)
        for piece in itertools.cycle(pieces) if forever else pieces:
            await response.write(piece)
        return response

    return handler


def part(image: bytes = IMAGE, *, counted: bool = True) -> bytes:
    length = f"Content-Length: {len(image)}\r\n" if counted else ""
    return f"--b\r\nContent-Type: image/jpeg\r\n{length}\r\n".encode() + image + b"\r\n"


async def problem(handler: Handler) -> ProblemError:
    async with served(handler) as url:
        return await problem_of(SourceAddress(url))


async def test_every_picture_comes_with_its_time() -> None:
    async with simulated(camera(), http_port=0) as simulator:
        sink = await collect(SourceAddress(simulator.url("cam", scheme="http")), pictures(25))
    seen = shown(sink.video)
    assert [s.counter for s in seen] == list(range(seen[0].counter, seen[0].counter + len(seen)))
    assert all(0 < s.time_us - s.taken_us < 5_000_000 for s in seen)
    assert all(unit.key for unit in sink.units)


@pytest.mark.parametrize("scheme", list(Scheme))
async def test_passwords_prove_themselves(scheme: Scheme) -> None:
    async with simulated(camera(username="viewer", password=SECRET, auth=[scheme]), http_port=0) as simulator:
        url = simulator.url("cam", scheme="http")
        await collect(SourceAddress(url, "viewer", SECRET), pictures(2))
        wrong = await problem_of(SourceAddress(url, "viewer", "wrong-horse"))
        none = await problem_of(SourceAddress(url))
    assert (wrong.code, wrong.field) == ("wrong-password", "source.password")
    assert (none.code, none.field) == ("password-needed", "source.username")
    assert "wrong-horse" not in repr(wrong.to_json()) + str(wrong)


async def test_a_silent_camera_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_mjpeg, "SILENT_AFTER_S", 3.0)
    async with simulated(camera(), http_port=0) as simulator:
        sink = Collected()
        async with playing(SourceAddress(simulator.url("cam", scheme="http")), sink) as task:
            await until(task, lambda: len(sink.video) >= 3)
            simulator.set_faults("cam", stall=True)
            with pytest.raises(ProblemError, match="camera-silent"):
                await until(task, lambda: False)


async def test_a_dropped_connection_ends_the_stream() -> None:
    async with simulated(camera(), http_port=0) as simulator:
        sink = Collected()
        async with playing(SourceAddress(simulator.url("cam", scheme="http")), sink) as task:
            await until(task, lambda: len(sink.video) >= 3)
            simulator.drop("cam")
            with pytest.raises(ProblemError, match="connection-lost"):
                await until(task, lambda: False)


@pytest.mark.parametrize("counted", [True, False])
async def test_parts_with_and_without_length(counted: bool) -> None:
    body = part(counted=counted) * 5 + b"--b--\r\n"
    async with served(parts(body[:100], body[100:])) as url:
        sink = Collected()
        async with playing(SourceAddress(url), sink) as task:
            async with asyncio.timeout(DEADLINE_S):
                await asyncio.wait({task})
    assert [bytes(unit.data) for unit in sink.units] == [IMAGE] * 5


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        (parts(b"<html>", kind="text/html"), "no-video"),
        (parts(IMAGE, kind="image/jpeg"), "no-video"),
        (parts(b"", kind="multipart/x-mixed-replace"), "no-video"),
        (parts(b""), "camera-closed"),
        (parts(part(b"no picture"), forever=True), "unsupported-codec"),
        (parts(b"x" * 65536, forever=True), "not-a-camera"),
        (parts(b"--b\r\nContent-Length: 999999999\r\n\r\n"), "not-a-camera"),
        (parts(b"--b\r\n\r\n", *[b"x" * 1_000_000] * (LARGEST_PART_BYTES // 1_000_000 + 2)), "not-a-camera"),
        (parts(b"--b\r\n" + b"X: y\r\n" * 10_000), "not-a-camera"),
    ],
)
async def test_what_is_no_stream_of_pictures(handler: Handler, code: str) -> None:
    found = await problem(handler)
    assert found.code == code
    assert found.remedy


@pytest.mark.parametrize(("status", "code"), [(404, "no-such-stream"), (403, "not-allowed"), (500, "camera-refused")])
async def test_statuses_have_their_causes(status: int, code: str) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    assert (await problem(handler)).code == code


async def test_redirections() -> None:
    async def circle(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": str(request.url)})

    async def away(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "ftp://elsewhere/"})

    assert (await problem(circle)).code == "bad-redirect"
    assert (await problem(away)).code == "bad-redirect"
    async with simulated(camera(), http_port=0) as simulator:

        async def onwards(request: web.Request) -> web.StreamResponse:
            return web.Response(status=307, headers={"Location": simulator.url("cam", scheme="http")})

        async with served(onwards) as url:
            await collect(SourceAddress(url), pictures(2))


@pytest.mark.parametrize("query", ["?a=%7e&b=%20+c", "?user=a@b", ""])
async def test_digest_signs_the_address_as_it_is_sent(query: str) -> None:
    signed: list[tuple[str, str]] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if not given:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth"'})
        signed.append((request.raw_path, given.split('uri="')[1].split('"')[0]))
        return web.Response(status=404)

    async with served(handler) as url:
        await problem_of(SourceAddress(url + query, "viewer", SECRET))
    ((sent, stated),) = signed
    assert sent == stated == "/video" + query


async def test_https_trusts_an_unknown_certificate_only_when_told_to() -> None:
    context = await asyncio.to_thread(server_context, "127.0.0.1")
    async with served(parts(part(), forever=True), context) as url:
        found = await problem_of(SourceAddress(url))
        await collect(SourceAddress(url, verify_tls=False), pictures(2))
    assert (found.code, found.field) == ("certificate-not-trusted", "source.verify_tls")


async def test_nobody_there_and_not_http() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert (await problem_of(SourceAddress(f"http://127.0.0.1:{port}/"))).code == "connection-refused"
    assert (await problem_of(SourceAddress("http://camera.invalid/"))).code == "host-unknown"

    async def rubbish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        writer.close()

    server = await asyncio.start_server(rubbish, "127.0.0.1", 0)
    async with server:
        found = await problem_of(SourceAddress(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"))
    assert found.code == "not-a-camera"


def test_times_go_forward_unless_the_clock_is_set_back() -> None:
    clock, sink = ManualClock(), Collected()
    taker = http_mjpeg.Pictures(sink, clock)
    for step_us in (0, 0, 40_000, -3_600_000_000, 0):
        clock.advance(step_us)
        taker.take(IMAGE)
    first = sink.units[0].time_us
    assert [unit.time_us - first for unit in sink.units] == [0, 1, 40_000, -3_599_960_000, -3_599_959_999]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.binary(min_size=1, max_size=200).filter(lambda b: b"--" not in b), min_size=1, max_size=5),
    st.lists(st.integers(1, 90), min_size=1),
    st.booleans(),
)
def test_pieces_change_nothing(bodies: list[bytes], pieces: list[int], counted: bool) -> None:
    bodies = [body.strip(b"\r\n-") + b"\xff\xd9" for body in bodies]
    data, at, found, number = b"".join(part(body, counted=counted) for body in bodies) + b"--b--", 0, [], 0
    taker = Multipart(b"b")
    while at < len(data):
        size = pieces[number % len(pieces)]
        found += list(taker.feed(data[at : at + size]))
        at, number = at + size, number + 1
    assert found == bodies


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=100), st.sampled_from([b"--b", b"\r\n\r\n", b"Content-Length: 5\r\n"]))))
def test_any_bytes_make_parts_or_a_problem(chunks: list[bytes]) -> None:
    taker = Multipart(b"b")
    for chunk in chunks:
        list(taker.feed(chunk))


def test_boundaries_are_found_as_cameras_write_them() -> None:
    assert boundary_of("multipart/x-mixed-replace; boundary=--myboundary") == b"myboundary"
    assert boundary_of('Multipart/X-Mixed-Replace;boundary="a b"') == b"a b"
    assert boundary_of("multipart/x-mixed-replace") is None
    assert boundary_of("image/jpeg; boundary=x") is None
