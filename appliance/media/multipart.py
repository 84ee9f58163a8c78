"""Taking `multipart/x-mixed-replace` apart as cameras send it (RFC 2046 clause 5.1, leniently). Pure."""

import re
from collections.abc import Iterator

from appliance.media import problems

LARGEST_PART_BYTES = 16 * 1024 * 1024
LARGEST_HEAD_BYTES = 16 * 1024
_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;]{1,200}))', re.IGNORECASE)
_LENGTH = re.compile(rb"^content-length\s*:\s*(\d{1,9})\s*$", re.IGNORECASE | re.MULTILINE)
_HEAD_END = re.compile(rb"\r?\n\r?\n")


def boundary_of(content_type: str) -> bytes | None:
    """The delimiter without its leading dashes; None where this is no multipart type."""
    if not content_type.lower().lstrip().startswith("multipart/"):
        return None
    found = _BOUNDARY.search(content_type)
    if found is None:
        return None
    name = (found[1] or found[2]).encode("latin-1", "replace")
    return name.lstrip(b"-") or name


class Multipart:
    """Feed bytes; whole bodies come out. Parts without Content-Length end at the next delimiter.

    Raises ProblemError where a part grows beyond every picture or there are no parts at all.
    """

    def __init__(self, boundary: bytes) -> None:
        self._delimiter = b"--" + boundary
        self._buffer = bytearray()
        self._searched = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take bytes; yield the body of each part that they complete."""
        self._buffer += data
        while (body := self._next()) is not None:
            if body:
                yield body

    def _next(self) -> bytes | None:
        buffer = self._buffer
        start = buffer.find(self._delimiter)
        if start < 0:
            self._bound(LARGEST_HEAD_BYTES)
            return None
        head_end = _HEAD_END.search(buffer, start)
        if head_end is None:
            self._bound(start + LARGEST_HEAD_BYTES)
            return None
        length = _LENGTH.search(buffer, start, head_end.start() + 1)
        at = head_end.end()
        return self._counted(at, int(length[1])) if length else self._delimited(at)

    def _counted(self, at: int, length: int) -> bytes | None:
        if length > LARGEST_PART_BYTES:
            raise problems.bad_answer("M-JPEG")
        if len(self._buffer) < at + length:
            return None
        return self._cut(at, at + length)

    def _delimited(self, at: int) -> bytes | None:
        end = self._buffer.find(self._delimiter, max(at, self._searched))
        if end < 0:
            self._searched = max(at, len(self._buffer) - len(self._delimiter))
            self._bound(LARGEST_PART_BYTES)
            return None
        return self._cut(at, end)

    def _cut(self, at: int, end: int) -> bytes:
        body = bytes(memoryview(self._buffer)[at:end])
        del self._buffer[:end]
        self._searched = 0
        return body if body.endswith(b"\xff\xd9") else body.rstrip(b"\r\n-")

    def _bound(self, most_bytes: int) -> None:
        if len(self._buffer) > most_bytes:
            raise problems.bad_answer("M-JPEG")
