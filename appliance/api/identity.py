"""Who makes a request: a session's cookie or an API token; and that the request comes from our own page."""

import asyncio
import hmac
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from appliance.api.routing import Permission, Route
from appliance.core.errors import ProblemError
from appliance.security.access import Access
from appliance.security.roles import ANONYMOUS, Identity, Via
from appliance.security.sessions import Session, csrf_of
from appliance.security.tokens import Token

SESSION_COOKIE = "__Host-session"  # the prefix makes browsers insist on Secure, Path=/ and no Domain
DEVICE_COOKIE = "__Host-device"
CSRF_HEADER = "X-CSRF-Token"
_BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class Caller:
    """An identity, and what holds it: ended is set when it is void."""

    identity: Identity
    session: Session | None = None
    token: Token | None = None

    @property
    def ended(self) -> asyncio.Event | None:
        """Set when the session or token is void; None for somebody who has neither."""
        holder = self.session or self.token
        return None if holder is None else holder.ended


def address_of(request: web.Request) -> str:
    """Where a request comes from; forwarded headers are not believed."""
    return (request.remote or "-").removeprefix("::ffff:")


async def identify(request: web.Request, access: Access) -> Caller:
    """The caller; raises ProblemError (401) for a token that is none; a cookie that has expired is nobody's."""
    authorization = request.headers.get("Authorization")
    if authorization is not None:
        return await _by_token(authorization, access)
    cookie = request.cookies.get(SESSION_COOKIE)
    session = await access.sessions.find(cookie) if cookie else None
    user = access.users.get(session.username) if session else None
    if session is None or user is None:
        return Caller(ANONYMOUS)
    return Caller(Identity(user.username, user.role, Via.SESSION, session.id), session=session)


async def _by_token(authorization: str, access: Access) -> Caller:
    secret = authorization[len(_BEARER) :].strip() if authorization.lower().startswith(_BEARER) else ""
    token = await access.tokens.find(secret) if secret else None
    if token is None:
        raise ProblemError(
            "bad-token",
            "This API token is not valid",
            remedy="Make a new one as an administrator: POST /api/v1/tokens.",
            status=401,
        )
    return Caller(Identity(f"token {token.name}", token.role, Via.TOKEN, token.id), token=token)


def authorize(route: Route, identity: Identity) -> None:
    """Raise ProblemError 401 or 403 where the route is not for this caller."""
    if route.permission.allows(identity.role):
        return
    if identity.role is None:
        raise ProblemError(
            "not-signed-in", "This needs a signed-in user", remedy="Sign in, or send an API token.", status=401
        )
    raise ProblemError(
        "not-allowed",
        f"This needs the role {route.permission.value}",
        remedy="Ask an administrator to do it, or for that role.",
        status=403,
    )


def check_origin(route: Route, request: web.Request, identity: Identity) -> None:
    """Raise ProblemError (403) for a request that another site's page made a browser send.

    State changes and WebSockets: an Origin that is there must be ours (RFC 6454). A WebSocket with a cookie must bring
    one, as every browser does; a state change with a cookie must bring the session's CSRF token, unless the route is
    open to all: then the cookie gives no right that could be abused.
    """
    if not route.changes_state and route.method != "WS":
        return
    origin = request.headers.get("Origin")
    if origin is not None and not _is_ours(origin, request.headers.get("Host", "")):
        raise _foreign()
    if identity.via is not Via.SESSION:
        return
    if route.method == "WS":
        if origin is None:
            raise _foreign()
    elif route.permission is not Permission.OPEN and not _has_csrf(request):
        raise ProblemError(
            "csrf",
            "The request does not carry the session's CSRF token",
            remedy=f"Send the value of `csrf` from GET /api/v1/session in the header {CSRF_HEADER}.",
            status=403,
        )


def _is_ours(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme == "https" and parts.netloc.casefold() == host.casefold() and bool(host)


def _has_csrf(request: web.Request) -> bool:
    given, cookie = request.headers.get(CSRF_HEADER, ""), request.cookies.get(SESSION_COOKIE, "")
    return hmac.compare_digest(given.encode(errors="replace"), csrf_of(cookie).encode())


def _foreign() -> ProblemError:
    return ProblemError(
        "foreign-origin",
        "The request comes from the page of another site",
        remedy="Use the appliance's own page, at the address in the browser's address bar.",
        status=403,
    )
