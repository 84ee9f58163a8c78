"""What the image lays over Debian: the files hold together, and each says why it is there."""

import shutil
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OVERLAY = ROOT / "image" / "overlay"
SYSTEMD = ROOT / "systemd"
FILES = sorted(path for path in OVERLAY.rglob("*") if path.is_file() and not path.is_symlink())
PRESET = OVERLAY / "etc" / "systemd" / "system-preset" / "10-gatehouse.preset"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(OVERLAY)))
def test_every_file_says_why_it_is_there(file: Path) -> None:
    lines = file.read_text().splitlines()
    assert any(line.startswith("# ") for line in lines[:3])
    assert not file.read_text().endswith("\n\n") and file.read_text().endswith("\n")


def test_every_link_masks_something() -> None:
    assert {str(path.readlink()) for path in OVERLAY.rglob("*") if path.is_symlink()} == {"/dev/null"}


def preset_of(unit: str) -> str:
    """What systemd.preset(5) says of a unit: the first line that fits."""
    for line in PRESET.read_text().splitlines():
        words = line.split()
        if words and words[0] in ("enable", "disable") and fnmatch(unit, words[1]):
            return words[0]
    return "enable"


def test_every_unit_of_ours_that_can_be_enabled_is_and_no_others() -> None:
    units = [file for kind in ("service", "target", "timer") for file in SYSTEMD.glob(f"*.{kind}")]
    wanted = {file.name for file in units if "[Install]" in file.read_text()}
    assert {file.name for file in units if preset_of(file.name) == "enable"} == wanted
    assert [preset_of(unit) for unit in ("mosquitto.service", "ssh.service", "getty@.service")] == ["disable"] * 3


def test_the_target_starts_what_belongs_to_it() -> None:
    (wants,) = (line for line in (SYSTEMD / "gatehouse.target").read_text().splitlines() if line.startswith("Wants="))
    for unit in wants.removeprefix("Wants=").split():
        name = unit if "@" not in unit else f"{unit.partition('@')[0]}@.service"
        assert (SYSTEMD / name).exists(), unit


@pytest.mark.skipif(shutil.which("nft") is None, reason="nftables is not installed")
def test_the_firewall_is_understood_and_lets_in_https_alone() -> None:
    rules = OVERLAY / "etc" / "nftables.conf"
    done = subprocess.run(["nft", "--check", "--file", str(rules)], capture_output=True, text=True, timeout=30)
    if "Operation not permitted" in done.stderr:
        pytest.skip("only root may ask nft")
    assert done.returncode == 0, done.stderr
    assert [line.strip() for line in rules.read_text().splitlines() if "tcp dport" in line] == ["tcp dport 443 accept"]
    assert "hook input priority filter; policy drop;" in rules.read_text()


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_the_scripts_are_sound() -> None:
    scripts = [str(file) for file in FILES if file.read_text().startswith("#!/bin/")]
    done = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
