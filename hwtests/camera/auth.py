"""The server's side of Basic (RFC 7617) and Digest (RFC 2617, RFC 7616) authentication, for RTSP and HTTP alike."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

from hwtests.camera.config import Scheme

REALM = "Simulated camera"
_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')


@dataclass(slots=True)
class Guard:
    """Checks one camera's clients. Its nonces hold as long as it does."""

    username: str
    password: str
    schemes: tuple[Scheme, ...]
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))

    def challenges(self) -> list[str]:
        """A WWW-Authenticate value for each scheme offered."""
        return [self._challenge(scheme) for scheme in self.schemes]

    def admits(self, method: str, authorization: str | None) -> bool:
        """Whether the Authorization header proves the password; anyone is admitted where no user name is set."""
        if not self.username:
            return True
        kind, _, rest = (authorization or "").partition(" ")
        match kind.lower():
            case "basic":
                return Scheme.BASIC in self.schemes and self._basic(rest)
            case "digest":
                return self._digest(method, {m[1].lower(): m[2] or m[3] or "" for m in _PARAMETER.finditer(rest)})
        return False

    def _challenge(self, scheme: Scheme) -> str:
        if scheme is Scheme.BASIC:
            return f'Basic realm="{REALM}"'
        algorithm = ', algorithm=SHA-256, qop="auth"' if scheme is Scheme.DIGEST_SHA256 else ""
        return f'Digest realm="{REALM}", nonce="{self.nonce}"{algorithm}'

    def _basic(self, token: str) -> bool:
        try:
            given = base64.b64decode(token.strip(), validate=True)
        except binascii.Error:
            return False
        return hmac.compare_digest(given, f"{self.username}:{self.password}".encode())

    def _digest(self, method: str, given: dict[str, str]) -> bool:
        sha256 = given.get("algorithm", "MD5").upper() == "SHA-256"
        scheme = Scheme.DIGEST_SHA256 if sha256 else Scheme.DIGEST
        if scheme not in self.schemes or given.get("nonce") != self.nonce or given.get("username") != self.username:
            return False

        def digest(text: str) -> str:
            return (hashlib.sha256 if sha256 else hashlib.md5)(text.encode()).hexdigest()

        secret = digest(f"{self.username}:{REALM}:{self.password}")
        request = digest(f"{method}:{given.get('uri', '')}")
        middle = [given["nonce"]]
        if "qop" in given:
            middle += [given.get("nc", ""), given.get("cnonce", ""), given["qop"]]
        return hmac.compare_digest(given.get("response", ""), digest(":".join((secret, *middle, request))))
