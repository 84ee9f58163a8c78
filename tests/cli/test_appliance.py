"""Commands where there is a control service: what they ask of it, and what they make of its answers."""

from pathlib import Path

import pytest

from tests.cli.running import Shell
from tests.console.control import CONDITION, NETWORK, ControlService


def test_the_status_comes_from_the_control_service(shell: Shell, control: ControlService) -> None:
    said = shell.run("status")
    assert said.status == 0
    assert "ABCDE-FGHJK" in said.out
    assert "https://gatehouse-3f7k2q.local" in said.out
    assert shell.run("status", "--json").json["slots"][1]["version"] == "0.0.9"


def test_a_problem_of_the_data_partition_or_a_unit_makes_it_unwell(shell: Shell, control: ControlService) -> None:
    problem = {"code": "x", "title": "The disk is too small", "remedy": "Take a larger one."}
    control.answers["status"] = {**CONDITION, "data_problem": problem}
    said = shell.run("status")
    assert said.status == 5
    assert "The disk is too small. Take a larger one." in said.out
    backup = {"name": "gatehouse-backup.service", "state": "inactive"}
    control.answers["status"] = {**CONDITION, "units": [*CONDITION["units"], backup]}
    assert shell.run("status").status == 0
    control.answers["status"] = {**CONDITION, "units": [{"name": "gatehouse-api.service", "state": "inactive"}]}
    assert shell.run("status").status == 5


def test_the_slots_are_a_table(shell: Shell, control: ControlService) -> None:
    assert shell.run("slots").out.splitlines() == [
        "SLOT  STATE    VERSION  TRIES LEFT",
        "a     running  0.1.0    6",
        "b     good     0.0.9    6",
    ]


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["restart"], {"verb": "restart", "what": "units"}),
        (["reboot", "--yes"], {"verb": "restart", "what": "machine"}),
        (["power-off", "-y"], {"verb": "power-off"}),
        (["certificates", "rotate", "--yes"], {"verb": "renew-certificate"}),
        (["network", "confirm"], {"verb": "confirm-network"}),
        (
            ["reset", "--scope", "everything", "--confirm", "gatehouse-3f7k2q"],
            {"verb": "reset", "scope": "everything", "confirm": "gatehouse-3f7k2q"},
        ),
    ],
)
def test_a_command_asks_for_what_it_is_for(
    shell: Shell, control: ControlService, arguments: list[str], asked: dict[str, str]
) -> None:
    assert shell.run(*arguments).status == 0
    assert control.asked == [asked]


def test_nothing_is_done_that_nobody_confirmed(shell: Shell, control: ControlService) -> None:
    for arguments in (["reboot"], ["power-off"], ["reset", "--scope", "users"]):
        said = shell.run(*arguments)
        assert said.status == 1
        assert "Give --" in said.err
    assert "is called gatehouse-3f7k2q" in shell.run("reset", "--scope", "users", "--confirm", "x").err
    assert shell.run_at_terminal(["reboot"], "n\n").status == 1
    assert control.asked == []
    assert shell.run_at_terminal(["reboot"], "y\n").status == 0
    assert shell.run_at_terminal(["reset", "--scope", "users"], "gatehouse-3f7k2q\n").status == 0
    assert [question["verb"] for question in control.asked] == ["restart", "reset"]


def test_what_is_refused_is_told_with_its_remedy(shell: Shell, control: ControlService) -> None:
    problem = {"code": "busy", "title": "An update is being installed", "remedy": "Wait for it.", "status": 409}
    control.answers["restart"] = {"problem": problem}
    said = shell.run("restart")
    assert (said.status, said.err) == (1, "gatehouse: An update is being installed. Wait for it.\n")
    control.answers["restart"] = {"problem": {**problem, "code": "not-allowed"}}
    assert shell.run("restart").status == 4


def test_a_control_service_that_does_not_answer_is_said_to(shell: Shell, tmp_path: Path) -> None:
    shell.control.touch()
    said = shell.run("status")
    assert said.status == 3
    assert "does not answer" in said.err


def test_the_network_is_shown_as_set_and_as_it_is(shell: Shell, control: ControlService) -> None:
    assert "192.0.2.10" in shell.run("network", "show").out
    assert shell.run("network", "show", "--json").json["in_use"] == ["192.0.2.10"]


def test_an_address_makes_the_network_static_and_the_rest_stays(shell: Shell, control: ControlService) -> None:
    control.answers["network"] = {**NETWORK, "ntp": ["ntp.example"], "confirm_within_s": None}
    control.answers["set-network"] = {"confirm_within_s": 90}
    said = shell.run("network", "set", "--address", "192.0.2.20/24", "--dns", "192.0.2.1", "192.0.2.2")
    assert said.status == 0
    assert "gatehouse network confirm` within 90 s" in said.out
    expected = {**NETWORK, "ntp": ["ntp.example"], "mode": "static", "address": "192.0.2.20/24"}
    assert control.asked[-1] == {**expected, "verb": "set-network", "dns": ["192.0.2.1", "192.0.2.2"]}


def test_dhcp_forgets_the_address_of_before(shell: Shell, control: ControlService) -> None:
    control.answers["network"] = {**NETWORK, "mode": "static", "address": "192.0.2.20/24", "gateway": "192.0.2.1"}
    control.answers["set-network"] = {"confirm_within_s": None}
    shell.run("network", "set", "--mode", "dhcp")
    assert control.asked[-1] == {**NETWORK, "verb": "set-network"}
    assert shell.run("network", "set").status == 1
