"""The data partition on images of disks, by the real sfdisk and mke2fs. Mounting is for the rig."""

import os
import subprocess
from pathlib import Path

import pytest

from appliance.core.errors import ProblemError
from appliance.host.data import check, ensure_partition
from appliance.host.disk import CommandError, Disk, FileSystem, Place, disk_below, file_system, partition_device, run
from appliance.host.partition_plan import DATA, UNFINISHED, Create, next_step
from tests.host.disks import MIB, written

DISK_MIB = 4096


@pytest.fixture(name="disk")
def disk_fixture(tmp_path: Path) -> Disk:
    return Disk(written(tmp_path / "disk", DISK_MIB))


def mark(disk: Disk, partition_name: str = DATA) -> Place:
    """Write what somebody would miss into the file system's boot block, which ext4 leaves alone."""
    part = disk.table().named(partition_name)
    assert part is not None
    place = disk.place(part)
    with place.path.open("r+b") as file:
        file.seek(place.offset)
        file.write(b"recordings")
    return place


def marked(place: Place) -> bool:
    with place.path.open("rb") as file:
        file.seek(place.offset)
        return file.read(10) == b"recordings"


def test_a_new_disk_gets_its_partition_and_keeps_the_others(disk: Disk) -> None:
    before = disk.table().partitions
    made = ensure_partition(disk)
    assert (made.number, made.name) == (8, DATA)
    assert file_system(disk.place(made)) is FileSystem.CLEAN
    assert disk.table().partitions == (*before, made)
    assert made.start + made.size > (DISK_MIB - 2) * MIB
    assert "No errors" in run("sfdisk", "--verify", str(disk.path), timeout_s=30)


def test_a_finished_partition_is_used_as_it_is(disk: Disk) -> None:
    made = ensure_partition(disk)
    place = mark(disk)
    assert ensure_partition(disk) == made
    assert marked(place)


def test_what_a_power_cut_left_before_formatting_is_finished(disk: Disk) -> None:
    step = next_step(disk.table(), disk.size_bytes())
    assert isinstance(step, Create)
    disk.create(step.partition)
    assert ensure_partition(disk).name == DATA


def test_what_a_power_cut_left_while_formatting_is_formatted_anew(disk: Disk) -> None:
    ensure_partition(disk)
    part = disk.table().named(DATA)
    assert part is not None
    disk.rename(part, UNFINISHED)
    place = mark(disk, UNFINISHED)
    with place.path.open("r+b") as file:
        file.seek(place.offset + 1024)
        file.write(os.urandom(1024))  # a torn superblock
    assert file_system(disk.place(ensure_partition(disk))) is FileSystem.CLEAN
    assert not marked(place)


def test_a_torn_first_table_is_read_from_the_one_at_the_end_and_repaired(disk: Disk) -> None:
    made = ensure_partition(disk)
    place = mark(disk)
    with disk.path.open("r+b") as file:
        file.seek(512)
        file.write(bytes(512))
    assert ensure_partition(disk) == made
    assert marked(place)


def beginning(disk: Disk) -> bytes:
    with disk.path.open("rb") as file:
        return file.read(MIB)


def test_a_disk_that_is_too_small_stays_as_it_is(tmp_path: Path) -> None:
    disk = Disk(written(tmp_path / "disk", 3000))
    before = beginning(disk)
    with pytest.raises(ProblemError, match="data-disk-too-small"):
        ensure_partition(disk)
    assert beginning(disk) == before


@pytest.mark.parametrize("layout", ["label: dos\nstart=2048, size=2048\n", "label: gpt\nstart=2048, size=2048\n"])
def test_a_disk_of_somebody_else_stays_as_it_is(tmp_path: Path, layout: str) -> None:
    disk = Disk(written(tmp_path / "disk", DISK_MIB, layout))
    before = run("sfdisk", "--dump", str(disk.path), timeout_s=30)
    with pytest.raises(ProblemError, match="data-no-disk"):
        ensure_partition(disk)
    assert run("sfdisk", "--dump", str(disk.path), timeout_s=30) == before


