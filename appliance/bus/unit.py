"""Unit bus: prepares the identities, runs Mosquitto, and is ready when a client can connect."""

import asyncio
import os

from appliance.bus.broker import run_broker, write_configuration
from appliance.bus.identities import unit_names
from appliance.core.unit import UnitContext

DEFAULT_SHARDS = 2


async def main(context: UnitContext) -> None:
    """Run until cancelled; ends with an error when the broker does, so that the service manager starts it anew."""
    socket = context.paths.bus_socket
    units = unit_names(int(os.environ.get("GATEHOUSE_INGEST_SHARDS", DEFAULT_SHARDS)))
    configuration = await asyncio.to_thread(write_configuration, socket.parent, socket, units)
    async with asyncio.TaskGroup() as group:
        group.create_task(run_broker(configuration, socket), name="broker")
        group.create_task(context.bus.run(), name="bus")
        await context.bus.wait_connected()
        context.notifier.ready()
