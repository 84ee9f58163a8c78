"""The outbox on a bad disk: an event may be late, never in the way of recording."""

import asyncio
from pathlib import Path

from appliance.core.clock import ManualClock
from appliance.core.events import Event, new_event
from appliance.db.outbox import Outbox


def event(number: int, padding: int = 0) -> Event:
    return new_event(ManualClock(), "ingest-0", "camera/lost", {"number": number, "padding": "x" * padding})


class Hearer:
    """Stands where the bus does; takes everything."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.told = asyncio.Event()

    async def wait_connected(self) -> None:
        pass

    async def publish_owed(self, one: Event, to: object = ()) -> None:
        self.heard.append(one.data["number"])
        self.told.set()


async def heard_from(outbox: Outbox, wanted: int) -> list[int]:
    hearer = Hearer()
    pump = asyncio.create_task(outbox.pump(hearer))  # type: ignore[arg-type]
    async with asyncio.timeout(20):
        while len(hearer.heard) < wanted:
            hearer.told.clear()
            await hearer.told.wait()
    pump.cancel()
    await asyncio.gather(pump, return_exceptions=True)
    return hearer.heard


async def test_a_damaged_file_is_set_aside_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    path.write_bytes(b"this is no database" * 1000)
    outbox = Outbox(path)
    await outbox.open()
    await outbox.put(event(1))
    assert await heard_from(outbox, 1) == [1]
    await outbox.close()
    assert path.with_name("outbox.db.damaged").read_bytes().startswith(b"this is no database")


async def test_a_file_torn_in_the_middle_is_set_aside_too(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    outbox = Outbox(path)
    await outbox.open()
    for number in range(50):
        await outbox.put(event(number, 2000))
    await outbox.close()
    content = bytearray(path.read_bytes())
    content[8192:20000] = bytes(20000 - 8192)
    path.write_bytes(content)
    again = Outbox(path)
    await again.open()
    await again.put(event(99))
    assert (await heard_from(again, 1))[-1] == 99
    await again.close()


async def test_an_unreadable_event_does_not_hold_up_those_behind_it(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    await outbox.open()
    outbox._connection().execute("INSERT INTO owed (event) VALUES (?)", (b"{nonsense",))
    await outbox.put(event(2))
    assert await heard_from(outbox, 1) == [2]
    await outbox.close()


async def test_a_full_disk_delays_an_event(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    await outbox.open()
    database = outbox._connection()
    (pages,) = next(iter(database.execute("PRAGMA page_count")))
    database.execute(f"PRAGMA max_page_count = {pages}")
    putting = asyncio.create_task(outbox.put(event(1, 100_000)))
    done, _ = await asyncio.wait({putting}, timeout=0.3)
    assert not done
    database.execute("PRAGMA max_page_count = 100000")
    await asyncio.wait_for(putting, 20)
    assert await heard_from(outbox, 1) == [1]
    await outbox.close()


async def test_a_disk_without_room_for_the_file_ends_nothing(tmp_path: Path) -> None:
    """The unit starts and records all the same; what is owed is stored when there is room."""
    folder = tmp_path / "state"
    folder.write_bytes(b"")  # where the folder should be: nothing can be made below it
    outbox = Outbox(folder / "outbox.db")
    await outbox.open()
    putting = asyncio.create_task(outbox.put(event(1)))
    done, _ = await asyncio.wait({putting}, timeout=0.1)
    assert not done
    folder.unlink()
    await asyncio.wait_for(putting, 20)
    assert await heard_from(outbox, 1) == [1]
    await outbox.close()
