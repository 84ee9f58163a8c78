"""Where a source is, and whether that can be right at all: checked without connecting."""

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

from appliance.core.errors import ProblemError

DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
TRANSPORTS = ("auto", "tcp", "udp")
LONGEST_URL = 2000
_FILE_NAME = re.compile(r"[^/\\.\x00][^/\\\x00]{0,199}\.mkv", re.IGNORECASE)
_SECRET_NAMES = frozenset({"pass", "passwd", "password", "passwort", "pw", "pwd", "secret", "token"})
_KEPT = "/%:=&?~+!$,;'@()*[]-._"


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """rtsp://, rtsps://, http://, https:// or file:NAME.mkv. transport: auto, tcp or udp, for RTSP alone."""

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    transport: str = "auto"
    verify_tls: bool = True


@dataclass(frozen=True, slots=True)
class Target:
    """A checked network address. url: as it goes on the wire, without credentials or fragment."""

    scheme: str
    host: str
    port: int
    url: str


def check_address(address: SourceAddress) -> None:
    """Raise ProblemError, with the field at fault, where this address can never work; nothing is connected."""
    if is_file(address.url):
        file_name(address.url)
        return
    target = target_of(address.url)
    if _unprintable(address.username):
        raise ProblemError(
            "bad-user-name",
            "The user name holds control characters",
            remedy="Type the user name again.",
            field="source.username",
        )
    if address.transport not in TRANSPORTS:
        raise ProblemError(
            "bad-transport", "Unknown transport", remedy="Use auto, tcp or udp.", field="source.transport"
        )
    if target.scheme == "rtsps" and address.transport == "udp":
        raise ProblemError(
            "bad-transport",
            "RTSPS cannot send its media by UDP: they would not be encrypted",
            remedy="Set the transport to auto or TCP.",
            field="source.transport",
        )


def is_file(url: str) -> bool:
    """Whether this names a prerecorded file."""
    return url[:5].lower() == "file:"


def file_name(url: str) -> str:
    """NAME.mkv of file:NAME.mkv; raises ProblemError for everything that is not a plain name."""
    name = url[5:]
    if not _FILE_NAME.fullmatch(name) or _unprintable(name):
        raise ProblemError(
            "bad-file-name",
            "This names no file of the prerecorded folder",
            remedy="Write file:NAME.mkv, where NAME.mkv lies in the prerecorded folder itself.",
            field="source.url",
        )
    return name


def target_of(url: str) -> Target:
    """Take an rtsp, rtsps, http or https URL apart; raises ProblemError."""
    parts = _split(url)
    scheme = parts.scheme.lower()
    if scheme not in DEFAULT_PORTS:
        raise _bad_url("The address does not begin with rtsp://, rtsps://, http://, https:// or file:")
    if "@" in parts.netloc or _has_secret(parts.query):
        raise ProblemError(
            "credentials-in-url",
            "The address holds a user name or a password",
            remedy="Take them out of the address and enter them in the fields for user name and password.",
            field="source.url",
        )
    try:
        port = parts.port or DEFAULT_PORTS[scheme]
    except ValueError:
        raise _bad_url("The port of the address is no number from 1 to 65535") from None
    host = parts.hostname or ""
    if not host or len(host) > 253 or any(c in host for c in "<>\"'\\ {}|^`%"):
        raise _bad_url("The address names no host")
    return Target(scheme, host, port, _on_the_wire(parts, scheme))


def _split(url: str) -> SplitResult:
    if len(url) > LONGEST_URL:
        raise _bad_url(f"The address is longer than {LONGEST_URL} characters")
    if _unprintable(url) or " " in url:
        raise _bad_url("The address holds spaces or control characters")
    try:
        return urlsplit(url)
    except ValueError:
        raise _bad_url("The address cannot be read") from None


def _has_secret(query: str) -> bool:
    """Whether a parameter is called a password: everybody who may see the camera sees its address."""
    return any(name.lower() in _SECRET_NAMES for name, _ in parse_qsl(query))


def _on_the_wire(parts: SplitResult, scheme: str) -> str:
    path, query = quote(parts.path, safe=_KEPT), quote(parts.query, safe=_KEPT)
    try:
        netloc = parts.netloc.encode("idna").decode() if not parts.netloc.isascii() else parts.netloc
    except UnicodeError:
        raise _bad_url("The address names no host") from None
    return f"{scheme}://{netloc}{path}" + (f"?{query}" if query else "")


def _unprintable(text: str) -> bool:
    return any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000 for c in text)


def _bad_url(title: str) -> ProblemError:
    return ProblemError(
        "bad-url", title, remedy="Write it like rtsp://192.168.0.90/axis-media/media.amp.", field="source.url"
    )
