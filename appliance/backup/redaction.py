"""Takes every secret out of text: those that are known by what they are, and what looks like one."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec

from appliance.core.config import MASK, SECRET_FIELDS
from appliance.core.log import redact
from appliance.core.paths import Paths

SHORTEST = 4  # a shorter one, taken out wherever it occurs, would leave nothing to read
_LOOKS_LIKE_A_SECRET = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"gatehouse_[A-Za-z0-9_-]{16,}"),  # API tokens
    re.compile(r"(?<=__Host-session=)[^;\s\"]+"),
    re.compile(r"(?<=__Host-device=)[^;\s\"]+"),
    re.compile(r"\b[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}\b"),  # setup codes
    re.compile(r"\$argon2id\$[^\s\"]+"),
    re.compile(r"\$7\$[0-9]+\$[^\s\"]+"),  # the broker's
)


class Redactor:
    """known: secrets by their value, taken out in every way in which they may be written."""

    def __init__(self, known: Iterable[str]) -> None:
        forms = {form for secret in known if len(secret) >= SHORTEST for form in _forms(secret)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def text(self, text: str) -> str:
        """Without any."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        for pattern in _LOOKS_LIKE_A_SECRET:
            text = pattern.sub(MASK, text)
        return redact(text)

    def value(self, value: Any) -> Any:
        """JSON, with the fields that are secret masked, and every text redacted."""
        if isinstance(value, dict):
            return {self.text(name): self._field(name, inner) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(inner) for inner in value]
        return self.text(value) if isinstance(value, str) else value

    def _field(self, name: str, value: Any) -> Any:
        return (MASK if value else value) if name in SECRET_FIELDS else self.value(value)


def known_secrets(paths: Paths) -> Iterator[str]:
    """Every secret this process can read: of the configuration and its history, the setup code, the bus password."""
    for file in paths.config.rglob("*.json"):
        yield from _secrets_in(_json(file))
    for file in (paths.state / "api" / "setup-code", *paths.bus_identities.rglob("*")):
        yield _text(file).strip()
    yield str(_json(paths.run / "api" / "ready.json").get("setup_code", ""))


def _secrets_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in SECRET_FIELDS and isinstance(inner, str):
                yield inner
            else:
                yield from _secrets_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _secrets_in(inner)


def _forms(secret: str) -> set[str]:
    return {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
    }


def _json(file: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return {}


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""
