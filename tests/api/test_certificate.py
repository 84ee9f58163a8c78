"""The server's certificate, as its page shows it and as browsers are made to trust it."""

import hashlib
import ssl
from pathlib import Path

from appliance.core.clock import SystemClock, from_rfc3339
from appliance.security.certificates import ServerFiles, ensure_certificates
from tests.api.serving import Site

DAY_US = 86_400_000_000


async def test_what_is_shown_is_what_a_handshake_shows(site: Site) -> None:
    folder = site.services.context.paths.tls
    ensure_certificates(folder, ["gatehouse.local", "192.0.2.10"], SystemClock())
    shown = (await site.call("GET", "/api/v1/system/certificate")).json
    der = ssl.PEM_cert_to_DER_cert(_first(ServerFiles.below(folder).certificate))
    assert shown["fingerprint"].replace(":", "").lower() == hashlib.sha256(der).hexdigest()
    assert {"gatehouse.local", "192.0.2.10"} <= set(shown["names"])
    assert 300 * DAY_US < from_rfc3339(shown["not_after"]) - SystemClock().now_us() < 398 * DAY_US


async def test_the_authority_is_saved_as_a_file_and_has_signed_the_server(site: Site) -> None:
    folder = site.services.context.paths.tls
    answer = await site.call("GET", "/api/v1/system/certificate/authority.crt")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["Content-Type"] == "application/x-x509-ca-cert"
    assert answer.content == ServerFiles.below(folder).ca.read_bytes()
    trusting = ssl.create_default_context(cadata=answer.content.decode())
    assert trusting.cert_store_stats()["x509_ca"] >= 1


async def test_a_certificate_that_cannot_be_read_is_a_problem(site: Site) -> None:
    ServerFiles.below(site.services.context.paths.tls).certificate.write_bytes(b"rubbish")
    answer = await site.call("GET", "/api/v1/system/certificate")
    assert (answer.status, answer.code) == (503, "certificate-unreadable")


def _first(file: Path) -> str:
    text = file.read_text()
    return text[: text.index(ssl.PEM_FOOTER) + len(ssl.PEM_FOOTER)]
