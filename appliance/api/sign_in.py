"""The routes of setting up and signing in."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from appliance.api.identity import DEVICE_COOKIE, SESSION_COOKIE, address_of
from appliance.api.problems import Problem
from appliance.api.routing import Call, Permission, Route, changing, reading
from appliance.api.server import json_response
from appliance.api.services import Services
from appliance.api.system_views import problem_view
from appliance.host.machine_status import data_problem
from appliance.security.passwords import LONGEST
from appliance.security.roles import Role
from appliance.security.sessions import ABSOLUTE_S, csrf_of

DEVICE_COOKIE_S = 365 * 86_400

Username = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")]
Password = Annotated[str, Meta(min_length=1, max_length=LONGEST)]


class SetupState(msgspec.Struct, frozen=True, kw_only=True):
    """needed: no administrator exists yet. data_problem: why nothing is kept over a restart, or soon no longer."""

    needed: bool
    data_problem: Problem | None = None


class Setup(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The setup code from the ready line, and who the first administrator is to be."""

    code: Annotated[str, Meta(max_length=100)]
    username: Username
    password: Password


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """User name and password."""

    username: Annotated[str, Meta(max_length=200)]
    password: Annotated[str, Meta(max_length=LONGEST)]


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in. csrf: what state-changing requests repeat in X-CSRF-Token; empty for an API token."""

    username: str
    role: Role
    csrf: str


class SignInRoutes:
    """Handlers over `Access`."""

    def __init__(self, services: Services) -> None:
        self._access = services.access
        self._paths = services.context.paths

    async def setup_state(self, call: Call) -> SetupState:
        """Whether setting up is still to be done."""
        return self._state()

    def _state(self) -> SetupState:
        problem = problem_view(data_problem(self._paths))
        return SetupState(needed=not self._access.users.has_administrator, data_problem=problem)

    async def set_up(self, call: Call) -> SetupState:
        """Make the first administrator."""
        body: Setup = call.body
        user = await self._access.set_up(body.code, body.username, body.password, address=address_of(call.request))
        call.subject = user.username
        return self._state()

    async def sign_in(self, call: Call) -> web.Response:
        """Start a session under a new token, whatever cookie the browser came with."""
        body: SignIn = call.body
        known = self._access.users.get(body.username)
        call.subject = known.username if known else "unknown user"  # people type passwords into this field
        mark = call.request.cookies.get(DEVICE_COOKIE)
        user = await self._access.sign_in(body.username, body.password, address=address_of(call.request), mark=mark)
        token = await self._access.sessions.start(user.username, replaced=call.request.cookies.get(SESSION_COOKIE))
        response = json_response(Me(username=user.username, role=user.role, csrf=csrf_of(token)))
        _set_cookie(response, SESSION_COOKIE, token, ABSOLUTE_S)
        _set_cookie(response, DEVICE_COOKIE, self._access.devices.make(user.username), DEVICE_COOKIE_S)
        return response

    async def me(self, call: Call) -> Me:
        """Who is signed in."""
        token = call.request.cookies.get(SESSION_COOKIE) if call.identity.via == "session" else None
        assert call.identity.role is not None
        return Me(username=call.identity.name, role=call.identity.role, csrf=csrf_of(token) if token else "")

    async def sign_out(self, call: Call) -> web.Response:
        """End this session."""
        call.subject = call.actor
        await self._access.sessions.end(call.request.cookies.get(SESSION_COOKIE, ""))
        response = web.Response(status=204)
        _set_cookie(response, SESSION_COOKIE, "", 0)
        return response


def _set_cookie(response: web.Response, name: str, value: str, max_age_s: int) -> None:
    response.set_cookie(name, value, max_age=max_age_s, path="/", secure=True, httponly=True, samesite="Strict")


def sign_in_routes(services: Services) -> list[Route]:
    """The table."""
    handlers, everybody, somebody = SignInRoutes(services), Permission.OPEN, Permission.SIGNED_IN
    setup, session = "/api/v1/setup", "/api/v1/session"
    once, needed = "Make the first administrator, once", "Whether the first administrator is still to be made"
    return [
        reading(setup, everybody, handlers.setup_state, needed, SetupState),
        changing(f"POST {setup}", everybody, handlers.set_up, once, "set up", body=Setup, result=SetupState),
        changing(f"POST {session}", everybody, handlers.sign_in, "Sign in", "sign in", body=SignIn, result=Me),
        reading(session, somebody, handlers.me, "Who is signed in", Me),
        changing(f"DELETE {session}", somebody, handlers.sign_out, "Sign out", "sign out"),
    ]
