"""How the machine is, as root sees it: units, addresses, disk, clock, certificate, setup code."""

import hashlib
import json
import os
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

import appliance
from appliance.core.clock import US_PER_S, to_rfc3339
from appliance.core.errors import ProblemError
from appliance.core.paths import Paths
from appliance.host.disk import CommandError, run
from appliance.host.identity import MACHINE_ID, own_identity
from appliance.host.problem_file import read_problem
from appliance.slots.report import report_path, running_slot

PROPERTIES = "Id,ActiveState,SubState,NRestarts,MemoryCurrent,StateChangeTimestamp,LoadState"
SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
COMMAND_TIMEOUT_S = 20
FULL_PERMILLE = 5  # of the data partition: below that, what the units keep beside recordings is in danger


@dataclass(frozen=True, slots=True)
class Space:
    """A file system's room, for programs without privileges."""

    total_bytes: int
    free_bytes: int


def space_of(folder: Path) -> Space | None:
    """How full the file system below a folder is; None where it cannot be asked."""
    try:
        stat = os.statvfs(folder)
    except OSError:
        return None
    return Space(stat.f_blocks * stat.f_frsize, stat.f_bavail * stat.f_frsize)


def data_problem(paths: Paths) -> ProblemError | None:
    """What is wrong with where everything is kept: as noted at the start of the machine, or that it is full now."""
    if noted := read_problem():
        return noted
    space = space_of(paths.data)
    if space is None or space.free_bytes * 1000 >= space.total_bytes * FULL_PERMILLE:
        return None
    return ProblemError(
        "data-full",
        f"The data partition is full: {space.free_bytes >> 20} MiB are left",
        remedy="Recordings go on only as far as there is room. Free some space, or use a larger disk.",
        status=507,
    )


def units() -> list[dict[str, Any]]:
    """Our units as systemd has them; empty where it does not say."""
    try:
        said = run(
            "systemctl",
            "show",
            "--timestamp=unix",
            f"--property={PROPERTIES}",
            "gatehouse-*",
            timeout_s=COMMAND_TIMEOUT_S,
        )
    except CommandError:
        return []
    return sorted(filter(None, map(_unit, said.split("\n\n"))), key=lambda unit: str(unit["name"]))


def _unit(text: str) -> dict[str, Any] | None:
    values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    name, memory, since = values.get("Id", ""), values.get("MemoryCurrent", ""), values.get("StateChangeTimestamp", "")
    if not name.endswith(".service") or values.get("LoadState") != "loaded":
        return None
    return {
        "name": name,
        "state": values.get("ActiveState", "unknown"),
        "since": to_rfc3339(int(since[1:]) * US_PER_S) if since.startswith("@") else None,
        "restarts": int(values.get("NRestarts") or 0),
        "memory_bytes": int(memory) if memory.isdigit() and int(memory) < 1 << 62 else None,
    }


def addresses() -> list[str]:
    """Every address somebody could type, without those of this machine for itself."""
    return [address for address in _addresses() if not address.startswith(("127.", "::1", "fe80:"))]


def _addresses() -> Iterator[str]:
    for name, entries in sorted(psutil.net_if_addrs().items()):
        if name != "lo":
            yield from (entry.address for entry in entries if entry.family.name in ("AF_INET", "AF_INET6"))


def fingerprint(paths: Paths) -> str:
    """SHA-256 of the server's certificate as browsers show it; "" where there is none."""
    try:
        pem = (paths.tls / "server.pem").read_text()
        first = pem[: pem.index(ssl.PEM_FOOTER) + len(ssl.PEM_FOOTER)]
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).digest().hex(":").upper()
    except (OSError, ValueError):
        return ""


def setup_code(paths: Paths) -> str | None:
    """The code that makes the first administrator; None once there is one, or before the api unit has made it."""
    try:
        return (paths.state / "api" / "setup-code").read_text().strip() or None
    except (OSError, ValueError):
        return None


def claimed(paths: Paths) -> bool | None:
    """Whether there is an administrator; None while the api unit has not said."""
    if setup_code(paths) is not None:
        return False
    return True if (paths.run / "api" / "ready.json").exists() else None


def time_synchronised() -> bool | None:
    """Whether a time server was reached since the start; None where systemd-timesyncd is not there."""
    return SYNCHRONISED.exists() if SYNCHRONISED.parent.is_dir() else None


def slots(version: str) -> list[dict[str, Any]]:
    """The two slots, as the boot loader remembers them."""
    try:
        report = json.loads(report_path().read_bytes())
        found = [(name, report["slots"][name]) for name in ("a", "b")]
        running = report["running"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [
        {
            "name": name,
            "state": "running" if name == running else slot["state"],
            "version": version if name == running else None,
            "tries_left": slot["tries_left"],
        }
        for name, slot in found
    ]


def identity() -> dict[str, Any]:
    """Serial number and names; the serial is empty where this machine has no identity of its own."""
    own, hostname = own_identity(MACHINE_ID), os.uname().nodename
    return {"serial": own.serial if own else "", "hostname": hostname, "mdns_name": f"{hostname}.local"}


def status(paths: Paths) -> dict[str, Any]:
    """All of it but the network settings. Blocks."""
    version, problem, space = appliance.__version__, data_problem(paths), space_of(paths.data)
    return {
        "name": os.uname().nodename,
        "version": version,
        "slot": running_slot(),
        "identity": identity(),
        "addresses": addresses(),
        "fingerprint": fingerprint(paths),
        "setup_code": setup_code(paths),
        "claimed": claimed(paths),
        "units": units(),
        "data": {"total_bytes": space.total_bytes, "free_bytes": space.free_bytes} if space else None,
        "data_problem": {"code": problem.code, "title": problem.title, "remedy": problem.remedy} if problem else None,
        "slots": slots(version),
        "uptime_s": int(time.clock_gettime(time.CLOCK_BOOTTIME)),
        "time_synchronised": time_synchronised(),
    }
