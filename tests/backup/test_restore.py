"""Putting a backup back: what is refused, what is put in place, and a kill at every step."""

import asyncio
import hashlib
import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.backup.model import Kind
from appliance.backup.restore import Restoration
from appliance.backup.store import BackupStore
from appliance.core.clock import US_PER_S, ManualClock
from appliance.core.errors import ProblemError
from appliance.core.paths import Paths
from appliance.security.roles import Role
from tests.backup.state import MODELS, change, fill, note, observe, opened_access, rewritten
from tests.small_disk import run_on_small_disk

PASSWORD = "several words together"


@pytest.fixture(name="clock")
def clock_fixture() -> ManualClock:
    return ManualClock()


@pytest.fixture(name="paths")
def paths_fixture(tmp_path: Path, clock: ManualClock) -> Paths:
    paths = Paths(tmp_path / "here")
    asyncio.run(fill(paths, clock))
    return paths


def stage(paths: Paths, clock: ManualClock, content: bytes | Path, password: str | None = None) -> None:
    source = content.read_bytes() if isinstance(content, Path) else content
    Restoration(paths, clock, MODELS).stage(io.BufferedReader(io.BytesIO(source)), password)


def made(paths: Paths, clock: ManualClock, password: str | None = None) -> Path:
    store = BackupStore(paths, clock)
    return store.file_of(store.create(Kind.USER, password).id)


def later(paths: Paths, clock: ManualClock) -> None:
    """Things happen."""
    clock.advance(60 * US_PER_S)
    change(paths, clock, 7)
    asyncio.run(note(paths, clock, "change thing"))

    async def ben() -> None:
        access = await opened_access(paths, clock)
        await access.users.add("ben", "another few words", Role.VIEWER)
        await access.close()

    asyncio.run(ben())


@pytest.mark.parametrize("password", [None, PASSWORD])
def test_it_is_as_it_was_but_for_the_audit_log(paths: Paths, clock: ManualClock, password: str | None) -> None:
    before, backup = observe(paths, clock), made(paths, clock, password)
    later(paths, clock)
    stage(paths, clock, backup, password)
    assert observe(paths, clock)["users"] == ["ada", "ben"], "nothing changes before the next start"
    outcome = Restoration(paths, clock, MODELS).apply_staged()
    assert outcome is not None
    assert outcome.problem is None
    after = observe(paths, clock)
    assert {**after, "audit": None} == {**before, "audit": None}
    assert after["audit"] == ["change thing", "add thing"]
    assert Restoration(paths, clock, MODELS).apply_staged() is None
    assert [one.name for one in (paths.data / "restore").iterdir()] == ["outcome.json"]


def test_what_was_there_can_be_had_back(paths: Paths, clock: ManualClock) -> None:
    backup = made(paths, clock)
    later(paths, clock)
    before = observe(paths, clock)
    stage(paths, clock, backup)
    outcome = Restoration(paths, clock, MODELS).apply_staged()
    assert outcome is not None
    assert outcome.kept is not None
    stage(paths, clock, BackupStore(paths, clock).file_of(outcome.kept))
    Restoration(paths, clock, MODELS).apply_staged()
    assert observe(paths, clock) == before


def test_another_machine_becomes_this_one_with_its_audit_log(paths: Paths, clock: ManualClock, tmp_path: Path) -> None:
    other = Paths(tmp_path / "there")
    clock.advance(US_PER_S)
    asyncio.run(fill(other, clock))
    asyncio.run(note(other, clock, "of the other machine"))
    before = observe(paths, clock)
    stage(other, clock, made(paths, clock))
    Restoration(other, clock, MODELS).apply_staged()
    assert observe(other, clock) == before


def test_a_restored_file_has_the_mode_of_the_one_it_replaces(paths: Paths, clock: ManualClock) -> None:
    def modes() -> dict[str, int]:
        files = [*paths.config.rglob("*.json"), *paths.tls.iterdir(), paths.state / "api" / "security.db"]
        return {file.name: file.stat().st_mode & 0o777 for file in files}

    (paths.state / "api" / "security.db").chmod(0o600)
    before, backup = modes(), made(paths, clock)
    stage(paths, clock, backup)
    Restoration(paths, clock, MODELS).apply_staged()
    assert modes() == before


def change_part(name: str, content: bytes) -> Callable[[Any, Any], None]:
    def changed(manifest: Any, members: Any) -> None:
        members[name] = content

    return changed


