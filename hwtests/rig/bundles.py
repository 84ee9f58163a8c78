"""Updates to try on a recorder: a good one, some that are no good after all, and some that must be refused."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

TREE = Path(__file__).parents[2]
PARTS = TREE / "image" / "out" / "parts"
NEWER, OLDER = "99.0.0", "0.0.1"  # newer than any floor, older than any
TOOL_TIMEOUT_S = 600
SQUASHFS_USED = slice(40, 48)  # of the superblock: how many bytes the file system has
BLOCK_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Refused:
    """An update that must not be installed. code: of the problem that says why."""

    name: str
    file: Path
    code: str


def good_bundle(folder: Path) -> Path:
    """The built image's own parts under a newer version."""
    return _bundle(folder / "good.raucb", PARTS, NEWER)


def unstartable_bundle(folder: Path) -> Path:
    """Its root file system is not the one its boot files name: the verified start refuses it."""
    zeros = "0" * 64
    return _bundle(folder / "unstartable.raucb", _parts(folder / "unstartable", f"set root_hash={zeros}"), NEWER)


def unhealthy_bundle(folder: Path) -> Path:
    """It starts, and its api unit never does."""
    without = 'set identity="$identity systemd.mask=gatehouse-api.service"'
    return _bundle(folder / "unhealthy.raucb", _parts(folder / "unhealthy", without), NEWER)


def refused_bundles(folder: Path) -> list[Refused]:
    """Each with the reason that is expected. They are small, for none of them comes to be written."""
    parts = folder / "small"
    parts.mkdir()
    for name in ("root.squashfs", "boot.ext4"):
        (parts / name).write_bytes(os.urandom(1 << 20))
    good = _bundle(folder / "small.raucb", parts, NEWER)
    strangers = folder / "strangers-keys"
    subprocess.run([TREE / "image" / "rauc" / "keys.sh", strangers], check=True, timeout=TOOL_TIMEOUT_S)
    keys = {
        "GATEHOUSE_UPDATE_KEY": str(strangers / "signing.key"),
        "GATEHOUSE_UPDATE_CERT": str(strangers / "signing.pem"),
    }
    content = good.read_bytes()
    used = int.from_bytes(content[SQUASHFS_USED], "little")
    unsigned = content[: -(-used // BLOCK_BYTES) * BLOCK_BYTES]  # the payload alone: no tree, and nothing that signs it
    middle = len(content) // 2
    tampered = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    return [
        Refused("truncated", _file(folder / "truncated.raucb", content[: len(content) * 2 // 3]), "bundle-truncated"),
        Refused("tampered", _file(folder / "tampered.raucb", tampered), "bundle-tampered"),
        Refused("unsigned", _file(folder / "unsigned.raucb", unsigned), "bundle-unsigned"),
        Refused("foreign", _bundle(folder / "foreign.raucb", parts, NEWER, **keys), "bundle-foreign"),
        Refused("downgraded", _bundle(folder / "downgraded.raucb", parts, OLDER), "bundle-downgrade"),
        Refused(
            "wrong device",
            _bundle(folder / "wrong-device.raucb", parts, NEWER, GATEHOUSE_ARCH="arm64"),
            "bundle-wrong-device",
        ),
        Refused("something else", _file(folder / "page.raucb", b"<html>" * 4096), "not-a-bundle"),
    ]


def _bundle(file: Path, parts: Path, version: str, **environment: str) -> Path:
    command = [str(word) for word in (TREE / "image" / "bundle.sh", parts, version, file)]
    subprocess.run(
        command,
        check=True,
        timeout=TOOL_TIMEOUT_S,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
    )
    return file


def _parts(folder: Path, line: str) -> Path:
    """The image's parts, with a further line at the end of what its boot loader reads of the slot."""
    folder.mkdir()
    try:
        (folder / "root.squashfs").hardlink_to(PARTS / "root.squashfs")
    except OSError:  # another disk
        shutil.copy(PARTS / "root.squashfs", folder / "root.squashfs")
    shutil.copy(PARTS / "boot.ext4", folder / "boot.ext4")
    told = _file(folder / "slot.cfg", (PARTS / "slot.cfg").read_bytes() + f"{line}\n".encode())
    for request in ("rm slot.cfg", f"write {told} slot.cfg"):
        command = ["debugfs", "-w", "-R", request, str(folder / "boot.ext4")]
        subprocess.run(command, check=True, capture_output=True, timeout=TOOL_TIMEOUT_S)
    return folder


def _file(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file
