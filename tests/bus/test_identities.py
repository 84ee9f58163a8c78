"""Passwords of the units: the same for ever, and never an empty one; and what the broker reads of them."""

import stat
from pathlib import Path

import pytest

from appliance.bus.broker import write_configuration
from appliance.bus.identities import password_of
from appliance.core.paths import Paths


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


def test_where_the_disk_takes_no_new_configuration_the_broker_starts_with_the_one_of_before(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    passwords = paths.bus_socket.parent / "passwords"
    obstacle = passwords.with_name("passwords.new")
    obstacle.mkdir(parents=True)
    with pytest.raises(OSError):
        write_configuration(paths, ["api"])
    obstacle.rmdir()
    configuration = write_configuration(paths, ["api"])
    before = passwords.read_text()
    obstacle.mkdir()
    assert write_configuration(paths, ["api"]) == configuration
    assert passwords.read_text() == before and before.startswith("api:$7$")
