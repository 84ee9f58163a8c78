"""Times and time zones as clients write them."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from appliance.core.clock import from_rfc3339
from appliance.core.errors import ProblemError

LATEST_US = 4_102_444_800_000_000  # 2100


def time_us(text: str, field: str) -> int:
    """RFC 3339 with a zone as UTC microseconds; raises ProblemError with the field."""
    try:
        found = from_rfc3339(text)
    except (ValueError, OverflowError):
        found = -1
    if not 0 <= found < LATEST_US:
        raise ProblemError(
            "wrong-time",
            f"{field} is not a time between 1970 and 2100",
            remedy="Write it as 2026-11-24T13:00:00Z, or with an offset such as +01:00.",
            field=field,
        )
    return found


def time_range(start: str, end: str, longest_us: int) -> tuple[int, int]:
    """A range [start, end) no longer than longest_us; raises ProblemError with the field."""
    start_us, end_us = time_us(start, "start"), time_us(end, "end")
    if end_us <= start_us:
        raise ProblemError("empty-range", "end is not after start", remedy="Choose a later end.", field="end")
    if end_us - start_us > longest_us:
        raise ProblemError(
            "range-too-long",
            f"The range is longer than {_spoken(longest_us)}",
            remedy="Ask for it in several parts.",
            field="end",
        )
    return start_us, end_us


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name (IANA); raises ProblemError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ProblemError(
            "unknown-zone",
            "There is no such time zone",
            remedy="Write it as Europe/Paris, or leave it out for UTC.",
            field="zone",
        ) from None


def _spoken(duration_us: int) -> str:
    hours = duration_us // 3_600_000_000
    return f"{hours} hours" if hours <= 48 else f"{hours // 24} days"