def restated(name: str, content: bytes) -> Callable[[Any, Any], None]:
    """As somebody does who wants it to be taken."""

    def changed(manifest: Any, members: Any) -> None:
        members[name] = content
        parts = [part for part in manifest["parts"] if part["name"] != name]
        added = {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        manifest["parts"] = [*parts, added]

    return changed


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (lambda manifest, members: members.pop("config/things.json"), "damaged-backup"),
        (change_part("config/things.json", b"{}"), "damaged-backup"),
        (change_part("config/more.json", b"{}"), "damaged-backup"),
        (restated("../escaped", b"x"), "damaged-backup"),
        (restated("/etc/gatehouse-escaped", b"x"), "damaged-backup"),
        (restated("config/../../escaped.json", b"x"), "damaged-backup"),
        (restated("state/api/setup-code", b"x"), "damaged-backup"),
        (restated("config/things.json", b"[]"), "configuration-unreadable"),
        (
            restated("config/things.json", b'{"meta":{"1":{"revision":1}},"records":{"1":{"id":"a","x":1}}}'),
            "damaged-backup",
        ),
        (restated("state/api/security.db", b"SQLite format 3\0" + bytes(5000)), "damaged-backup"),
        (restated("tls/ca.key", b"nothing"), "damaged-backup"),
        (lambda manifest, members: manifest.update(format=2), "backup-too-new"),
        (lambda manifest, members: manifest.update(surprise=2), "damaged-backup"),
        (lambda manifest, members: manifest.update(made="yesterday"), "damaged-backup"),
        (lambda manifest, members: manifest.pop("parts"), "damaged-backup"),
    ],
)
def test_what_is_not_as_it_should_be_is_refused_and_nothing_changes(
    paths: Paths, clock: ManualClock, tmp_path: Path, changed: Callable[[Any, Any], None], code: str
) -> None:
    content, before = rewritten(made(paths, clock), changed), observe(paths, clock)
    with pytest.raises(ProblemError) as problem:
        stage(paths, clock, content)
    assert problem.value.code == code
    assert Restoration(paths, clock, MODELS).waiting() is None
    assert Restoration(paths, clock, MODELS).apply_staged() is None
    assert observe(paths, clock) == before
    assert not list(tmp_path.rglob("*escaped*"))


@pytest.mark.parametrize(
    "content", [b"", b"\x1f\x8b", b"x" * 5000, b"PK\x03\x04", b"\x1f\x8b\x08\0\0\0\0\0\0\3" + bytes(99)]
)
def test_what_is_no_backup_is_said_to_be_none(paths: Paths, clock: ManualClock, content: bytes) -> None:
    with pytest.raises(ProblemError) as problem:
        stage(paths, clock, content)
    assert problem.value.code in ("not-a-backup", "damaged-backup")


def test_a_backup_that_is_cut_off_anywhere_is_refused(paths: Paths, clock: ManualClock) -> None:
    whole = made(paths, clock).read_bytes()
    for kept in range(0, len(whole) - 8, max(1, len(whole) // 40)):  # the last 8 are gzip's own sum
        with pytest.raises(ProblemError):
            stage(paths, clock, whole[:kept])


def test_a_newer_versions_database_is_refused(paths: Paths, clock: ManualClock, tmp_path: Path) -> None:
    backup = made(paths, clock)
    newer: dict[str, bytes] = {}

    def taken(manifest: Any, members: Any) -> None:
        (tmp_path / "x.db").write_bytes(members["state/api/audit.db"])

    rewritten(backup, taken)
    with sqlite3.connect(tmp_path / "x.db") as db:
        db.execute("PRAGMA user_version = 99")
    newer["content"] = (tmp_path / "x.db").read_bytes()
    with pytest.raises(ProblemError, match="backup-too-new"):
        stage(paths, clock, rewritten(backup, restated("state/api/audit.db", newer["content"])))


def test_a_backup_of_an_appliance_without_administrator_is_refused(clock: ManualClock, tmp_path: Path) -> None:
    async def nobody(paths: Paths) -> None:
        await (await opened_access(paths, clock)).close()
        await note(paths, clock, "x")

    paths = Paths(tmp_path)
    asyncio.run(nobody(paths))
    with pytest.raises(ProblemError, match="backup-without-administrator"):
        stage(paths, clock, made(paths, clock))


def test_a_sealed_one_needs_its_password(paths: Paths, clock: ManualClock) -> None:
    backup = made(paths, clock, PASSWORD)
    with pytest.raises(ProblemError, match="backup-needs-password"):
        stage(paths, clock, backup)
    with pytest.raises(ProblemError, match="wrong-backup-password"):
        stage(paths, clock, backup, "not this one at all")


def test_what_waits_can_be_taken_back(paths: Paths, clock: ManualClock) -> None:
    stage(paths, clock, made(paths, clock))
    later(paths, clock)
    before = observe(paths, clock)
    Restoration(paths, clock, MODELS).cancel()
    assert Restoration(paths, clock, MODELS).apply_staged() is None
    assert observe(paths, clock) == before


def test_a_kill_at_any_step_tears_nothing(tmp_path: Path) -> None:
    told = json.loads(run_on_small_disk("tests.backup.killing", tmp_path, 256, timeout_s=110))
    assert told["torn"] == []
    assert told["kills"] > 60


def test_where_there_is_no_room_everything_stays_as_it_was(tmp_path: Path) -> None:
    told = json.loads(run_on_small_disk("tests.backup.no_room", tmp_path, 96))
    assert told == {"create": "disk-full", "stage": "disk-full", "apply": "given up", "as before": True, "left": []}
