import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.volumes.files import AppendFile, unlink_durably, write_new


def test_appends_follow_each_other_and_say_where_they_lie(tmp_path: Path) -> None:
    file = AppendFile(tmp_path / "a" / "b" / "file")
    assert file.append([b"one", bytearray(b"two")]) == 0
    assert file.append([b"three"]) == 6
    file.sync()
    file.close()
    file.close()
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"onetwothree"


def test_more_buffers_than_one_call_takes(tmp_path: Path) -> None:
    file = AppendFile(tmp_path / "file")
    buffers = [bytes([i % 256]) * 3 for i in range(5000)]
    file.append(buffers)
    file.close()
    assert (tmp_path / "file").read_bytes() == b"".join(buffers)


def test_an_existing_file_is_never_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        AppendFile(tmp_path / "file").append([b"x"])
    assert (tmp_path / "file").read_bytes() == b"precious"


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """RLIMIT_FSIZE makes the kernel write a part and then refuse, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_failed_append_leaves_what_was_whole_and_ends_the_file(tmp_path: Path) -> None:
    file = AppendFile(tmp_path / "file")
    file.append([b"x" * 1000])
    with files_of_at_most(1500), pytest.raises(OSError, match="File too large"):
        file.append([b"y" * 400, b"z" * 400])
    with pytest.raises(OSError, match="File too large"):
        file.append([b"more"])
    file.sync()
    file.close()
    assert (tmp_path / "file").read_bytes() == b"x" * 1000


def test_small_files_are_replaced_whole(tmp_path: Path) -> None:
    write_new(tmp_path / "file", b"one")
    write_new(tmp_path / "file", b"two")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"two")]


def test_a_small_file_that_was_not_written_whole_replaces_nothing(tmp_path: Path) -> None:
    write_new(tmp_path / "file", b"one")
    with files_of_at_most(5), pytest.raises(OSError, match="File too large"):
        write_new(tmp_path / "file", b"much longer")
    assert (tmp_path / "file").read_bytes() == b"one"
    write_new(tmp_path / "file", b"two")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"two")]


def test_removing_what_is_gone_is_fine(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    unlink_durably(tmp_path / "file")
    unlink_durably(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


@given(st.lists(st.lists(st.binary(max_size=50), max_size=5), max_size=6))
def test_whatever_is_appended_is_there(tmp_path_factory: pytest.TempPathFactory, parts: list[list[bytes]]) -> None:
    path = tmp_path_factory.mktemp("files") / "file"
    file = AppendFile(path)
    for buffers in parts:
        file.append(buffers)
    file.close()
    expected = b"".join(buffer for buffers in parts for buffer in buffers)
    assert (path.read_bytes() if path.exists() else b"") == expected
