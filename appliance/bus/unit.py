"""Unit bus: prepares the identities, runs Mosquitto, and is ready when a client can connect."""

import asyncio

from appliance.bus.broker import run_broker, write_configuration
from appliance.bus.identities import unit_names
from appliance.core.bus import Bus
from appliance.core.errors import ProblemError
from appliance.core.settings import ingest_shards
from appliance.core.unit import UnitContext

SILENT_S = 20.0
LOOK_EVERY_S = 1.0


async def main(context: UnitContext) -> None:
    """Run until cancelled; ends with an error when the broker does, so that the service manager starts it anew."""
    socket = context.paths.bus_socket
    units = unit_names(ingest_shards())
    configuration = await asyncio.to_thread(write_configuration, context.paths, units)
    async with asyncio.TaskGroup() as group:
        group.create_task(run_broker(configuration, socket), name="broker")
        group.create_task(context.bus.run(), name="bus")
        await context.bus.wait_connected()
        context.notifier.ready()
        group.create_task(end_when_silent(context.bus), name="guard")


async def end_when_silent(bus: Bus, silent_s: float = SILENT_S) -> None:
    """Raise ProblemError when the broker runs and answers nobody: the service manager then starts it anew."""
    while True:
        try:
            async with asyncio.timeout(silent_s):
                await bus.wait_connected()
        except TimeoutError:
            raise ProblemError(
                "broker-silent",
                "Mosquitto runs but does not answer",
                remedy="It is started again by itself.",
                status=500,
            ) from None
        await asyncio.sleep(LOOK_EVERY_S)
