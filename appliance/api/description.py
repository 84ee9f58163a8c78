"""The OpenAPI 3.1 description, made from a list of routes.

Answers always carry every field, so their schemas require them all; inputs require what has no default. A model that is
both is described twice, the input with the suffix "Input".
"""

from collections.abc import Sequence
from typing import Any

import msgspec

import appliance
from appliance.api.problems import PROBLEM_JSON, Problem
from appliance.api.routing import Permission, Route

_REF = "#/components/schemas/"
_SECURITY: list[dict[str, list[str]]] = [{"cookie": []}, {"token": []}]


def describe(routes: Sequence[Route]) -> dict[str, Any]:
    """The whole document."""
    answers = _Models([route.result for route in routes if route.result is not None] + [Problem], "", complete=True)
    inputs = _Models(
        [m for route in routes for m in (route.body, route.query) if m is not None], "Input", taken=answers.components
    )
    queries = {route.query.__name__ for route in routes if route.query is not None}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        method = "get" if route.method == "WS" else route.method.lower()
        paths.setdefault(route.path, {})[method] = _operation(route, answers, inputs)
    schemas = {**answers.components, **{n: s for n, s in inputs.components.items() if n not in queries}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Gatehouse",
            "version": appliance.__version__,
            "description": "Times are RFC 3339 in UTC. Errors are problem JSON (RFC 9457). Unknown fields are refused.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {path: paths[path] for path in sorted(paths)},
        "components": {"schemas": dict(sorted(schemas.items())), "securitySchemes": _security_schemes()},
    }


class _Models:
    """Schemas of some models, and the reference to each."""

    def __init__(
        self, models: list[Any], suffix: str, *, complete: bool = False, taken: dict[str, Any] | None = None
    ) -> None:
        self._models = models
        schemas, components = msgspec.json.schema_components(models, ref_template=_REF + "{name}")
        if complete:
            optional = Problem.__name__  # the one answer that leaves out what it does not know (RFC 9457)
            components = {n: schema if n == optional else _all_required(schema) for n, schema in components.items()}
        renamed = {name: name + suffix for name, schema in components.items() if name in (taken or {})}
        self._schemas = [_renamed(schema, renamed) for schema in schemas]
        self.components = {renamed.get(n, n): _renamed(s, renamed) for n, s in components.items()}

    def reference(self, model: Any) -> dict[str, Any]:
        """The schema of one of the models."""
        index = next(i for i, known in enumerate(self._models) if known is model or known == model)
        schema: dict[str, Any] = self._schemas[index]
        return schema

    def fields(self, model: Any) -> dict[str, Any]:
        """The object schema behind a model's reference."""
        found: dict[str, Any] = self.components[self.reference(model)["$ref"].removeprefix(_REF)]
        return found


def _all_required(schema: dict[str, Any]) -> dict[str, Any]:
    if "properties" not in schema:
        return schema
    return {**schema, "required": list(schema["properties"])}


def _renamed(schema: Any, names: dict[str, str]) -> Any:
    if isinstance(schema, dict):
        reference = schema.get("$ref")
        if isinstance(reference, str):
            name = reference.removeprefix(_REF)
            return {**schema, "$ref": _REF + names.get(name, name)}
        return {key: _renamed(value, names) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_renamed(value, names) for value in schema]
    return schema


def _operation(route: Route, answers: _Models, inputs: _Models) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "x-permission": route.permission.value,
        "security": [] if route.permission is Permission.OPEN else _SECURITY,
        "parameters": [*_path_parameters(route), *_query_parameters(route, inputs)],
        "responses": {**_answer(route, answers), "default": _problem_answer()},
    }
    if route.body is not None:
        media_type = "application/merge-patch+json" if route.method == "PATCH" else "application/json"
        operation["requestBody"] = {
            "required": True,
            "content": {media_type: {"schema": inputs.reference(route.body)}},
        }
    if route.upload is not None:
        file = {"type": "string", "format": "binary"}
        operation["requestBody"] = {"required": True, "content": {route.upload: {"schema": file}}}
    return operation


def _operation_id(route: Route) -> str:
    words = [part.strip("{}") for part in route.path.removeprefix("/api/v1/").replace(".", "-").split("/")]
    return "-".join([route.method.lower(), *words])


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [{"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in route.parameters]


def _query_parameters(route: Route, inputs: _Models) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = inputs.fields(route.query)
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": value}
        for name, value in schema["properties"].items()
    ]


def _answer(route: Route, answers: _Models) -> dict[str, Any]:
    if route.method == "WS":
        return {"101": {"description": "A WebSocket"}}
    if route.result is not None:
        content = {"application/json": {"schema": answers.reference(route.result)}}
        return {str(route.status): {"description": "Done", "content": content}}
    if route.media_type is not None:
        return {str(route.status): {"description": "Done", "content": {route.media_type: {}}}}
    return {"204": {"description": "Done"}}


def _problem_answer() -> dict[str, Any]:
    return {"description": "A problem", "content": {PROBLEM_JSON: {"schema": {"$ref": f"{_REF}Problem"}}}}


def _security_schemes() -> dict[str, Any]:
    return {
        "cookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-session",
            "description": "From POST /api/v1/session. State-changing requests also carry X-CSRF-Token.",
        },
        "token": {"type": "http", "scheme": "bearer", "description": "From POST /api/v1/tokens."},
    }
