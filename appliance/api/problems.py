"""Bad input as problems: which field, what is wrong with it, and what to do (RFC 9457)."""

import re
from typing import Any

import msgspec
from aiohttp import web

from appliance.core.errors import ProblemError

PROBLEM_JSON = "application/problem+json"
LONGEST_ECHO = 100
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<kind>key in )?\$(?P<path>.*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<name>.*)`$", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `(?P<name>.*)`$", re.DOTALL)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """An error (RFC 9457). code is stable; remedy says what to do; field is the dotted name of the input at fault."""

    type: str
    code: str
    title: str
    status: int
    remedy: str
    field: str | None = None
    detail: str | None = None


def problem_response(problem: ProblemError, headers: dict[str, str] | None = None) -> web.Response:
    """A problem as it leaves."""
    return web.Response(
        body=msgspec.json.encode(problem.to_json()), status=problem.status, content_type=PROBLEM_JSON, headers=headers
    )


def invalid(error: msgspec.ValidationError) -> ProblemError:
    """A value that does not fit its model; the field's dotted name is read from msgspec's message."""
    found = _PLACE.match(str(error))
    what, path = (found["what"], found["path"] or "") if found else (str(error), "")
    field = _shortened(path.lstrip(".").replace("[...]", ""))
    if unknown := _UNKNOWN.match(what):
        name = _shortened(_joined(field, unknown["name"]))
        return _at(
            name,
            "unknown-field",
            f"There is no field {name}",
            "Remove the field; the description of the API lists them.",
        )
    if missing := _MISSING.match(what):
        name = _joined(field, missing["name"])
        return _at(name, "missing-field", f"The field {name} is missing", "Add the field.")
    where = field or "The value"
    return _at(field or None, "wrong-value", f"{where} is not acceptable", f"{_sentence(what)}. Correct the value.")


def malformed(error: Exception, body: bytes) -> ProblemError:
    """A body that is not JSON at all."""
    if isinstance(error, RecursionError):
        detail = "it is nested too deeply"
    elif isinstance(error, UnicodeDecodeError):
        detail = "it is not UTF-8"
    else:
        detail = _position(str(error), body)
    return ProblemError(
        "malformed-json",
        "The body is not JSON",
        remedy="Send one JSON object in UTF-8.",
        detail=_shortened(detail),
    )


def decode(body: bytes, model: Any) -> Any:
    """Parse a body; raises ProblemError with field or position."""
    try:
        return msgspec.json.decode(body, type=model)
    except msgspec.ValidationError as error:
        raise invalid(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(error, body) from None


def convert(value: Any, model: Any, *, strict: bool = True) -> Any:
    """Fit plain values into a model; raises ProblemError with the field. strict=False: text becomes numbers."""
    try:
        return msgspec.convert(value, model, strict=strict)
    except msgspec.ValidationError as error:
        raise invalid(error) from None


def not_found(what: str, remedy: str, field: str | None = None) -> ProblemError:
    """404."""
    return ProblemError("not-found", what, remedy=remedy, status=404, field=field)


def _at(field: str | None, code: str, title: str, remedy: str) -> ProblemError:
    return ProblemError(code, title, remedy=remedy, field=field)


def _joined(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_ECHO else text[: LONGEST_ECHO - 1] + "…"


def _sentence(what: str) -> str:
    return _shortened(what).replace("`", "").replace("matching regex", "matching the pattern")


def _position(message: str, body: bytes) -> str:
    found = re.search(r"byte (\d+)", message)
    if not found:
        return "it ends too early"
    offset = int(found[1])
    line = body.count(b"\n", 0, offset) + 1
    column = offset - body.rfind(b"\n", 0, offset)
    return f"{message.removeprefix('JSON is malformed: ')}: line {line}, column {column}"
