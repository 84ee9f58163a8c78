"""A damaged or missing index costs neither the recordings nor the start: files tell what they are."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from appliance.recordings.fsck import check
from appliance.recordings.model import RecordingKind
from appliance.recordings.rebuild import salvage
from tests.recordings.conftest import Recorded
from tests.recordings.material import SECOND, START_US, fragment

CONTINUOUS = RecordingKind.CONTINUOUS


async def record(recorded: Recorded, seconds: range, camera_id: str = "cam") -> None:
    stream = recorded.writer.stream(camera_id)
    before = len(recorded.published)
    for number in seconds:
        stream.write(fragment(number, audio=True), CONTINUOUS)
    await recorded.until(lambda: len(recorded.published) == before + len(seconds))
    stream.close()


async def restart(recorded: Recorded) -> None:
    recorded.writer = recorded.new_writer()
    await asyncio.to_thread(recorded.writer.start)


async def salvaged(recorded: Recorded) -> None:
    """Wait until the background has looked for files."""
    async with asyncio.timeout(10):
        while (recorded.volume.index / "ingest-0.salvage").exists():
            await asyncio.sleep(0.01)


def remove(index: Path) -> None:
    for path in index.parent.glob(f"{index.name}*"):
        path.unlink()


def fill_with_noise(index: Path) -> None:
    remove(index)
    index.write_bytes(b"noise " * 1000)


def overwrite_pages(index: Path) -> None:
    """The header stays good; the schema and what follows it do not."""
    with apsw.Connection(str(index)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with index.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 8000)


@pytest.mark.parametrize("harm", [remove, fill_with_noise, overwrite_pages])
async def test_recording_goes_on_and_what_was_recorded_is_found_again(
    recorded: Recorded, harm: Callable[[Path], None]
) -> None:
    await record(recorded, range(70))
    before = list(recorded.reader.fragments("cam", 0))
    await recorded.stop()
    harm(recorded.volume.index / "ingest-0.db")
    await restart(recorded)
    await record(recorded, range(100, 105))
    await salvaged(recorded)
    found = list(recorded.reader.fragments("cam", 0))
    assert found[: len(before)] == before
    assert len(found) == len(before) + 5
    assert check(recorded.volume, deep=True) == []
    spans = recorded.reader.spans("cam", 0, START_US * 2)
    assert [(s.start_us, s.end_us) for s in spans] == [
        (START_US, START_US + 70 * SECOND),
        (START_US + 100 * SECOND, START_US + 105 * SECOND),
    ]
    gaps = recorded.reader.gaps("cam", START_US, START_US + 105 * SECOND)
    assert [(g.start_us, g.end_us) for g in gaps] == [(spans[0].end_us, spans[1].start_us)]


async def test_an_index_that_breaks_while_it_is_used_is_set_aside_at_the_next_start(recorded: Recorded) -> None:
    await record(recorded, range(3))
    await recorded.stop()
    (recorded.volume.index / "ingest-0.damaged").touch()
    await restart(recorded)
    await salvaged(recorded)
    assert len(list(recorded.reader.fragments("cam", 0))) == 3
    assert len(list(recorded.volume.index.glob("ingest-0.db.damaged-*[0-9]"))) == 1
    assert not (recorded.volume.index / "ingest-0.damaged").exists()


async def test_a_damaged_index_of_one_writer_hides_nothing_of_another(recorded: Recorded) -> None:
    await record(recorded, range(3))
    (recorded.volume.index / "ingest-1.db").write_bytes(b"noise " * 1000)
    assert len(list(recorded.reader.fragments("cam", 0))) == 3
    assert recorded.reader.latest_us("cam") == START_US + 3 * SECOND


async def test_an_index_that_another_writer_is_just_making_stops_no_salvage(recorded: Recorded) -> None:
    await record(recorded, range(3))
    await recorded.stop()
    remove(recorded.volume.index / "ingest-0.db")
    (recorded.volume.index / "ingest-1.db").touch()
    assert recorded.reader.spans("cam", 0, START_US * 2) == []
    assert salvage(recorded.volume, "ingest-0", START_US, threading.Event()) == 1
    await restart(recorded)


async def test_files_of_others_are_left_to_them(recorded: Recorded) -> None:
    await record(recorded, range(3))
    assert salvage(recorded.volume, "ingest-1", START_US, threading.Event()) == 0
    assert salvage(recorded.volume, "ingest-0", START_US, threading.Event()) == 0
    assert [path.name for path in recorded.volume.index.glob("*.db")] == ["ingest-0.db"]


async def test_a_salvage_that_was_stopped_leaves_nothing_and_can_begin_again(recorded: Recorded) -> None:
    await record(recorded, range(3))
    await recorded.stop()
    remove(recorded.volume.index / "ingest-0.db")
    stop = threading.Event()
    stop.set()
    assert salvage(recorded.volume, "ingest-0", START_US, stop) == 0
    assert list(recorded.volume.index.glob("*.db")) == []
    assert salvage(recorded.volume, "ingest-0", START_US, threading.Event()) == 1
    await restart(recorded)
    assert len(list(recorded.reader.fragments("cam", 0))) == 3
