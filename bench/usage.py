"""CPU seconds and private memory of a set of processes, children included, as the kernel accounts them."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

MEMORY_EVERY_S = 1.7  # not a multiple of a GOP: what a recorder holds swings with it


@dataclass(frozen=True, slots=True)
class Usage:
    """Of all processes together: CPU seconds in a window of wall_s, and the mean of their private memory."""

    cpu_s: float
    wall_s: float
    private_mib: float


def watch(pids: Sequence[int], window_s: float) -> Usage:
    """Account one window; raises psutil.NoSuchProcess where one of the processes ends meanwhile."""
    processes = [psutil.Process(pid) for pid in pids]
    before, since = cpu_s(processes), time.monotonic()
    private: list[float] = []
    while (left_s := since + window_s - time.monotonic()) > 0:
        time.sleep(min(left_s, MEMORY_EVERY_S))
        private.append(private_mib(processes))
    return Usage(cpu_s(processes) - before, time.monotonic() - since, statistics.mean(private or [0.0]))


def cpu_s(processes: Sequence[psutil.Process]) -> float:
    """User and system time so far."""
    times = [one.cpu_times() for process in processes for one in _family(process)]
    return sum(t.user + t.system for t in times)


def private_mib(processes: Sequence[psutil.Process]) -> float:
    """Private_Clean and Private_Dirty (proc(5), smaps_rollup): what would be given back if they ended."""
    return sum(float(one.memory_full_info().uss) for process in processes for one in _family(process)) / 2**20


def _family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]
