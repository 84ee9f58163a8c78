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
        try:
            return self._file.read_text().strip()
        except FileNotFoundError:
            signs = "".join(secrets.choice(SIGNS) for _ in range(LENGTH))
            code = f"{signs[:GROUP]}-{signs[GROUP:]}"
            write_durably(self._file, code.encode())
            return code

    def matches(self, given: str) -> bool:
        """Whether somebody entered the code; case, hyphens and spaces do not matter. False once it is void."""
        try:
            code = self._file.read_text()
        except FileNotFoundError:
            return False
        return hmac.compare_digest(_plain(code).encode(), _plain(given).encode())

    def void(self) -> None:
        """It has served."""
        self._file.unlink(missing_ok=True)
        sync_folder(self._file.parent)


def _plain(code: str) -> str:
    letters = "".join(sign for sign in code.upper() if sign.isalnum())
    return letters.replace("O", "0").replace("I", "1").replace("L", "1")
