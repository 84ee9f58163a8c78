"""Lines for a terminal of which nothing is known but its size: plain ASCII, nothing that moves the cursor."""

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import zip_longest


def printable(text: str) -> str:
    """Text from elsewhere (a camera's name, a log) without anything that a terminal would obey."""
    plain = unicodedata.normalize("NFKD", text.expandtabs(4)).encode("ascii", "replace").decode()
    return "".join(sign if sign.isprintable() else "?" for sign in plain if not unicodedata.combining(sign))


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """A paragraph as lines of at most width signs, later ones indented; a word that is longer is cut into pieces."""
    if len(printable(text)) <= width:
        return [printable(text)]
    lines, line = list[str](), ""
    for word in printable(text).split():
        rest = word
        while rest:
            room = width - len(line) - (1 if line.strip() else 0)
            if len(rest) <= room:
                line, rest = f"{line} {rest}" if line.strip() else line + rest, ""
            elif line.strip():
                lines.append(line)
                line = indent
            else:
                lines.append(line + rest[:room])
                line, rest = indent, rest[room:]
    return [*lines, line] if line.strip() or not lines else lines


def labelled(label: str, text: str, width: int, column: int = 13) -> list[str]:
    """ "Label   text", the text wrapped within its column."""
    lines = wrapped(text, width - column)
    return [f"{label if number == 0 else '':<{column}}{line}" for number, line in enumerate(lines)]


def in_columns(items: Sequence[str], width: int) -> list[str]:
    """Two columns, read downwards."""
    half = (len(items) + 1) // 2
    pairs = zip_longest(items[:half], items[half:], fillvalue="")
    return [f"{left:<{width // 2}}{right}".rstrip() for left, right in pairs]


def fitted(lines: Iterable[str], columns: int, rows: int) -> list[str]:
    """At most rows lines, each short enough that no terminal begins a new one by itself."""
    return [printable(line)[: columns - 1].rstrip() for line in lines][:rows]


def size_of(count_bytes: int) -> str:
    """Bytes for people, in decimal units; rough enough not to change at every look."""
    size, units = float(count_bytes), ("bytes", "kB", "MB", "GB", "TB")
    for unit in units:
        if size < 1000 or unit == units[-1]:
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit in ("bytes", "kB", "MB") or size >= 100 else f"{size:.1f} {unit}"
