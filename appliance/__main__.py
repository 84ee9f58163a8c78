"""`python -m appliance UNIT [--instance N]`: run one unit; `supervise` runs them all on a bench."""

import argparse
import asyncio
import sys
from importlib import import_module
from pathlib import Path

import uvloop

from appliance.core.errors import ProblemError
from appliance.core.unit import make_context, run_unit

UNITS = ("bus", "ingest", "api", "updates")
SHARDED = ("ingest",)
ON_UVLOOP = ("ingest",)  # docs/decisions/plain-loop-for-the-api.md


def main() -> int:
    """Run what the command line names; the exit status is 1 after a problem, which is printed with its remedy."""
    parser = argparse.ArgumentParser(prog="python -m appliance", description=__doc__)
    parser.add_argument("unit", choices=[*UNITS, "supervise"])
    parser.add_argument("--instance", type=int, default=0, help="which of several, for ingest")
    parser.add_argument("--also", action="append", default=[], metavar="NAME=COMMAND", help="supervise this too")
    arguments = parser.parse_args()
    try:
        if arguments.unit == "supervise":
            _supervise(arguments.also)
        else:
            _run(arguments.unit, arguments.instance)
    except ProblemError as problem:
        print(f"{problem.title}. {problem.remedy}", file=sys.stderr)
        return 1
    return 0


def _run(unit: str, instance: int) -> None:
    name = f"{unit}-{instance}" if unit in SHARDED else unit
    module = import_module(f"appliance.{unit}.unit")
    runner = uvloop.run if unit in ON_UVLOOP else asyncio.run
    runner(run_unit(make_context(name, instance), module.main))


def _supervise(also: list[str]) -> None:
    from appliance.supervisor.unit import supervise

    asyncio.run(supervise(Path(__file__).parent.parent / "systemd", also))


if __name__ == "__main__":
    sys.exit(main())
