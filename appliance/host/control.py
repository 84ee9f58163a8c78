"""The control service (`python -m appliance.host control`): the socket and what it does."""

import asyncio
import os
from pathlib import Path

from appliance.core.unit import UnitContext
from appliance.host.control_actions import Actions
from appliance.host.control_server import serving
from appliance.host.label import keep_label
from appliance.host.network_apply import NetworkFiles, put_in_force
from appliance.host.network_settings import NetworkSettings
from appliance.host.network_trial import NetworkTrial

SOCKET_VARIABLE = "GATEHOUSE_CONTROL"
DEFAULT_SOCKET = "/run/gatehouse/control.sock"


def socket_path() -> Path:
    """/run/gatehouse/control.sock, or what GATEHOUSE_CONTROL names."""
    return Path(os.environ.get(SOCKET_VARIABLE, DEFAULT_SOCKET))


async def main(context: UnitContext) -> None:
    """Serve until cancelled."""
    files = NetworkFiles(settings=context.paths.state / "host" / "network.json")

    def apply(settings: NetworkSettings) -> None:
        put_in_force(settings, files)

    trial = NetworkTrial(files.read, files.keep, apply, context.clock)
    async with serving(socket_path(), Actions(context.paths, trial).handle), asyncio.TaskGroup() as group:
        group.create_task(trial.watch(), name="network-trial")
        group.create_task(keep_label(context.paths, socket_path().parent), name="label")
        context.notifier.ready()
