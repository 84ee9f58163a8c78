"""Versions and their order: `1.4.0`, `1.5.0-rc.1`, `1.5.0+build.7` (Semantic Versioning 2.0.0, items 2 and 9 to 11)."""

import re
from dataclasses import dataclass
from functools import total_ordering

MOST_CHARACTERS = 64
_NUMBER = r"(0|[1-9][0-9]{0,8})"
_WORD = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_BUILD = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_FORM = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-({_WORD}(?:\.{_WORD})*))?(?:\+{_BUILD})?",
    re.ASCII,
)


class VersionError(ValueError):
    """The text is no version."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A version. before: the words after '-', which make it older than the release; what follows '+' counts not."""

    numbers: tuple[int, int, int]
    before: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Version":
        """Raises VersionError."""
        found = _FORM.fullmatch(text) if len(text) <= MOST_CHARACTERS else None
        if found is None:
            raise VersionError(f"{text[:MOST_CHARACTERS]!r} is no version such as 1.2.3")
        major, minor, patch, before = found.groups()
        return cls((int(major), int(minor), int(patch)), tuple(before.split(".")) if before else ())

    def __str__(self) -> str:
        return ".".join(map(str, self.numbers)) + ("-" + ".".join(self.before) if self.before else "")

    def __lt__(self, other: "Version") -> bool:
        return self._rank() < other._rank()

    def _rank(self) -> tuple[tuple[int, int, int], bool, list[tuple[bool, int, str]]]:
        return self.numbers, not self.before, [_word_rank(word) for word in self.before]


def _word_rank(word: str) -> tuple[bool, int, str]:
    """Numbers are ordered as such and come before words."""
    return (False, int(word), "") if word.isdigit() else (True, 0, word)
