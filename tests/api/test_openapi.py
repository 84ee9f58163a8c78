"""The description is whole, holds together, and is the one the page was made from."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.api.description import describe
from appliance.api.services import offline_services
from appliance.api.table import all_routes
from tests.api.serving import Site, camera

ROOT = Path(__file__).parents[2]
ROUTES = all_routes(offline_services())
DOCUMENT: dict[str, Any] = json.loads(msgspec.json.encode(describe(ROUTES)))
SCHEMAS = DOCUMENT["components"]["schemas"]


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def operation(method: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][path][method]
    return found


def test_every_route_is_described_with_its_parameters_and_answers() -> None:
    for route in ROUTES:
        described = operation("get" if route.method == "WS" else route.method.lower(), route.path)
        assert described["summary"] and described["x-permission"] == route.permission.value
        named = {(p["name"], p["in"]) for p in described["parameters"]}
        assert {(name, "path") for name in route.parameters} <= named
        if route.query is not None:
            assert {(name, "query") for name in route.query.__struct_fields__} <= named
        assert ("requestBody" in described) == (route.body is not None or route.upload is not None)
        assert "default" in described["responses"] and len(described["responses"]) > 1


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [o["operationId"] for path in DOCUMENT["paths"].values() for o in path.values()]
    assert len(names) == len(set(names)) == len(ROUTES)


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    used = {reference.removeprefix("#/components/schemas/") for reference in references(DOCUMENT)}
    assert used == set(SCHEMAS)


def test_inputs_refuse_unknown_fields_and_answers_promise_all_of_theirs() -> None:
    assert SCHEMAS["NewCamera"]["additionalProperties"] is False
    assert SCHEMAS["NewCamera"]["required"] == ["name", "source"]
    assert set(SCHEMAS["CameraState"]["required"]) == set(SCHEMAS["CameraState"]["properties"])
    assert "required" not in SCHEMAS["RecordingMethodsInput"] or not SCHEMAS["RecordingMethodsInput"]["required"]
    assert set(SCHEMAS["RecordingMethods"]["required"]) == {"continuous", "manual"}


def test_no_answer_has_a_field_for_a_password() -> None:
    answers = {
        reference
        for path in DOCUMENT["paths"].values()
        for described in path.values()
        for reference in references(described["responses"])
    }
    reached: set[str] = set()
    while answers:
        name = answers.pop().removeprefix("#/components/schemas/")
        if name not in reached:
            reached.add(name)
            answers |= set(references(SCHEMAS[name]))
    assert not [name for name in reached if {"password", "token_hash"} & SCHEMAS[name].get("properties", {}).keys()]
    assert [name for name in reached if "token" in SCHEMAS[name].get("properties", {})] == ["MadeToken"]


async def test_the_appliance_serves_it(site: Site) -> None:
    served = await site.call("GET", "/api/v1/openapi.json")
    assert served.json == DOCUMENT


def test_it_can_be_written_without_an_appliance() -> None:
    command = [sys.executable, "-m", "appliance.api.openapi"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=60)
    assert json.loads(done.stdout) == DOCUMENT


async def test_answers_are_as_described(site: Site) -> None:
    admin = await site.token()
    made = await site.call("POST", "/api/v1/cameras", camera(), **admin)
    for path in ("/api/v1/cameras", "/api/v1/health", "/api/v1/audit", "/api/v1/storage", "/api/v1/tokens"):
        described = operation("get", path)["responses"]["200"]["content"]["application/json"]["schema"]
        check((await site.call("GET", path, **admin)).json, described)
    check(made.json, SCHEMAS["CameraView"])


def check(value: Any, schema: dict[str, Any]) -> None:
    """A value against the parts of JSON Schema that the description is written in."""
    if "$ref" in schema:
        return check(value, SCHEMAS[schema["$ref"].removeprefix("#/components/schemas/")])
    if "anyOf" in schema:
        return check(value, next(one for one in schema["anyOf"] if (one.get("type") == "null") == (value is None)))
    if "enum" in schema:
        assert value in schema["enum"]
    kinds: dict[str, Any] = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
    }
    if "type" in schema and schema["type"] in kinds:
        assert isinstance(value, kinds[schema["type"]]), (value, schema)
    for name in schema.get("required", []):
        assert name in value, name
    for name, inner in schema.get("properties", {}).items():
        if name in value:
            check(value[name], inner)
    for item in value if schema.get("type") == "array" and "items" in schema else []:
        check(item, schema["items"])
    return None


def test_the_page_was_generated_from_this_description() -> None:
    file = ROOT / "web" / "src" / "api" / "openapi.json"
    if json.loads(file.read_bytes()) != DOCUMENT:
        pytest.fail(f"stale: run `python -m appliance.api.openapi > {file.relative_to(ROOT)}` and `npm run generate`")
