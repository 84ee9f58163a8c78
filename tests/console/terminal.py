"""A person at a terminal: a real pseudo-terminal with the console on it, and what its screen shows."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE_S = 30.0
_MOVES = re.compile(r"\x1b\[(?:(\d+);(\d+)H|H|J|K|r)")
ENTER, ESCAPE, REDRAW = "\r", "\x1b", "\x0c"


class Person:
    """Types, and reads the screen."""

    def __init__(self, descriptor: int, process: "subprocess.Popen[bytes]") -> None:
        self._descriptor = descriptor
        self.process = process
        self.received = b""

    def types(self, text: str) -> None:
        """Press keys."""
        os.write(self._descriptor, text.encode())

    def sees(self, text: str) -> None:
        """Wait until the screen shows a text."""
        self.waits(lambda: text in self.screen, f"{text!r} on the screen")

    def waits(self, condition: Callable[[], bool], what: str) -> None:
        """Read until a condition holds; fails with the screen's content."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited in vain for {what}:\n{self.screen}\n--- raw\n{self.received!r}")
            self.reads(0.1)

    def reads(self, timeout_s: float) -> bytes:
        """Whatever comes within a time."""
        piece = b""
        if select.select([self._descriptor], [], [], timeout_s)[0]:
            try:
                piece = os.read(self._descriptor, 65536)
            except OSError:  # the other side is gone
                time.sleep(0.05)
        self.received += piece
        return piece

    def goes(self) -> None:
        """Hang up."""
        os.close(self._descriptor)
        self._descriptor = -1

    @property
    def screen(self) -> str:
        """What a VT100 would show of what has come."""
        return rendered(self.received.decode())


def rendered(text: str) -> str:
    """The few sequences that the console sends, obeyed; paper, where it sends none."""
    if "\x1b" not in text:
        return text
    rows: dict[int, str] = {}
    row, column, at = 1, 1, 0
    for move in [*_MOVES.finditer(text), None]:
        for sign in text[at : move.start() if move else len(text)]:
            line = rows.get(row, "").ljust(column - 1)
            rows[row] = line[: column - 1] + sign + line[column:]
            column += 1
        if move is None:
            break
        at = move.end()
        if move[0] == "\x1b[J":
            rows = {n: line for n, line in rows.items() if n < row} | {row: rows.get(row, "")[: column - 1]}
        elif move[0] in ("\x1b[H", "\x1b[r"):
            row, column = 1, 1
        elif move[0] == "\x1b[K":
            rows[row] = rows.get(row, "")[: column - 1]
        else:
            row, column = int(move[1]), int(move[2])
    return "\n".join(rows.get(n, "").rstrip() for n in range(1, max(rows, default=0) + 1))


@contextmanager
def at_the_console(control: Path, *program: str, term: str = "vt220") -> Iterator[Person]:
    """Sit down at it. program: instead of the console as it runs in tests."""
    master, slave = pty.openpty()
    settings = {**os.environ, "TERM": term, "GATEHOUSE_CONTROL": str(control)}
    command = [sys.executable, *(program or ("-m", "tests.console.attentive"))]
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=subprocess.PIPE, env=settings, start_new_session=True
    )
    os.close(slave)
    person = Person(master, process)
    try:
        yield person
    finally:
        if person._descriptor >= 0:
            person.goes()
        process.kill()
        process.communicate(timeout=30)
