"""A serial console: everything it says is kept in a file and can be waited for; something can be typed."""

import codecs
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

MOST_BYTES = 4 << 20  # of the text that can be waited for; the file has all of it
_MOVES = re.compile(r"\x1b\[\d*(?:;\d*)?[Hf]")  # the cursor, to a line: menus are drawn so
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[()][0-9A-B]|[=>78cM])|\r")


class Console:
    """Text since the last power-on. Reads in a thread of its own, which ends when the line does."""

    def __init__(self, read: Callable[[], bytes], write: Callable[[bytes], None], log: Path) -> None:
        """read: blocks, gives nothing at the line's end, may raise OSError then. log: is appended to."""
        self._read, self._write, self._log = read, write, log
        self._text = ""
        self._ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._listen, name="console", daemon=True)

    def start(self) -> Self:
        """Begin to listen."""
        self._thread.start()
        return self

    @property
    def text(self) -> str:
        """What was said, without colours and cursor movements."""
        with self._changed:
            return _plain(self._text)

    def latest(self, pattern: str) -> "re.Match[str] | None":
        """The last match in `text`: what a screen that is drawn again and again shows now."""
        return max(re.finditer(pattern, self.text, re.MULTILINE), key=lambda match: match.start(), default=None)

    def type(self, text: str) -> None:
        """As at its keyboard; raises OSError."""
        self._write(text.encode())

    def wait_for(self, pattern: str, timeout_s: float, after: int = 0) -> "re.Match[str]":
        """The first match in `text`, from that place; raises TimeoutError with the last lines that were said."""
        deadline = time.monotonic() + timeout_s
        wanted = re.compile(pattern, re.MULTILINE)
        with self._changed:
            while not (found := wanted.search(_plain(self._text), after)):
                left = deadline - time.monotonic()
                if left <= 0 or self._ended:
                    tail = "\n".join(_plain(self._text).splitlines()[-25:])
                    raise TimeoutError(f"the console did not say {pattern!r} in {timeout_s:g} s; it ends:\n{tail}")
                self._changed.wait(min(left, 1.0))
        return found

    def join(self, timeout_s: float = 10) -> None:
        """Wait for the line's end."""
        self._thread.join(timeout_s)

    def _listen(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        with self._log.open("ab") as log:
            while content := self._next():
                log.write(content)
                log.flush()
                with self._changed:
                    self._text = (self._text + decoder.decode(content))[-MOST_BYTES:]
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _next(self) -> bytes:
        try:
            return self._read()
        except (OSError, ValueError):
            return b""


def _plain(text: str) -> str:
    """Lines of letters."""
    return _ESCAPES.sub("", _MOVES.sub("\n", text))
