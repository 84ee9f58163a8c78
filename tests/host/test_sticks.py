"""Which devices are looked at for updates, and which files. Mounting is for the rig."""

from pathlib import Path

from appliance.host.sticks import bundles_in, candidates


def device(folder: Path, path: str, *, partition: bool = False) -> None:
    there = folder / "devices" / path
    there.mkdir(parents=True, exist_ok=True)
    if partition:
        (there / "partition").write_text("1\n")
    block = folder / "class" / "block"
    block.mkdir(parents=True, exist_ok=True)
    (block / there.name).symlink_to(there)


def test_only_file_systems_on_usb_are_looked_at_and_never_the_systems_own(tmp_path: Path) -> None:
    device(tmp_path, "pci0/nvme/nvme0n1")
    device(tmp_path, "pci0/nvme/nvme0n1/nvme0n1p8", partition=True)
    device(tmp_path, "pci0/usb1/1-1/sda")
    device(tmp_path, "pci0/usb1/1-1/sda/sda1", partition=True)
    device(tmp_path, "pci0/usb1/1-2/sdb")  # a stick without a partition table
    device(tmp_path, "virtual/dm-0")
    assert candidates(tmp_path, "nvme0n1") == ["sda1", "sdb"]
    assert candidates(tmp_path, "sda") == ["sdb"]  # the system runs from a stick


def test_only_bundles_are_offered_and_no_links(tmp_path: Path) -> None:
    for name in ("b.raucb", "a.raucb", "notes.txt", "raucb"):
        (tmp_path / name).write_text("x")
    (tmp_path / "folder.raucb").mkdir()
    (tmp_path / "link.raucb").symlink_to("/etc/shadow")
    assert [path.name for path in bundles_in(tmp_path)] == ["a.raucb", "b.raucb"]
