"""What the server's certificate says to everybody who connects."""

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from appliance.core.clock import US_PER_S
from appliance.security.certificates import ServerFiles


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """fingerprint: SHA-256 of its DER form, as browsers show it. names: DNS names and addresses it is good for."""

    fingerprint: str
    not_after_us: int
    names: tuple[str, ...]


def facts_of(folder: Path) -> CertificateFacts:
    """Of the certificate in the folder tls/. Raises OSError where it cannot be read, ValueError where it is none."""
    certificate = x509.load_pem_x509_certificate(ServerFiles.below(folder).certificate.read_bytes())
    return CertificateFacts(
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        not_after_us=int(certificate.not_valid_after_utc.timestamp()) * US_PER_S,
        names=_names(certificate),
    )


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(name.value) for name in alternatives)
