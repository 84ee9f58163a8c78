"""Opens the rig that hwtests/rig.toml and the environment name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hwtests.rig.bench import BenchMachine
from hwtests.rig.description import BenchRig, Description, newest, read
from hwtests.rig.rig import Rig
from hwtests.rig.virtual import VirtualMachine, absent_programs


def missing(name: str | None = None) -> str | None:
    """Why the rig cannot be had here; None where it can."""
    described = read(name)
    if newest(described.image) is None:
        return f"no image is built ({described.image}): make image"
    if isinstance(described, BenchRig):
        return None
    absent = absent_programs()
    return f"not installed: {', '.join(absent)}" if absent else None


@contextmanager
def opened(folder: Path, name: str | None = None) -> Iterator[Rig]:
    """The rig, off; let go of at the end. folder: for disks and logs."""
    rig = _made(read(name), folder)
    try:
        yield rig
    finally:
        rig.close()


def _made(described: Description, folder: Path) -> Rig:
    if isinstance(described, BenchRig):
        return BenchMachine(described, folder)
    image = newest(described.image)
    assert image is not None, missing()
    return VirtualMachine(described, image, folder)
