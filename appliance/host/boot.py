"""The start of the machine, in one process: starting Python thrice would take as long as the rest of it."""

import sys
import traceback
from collections.abc import Callable

from appliance.host import data, identity


def boot() -> int:
    """Data, identity, network. Each is tried whatever became of those before. Returns the exit status."""
    return max([_tried(step) for step in (_data, identity.main, _network)])


def _data() -> None:
    data.main()


def _network() -> None:
    from appliance.host.network_apply import at_start  # after the data partition is there: its settings are on it

    at_start()


def _tried(step: Callable[[], None]) -> int:
    try:
        step()
        return 0
    except Exception:
        traceback.print_exc(file=sys.stderr)
        return 1
