"""A disk as the image's recipe lays it out, in small: partitions by name, and a check that writes nothing to it."""

import subprocess
from pathlib import Path

import pytest

from hwtests.rig.disk import DiskFiles, SystemDisk, copy_sparse, data_partition, findings, partitions
from hwtests.rig.power_cut import KeepAll, LoseUnflushed
from hwtests.rig.write_log import LogWriter

MIB = 1 << 20
LAYOUT = """label: gpt
start=2048, size=2048, name=gatehouse-boot-a
start=4096, size=16384, name=gatehouse-data
"""


@pytest.fixture(name="disk")
def disk_fixture(tmp_path: Path) -> Path:
    disk = tmp_path / "disk.img"
    with disk.open("wb") as file:
        file.truncate(12 * MIB)
    subprocess.run(["sfdisk", "--quiet", disk], input=LAYOUT, text=True, check=True)
    return disk


def make_file_system(disk: Path) -> None:
    at = f"offset={2 * MIB}"
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-E", at, disk, "8M"], check=True, capture_output=True)


def test_partitions_are_found_by_name(disk: Path) -> None:
    found = partitions(disk)
    assert list(found) == ["gatehouse-boot-a", "gatehouse-data"]
    assert (found["gatehouse-data"].offset, found["gatehouse-data"].size) == (2 * MIB, 8 * MIB)


def test_a_disk_without_a_table_has_none(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(bytes(MIB))
    assert partitions(tmp_path / "empty") == {}


def test_a_data_partition_that_is_not_made_yet_has_nothing_to_be_found(disk: Path) -> None:
    assert data_partition(disk) is None
    assert findings(disk) == []


def test_a_sound_data_partition_has_no_findings(disk: Path) -> None:
    make_file_system(disk)
    assert findings(disk) == []


def test_damage_is_found_and_nothing_is_mended(disk: Path) -> None:
    make_file_system(disk)
    with disk.open("r+b") as file:
        file.seek(data_partition(disk) or 0)
        file.seek(4096 * 3, 1)
        file.write(b"\xff" * 4096)
    before = disk.read_bytes()
    assert findings(disk) != []
    assert disk.read_bytes() == before


def test_a_copy_takes_no_room_for_zeros(disk: Path, tmp_path: Path) -> None:
    copy_sparse(disk, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == disk.read_bytes()
    assert (tmp_path / "copy").stat().st_blocks * 512 < MIB


def test_a_session_is_checked_as_it_was_at_any_point_of_its_log(disk: Path, tmp_path: Path) -> None:
    files = DiskFiles.below(tmp_path / "rig")
    (tmp_path / "rig").mkdir()
    make_file_system(disk)
    copy_sparse(disk, files.before)
    with files.log.open("w+b") as log:
        writer = LogWriter(log)
        for content in (b"\0", b"\xff"):  # the second takes the table of groups away
            writer.add(2 * MIB + 4096, content * 4096)
            writer.add(2 * MIB + 1024 + 4096 * 2, content * 4096)
    system = SystemDisk(files)
    assert system.findings_at(0, KeepAll()) == []
    assert system.findings_at(4, KeepAll()) != []
    assert system.findings_at(4, LoseUnflushed(0, seed=1)) == []
