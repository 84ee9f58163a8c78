"""Bounds on connections: a client that sends its request slowly, or opens many, must not keep others out.

Connections count from the moment the kernel hands them over: who opens many and never speaks TLS meets the same bounds.

aiohttp closes a connection whose request line and headers are not whole KEEPALIVE_S after it was opened or last
answered; the body has a limit of its own (appliance/api/server.py). A client that does not read what it asked for is
dropped after STALL_TIMEOUT_S: a player that was paused asks for the rest when it goes on.
"""

import asyncio
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack

from aiohttp import web

from appliance.api.problems import problem_response
from appliance.core.errors import ProblemError
from appliance.security.throttle import network_of

log = logging.getLogger(__name__)
_NO_ACCESS_LOG = logging.getLogger(__name__ + ".access")
_NO_ACCESS_LOG.setLevel(logging.WARNING)  # the audit log has what matters

HEADERS_TIMEOUT_S = 20.0
TLS_HANDSHAKE_S = 10.0
ACCEPT_AGAIN_S = 0.5
STALL_TIMEOUT_S = 120.0
LINGER_S = 2.0
SHUTDOWN_S = 1.0
MOST_CONNECTIONS = 1024
MOST_PER_ADDRESS = 256
BACKLOG = 128


class Connection(web.RequestHandler):
    """One client's connection: counted, and told of broken HTTP in problem JSON."""

    __slots__ = ("_bounds", "_left", "_stalled")

    def __init__(
        self, bounds: "Bounds", manager: web.Server, loop: asyncio.AbstractEventLoop, left: Callable[[], None]
    ) -> None:
        """left: called when it ends."""
        super().__init__(
            manager,
            loop=loop,
            keepalive_timeout=bounds.headers_timeout_s,
            lingering_time=LINGER_S,
            auto_decompress=False,
            access_log=_NO_ACCESS_LOG,
        )
        self._bounds = bounds
        self._left = left
        self._stalled: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: BaseException | None) -> None:
        """Count it off."""
        self._moving_again()
        self._left()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client reads more slowly than we write: it may, but not stand still."""
        super().pause_writing()
        self._moving_again()
        loop = asyncio.get_running_loop()
        self._stalled = loop.call_later(self._bounds.stall_timeout_s, self._drop)

    def resume_writing(self) -> None:
        """It has read something."""
        self._moving_again()
        super().resume_writing()

    def _moving_again(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _drop(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What could not be read as HTTP; no details: they would be parts of somebody's request."""
        if status >= 500:
            log.error("a request failed outside of its handler", exc_info=exc)
        problem = ProblemError(
            "bad-request" if status < 500 else "internal",
            "The request is not HTTP as it should be" if status < 500 else "Something went wrong inside the recorder",
            remedy="Send HTTP/1.1; headers may have 8 KiB each.",
            status=status,
        )
        response = problem_response(problem, {"Server": "Gatehouse", "X-Content-Type-Options": "nosniff"})
        response.force_close()
        return response


class Bounds:
    """How many connections there may be, in all and from one source."""

    def __init__(
        self,
        *,
        most: int = MOST_CONNECTIONS,
        most_per_source: int = MOST_PER_ADDRESS,
        headers_timeout_s: float = HEADERS_TIMEOUT_S,
        stall_timeout_s: float = STALL_TIMEOUT_S,
    ) -> None:
        self.headers_timeout_s = headers_timeout_s
        self.stall_timeout_s = stall_timeout_s
        self._most = most
        self._most_per_source = most_per_source
        self._open: Counter[str] = Counter()

    def enter(self, source: str) -> bool:
        """Count a connection; False if it is one too many."""
        if self._open.total() >= self._most or self._open[source] >= self._most_per_source:
            return False
        self._open[source] += 1
        return True

    def leave(self, source: str) -> None:
        """Count it off."""
        self._open[source] -= 1
        if not self._open[source]:
            del self._open[source]


class HttpsServer:
    """The application on a socket with TLS."""

    def __init__(self, app: web.Application, tls: ssl.SSLContext, bounds: Bounds | None = None) -> None:
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
        self._tls = tls
        self._bounds = bounds or Bounds()
        self._socket: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None

    async def start(self, port: int) -> int:
        """Listen on every address; returns the port, which is any free one for 0; raises OSError."""
        self._socket = _listening(port)
        self._socket.setblocking(False)
        await self._runner.setup()
        self._accepting = asyncio.create_task(self._accept(self._socket), name="https-accept")
        return int(self._socket.getsockname()[1])

    async def stop(self) -> None:
        """Close every connection."""
        if self._accepting is not None and self._socket is not None:
            self._accepting.cancel()
            await asyncio.wait((self._accepting,))
            self._socket.close()
        await self._runner.cleanup()

    async def _accept(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    peer, address = await loop.sock_accept(sock)
                except OSError as error:  # it was gone before we took it, or there are too many open files
                    log.warning("a connection could not be accepted: %s", error.strerror)
                    await asyncio.sleep(ACCEPT_AGAIN_S)
                    continue
                source = network_of(address[0])
                if self._bounds.enter(source):
                    group.create_task(self._begin(peer, source), name="tls-handshake")
                else:
                    peer.close()

    async def _begin(self, peer: socket.socket, source: str) -> None:
        """Shake hands; from then on the connection counts itself off."""
        loop, manager = asyncio.get_running_loop(), self._runner.server
        assert manager is not None
        counted = ExitStack()
        counted.callback(self._bounds.leave, source)
        connection = Connection(self._bounds, manager, loop, counted.close)
        try:
            await loop.connect_accepted_socket(
                lambda: connection, peer, ssl=self._tls, ssl_handshake_timeout=TLS_HANDSHAKE_S
            )
        except OSError as error:  # no TLS, another version, silence
            log.debug("a client did not come to terms: %s", error)
            counted.close()
        except asyncio.CancelledError:
            counted.close()
            raise
        except Exception:
            counted.close()
            log.exception("a connection could not be begun")


def _listening(port: int) -> socket.socket:
    """One socket for IPv6 and IPv4, or for IPv4 alone where the kernel has no IPv6."""
    if socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG)
    return socket.create_server(("", port), backlog=BACKLOG)
