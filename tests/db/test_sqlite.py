import os
import signal
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from appliance.core.errors import ProblemError
from appliance.db.sqlite import OLDEST_SQLITE, open_reader, open_writer

FIRST = "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT"
HOLD = """
import pathlib, sys
from appliance.db.sqlite import open_writer
db = open_writer(pathlib.Path(sys.argv[1]), [])
print("held", flush=True)
sys.stdin.read()
"""
READ = """
import pathlib, sys
from appliance.db.sqlite import open_reader
print(list(open_reader(pathlib.Path(sys.argv[1])).execute("SELECT name FROM thing")))
"""
MERE_OWNER = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")  # root, as bound by modes as anybody
SECOND = "ALTER TABLE thing ADD COLUMN size INTEGER NOT NULL DEFAULT 0"


def test_the_library_brings_an_sqlite_without_the_wal_reset_bug() -> None:
    assert tuple(int(part) for part in apsw.sqlite_lib_version().split(".")) >= OLDEST_SQLITE


def test_migrations_are_applied_once_and_in_order(tmp_path: Path) -> None:
    with open_writer(tmp_path / "x.db", [FIRST]) as db:
        db.execute("INSERT INTO thing (name) VALUES ('a')")
    db.close()
    db = open_writer(tmp_path / "x.db", [FIRST, SECOND])
    assert list(db.execute("SELECT name, size FROM thing")) == [("a", 0)]
    db.close()


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    open_writer(tmp_path / "x.db", [FIRST]).close()
    with pytest.raises(apsw.SQLError):
        open_writer(tmp_path / "x.db", [FIRST, f"{SECOND}; CREATE TABLE oops (id) NONSENSE"])
    db = open_writer(tmp_path / "x.db", [FIRST, SECOND])
    assert list(db.execute("SELECT name, size FROM thing")) == []
    db.close()


def test_a_file_of_a_newer_version_is_not_touched(tmp_path: Path) -> None:
    open_writer(tmp_path / "x.db", [FIRST, SECOND]).close()
    with pytest.raises(ProblemError, match="database-too-new"):
        open_writer(tmp_path / "x.db", [FIRST])


def test_a_second_writer_is_refused_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout is not None
    assert other.stdout.readline() == b"held\n"
    with pytest.raises(ProblemError, match="database-in-use"):
        open_writer(path, [])
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    open_writer(path, []).close()


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    open_writer(tmp_path / "x.db", [FIRST]).close()
    with pytest.raises(apsw.ReadOnlyError):
        open_reader(tmp_path / "x.db").execute("INSERT INTO thing (name) VALUES ('a')")


def read_only(file: Path) -> str:
    """What a process reads that may write neither the file nor its folder."""
    for each in file.parent.iterdir():
        each.chmod(0o444)
    file.parent.chmod(0o555)
    as_others = MERE_OWNER if os.geteuid() == 0 else ()
    try:
        return subprocess.check_output([*as_others, sys.executable, "-c", READ, str(file)], text=True)
    finally:
        file.parent.chmod(0o755)


@pytest.mark.parametrize("closed", [False, True])
def test_a_shared_file_is_read_by_who_may_not_write_it(tmp_path: Path, closed: bool) -> None:
    file = tmp_path / "x.db"
    db = open_writer(file, [FIRST], shared=True)
    db.execute("INSERT INTO thing (name) VALUES ('a')")
    if closed:
        db.close()
    assert read_only(file) == "[('a',)]\n"
    db.close()


def test_a_shared_file_is_read_after_its_writer_was_killed(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    db = open_writer(file, [FIRST], shared=True)
    db.execute("INSERT INTO thing (name) VALUES ('a')")
    kept = {each: each.read_bytes() for each in tmp_path.iterdir()}
    db.close()
    for each, content in kept.items():
        each.write_bytes(content)
    assert read_only(file) == "[('a',)]\n"


def test_a_shared_file_closed_in_good_order_has_nothing_in_its_wal(tmp_path: Path) -> None:
    with open_writer(tmp_path / "x.db", [FIRST], shared=True) as db:
        db.execute("INSERT INTO thing (name) VALUES ('a')")
    db.close()
    assert (tmp_path / "x.db-wal").stat().st_size == 0
