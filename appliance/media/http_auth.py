"""Basic and Digest authentication (RFC 7617, RFC 7616, RFC 2069) as a client, for RTSP and HTTP alike."""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field

_NAME = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_PART = re.compile(rf'({_NAME})(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?')
_LONGEST_HEADER = 4096
_HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
_PREFERENCE = ("SHA-512-256", "SHA-256", "MD5")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge. Parameters as they came between their quotes: they are hashed and sent back so (RFC 7616 3.4)."""

    scheme: str
    parameters: dict[str, str]

    @property
    def algorithm(self) -> str:
        """In capitals, without -SESS; MD5 where it is not named."""
        return self.parameters.get("algorithm", "MD5").upper().removesuffix("-SESS")


def parse_challenges(headers: list[str]) -> list[Challenge]:
    """The challenges a server offers; a WWW-Authenticate header may hold several (RFC 9110 clause 11.6.1)."""
    found: list[Challenge] = []
    for header in headers:
        inside = False
        for part in _PART.finditer(header[:_LONGEST_HEADER]):
            value = part[2] if part[2] is not None else part[3]
            if value is None:
                found.append(Challenge(part[1].lower(), {}))
                inside = True
            elif inside:
                found[-1].parameters.setdefault(part[1].lower(), value)
    return found


@dataclass(slots=True)
class Authenticator:
    """Answers challenges: the strongest Digest that is offered; Basic only where nothing else is."""

    username: str
    password: str = field(repr=False)
    _challenge: Challenge | None = None
    _count: int = 0

    @property
    def challenged(self) -> bool:
        """Whether a challenge was taken already."""
        return self._challenge is not None

    def take(self, headers: list[str]) -> bool:
        """Take the challenges of a 401; False: answering again is useless (wrong credentials, or nothing we know)."""
        best = _best(parse_challenges(headers))
        if best is None or not self.username:
            return False
        old, self._challenge, self._count = self._challenge, best, 0
        if old is None:
            return True
        stale = best.parameters.get("stale", "").lower() == "true"
        return stale and best.parameters.get("nonce") != old.parameters.get("nonce")

    def header(self, method: str, uri: str) -> dict[str, str]:
        """The Authorization header for a request; empty before the first challenge."""
        if self._challenge is None:
            return {}
        if self._challenge.scheme == "basic":
            token = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
            return {"Authorization": f"Basic {token}"}
        return {"Authorization": self._digest(self._challenge, method, uri)}

    def _digest(self, challenge: Challenge, method: str, uri: str) -> str:
        p, name = challenge.parameters, _HASHES[challenge.algorithm]
        realm, nonce = p.get("realm", ""), p.get("nonce", "")
        self._count += 1
        count, own_nonce = f"{self._count:08x}", secrets.token_hex(8)
        first = _hash(name, f"{self.username}:{realm}:{self.password}")
        if p.get("algorithm", "").upper().endswith("-SESS"):
            first = _hash(name, f"{first}:{nonce}:{own_nonce}")
        quality = _quality(p.get("qop", ""))
        second = f"{method}:{uri}" + (f":{_hash(name, '')}" if quality == "auth-int" else "")  # we send no bodies
        middle = f"{nonce}:{count}:{own_nonce}:{quality}" if quality else nonce
        items = [f'username="{_quoted(self.username)}"', f'realm="{realm}"', f'nonce="{nonce}"', f'uri="{uri}"']
        items.append(f'response="{_hash(name, f"{first}:{middle}:{_hash(name, second)}")}"')
        items += [f"algorithm={p['algorithm']}"] if "algorithm" in p else []
        items += [f'opaque="{p["opaque"]}"'] if "opaque" in p else []
        items += [f"qop={quality}", f"nc={count}", f'cnonce="{own_nonce}"'] if quality else []
        return "Digest " + ", ".join(items)


def _quality(offered: str) -> str:
    """The quality of protection to use; none with servers older than RFC 2617."""
    names = [name.strip().lower() for name in offered.split(",")]
    return next((name for name in ("auth", "auth-int") if name in names), "")


def _quoted(text: str) -> str:
    """Inside a quoted string; control characters never reach a header."""
    return "".join(c for c in text if c.isprintable()).replace("\\", "\\\\").replace('"', '\\"')


def _best(challenges: list[Challenge]) -> Challenge | None:
    digests = [c for c in challenges if c.scheme == "digest" and c.algorithm in _HASHES]
    if digests:
        return min(digests, key=lambda c: _PREFERENCE.index(c.algorithm))
    return next((c for c in challenges if c.scheme == "basic"), None)


def _hash(name: str, text: str) -> str:
    return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()
