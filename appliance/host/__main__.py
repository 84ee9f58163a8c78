"""`python -m appliance.host COMMAND`: what root does at the start of the machine, and on demand.

boot     the data partition, then the identity, then the network (gatehouse-data.service)
data     the data partition alone
control  serve the control socket (gatehouse-control.service)
stick look|install   update bundles on USB sticks (gatehouse-stick@.service)
reset SCOPE   users, everything, certificate or slot (gatehouse-reset@.service)
"""

import sys
from collections.abc import Sequence

from appliance.core.errors import ProblemError


def main(arguments: Sequence[str]) -> int:
    """Carry out one command; the exit status is 1 after a failure that standard error tells."""
    try:
        return _carried_out(arguments)
    except ProblemError as problem:
        print(f"{problem.title}. {problem.remedy}", file=sys.stderr)
    return 1


def _carried_out(arguments: Sequence[str]) -> int:
    match tuple(arguments):
        case ("boot",):
            from appliance.host.boot import boot

            return boot()
        case ("data",):
            from appliance.host import data

            return data.main()
        case ("control",):
            import asyncio

            from appliance.core.unit import make_context, run_unit
            from appliance.host import control

            asyncio.run(run_unit(make_context("control", 0), control.main))
            return 0
        case ("reset", scope):
            from appliance.host.reset import reset

            return reset(scope)
        case ("stick", "look" | "install" as what):
            from appliance.host import sticks

            return sticks.look() if what == "look" else sticks.install()
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
