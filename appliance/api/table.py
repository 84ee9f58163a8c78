"""Every route there is."""

from functools import partial
from typing import Any

from appliance.api.backups import backup_routes
from appliance.api.cameras import camera_routes
from appliance.api.certificate import certificate_routes
from appliance.api.description import describe
from appliance.api.media.routes import media_routes
from appliance.api.overview import overview_routes
from appliance.api.revisions import revision_routes
from appliance.api.routing import Call, Permission, Route
from appliance.api.services import Services
from appliance.api.sign_in import sign_in_routes
from appliance.api.support import support_routes
from appliance.api.system import system_routes
from appliance.api.tokens import token_routes
from appliance.api.updates import update_routes


def all_routes(services: Services) -> list[Route]:
    """The whole table, with the route that describes it."""
    routes = [
        *overview_routes(services),
        *sign_in_routes(services),
        *token_routes(services),
        *camera_routes(services),
        *media_routes(services),
        *revision_routes(services),
        *system_routes(services),
        *certificate_routes(services),
        *update_routes(services),
        *backup_routes(services),
        *support_routes(services),
    ]
    routes.append(
        Route(
            method="GET",
            path="/api/v1/openapi.json",
            permission=Permission.OPEN,
            handler=partial(_described, routes),
            summary="The description of every route",
            result=dict[str, Any],
        )
    )
    return routes


async def _described(routes: list[Route], call: Call) -> dict[str, Any]:
    return describe(routes)
