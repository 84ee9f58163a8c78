"""Where bundles lie: names, leftovers and room."""

import os
from pathlib import Path

import pytest

from appliance.core.clock import US_PER_S, SystemClock
from appliance.core.errors import ProblemError
from appliance.updates.files import LEFT_AFTER_S, MOST_BUNDLE_BYTES, UpdateFiles


@pytest.fixture(name="files")
def files_fixture(tmp_path: Path) -> UpdateFiles:
    files = UpdateFiles(tmp_path / "updates")
    files.prepare()
    return files


def test_a_whole_file_is_taken_once(files: UpdateFiles) -> None:
    _, whole = files.new_incoming(SystemClock().now_us())
    whole.write_bytes(b"bundle")
    assert files.take(whole.name).read_bytes() == b"bundle"
    with pytest.raises(ProblemError, match="update-interrupted"):
        files.take(whole.name)


@pytest.mark.parametrize(
    "name", ["", "..", "../memory.json", "a/b", "X" * 26, f"{'0' * 26}.part", f"{'0' * 25}/.raucb"]
)
def test_nothing_else_is_taken_or_removed(files: UpdateFiles, name: str) -> None:
    (files.folder / "memory.json").write_bytes(b"{}")
    (files.incoming / f"{'0' * 26}.part").write_bytes(b"")
    with pytest.raises(ProblemError, match="update-interrupted"):
        files.take(name)
    files.discard(name)
    assert (files.folder / "memory.json").exists()
    assert (files.incoming / f"{'0' * 26}.part").exists()


def test_what_a_killed_process_left_goes_and_what_another_writes_stays(files: UpdateFiles) -> None:
    clock = SystemClock()
    old, _ = files.new_incoming(clock.now_us())
    new, _ = files.new_incoming(clock.now_us())
    for file in (old, new):
        file.write_bytes(b"part")
    left_s = clock.now_us() // US_PER_S - LEFT_AFTER_S - 10
    os.utime(old, (left_s, left_s))
    files.clear_incoming(clock.now_us())
    assert [file.name for file in files.incoming.iterdir()] == [new.name]


def test_what_does_not_fit_is_said_with_both_sizes(files: UpdateFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    files.check_room(1)
    with pytest.raises(ProblemError, match="bundle-too-large"):
        files.check_room(MOST_BUNDLE_BYTES + 1)
    room = os.statvfs_result((4096, 4096, 10_000, 5000, 5000, 10, 10, 10, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda path: room)
    with pytest.raises(ProblemError) as caught:
        files.check_room(300_000_000)
    assert (caught.value.code, caught.value.status) == ("no-room", 507)
    assert "300 MB" in caught.value.title and "20 MB" in caught.value.title
