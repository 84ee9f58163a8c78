"""The peers of `media.range_vs_sendfile`: one plain file by aiohttp, over TLS and in the clear.

Usage: -m bench.plain_server FILE CERTIFICATE KEY. Prints the two ports, TLS first; ends when standard input closes.
/file is aiohttp's own FileResponse: sendfile(2) in the clear, asyncio's fallback over TLS. /pieces writes the file in
pieces of 1 MiB, each read while the last one is sent: the best that the same TLS stack does with a plain file.
"""

import asyncio
import os
import ssl
import sys
from pathlib import Path

from aiohttp import web

PIECE_BYTES = 1 << 20


async def in_pieces(request: web.Request, file: Path) -> web.StreamResponse:
    """The file by as few calls as can be."""
    response = web.StreamResponse()
    response.content_length = file.stat().st_size
    await response.prepare(request)
    descriptor = os.open(file, os.O_RDONLY)
    try:
        offset, ahead = 0, asyncio.ensure_future(asyncio.to_thread(os.pread, descriptor, PIECE_BYTES, 0))
        while piece := await ahead:
            offset += len(piece)
            ahead = asyncio.ensure_future(asyncio.to_thread(os.pread, descriptor, PIECE_BYTES, offset))
            await response.write(piece)
    finally:
        os.close(descriptor)
    return response


async def serve(file: Path, certificate: str, key: str) -> None:
    """Serve the file until standard input ends."""

    async def whole(_request: web.Request) -> web.FileResponse:
        return web.FileResponse(file)

    async def pieces(request: web.Request) -> web.StreamResponse:
        return await in_pieces(request, file)

    app = web.Application()
    app.router.add_get("/file", whole)
    app.router.add_get("/pieces", pieces)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    for tls in (context, None):
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    print(*(address[1] for address in runner.addresses), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
