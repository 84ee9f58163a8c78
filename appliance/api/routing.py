"""What a route is. Every route declares its permission, and what the audit log calls it if it changes anything.

The server (appliance/api/server.py) is made from a list of these, and so is the OpenAPI description.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
from aiohttp import web

from appliance.security.roles import Identity, Role

SAFE_METHODS = frozenset({"GET", "HEAD", "WS"})
METHODS = SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}
_PARAMETER = re.compile(r"{([a-z_]+)}")


class Permission(StrEnum):
    """Who may call a route."""

    OPEN = "open"
    SIGNED_IN = "signed-in"
    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"

    def allows(self, role: Role | None) -> bool:
        """Whether a caller of this role (None: not signed in) may call it."""
        if self is Permission.OPEN:
            return True
        if role is None:
            return False
        return self is Permission.SIGNED_IN or role.includes(Role(self.value))


@dataclass(slots=True)
class Call:
    """One request to a handler: who calls, and the path's, query's and body's content, already checked."""

    request: web.Request
    identity: Identity
    params: dict[str, str]
    query: Any = None
    body: Any = None
    subject: str | None = None  # what the audit log says was touched, where the path does not say it

    @property
    def actor(self) -> str:
        """What revisions and the audit log call the caller."""
        return self.identity.name


Handler = Callable[[Call], Awaitable[Any]]
"""Returns what becomes JSON (a struct, dict or list), None (204), or an aiohttp StreamResponse, sent as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one path.

    method: an HTTP method, or "WS" for a WebSocket. query and body: models that refuse unknown fields.
    result: the JSON model of a 2xx answer; None where there is none (204, media); media_type is then what it is.
    upload: the media type of a file that the handler itself reads from the request. audit: what the audit log calls a
    state-changing call.
    """

    method: str
    path: str
    permission: Permission
    handler: Handler
    summary: str
    query: type[msgspec.Struct] | None = None
    body: type[msgspec.Struct] | None = None
    result: Any = None
    media_type: str | None = None
    upload: str | None = None
    status: int = 200
    audit: str | None = None

    @property
    def changes_state(self) -> bool:
        """Whether the method is not a safe one (RFC 9110, 9.2.1)."""
        return self.method not in SAFE_METHODS

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in the path's braces."""
        return tuple(_PARAMETER.findall(self.path))


def reading(
    path: str,
    permission: Permission,
    handler: Handler,
    summary: str,
    result: Any,
    *,
    query: type[msgspec.Struct] | None = None,
) -> Route:
    """A GET that answers with JSON."""
    return Route(
        method="GET",
        path=path,
        permission=permission,
        handler=handler,
        summary=summary,
        result=result,
        query=query,
    )


def changing(
    where: str,
    permission: Permission,
    handler: Handler,
    summary: str,
    audit: str,
    *,
    body: type[msgspec.Struct] | None = None,
    query: type[msgspec.Struct] | None = None,
    upload: str | None = None,
    result: Any = None,
    status: int | None = None,
) -> Route:
    """A state change. where: method and path, "POST /api/v1/cameras". Without a result it answers 204."""
    method, path = where.split(" ")
    return Route(
        method=method,
        path=path,
        permission=permission,
        handler=handler,
        summary=summary,
        audit=audit,
        body=body,
        query=query,
        upload=upload,
        result=result,
        status=status or (204 if result is None else 200),
    )


class RouteError(Exception):
    """The route table is wrong: the program must not start."""


def check_routes(routes: Sequence[Route]) -> None:
    """Raise RouteError for a route without permission or audit word, with an unknown method, or declared twice."""
    seen: set[tuple[str, str]] = set()
    for route in routes:
        where = f"{route.method} {route.path}"
        if (route.method, route.path) in seen:
            raise RouteError(f"{where} is declared twice")
        seen.add((route.method, route.path))
        if fault := _fault_of(route):
            raise RouteError(f"{where} {fault}")


def _fault_of(route: Route) -> str | None:
    if route.method not in METHODS:
        return "has an unknown method"
    if route.permission not in tuple(Permission):
        return "declares no permission"
    if route.changes_state and not route.audit:
        return "changes state but has no word for the audit log"
    if not route.changes_state and (route.audit or route.body):
        return "has a safe method, but a body or a word for the audit log"
    if not route.summary:
        return "has no summary"
    models = [model for model in (route.query, route.body) if model is not None]
    if not all(model.__struct_config__.forbid_unknown_fields for model in models):
        return "takes a model that does not refuse unknown fields"
    return None
