"""Reads how the appliance is: of the control service where there is one, else from the state folder (a bench)."""

import hashlib
import os
import re
import socket
import ssl
from pathlib import Path
from typing import Any

import msgspec

import appliance
from appliance.condition.control import Control
from appliance.condition.model import Condition, Fault, Identity, Space, UnitState
from appliance.core.errors import ProblemError
from appliance.core.paths import Paths

DATA_PROBLEM = Path("/run/gatehouse/data-problem.json")
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def read_condition(control: Control, paths: Paths) -> Condition:
    """Ask, or look; raises ProblemError where a control service is there and does not answer."""
    if not control.is_there:
        return bench_condition(paths)
    return understood(control.ask("status"))


def understood(told: Any) -> Condition:
    """What the service said; raises ProblemError for what is no condition."""
    try:
        return msgspec.convert(told, Condition)
    except msgspec.ValidationError as error:
        raise ProblemError(
            "bad-status",
            "The control service says what this program does not understand",
            remedy="Restart the machine: the two are of different versions.",
            status=503,
            detail=str(error),
        ) from None


def bench_condition(paths: Paths) -> Condition:
    """From the state folder alone. Whatever cannot be read is left out; this raises nothing."""
    ready = _json(paths.run / "api" / "ready.json")
    code = str(ready.get("setup_code", ""))
    hostname = socket.gethostname()
    return Condition(
        name=hostname,
        version=appliance.__version__,
        identity=Identity(hostname=hostname),
        url=str(ready.get("url", "")),
        fingerprint=fingerprint_of(paths.tls / "server.pem"),
        setup_code=None if code in ("", "done") else code,
        claimed=code == "done" if code else None,
        units=_bench_units(paths),
        data=space_of(paths.data),
        data_problem=known_fault(DATA_PROBLEM),
    )


def fingerprint_of(file: Path) -> str:
    """SHA-256 of a PEM file's first certificate, as browsers show it; "" where there is none to be read."""
    try:
        found = _CERTIFICATE.search(file.read_bytes())
        der = ssl.PEM_cert_to_DER_cert(found[0].decode()) if found else b""
    except (OSError, ValueError):
        return ""
    return hashlib.sha256(der).digest().hex(":").upper() if der else ""


def space_of(folder: Path) -> Space | None:
    """How full the file system is that a folder lies on."""
    try:
        stat = os.statvfs(folder)
    except OSError:
        return None
    return Space(total_bytes=stat.f_blocks * stat.f_frsize, free_bytes=stat.f_bavail * stat.f_frsize)


def known_fault(file: Path) -> Fault | None:
    """What the start of the machine noted of the data partition, if anything."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Fault)
    except (OSError, msgspec.DecodeError):
        return None


def _bench_units(paths: Paths) -> tuple[UnitState, ...]:
    units = _json(paths.run / "supervisor.json").get("units", {})
    return tuple(
        UnitState(
            name=name,
            state="active" if unit.get("ready") and _alive(unit.get("pid")) else "activating",
            restarts=int(unit.get("restarts", 0)),
        )
        for name, unit in sorted(units.items())
    )


def _alive(pid: Any) -> bool:
    return isinstance(pid, int) and Path("/proc", str(pid)).exists()


def _json(file: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError):
        return {}
