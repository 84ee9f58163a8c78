"""The table of the media routes."""

from appliance.api.routing import Route
from appliance.api.services import Services


def media_routes(services: Services) -> list[Route]:
    """Every media route."""
    return []
