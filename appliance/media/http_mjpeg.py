"""M-JPEG over HTTP and HTTPS: `multipart/x-mixed-replace` with a JPEG image in each part."""

from collections.abc import AsyncIterator

import aiohttp
from yarl import URL  # aiohttp's own

from appliance.core.clock import US_PER_S, Clock
from appliance.core.errors import ProblemError
from appliance.media import problems
from appliance.media.address import SourceAddress, target_of
from appliance.media.codecs import jpeg
from appliance.media.http_auth import Authenticator
from appliance.media.model import Sink, VideoCodec, VideoFormat, VideoUnit
from appliance.media.multipart import Multipart, boundary_of
from appliance.media.redirect import MOST_REDIRECTIONS, redirected
from appliance.media.tls import tls_context

CONNECT_TIMEOUT_S = 10.0
SILENT_AFTER_S = 10.0
MOST_CHALLENGES = 2
SET_BACK_US = US_PER_S
REDIRECTS = frozenset({301, 302, 303, 307, 308})


async def play_mjpeg(address: SourceAddress, sink: Sink, clock: Clock) -> None:
    """Play until the stream ends; raises ProblemError."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=SILENT_AFTER_S)
    connector = aiohttp.TCPConnector(ssl=tls_context(verify=address.verify_tls), limit=1)
    pictures = Pictures(sink, clock)
    async with aiohttp.ClientSession(
        timeout=timeout,
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        max_line_size=8190,
        max_field_size=8190,
    ) as client:
        try:
            async with await _open(client, address) as answer:
                await _read(answer, pictures)
        except aiohttp.ConnectionTimeoutError:
            raise problems.unreachable() from None
        except TimeoutError:
            raise problems.silent(SILENT_AFTER_S) if pictures.count else problems.unresponsive() from None
        except aiohttp.ClientError as error:
            raise _problem(error, pictures) from None


async def _open(client: aiohttp.ClientSession, address: SourceAddress) -> aiohttp.ClientResponse:
    """The answer whose body is the stream: challenges answered, redirections followed."""
    target = first = target_of(address.url)
    authenticator = Authenticator(address.username, address.password)
    challenges = 0
    for _ in range(MOST_REDIRECTIONS + MOST_CHALLENGES + 1):
        url = URL(target.url, encoded=True)  # as it is: Digest signs the very bytes of the request line
        headers = authenticator.header("GET", url.raw_path_qs) if target.host == first.host else {}
        answer = await client.get(url, headers=headers, allow_redirects=False)
        if answer.status == 200:
            return answer
        answer.close()
        if answer.status == 401:
            challenges += 1
            _take_challenge(authenticator, answer, challenges)
        elif answer.status in REDIRECTS:
            target = redirected(target, answer.headers.get("Location", ""))
        else:
            raise problems.status_problem(answer.status)
    raise problems.redirected("more than five times")


def _take_challenge(authenticator: Authenticator, answer: aiohttp.ClientResponse, challenges: int) -> None:
    if not authenticator.username:
        raise problems.password_needed()
    if not authenticator.take(answer.headers.getall("WWW-Authenticate", [])) or challenges > MOST_CHALLENGES:
        raise problems.unknown_authentication() if challenges == 1 else problems.wrong_password()


async def _read(answer: aiohttp.ClientResponse, pictures: "Pictures") -> None:
    boundary = boundary_of(answer.headers.get("Content-Type", ""))
    if boundary is None:
        raise problems.no_video("it is " + _kind_of(answer))
    parts = Multipart(boundary)
    async for chunk in _chunks(answer):
        for image in parts.feed(chunk):
            pictures.take(image)
    if not pictures.count:
        raise problems.closed_early()


async def _chunks(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    while chunk := await answer.content.readany():
        yield chunk


def _kind_of(answer: aiohttp.ClientResponse) -> str:
    kind = answer.content_type[:60]
    return "one picture, not a stream" if kind.startswith("image/") else "".join(c for c in kind if c.isprintable())


class Pictures:
    """Images to units at the time of their arrival."""

    def __init__(self, sink: Sink, clock: Clock) -> None:
        self.count = 0
        self._sink = sink
        self._clock = clock
        self._format: VideoFormat | None = None
        self._last_us = 0
        self._broken = 0

    def take(self, image: bytes) -> None:
        """The next image; what is none is counted as lost. Raises ProblemError where nothing is a JPEG image."""
        try:
            size = jpeg.size_of(image)
        except ValueError:
            self._broken += 1
            if self._broken > 10 and not self.count:
                raise problems.unsupported_codec("pictures that are not JPEG") from None
            return
        fmt = VideoFormat(VideoCodec.MJPEG, *size, b"", "mjpeg")
        if fmt != self._format:
            self._format = fmt
            self._sink.on_video_format(fmt)
        self._last_us = self._next_us()
        self.count += 1
        self._sink.on_video(VideoUnit(self._last_us, image, True))

    def _next_us(self) -> int:
        """Now, a little later than the picture before it; a clock that was set back is followed."""
        now_us = self._clock.now_us()
        return self._last_us + 1 if self._last_us - SET_BACK_US < now_us <= self._last_us else now_us


def _problem(error: aiohttp.ClientError, pictures: Pictures) -> ProblemError:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        inner: object = error.certificate_error
    else:
        inner = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(inner, OSError):
        return problems.connect_problem(inner)
    if isinstance(error, aiohttp.ClientResponseError):
        return problems.bad_answer("HTTP")
    if isinstance(error, (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError)):
        return problems.connection_lost() if pictures.count else problems.closed_early()
    return problems.connection_lost() if pictures.count else problems.bad_answer("HTTP")
