"""The virtual rig itself, with a plain Debian in it: its ports, bays and watchdog are seen, and a power cut is one."""

import os
import select
import tty
from collections.abc import Iterator

import pytest

from hwtests.rig.debian import PROMPT, REACHED, debian_disk
from hwtests.rig.description import VirtualRig, read
from hwtests.rig.power_cut import LoseUnflushed
from hwtests.rig.recorder import BOOT_TIMEOUT_S
from hwtests.rig.virtual import VirtualMachine, absent_programs

pytestmark = [
    pytest.mark.rig,
    pytest.mark.timeout(2400),
    pytest.mark.skipif(os.geteuid() != 0 or absent_programs() != [], reason="needs root, to make the Debian, and QEMU"),
]
WAIT_S = 90


class Debian:
    """Somebody at the serial console of a machine."""

    def __init__(self, machine: VirtualMachine) -> None:
        self.machine = machine
        self._count = 0

    def boot(self) -> None:
        self.machine.power_on()
        self.machine.console.wait_for(REACHED, BOOT_TIMEOUT_S)
        self.machine.console.wait_for(PROMPT, BOOT_TIMEOUT_S)

    def run(self, script: str) -> str:
        """What a script prints; asserts that it succeeds."""
        self._count += 1
        begin, end = f"begin-{self._count}-", f"end-{self._count}-"
        # The marks are put together by the shell, so that the echo of what was typed has none.
        self.machine.console.type(f"echo {begin}''0; {script}; status=$?; echo; echo {end}''$status\n")
        done = self.machine.console.wait_for(rf"^{begin}0\n([^\0]*?)^{end}(\d+)$", WAIT_S)
        assert done[2] == "0", done[1]
        return done[1].strip()


@pytest.fixture(scope="module", name="debian")
def debian_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Debian]:
    described = read("virtual")
    assert isinstance(described, VirtualRig)
    machine = VirtualMachine(described, debian_disk(), tmp_path_factory.mktemp("debian"))
    try:
        machine.flash()
        debian = Debian(machine)
        debian.boot()
        yield debian
    finally:
        machine.close()


def test_a_disk_leaves_its_bay_and_comes_back(debian: Debian) -> None:
    by_id = "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_BAY2"
    debian.run(f"udevadm settle; test -b {by_id}; dd if=/dev/urandom of={by_id} bs=1M count=1 conv=fsync")
    sum_before = debian.run(f"head -c 1M {by_id} | sha256sum")
    debian.machine.pull("BAY2")
    debian.run(f"udevadm settle; test ! -e {by_id}")
    debian.machine.insert("BAY2")
    debian.run(f"udevadm settle -E {by_id}")
    assert debian.run(f"head -c 1M {by_id} | sha256sum") == sum_before


@pytest.mark.parametrize(("line", "device"), [("reader1", "/dev/ttyS1"), ("reader2", "/dev/ttyUSB0")])
def test_a_serial_line_carries_bytes_both_ways(debian: Debian, line: str, device: str) -> None:
    debian.run(f"udevadm settle; stty -F {device} 9600 raw -echo")
    here = os.open(debian.machine.serial_line(line), os.O_RDWR | os.O_NOCTTY)
    try:
        tty.setraw(here)
        debian.run(f"printf 'to-the-reader' > {device}")
        assert read_bytes(here, 13) == b"to-the-reader"
        debian.run(f"exec 3< {device}")  # a line that nobody has open hears nothing
        os.write(here, b"from-the-reader")
        assert debian.run("timeout 60 head -c 15 <&3; exec 3<&-") == "from-the-reader"
    finally:
        os.close(here)


def test_a_gpio_line_is_seen_where_the_kernel_has_its_lines(debian: Debian) -> None:
    debian.run("modprobe hid_cp2112; udevadm settle")
    chip = debian.run("cat $(dirname $(grep -li cp2112 /sys/class/gpio/gpiochip*/label))/base")
    debian.run(f"echo {int(chip) + 1} > /sys/class/gpio/export")
    for active in (True, False, True):
        debian.machine.set_gpio("contact1", active)
        assert debian.run(f"cat /sys/class/gpio/gpio{int(chip) + 1}/value") == str(int(active))


def test_a_power_cut_takes_what_was_not_flushed_and_leaves_what_was(debian: Debian) -> None:
    debian.run("echo flushed > /root/flushed; sync")
    debian.run("dd if=/dev/urandom of=/root/unflushed bs=1M count=8; true")
    debian.machine.power_cut(LoseUnflushed(0, seed=1))
    debian.boot()
    assert debian.run("cat /root/flushed") == "flushed"
    assert debian.run("stat -c %s /root/unflushed || true") != str(8 << 20)


def test_what_the_log_says_was_written_is_what_the_disk_has(debian: Debian) -> None:
    """A disk that keeps all must be, byte for byte, the one that QEMU wrote."""
    debian.run("dd if=/dev/urandom of=/root/written bs=1M count=32 conv=fsync")
    assert debian.machine.power_cut_compared()
    debian.boot()


def test_the_watchdog_resets_a_machine_that_has_stopped(debian: Debian) -> None:
    debian.run("modprobe i6300esb heartbeat=10; echo > /dev/watchdog")
    debian.machine.watchdog_fired(WAIT_S)
    debian.machine.power_cut()


def read_bytes(line: int, count: int) -> bytes:
    found = b""
    while len(found) < count and select.select([line], [], [], WAIT_S)[0]:
        found += os.read(line, count - len(found))
    return found
