"""Update bundles on USB sticks (gatehouse-stick@.service).

A stick is a stranger's file system: it is mounted read-only, where this process alone sees it, without programs,
devices or set-uid, and only while it is looked at.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from appliance.core.errors import ProblemError
from appliance.host.disk import SYSFS, CommandError, disk_below, run
from appliance.host.mounting import Flag, mount_file_system
from appliance.host.problem_file import run_folder

KINDS = ("vfat", "exfat", "ext4")
FLAGS = Flag.RDONLY | Flag.NOSUID | Flag.NODEV | Flag.NOEXEC | Flag.NOATIME
SUFFIX = ".raucb"
FOUND, WANTED = "sticks.json", "stick-install.json"
MOST_FILES = 50
TIMEOUT_S = 30
INSTALL_TIMEOUT_S = 3600


def candidates(sysfs: Path, system_disk: str) -> list[str]:
    """Block devices on USB that may hold a file system: partitions, and disks that have none. Not the system's own."""
    found = []
    for entry in sorted((sysfs / "class" / "block").iterdir()):
        device = entry.resolve()
        partition = (device / "partition").exists()
        disk = device.parent.name if partition else device.name
        has_partitions = not partition and any((part / "partition").exists() for part in device.iterdir())
        if _on_usb(device) and disk != system_disk and not has_partitions:
            found.append(device.name)
    return found


def _on_usb(device: Path) -> bool:
    return any(part.startswith("usb") and part[3:].isdigit() for part in device.parts)


def bundles_in(folder: Path) -> list[Path]:
    """Regular files of the name of a bundle; nothing a link leads to."""
    names = sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIX))
    return [path for path in names if path.is_file() and not path.is_symlink()][:MOST_FILES]


def look() -> int:
    """Tell what is there in /run/gatehouse/sticks.json."""
    found = [
        {"name": path.name, "size_bytes": path.stat().st_size} for folder in _mounted() for path in bundles_in(folder)
    ]
    partial = run_folder() / f"{FOUND}.new"
    partial.write_text(json.dumps({"files": found}))
    partial.rename(run_folder() / FOUND)
    return 0


def install() -> int:
    """Hand the bundle over that /run/gatehouse/stick-install.json names. Raises ProblemError when it is gone."""
    name = str(json.loads((run_folder() / WANTED).read_bytes())["file"])
    for folder in _mounted():
        for path in bundles_in(folder):
            if path.name == name:
                command = [sys.executable, "-m", "appliance.cli", "updates", "install", str(path)]
                return subprocess.run(command, timeout=INSTALL_TIMEOUT_S, check=False).returncode
    raise ProblemError(
        "no-such-bundle",
        f"There is no {name} on any USB stick",
        remedy="Plug the stick in again, and look anew.",
        status=404,
        field="file",
    )


def _mounted() -> Iterator[Path]:
    """Each stick in turn. What cannot be mounted is said and left out."""
    device = os.stat("/").st_dev
    try:
        system = disk_below(SYSFS, os.major(device), os.minor(device))
    except ProblemError:
        system = ""
    for name in candidates(SYSFS, system):
        try:
            with _mounted_at(Path("/dev") / name) as folder:
                yield folder
        except (OSError, CommandError) as error:
            print(f"{name} cannot be read: {error}", file=sys.stderr)


@contextmanager
def _mounted_at(device: Path) -> Iterator[Path]:
    kind = run("blkid", "-p", "-o", "value", "-s", "TYPE", str(device), timeout_s=TIMEOUT_S).strip()
    if kind not in KINDS:
        raise OSError(f"it has no FAT or ext4, but {kind[:20] or 'nothing known'}")
    with TemporaryDirectory() as folder:
        mount_file_system(str(device), Path(folder), kind, FLAGS, "noload" if kind == "ext4" else "")
        try:
            yield Path(folder)
        finally:
            run("umount", "--lazy", folder, timeout_s=TIMEOUT_S)
