"""RTSP requests and responses as text (RFC 2326, RFC 7826)."""

import re
from dataclasses import dataclass, field

LARGEST_HEAD_BYTES = 64 * 1024
LARGEST_BODY_BYTES = 1024 * 1024
LONGEST_TIMEOUT_S = 86_400.0
_STATUS = re.compile(r"[1-9][0-9][0-9]")
_LENGTH = re.compile(r"[0-9]{1,9}")
_PAIR = re.compile(r"([0-9]{1,5})(?: *- *([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Response:
    """A response; header names in small letters, repeated ones in order."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def header(self, name: str) -> str:
        """The first header of this name (small letters), or nothing."""
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> list[str]:
        """Every header of this name."""
        return [value for key, value in self.headers if key == name]


@dataclass(frozen=True, slots=True)
class Request:
    """A request to be written."""

    method: str
    uri: str
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self, sequence: int) -> bytes:
        """The bytes on the wire."""
        lines = [f"{self.method} {self.uri} RTSP/1.0", f"CSeq: {sequence}", "User-Agent: Gatehouse"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


def parse_head(head: bytes) -> Response | None:
    """A response's head without its body; None for a request of the server (which we ignore); raises ValueError."""
    lines = _lines(head)
    words = lines[0].split(" ", 2)
    if len(words) < 2:
        raise ValueError("not RTSP")
    headers = tuple(_header(line) for line in lines[1:] if line.strip())
    if not words[0].startswith("RTSP/"):
        if not words[-1].startswith("RTSP/"):
            raise ValueError("not RTSP")
        return None
    if not _STATUS.fullmatch(words[1]):
        raise ValueError("not RTSP")
    return Response(int(words[1]), words[2].strip() if len(words) > 2 else "", headers)


def _lines(head: bytes) -> list[str]:
    """The lines of a head; one that begins with white space goes on with the line before (RFC 2326 clause 4)."""
    text = head.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\n ", " ").replace("\n\t", " ").split("\n")


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip().lower(), value.strip()


def content_length(head: bytes) -> int:
    """The length of the body that follows; raises ValueError."""
    for line in _lines(head)[1:]:
        name, value = _header(line)
        if name == "content-length":
            if not _LENGTH.fullmatch(value) or int(value) > LARGEST_BODY_BYTES:
                raise ValueError("a body of a strange length")
            return int(value)
    return 0


def session_of(header: str) -> tuple[str, float]:
    """(session id, timeout in seconds) of a Session header; 60 s where it says nothing."""
    name, _, rest = header.partition(";")
    for item in rest.split(";"):
        key, _, value = item.strip().partition("=")
        if key.strip().lower() == "timeout" and _LENGTH.fullmatch(value.strip()):
            return name.strip(), min(max(2.0, float(value)), LONGEST_TIMEOUT_S)
    return name.strip(), 60.0


def transport_of(header: str) -> dict[str, str]:
    """The parameters of a Transport header, names in small letters; flags have empty values."""
    found: dict[str, str] = {}
    for item in header.split(",")[0].split(";"):
        key, _, value = item.strip().partition("=")
        if key.strip():
            found[key.strip().lower()] = value.strip().strip('"')
    return found


def channels_of(text: str) -> tuple[int, int] | None:
    """The pair of numbers of interleaved= or server_port=; None where they make no sense."""
    found = _PAIR.fullmatch(text)
    if found is None:
        return None
    first = int(found[1])
    second = int(found[2]) if found[2] else first + 1
    return (first, second) if max(first, second) < 1 << 16 else None
