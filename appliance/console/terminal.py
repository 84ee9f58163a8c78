"""The terminal itself: raw keys in, bytes out; as it was before, at the end (termios(3))."""

import asyncio
import os
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from appliance.console.keys import decode
from appliance.console.screen import Screen

MOST_KEYS_WAITING = 256
_INCAPABLE = frozenset({"", "dumb", "unknown"})
_INPUT, _LOCAL, _CHARACTERS = 0, 3, 6
GONE = "gone"  # the key of a line that was hung up


class Terminal:
    """The two sides of a terminal."""

    def __init__(self, read_from: int, write_to: int) -> None:
        self._in = read_from
        self._out = write_to
        self.keys: asyncio.Queue[str] = asyncio.Queue(MOST_KEYS_WAITING)

    def screen(self, kind: str) -> Screen:
        """What to draw on. kind: TERM. A serial line does not tell its size: then it is that of a VT100."""
        columns, rows = 80, 24
        with suppress(OSError):
            size = os.get_terminal_size(self._out)
            columns, rows = size.columns or columns, size.lines or rows
        columns, rows = max(40, min(columns, 132)), max(16, min(rows, 60))
        return Screen(self.write, capable=kind not in _INCAPABLE, columns=columns, rows=rows)

    def write(self, content: bytes) -> None:
        """All of it; a line that is gone is noticed by its reader."""
        with suppress(OSError):
            while content:
                content = content[os.write(self._out, content) :]

    def read(self) -> None:
        """Take what was typed; too many keys at once (a line that babbles) are dropped."""
        try:
            data = os.read(self._in, 4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        for key in decode(data) if data else [GONE]:
            if key == GONE or not self.keys.full():
                with suppress(asyncio.QueueFull):
                    self.keys.put_nowait(key)
        if not data:
            asyncio.get_running_loop().remove_reader(self._in)


@asynccontextmanager
async def opened(read_from: int, write_to: int) -> AsyncIterator[Terminal]:
    """Keys come one by one, unechoed, and none of them stops us; raises termios.error where there is no terminal."""
    before = termios.tcgetattr(read_from)
    raw = termios.tcgetattr(read_from)
    raw[_INPUT] &= ~(termios.ICRNL | termios.IXON | termios.ISTRIP)
    raw[_LOCAL] &= ~(termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN)
    raw[_CHARACTERS][termios.VMIN], raw[_CHARACTERS][termios.VTIME] = 1, 0
    termios.tcsetattr(read_from, termios.TCSANOW, raw)
    terminal, loop = Terminal(read_from, write_to), asyncio.get_running_loop()
    loop.add_reader(read_from, terminal.read)
    try:
        yield terminal
    finally:
        loop.remove_reader(read_from)
        with suppress(termios.error):
            termios.tcsetattr(read_from, termios.TCSADRAIN, before)