def test_an_empty_disk_is_no_system_disk(tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(bytes(MIB))
    with pytest.raises(ProblemError, match="data-no-disk"):
        ensure_partition(Disk(tmp_path / "disk"))


def alone(tmp_path: Path) -> Place:
    """A file system in a file of its own, as a partition's device would be."""
    path = tmp_path / "partition"
    subprocess.run(["mke2fs", "-q", "-t", "ext4", str(path), "16m"], check=True)
    return Place(path, 0, 16 * MIB)


def test_a_sound_file_system_passes_and_a_broken_one_is_repaired(tmp_path: Path) -> None:
    place = alone(tmp_path)
    check(place)
    subprocess.run(["debugfs", "-w", "-R", "clri <2>", str(place.path)], check=True, capture_output=True)
    with pytest.raises(CommandError):
        run("e2fsck", "-f", "-n", str(place.path), timeout_s=30)
    subprocess.run(["debugfs", "-w", "-R", "ssv state 2", str(place.path)], check=True, capture_output=True)
    check(place)
    run("e2fsck", "-f", "-n", str(place.path), timeout_s=30)


def test_only_what_was_left_in_good_order_needs_no_look(tmp_path: Path) -> None:
    place = alone(tmp_path)
    assert file_system(place) is FileSystem.CLEAN
    for request in ("ssv state 2", "ssv state 0", "feature needs_recovery"):
        subprocess.run(["debugfs", "-w", "-R", request, str(place.path)], check=True, capture_output=True)
        assert file_system(place) is FileSystem.TO_CHECK
        subprocess.run(["debugfs", "-w", "-R", "ssv state 1", str(place.path)], check=True, capture_output=True)
    (tmp_path / "short").write_bytes(bytes(1030))
    assert file_system(Place(tmp_path / "short", 0, 0)) is FileSystem.FOREIGN


def test_a_finished_partition_is_known_by_the_kernels_name_for_it(tmp_path: Path) -> None:
    disk = tmp_path / "class" / "block" / "nvme0n1"
    for number, name in ((7, "gatehouse-root-b"), (8, "gatehouse-data")):
        (disk / f"nvme0n1p{number}").mkdir(parents=True)
        text = f"MAJOR=259\nDEVNAME=nvme0n1p{number}\nDEVTYPE=partition\nPARTN={number}\nPARTNAME={name}\n"
        (disk / f"nvme0n1p{number}" / "uevent").write_text(text)
    assert partition_device("nvme0n1", "gatehouse-data", tmp_path) == "nvme0n1p8"
    assert partition_device("nvme0n1", "gatehouse-data-new", tmp_path) is None
    assert partition_device("sda", "gatehouse-data", tmp_path) is None


def test_what_is_no_file_system_of_ours_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "partition"
    path.write_bytes(b"somebody's" * 1000)
    with pytest.raises(ProblemError, match="data-unreadable"):
        check(Place(path, 0, 10_000))
    assert path.read_bytes() == b"somebody's" * 1000


def test_a_partition_that_is_gone_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="data-unreadable"):
        check(Place(tmp_path / "gone", 0, 0))


def sysfs(folder: Path) -> Path:
    """dm-0 lies on nvme0n1p6 of nvme0n1; sda has no partitions; dm-1 lies on two disks."""
    devices = folder / "devices"
    part = devices / "pci" / "nvme0n1" / "nvme0n1p6"
    part.mkdir(parents=True)
    (part / "partition").write_text("6\n")
    (devices / "pci" / "sda").mkdir()
    for name, below in (("dm-0", [part]), ("dm-1", [part, devices / "pci" / "sda"])):
        (devices / name / "slaves").mkdir(parents=True)
        for device in below:
            (devices / name / "slaves" / device.name).symlink_to(device)
    (folder / "dev" / "block").mkdir(parents=True)
    for number, device in enumerate((devices / "dm-0", part, devices / "pci" / "sda", devices / "dm-1")):
        (folder / "dev" / "block" / f"254:{number}").symlink_to(device)
    return folder


def test_the_disk_below_the_verified_root_is_found(tmp_path: Path) -> None:
    found = [disk_below(sysfs(tmp_path), 254, minor) for minor in (0,)]
    assert found == ["nvme0n1"]


def test_a_disk_below_a_partition_or_itself_is_found(tmp_path: Path) -> None:
    tree = sysfs(tmp_path)
    assert (disk_below(tree, 254, 1), disk_below(tree, 254, 2)) == ("nvme0n1", "sda")


@pytest.mark.parametrize("minor", [3, 99])
def test_a_root_on_no_disk_or_on_several_is_a_problem(tmp_path: Path, minor: int) -> None:
    with pytest.raises(ProblemError, match="data-no-disk"):
        disk_below(sysfs(tmp_path), 254, minor)
