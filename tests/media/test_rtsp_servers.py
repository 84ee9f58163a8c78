"""Servers that answer in every unexpected way: each end has a cause, a remedy and a field, and no password leaks."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from appliance.core.errors import ProblemError
from appliance.media.address import target_of
from appliance.media.http_auth import Authenticator
from appliance.media.redirect import redirected
from appliance.media.rtsp import client, play, session
from appliance.media.sources import SourceAddress
from tests.hwtests.camera.watching import camera, simulated
from tests.media.collecting import DEADLINE_S, Collected, collect, pictures, playing, problem_of, until
from tests.media.rtp_streams import packets_of

SECRET = "correct-horse"
H264_SDP = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track0\r\n"


@dataclass
class Asked:
    """A request as the server saw it; header names in small letters."""

    method: str
    uri: str
    headers: dict[str, str]


@dataclass
class Answer:
    """What is sent back; raw replaces everything."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    raw: bytes | None = None
    then_close: bool = False

    def encode(self, asked: Asked) -> bytes:
        if self.raw is not None:
            return self.raw
        fields = {"CSeq": asked.headers.get("cseq", "0"), **self.headers, "Content-Length": str(len(self.body))}
        lines = [f"RTSP/1.0 {self.status} Whatever", *(f"{k}: {v}" for k, v in fields.items())]
        return ("\r\n".join(lines) + "\r\n\r\n" + self.body).encode()


Script = Callable[[Asked], Answer]


@asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[tuple[str, list[Asked]]]:
    """A server that answers by script: (its address, what it was asked)."""
    asked: list[Asked] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await _read(reader):
                asked.append(request)
                answer = script(request)
                writer.write(answer.encode(request))
                if answer.then_close:
                    break
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"rtsp://127.0.0.1:{server.sockets[0].getsockname()[1]}/cam", asked


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    while True:
        first = await reader.readexactly(1)
        if first != b"$":
            break
        await reader.readexactly(int.from_bytes((await reader.readexactly(3))[1:]))
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode()
    line, *fields = head.strip().split("\r\n")
    method, uri, _ = line.split(" ", 2)
    return Asked(method, uri, {k.lower(): v.strip() for k, _, v in (f.partition(":") for f in fields)})


def ordinary(asked: Asked) -> Answer:
    """A server that does what is expected, and sends no media."""
    match asked.method:
        case "DESCRIBE":
            return Answer(headers={"Content-Base": asked.uri + "/"}, body=H264_SDP)
        case "SETUP":
            return Answer(headers={"Transport": asked.headers["transport"], "Session": "1;timeout=60"})
    return Answer(headers={"Public": "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"})


def but(method: str, answer: Answer) -> Script:
    """Ordinary, but for one method."""
    return lambda asked: answer if asked.method == method else ordinary(asked)


async def problem(script: Script, **fields: str) -> ProblemError:
    async with scripted(script) as (url, _):
        return await problem_of(SourceAddress(url, **fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (404, "no-such-stream"),
        (403, "not-allowed"),
        (453, "camera-busy"),
        (503, "camera-busy"),
        (500, "camera-refused"),
    ],
)
async def test_statuses_have_their_causes(status: int, code: str) -> None:
    for method in ("DESCRIBE", "SETUP", "PLAY"):
        found = await problem(but(method, Answer(status)))
        assert found.code == code
        assert found.remedy


