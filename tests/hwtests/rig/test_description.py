from pathlib import Path

import pytest

from hwtests.rig.description import FILE, BenchRig, Bus, Firmware, RigFileError, VirtualRig, read
from hwtests.rig.qemu import Files, Sockets, command_line

BENCH = """
[rig.bench]
kind = "bench"
address = "192.0.2.10"
cameras_at = "192.0.2.1"
console = { name = "console", device = "/dev/ttyUSB0" }
power = { on = ["strip", "on"], off = ["strip", "off"] }
bays = [{ name = "BAY1", pull = ["relay", "off"], insert = ["relay", "on"] }]
gpio = [{ name = "rex1", chip = "/dev/gpiochip0", line = 4, active_low = true }]
"""


def test_the_rigs_of_the_tree_are_two_virtual_ones() -> None:
    usual, uefi = read("virtual", FILE), read("uefi", FILE)
    assert isinstance(usual, VirtualRig)
    assert isinstance(uefi, VirtualRig)
    assert (usual.firmware, uefi.firmware) == (Firmware.BIOS, Firmware.UEFI)


def test_the_bench_rig_that_the_file_shows_in_comments_is_one(tmp_path: Path) -> None:
    shown = FILE.read_text().partition("# [rig.bench]")[2]
    file = tmp_path / "rig.toml"
    file.write_text("[rig.bench]" + "\n".join(line.removeprefix("#") for line in shown.splitlines()))
    described = read("bench", file)
    assert isinstance(described, BenchRig)
    assert described.flash
    assert described.serial[0].baud == 9600


def test_the_environment_names_rig_and_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(BENCH)
    monkeypatch.setenv("GATEHOUSE_RIG_FILE", str(file))
    monkeypatch.setenv("GATEHOUSE_RIG", "bench")
    described = read()
    assert isinstance(described, BenchRig)
    assert described.gpio[0].active_low


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BENCH.replace("address", "adress"), "adress"),
        (BENCH.replace('"bench"\na', '"cloud"\na'), "kind"),
        (BENCH.replace("line = 4", "line = -4"), "line"),
        (BENCH.replace('on = ["strip", "on"]', "on = []"), "power"),
        ("[rig.other]\nkind = 'virtual'\nimage = 'x'", "there are: other"),
        ("[rig", "rig.toml"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "rig.toml"
    file.write_text(text)
    with pytest.raises(RigFileError, match=said):
        read("bench", file)


def options(rig: VirtualRig) -> list[str]:
    files = Files(Path("disk"), {name: Path(name) for name in rig.bays}, Path("variables"))
    return command_line(rig, files, Sockets(Path("/tmp/rig")), 4443)


def test_a_machine_is_emulated_unless_its_description_says_otherwise() -> None:
    command = options(VirtualRig(image="x"))
    assert command[command.index("-accel") + 1].startswith("tcg,thread=multi")
    assert not [word for word in command if "pflash" in word]


def test_every_described_part_is_fitted() -> None:
    described = read("virtual", FILE)
    assert isinstance(described, VirtualRig)
    command = " ".join(options(described))
    for bay in described.bays:
        assert f"serial={bay}" in command
    for line in described.serial:
        fitted = "usb-serial" if line.bus is Bus.USB else "pci-serial"
        assert f"chardev={line.name}" in command
        assert fitted in command
    assert "hostfwd=tcp:127.0.0.1:4443-:443" in command
