"""Restore a backup again and again, each time killed one step later, and started again: what is torn, as JSON.

A step is a file or folder that is made, opened for writing, renamed or removed, as Python's audit hooks tell. Usage:
killing.py FOLDER
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance.backup.model import Kind
from appliance.backup.restore import Restoration
from appliance.backup.store import BackupStore
from appliance.core.clock import US_PER_S, ManualClock
from appliance.core.paths import Paths
from tests.backup.state import MODELS, change, fill, observe

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
STEPS = frozenset({"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "shutil.rmtree"})


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Whether the kill came before the end."""
    child = os.fork()
    if child == 0:
        left = step

        def count(event: str, arguments: Any) -> None:
            nonlocal left
            if event in STEPS or (event == "open" and int(arguments[2] or 0) & WRITING):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        raise RuntimeError(f"step {step} failed")
    return os.WIFSIGNALED(status)


def main(folder: Path) -> dict[str, Any]:
    import asyncio

    clock, template = ManualClock(), Paths(folder / "template")
    asyncio.run(fill(template, clock))
    backup_store = BackupStore(template, clock)
    wanted = observe(template, clock)
    backup = backup_store.file_of(backup_store.create(Kind.USER).id)
    clock.advance(60 * US_PER_S)
    change(template, clock, 7)
    with backup.open("rb") as source:
        Restoration(template, clock, MODELS).stage(source, None)
    torn, step = [], 0
    while True:
        step += 1
        paths = Paths(folder / "work")
        shutil.copytree(template.data, paths.data)
        if not killed_at(step, lambda paths=paths: Restoration(paths, clock, MODELS).apply_staged()):  # type: ignore[misc]
            break
        Restoration(paths, clock, MODELS).apply_staged()
        if observe(paths, clock) != wanted:
            torn.append(step)
        shutil.rmtree(paths.data)
    return {"kills": step - 1, "torn": torn}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
