"""A shard follows the configuration, with and without the bus, readable or not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from appliance.cameras.model import Camera, Source
from appliance.cameras.state import CameraState, CameraStatus
from appliance.core.bus import Bus
from appliance.core.clock import SystemClock
from appliance.core.config import ConfigStore, Table
from appliance.core.paths import Paths
from appliance.core.unit import Notifier, UnitContext
from appliance.ingest.fleet import Fleet
from appliance.ingest.live import Viewer
from appliance.recordings.model import GapCause
from appliance.recordings.reader import RecordingReader
from appliance.recordings.writer import RecordingWriter
from appliance.volumes.volume import Volume


def camera(camera_id: str, *, port: int = 9, **settings: bool | str) -> Camera:
    """Nobody listens at its address: what matters here is that it is tried."""
    fields = {"id": camera_id, "name": camera_id, **settings}
    return Camera(source=Source(url=f"rtsp://127.0.0.1:{port}/x"), **fields)  # type: ignore[arg-type]


class Shard:
    """A fleet on a bus that is not there."""

    def __init__(self, folder: Path) -> None:
        paths = Paths(folder)
        bus = Bus("ingest-0", paths.bus_socket, paths.bus_credential("ingest-0"), SystemClock())
        context = UnitContext("ingest-0", 0, paths, SystemClock(), bus, Notifier(None))
        self.volume = Volume.open_or_create(paths.volumes / "main", SystemClock())
        self.writer = RecordingWriter(self.volume, "ingest-0", SystemClock())
        self.fleet = Fleet(context, lambda camera_id: not camera_id.startswith("other"))
        self.store = ConfigStore(paths.config)
        self.table: Table[Camera] = self.store.table("cameras", Camera)
        self.file = paths.config / "cameras.json"

    def put(self, one: Camera) -> None:
        self.table.put(one, actor="test")

    @property
    def running(self) -> set[str]:
        return set(self.fleet._runners)


@asynccontextmanager
async def shard(folder: Path, *cameras: Camera) -> AsyncIterator[Shard]:
    one = Shard(folder)
    for each in cameras:
        one.put(each)
    await asyncio.to_thread(one.writer.start)
    async with asyncio.TaskGroup() as group:
        work = group.create_task(one.fleet.follow_configuration(group, one.writer))
        await asyncio.wait_for(one.fleet.configured.wait(), 20)
        yield one
        one.fleet.stop_all()
        for task in (work, *(t for t in asyncio.all_tasks() if t.get_name() == "config-nudge")):
            task.cancel()
    await asyncio.to_thread(one.writer.stop)
    one.store.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)


async def test_only_the_cameras_of_the_shard_that_are_switched_on_run(tmp_path: Path) -> None:
    async with shard(tmp_path, camera("a"), camera("b", enabled=False), camera("other")) as one:
        assert one.running == {"a"}
        assert one.fleet._said["b"].status is CameraStatus.DISABLED


async def test_cameras_come_change_and_go_while_the_bus_is_away(tmp_path: Path) -> None:
    async with shard(tmp_path, camera("a")) as one:
        before = one.fleet.runner("a")
        one.put(camera("b"))
        await until(lambda: one.running == {"a", "b"})
        assert one.fleet.runner("a") is before
        one.put(camera("a", name="A better name"))
        await until(lambda: one.fleet.runner("a").camera.name == "A better name")
        assert one.fleet.runner("a") is before
        one.put(camera("a", port=10))
        await until(lambda: one.fleet.runner("a") is not before)
        one.table.delete("b", actor="test")
        await until(lambda: one.running == {"a"})
        one.put(camera("a", port=10, enabled=False))
        await until(lambda: not one.running)


async def test_a_camera_added_and_removed_at_once_is_not_left_running(tmp_path: Path) -> None:
    async with shard(tmp_path) as one:
        one.put(camera("a"))
        await until(lambda: one.running == {"a"})
        one.table.delete("a", actor="test")
        await until(lambda: not one.running)


async def test_an_unreadable_configuration_changes_nothing_until_it_can_be_read(tmp_path: Path) -> None:
    async with shard(tmp_path, camera("a")) as one:
        whole = one.file.read_bytes()
        for torn in (whole[: len(whole) // 2], b"", b"[]", b'{"records":{"1":{"id":"a"}}}', b"\xff\xfe"):
            one.file.write_bytes(torn)
            await asyncio.sleep(0)
            assert one.running == {"a"}
        one.file.unlink()
        one.file.mkdir()  # cannot be read at all
        await asyncio.sleep(1.2)  # longer than the time between two looks
        assert one.running == {"a"}
        one.file.rmdir()
        one.put(camera("b"))
        await until(lambda: one.running == {"a", "b"})


class Outlet:
    def __init__(self) -> None:
        self.closed = False

    def write(self, data: bytes) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def close(self) -> None:
        self.closed = True


async def test_who_watches_a_camera_that_is_switched_off_is_let_go(tmp_path: Path) -> None:
    async with shard(tmp_path, camera("a")) as one:
        outlet = Outlet()
        one.fleet.runner("a").live.join(Viewer(outlet))
        one.put(camera("a", enabled=False))
        await until(lambda: outlet.closed)
        assert one.fleet.live_channel("a") is None


async def test_the_time_a_camera_is_switched_off_is_explained_while_it_lasts(tmp_path: Path) -> None:
    clock = SystemClock()
    async with shard(tmp_path, camera("a")) as one:
        one.writer.record_gap("a", clock.now_us() - 5_000_000, clock.now_us(), GapCause.CAMERA)
        one.writer._covered_to_us["a"] = off_us = clock.now_us()
        one.put(camera("a", enabled=False))
        await until(lambda: not one.running)
        ticking = asyncio.create_task(one.fleet.tick(one.writer))
        reader = RecordingReader([one.volume])

        def explained() -> bool:
            one.writer.flush()
            gaps = reader.gaps("a", off_us, clock.now_us())
            return any(gap.cause is GapCause.DISABLED for gap in gaps)

        await until(explained)
        ticking.cancel()
        reader.close()


async def test_when_a_recording_begins_and_ends_is_a_fact(tmp_path: Path) -> None:
    async with shard(tmp_path) as one:

        def say(*recording: str) -> None:
            one.fleet._say("a", CameraState(status=CameraStatus.STREAMING, since="x", recording=recording))

        for recording in (("continuous",), ("continuous", "manual"), ("continuous", "manual"), ("manual",), ()):
            say(*recording)
        facts = [one.fleet._facts.get_nowait() for _ in range(one.fleet._facts.qsize())]
    assert [(fact.type, fact.data["kind"]) for fact in facts] == [
        ("recording/started", "continuous"),
        ("recording/started", "manual"),
        ("recording/stopped", "continuous"),
        ("recording/stopped", "manual"),
    ]
