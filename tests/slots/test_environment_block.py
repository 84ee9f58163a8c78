"""GRUB's own grub-editenv is the other implementation: what one writes the other reads."""

import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.slots.environment_block import SIZE_BYTES, BlockError, format_block, parse_block

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,11}", fullmatch=True)
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
VARIABLES = st.dictionaries(NAMES, VALUES, max_size=6)


def editenv(block: Path, *arguments: str) -> str:
    done = subprocess.run(["grub-editenv", block, *arguments], check=True, capture_output=True)
    return done.stdout.decode()


@given(VARIABLES)
def test_what_is_written_is_read_again(variables: dict[str, str]) -> None:
    block = format_block(variables)
    assert len(block) == SIZE_BYTES
    assert parse_block(block) == variables


@settings(max_examples=40, deadline=None)
@given(VARIABLES)
def test_grub_reads_what_we_write(tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str]) -> None:
    file = tmp_path_factory.mktemp("block") / "env"
    file.write_bytes(format_block(variables))
    assert editenv(file, "list") == "".join(f"{name}={value}\n" for name, value in variables.items())


@settings(max_examples=40, deadline=None)
@given(VARIABLES, st.lists(st.tuples(NAMES, VALUES), max_size=4))
def test_we_read_what_grub_changed(
    tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str], changes: list[tuple[str, str]]
) -> None:
    file = tmp_path_factory.mktemp("block") / "env"
    file.write_bytes(format_block(variables))
    for name, value in changes:
        editenv(file, "set", f"{name}={value}")
    assert parse_block(file.read_bytes()) == variables | dict(changes)


def test_we_read_a_block_that_grub_made(tmp_path: Path) -> None:
    editenv(tmp_path / "env", "create")
    editenv(tmp_path / "env", "set", "primary=a", "a_left=6")
    assert parse_block((tmp_path / "env").read_bytes()) == {"primary": "a", "a_left": "6"}


@given(st.binary(max_size=SIZE_BYTES))
def test_whatever_else_lies_there_is_refused_or_read(content: bytes) -> None:
    for block in (content, content.ljust(SIZE_BYTES, b"#"), format_block({})[: -len(content) or None] + content):
        with suppress(BlockError):
            assert isinstance(parse_block(block), dict)


@pytest.mark.parametrize(
    "variables", [{"": "x"}, {"a=b": "x"}, {"#a": "x"}, {"a\n": "x"}, {"a": "\0"}, {"a": "x" * 600}]
)
def test_what_cannot_be_written_is_refused(variables: dict[str, str]) -> None:
    with pytest.raises(BlockError):
        format_block(variables)


def test_everything_lies_in_the_first_sector() -> None:
    full = {"machine_id": "0" * 32, "primary": "a", **{f"{slot}_{name}": "trial" for slot in "ab" for name in "xy"}}
    assert format_block(full)[512:] == b"#" * 512
