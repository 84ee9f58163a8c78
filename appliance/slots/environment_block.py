"""GRUB's environment block: 1024 bytes of `name=value` lines, filled up with '#' (GRUB manual, "Environment block").

A backslash and a line feed within a value are written after a backslash; lines that begin with `#` say nothing.
"""

from collections.abc import Iterator, Mapping

HEADER = b"# GRUB Environment Block\n"
SIZE_BYTES = 1024
SECTOR_BYTES = 512
_FILLING = b"#"
_ESCAPE = ord("\\")
_LINE_FEED = ord("\n")


class BlockError(ValueError):
    """This is no environment block, or it cannot become one."""


def parse_block(block: bytes) -> dict[str, str]:
    """The variables of a block. Raises BlockError where the size or the header is wrong, or the text is not UTF-8."""
    if len(block) != SIZE_BYTES or not block.startswith(HEADER):
        raise BlockError(f"not an environment block: {len(block)} bytes that begin with {block[:32]!r}")
    found: dict[str, str] = {}
    for line in _lines(block[len(HEADER) :]):
        name, equals, value = line.partition(b"=")
        if equals and not line.startswith(_FILLING):
            try:
                found[name.decode()] = _unescaped(value).decode()
            except UnicodeDecodeError:
                raise BlockError(f"the variable {name!r} is not UTF-8") from None
    return found


def format_block(variables: Mapping[str, str]) -> bytes:
    """A block of these variables.

    Raises BlockError for a name that cannot be written, and when the text is longer than a sector: a disk writes a
    sector as a whole or not at all, so what lies in the first one alone cannot be torn by a power cut.
    """
    text = HEADER + b"".join(_line(name, value) for name, value in variables.items())
    if len(text) > SECTOR_BYTES:
        raise BlockError(f"{len(text)} bytes of variables; a sector has {SECTOR_BYTES}")
    return text.ljust(SIZE_BYTES, _FILLING)


def _line(name: str, value: str) -> bytes:
    if not name or name[0] == "#" or set(name) & set("=\n\\\0") or "\0" in value:
        raise BlockError(f"the variable {name!r} cannot be written")
    escaped = value.replace("\\", "\\\\").replace("\n", "\\\n")
    return f"{name}={escaped}\n".encode()


def _lines(text: bytes) -> Iterator[bytes]:
    """Every line that has an end, escapes as they are; what follows the last one is filling."""
    start = at = 0
    while at < len(text):
        if text[at] == _ESCAPE:
            at += 1
        elif text[at] == _LINE_FEED:
            yield text[start:at]
            start = at + 1
        at += 1


def _unescaped(value: bytes) -> bytes:
    plain = bytearray()
    characters = iter(value)
    for character in characters:
        plain.append(next(characters, _ESCAPE) if character == _ESCAPE else character)
    return bytes(plain)
