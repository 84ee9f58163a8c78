"""Serial number and name, and where they come from."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.host.identity import identity_of, keep_machine_id, own_identity
from appliance.host.network_settings import is_host_name
from appliance.slots.block_device import PATH_VARIABLE, read_variables
from appliance.slots.environment_block import format_block
from appliance.slots.model import FACTORY

FIRST, SECOND = "0123456789abcdef0123456789abcdef", "ffffffffffffffffffffffffffffffff"


@given(st.from_regex(r"\A[0-9a-f]{32}\Z"))
def test_a_machine_has_one_serial_and_one_name_which_tell_nothing_of_its_id(machine_id: str) -> None:
    identity = identity_of(machine_id)
    assert identity == identity_of(machine_id)
    assert len(identity.serial) == 12 and identity.serial.startswith("GH")
    assert is_host_name(identity.name) and identity.serial.lower().endswith(identity.name.removeprefix("gatehouse-"))
    assert machine_id[:8] not in identity.serial.lower()


def test_two_machines_differ() -> None:
    assert identity_of(FIRST).name != identity_of(SECOND).name


@pytest.mark.parametrize("text", ["", "uninitialized", "0" * 31, FIRST.upper(), f"{FIRST}\n"])
def test_what_is_no_machine_id_makes_no_identity(text: str) -> None:
    with pytest.raises(ValueError):
        identity_of(text)


def test_without_a_machine_id_there_is_no_identity(tmp_path: Path) -> None:
    assert own_identity(tmp_path / "machine-id") is None


@pytest.fixture(name="block")
def block_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    block = tmp_path / "bootenv"
    block.write_bytes(format_block(FACTORY).ljust(4096, b"#"))
    monkeypatch.setenv(PATH_VARIABLE, str(block))
    return block


def test_the_id_of_the_first_start_is_the_boot_loaders_for_good(tmp_path: Path, block: Path) -> None:
    file = tmp_path / "machine-id"
    file.write_text(f"{FIRST}\n")
    assert keep_machine_id(file)
    file.write_text(f"{SECOND}\n")  # some start without the boot loader's
    assert not keep_machine_id(file)
    assert read_variables(block) == {**FACTORY, "machine_id": FIRST}
