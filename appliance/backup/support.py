"""The support bundle: a zip of plain text that somebody who helps may read, without any secret."""

import platform
import zipfile
from collections.abc import Callable, Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import psutil

import appliance
from appliance.backup.redaction import Redactor, known_secrets
from appliance.backup.rooms import DATABASES, checked
from appliance.backup.store import BackupStore
from appliance.condition.control import Control
from appliance.condition.logs import recent_logs
from appliance.condition.model import Condition
from appliance.condition.reading import read_condition
from appliance.core.clock import US_PER_S, Clock, to_rfc3339
from appliance.core.errors import ProblemError
from appliance.core.paths import Paths

LOGS_OF_S = 86_400
ABOUT = """What a Gatehouse appliance tells of itself, for somebody who helps. It is plain text: look through it.

about.json      versions                         condition.json  units, slots, addresses, disk space
config/         the settings                     disks.json      file systems and how full they are
databases.json  whether they are in order        backups.json    which backups there are
logs/           what the units noted, a day      *.json          what the page shows of health and storage

Not in it: passwords, keys, tokens, the setup code (in their place: •••); users and who did what; pictures and sound.
"""


class SupportBundle:
    """Collects and writes. Blocks. extra: JSON by name, of whoever has more to tell."""

    def __init__(self, paths: Paths, clock: Clock, control: Control, extra: Mapping[str, Any] | None = None) -> None:
        self._paths = paths
        self._clock = clock
        self._control = control
        self._extra = extra or {}

    def file_name(self) -> str:
        """With the time it was made at."""
        made = to_rfc3339(self._clock.now_us())[:19].replace(":", "").replace("-", "")
        return f"gatehouse-support-{made}Z.zip"

    def write(self, out: BinaryIO) -> None:
        """Whatever cannot be had is named in its place; raises OSError where out cannot be written."""
        redactor = Redactor(known_secrets(self._paths))
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
            bundle.writestr("README.txt", ABOUT)
            for name, collect in self._documents().items():
                bundle.writestr(f"{name}.json", _document(redactor, collect))
            for file in sorted(self._paths.config.glob("*.json")):
                bundle.writestr(f"config/{file.name}", _document(redactor, lambda file=file: _read(file)))  # type: ignore[misc]
            for name, text in self._logs().items():
                bundle.writestr(f"logs/{name}", redactor.text(text))

    def _documents(self) -> dict[str, Callable[[], Any]]:
        found: dict[str, Callable[[], Any]] = {
            "about": self._about,
            "condition": self._condition,
            "disks": _disks,
            "databases": lambda: {one.name: checked(self._paths.data / one.name) or "in order" for one in DATABASES},
            "backups": lambda: msgspec.to_builtins(BackupStore(self._paths, self._clock).all()),
        }
        return found | {name: lambda value=value: value for name, value in self._extra.items()}

    def _about(self) -> dict[str, Any]:
        return {
            "made": to_rfc3339(self._clock.now_us()),
            "version": appliance.__version__,
            "python": platform.python_version(),
            "kernel": platform.release(),
            "machine": platform.machine(),
            "packages": dict(sorted((one.name, one.version) for one in distributions())),
        }

    def _condition(self) -> Any:
        condition: Condition = read_condition(self._control, self._paths)
        return {**msgspec.to_builtins(condition), "setup_code": None}

    def _logs(self) -> dict[str, str]:
        try:
            return recent_logs(self._control, self._paths, self._clock.now_us() - LOGS_OF_S * US_PER_S)
        except ProblemError as problem:
            return {"missing.txt": f"{problem.title}. {problem.remedy}\n"}


def _document(redactor: Redactor, collect: Callable[[], Any]) -> bytes:
    try:
        value = collect()
    except (ProblemError, OSError, msgspec.DecodeError) as error:
        value = {"missing": str(error)}
    return msgspec.json.format(msgspec.json.encode(redactor.value(value)), indent=1)


def _disks() -> list[dict[str, Any]]:
    """Every file system on a disk."""
    found = []
    for partition in psutil.disk_partitions(all=False):
        told: dict[str, Any] = {"device": partition.device, "at": partition.mountpoint, "kind": partition.fstype}
        try:
            usage = psutil.disk_usage(partition.mountpoint)
            told |= {"total_bytes": usage.total, "free_bytes": usage.free}
        except OSError as error:
            told["problem"] = str(error.strerror)
        found.append(told)
    return found


def _read(file: Path) -> Any:
    return msgspec.json.decode(file.read_bytes())
