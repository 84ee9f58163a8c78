"""The control socket: who may ask for what, what is done for it, and what no request can do."""

import asyncio
import os
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from appliance.core.errors import ProblemError
from appliance.host.control_server import LONGEST_BYTES
from appliance.host.control_words import ALLOWED, AnyRequest, check_caller, parse_request
from tests.host.control_service import Service, service

HOSTNAME = os.uname().nodename
EXAMPLES: dict[str, dict[str, Any]] = {
    "status": {},
    "label": {},
    "network": {},
    "set-network": {"mode": "dhcp"},
    "confirm-network": {},
    "set-time": {"time": "2026-01-31T12:00:00Z"},
    "restart": {"what": "units"},
    "power-off": {},
    "reset": {"scope": "users", "confirm": HOSTNAME},
    "renew-certificate": {},
    "logs": {"lines": 100},
    "sticks": {},
    "install": {"file": "gatehouse.raucb"},
    "boot-other-slot": {},
}
DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "control.md"


def test_every_verb_is_described_with_who_may_use_it() -> None:
    verbs = {kind.__struct_config__.tag: kind for kind in get_args(AnyRequest)}
    assert verbs.keys() == EXAMPLES.keys()
    rows = {
        line.split("|")[1].strip(" `"): line for line in DOCUMENT.read_text().splitlines() if line.startswith("| `")
    }
    for verb, kind in verbs.items():
        told = {f"gatehouse-{name.strip()}" for name in rows[verb].split("|")[4].split(",")}
        assert told == ALLOWED[kind], verb


@pytest.mark.parametrize("user", ["gatehouse-ingest", "gatehouse-bus", "nobody", "12345"])
async def test_nobody_else_is_told_or_given_anything(control: Service, user: str) -> None:
    control.user = user
    for verb, arguments in EXAMPLES.items():
        assert await control.ask(verb, **arguments) == "not-allowed", verb
    assert control.programs.started == [] and control.applied == []


@pytest.mark.parametrize("verb", ["set-network", "reset", "power-off", "logs", "set-time", "install"])
async def test_the_unit_for_updates_may_restart_and_look(control: Service, verb: str) -> None:
    control.user = "gatehouse-updates"
    assert await control.ask(verb, **EXAMPLES[verb]) == "not-allowed"
    assert await control.ask("restart", what="machine") is None


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"", "malformed-json"),
        (b"\n", "malformed-json"),
        (b"\xff\xfe\n", "malformed-json"),
        (b"[" * 50_000 + b"\n", "wrong-value"),
        (b"[]\n", "wrong-value"),
        (b"{}\n", "wrong-value"),
        (b'{"verb": 1}\n', "wrong-value"),
        (b'{"verb": "format"}\n', "unknown-verb"),
        (b'{"verb": "status", "user": "root"}\n', "unknown-field"),
        (b'{"verb": "restart"}\n', "wrong-value"),
        (b'{"verb": "restart", "what": "everything; rm -rf /"}\n', "wrong-value"),
        (b'{"verb": "logs", "lines": 1000000}\n', "wrong-value"),
        (b'{"verb": "logs", "lines": 1, "unit": "--flush.service"}\n', "wrong-value"),
        (b'{"verb": "install", "file": "../../etc/passwd"}\n', "wrong-value"),
        (b'{"verb": "set-time", "time": "yesterday"}\n', "wrong-time"),
        (b'{"verb": "set-time", "time": "1970-01-01T00:00:00Z"}\n', "wrong-time"),
        (b'{"verb": "reset", "scope": "users", "confirm": "yes"}\n', "wrong-confirmation"),
        (b'{"verb": "confirm-network"}\n', "nothing-to-confirm"),
        (b'{"verb": "status"' + b" " * LONGEST_BYTES + b"}\n", "malformed-json"),
    ],
)
async def test_bad_requests_are_refused_with_the_reason(control: Service, line: bytes, code: str) -> None:
    answer = await control.send(line)
    if len(line) <= LONGEST_BYTES or answer:  # one that is too long may be cut off before the answer is read
        assert f'"code":"{code}"'.encode() in answer
    assert control.programs.started == []
    assert (await control.ask("status"))["identity"]["hostname"] == HOSTNAME


