"""Group image: how large it is, and how long it takes from power to recording, beside a plain Debian in the same rig.

The figures of power cuts come from the rig's own run (`make hwtest`), which writes them into the same results.
"""

import tempfile
from collections.abc import Sequence
from os import getloadavg
from pathlib import Path

from bench.results import Figure, at_most, median_of, stated
from hwtests.appliance import now_us
from hwtests.rig.debian import REACHED, debian_disk
from hwtests.rig.description import VirtualRig, newest, read
from hwtests.rig.recorder import BOOT_TIMEOUT_S, US_PER_S, Recorder
from hwtests.rig.virtual import VirtualMachine

ROUNDS = 3
COMPRESSED = "image/out/gatehouse-*.img.xz"
MB = 1_000_000
LARGEST_MB, LARGEST_RATIO = 700, 1.5


def run() -> list[Figure]:
    """Weigh the built image, and boot both in turn; raises LookupError where no image is built."""
    image = newest(COMPRESSED)
    if image is None:
        raise LookupError("no image is built: make image")
    weight = f"{image.name}: xz of the whole disk image, as it is downloaded"
    return [at_most("image.size_mb", image.stat().st_size / MB, "MB", LARGEST_MB, weight), *_boots()]


def _boots() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as name:
        folder = Path(name)
        with Recorder.recording(folder / "gatehouse") as recorder:
            recorder.power_off()
            plain = _plain_machine(folder / "debian")
            try:
                rounds = [(to_recording_s(recorder), to_multi_user_s(plain)) for _ in range(ROUNDS)]
            finally:
                plain.close()
    return figures(rounds)


def figures(rounds: Sequence[tuple[float, float]]) -> list[Figure]:
    """A round: seconds from power to recording, and to multi-user.target of the plain Debian."""
    ours, theirs = (median_of([one[n] for one in rounds]) for n in range(2))
    ratio = median_of([a / b for a, b in rounds])
    each = ", ".join(f"{a:.0f}/{b:.0f}" for a, b in rounds)
    method = (
        "emulated (QEMU without KVM): from power to the first recorded picture of one camera, over power to "
        f"multi-user.target of a plain Debian 12 with the same kernel, firmware and boot loader; median of {ROUNDS} "
        f"rounds in turn, in seconds: {each}; load average {getloadavg()[0]:.1f}"
    )
    return [
        at_most("image.boot_vs_debian", ratio, "×", LARGEST_RATIO, method),
        stated("image.boot_s", ours, "s", f"emulated: the median of ours; the plain Debian's is {theirs:.0f} s"),
    ]


def _plain_machine(folder: Path) -> VirtualMachine:
    described = read("virtual")
    assert isinstance(described, VirtualRig)
    machine = VirtualMachine(described, debian_disk(), folder)
    machine.flash()
    machine.power_on()  # once before it counts: the first start makes journal and seed
    machine.console.wait_for(REACHED, BOOT_TIMEOUT_S)
    machine.power_cut()
    return machine


def to_recording_s(recorder: Recorder) -> float:
    """From power to the time that the first picture recorded since then has burnt in."""
    on_us = recorder.rig.power_on()
    recorder.wait_recording()
    (camera,) = recorder.cameras
    first = recorder.pictures(camera, on_us, now_us())[0]
    recorder.power_off()
    return (first.time_us - on_us) / US_PER_S


def to_multi_user_s(machine: VirtualMachine) -> float:
    """From power to the moment in which systemd says so."""
    on_us = machine.power_on()
    machine.console.wait_for(REACHED, BOOT_TIMEOUT_S)
    return (machine.power_cut() - on_us) / US_PER_S
