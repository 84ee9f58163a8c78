"""The logs of the units: of the journal by way of the control service, or of the files of a bench."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from appliance.condition.control import Control
from appliance.core.clock import US_PER_S, from_rfc3339
from appliance.core.paths import Paths

MOST_BYTES = 4 * 1024 * 1024
JOURNAL_LINES = 10_000


def recent_logs(control: Control, paths: Paths, since_us: int) -> dict[str, str]:
    """Texts by the name of a file, each at most MOST_BYTES from its end; raises ProblemError."""
    if control.is_there:
        return {"journal.txt": str(control.ask("logs", lines=JOURNAL_LINES).get("text", ""))[-MOST_BYTES:]}
    return {file.name: "\n".join(lines_since(file, since_us)) + "\n" for file in log_files(paths)}


def log_files(paths: Paths, unit: str | None = None) -> list[Path]:
    """Of a bench; older ones of a unit first."""
    found = sorted((paths.data / "log").glob("*.log*"), key=lambda file: (file.name.split(".log")[0], -len(file.name)))
    return [file for file in found if unit is None or file.name.split(".log")[0] == unit]


def lines_since(file: Path, since_us: int) -> Iterator[str]:
    """The lines of a log from a time on, of at most its last MOST_BYTES; one without a time goes with the last."""
    wanted = False
    for line in _end_of(file).splitlines():
        time_us = time_of(line)
        wanted = wanted if time_us is None else time_us >= since_us
        if wanted:
            yield line


def time_of(line: str) -> int | None:
    """UTC microseconds of a line of JSON that a unit wrote; None for any other line."""
    try:
        return from_rfc3339(_decoded(line)["time"])
    except (KeyError, ValueError, TypeError):
        return None


def for_people(line: str) -> str:
    """ "12:00:01 warning api: message" of a line of JSON; another line as it is."""
    told = _decoded(line)
    if not {"time", "level", "unit", "message"} <= told.keys():
        return line
    parts = f"{told['time'][:19]}Z {told['level']:<7} {told['unit']}: {told['message']}"
    return f"{parts}\n{told['traceback']}" if "traceback" in told else parts


def ago(text: str, now_us: int) -> int:
    """RFC 3339, or how long ago ("30min", "2h", "1d", "90s"), as UTC microseconds; raises ValueError."""
    for unit, seconds in (("min", 60), ("s", 1), ("h", 3600), ("d", 86_400)):
        number = text.removesuffix(unit)
        if number != text and number.isascii() and number.isdigit():
            return now_us - int(number) * seconds * US_PER_S
    return from_rfc3339(text)


def _decoded(line: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeEncodeError):
        return {}


def _end_of(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            size = opened.seek(0, os.SEEK_END)
            opened.seek(max(0, size - MOST_BYTES))
            return opened.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
