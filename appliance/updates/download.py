"""Fetches an index, and a bundle that goes on where it was interrupted (RFC 9110, 14: range requests).

The bytes are trusted by nobody until size, SHA-256 and the bundle's signature are checked.
"""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

import aiohttp
import msgspec

from appliance.core.durable import write_durably
from appliance.updates import problems
from appliance.updates.files import UpdateFiles
from appliance.updates.index import MOST_INDEX_BYTES, Index, parse_index

CONNECT_TIMEOUT_S = 15.0
SILENCE_TIMEOUT_S = 30.0
INDEX_TIMEOUT_S = 30.0
PIECE_BYTES = 256 * 1024
MOST_REDIRECTS = 3


class Downloader:
    """HTTPS only, with the system's authorities, or those of `trust`."""

    def __init__(self, trust: ssl.SSLContext | None = None) -> None:
        self._trust = trust

    async def index(self, address: str) -> Index:
        """Raises ProblemError source-unreachable or source-malformed."""
        content = bytearray()
        async with self._answer(address, {}, asyncio.timeout(INDEX_TIMEOUT_S)) as response:
            if response.status != 200:
                raise problems.source_unreachable(f"it says {response.status} {response.reason}")
            async for piece in response.content.iter_any():
                content += piece
                if len(content) > MOST_INDEX_BYTES:
                    raise problems.source_malformed(f"it is longer than {MOST_INDEX_BYTES} bytes")
        return parse_index(bytes(content))

    async def bundle(self, address: str, index: Index, files: UpdateFiles, progress: Callable[[int], None]) -> Path:
        """Bring the whole bundle here, or the rest of it; returns its path. progress: called with percent.

        Raises ProblemError; what has come stays for the next attempt unless it is wrong.
        """
        part = await asyncio.to_thread(_prepared, files, index)
        have = _size(part)
        files.check_room(index.size_bytes - have)
        if have < index.size_bytes:
            await self._continued(address, index, part, progress)
        if await asyncio.to_thread(_sha256, part) != index.sha256:
            part.unlink()
            raise problems.tampered("its SHA-256 is not that of the index")
        return part

    async def _continued(self, address: str, index: Index, part: Path, progress: Callable[[int], None]) -> None:
        have = _size(part)
        headers = {"Range": f"bytes={have}-"} if have else {}
        async with self._answer(address, headers, asyncio.timeout(None)) as response:
            if response.status not in (200, 206):
                raise problems.source_unreachable(f"for the bundle it says {response.status} {response.reason}")
            continues = response.status == 206 and _begins_at(response.headers.get("Content-Range", "")) == have
            with part.open("ab" if continues else "wb") as file:
                await _take(response, file, index.size_bytes, progress)
        if _size(part) < index.size_bytes:
            raise problems.source_unreachable("the connection ended before the bundle was complete")

    @asynccontextmanager
    async def _answer(
        self, address: str, headers: dict[str, str], deadline: asyncio.Timeout
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=SILENCE_TIMEOUT_S)
        trust = self._trust or ssl.create_default_context()
        try:
            async with (
                deadline,
                aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session,
                session.get(
                    address,
                    headers={"Accept-Encoding": "identity", **headers},
                    ssl=trust,
                    max_redirects=MOST_REDIRECTS,
                ) as response,
            ):
                if response.url.scheme != "https":
                    raise problems.source_unreachable("it leads to an address without HTTPS")
                yield response
        except aiohttp.ClientSSLError as error:
            raise problems.source_unreachable("its certificate is not trusted", str(error)) from None
        except TimeoutError:
            raise problems.source_unreachable("it was silent for too long") from None
        except aiohttp.TooManyRedirects:
            raise problems.source_unreachable("it leads from address to address") from None
        except (aiohttp.ClientError, ValueError) as error:
            raise problems.source_unreachable(_cause(error), str(error)[:200]) from None


def _cause(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name is not known"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "no connection"
    return "the connection broke off"


def _prepared(files: UpdateFiles, index: Index) -> Path:
    """The partial file; begun anew when it belongs to another index, or is longer than it may be."""
    part, described = files.part, files.part_index
    try:
        same = msgspec.json.decode(described.read_bytes(), type=Index).sha256 == index.sha256
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        same = False
    if not same or not part.exists() or part.stat().st_size > index.size_bytes:
        part.unlink(missing_ok=True)
        write_durably(described, msgspec.json.encode(index))
        part.touch(mode=0o600)
    return part


async def _take(
    response: aiohttp.ClientResponse, file: BinaryIO, size_bytes: int, progress: Callable[[int], None]
) -> None:
    have, percent = file.tell(), -1
    async for piece in response.content.iter_chunked(PIECE_BYTES):
        have += len(piece)
        if have > size_bytes:
            file.truncate(0)
            raise problems.source_malformed("the bundle is longer than the index says")
        await asyncio.to_thread(file.write, piece)
        if have * 100 // size_bytes != percent:
            percent = have * 100 // size_bytes
            progress(percent)


def _size(part: Path) -> int:
    return part.stat().st_size


def _begins_at(content_range: str) -> int | None:
    """The first byte of `bytes 100-199/200` (RFC 9110, 14.4)."""
    unit, _, rest = content_range.partition(" ")
    first = rest.partition("-")[0]
    return int(first) if unit == "bytes" and first.isascii() and first.isdigit() else None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
