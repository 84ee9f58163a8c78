"""Two builds of the image are compared part by part; what differs is named."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from image import compare

EPOCH_S = 1_700_000_000
UUID = "5f2b0b6a-0000-4000-8000-000000000001"
MIB = 1 << 20


def run(*command: str | Path, text: str = "") -> None:
    environment = {**os.environ, "E2FSPROGS_FAKE_TIME": str(EPOCH_S)}
    subprocess.run(command, check=True, capture_output=True, text=True, input=text, env=environment)


def build(out: Path, boot_text: str = "root_hash=1") -> Path:
    """A build as image/build.sh leaves it, small: root and boot file systems of a few files, two partitions."""
    parts = out / "parts"
    parts.mkdir(parents=True)
    tree = out / "tree"
    (tree / "etc").mkdir(parents=True)
    (tree / "etc/hostname").write_text("gatehouse\n")
    (tree / "bin").symlink_to("etc")
    (tree / "large").write_bytes(bytes(3 * MIB))
    finish(out, boot_text)
    return out


def finish(out: Path, boot_text: str = "root_hash=1") -> None:
    parts = out / "parts"
    for name in ("root.squashfs", "boot.ext4"):
        (parts / name).unlink(missing_ok=True)
    times = ["-mkfs-time", str(EPOCH_S), "-all-time", str(EPOCH_S)]
    run("mksquashfs", out / "tree", parts / "root.squashfs", "-quiet", "-no-progress", *times)
    (parts / "slot.cfg").write_text(boot_text)
    boot = parts / "boot.ext4"
    run("mke2fs", "-q", "-t", "ext4", "-U", UUID, "-E", f"hash_seed={UUID},root_owner=0:0", boot, "4M")
    run("debugfs", "-w", "-f", "-", boot, text=f"write {parts / 'slot.cfg'} slot.cfg\n")
    disk(out / "gatehouse-0-test.img", boot.read_bytes())
    shutil.copyfile(out / "gatehouse-0-test.img", out / "gatehouse-0-test.img.xz")
    (out / "packages.txt").write_text("bash 5.2 amd64\nzlib1g 1.2 amd64\n")
    (out / "sbom.cdx.json").write_text("{}\n")


def disk(path: Path, boot: bytes) -> None:
    path.write_bytes(bytes(8 * MIB))
    table = f"label: gpt\nlabel-id: {UUID}\nstart=1MiB,size=4MiB,name=boot,uuid={UUID}\nname=rest,uuid={UUID[:-1]}2\n"
    run("sfdisk", "--quiet", path, text=table)
    with path.open("r+b") as file:
        file.seek(MIB)
        file.write(boot)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("built")
    return build(folder / "first"), build(folder / "second")


@pytest.fixture
def builds(built: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    first, second = (shutil.copytree(out, tmp_path / out.name, symlinks=True) for out in built)
    return first, second


def differing(first: Path, second: Path) -> list[str]:
    return [line for line in compare.report(first, second) if "equal" not in line]


def test_equal_builds_are_equal_in_every_part(builds: tuple[Path, Path]) -> None:
    lines = list(compare.report(*builds))
    assert len(lines) == len(compare.PARTS)
    assert all(": equal, sha256 " in line for line in lines), lines


def change_content(out: Path) -> None:
    with (out / "tree/large").open("r+b") as file:
        file.seek(2 * MIB + 5)
        file.write(b"x")


def change_mode(out: Path) -> None:
    (out / "tree/etc/hostname").chmod(0o600)


def change_link(out: Path) -> None:
    (out / "tree/bin").unlink()
    (out / "tree/bin").symlink_to("usr/bin")


def add_file(out: Path) -> None:
    (out / "tree/etc/machine-id").write_text("0123\n")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (change_content, f"large: {3 * MIB} and {3 * MIB} bytes, first difference at byte {2 * MIB + 5}"),
        (change_mode, "etc/hostname: mode -rw-r--r-- and -rw-------"),
        (change_link, "bin: leads to etc and usr/bin"),
        (add_file, "etc/machine-id: only in the second"),
    ],
)
def test_what_differs_in_the_root_is_named(
    builds: tuple[Path, Path], change: Callable[[Path], None], told: str
) -> None:
    first, second = builds
    change(second)
    finish(second)
    lines = differing(first, second)
    assert lines[0].startswith("root file system: DIFFERS")
    assert f"  {told}" in lines


def test_another_boot_file_shows_in_file_system_and_partition(builds: tuple[Path, Path]) -> None:
    first, second = builds
    finish(second, "root_hash=2")
    lines = differing(first, second)
    assert "  - root_hash=1" in lines
    assert "  + root_hash=2" in lines
    assert any(line.startswith("  slot.cfg: 11 and 11 bytes, first difference at byte 10") for line in lines)
    assert any(line.startswith("  boot: first difference at byte") for line in lines)


def test_a_byte_outside_of_files_is_called_the_file_systems_own(builds: tuple[Path, Path]) -> None:
    first, second = builds
    with (second / "parts/boot.ext4").open("r+b") as file:
        file.write(b"boot sector")
    assert "  every file is equal: what differs is the file system's own" in list(compare.report(first, second))


def test_a_byte_before_the_first_partition_is_named(builds: tuple[Path, Path]) -> None:
    first, second = builds
    with (second / "gatehouse-0-test.img").open("r+b") as file:
        file.write(b"x")
    assert "  outside of the partitions, at the front: first difference at byte 0 of it" in differing(first, second)


def test_packages_of_another_day_are_listed(builds: tuple[Path, Path]) -> None:
    first, second = builds
    (second / "packages.txt").write_text("bash 5.3 amd64\nzlib1g 1.2 amd64\n")
    lines = differing(first, second)
    assert lines[1:] == ["  - bash 5.2 amd64", "  + bash 5.3 amd64"]


def test_a_part_that_is_missing_differs(builds: tuple[Path, Path]) -> None:
    first, second = builds
    (second / "parts/boot.ext4").unlink()
    assert differing(first, second) == [f"boot file system: DIFFERS: missing in {second}"]
