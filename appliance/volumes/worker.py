"""One thread per volume: it alone writes there, syncs in groups, and a disk that hangs blocks nobody else."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from appliance.core.clock import US_PER_S, Clock
from appliance.core.errors import ProblemError
from appliance.volumes.files import AppendFile

SYNC_WITHIN_US = US_PER_S
BUDGET_BYTES = 256 * 1024 * 1024  # 32 cameras at 4 Mbit/s while the disk answers nothing for 16 s: spinning up, say
MOST_JOBS = 10_000
_JOB_BYTES = 1024  # what a job without data counts


class VolumeBusyError(ProblemError):
    """The volume has more to write than it may hold in memory: it is too slow, or hangs."""

    def __init__(self, name: str) -> None:
        super().__init__(
            "volume-busy",
            f"The volume {name} does not keep up with what is to be written",
            remedy="Check the disk's health and speed; move cameras to another volume.",
            status=503,
        )


class Job(Protocol):
    """A piece of work for the worker thread. size_bytes counts against the budget until it is settled."""

    size_bytes: int

    def run(self) -> AppendFile | None:
        """Do it; return the file that now needs a sync, if any. Raises OSError."""
        ...

    def settle(self, error: OSError | None) -> None:
        """On the worker thread, after the group's sync: error None means that it is on the disk."""
        ...


class VolumeWorker:
    """Runs jobs in order on its own thread; syncs all files written, at most 1 s after the oldest unsynced write.

    after_group runs on the thread once the jobs of a group are settled: the place to commit index rows. An error of a
    file settles all of its unsynced jobs with that error and leaves other files alone.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        after_group: Callable[[], None],
        *,
        sync_within_us: int = SYNC_WITHIN_US,
        budget_bytes: int = BUDGET_BYTES,
    ) -> None:
        self._name = name
        self._clock = clock
        self._after_group = after_group
        self._sync_within_us = sync_within_us
        self._budget_bytes = budget_bytes
        self._changed = threading.Condition()
        self._queue: deque[Job] = deque()
        self._held_bytes = 0
        self._busy_since_us: int | None = None
        self._stopping = False
        self._flush = False
        self._crash: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"volume-{name}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Queue a job, from any thread, without waiting; raises VolumeBusyError when the budget is spent.

        Raises RuntimeError if the thread died of a programming error: the unit must not live on without it.
        """
        if self._crash is not None:
            raise RuntimeError(f"the writer of volume {self._name} has died") from self._crash
        size = job.size_bytes + _JOB_BYTES
        with self._changed:
            over = self._held_bytes + size > self._budget_bytes or len(self._queue) >= MOST_JOBS
            if self._stopping or (job.size_bytes and over):
                raise VolumeBusyError(self._name)
            self._held_bytes += size
            self._queue.append(job)
            self._changed.notify()

    def flush(self) -> None:
        """Ask for a sync of everything queued so far, now."""
        with self._changed:
            self._flush = True
            self._changed.notify()

    def stop(self, timeout_s: float = 10.0) -> bool:
        """Finish what is queued, sync and end the thread; False if the disk did not answer in time."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def held_bytes(self) -> int:
        """Bytes queued or not yet synced."""
        return self._held_bytes

    @property
    def stuck_us(self) -> int:
        """How long the operation now in progress has been going on: a disk that hangs shows here."""
        since_us = self._busy_since_us
        return 0 if since_us is None else self._clock.monotonic_us() - since_us

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self._crash = error
            raise

    def _work(self) -> None:
        group = _Group()
        while True:
            job, due, ending = self._next(group)
            if job is not None:
                self._busy_since_us = self._clock.monotonic_us()
                group.run(job, self._clock.monotonic_us())
            if due:  # also without a job: a flush asks after_group to try again what it could not do
                self._busy_since_us = self._clock.monotonic_us()
                self._finish(group)
                group = _Group()
            self._busy_since_us = None
            if ending:
                return

    def _next(self, group: "_Group") -> tuple[Job | None, bool, bool]:
        """(the next job, whether the group is to be synced now, whether that was all)."""
        with self._changed:
            while not self._queue and not self._stopping and not self._flush:
                wait_us = self._due_in_us(group)
                if wait_us is not None and wait_us <= 0:
                    return None, True, False
                self._changed.wait(None if wait_us is None else wait_us / US_PER_S)
            if self._queue:
                job = self._queue.popleft()
                due_us = self._due_in_us(group)
                return job, due_us is not None and due_us <= 0, False
            self._flush = False
            return None, True, self._stopping

    def _due_in_us(self, group: "_Group") -> int | None:
        if group.oldest_us is None:
            return None
        return group.oldest_us + self._sync_within_us - self._clock.monotonic_us()

    def _finish(self, group: "_Group") -> None:
        released = group.sync_and_settle()
        self._after_group()
        with self._changed:
            self._held_bytes -= released


class _Group:
    """Jobs run since the last sync, with the files they wrote."""

    def __init__(self) -> None:
        self.oldest_us: int | None = None
        self._jobs: list[tuple[Job, AppendFile | None, OSError | None]] = []

    def run(self, job: Job, now_us: int) -> None:
        if self.oldest_us is None:
            self.oldest_us = now_us
        try:
            self._jobs.append((job, job.run(), None))
        except OSError as error:
            self._jobs.append((job, None, error))

    def sync_and_settle(self) -> int:
        """Sync every file once, settle the jobs in order; return the bytes they held."""
        failures: dict[AppendFile, OSError | None] = {}
        for _, file, _ in self._jobs:
            if file is not None and file not in failures:
                failures[file] = _sync(file)
        for job, file, error in self._jobs:
            job.settle(error or (failures[file] if file is not None else None))
        return sum(job.size_bytes + _JOB_BYTES for job, _, _ in self._jobs)


def _sync(file: AppendFile) -> OSError | None:
    try:
        file.sync()
    except OSError as error:
        return error
    return None
