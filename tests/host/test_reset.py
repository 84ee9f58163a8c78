"""What a reset takes away, and what it leaves."""

from pathlib import Path

import pytest

from appliance.api.unit import open_services
from appliance.core.bus import Bus
from appliance.core.clock import SystemClock
from appliance.core.errors import ProblemError
from appliance.core.paths import Paths
from appliance.core.unit import Notifier, UnitContext
from appliance.host.reset import DATABASE, remove, reset
from appliance.security.roles import Role
from appliance.slots.block_device import PATH_VARIABLE, read_variables
from appliance.slots.environment_block import format_block
from appliance.slots.model import FACTORY
from appliance.slots.report import CMDLINE_VARIABLE
from tests.api.serving import PASSWORD, quick_passwords


async def test_after_a_reset_of_users_a_new_code_makes_the_first_administrator(tmp_path: Path) -> None:
    paths, clock = Paths(tmp_path), SystemClock()
    context = UnitContext(
        "api", 0, paths, clock, Bus("api", tmp_path / "none", tmp_path / "none", clock), Notifier(None)
    )
    async with open_services(context, quick_passwords()) as services:
        await services.access.users.add("admin", PASSWORD, Role.ADMINISTRATOR)
        await services.access.tokens.make("rig", Role.VIEWER, "admin")
        await services.audit.note(
            actor="admin", via="session", address="", action="add", subject="camera", outcome="done"
        )
    remove(paths.state / "api", DATABASE)
    async with open_services(context, quick_passwords()) as services:
        assert not services.access.users.has_administrator
        await services.access.set_up(services.access.setup_code.make(), "next", PASSWORD, address="192.0.2.1")
        assert (await services.audit.check()).intact
        assert [entry.actor for entry in await services.audit.newest(10)] == ["admin"]


def test_a_reset_may_be_repeated(tmp_path: Path) -> None:
    remove(tmp_path / "absent", DATABASE)
    (tmp_path / DATABASE[0]).touch()
    remove(tmp_path, DATABASE)
    remove(tmp_path, DATABASE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("state", "primary"), [("good", "b"), ("empty", "a")])
def test_the_other_version_is_started_on_trial_if_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str, primary: str
) -> None:
    block, cmdline = tmp_path / "bootenv", tmp_path / "cmdline"
    block.write_bytes(format_block({**FACTORY, "b_state": state, "b_left": "6"}))
    cmdline.write_text("gatehouse.slot=a")
    monkeypatch.setenv(PATH_VARIABLE, str(block))
    monkeypatch.setenv(CMDLINE_VARIABLE, str(cmdline))
    if state == "empty":
        with pytest.raises(ProblemError, match="no-other-version"):
            reset("slot")
    else:
        assert reset("slot") == 0
    variables = read_variables(block)
    assert variables["primary"] == primary and variables["b_state"] == ("trial" if state == "good" else "empty")


def test_an_unknown_scope_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert reset("cameras") == 2
    assert "cameras" in capsys.readouterr().err
