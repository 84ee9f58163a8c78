"""A real HTTPS server that offers an update, and can misbehave."""

import asyncio
import hashlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from appliance.core.clock import SystemClock
from appliance.security.certificates import ensure_certificates


@dataclass
class Origin:
    """What it offers. ranges: the Range headers it was sent. cut_at: bytes after which it hangs up, once."""

    folder: Path
    content: bytes = b""
    index: dict[str, Any] = field(default_factory=dict)
    port: int = 0
    ranges: list[str | None] = field(default_factory=list)
    cut_at: int | None = None
    understands_ranges: bool = True
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    held_at: int | None = None

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/gatehouse/"

    @property
    def trust(self) -> ssl.SSLContext:
        """A client that trusts this server's authority."""
        return ssl.create_default_context(cafile=self.folder / "ca.pem")

    def offer(self, content: bytes, version: str = "1.3.0") -> None:
        self.content = content
        self.index = {
            "version": version,
            "file": f"{version}.raucb",
            "size_bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "notes": "Doors open faster.",
        }

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if self.answer is not None:
            return await self.answer(request)
        if request.path.endswith("index.json"):
            return web.Response(body=json.dumps(self.index).encode())
        return await self._bundle(request)

    async def _bundle(self, request: web.Request) -> web.StreamResponse:
        asked = request.headers.get("Range")
        self.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.understands_ranges else 0
        body = self.content[start:]
        response = web.StreamResponse(status=206 if start else 200, headers={"Content-Length": str(len(body))})
        if start:
            response.headers["Content-Range"] = f"bytes {start}-{len(self.content) - 1}/{len(self.content)}"
        await response.prepare(request)
        if self.cut_at is not None:
            await response.write(body[: self.cut_at])
            self.cut_at = None
            assert request.transport is not None
            request.transport.close()
            return response
        if self.held_at is not None:
            await response.write(body[: self.held_at])
            body, self.held_at = body[self.held_at :], None
            await self.hold.wait()
        await response.write(body)
        return response


@asynccontextmanager
async def offering(folder: Path) -> AsyncIterator[Origin]:
    """Serve on a free port, with a certificate for localhost."""
    folder.mkdir()
    ensure_certificates(folder, ["localhost"], SystemClock())
    origin = Origin(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    runner = web.ServerRunner(web.Server(origin.serve), shutdown_timeout=0.1)  # type: ignore[arg-type]
    await runner.setup()
    site = web.TCPSite(runner, "localhost", 0, ssl_context=context)
    await site.start()
    origin.port = runner.addresses[0][1]
    try:
        yield origin
    finally:
        origin.hold.set()
        await runner.cleanup()
