"""What is wrong with the data partition, as everybody may read it: /run/gatehouse/data-problem.json."""

import os
from pathlib import Path

from appliance.core.errors import ProblemError

RUN_VARIABLE = "GATEHOUSE_RUN"
RUN = "/run/gatehouse"
NAME = "data-problem.json"


def run_folder() -> Path:
    """/run/gatehouse, or what GATEHOUSE_RUN names."""
    return Path(os.environ.get(RUN_VARIABLE, RUN))


def write_problem(problem: ProblemError, folder: Path | None = None) -> None:
    """Say it. Raises OSError."""
    import json  # not needed at a start without a problem

    folder = folder or run_folder()
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    partial = folder / f"{NAME}.new"
    partial.write_text(json.dumps({"code": problem.code, "title": problem.title, "remedy": problem.remedy}))
    partial.chmod(0o644)
    partial.rename(folder / NAME)


def read_problem(folder: Path | None = None) -> ProblemError | None:
    """What was said; None where all is well, or this is no appliance."""
    import json

    try:
        said = json.loads(((folder or run_folder()) / NAME).read_bytes())
        return ProblemError(str(said["code"]), str(said["title"]), remedy=str(said["remedy"]), status=503)
    except (OSError, ValueError, KeyError, TypeError):
        return None
