"""The two slots as this unit may see them: from the report of appliance.slots, and from RAUC's own notes."""

import configparser
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import appliance
from appliance.slots.admission import Circumstances, floor_paths, highest_floor, read_version, version_path
from appliance.slots.model import SLOTS, SlotState
from appliance.slots.report import report_path
from appliance.updates.model import Running, SlotView

RAUC_STATUS = Path("/data/rauc/status.raucs")
_SECTIONS = {"a": "slot.rootfs.0", "b": "slot.rootfs.1"}
ViewState = Literal["running", "good", "trial", "bad", "empty"]


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot: its state, its version where that is known, and how often it may still be started."""

    state: SlotState
    version: str | None
    tries_left: int


@dataclass(frozen=True, slots=True)
class Slots:
    """Both. running and next: "a", "b", or None where this machine has no slots."""

    running: str | None
    next: str | None
    by_name: dict[str, Slot]

    @property
    def other(self) -> str | None:
        """The slot that does not run."""
        return next((name for name in self.by_name if name != self.running), None) if self.running else None

    @property
    def awaiting(self) -> Slot | None:
        """The slot that was installed and is started next; None where the running one is."""
        waits = self.running is not None and self.next != self.running and self.next is not None
        return self.by_name.get(self.next or "") if waits else None


NO_SLOTS = Slots(None, None, {})


def read_slots(report: Path | None = None, notes: Path = RAUC_STATUS) -> Slots:
    """Blocks shortly. Where there is no report there are no slots."""
    try:
        said: dict[str, Any] = json.loads((report or report_path()).read_text())
        running = said["running"]
        versions = _noted_versions(notes)
        by_name = {
            name: Slot(SlotState(slot["state"]), versions.get(name), int(slot["tries_left"]))
            for name, slot in said["slots"].items()
            if name in SLOTS
        }
        if running not in by_name:
            return NO_SLOTS
        by_name[running] = Slot(by_name[running].state, appliance.__version__, by_name[running].tries_left)
        return Slots(running, said["next"], by_name)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return NO_SLOTS


def _noted_versions(notes: Path) -> dict[str, str]:
    """By slot: what RAUC installed there, else what was healthy there before it installed anything."""
    parser = configparser.ConfigParser(interpolation=None)
    with suppress(OSError, ValueError, configparser.Error):
        parser.read_string(notes.read_text())
    found = {name: parser.get(section, "bundle.version", fallback="") for name, section in _SECTIONS.items()}
    noted = {name: found[name] or read_version(version_path(notes.parent, name)) for name in _SECTIONS}
    return {name: version for name, version in noted.items() if version}


def circumstances(slots: Slots) -> Circumstances:
    """What the admission of a version rests on."""
    running = slots.by_name.get(slots.running or "")
    return Circumstances(highest_floor(floor_paths()), None if running is None else running.state)


def views(slots: Slots) -> list[SlotView]:
    """As the API shows them."""
    return [
        SlotView(
            name="b" if name == "b" else "a",
            state=_view_state(slot.state, name == slots.running),
            version=slot.version if slot.state is not SlotState.EMPTY else None,
            tries_left=slot.tries_left,
        )
        for name, slot in sorted(slots.by_name.items())
    ]


def running_view(slots: Slots) -> Running:
    """The version that runs."""
    return Running(version=appliance.__version__, slot=slots.running)


def _view_state(state: SlotState, runs: bool) -> ViewState:
    return "running" if runs and state is SlotState.GOOD else state.value
