"""Which route a request means: our own table, so that 404, 405 and permissions come from the same declarations."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from appliance.api.problems import not_found
from appliance.api.routing import Route, RouteError
from appliance.core.errors import ProblemError


class MethodProblemError(ProblemError):
    """405 with the methods that there are, for the Allow header (RFC 9110, 15.5.6)."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self.allowed = ", ".join(allowed)
        super().__init__("wrong-method", "This address knows no such method", remedy=f"Use {self.allowed}.", status=405)


@dataclass(slots=True)
class _Node:
    """One level of the paths: literal parts before the parameter."""

    literal: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None
    methods: dict[str, Route] = field(default_factory=dict)


class Resolver:
    """Finds routes by method and path."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._root = _Node()
        for route in routes:
            self._add(route)

    def find(self, method: str, raw_path: str) -> tuple[Route, dict[str, str]]:
        """(route, path parameters); raises ProblemError 404 or 405. raw_path: still percent-encoded."""
        values: list[str] = []
        node = self._descend(raw_path, values)
        if node is None or not node.methods:
            raise not_found("There is nothing at this address", "See /api/v1/openapi.json for what there is.")
        route = _chosen(node.methods, method)
        if route is None:
            raise MethodProblemError(sorted(_allowed(node.methods)))
        return route, dict(zip(route.parameters, values, strict=True))

    def _add(self, route: Route) -> None:
        node = self._root
        for part in route.path.strip("/").split("/"):
            if part.startswith("{"):
                node.parameter = node = node.parameter or _Node()
            else:
                node = node.literal.setdefault(part, _Node())
        if route.method in node.methods:
            raise RouteError(f"{route.method} {route.path} is declared twice")
        node.methods[route.method] = route

    def _descend(self, raw_path: str, values: list[str]) -> _Node | None:
        node: _Node | None = self._root
        for part in raw_path.removeprefix("/").split("/"):
            assert node is not None
            text = unquote(part, errors="replace")
            if text in node.literal:
                node = node.literal[text]
            else:
                values.append(text)
                node = node.parameter
            if node is None:
                return None
        return node


def _chosen(methods: dict[str, Route], method: str) -> Route | None:
    if method == "HEAD":
        method = "GET"
    return methods.get(method) or (methods.get("WS") if method == "GET" else None)


def _allowed(methods: dict[str, Route]) -> set[str]:
    names = {"GET" if method == "WS" else method for method in methods}
    return names | {"HEAD"} if "GET" in methods else names
