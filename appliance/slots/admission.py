"""Whether a version may be installed: decided by the system that runs, not by the update.

The floor is the oldest version that this one lets itself be replaced with. It comes with the verified root file system,
and a copy on the data partition remembers the highest that was ever healthy here.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from appliance.core.durable import write_durably
from appliance.slots.model import SlotState
from appliance.slots.versions import Version, VersionError

FLOORS_VARIABLE = "GATEHOUSE_VERSION_FLOORS"
OWN_FLOOR = "/usr/lib/gatehouse/version-floor"
REACHED_FLOOR = "/data/rauc/version-floor"
_MOST_BYTES = 256


class Refusal(IntEnum):
    """Why not. The numbers are exit statuses of `slots admit`, by which they pass through RAUC's messages."""

    NO_VERSION = 10
    BELOW_FLOOR = 11
    ON_TRIAL = 12


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the decision rests on. running_state: of the slot that runs; None where there are no slots."""

    floor: Version | None
    running_state: SlotState | None


def refusal(version: str, circumstances: Circumstances) -> Refusal | None:
    """Why this version may not be installed, or None.

    While the version that runs is on trial, the other one is what the appliance would return to: it is not overwritten.
    """
    try:
        wanted = Version.parse(version)
    except VersionError:
        return Refusal.NO_VERSION
    if circumstances.floor is not None and wanted < circumstances.floor:
        return Refusal.BELOW_FLOOR
    if circumstances.running_state is SlotState.TRIAL:
        return Refusal.ON_TRIAL
    return None


def floor_paths() -> tuple[Path, ...]:
    """Where floors are written, of which the highest counts; GATEHOUSE_VERSION_FLOORS names others, apart by colons."""
    return tuple(Path(text) for text in os.environ.get(FLOORS_VARIABLE, f"{OWN_FLOOR}:{REACHED_FLOOR}").split(":"))


def read_version(path: Path) -> str:
    """The one line of a file that has a version; empty where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("ascii", "replace").strip()
    except OSError:
        return ""


def highest_floor(paths: Sequence[Path]) -> Version | None:
    """The highest of the floors that can be read."""
    floors = []
    for path in paths:
        try:
            floors.append(Version.parse(read_version(path)))
        except VersionError:
            continue
    return max(floors, default=None)


def raise_floor() -> None:
    """Remember the own floor beyond this version, where one as high is not remembered yet."""
    own, *_, reached = floor_paths()
    floor, known = highest_floor([own]), highest_floor([reached])
    if floor is not None and (known is None or known < floor):
        _note(reached, str(floor))


def note_version(slot: str, version: str) -> None:
    """Remember which version was healthy in a slot, for the one that an image brought: RAUC knows what it installed."""
    path = version_path(floor_paths()[-1].parent, slot)
    if read_version(path) != version:
        _note(path, version)


def version_path(folder: Path, slot: str) -> Path:
    """Where the version in a slot is noted, in the folder of RAUC's notes."""
    return folder / f"version-{slot}"


def _note(path: Path, version: str) -> None:
    """Where it cannot be written it is said on standard error: nothing depends on it now."""
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        write_durably(path, f"{version}\n".encode(), mode=0o644)
    except OSError as error:
        print(f"{path} cannot be written: {error.strerror}", file=sys.stderr)
