"""A database gives back what was deleted from it, and says when it is damaged."""

import logging
from pathlib import Path

import pytest

from appliance.db.thread import DatabaseThread

MIGRATIONS = ("CREATE TABLE thing (id INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT",)


async def opened(path: Path) -> DatabaseThread:
    database = DatabaseThread(path, MIGRATIONS)
    await database.open()
    return database


async def test_what_was_deleted_is_given_back_to_the_disk(tmp_path: Path) -> None:
    database = await opened(tmp_path / "x.db")
    for times in range(2):  # the first rebuilds the file, the second finds it rebuilt
        await database.call(lambda db: db.executemany("INSERT INTO thing (content) VALUES (?)", [(bytes(4000),)] * 200))
        await database.maintain()
        full = (tmp_path / "x.db").stat().st_size
        await database.call(lambda db: db.execute("DELETE FROM thing"))
        assert await database.maintain()
        assert (tmp_path / "x.db").stat().st_size * 4 < full, times
    await database.close()


async def test_nothing_is_lost_by_it(tmp_path: Path) -> None:
    database = await opened(tmp_path / "x.db")
    await database.call(lambda db: db.execute("INSERT INTO thing (content) VALUES (x'01')"))
    assert await database.maintain()
    assert await database.call(lambda db: list(db.execute("SELECT content FROM thing"))) == [(b"\x01",)]
    await database.close()


async def test_a_damaged_one_is_told_of_and_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    database = await opened(tmp_path / "x.db")
    await database.call(lambda db: db.executemany("INSERT INTO thing (content) VALUES (?)", [(bytes(4000),)] * 20))
    await database.maintain()
    await database.close()
    damaged = bytearray((tmp_path / "x.db").read_bytes())
    damaged[8192:16384] = b"\xff" * 8192
    (tmp_path / "x.db").write_bytes(damaged)
    database = await opened(tmp_path / "x.db")
    with caplog.at_level(logging.WARNING):
        assert not await database.maintain()
    assert "x.db" in caplog.text
    assert (tmp_path / "x.db").read_bytes()[8192:16384] == b"\xff" * 8192
    await database.close()