@effort(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_request_or_a_problem(line: bytes) -> None:
    try:
        check_caller(parse_request(line), "root")
    except ProblemError as problem:
        assert problem.title and problem.remedy


async def test_who_says_nothing_holds_up_nobody(control: Service) -> None:
    silent = [await asyncio.open_unix_connection(control.path) for _ in range(10)]
    assert await control.ask("restart", what="units") is None
    for _, writer in silent:
        writer.close()


async def test_restarts_are_systemds_and_waited_for_by_nobody(control: Service) -> None:
    await control.ask("restart", what="units")
    await control.ask("restart", what="machine")
    await control.ask("power-off")
    assert [command[-1] for command in control.programs.started] == ["gatehouse.target", "reboot", "poweroff"]
    assert all("--no-block" in command for command in control.programs.started)


async def test_a_machine_that_refuses_is_told_of(control: Service) -> None:
    control.programs.failing.add("systemctl")
    assert await control.ask("restart", what="units") == "machine-refused"


async def test_the_setup_code_is_for_who_has_the_machine_in_hand(control: Service) -> None:
    folder = control.paths.state / "api"
    folder.mkdir(parents=True)
    (folder / "setup-code").write_text("ABCDE-FGHJK")
    for user, told in (
        ("gatehouse-console", "ABCDE-FGHJK"),
        ("root", "ABCDE-FGHJK"),
        ("gatehouse-api", None),
        ("gatehouse-updates", None),
    ):
        control.user = user
        status = await control.ask("status")
        assert (status["setup_code"], status["claimed"]) == (told, False)


async def test_an_appliance_with_an_administrator_has_no_code_to_tell(control: Service) -> None:
    (control.paths.run / "api").mkdir(parents=True)
    (control.paths.run / "api" / "ready.json").write_text("{}")
    status = await control.ask("status")
    assert (status["setup_code"], status["claimed"]) == (None, True)


async def test_secrets_do_not_leave_with_the_logs(control: Service) -> None:
    control.programs.output = "rtsp://root:canary@192.0.2.1/ failed, password=canary"
    told = await control.ask("logs", lines=5, unit="gatehouse-ingest@0.service")
    assert "canary" not in told["text"] and "192.0.2.1" in told["text"]
    assert "--unit=gatehouse-ingest@0.service" in control.programs.started[0]


async def test_a_reset_is_done_by_a_unit_of_its_own(control: Service, image: None) -> None:
    await control.ask("reset", scope="users", confirm=HOSTNAME)
    assert [command[-1] for command in control.programs.started] == ["gatehouse-reset@users.service"]
    await control.ask("reset", scope="everything", confirm=HOSTNAME)
    assert [command[-1] for command in control.programs.started[1:]] == ["gatehouse-reset@everything.service", "reboot"]


async def test_a_reset_that_fails_restarts_nothing(control: Service, image: None) -> None:
    control.programs.failing.add("systemctl")
    assert await control.ask("reset", scope="everything", confirm=HOSTNAME) == "machine-refused"
    assert len(control.programs.started) == 1


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("reset", {"scope": "everything", "confirm": HOSTNAME}),
        ("set-network", {"mode": "dhcp"}),
        ("boot-other-slot", {}),
    ],
)
async def test_a_machine_that_is_not_ours_keeps_its_disk_and_network(
    control: Service, verb: str, arguments: dict[str, Any]
) -> None:
    assert await control.ask(verb, **arguments) == "not-here"
    assert control.programs.started == [] and control.applied == []


STATIC = {"mode": "static", "address": "192.0.2.10/24", "gateway": "192.0.2.1"}


async def test_a_change_from_afar_is_kept_only_when_it_is_confirmed(control: Service, image: None) -> None:
    control.user = "gatehouse-api"
    told = await control.ask("set-network", **STATIC)
    assert 80 < told["confirm_within_s"] <= 90
    network = await control.ask("network")
    assert network["address"] == "192.0.2.10/24" and network["confirm_within_s"] > 80
    async with asyncio.timeout(20):
        while not control.applied:  # whoever asks is answered first
            await asyncio.sleep(0.01)
    assert control.applied[-1].address == "192.0.2.10/24" and control.files.read().mode == "dhcp"
    assert await control.ask("confirm-network") is None
    assert control.files.read().address == "192.0.2.10/24"
    assert (await control.ask("network"))["confirm_within_s"] is None


async def test_a_change_that_nobody_confirms_is_taken_back(tmp_path: Path, image: None) -> None:
    async with service(tmp_path, confirm_within_s=0.05) as control, asyncio.timeout(20):
        control.user = "gatehouse-api"
        await control.ask("set-network", **STATIC)
        while len(control.applied) < 2:
            await asyncio.sleep(0.01)
        assert [settings.mode for settings in control.applied] == ["static", "dhcp"]
        assert (await control.ask("network"))["mode"] == "dhcp"
        assert await control.ask("confirm-network") == "nothing-to-confirm"


async def test_what_is_confirmed_before_it_was_tried_is_in_force_as_well(tmp_path: Path, image: None) -> None:
    async with service(tmp_path, apply_after_s=3600) as control:
        control.user = "gatehouse-api"
        await control.ask("set-network", **STATIC)
        assert control.applied == []
        await control.ask("confirm-network")
        assert control.applied[-1].address == control.files.read().address == "192.0.2.10/24"


async def test_a_change_that_cuts_nobody_off_is_kept_at_once(control: Service, image: None) -> None:
    control.user = "gatehouse-api"
    assert (await control.ask("set-network", mode="dhcp", hostname="gate"))["confirm_within_s"] is None
    assert control.files.read().hostname == "gate"
    control.user = "gatehouse-console"
    assert (await control.ask("set-network", **STATIC))["confirm_within_s"] is None
    assert control.files.read().mode == "static"


async def test_wrong_settings_change_nothing(control: Service, image: None) -> None:
    assert await control.ask("set-network", **{**STATIC, "gateway": "198.51.100.1"}) == "wrong-network-settings"
    assert control.applied == [] and not control.files.settings.exists()


async def test_settings_that_cannot_be_written_are_not_in_force(control: Service, image: None) -> None:
    control.files.settings.parent.parent.mkdir(parents=True)
    control.files.settings.parent.write_text("not a folder")
    assert await control.ask("set-network", **STATIC) == "network-not-kept"
    assert control.applied[-1].mode == "dhcp"


async def test_the_socket_is_for_its_group_alone(control: Service) -> None:
    assert control.path.stat().st_mode & 0o777 == 0o660
