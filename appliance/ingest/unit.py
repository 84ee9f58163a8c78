"""Unit ingest@N: wires cameras, recording, live socket and bus of one shard."""

import asyncio
from contextlib import suppress
from pathlib import Path

from appliance.cameras.model import shard_of
from appliance.core.clock import Clock
from appliance.core.durable import write_durably
from appliance.core.settings import ingest_shards
from appliance.core.unit import UnitContext
from appliance.db.outbox import Outbox
from appliance.ingest.fleet import Fleet
from appliance.ingest.live_server import LiveServer
from appliance.ingest.requests import answer_requests
from appliance.recordings.writer import RecordingWriter
from appliance.volumes.volume import Volume

MAIN_VOLUME = "main"


def open_volume(root: Path, memory: Path, clock: Clock) -> Volume:
    """Open the volume, making it the first time; raises ProblemError when it is not the one it was.

    memory: where its id is remembered, so that a missing mount is never taken for an empty new volume.
    """
    memory.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        return Volume.open(root, memory.read_text())
    root.parent.mkdir(parents=True, exist_ok=True)
    volume = Volume.open_or_create(root, clock)
    write_durably(memory, volume.identity.id.encode())
    return volume


async def main(context: UnitContext) -> None:
    """Run until cancelled. The bus may be away all the time: cameras are recorded all the same."""
    own_state = context.paths.state / context.name
    volume = await asyncio.to_thread(
        open_volume, context.paths.volumes / MAIN_VOLUME, own_state / "volume-id", context.clock
    )
    shards = ingest_shards()
    fleet = Fleet(context, lambda camera_id: shard_of(camera_id, shards) == context.instance)
    writer = RecordingWriter(
        volume, context.name, context.clock, on_published=fleet.published, on_failure=fleet.not_recorded
    )
    outbox = Outbox(own_state / "outbox.db")
    await outbox.open()
    await asyncio.to_thread(writer.start)
    try:
        await _serve(context, fleet, writer, outbox)
    finally:
        fleet.stop_all()
        await asyncio.to_thread(writer.stop)
        await outbox.close()


async def _serve(context: UnitContext, fleet: Fleet, writer: RecordingWriter, outbox: Outbox) -> None:
    answer_requests(context, fleet)
    live = LiveServer(context.paths.live_socket(context.instance), fleet.live_channel)
    async with asyncio.TaskGroup() as group:
        group.create_task(context.bus.run(), name="bus")
        group.create_task(outbox.pump(context.bus), name="outbox")
        group.create_task(live.run(), name="live")
        group.create_task(fleet.store_facts(outbox), name="facts")
        group.create_task(fleet.tick(writer), name="tick")
        group.create_task(fleet.follow_configuration(group, writer), name="configuration")
        await fleet.configured.wait()
        context.notifier.ready()
