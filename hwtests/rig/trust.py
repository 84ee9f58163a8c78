"""How somebody who stands before the recorder comes to trust its page: by the fingerprint on its console."""

import hashlib
import re
import ssl
import subprocess
from pathlib import Path

ASK_TIMEOUT_S = 60
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)


class NotTrustedError(AssertionError):
    """Whoever answers there is not the recorder whose console was read."""


def presented(host: str, port: int) -> list[str]:
    """The certificates that a server presents, as PEM, its own first; raises NotTrustedError where it presents none."""
    command = ["openssl", "s_client", "-connect", f"{host}:{port}", "-showcerts"]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=ASK_TIMEOUT_S, check=False
    )
    found = _PEM.findall(done.stdout)
    if not found:
        raise NotTrustedError(f"no certificate at {host}:{port}: {done.stderr[-300:]}")
    return found


def fingerprint(pem: str) -> str:
    """SHA-256 in capitals, as browsers and the console show it."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).digest().hex(":").upper()


def authority(host: str, port: int, told: str, file: Path) -> Path:
    """Save the authority of the server whose own certificate has the fingerprint told; raises NotTrustedError."""
    certificates = presented(host, port)
    if fingerprint(certificates[0]) != told:
        raise NotTrustedError(f"the console shows {told}, the server {fingerprint(certificates[0])}")
    file.write_text(certificates[-1])
    return file
