"""The control socket: one request a connection, of whom the kernel says it is (unix(7), SO_PEERCRED)."""

import asyncio
import logging
import os
import pwd
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from appliance.core.errors import ProblemError
from appliance.core.log import redact
from appliance.host.control_words import READING, AnyRequest, check_caller, parse_request

log = logging.getLogger(__name__)

LONGEST_BYTES = 64 * 1024
MOST_CONNECTIONS = 16
READ_TIMEOUT_S = 10.0
WRITE_TIMEOUT_S = 10.0
_CREDENTIALS = struct.Struct("3i")


class Caller(msgspec.Struct, frozen=True):
    """Who asks. trusted: root or the console, who have the machine in hand."""

    user: str
    pid: int

    @property
    def trusted(self) -> bool:
        """Whether the network does not carry what they ask."""
        return self.user in ("root", "gatehouse-console")


Handler = Callable[[AnyRequest, Caller], Awaitable[Any]]


def caller_of(sock: socket.socket) -> Caller:
    """Who has connected; a user number without a name is told as a number."""
    pid, uid, _ = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    try:
        return Caller(pwd.getpwuid(uid).pw_name, pid)
    except KeyError:
        return Caller(str(uid), pid)


@asynccontextmanager
async def serving(
    path: Path, handler: Handler, identify: Callable[[socket.socket], Caller] = caller_of
) -> AsyncIterator[None]:
    """Listen until the end of the block. The socket is for its owner and its group."""
    free = asyncio.Semaphore(MOST_CONNECTIONS)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not free.locked():
                async with free:
                    await _answered(reader, writer, handler, identify)
        except (OSError, TimeoutError) as error:
            log.info("a connection to the control socket ended early: %s", type(error).__name__)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_unix_server(connected, sock=_bound(path), limit=LONGEST_BYTES)
    async with server:
        yield


def _bound(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o117)
    try:
        sock.bind(str(path))
    finally:
        os.umask(before)
    return sock


async def _answered(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    handler: Handler,
    identify: Callable[[socket.socket], Caller],
) -> None:
    caller = identify(writer.get_extra_info("socket"))
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            line = await reader.readline()
    except ValueError:  # what StreamReader says of a line beyond its limit
        line = b""
    answer = await _outcome(line, caller, handler)
    writer.write(msgspec.json.encode(answer) + b"\n")
    async with asyncio.timeout(WRITE_TIMEOUT_S):
        await writer.drain()


async def _outcome(line: bytes, caller: Caller, handler: Handler) -> dict[str, Any]:
    """Carried out and noted. Never raises for what a client sent."""
    verb = "?"
    try:
        request = parse_request(line)
        verb = str(request.__struct_config__.tag)
        check_caller(request, caller.user)
        result = await handler(request, caller)
    except ProblemError as problem:
        log.warning("%s of %s (process %d): refused, %s", verb, caller.user, caller.pid, problem.code)
        return {"ok": False, "problem": problem.to_json()}
    except Exception:
        log.exception("%s of %s failed", verb, caller.user)
        return {"ok": False, "problem": _internal().to_json()}
    if type(request) not in READING:
        log.info("%s of %s (process %d): done", redact(repr(request)), caller.user, caller.pid)
    return {"ok": True, "result": result}


def _internal() -> ProblemError:
    return ProblemError(
        "internal",
        "Something went wrong inside the control service",
        remedy="Try again; if it stays so, look at the log of gatehouse-control.service.",
        status=500,
    )
