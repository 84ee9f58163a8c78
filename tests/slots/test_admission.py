"""Which versions the running system lets itself be replaced with."""

import subprocess
import sys
from pathlib import Path

import pytest

from appliance.slots.admission import Circumstances, Refusal, highest_floor, refusal
from appliance.slots.environment_block import format_block
from appliance.slots.model import FACTORY, SlotState, made_primary
from appliance.slots.versions import Version

ROOT = Path(__file__).parents[2]
FLOOR = Version.parse("1.2.0")


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.2.0", None),
        ("1.10.0", None),
        ("1.2.0-rc.1", Refusal.BELOW_FLOOR),
        ("1.1.9", Refusal.BELOW_FLOOR),
        ("newest", Refusal.NO_VERSION),
        ("", Refusal.NO_VERSION),
    ],
)
def test_the_floor(version: str, expected: Refusal | None) -> None:
    assert refusal(version, Circumstances(FLOOR, SlotState.GOOD)) is expected


def test_on_trial_the_way_back_is_kept() -> None:
    assert refusal("1.3.0", Circumstances(FLOOR, SlotState.TRIAL)) is Refusal.ON_TRIAL


def test_without_floor_or_slots_any_version_may_be() -> None:
    assert refusal("0.0.1", Circumstances(None, None)) is None


def test_the_highest_floor_counts_and_unreadable_ones_do_not(tmp_path: Path) -> None:
    for name, text in (("own", "1.2.0\n"), ("reached", "1.10.0\n"), ("torn", "\0\0\0")):
        (tmp_path / name).write_text(text)
    paths = [tmp_path / name for name in ("own", "reached", "torn", "missing")]
    assert highest_floor(paths) == Version.parse("1.10.0")
    assert highest_floor(paths[2:]) is None


def admit(folder: Path, version: str | None, variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """What image/rauc/before-install runs, as RAUC runs it."""
    if version is not None:
        (folder / "VERSION").write_text(version + "\n")
    (folder / "floor").write_text("1.2.0\n")
    (folder / "bootenv").write_bytes(format_block(variables))
    (folder / "cmdline").write_text("quiet gatehouse.slot=b")
    environment = {
        "GATEHOUSE_BOOTENV": str(folder / "bootenv"),
        "GATEHOUSE_CMDLINE": str(folder / "cmdline"),
        "GATEHOUSE_VERSION_FLOORS": f"{folder / 'none'}:{folder / 'floor'}",
    }
    command = [sys.executable, "-S", "-m", "appliance.slots", "admit", str(folder / "VERSION")]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_rauc_is_told_by_status_and_line(tmp_path: Path) -> None:
    proven = {**FACTORY, "b_state": "good", "b_left": "6"}
    assert admit(tmp_path, "1.2.0", proven).returncode == 0
    downgrade = admit(tmp_path, "1.1.0", proven)
    assert downgrade.returncode == Refusal.BELOW_FLOOR
    assert downgrade.stdout.startswith("<< error version 1.1.0 is older")
    assert admit(tmp_path, "1.3.0", made_primary(proven, "b")).returncode == Refusal.ON_TRIAL


def test_a_payload_without_version_is_refused(tmp_path: Path) -> None:
    assert admit(tmp_path, None, dict(FACTORY)).returncode == Refusal.NO_VERSION