@pytest.mark.parametrize(
    ("description", "code", "said"),
    [
        ("m=audio 0 RTP/AVP 0\r\n", "no-video", "PCMU"),
        ("m=video 0 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n", "unsupported-codec", "VP8"),
        ("", "bad-sdp", ""),
        ("v=0\r\nm=video\r\n", "bad-sdp", ""),
        ("m=video 0 RTP/AVP 96\r\na=rtpmap:96 " + "X" * 10_000 + "/90000\r\n", "unsupported-codec", "X"),
    ],
)
async def test_descriptions_without_a_usable_picture(description: str, code: str, said: str) -> None:
    found = await problem(but("DESCRIBE", Answer(body=description)))
    assert found.code == code
    assert said in found.title
    assert len(found.title) < 400


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
async def test_garbage_for_an_answer(method: str) -> None:
    found = await problem(but(method, Answer(raw=b"\x16\x03\x01 <html>400</html>\r\n\r\n", then_close=True)))
    assert found.code in ("not-a-camera", "camera-closed")


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
async def test_no_answer_at_all(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ANSWER_TIMEOUT_S", 0.2)
    assert (await problem(but(method, Answer(raw=b"")))).code == "camera-unresponsive"


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
async def test_hanging_up(method: str) -> None:
    assert (await problem(but(method, Answer(raw=b"", then_close=True)))).code in ("camera-closed", "connection-lost")


async def test_a_camera_that_takes_no_range() -> None:
    def script(asked: Asked) -> Answer:
        refused = asked.method == "PLAY" and "range" in asked.headers
        return Answer(457) if refused else ordinary(asked)

    async with scripted(script) as (url, asked):
        async with playing(SourceAddress(url), Collected()) as task:
            await until(task, lambda: sum(r.method == "PLAY" for r in asked) == 2)


async def test_data_without_a_key_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "FIRST_PICTURE_US", 1_500_000)
    packets = packets_of((number * 3600, [b"\x41\x9a" + bytes(100)]) for number in range(100))
    stream = b"".join(b"$\0" + len(p).to_bytes(2) + p for p in packets)

    def script(asked: Asked) -> Answer:
        return Answer(raw=ordinary(asked).encode(asked) + stream) if asked.method == "PLAY" else ordinary(asked)

    found = await problem(script)
    assert found.code == "no-picture"
    assert "GOP" in found.remedy


async def test_playing_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "SILENT_AFTER_US", 1_000_000)
    assert (await problem(ordinary)).code == "camera-silent"
    assert (await problem(but("PLAY", Answer(then_close=True)))).code == "camera-closed"


async def test_redirections_are_followed_to_the_stream() -> None:
    async with simulated(camera()) as simulator:
        elsewhere = Answer(302, {"Location": simulator.url("cam")})
        async with scripted(but("DESCRIBE", elsewhere)) as (url, _):
            await collect(SourceAddress(url), pictures(3))


@pytest.mark.parametrize(
    "location", ["rtsp://127.0.0.1:1/../" + "x" * 3000, "http://127.0.0.1/", "file:///etc/passwd", "", "rtsp://[::"]
)
async def test_redirections_to_nowhere(location: str) -> None:
    found = await problem(but("DESCRIBE", Answer(302, {"Location": location})))
    assert found.code in ("bad-redirect", "bad-url", "credentials-in-url")


async def test_redirections_in_a_circle_end() -> None:
    async with scripted(lambda asked: Answer(302, {"Location": asked.uri})) as (url, asked):
        found = await problem_of(SourceAddress(url))
    assert found.code == "bad-redirect"
    assert len(asked) < 20


async def test_another_host_never_gets_the_password() -> None:
    demand = Answer(401, {"WWW-Authenticate": 'Basic realm="x"'})
    async with scripted(lambda asked: demand) as (other, asked):
        other = other.replace("127.0.0.1", "localhost")
        async with scripted(but("DESCRIBE", Answer(302, {"Location": other}))) as (url, _):
            found = await problem_of(SourceAddress(url, "viewer", SECRET))
    assert found.code == "password-needed"
    assert asked and not any("authorization" in request.headers for request in asked)


def test_tls_is_not_left_by_a_redirection() -> None:
    target = target_of("rtsps://127.0.0.1/cam")
    assert redirected(target, "/other").url == "rtsps://127.0.0.1/other"
    with pytest.raises(ProblemError, match="bad-redirect"):
        redirected(target, "rtsp://127.0.0.1/cam")


