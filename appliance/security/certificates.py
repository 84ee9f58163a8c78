"""The appliance's own certificate authority and server certificate (X.509, RFC 5280; ECDSA on P-256)."""

import logging
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import psutil
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance.core.clock import US_PER_S, Clock
from appliance.core.durable import sync_folder, write_durably

log = logging.getLogger(__name__)

CA_DAYS = 3650
SERVER_DAYS = 397  # browsers refuse server certificates that live longer
RENEW_DAYS_BEFORE = 30
BACKDATED = timedelta(hours=24)  # clients whose clock is behind
_PRIVATE, _PUBLIC = 0o600, 0o644


@dataclass(frozen=True, slots=True)
class ServerFiles:
    """Where they lie: the certificates may be read by all, the keys by their owner."""

    ca: Path
    ca_key: Path
    certificate: Path
    key: Path

    @classmethod
    def below(cls, folder: Path) -> "ServerFiles":
        """In the folder tls/."""
        return cls(folder / "ca.pem", folder / "ca.key", folder / "server.pem", folder / "server.key")


def ensure_certificates(folder: Path, names: Sequence[str], clock: Clock) -> bool:
    """Make what is missing, nearly expired, unreadable or made for other names; returns whether anything was made.

    names: DNS names and IP addresses under which the appliance is reached.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files, now = ServerFiles.below(folder), datetime.fromtimestamp(clock.now_us() // US_PER_S, UTC)
    authority = _read_pair(files.ca, files.ca_key)
    if authority is None or not _current(authority[0], now):
        authority = _make_authority(files, now)
    server = _read_pair(files.certificate, files.key)
    if server is not None and _current(server[0], now) and _fits(server[0], authority[0], names):
        return False
    _make_server(files, authority, names, now)
    log.info("a new server certificate was made for %d names", len(names))
    return True


def renew_server_certificate(folder: Path, names: Sequence[str], clock: Clock) -> None:
    """A new key and certificate for the server, of the same authority if that is good. Raises OSError."""
    ensure_certificates(folder, names, clock)
    files, now = ServerFiles.below(folder), datetime.fromtimestamp(clock.now_us() // US_PER_S, UTC)
    authority = _read_pair(files.ca, files.ca_key)
    if authority is not None:
        _make_server(files, authority, names, now)
        log.info("a new server certificate was asked for")


def own_names() -> list[str]:
    """localhost, the host's name, and every address it has now."""
    hostname = socket.gethostname()
    names = {"localhost", "127.0.0.1", "::1", hostname, f"{hostname.partition('.')[0]}.local", *_addresses()}
    return sorted(name for name in names if _usable(name))


def _addresses() -> set[str]:
    try:
        interfaces = psutil.net_if_addrs()
    except OSError as error:
        log.warning("this machine's addresses are not known: %s", error)
        return set()
    families = (socket.AF_INET, socket.AF_INET6)
    found = [a.address for addresses in interfaces.values() for a in addresses if a.family in families]
    return {address for address in found if "%" not in address}


def _usable(name: str) -> bool:
    return 0 < len(name) <= 253 and name.isascii() and all(sign.isalnum() or sign in "-.:" for sign in name)


Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def _read_pair(certificate: Path, key: Path) -> Pair | None:
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        private = serialization.load_pem_private_key(key.read_bytes(), None)
    except (OSError, ValueError, TypeError):
        return None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.public_key() != found.public_key():
        return None
    return found, private


def _current(certificate: x509.Certificate, now: datetime) -> bool:
    last = certificate.not_valid_after_utc - timedelta(days=RENEW_DAYS_BEFORE)
    return certificate.not_valid_before_utc <= now < last


def _fits(certificate: x509.Certificate, authority: x509.Certificate, names: Sequence[str]) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError, TypeError):
        return False
    except Exception as error:  # cryptography raises InvalidSignature, which is no ValueError
        log.info("the server certificate is not of this authority: %s", type(error).__name__)
        return False
    known = {str(name.value) for name in alternatives}
    return {str(_general_name(name).value) for name in names} <= known


def _make_authority(files: ServerFiles, now: datetime) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Gatehouse {socket.gethostname()}"[:64])])
    usage = _usage(signs_certificates=True)
    certificate = (
        _builder(name, name, key, now, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(files.ca_key, files.ca, key, [certificate])
    log.info("a new certificate authority was made")
    return certificate, key


def _make_server(files: ServerFiles, authority: Pair, names: Sequence[str], now: datetime) -> None:
    issuer, issuer_key = authority
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        _builder(subject, issuer.subject, key, now, SERVER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    _write(files.key, files.certificate, key, [certificate, issuer])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now - BACKDATED + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(key_file: Path, file: Path, key: ec.EllipticCurvePrivateKey, chain: list[x509.Certificate]) -> None:
    """Both are on the disk before either takes its place: a full disk leaves the pair of before.

    A kill in between leaves a pair that does not match, which is made anew.
    """
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    private = key.private_bytes(encoding, form, serialization.NoEncryption())
    public = b"".join(certificate.public_bytes(encoding) for certificate in chain)
    staged = [(path, path.with_name(f"{path.name}.next")) for path in (key_file, file)]
    for (_, stage), content, mode in zip(staged, (private, public), (_PRIVATE, _PUBLIC), strict=True):
        write_durably(stage, content, mode=mode)
    for path, stage in staged:
        stage.rename(path)
    sync_folder(file.parent)
