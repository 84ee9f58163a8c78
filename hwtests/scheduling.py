"""SVT-AV1 makes the thread that opens it a real-time one where it may, as root, and its own threads with it.

On a machine of two cores that starves everything else, and children inherit it: who encodes AV1 takes it back.
"""

import os
from contextlib import suppress
from pathlib import Path


def take_ordinary_turns() -> None:
    """Give every thread of this process the ordinary scheduling (sched(7), SCHED_OTHER)."""
    for task in Path("/proc/self/task").iterdir():
        with suppress(ProcessLookupError):
            os.sched_setscheduler(int(task.name), os.SCHED_OTHER, os.sched_param(0))
