"""Playing an RTSP or RTSPS address: connect, follow redirections, describe, and run the session."""

import asyncio
from collections.abc import Callable

from appliance.core.clock import Clock
from appliance.media import problems
from appliance.media.address import SourceAddress, Target, target_of
from appliance.media.http_auth import Authenticator
from appliance.media.model import Sink
from appliance.media.redirect import MOST_REDIRECTIONS, redirected
from appliance.media.rtsp.client import REDIRECTS, RtspClient
from appliance.media.rtsp.connection import RtspConnection
from appliance.media.rtsp.session import RtspSession
from appliance.media.rtsp.tracks import Tracks, choose
from appliance.media.rtsp_message import Response
from appliance.media.sdp import parse_session
from appliance.media.tls import tls_context

CONNECT_TIMEOUT_S = 10.0
HANDSHAKE_TIMEOUT_S = 6.0


async def play_rtsp(address: SourceAddress, sink: Sink, clock: Clock, watched: Callable[[], bool]) -> None:
    """Play until the stream ends; watched: whether every byte counts at once. Raises ProblemError."""
    authenticator = Authenticator(address.username, address.password)
    target = target_of(address.url)
    first = target
    for _ in range(MOST_REDIRECTIONS + 1):
        connection = await connect(target, clock, verify_tls=address.verify_tls)
        try:
            client = RtspClient(connection, authenticator if target.host == first.host else None)
            parameters = await _knows_parameters(client, target.url)
            answer = await client.ask("DESCRIBE", target.url, {"Accept": "application/sdp"})
            if answer.status in REDIRECTS:
                target = redirected(target, answer.header("location"))
                continue
            tracks = _tracks(answer, target, sink, clock)
            session = RtspSession(client, tracks, sink, clock, parameters=parameters, watched=watched)
            await session.run(_transports(address, target))
            return
        finally:
            connection.close()
    raise problems.redirected("more than five times")


async def connect(target: Target, clock: Clock, *, verify_tls: bool) -> RtspConnection:
    """A connection to the camera; raises ProblemError."""
    context = tls_context(verify=verify_tls) if target.scheme == "rtsps" else None
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: RtspConnection(clock),
                target.host,
                target.port,
                ssl=context,
                ssl_handshake_timeout=HANDSHAKE_TIMEOUT_S if context is not None else None,
            )
    except TimeoutError:
        raise problems.unreachable() from None
    except (OSError, UnicodeError) as error:
        raise problems.connect_problem(error if isinstance(error, OSError) else OSError()) from None
    return connection


async def _knows_parameters(client: RtspClient, url: str) -> bool:
    """Whether GET_PARAMETER may keep a session alive: where OPTIONS does not say, it is tried."""
    answer = await client.ask("OPTIONS", url)
    public = answer.header("public").upper()
    return not public or "GET_PARAMETER" in public


def _tracks(answer: Response, target: Target, sink: Sink, clock: Clock) -> Tracks:
    if not 200 <= answer.status < 300:
        raise problems.status_problem(answer.status)
    description = parse_session(answer.body.decode("utf-8", "replace"))
    base = answer.header("content-base") or answer.header("content-location") or target.url
    return choose(description, base, sink, clock)


def _transports(address: SourceAddress, target: Target) -> tuple[str, ...]:
    if target.scheme == "rtsps":
        return ("tcp",)
    return ("tcp", "udp") if address.transport == "auto" else (address.transport,)
