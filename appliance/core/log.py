"""Logs: one JSON object a line on standard error, with credentials taken out."""

import logging
import re
import sys

import msgspec

from appliance.core.clock import Clock, to_rfc3339

_SECRETS = (
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s]+@", re.IGNORECASE), r"\1***@"),
    (re.compile(r"((?:proxy-)?authorization\s*[:=]\s*)[^\r\n]+", re.IGNORECASE), r"\1***"),
    (
        re.compile(r"(\"?(?:password|passwd|pass|pwd|secret|token)\"?\s*[:=]\s*)(\"[^\"]*\"|[^\s,&}]+)", re.IGNORECASE),
        r"\1***",
    ),
)


def redact(text: str) -> str:
    """Remove user information in URLs, Authorization values, and values named password, secret or token."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON."""

    def __init__(self, unit: str, clock: Clock) -> None:
        super().__init__()
        self._unit = unit
        self._clock = clock

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, unit, logger and the redacted message, with the traceback where there is one."""
        line = {
            "time": to_rfc3339(self._clock.now_us()),
            "level": record.levelname.lower(),
            "unit": self._unit,
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if record.exc_info:
            line["traceback"] = redact(self.formatException(record.exc_info))
        return msgspec.json.encode(line).decode()


def start_logging(unit: str, clock: Clock) -> None:
    """Send everything from level INFO on to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(unit, clock))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
