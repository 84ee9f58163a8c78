"""What a terminal shows. Only what differs is sent: nothing flickers, and a captured serial line stays short."""

from collections.abc import Callable, Sequence

from appliance.console.text import fitted

_HOME, _ERASE_BELOW = "\x1b[r\x1b[H", "\x1b[J"


class Screen:
    """Draws whole pictures of lines.

    capable: the terminal knows ECMA-48's cursor position and erase (ANSI, VT100 and everything since); without that a
    picture that differs is printed below the one before, like on paper. unsettled: others write on the terminal now and
    then, so what differs is not enough.
    """

    def __init__(self, write: Callable[[bytes], object], *, capable: bool, columns: int = 80, rows: int = 24) -> None:
        self._write = write
        self._capable = capable
        self.columns = columns
        self.rows = rows
        self._shown: list[str] | None = None
        self._typed = ""
        self.unsettled = False

    def show(self, lines: Sequence[str], prompt: str = "", typed: str = "") -> None:
        """Make the terminal show these lines and, below them, the prompt with what is typed so far."""
        picture = [*fitted(lines, self.columns, self.rows - 1), *fitted([prompt.rstrip()], self.columns, 1)]
        if self._capable:
            self._write(self._differences(picture, typed).encode())
        else:
            self._write(self._printed(picture, typed).encode())
        self._shown, self._typed = picture, typed

    def forget(self) -> None:
        """Something else has written on the terminal: draw everything at the next call."""
        self._shown = None

    def _differences(self, picture: list[str], typed: str) -> str:
        """Line by line, so that each is whole in a captured log."""
        before, last = self._shown, len(picture)
        if before is None or (self.unsettled and picture != before):
            return self._whole(picture, typed)
        parts = list[str]()
        for row in range(1, max(last, len(before)) + 1):
            line = picture[row - 1] if row <= last else ""
            if line != (before[row - 1] if row <= len(before) else ""):
                parts.append(f"\x1b[{row};1H{line}\x1b[K")
        if parts or typed != self._typed:
            parts.append(self._answer(picture, typed))
        return "".join(parts)

    def _whole(self, picture: list[str], typed: str) -> str:
        """Every line in its place, without clearing first: what was there already does not flicker."""
        lines = (f"\x1b[{row};1H{line}\x1b[K" for row, line in enumerate(picture, 1))
        return f"{_HOME}{''.join(lines)}{_ERASE_BELOW}{self._answer(picture, typed)}"

    def _answer(self, picture: list[str], typed: str) -> str:
        """What is typed, behind the prompt; of a long one its end."""
        end = typed[-max(1, self.columns - len(picture[-1]) - 3) :]
        return f"\x1b[{len(picture)};{len(picture[-1]) + 2}H{end}\x1b[K"

    def _printed(self, picture: list[str], typed: str) -> str:
        if picture != self._shown:
            return "\r\n" + "\r\n".join(picture) + f" {typed}"
        common = typed.startswith(self._typed)
        return typed[len(self._typed) :] if common else "\b \b" * len(self._typed) + typed
