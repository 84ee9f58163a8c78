"""logs."""

import argparse
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from appliance.cli.output import plain
from appliance.condition.control import Control
from appliance.condition.logs import ago, for_people, lines_since, log_files
from appliance.core.clock import US_PER_S, SystemClock
from appliance.core.errors import ProblemError
from appliance.core.paths import Paths

LOOK_EVERY_S = 0.5


def show(given: argparse.Namespace) -> int:
    """The last lines, and with --follow those to come."""
    since_us = _since(given.since)
    try:
        if Control.from_environment().is_there:
            return _journal(given, since_us)
        return _files(given, since_us)
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _since(text: str | None) -> int:
    try:
        return 0 if text is None else ago(text, SystemClock().now_us())
    except ValueError:
        raise ProblemError(
            "bad-time",
            f"{text!r} is no time",
            remedy="Write it like 2026-11-25T16:30:00Z, or how long ago: 30min, 2h, 1d.",
        ) from None


def _journal(given: argparse.Namespace, since_us: int) -> int:
    """journalctl itself reads it: what this user may see, and no more."""
    unit = given.unit or "*"
    command = ["journalctl", "--output=cat", "--no-pager", f"--unit=gatehouse-{unit.removeprefix('gatehouse-')}"]
    command += [f"--lines={given.lines}", *(["--follow"] if given.follow else [])]
    if since_us:
        command.append(f"--since={datetime.fromtimestamp(since_us / US_PER_S, UTC):%Y-%m-%d %H:%M:%S} UTC")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as journal:
        assert journal.stdout is not None
        _print(journal.stdout)
        return journal.wait()


def _files(given: argparse.Namespace, since_us: int) -> int:
    paths = Paths.from_environment()
    files = log_files(paths, given.unit)
    if not files:
        raise ProblemError(
            "no-logs",
            f"There are no logs{f' of {given.unit}' if given.unit else ''} in {paths.data}",
            remedy="`gatehouse status` lists the units; GATEHOUSE_DATA names the folder of a bench.",
        )
    ends = {file: file.stat().st_size for file in files}
    last = deque(sorted((line for file in files for line in lines_since(file, since_us)), key=_time_in), given.lines)
    _print(last)
    while given.follow:
        time.sleep(LOOK_EVERY_S)
        _print(line for file in files if file.suffix == ".log" for line in _new_lines(file, ends))
    return 0


def _new_lines(file: Path, ends: dict[Path, int]) -> Iterator[str]:
    """Whole lines; a file that was begun anew is read from its start."""
    size = file.stat().st_size
    if size < ends[file]:
        ends[file] = 0
    with file.open("rb") as opened:
        opened.seek(ends[file])
        whole, newline, _ = opened.read().rpartition(b"\n")
    ends[file] += len(whole) + len(newline)
    yield from whole.decode(errors="replace").splitlines()


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        for part in for_people(line.rstrip("\n")).split("\n"):
            print(plain(part), flush=True)


def _time_in(line: str) -> str:
    """Lines of several units in the order of their times, as far as they tell them."""
    return line[9:36] if line.startswith('{"time":"') else ""
