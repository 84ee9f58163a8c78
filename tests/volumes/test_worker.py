"""The worker thread: order, groups, bounds, and errors that stay with their file."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.core.clock import SystemClock
from appliance.volumes.files import AppendFile
from appliance.volumes.worker import VolumeBusyError, VolumeWorker

WAIT_S = 10


class Append:
    """A job that appends to a file and remembers how it ended."""

    def __init__(self, file: AppendFile, data: bytes, log: list[str] | None = None, name: str = "") -> None:
        self.size_bytes = len(data)
        self.error: OSError | None = None
        self.settled = threading.Event()
        self._file, self._data, self._log, self._name = file, data, log if log is not None else [], name

    def run(self) -> AppendFile:
        self._log.append(f"run {self._name}")
        self._file.append([self._data])
        return self._file

    def settle(self, error: OSError | None) -> None:
        self._log.append(f"settle {self._name}")
        self.error = error
        self.settled.set()


class Hang:
    """A job that takes as long as the test wants: a disk that hangs."""

    size_bytes = 0

    def __init__(self) -> None:
        self.begun, self.release = threading.Event(), threading.Event()

    def run(self) -> None:
        self.begun.set()
        self.release.wait(WAIT_S)

    def settle(self, error: OSError | None) -> None:
        assert error is None


class Crew:
    """A worker and what its groups did."""

    def __init__(self) -> None:
        self.groups = 0
        self.log: list[str] = []
        self.worker = VolumeWorker("test", SystemClock(), self._after_group, sync_within_us=10_000, budget_bytes=50_000)
        self.worker.start()

    def _after_group(self) -> None:
        self.groups += 1
        self.log.append("group")


@pytest.fixture
def crew() -> Iterator[Crew]:
    made = Crew()
    yield made
    assert made.worker.stop()


def test_jobs_run_in_order_and_settle_together_before_the_group_ends(crew: Crew, tmp_path: Path) -> None:
    hang, file = Hang(), AppendFile(tmp_path / "file")
    crew.worker.submit(hang)
    assert hang.begun.wait(WAIT_S)
    jobs = [Append(file, b"x", crew.log, name) for name in "ab"]
    for job in jobs:
        crew.worker.submit(job)
    crew.worker.flush()
    hang.release.set()
    assert all(job.settled.wait(WAIT_S) for job in jobs)
    assert crew.worker.stop()
    order = [entry for entry in crew.log if entry != "group"]
    assert order.index("run a") < order.index("run b")
    assert order.index("settle a") < order.index("settle b")
    assert crew.log[-1] == "group"


def test_a_group_is_synced_without_being_asked(crew: Crew, tmp_path: Path) -> None:
    job = Append(AppendFile(tmp_path / "file"), b"x")
    crew.worker.submit(job)
    assert job.settled.wait(WAIT_S)
    assert job.error is None


def test_a_bad_file_does_not_harm_a_good_one(crew: Crew, tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"x")
    bad, good = AppendFile(tmp_path / "taken"), AppendFile(tmp_path / "good")
    jobs = [Append(bad, b"1"), Append(good, b"2"), Append(bad, b"3"), Append(good, b"4")]
    for job in jobs:
        crew.worker.submit(job)
    crew.worker.flush()
    assert all(job.settled.wait(WAIT_S) for job in jobs)
    assert [type(job.error) for job in jobs] == [FileExistsError, type(None), FileExistsError, type(None)]
    assert (tmp_path / "good").read_bytes() == b"24"


def test_a_failed_sync_fails_everything_unsynced_of_that_file(crew: Crew) -> None:
    """fdatasync on a pipe is refused by the kernel (EINVAL): a real error of a real descriptor."""
    reading, writing = os.pipe()
    file = Unsyncable(writing)
    job = Append(file, b"x")
    crew.worker.submit(job)
    assert job.settled.wait(WAIT_S)
    assert job.error is not None
    assert file.failed is job.error
    os.close(reading)


class Unsyncable(AppendFile):
    """A file whose descriptor is a pipe."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(Path("/pipe"))
        self._descriptor = descriptor

    def append(self, buffers: object) -> int:
        return 0


def test_a_hanging_disk_refuses_and_never_blocks_the_caller(crew: Crew, tmp_path: Path) -> None:
    hang, file = Hang(), AppendFile(tmp_path / "file")
    crew.worker.submit(hang)
    assert hang.begun.wait(WAIT_S)
    with pytest.raises(VolumeBusyError) as caught:
        for _ in range(100):
            crew.worker.submit(Append(file, bytes(10_000)))
    assert caught.value.code == "volume-busy"
    assert 40_000 < crew.worker.held_bytes <= 50_000
    assert crew.worker.stuck_us > 0
    hang.release.set()
    last = Append(file, b"x")
    crew.worker.flush()
    while not last.settled.wait(0.01):
        try:
            crew.worker.submit(last)
        except VolumeBusyError:
            continue
        assert last.settled.wait(WAIT_S)
    assert last.error is None


def test_stopping_writes_everything_out_and_takes_nothing_more(tmp_path: Path) -> None:
    crew, file = Crew(), AppendFile(tmp_path / "file")
    for _ in range(20):
        crew.worker.submit(Append(file, b"x" * 100))
    assert crew.worker.stop()
    assert (tmp_path / "file").stat().st_size == 2000
    with pytest.raises(VolumeBusyError):
        crew.worker.submit(Append(file, b"x"))


def test_stopping_a_hanging_disk_gives_up_in_time(tmp_path: Path) -> None:
    crew, hang = Crew(), Hang()
    crew.worker.submit(hang)
    assert hang.begun.wait(WAIT_S)
    assert not crew.worker.stop(timeout_s=0.05)
    hang.release.set()
    assert crew.worker.stop()


class Broken:
    size_bytes = 0

    def run(self) -> None:
        raise AssertionError("a mistake in the program")

    def settle(self, error: OSError | None) -> None: ...


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_mistake_in_the_program_is_not_hidden() -> None:
    crew = Crew()
    crew.worker.submit(Broken())
    assert crew.worker.stop()
    with pytest.raises(RuntimeError, match="has died"):
        crew.worker.submit(Broken())
