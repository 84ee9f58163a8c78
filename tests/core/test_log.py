import logging

import msgspec
import pytest

from appliance.core.clock import ManualClock
from appliance.core.log import JsonFormatter, redact


@pytest.mark.parametrize(
    "text",
    [
        "cannot open rtsp://admin:canary@10.0.0.1/live",
        "cannot open rtsp://admin:with@canary@10.0.0.1/live",
        "Authorization: Basic canary",
        'authorization: Digest username="a", response="canary"',
        '{"password": "canary", "name": "x"}',
        "password=canary",
        "token: canary",
    ],
)
def test_credentials_never_reach_the_log(text: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "%s", (text,), None)
    line = JsonFormatter("api", ManualClock()).format(record)
    assert "canary" not in line
    assert msgspec.json.decode(line)["unit"] == "api"


def test_what_is_no_secret_stays() -> None:
    assert redact("connected to rtsp://10.0.0.1:554/live?x=1") == "connected to rtsp://10.0.0.1:554/live?x=1"


def test_tracebacks_are_redacted_too() -> None:
    try:
        raise ValueError("rtsp://u:canary@host/")
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "failed", (), (type(error), error, error.__traceback__))
    assert "canary" not in JsonFormatter("api", ManualClock()).format(record)
