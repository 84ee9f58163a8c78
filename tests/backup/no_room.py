"""Make, stage and apply backups on a small disk that is full; print what came of it as JSON. Usage: no_room FOLDER."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance.backup.model import Kind
from appliance.backup.restore import Restoration
from appliance.backup.store import BackupStore
from appliance.core.clock import US_PER_S, ManualClock
from appliance.core.errors import ProblemError
from appliance.core.paths import Paths
from tests.backup.state import MODELS, change, fill, observe
from tests.small_disk import fill as fill_disk


def code_of(work: Callable[[], object]) -> str:
    try:
        work()
        return "done"
    except ProblemError as problem:
        return problem.code


def main(disk: Path) -> dict[str, Any]:
    clock, paths = ManualClock(), Paths(disk / "state")
    asyncio.run(fill(paths, clock))
    store, restoration = BackupStore(paths, clock), Restoration(paths, clock, MODELS)
    content = store.file_of(store.create(Kind.USER).id)
    clock.advance(60 * US_PER_S)
    change(paths, clock, 7)
    with content.open("rb") as source:
        restoration.stage(source, None)
    before = observe(paths, clock)
    fill_disk(disk / "filler")
    found: dict[str, Any] = {"create": code_of(lambda: store.create(Kind.USER))}
    with content.open("rb") as source:
        found["stage"] = code_of(lambda: Restoration(paths, clock, MODELS).stage(source, None))
    outcome = restoration.apply_staged()
    found["apply"] = "given up" if outcome is not None and outcome.problem else "applied"
    (disk / "filler").unlink()
    found["as before"] = observe(paths, clock) == before
    found["left"] = [str(file) for file in paths.data.rglob("*.restoring")]
    return found


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
