"""What commands print: JSON for programs, aligned text for people; and what they ask."""

import sys
from collections.abc import Sequence
from typing import Any

import msgspec

from appliance.core.errors import ProblemError


def print_json(value: Any) -> None:
    """Indented, UTF-8."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def print_fields(fields: Sequence[tuple[str, str]]) -> None:
    """One "Name  value" a line; empty values are left out."""
    shown = [(name, value) for name, value in fields if value]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        print(f"{name:<{width}}  {plain(value)}")


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as what is in them."""
    widths = [max(len(plain(row[n])) for row in (head, *rows)) for n in range(len(head))]
    for row in (head, *rows):
        print("  ".join(f"{plain(cell):<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def plain(text: str) -> str:
    """Without anything a terminal would obey: names and logs come from elsewhere."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def confirmed(question: str, *, yes: bool) -> None:
    """Ask, unless told not to; raises ProblemError for anything but y, and where nobody can answer."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise ProblemError("not-confirmed", "Nobody is there to confirm it", remedy="Give --yes to do it all the same.")
    if input(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
        raise ProblemError("not-confirmed", "Nothing was done", remedy="Answer y to do it.")
