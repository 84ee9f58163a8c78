"""The setup code: proof of having the machine in hand, until the first administrator exists."""

import hmac
import secrets
from pathlib import Path

from appliance.core.durable import sync_folder, write_durably

SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: nothing that is misread
LENGTH = 10  # 50 bits
GROUP = 5


class SetupCode:
    """A random code in a file of mode 0600: it is the same after a restart, and gone once it has served."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def make(self) -> str:
        """The code, made at the first call."""
        if kept := self._read():
            return kept
        signs = "".join(secrets.choice(SIGNS) for _ in range(LENGTH))
        code = f"{signs[:GROUP]}-{signs[GROUP:]}"
        write_durably(self._file, code.encode())
        return code

    def matches(self, given: str) -> bool:
        """Whether somebody entered the code; case, hyphens and spaces do not matter. False once it is void."""
        code = self._read()
        return bool(code) and hmac.compare_digest(_plain(code).encode(), _plain(given).encode())

    def _read(self) -> str:
        """What is kept; nothing where there is none, or where the file lost what was in it: that is no code."""
        try:
            text = self._file.read_text(errors="replace").strip()
        except FileNotFoundError:
            return ""
        return text if len(_plain(text)) == LENGTH else ""

    def void(self) -> None:
        """It has served."""
        self._file.unlink(missing_ok=True)
        sync_folder(self._file.parent)


def _plain(code: str) -> str:
    letters = "".join(sign for sign in code.upper() if sign.isalnum())
    return letters.replace("O", "0").replace("I", "1").replace("L", "1")
