"""Making and keeping backups."""

import asyncio
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from appliance.backup.model import KEPT, Kind
from appliance.backup.store import BackupStore
from appliance.core.clock import US_PER_S, ManualClock
from appliance.core.config import ConfigStore
from appliance.core.errors import ProblemError
from appliance.core.paths import Paths
from tests.backup.state import CAMERA_PASSWORD, Thing, fill, opened_access

PASSWORD = "several words together"
MAKE_FOR_EVER = """
import pathlib, sys
from appliance.backup.model import Kind
from appliance.backup.store import BackupStore
from appliance.core.clock import SystemClock
from appliance.core.paths import Paths
store = BackupStore(Paths(pathlib.Path(sys.argv[1])), SystemClock())
while True:
    print(store.create(Kind.USER).id, flush=True)
"""


@pytest.fixture(name="clock")
def clock_fixture() -> ManualClock:
    return ManualClock()


@pytest.fixture(name="paths")
def paths_fixture(tmp_path: Path, clock: ManualClock) -> Paths:
    paths = Paths(tmp_path)
    asyncio.run(fill(paths, clock))
    return paths


def test_a_backup_holds_what_its_manifest_says_and_anybody_can_check_it(paths: Paths, clock: ManualClock) -> None:
    store = BackupStore(paths, clock)
    made = store.create(Kind.USER)
    with tarfile.open(store.file_of(made.id)) as tar:
        contents = {member.name: tar.extractfile(member).read() for member in tar.getmembers()}  # type: ignore[union-attr]
    manifest = json.loads(contents.pop("manifest.json"))
    assert {part["name"]: part["sha256"] for part in manifest["parts"]} == {
        name: hashlib.sha256(content).hexdigest() for name, content in contents.items()
    }
    assert {"config/things.json", "state/api/security.db", "state/api/audit.db", "tls/ca.key"} <= contents.keys()
    assert "config/revisions/things/00000002.json" in contents
    assert manifest["kind"] == "user"
    assert manifest["damaged"] == []


def test_nobody_is_signed_in_by_a_backup(paths: Paths, clock: ManualClock, tmp_path: Path) -> None:
    store = BackupStore(paths, clock)
    with tarfile.open(store.file_of(store.create(Kind.USER).id)) as tar:
        content = tar.extractfile("state/api/security.db").read()  # type: ignore[union-attr]
    (tmp_path / "copy.db").write_bytes(content)
    with sqlite3.connect(tmp_path / "copy.db") as db:
        assert db.execute("SELECT count(*) FROM session").fetchone() == (0,)
        assert db.execute("SELECT username FROM user").fetchall() == [("ada",)]
    with sqlite3.connect(paths.state / "api" / "security.db") as db:
        (token_hash,) = db.execute("SELECT token_hash FROM session").fetchone()
    assert token_hash not in content


def test_it_is_its_owners_alone(paths: Paths, clock: ManualClock) -> None:
    store = BackupStore(paths, clock)
    file = store.file_of(store.create(Kind.USER).id)
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


def test_with_a_password_nothing_in_it_can_be_read(paths: Paths, clock: ManualClock) -> None:
    store = BackupStore(paths, clock)
    made = store.create(Kind.USER, PASSWORD)
    content = store.file_of(made.id).read_bytes()
    assert made.sealed
    assert CAMERA_PASSWORD.encode() not in content
    assert b"ada" not in content
    assert store.all() == [made]


def test_a_password_that_is_soon_found_is_refused(paths: Paths, clock: ManualClock) -> None:
    with pytest.raises(ProblemError, match="weak-password"):
        BackupStore(paths, clock).create(Kind.USER, "short")


def test_of_each_kind_the_newest_are_kept(paths: Paths, clock: ManualClock) -> None:
    store = BackupStore(paths, clock)
    by_hand = store.create(Kind.USER)
    made = []
    for _ in range(KEPT + 2):
        clock.advance(86_400 * US_PER_S)
        made.append(store.create(Kind.NIGHTLY).id)
    assert [one.id for one in store.all()] == [*reversed(made[2:]), by_hand.id]


def test_the_last_whole_one_stays_however_many_damaged_ones_follow(paths: Paths, clock: ManualClock) -> None:
    store = BackupStore(paths, clock)
    whole = store.create(Kind.NIGHTLY)
    with open(paths.state / "api" / "audit.db", "r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096)
    (paths.state / "api" / "audit.db-wal").unlink(missing_ok=True)
    for _ in range(KEPT + 1):
        clock.advance(86_400 * US_PER_S)
        damaged = store.create(Kind.NIGHTLY)
    assert damaged.summary is not None
    assert "audit.db" in damaged.summary.damaged[0]
    assert whole.id in [one.id for one in store.all()]


def test_two_in_the_same_second_are_two(paths: Paths, clock: ManualClock) -> None:
    store = BackupStore(paths, clock)
    assert store.create(Kind.USER).id != store.create(Kind.USER).id


def test_a_file_that_is_no_backup_is_listed_without_a_summary(paths: Paths, clock: ManualClock) -> None:
    store = BackupStore(paths, clock)
    made = store.create(Kind.USER)
    store.file_of(made.id).write_bytes(b"\x1f\x8bnothing")
    (paths.data / "backups" / "notes.txt").write_text("x")
    assert [(one.id, one.summary) for one in store.all()] == [(made.id, None)]


@pytest.mark.parametrize("backup_id", ["", "..", "../config/things", "20231114T221320Z-user", "a" * 300, "x/y"])
def test_what_is_not_there_is_not_found(paths: Paths, clock: ManualClock, backup_id: str) -> None:
    with pytest.raises(ProblemError, match="no-such-backup"):
        BackupStore(paths, clock).file_of(backup_id)


def test_it_is_made_while_the_files_are_being_written(paths: Paths, clock: ManualClock) -> None:
    async def run() -> None:
        store, access = BackupStore(paths, clock), await opened_access(paths, clock)
        with ConfigStore(paths.config, clock) as config:
            things, busy = config.table("things", Thing), True

            async def write() -> None:
                number = 0
                while busy:
                    number += 1
                    await asyncio.to_thread(things.put, Thing(id="a", size=number), actor="ada")
                    await access.sessions.start("ada")

            writing = asyncio.create_task(write())
            for _ in range(5):
                made = await asyncio.to_thread(store.create, Kind.USER)
                assert made.summary is not None
                assert made.summary.damaged == ()
            busy = False
            await writing
        await access.close()

    asyncio.run(run())


def test_a_kill_while_it_is_made_leaves_only_whole_ones(paths: Paths, clock: ManualClock) -> None:
    for number in range(4):
        process = subprocess.Popen([sys.executable, "-c", MAKE_FOR_EVER, str(paths.data)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        for _ in range(number + 1):
            process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)
        assert all(one.summary is not None for one in BackupStore(paths, clock).all())
    store = BackupStore(paths, clock)
    store.create(Kind.NIGHTLY)
    assert not [file for file in (paths.data / "backups").iterdir() if ".work" in file.name or file.suffix == ".new"]
