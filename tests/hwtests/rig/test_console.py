import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hwtests.rig.console import Console

WAIT_S = 20


class Line:
    """A pipe in each direction."""

    def __init__(self, log: Path) -> None:
        self._out, self._in = os.pipe()
        self.typed: list[bytes] = []
        self.console = Console(lambda: os.read(self._out, 4096), self.typed.append, log).start()

    def say(self, content: bytes) -> None:
        os.write(self._in, content)

    def hang_up(self) -> None:
        os.close(self._in)
        self.console.join()
        os.close(self._out)


@pytest.fixture(name="line")
def line_fixture(tmp_path: Path) -> Iterator[Line]:
    line = Line(tmp_path / "log")
    yield line
    line.hang_up()


def test_what_is_said_later_is_waited_for(line: Line) -> None:
    threading.Timer(0.05, line.say, (b"Setup code   ABCD-EFGH\r\n",)).start()
    assert line.console.wait_for(r"^Setup code +(\S+)$", WAIT_S)[1] == "ABCD-EFGH"


def test_a_menu_that_is_drawn_reads_as_lines(line: Line) -> None:
    line.say(b"\x1b[2J\x1b[1;1HGatehouse\x1b[K\x1b[3;1HPage         \x1b[1mhttps://a\x1b[0m\x1b[K\x1b[4;1HEnd")
    line.console.wait_for("^End", WAIT_S)
    assert line.console.wait_for(r"^Page +(\S+)$", WAIT_S)[1] == "https://a"


def test_the_latest_of_what_is_drawn_again_counts(line: Line) -> None:
    line.say(b"\x1b[1;1HPrint AA\x1b[K\x1b[1;1HPrint BB\x1b[KEnd")
    line.console.wait_for("End", WAIT_S)
    found = line.console.latest(r"^Print (\w\w)")
    assert found
    assert found[1] == "BB"


def test_letters_that_come_in_pieces_are_whole(line: Line) -> None:
    for byte in "Tür\n".encode():
        line.say(bytes([byte]))
    line.console.wait_for("^Tür$", WAIT_S)


def test_a_wait_in_vain_ends_with_what_was_said_last(line: Line) -> None:
    line.say(b"Kernel panic\n")
    line.console.wait_for("panic", WAIT_S)
    with pytest.raises(TimeoutError, match="Kernel panic"):
        line.console.wait_for("login", 0)


def test_a_wait_ends_when_the_line_does(tmp_path: Path) -> None:
    line = Line(tmp_path / "log")
    line.hang_up()
    with pytest.raises(TimeoutError):
        line.console.wait_for("anything", WAIT_S)


def test_everything_is_kept_as_it_came_and_typed_as_it_is(tmp_path: Path) -> None:
    line = Line(tmp_path / "log")
    line.say(b"\x1b[1mbold\x1b[0m")
    line.console.wait_for("bold", WAIT_S)
    line.console.type("1\r")
    line.hang_up()
    assert (tmp_path / "log").read_bytes() == b"\x1b[1mbold\x1b[0m"
    assert line.typed == [b"1\r"]
