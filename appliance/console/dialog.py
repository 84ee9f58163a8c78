"""What a menu is made of: a choice, a question, a text to read. Every one of them ends by itself after a while."""

import asyncio
from collections.abc import Callable, Sequence

from appliance.console import keys
from appliance.console.screen import Screen
from appliance.console.terminal import GONE
from appliance.console.text import printable, wrapped

IDLE_S = 300.0
LONGEST_ANSWER = 100
BACK = "0"


class LeftError(Exception):
    """Somebody went back, or nobody was there: the menu begins anew."""


class HungUpError(Exception):
    """The terminal is gone."""


class Dialogs:
    """Asks on one terminal."""

    def __init__(self, screen: Screen, pressed: "asyncio.Queue[str]", idle_s: float = IDLE_S) -> None:
        self.screen = screen
        self._pressed = pressed
        self._idle_s = idle_s

    async def key(self) -> str:
        """The next key; raises LeftError when none comes for long, HungUpError when none can."""
        try:
            async with asyncio.timeout(self._idle_s):
                pressed = await self._pressed.get()
        except TimeoutError:
            raise LeftError from None
        if pressed == GONE:
            raise HungUpError
        if pressed == keys.REDRAW:
            self.screen.forget()
        return pressed

    async def choose(self, title: str, body: Sequence[str], options: Sequence[str]) -> int:
        """The number of the option, from 1; raises LeftError for "0" and Escape."""
        lines = [*self.headed(title, body), "", *(f"  {n} {option}" for n, option in enumerate(options, 1))]
        lines.append(f"  {BACK} Back")
        while True:
            self.screen.show(lines, "Press a number:")
            pressed = await self.key()
            if pressed in (BACK, keys.ESCAPE):
                raise LeftError
            if pressed.isdigit() and 1 <= int(pressed) <= len(options):
                return int(pressed)

    async def ask(
        self, title: str, body: Sequence[str], label: str, check: Callable[[str], str], preset: str = ""
    ) -> str:
        """A line of text. check: the value as it is taken; it raises ValueError with what is wrong with it."""
        typed, fault = preset, ""
        while True:
            hint = "Enter: take it   Escape: back"
            self.screen.show([*self.headed(title, body), *_blank_before(fault), "", hint], f"{label}:", typed)
            pressed = await self.key()
            if pressed == keys.ESCAPE:
                raise LeftError
            if pressed == keys.ENTER:
                try:
                    return check(typed.strip())
                except ValueError as error:
                    fault = str(error)
            typed = edited(typed, pressed)

    async def confirm(self, title: str, body: Sequence[str]) -> None:
        """Return for "y"; raises LeftError for everything else."""
        self.screen.show(self.headed(title, body), "Press y to do it, any other key to go back:")
        if (await self.key()).lower() != "y":
            raise LeftError

    async def tell(self, title: str, body: Sequence[str]) -> None:
        """Show something until a key is pressed."""
        self.screen.show(self.headed(title, body), "Press any key:")
        while await self.key() == keys.REDRAW:
            self.screen.show(self.headed(title, body), "Press any key:")

    def say(self, title: str, body: Sequence[str]) -> None:
        """Show something while it is being done."""
        self.screen.show(self.headed(title, body))

    async def read(self, title: str, lines: Sequence[str]) -> None:
        """A long text, from its end, a page at a time."""
        room = self.screen.rows - 4
        last = max(0, len(lines) - room)
        top, hint = last, "p or Up: earlier   n or Down: later   0: back"
        while True:
            shown = f"{title} ({top + 1}-{min(len(lines), top + room)} of {len(lines)})"
            self.screen.show([shown, self.rule, *map(printable, lines[top : top + room])], hint)
            pressed = await self.key()
            if pressed in (BACK, keys.ESCAPE, "q"):
                raise LeftError
            if pressed in ("p", keys.UP, keys.PREVIOUS):
                top = max(0, top - room)
            elif pressed in ("n", " ", keys.DOWN, keys.NEXT):
                top = min(last, top + room)

    def headed(self, title: str, body: Sequence[str]) -> list[str]:
        """A title above wrapped paragraphs."""
        return [title, self.rule, *(line for text in body for line in wrapped(text, self.screen.columns - 2))]

    @property
    def rule(self) -> str:
        """A line across."""
        return "-" * (self.screen.columns - 1)


def edited(typed: str, pressed: str) -> str:
    """What is typed after one more key."""
    if pressed == keys.BACKSPACE:
        return typed[:-1]
    return (typed + pressed)[:LONGEST_ANSWER] if len(pressed) == 1 else typed


def _blank_before(fault: str) -> list[str]:
    return ["", f"! {fault}"] if fault else []
