"""backup create, list, restore."""

import argparse
import os
import sys
from pathlib import Path

from appliance.backup.checking import Models
from appliance.backup.model import Kind, Stored
from appliance.backup.restore import Restoration
from appliance.backup.store import BackupStore
from appliance.cameras.model import Camera
from appliance.cli.output import confirmed, print_json, print_table
from appliance.cli.service import restart_api
from appliance.condition.ownership import as_owner
from appliance.core.clock import SystemClock
from appliance.core.errors import ProblemError
from appliance.core.paths import Paths

DONE, NOT_WELL = 0, 5


def create(given: argparse.Namespace) -> int:
    """Make one; 5 where something in it is damaged."""
    paths, password = Paths.from_environment(), _password(given.password_file)
    with as_owner(paths.data / "backups"):
        stored = BackupStore(paths, SystemClock()).create(Kind(given.kind), password)
    damaged = stored.summary.damaged if stored.summary else ()
    if given.json:
        print_json(stored)
    else:
        print(stored.id)
    for fault in damaged:
        print(f"gatehouse: damaged: {fault}. Restore the newest backup that is whole.", file=sys.stderr)
    return NOT_WELL if damaged else DONE


def show(given: argparse.Namespace) -> int:
    """The list."""
    found = BackupStore(Paths.from_environment(), SystemClock()).all()
    if given.json:
        print_json(found)
    elif found:
        print_table(("BACKUP", "SIZE", "VERSION", "STATE"), [_row(one) for one in found])
    return DONE


def restore(given: argparse.Namespace) -> int:
    """Check, ask, stage; the api unit puts it in place when it starts."""
    paths, clock, password = Paths.from_environment(), SystemClock(), _password(given.password_file)
    restoration = Restoration(paths, clock, Models({"cameras": Camera}))
    source = _source(paths, given.file).open("rb")  # before the rights go: it may be anybody's
    with source, as_owner(paths.data / "restore"):
        staged = restoration.stage(source, password)
        told = f"the {staged.summary.kind} backup of {staged.summary.made[:19]}Z, version {staged.summary.version}"
        try:
            confirmed(f"Put {told} in place of what is now? A backup of that is made first.", yes=given.yes)
        except ProblemError:
            restoration.cancel()
            raise
    if restart_api(paths):
        print(f"Restoring {told}; the api unit restarts.")
    else:
        print(f"Staged {told}; it is put in place when the appliance starts.")
    return DONE


def _source(paths: Paths, name: str) -> Path:
    """A file, or what the list calls it."""
    if os.sep not in name and not Path(name).exists():
        return BackupStore(paths, SystemClock()).file_of(name)
    return Path(name)


def _password(file: str | None) -> str | None:
    """The first line; raises OSError."""
    if file is None:
        return None
    text = sys.stdin.readline() if file == "-" else Path(file).read_text(errors="replace").split("\n")[0]
    return text.rstrip("\r\n")


def _row(one: Stored) -> tuple[str, str, str, str]:
    state = "cannot be read" if one.summary is None else "damaged" if one.summary.damaged else "whole"
    size, version = f"{one.size_bytes / 1000:.0f} kB", one.summary.version if one.summary else "-"
    return one.id, size, version, f"{state}, encrypted" if one.sealed else state
