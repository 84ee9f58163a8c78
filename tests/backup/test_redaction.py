"""No secret that is known comes out of any text, however it is written there."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.backup.redaction import SHORTEST, Redactor

LONG = st.text(st.characters(codec="utf-8"), min_size=SHORTEST + 8, max_size=40)
SECRET = LONG.filter(lambda text: len(set(text)) > 5)
TOKEN = "gatehouse_" + base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("=")


@given(SECRET, st.text(), st.text())
def test_a_known_secret_is_nowhere(secret: str, before: str, after: str) -> None:
    redactor = Redactor([secret])
    written = {
        secret,
        quote(secret, safe="", errors="replace"),
        quote_plus(secret, errors="replace"),
        json.dumps(secret)[1:-1],
    }
    for form in written:
        assert form not in redactor.text(f"{before}{form}{after}")
    assert secret not in json.dumps(
        redactor.value({"a": [secret, {secret: 1}], "password": secret}), ensure_ascii=False
    )


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        "code AB1CD-EF2GH here",
        "Cookie: __Host-session=AbCdEf123; x",
        "rtsp://user:hunter22@192.0.2.1/",
        "-----BEGIN PRIVATE KEY-----\nAbCdEf123\n-----END PRIVATE KEY-----",
        "-----BEGIN EC PRIVATE KEY-----\nAbCdEf123",
        "$argon2id$v=19$m=65536,t=3,p=4$AbCdEf123",
        'password: "AbCdEf123"',
        "Authorization: Digest AbCdEf123",
    ],
)
def test_what_looks_like_a_secret_goes_although_nobody_knew_it(text: str) -> None:
    redacted = Redactor([]).text(text)
    for canary in ("AbCdEf123", "hunter22", "AB1CD-EF2GH", TOKEN[12:]):
        assert canary not in redacted


def test_all_else_stays() -> None:
    text = "2026-01-01T00:00:00Z info ingest-0: camera front streams h264 from rtsp://192.0.2.1/stream"
    assert Redactor(["something secret"]).text(text) == text
    assert Redactor([""]).value({"a": 1, "b": None, "password": ""}) == {"a": 1, "b": None, "password": ""}
