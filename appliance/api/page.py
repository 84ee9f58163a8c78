"""The page: the files of web/dist, as they were built."""

import asyncio
from pathlib import Path
from urllib.parse import unquote

from aiohttp import web

from appliance.api.resolver import MethodProblemError
from appliance.core.errors import ProblemError

DIST = Path(__file__).parents[2] / "web" / "dist"
ASSETS = "assets/"  # Vite puts a hash of the content into the names of what is in here
_CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self' blob:",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_NOT_BUILT = "The page is not built. Run: make web\n"


class Page:
    """Static files below one folder; every address that is no file is the page itself."""

    def __init__(self, folder: Path = DIST) -> None:
        self._folder = folder

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """A file; raises ProblemError 404 for an asset that is not there, 405 for other methods than GET."""
        if request.method not in ("GET", "HEAD"):
            raise MethodProblemError(("GET", "HEAD"))
        name = unquote(request.rel_url.raw_path, errors="replace").lstrip("/")
        file = await asyncio.to_thread(self._file, name)
        if file is None:
            return web.Response(status=503, text=_NOT_BUILT, headers=_headers(""))
        return web.FileResponse(file, headers=_headers(name if file.name != "index.html" else ""))

    def _file(self, name: str) -> Path | None:
        index = self._folder / "index.html"
        file = self._folder / name
        try:
            if name and "\0" not in name and file.is_file() and file.resolve().is_relative_to(self._folder.resolve()):
                return file
        except (OSError, ValueError):
            pass  # no name a file could have
        if name.startswith(ASSETS) or "." in name.rsplit("/", 1)[-1]:
            raise ProblemError(
                "not-found", "The page has no such file", remedy="Load the page again: it was updated.", status=404
            )
        return index if index.is_file() else None


def _headers(name: str) -> dict[str, str]:
    lasting = "public, max-age=31536000, immutable" if name.startswith(ASSETS) else "no-cache"
    return {"Cache-Control": lasting, "Content-Security-Policy": _CSP}
