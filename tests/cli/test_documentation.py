"""docs/reference/cli.md and the parser say the same."""

import argparse
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from appliance.cli.parser import EPILOG, build_parser

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "cli.md").read_text()
ROWS = dict(re.findall(r"^\| `(gatehouse [^`]+)` \| (.+) \|$", PAGE, re.MULTILINE))
EVERYWHERE = {"-h", "--help", "-f", "-y"}


def commands(
    parser: argparse.ArgumentParser, words: str = "gatehouse"
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        yield words, parser
    for group in groups:
        for name, inner in group.choices.items():
            yield from commands(inner, f"{words} {name}")


COMMANDS = dict(commands(build_parser()))


def described(words: str) -> str:
    (row,) = (row for row in ROWS if row == words or re.match(rf"{re.escape(words)} (\[|--|[A-Z])", row))
    return str(row)


def test_every_command_has_its_row_and_every_row_its_command() -> None:
    assert sorted(described(words) for words in COMMANDS) == sorted(ROWS)
    assert all(ROWS.values())


@pytest.mark.parametrize("words", COMMANDS)
def test_every_option_is_in_the_row_and_no_other(words: str) -> None:
    row = described(words)
    options = {name for action in COMMANDS[words]._actions for name in action.option_strings} - EVERYWHERE
    assert set(re.findall(r"--[a-z-]+", row)) == options
    positional = [str(action.metavar) for action in COMMANDS[words]._actions if not action.option_strings]
    assert re.sub(r"\[[^]]*\]|--\S+ \S+", "", row.removeprefix(words)).split() == positional


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_can_be_carried_out(words: str) -> None:
    handler = COMMANDS[words].get_default("handler")
    assert callable(getattr(import_module(f"appliance.cli.{handler.module}"), handler.function))


@pytest.mark.parametrize("words", COMMANDS)
def test_the_help_of_every_command_says_what_it_does_and_what_each_option_is(words: str) -> None:
    parser = COMMANDS[words]
    assert parser.description
    assert all(action.help for action in parser._actions)


def test_the_exit_statuses_are_those_of_the_help() -> None:
    listed = re.findall(r"^  (\d)  (.+)$", EPILOG, re.MULTILINE)
    written = re.findall(r"^\| (\d) \| ", PAGE, re.MULTILINE)
    assert [number for number, _ in listed] == written
