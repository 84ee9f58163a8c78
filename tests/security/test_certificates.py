import ssl
import stat
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509

from appliance.api.tls import server_context
from appliance.core.clock import US_PER_S, ManualClock
from appliance.security.certificates import RENEW_DAYS_BEFORE, SERVER_DAYS, ensure_certificates, own_names

NAMES = ["localhost", "127.0.0.1", "::1", "recorder.example"]
DAY_US = 86_400 * US_PER_S


def certificate(folder: Path, name: str = "server.pem") -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / name).read_bytes())


def test_they_are_made_once_with_private_keys(tmp_path: Path, clock: ManualClock) -> None:
    assert ensure_certificates(tmp_path, NAMES, clock)
    before = certificate(tmp_path).serial_number
    assert not ensure_certificates(tmp_path, NAMES, clock)
    assert certificate(tmp_path).serial_number == before
    for key in ("ca.key", "server.key"):
        assert stat.S_IMODE((tmp_path / key).stat().st_mode) == 0o600


def test_a_client_that_trusts_the_authority_trusts_the_server_by_every_name(tmp_path: Path, clock: ManualClock) -> None:
    ensure_certificates(tmp_path, NAMES, clock)
    server, authority = certificate(tmp_path), certificate(tmp_path, "ca.pem")
    server.verify_directly_issued_by(authority)
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) == {"localhost", "recorder.example"}
    assert set(names.get_values_for_type(x509.IPAddress)) == {ip_address("127.0.0.1"), ip_address("::1")}
    assert not server.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")


def test_the_server_certificate_is_renewed_before_it_expires_under_the_same_authority(
    tmp_path: Path, clock: ManualClock
) -> None:
    ensure_certificates(tmp_path, NAMES, clock)
    first, authority = certificate(tmp_path), certificate(tmp_path, "ca.pem")
    clock.advance((SERVER_DAYS - RENEW_DAYS_BEFORE - 2) * DAY_US)
    assert not ensure_certificates(tmp_path, NAMES, clock)
    clock.advance(2 * DAY_US)
    assert ensure_certificates(tmp_path, NAMES, clock)
    renewed = certificate(tmp_path)
    assert renewed.not_valid_after_utc > first.not_valid_after_utc + timedelta(days=300)
    assert certificate(tmp_path, "ca.pem") == authority
    now = datetime.fromtimestamp(clock.now_us() / US_PER_S, UTC)
    assert renewed.not_valid_before_utc < now < renewed.not_valid_after_utc


def test_a_new_address_of_the_machine_makes_a_new_certificate_and_a_lost_one_does_not(
    tmp_path: Path, clock: ManualClock
) -> None:
    ensure_certificates(tmp_path, NAMES, clock)
    assert ensure_certificates(tmp_path, [*NAMES, "192.0.2.7"], clock)
    assert not ensure_certificates(tmp_path, NAMES, clock)


@pytest.mark.parametrize("file", ["server.pem", "server.key", "ca.pem", "ca.key"])
@pytest.mark.parametrize("content", [None, b"", b"torn -----BEGIN"])
def test_a_torn_or_missing_file_is_made_anew(
    tmp_path: Path, clock: ManualClock, file: str, content: bytes | None
) -> None:
    ensure_certificates(tmp_path, NAMES, clock)
    if content is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_bytes(content)
    assert ensure_certificates(tmp_path, NAMES, clock)
    certificate(tmp_path).verify_directly_issued_by(certificate(tmp_path, "ca.pem"))
    assert not ensure_certificates(tmp_path, NAMES, clock)


def test_a_key_that_belongs_to_another_certificate_is_noticed(tmp_path: Path, clock: ManualClock) -> None:
    for name in ("a", "b"):
        ensure_certificates(tmp_path / name, NAMES, clock)
    (tmp_path / "a" / "server.key").write_bytes((tmp_path / "b" / "server.key").read_bytes())
    assert ensure_certificates(tmp_path / "a", NAMES, clock)


def test_the_machine_knows_its_own_names() -> None:
    assert {"localhost", "127.0.0.1", "::1"} <= set(own_names())


def test_a_disk_that_takes_no_new_certificate_leaves_the_one_that_serves(tmp_path: Path, clock: ManualClock) -> None:
    ensure_certificates(tmp_path, own_names(), clock)
    before = certificate(tmp_path).serial_number
    clock.advance((SERVER_DAYS - RENEW_DAYS_BEFORE) * DAY_US)
    (tmp_path / "server.pem.next.new").mkdir()  # the key is written, the certificate cannot be
    with pytest.raises(OSError):
        ensure_certificates(tmp_path, own_names(), clock)
    server_context(tmp_path, clock)  # raises where key and certificate do not match
    assert certificate(tmp_path).serial_number == before
