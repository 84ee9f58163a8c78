"""The start of the machine, in one process: starting Python thrice would take as long as the rest of it."""

import sys
from collections.abc import Callable
from pathlib import Path

from appliance.host import data, identity

SETTINGS = Path("/var/lib/gatehouse/state/host/network.json")


def boot() -> int:
    """Data, identity, network. Each is tried whatever became of those before. Returns the exit status."""
    return max([_tried(step) for step in (_data, identity.main, _network)])


def _data() -> None:
    data.main()


def _network() -> None:
    """Its settings are on the data partition. Most machines have none, and need nothing imported that reads them."""
    if SETTINGS.exists():
        from appliance.host.network_apply import at_start

        at_start()
    else:
        own = identity.own_identity()
        identity.set_hostname(own.name if own else identity.FALLBACK_NAME)


def _tried(step: Callable[[], None]) -> int:
    try:
        step()
        return 0
    except Exception:
        import traceback

        traceback.print_exc(file=sys.stderr)
        return 1
