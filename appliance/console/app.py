"""The console: the picture of the appliance until a key is pressed, then the menu, then the picture again."""

import asyncio
import os
import sys
import termios
from collections.abc import Awaitable, Callable
from typing import Protocol

from appliance.condition.control import Control
from appliance.condition.model import Condition
from appliance.condition.reading import read_condition
from appliance.console import keys
from appliance.console.dialog import Dialogs, HungUpError, LeftError
from appliance.console.home import MENU, home_lines
from appliance.console.menu import Item, Menu, in_thread
from appliance.console.screen import Screen
from appliance.console.terminal import Terminal, opened
from appliance.console.text import in_columns, wrapped
from appliance.core.errors import ProblemError
from appliance.core.paths import Paths

LOOK_EVERY_S = 5.0
SETTLING_S = 180.0  # while a machine starts, others write on the same terminal
NO_TERMINAL = 3  # the exit status that the unit file does not restart after


class Pictured(Protocol):
    """What stands on the screen, and the items below it."""

    def lines(self, columns: int, rule: str) -> list[str]:
        """The picture as it is now."""
        ...

    def names(self) -> tuple[str, ...]:
        """The menu."""
        ...

    def items(self) -> tuple[Item, ...]:
        """What its numbers do."""
        ...


class Watch:
    """Follows how the appliance is. changed: set when anything differs."""

    def __init__(self, look: Callable[[], Condition], look_every_s: float) -> None:
        self._look = look
        self._look_every_s = look_every_s
        self.condition: Condition | None = None
        self.fault: ProblemError | None = None
        self.changed = asyncio.Event()
        self._now = asyncio.Event()

    async def follow(self) -> None:
        """Until cancelled."""
        while True:
            await self._looked()
            self.changed.set()
            self._now.clear()
            try:
                async with asyncio.timeout(self._look_every_s):
                    await self._now.wait()
            except TimeoutError:
                continue

    def look_now(self) -> None:
        """Something was done."""
        self._now.set()

    async def _looked(self) -> None:
        try:
            self.condition, self.fault = await asyncio.to_thread(self._look), None
        except ProblemError as problem:
            self.fault = problem


class Home:
    """The appliance's own picture."""

    def __init__(self, watch: Watch, menu: Menu) -> None:
        self._watch = watch
        self._menu = menu

    def lines(self, columns: int, rule: str) -> list[str]:
        """The condition, or why there is none."""
        lines, fault = home_lines(self._watch.condition, columns, rule), self._watch.fault
        if fault is not None:
            lines += ["", *wrapped(f"! {fault.title}. {fault.remedy}", columns - 1, "  ")]
        return lines

    def names(self) -> tuple[str, ...]:
        """The menu."""
        return MENU

    def items(self) -> tuple[Item, ...]:
        """What its numbers do."""
        return self._menu.items()


async def stand(dialogs: Dialogs, pictured: Pictured, changed: asyncio.Event, after: Callable[[], None]) -> None:
    """Show, wait, do, for ever; raises HungUpError when the terminal is gone. after: called when an item has ended."""
    while True:
        dialogs.screen.forget()
        number = await _chosen(dialogs, pictured, changed)
        try:
            await pictured.items()[number - 1]()
        except LeftError:
            pass
        except ProblemError as problem:
            await _told(dialogs, pictured.names()[number - 1], problem)
        after()


async def _told(dialogs: Dialogs, title: str, problem: ProblemError) -> None:
    try:
        await dialogs.tell(title, [f"{problem.title}.", problem.remedy, problem.detail or ""])
    except LeftError:
        return


async def _chosen(dialogs: Dialogs, pictured: Pictured, changed: asyncio.Event) -> int:
    names = pictured.names()
    while True:
        menu = in_columns([f"  {n} {name}" for n, name in enumerate(names, 1)], dialogs.screen.columns)
        picture = pictured.lines(dialogs.screen.columns, dialogs.rule)
        dialogs.screen.show([*picture[: dialogs.screen.rows - len(menu) - 2], "", *menu], "Press a number:")
        pressed = await _key_or_change(dialogs, changed)
        if pressed == keys.ENTER:
            dialogs.screen.forget()
        if pressed.isdigit() and 1 <= int(pressed) <= len(names):
            return int(pressed)


async def _key_or_change(dialogs: Dialogs, changed: asyncio.Event) -> str:
    """A key, or "" when something has changed or nobody is there."""
    key, change = asyncio.ensure_future(dialogs.key()), asyncio.ensure_future(changed.wait())
    try:
        await asyncio.wait({key, change}, return_when=asyncio.FIRST_COMPLETED)
        changed.clear()
        return key.result() if key.done() else ""
    except LeftError:
        return ""
    finally:
        key.cancel()
        change.cancel()
        await asyncio.gather(key, change, return_exceptions=True)


async def on_terminal(run: Callable[[Terminal, Dialogs], Awaitable[None]], hung_up: int = 0) -> int:
    """Run on standard input and output; the exit status. hung_up: that when the line is."""
    try:
        async with opened(sys.stdin.fileno(), sys.stdout.fileno()) as terminal:
            dialogs = Dialogs(terminal.screen(os.environ.get("TERM", "")), terminal.keys)
            await run(terminal, dialogs)
    except HungUpError:
        return hung_up
    except termios.error:
        print("The console needs a terminal: run it on a screen or a serial line.", file=sys.stderr)
        return NO_TERMINAL
    return 0


async def settled(screen: Screen, changed: asyncio.Event, after_s: float) -> None:
    """Draw the whole picture at every change, and once more when nobody else writes on the terminal any longer."""
    screen.unsettled = True
    await asyncio.sleep(after_s)
    screen.unsettled = False
    screen.forget()
    changed.set()


async def run_console(look_every_s: float = LOOK_EVERY_S, settling_s: float = SETTLING_S) -> int:
    """The menu of an appliance that runs."""
    control, paths = Control.from_environment(), Paths.from_environment()

    async def run(terminal: Terminal, dialogs: Dialogs) -> None:
        watch = Watch(lambda: read_condition(control, paths), look_every_s)

        async def ask(verb: str, **arguments: object) -> object:
            return await in_thread(control.ask, verb, **arguments)

        home = Home(watch, Menu(dialogs, ask, lambda: watch.condition or Condition()))
        settling = asyncio.create_task(settled(dialogs.screen, watch.changed, settling_s), name="settling")
        following = asyncio.create_task(watch.follow(), name="watch")
        try:
            await stand(dialogs, home, watch.changed, watch.look_now)
        finally:
            following.cancel()
            settling.cancel()
            await asyncio.wait((following, settling))

    return await on_terminal(run)
