"""Passwords of the units: the same for ever, and never an empty one."""

import stat
from pathlib import Path

from appliance.bus.identities import password_of


def test_a_password_is_made_once_and_only_its_owner_and_group_read_it(tmp_path: Path) -> None:
    path = tmp_path / "credentials" / "api"
    password = password_of(path)
    assert len(password) > 40
    assert password_of(path) == path.read_text() == password
    assert stat.S_IMODE(path.stat().st_mode) & 0o137 == 0
    assert [entry.name for entry in path.parent.iterdir()] == ["api"]


def test_a_password_that_a_power_cut_emptied_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "api"
    path.write_text("")
    assert len(password_of(path)) > 40
