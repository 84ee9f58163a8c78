"""CPU seconds and private memory of a set of processes, children included, as the kernel accounts them."""

from collections.abc import Sequence
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds so far and private (unshared) memory in MiB, summed over the processes."""

    cpu_s: float
    private_mib: float


def usage(pids: Sequence[int]) -> Usage:
    """Read both; a process that ended counts nothing, so ended processes must be excluded by the caller's check."""
    cpu_s = private = 0.0
    for pid in pids:
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            times = one.cpu_times()
            cpu_s += times.user + times.system
            private += one.memory_full_info().uss
    return Usage(cpu_s, private / 2**20)
