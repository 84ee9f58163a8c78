"""The route of the support bundle."""

import asyncio
import io
from typing import Any

import msgspec
from aiohttp import web

from appliance.api.backups import as_attachment
from appliance.api.overview import OverviewRoutes
from appliance.api.routing import Call, Permission, Route
from appliance.api.services import Services
from appliance.backup.support import SupportBundle
from appliance.condition.control import Control


class SupportRoutes:
    """The handler, which adds what only this unit knows: health, storage and the cameras' states."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._overview = OverviewRoutes(services)

    async def bundle(self, call: Call) -> web.Response:
        """Collect, and answer with the zip."""
        context, extra = self._services.context, await self._known(call)
        bundle = SupportBundle(context.paths, context.clock, Control.from_environment(), extra)
        content = await asyncio.to_thread(_written, bundle)
        return web.Response(body=content, content_type="application/zip", headers=as_attachment(bundle.file_name()))

    async def _known(self, call: Call) -> dict[str, Any]:
        states, audit = self._services.states, await self._services.audit.check()
        return {
            "health": msgspec.to_builtins(await self._overview.health(call)),
            "storage": msgspec.to_builtins(await self._overview.storage(call)),
            "cameras": {one.id: msgspec.to_builtins(states.get(one.id)) for one in self._services.cameras.all()},
            "audit": {"intact": audit.intact, "entries": audit.entries},
        }


def _written(bundle: SupportBundle) -> bytes:
    out = io.BytesIO()
    bundle.write(out)
    return out.getvalue()


def support_routes(services: Services) -> list[Route]:
    """The table."""
    return [
        Route(
            method="POST",
            path="/api/v1/support-bundle",
            permission=Permission.ADMINISTRATOR,
            handler=SupportRoutes(services).bundle,
            summary="A zip for somebody who helps, without any secret",
            media_type="application/zip",
            audit="make support bundle",
        )
    ]
