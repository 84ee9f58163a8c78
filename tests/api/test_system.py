"""The machine's own routes: on a bench, and over the real control service."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from appliance.condition.control import SOCKET_VARIABLE
from appliance.core.errors import ProblemError
from appliance.host import machine_status
from appliance.host.problem_file import NAME, RUN_VARIABLE, write_problem
from appliance.security.roles import Role
from appliance.slots.report import CMDLINE_VARIABLE
from tests.api.serving import Site, serving
from tests.host.control_service import Service, service

HOSTNAME = os.uname().nodename
CHANGES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/api/v1/system/restart", {"what": "units"}),
    ("POST", "/api/v1/system/power-off", {}),
    ("POST", "/api/v1/system/reset", {"scope": "users", "confirm": HOSTNAME}),
    ("PUT", "/api/v1/system/network", {"mode": "dhcp"}),
    ("POST", "/api/v1/system/network/confirm", {}),
]


@pytest.fixture(name="bench")
async def bench_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setenv(SOCKET_VARIABLE, str(tmp_path / "no.sock"))
    monkeypatch.setenv(RUN_VARIABLE, str(tmp_path / "run-gatehouse"))
    async with serving(tmp_path / "data") as site:
        yield site


@pytest.fixture(name="control")
async def control_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    (tmp_path / "cmdline").write_text("gatehouse.slot=a")
    monkeypatch.setenv(CMDLINE_VARIABLE, str(tmp_path / "cmdline"))
    monkeypatch.setenv(RUN_VARIABLE, str(tmp_path / "run-gatehouse"))
    async with service(tmp_path) as running:
        running.user = "gatehouse-api"
        monkeypatch.setenv(SOCKET_VARIABLE, str(running.path))
        yield running


@pytest.fixture(name="site")
async def site_fixture(control: Service) -> AsyncIterator[Site]:
    async with serving(control.paths.data) as site:
        yield site


async def test_a_bench_says_what_it_knows(bench: Site) -> None:
    system = (await bench.call("GET", "/api/v1/system", **await bench.token(Role.VIEWER))).json
    assert system["identity"]["hostname"] == HOSTNAME and system["version"] and system["slot"] is None
    assert system["data"]["total_bytes"] > 0 and system["uptime_s"] > 0 and system["data_problem"] is None


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
async def test_a_bench_refuses_to_change_somebody_elses_machine(
    bench: Site, method: str, path: str, body: dict[str, Any]
) -> None:
    answer = await bench.call(method, path, body, **await bench.token())
    assert (answer.status, answer.code) == (409, "not-here")
    assert "source tree" in answer.json["title"]


async def test_the_network_of_a_bench_is_not_told(bench: Site) -> None:
    assert (await bench.call("GET", "/api/v1/system/network", **await bench.token())).code == "not-here"


async def test_the_machine_is_told_without_its_setup_code(site: Site, control: Service) -> None:
    assert (control.paths.state / "api" / "setup-code").parent.is_dir()
    site.services.access.setup_code.make()
    answer = await site.call("GET", "/api/v1/system", **await site.token(Role.VIEWER))
    assert answer.json["slot"] == "a"
    code = (control.paths.state / "api" / "setup-code").read_text()
    assert code.encode() not in answer.content


async def test_a_control_service_that_is_gone_hides_nothing_else(site: Site, control: Service) -> None:
    control.path.unlink()
    control.path.write_text("no socket")
    system = await site.call("GET", "/api/v1/system", **await site.token(Role.VIEWER))
    assert system.status == 200 and system.json["data"]["total_bytes"] > 0
    refused = await site.call("POST", "/api/v1/system/restart", {"what": "units"}, **await site.token())
    assert refused.status == 503 and refused.code


async def test_what_is_asked_is_done_and_in_the_audit_log(site: Site, control: Service) -> None:
    token = await site.token()
    for method, path, body in CHANGES[:4]:
        assert (await site.call(method, path, body, **token)).status in (200, 204), path
    started = [command[-1] for command in control.programs.started]
    assert started == ["gatehouse.target", "poweroff", "gatehouse-reset@users.service"]
    entries = (await site.call("GET", "/api/v1/audit", **token)).json["entries"]
    assert [(entry["action"], entry["subject"], entry["outcome"]) for entry in reversed(entries)] == [
        ("restart", "units", "done"),
        ("power off", "", "done"),
        ("reset", "users", "done"),
        ("set network", "network", "done"),
    ]


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/api/v1/system/restart", {"what": "doors"}, "what"),
        ("POST", "/api/v1/system/restart", {}, "what"),
        ("POST", "/api/v1/system/power-off", {"now": True}, "now"),
        ("POST", "/api/v1/system/reset", {"scope": "cameras", "confirm": HOSTNAME}, "scope"),
        ("POST", "/api/v1/system/reset", {"scope": "users", "confirm": "yes"}, "confirm"),
        ("PUT", "/api/v1/system/network", {"mode": "static"}, "address"),
        ("PUT", "/api/v1/system/network", {"mode": "static", "address": "192.0.2.300/24"}, "address"),
        ("PUT", "/api/v1/system/network", {"mode": "dhcp", "dns": ["x"]}, "dns"),
        ("PUT", "/api/v1/system/network", {"mode": "dhcp", "mtu": 9000}, "mtu"),
    ],
)
async def test_bad_input_names_its_field_and_does_nothing(
    site: Site, control: Service, method: str, path: str, body: dict[str, Any], field: str
) -> None:
    answer = await site.call(method, path, body, **await site.token())
    assert 400 <= answer.status < 500 and answer.code
    assert answer.json["field"] == field
    assert control.programs.started == [] and control.applied == []


async def test_a_new_address_is_tried_until_it_is_confirmed(site: Site, control: Service) -> None:
    token = await site.token()
    wanted = {"mode": "static", "address": "192.0.2.10/24", "gateway": "192.0.2.1", "dns": ["192.0.2.53"]}
    change = (await site.call("PUT", "/api/v1/system/network", wanted, **token)).json
    assert 80 < change["confirm_within_s"] <= 90
    network = (await site.call("GET", "/api/v1/system/network", **token)).json
    assert network["address"] == "192.0.2.10/24" and network["confirm_within_s"] > 80
    assert (await site.call("POST", "/api/v1/system/network/confirm", {}, **token)).status == 204
    again = await site.call("POST", "/api/v1/system/network/confirm", {}, **token)
    assert (again.status, again.code) == (409, "nothing-to-confirm")


async def test_a_certificate_is_renewed_by_the_same_authority(site: Site) -> None:
    folder = site.services.context.paths.tls
    before = (folder / "ca.pem").read_bytes(), (folder / "server.pem").read_bytes()
    answer = await site.call("POST", "/api/v1/system/certificate/renew", {}, **await site.token())
    assert len(answer.json["fingerprint"].split(":")) == 32
    assert (folder / "ca.pem").read_bytes() == before[0] and (folder / "server.pem").read_bytes() != before[1]


async def test_everybody_is_told_why_nothing_is_kept(bench: Site, tmp_path: Path) -> None:
    setup = await bench.call("GET", "/api/v1/setup")
    assert setup.json == {"needed": True, "data_problem": None}
    folder = tmp_path / "run-gatehouse"
    write_problem(ProblemError("data-disk-too-small", "The disk is too small", remedy="Use a larger one."), folder)
    for path in ("/api/v1/setup", "/api/v1/health"):
        problem = (await bench.call("GET", path)).json["data_problem"]
        assert (problem["code"], problem["remedy"]) == ("data-disk-too-small", "Use a larger one.")
    system = await bench.call("GET", "/api/v1/system", **await bench.token(Role.VIEWER))
    assert system.json["data_problem"]["title"] == "The disk is too small"
    (folder / NAME).write_text("{torn")
    assert (await bench.call("GET", "/api/v1/setup")).json["data_problem"] is None


async def test_everybody_is_told_that_the_disk_is_full(bench: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_status, "FULL_PERMILLE", 1001)
    problem = (await bench.call("GET", "/api/v1/health")).json["data_problem"]
    assert problem["code"] == "data-full" and problem["remedy"]
