"""The HTTP side of every route: who, may they, is the input right, then the handler, the audit log and the answer."""

import asyncio
import logging
from collections.abc import Sequence
from errno import EDQUOT, ENOSPC
from typing import Any

import apsw
import msgspec
from aiohttp import web

from appliance.api.identity import Caller, address_of, authorize, check_origin, identify
from appliance.api.page import Page
from appliance.api.problems import convert, decode, problem_response
from appliance.api.resolver import MethodProblemError, Resolver
from appliance.api.routing import Call, Permission, Route, check_routes
from appliance.api.services import Services
from appliance.core.errors import ProblemError
from appliance.security.throttle import TooManyTriesError

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 1024 * 1024
MAX_STRANGERS_BODY_BYTES = 16 * 1024  # where nobody is signed in: many at once must not fill the memory
BODY_TIMEOUT_S = 20.0
API = "/api/"
_JSON_TYPES = frozenset({"application/json", "application/merge-patch+json"})
_HEADERS = {
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_NOT_WORTH_A_NOTE = frozenset({"too-many-tries", "busy"})
_NOTED_OF_STRANGERS = frozenset({"wrong-credentials", "wrong-setup-code"})  # all else could be sent without end


def build_app(
    routes: Sequence[Route], services: Services, page: Page, *, body_timeout_s: float = BODY_TIMEOUT_S
) -> web.Application:
    """The application; raises RouteError for a route without permission or audit word."""
    check_routes(routes)
    endpoint = _Endpoint(Resolver(routes), services, page, body_timeout_s)
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app.router.add_route("*", "/{path:.*}", endpoint.answer)
    app.on_response_prepare.append(_harden)
    return app


async def _harden(request: web.Request, response: web.StreamResponse) -> None:
    """Headers every answer carries, unless its handler said better."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.popall("Server", None)


class _Endpoint:
    """Answers every request."""

    def __init__(self, resolver: Resolver, services: Services, page: Page, body_timeout_s: float) -> None:
        self._resolver = resolver
        self._services = services
        self._page = page
        self._body_timeout_s = body_timeout_s

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Never raises for what a client sent; what we did wrong is logged once and told without its inside."""
        try:
            return await self._answered(request)
        except ProblemError as problem:
            return problem_response(problem, _headers_of(problem))
        except web.HTTPException as answer:
            return _from_aiohttp(answer)
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:
            log.exception("%s %s failed", request.method, request.path)
            return problem_response(_disk_full() if _is_full(error) else _internal())

    async def _answered(self, request: web.Request) -> web.StreamResponse:
        if not request.path.startswith(API):
            return await self._page.answer(request)
        route, params = self._resolver.find(request.method, request.rel_url.raw_path)
        caller = await identify(request, self._services.access)
        call = Call(request, caller.identity, params)
        stranger = caller.identity.role is None and route.permission is not Permission.OPEN
        if route.audit is None or stranger:  # who knocks at closed doors cannot fill the log
            return await self._handled(route, call, caller)
        return await self._noted(route, call, caller, route.audit)

    async def _noted(self, route: Route, call: Call, caller: Caller, action: str) -> web.StreamResponse:
        """A state change is in the audit log before it is answered, whatever came of it."""
        try:
            answer = await self._handled(route, call, caller)
        except Exception as error:
            code = _outcome(error)
            if _is_worth_a_note(code, caller):
                await self._note(call, action, code)
            raise
        await self._note(call, action, "done")
        return answer

    async def _note(self, call: Call, action: str, outcome: str) -> None:
        subject = call.subject if call.subject is not None else "/".join(call.params.values())
        await self._services.audit.note(
            actor=call.actor,
            via=call.identity.via.value,
            address=address_of(call.request),
            action=action,
            subject=subject[:200],
            outcome=outcome,
        )

    async def _handled(self, route: Route, call: Call, caller: Caller) -> web.StreamResponse:
        authorize(route, caller.identity)
        check_origin(route, call.request, caller.identity)
        if route.method == "WS":
            _check_upgrade(call.request)
        call.query = _query(route, call.request)
        call.body = await _body(route, call.request, self._body_timeout_s)
        if route.method == "WS":
            return await _until_ended(route, call, caller)
        return _encoded(route, await route.handler(call))


def _is_worth_a_note(failure: str, caller: Caller) -> bool:
    """Whether a call that failed goes into the log, which is never cut: strangers only add what is throttled."""
    if caller.identity.role is None:
        return failure in _NOTED_OF_STRANGERS
    return failure not in _NOT_WORTH_A_NOTE


def _outcome(error: Exception) -> str:
    if isinstance(error, ProblemError):
        return error.code
    return "connection-lost" if isinstance(error, ConnectionError) else "internal"


def _query(route: Route, request: web.Request) -> Any:
    given = request.rel_url.query
    for name in given:
        if len(given.getall(name)) > 1:
            raise ProblemError(
                "repeated-parameter",
                f"The parameter {name[:100]} is given twice",
                remedy="Give it once.",
                field=name[:100],
            )
    if route.query is not None:
        return convert(dict(given), route.query, strict=False)
    if given:
        name = next(iter(given))[:100]
        raise ProblemError(
            "unknown-field", f"There is no parameter {name}", remedy="Leave the parameter out.", field=name
        )
    return None


async def _body(route: Route, request: web.Request, timeout_s: float) -> Any:
    if route.body is None:
        return None
    if request.content_type not in _JSON_TYPES:
        raise ProblemError(
            "not-json", "The body is not declared as JSON", remedy="Send Content-Type: application/json.", status=415
        )
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ProblemError(
            "compressed", "The body is compressed", remedy="Send it without Content-Encoding.", status=415
        )
    most = MAX_STRANGERS_BODY_BYTES if route.permission is Permission.OPEN else MAX_BODY_BYTES
    return decode(await _read(request, most, timeout_s), route.body)


async def _read(request: web.Request, most: int, timeout_s: float) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(timeout_s):
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > most:
                    raise ProblemError(
                        "too-large", f"The body is larger than {most} bytes", remedy="Send less.", status=413
                    )
    except TimeoutError:
        raise ProblemError(
            "too-slow", f"The body did not come within {timeout_s:g} s", remedy="Send it again.", status=408
        ) from None
    except web.RequestPayloadError:
        raise ProblemError(
            "bad-request", "The body is not as its headers say", remedy="Check Transfer-Encoding.", status=400
        ) from None
    return bytes(body)


def _encoded(route: Route, result: Any) -> web.StreamResponse:
    if isinstance(result, web.StreamResponse):
        return result
    if result is None:
        return web.Response(status=204)
    return json_response(result, route.status)


def json_response(result: Any, status: int = 200) -> web.Response:
    """A model as JSON, for a handler that has headers or cookies to add."""
    return web.Response(body=msgspec.json.encode(result), status=status, content_type="application/json")


async def _until_ended(route: Route, call: Call, caller: Caller) -> web.StreamResponse:
    """Run a WebSocket's handler, but no longer than its session or token is good."""
    ended, session = caller.ended or asyncio.Event(), caller.session
    work, end = asyncio.ensure_future(route.handler(call)), asyncio.ensure_future(ended.wait())
    if session is not None:
        session.sockets += 1
    try:
        await asyncio.wait({work, end}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            return _encoded(route, work.result())
        if call.request.transport is not None:
            call.request.transport.abort()
        raise ConnectionResetError("the session has ended")
    finally:
        if session is not None:
            session.sockets -= 1
        work.cancel()
        end.cancel()
        await asyncio.gather(work, end, return_exceptions=True)


def _check_upgrade(request: web.Request) -> None:
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise ProblemError(
            "websocket-only", "This address speaks WebSocket only", remedy="Open it as wss://.", status=426
        )


def _headers_of(problem: ProblemError) -> dict[str, str]:
    if isinstance(problem, TooManyTriesError):
        return {"Retry-After": str(problem.wait_s)}
    if isinstance(problem, MethodProblemError):
        return {"Allow": problem.allowed}
    if problem.status == 401:
        return {"WWW-Authenticate": "Bearer"}
    if problem.status == 426:
        return {"Upgrade": "websocket", "Connection": "Upgrade"}
    return {}


def _from_aiohttp(answer: web.HTTPException) -> web.StreamResponse:
    """What aiohttp itself refuses: a body that is too large, a range outside of a file."""
    if answer.status < 400:
        return web.Response(status=answer.status, headers=answer.headers)
    code = answer.reason.lower().replace(" ", "-")
    remedy = (
        "Send less." if answer.status == 413 else "Look at the description of this address in /api/v1/openapi.json."
    )
    kept = {name: answer.headers[name] for name in ("Content-Range", "Allow") if name in answer.headers}
    return problem_response(ProblemError(code, answer.reason, remedy=remedy, status=answer.status), kept)


def _is_full(error: Exception) -> bool:
    return isinstance(error, apsw.FullError) or (isinstance(error, OSError) and error.errno in (ENOSPC, EDQUOT))


def _disk_full() -> ProblemError:
    return ProblemError(
        "disk-full",
        "The disk that holds the recorder's own state is full",
        remedy="Free some space on it, look whether the change was made, and try again if not.",
        status=507,
    )


def _internal() -> ProblemError:
    return ProblemError(
        "internal",
        "Something went wrong inside the recorder",
        remedy="Try again; if it stays so, look at the log of the api unit.",
        status=500,
    )
