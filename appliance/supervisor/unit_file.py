"""The part of systemd.service(5) that the bench honours, read from the unit files themselves."""

import math
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|h)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "": 1.0}


@dataclass(frozen=True, slots=True)
class Service:
    """What to run, and how to keep it running. watchdog_s 0: none. niceness: its share of a busy processor."""

    name: str
    command: tuple[str, ...]
    restart: str = "always"
    restart_s: float = 0.1
    watchdog_s: float = 0.0
    start_timeout_s: float = 60.0
    stop_timeout_s: float = 10.0
    notifies: bool = True
    niceness: int = 0


def niceness(cpu_weight: str) -> int:
    """The nearest there is to CPUWeight without control groups: a step of nice is worth a factor of 1.25 (sched(7))."""
    return max(-20, min(19, round(-math.log(int(cpu_weight) / 100, 1.25))))


def duration_s(text: str) -> float:
    """systemd.time(7): "500ms", "1min 30s", "20"."""
    parts = _DURATION.findall(text)
    if not parts:
        raise ValueError(f"not a duration: {text!r}")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def directives(text: str) -> dict[str, str]:
    """The last value of each directive of the [Service] section."""
    found: dict[str, str] = {}
    section = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            found[name.strip()] = value.strip()
    return found


def read_service(path: Path, interpreter: str, instance: int | None = None) -> Service:
    """Read a unit file; the interpreter of its ExecStart line is replaced by ours, %i by the instance."""
    values = directives(path.read_text())
    name = path.stem.removeprefix("gatehouse-")
    if instance is not None:
        name = name.replace("@", f"@{instance}")
    command = shlex.split(values["ExecStart"].replace("%i", str(instance)))
    return Service(
        name=name,
        command=(interpreter, *command[1:]),
        restart=values.get("Restart", "no"),
        restart_s=duration_s(values.get("RestartSec", "100ms")),
        watchdog_s=duration_s(values.get("WatchdogSec", "0")),
        start_timeout_s=duration_s(values.get("TimeoutStartSec", "90")),
        stop_timeout_s=duration_s(values.get("TimeoutStopSec", "90")),
        notifies=values.get("Type") == "notify",
        niceness=niceness(values.get("CPUWeight", "100")),
    )


def extra_service(text: str) -> Service:
    """NAME=COMMAND: a command of the bench (the simulated cameras), kept running likewise."""
    name, _, command = text.partition("=")
    return Service(name=name, command=tuple(shlex.split(command)), restart_s=1.0, notifies=False)
