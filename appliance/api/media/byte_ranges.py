"""Byte ranges of HTTP (RFC 9110 clauses 13 and 14), of which one at a time is served."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_ONE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII | re.IGNORECASE)
MAX_HEADER_LENGTH = 200


class UnsatisfiableError(Exception):
    """The range lies outside of the file (416)."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes [first, end) of a file of `size` bytes; whole: no range was asked for."""

    first: int
    end: int
    size: int
    whole: bool

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.end - self.first

    @property
    def content_range(self) -> str:
        """The Content-Range header of a 206 answer."""
        return f"bytes {self.first}-{self.end - 1}/{self.size}"


def wanted(headers: Mapping[str, str], size: int, etag: str) -> ByteRange:
    """What a GET asks for; raises UnsatisfiableError.

    The whole file where there is no Range, one that is not of this form or names several ranges (which a server may
    ignore), and where If-Range does not name this etag.
    """
    whole = ByteRange(0, size, size, True)
    header = headers.get("Range", "").strip()
    found = _ONE.fullmatch(header.replace(" ", "")) if len(header) <= MAX_HEADER_LENGTH else None
    if found is None or headers.get("If-Range", etag).strip() != etag:
        return whole
    first_text, last_text = found.groups()
    if not first_text and not last_text:
        return whole
    if not first_text:
        return _suffix(int(last_text), size)
    first = int(first_text)
    last = int(last_text) if last_text else size - 1
    if last_text and last < first:
        return whole
    if first >= size:
        raise UnsatisfiableError
    return ByteRange(first, min(last + 1, size), size, False)


def _suffix(length: int, size: int) -> ByteRange:
    if not length or not size:
        raise UnsatisfiableError
    return ByteRange(max(0, size - length), size, size, False)


def is_known(headers: Mapping[str, str], etag: str) -> bool:
    """Whether If-None-Match (RFC 9110 clause 13.1.2) says that the client has this already."""
    listed = headers.get("If-None-Match", "")
    return listed.strip() == "*" or etag in [tag.strip().removeprefix("W/") for tag in listed.split(",")]
