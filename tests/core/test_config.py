import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.core.clock import ManualClock
from appliance.core.config import MASK, REVISIONS_KEPT, ConfigReader, ConfigStore
from appliance.core.errors import ProblemError


class Thing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    size: int = 0
    password: str = ""


def test_what_is_put_is_there_after_a_restart(tmp_path: Path) -> None:
    with ConfigStore(tmp_path) as store:
        store.table("things", Thing).put(Thing("a", 1), actor="test")
    with ConfigStore(tmp_path) as store:
        table = store.table("things", Thing)
        assert table.all() == (Thing("a", 1),)
        assert table.revision == 1


def test_a_reader_sees_each_change_and_its_revision(tmp_path: Path) -> None:
    reader = ConfigReader(tmp_path)
    assert reader.load("things", Thing) == (0, ())
    with ConfigStore(tmp_path) as store:
        table = store.table("things", Thing)
        before = reader.signature(["things"])
        table.put(Thing("a"), actor="test")
        assert reader.signature(["things"]) != before
        table.delete("a", actor="test")
    assert reader.load("things", Thing) == (2, ())


def test_two_writers_are_refused(tmp_path: Path) -> None:
    with ConfigStore(tmp_path):
        with pytest.raises(ProblemError, match="configuration-in-use"):
            ConfigStore(tmp_path)
    ConfigStore(tmp_path).close()


def test_a_change_on_an_old_revision_is_refused(tmp_path: Path) -> None:
    with ConfigStore(tmp_path) as store:
        table = store.table("things", Thing)
        table.put(Thing("a"), actor="one")
        with pytest.raises(ProblemError, match="changed-meanwhile"):
            table.put(Thing("a", 2), actor="two", expected=0)
        assert table.put(Thing("a", 2), actor="two", expected=1) == 2


def test_a_revision_says_who_changed_which_field_and_hides_secrets(tmp_path: Path) -> None:
    clock = ManualClock()
    with ConfigStore(tmp_path, clock) as store:
        table = store.table("things", Thing)
        table.put(Thing("a", 1, "hunter2"), actor="one")
        table.put(Thing("a", 2, "hunter3"), actor="two")
        newest = table.revisions()[0]
        changes = {change.field: (change.before, change.after) for change in table.diff(2)}
    assert (newest.actor, newest.time_us) == ("two", clock.utc_us)
    assert changes == {"size": (1, 2), "password": (MASK, MASK)}


def test_a_change_that_the_disk_did_not_take_is_no_revision(tmp_path: Path) -> None:
    with ConfigStore(tmp_path) as store:
        table = store.table("things", Thing)
        table.put(Thing("a", 1), actor="one")
        (tmp_path / "things.json.new").mkdir()  # the revision can be noted, the table not be written
        with pytest.raises(OSError):
            table.put(Thing("a", 2), actor="two")
        assert table.get("a") == Thing("a", 1)
        assert [change.actor for change in table.revisions()] == ["one"]
        with pytest.raises(ProblemError, match="no-such-revision"):
            table.diff(2)
        (tmp_path / "things.json.new").rmdir()
        assert table.put(Thing("a", 3), actor="three") == 2
        assert [change.actor for change in table.revisions()] == ["three", "one"]


def test_no_more_revisions_are_kept_than_promised(tmp_path: Path) -> None:
    with ConfigStore(tmp_path) as store:
        table = store.table("things", Thing)
        for number in range(REVISIONS_KEPT + 5):
            table.put(Thing("a", number), actor="test")
        assert len(table.revisions()) == REVISIONS_KEPT


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.one_of(st.none(), st.integers(0, 9))), min_size=1, max_size=12),
    st.data(),
)
def test_restoring_a_revision_gives_the_table_as_it_was_then(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int | None]], data: st.DataObject
) -> None:
    with ConfigStore(tmp_path_factory.mktemp("config")) as store:
        table = store.table("things", Thing)
        history = {0: table.all()}
        for key, size in steps:
            if size is None:
                table.delete(key, actor="test")
            else:
                table.put(Thing(key, size), actor="test")
            history[table.revision] = table.all()
        target = data.draw(st.sampled_from(sorted(history)))
        table.restore(target, actor="test")
        assert table.all() == history[target]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"meta":{"1":{}}}', b'{"records":{"1":{"size":1}}}', b'{"records":{"1":{"id":"a","surprise":1}}}'],
)
def test_an_unreadable_table_is_a_problem_with_a_remedy(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "things.json").write_bytes(content)
    with pytest.raises(ProblemError, match="configuration-unreadable") as caught:
        ConfigReader(tmp_path).load("things", Thing)
    assert caught.value.remedy


WRITE_FOR_EVER = """
import sys
from pathlib import Path
import msgspec
from appliance.core.config import ConfigStore
class Thing(msgspec.Struct, frozen=True):
    id: str
    size: int
    padding: str = "x" * 20_000
with ConfigStore(Path(sys.argv[1])) as store:
    table = store.table("things", Thing)
    number = table.revision
    while True:
        number += 1
        table.put(Thing("a", number), actor="test")
        print(number, flush=True)
"""


class Padded(msgspec.Struct, frozen=True):
    id: str
    size: int
    padding: str = ""


def test_killed_at_any_instant_no_table_is_torn_and_no_acknowledged_write_is_lost(tmp_path: Path) -> None:
    rng = random.Random(3)
    for _ in range(40):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITE_FOR_EVER, str(tmp_path)], stdout=subprocess.PIPE, text=True, bufsize=1
        )
        assert writer.stdout is not None
        acknowledged = int(writer.stdout.readline())
        wanted = acknowledged + rng.randrange(12)
        while acknowledged < wanted:
            acknowledged = int(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        rest = writer.stdout.read().split()
        writer.wait()
        acknowledged = int(rest[-1]) if rest else acknowledged
        revision, things = ConfigReader(tmp_path).load("things", Padded)
        assert revision >= acknowledged
        assert things[0].size == revision


async def test_a_watcher_is_told_of_a_change_by_a_nudge_or_by_itself(tmp_path: Path) -> None:
    import asyncio

    nudge = asyncio.Event()
    with ConfigStore(tmp_path) as store:
        table = store.table("things", Thing)
        watch = ConfigReader(tmp_path).watch(["things"], nudge)
        async with asyncio.timeout(10):
            await anext(watch)
            table.put(Thing("a"), actor="test")
            nudge.set()
            await anext(watch)
            table.put(Thing("b"), actor="test")
            await anext(watch)
