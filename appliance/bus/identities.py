"""Who may say what on the bus: one identity per unit, an access list, and hashed passwords (mosquitto.conf(5))."""

import base64
import hashlib
import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from appliance.core.durable import write_durably

HASH_ITERATIONS = 101  # mosquitto_passwd's own; the passwords are 256 random bits, so stretching adds nothing
SALT_BYTES = 12


def unit_names(shards: int) -> tuple[str, ...]:
    """The bus identities of an appliance with this many ingest shards. cli: the command line, of root alone."""
    return ("api", "bus", "cli", "updates", *(f"ingest-{number}" for number in range(shards)))


def access_list(units: Sequence[str]) -> str:
    """Every unit writes below its own name, asks anybody, and hears facts and states but nobody else's requests."""
    return "\n".join(_rights(unit) for unit in units)


def _rights(unit: str) -> str:
    return (
        f"user {unit}\n"
        f"topic write gatehouse/event/{unit}/#\n"
        f"topic write gatehouse/state/{unit}/#\n"
        "topic write gatehouse/request/#\n"
        "topic write gatehouse/reply/#\n"
        "topic read gatehouse/event/#\n"
        "topic read gatehouse/state/#\n"
        f"topic read gatehouse/request/{unit}/#\n"
        f"topic read gatehouse/reply/{unit}\n"
    )


def hashed(password: str, salt: bytes) -> str:
    """Mosquitto's $7$ form: PBKDF2-HMAC-SHA512."""
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, HASH_ITERATIONS)
    return f"$7${HASH_ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def password_of(path: Path) -> str:
    """A unit's password: read if there is one, so that a broker's restart locks nobody out, else made durably.

    The file is readable by its group, which is that of its folder where an installer has set it (setgid).
    """
    with suppress(FileNotFoundError):
        if kept := path.read_text():
            return kept
    password = secrets.token_urlsafe(32)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_durably(path, password.encode(), mode=0o640)
    return password


def password_file(credential: Callable[[str], Path], units: Sequence[str]) -> str:
    """The contents of mosquitto's password file for these units; credential: where a unit's password lies."""
    return "".join(f"{unit}:{hashed(password_of(credential(unit)), os.urandom(SALT_BYTES))}\n" for unit in units)
