"""Bytes from a terminal as keys. Pure. A key is a sign, or one of the names below."""

ENTER, BACKSPACE, ESCAPE, REDRAW = "enter", "backspace", "escape", "redraw"
UP, DOWN, NEXT, PREVIOUS = "up", "down", "next", "previous"
_CONTROL = {
    "\r": ENTER,
    "\n": ENTER,
    "\x7f": BACKSPACE,
    "\x08": BACKSPACE,
    "\x1b": ESCAPE,
    "\x03": ESCAPE,  # Ctrl-C is for people who want out of somewhere
    "\x0c": REDRAW,
}
_SEQUENCES = {"A": UP, "B": DOWN, "5~": PREVIOUS, "6~": NEXT}
_INTRODUCERS = "[O"
LONGEST_SEQUENCE = 16


def decode(data: bytes) -> list[str]:
    """The keys of what arrived at once. A sequence that is unknown or cut off is no key; signs beyond ASCII neither."""
    text, keys, at = data.decode("latin-1"), list[str](), 0
    while at < len(text):
        sign = text[at]
        if sign == "\x1b" and at + 1 < len(text) and text[at + 1] in _INTRODUCERS:
            key, at = _sequence(text, at + 2)
        else:
            key, at = _single(sign), at + 1
        if key:
            keys.append(key)
    return keys


def _single(sign: str) -> str:
    if sign in _CONTROL:
        return _CONTROL[sign]
    return sign if " " <= sign <= "~" else ""


def _sequence(text: str, start: int) -> tuple[str, int]:
    """ECMA-48, 5.4: parameters up to a final byte from @ to ~."""
    end = start
    while end < len(text) and end - start < LONGEST_SEQUENCE and not "@" <= text[end] <= "~":
        end += 1
    return _SEQUENCES.get(text[start : end + 1], ""), end + 1