@pytest.mark.parametrize("says_stale", [True, False])
async def test_a_nonce_that_wears_out(says_stale: bool) -> None:
    """Every nonce is good for two requests."""
    uses = 0

    def script(asked: Asked) -> Answer:
        nonlocal uses
        uses += 1
        given = asked.headers.get("authorization", "")
        if f'nonce="n{(uses - 1) // 3}"' not in given:
            stale = ", stale=true" if says_stale and given else ""
            return Answer(401, {"WWW-Authenticate": f'Digest realm="r", nonce="n{uses // 3}"{stale}'})
        return ordinary(asked)

    monkeypatched = SourceAddress("", "viewer", SECRET)
    async with scripted(script) as (url, asked):
        sink = Collected()
        async with playing(SourceAddress(url, monkeypatched.username, SECRET), sink) as task:
            async with asyncio.timeout(DEADLINE_S):
                while not any(request.method == "PLAY" and "authorization" in request.headers for request in asked):
                    assert not task.done(), task
                    await asyncio.sleep(0.01)


async def test_an_unknown_scheme_is_named() -> None:
    found = await problem(lambda asked: Answer(401, {"WWW-Authenticate": "Negotiate"}), username="viewer", password="x")
    assert found.code == "unknown-authentication"
    found = await problem(lambda asked: Answer(401), username="viewer", password="x")
    assert found.code == "unknown-authentication"


@pytest.mark.parametrize("status", [405, 501])
async def test_cameras_without_get_parameter_are_kept_alive_by_options(status: int) -> None:
    def script(asked: Asked) -> Answer:
        if asked.method == "SETUP":
            return Answer(headers={"Transport": asked.headers["transport"], "Session": "abc;timeout=2"})
        return Answer(status) if asked.method == "GET_PARAMETER" else ordinary(asked)

    async with scripted(script) as (url, asked):
        async with playing(SourceAddress(url), Collected()) as task:

            def kept_alive() -> bool:
                played = next((i for i, r in enumerate(asked) if r.method == "PLAY"), len(asked))
                return any(r.method == "OPTIONS" and r.headers.get("session") == "abc" for r in asked[played:])

            await until(task, kept_alive)


async def test_names_in_credentials_cannot_write_headers() -> None:
    header = Authenticator('vi"ew\\er', SECRET)
    header.take(['Digest realm="r", nonce="n"'])
    assert 'username="vi\\"ew\\\\er"' in header.header("OPTIONS", "rtsp://x")["Authorization"]


async def test_absolute_and_relative_control_addresses() -> None:
    bodies = {
        "absolute": "m=video 0 RTP/AVP 26\r\na=control:rtsp://10.0.0.1/deep/trackID=7\r\n",
        "relative": "a=control:*\r\nm=video 0 RTP/AVP 26\r\na=control:trackID=7\r\n",
        "whole": "a=control:rtsp://10.0.0.1/all\r\nm=video 0 RTP/AVP 26\r\na=control:trackID=7\r\n",
    }
    wanted = {"absolute": "rtsp://10.0.0.1/deep/trackID=7", "whole": "rtsp://10.0.0.1/all/trackID=7"}
    for name, body in bodies.items():
        async with scripted(but("DESCRIBE", Answer(headers={"Content-Base": "rtsp://b/x?y=1"}, body=body))) as (
            url,
            asked,
        ):
            async with playing(SourceAddress(url), Collected()) as task:
                await until(task, lambda: any(r.method == "PLAY" for r in asked))
        setup = next(r.uri for r in asked if r.method == "SETUP")
        assert setup == wanted.get(name, "rtsp://b/x?y=1/trackID=7")
        assert asked[-1].method in ("PLAY", "TEARDOWN")


async def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        refused = await problem_of(SourceAddress(f"rtsp://127.0.0.1:{port}/cam"))
    unknown = await problem_of(SourceAddress("rtsp://camera.invalid/cam"))
    assert (refused.code, refused.field) == ("connection-refused", "source.url")
    assert (unknown.code, unknown.field) == ("host-unknown", "source.url")


async def test_a_server_that_never_speaks_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(play, "HANDSHAKE_TIMEOUT_S", 0.3)
    async with scripted(ordinary) as (url, _):
        found = await problem_of(SourceAddress(url.replace("rtsp://", "rtsps://")))
    assert found.code == "tls-failed"


async def test_a_host_that_takes_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(play, "CONNECT_TIMEOUT_S", 0.3)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            found = await problem_of(SourceAddress(f"rtsp://127.0.0.1:{port}/cam"))
    assert found.code == "camera-unreachable"
