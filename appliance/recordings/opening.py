"""Opening a writer's index whatever state it is in: a damaged or missing one is replaced, its files are found again."""

import logging
import threading
from pathlib import Path

import apsw

from appliance.core.clock import Clock
from appliance.recordings.index import IndexWriter
from appliance.recordings.rebuild import salvage
from appliance.recordings.recovery import RecoveryReport, recover
from appliance.volumes.files import fsync_folder
from appliance.volumes.volume import Volume

log = logging.getLogger(__name__)


class IndexOpener:
    """Opens one writer's index on one volume. Recording starts at once; lost rows are found again in the background.

    Two marks beside the index outlive a crash: `.damaged`, SQLite found it corrupt while it was used; `.salvage`,
    files may be there that no index knows.
    """

    def __init__(self, volume: Volume, writer_name: str, clock: Clock) -> None:
        self._volume = volume
        self._name = writer_name
        self._clock = clock
        self._path = volume.index / f"{writer_name}.db"
        self._damaged = volume.index / f"{writer_name}.damaged"
        self._wanted = volume.index / f"{writer_name}.salvage"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._salvage, name=f"salvage-{writer_name}", daemon=True)

    def open(self) -> tuple[IndexWriter, RecoveryReport]:
        """The index, recovered. Raises OSError, apsw.Error, ProblemError if another process writes it."""
        if not self._path.exists():
            self._wanted.touch()
        if self._damaged.exists():
            self._set_aside()
        try:
            opened = self._recovered()
        except (apsw.CorruptError, apsw.NotADBError) as error:
            log.error("the recordings index %s is damaged (%s); it is made anew", self._path.name, error)
            self._set_aside()
            opened = self._recovered()
        if self._wanted.exists():
            self._thread.start()
        return opened

    def note_damage(self) -> None:
        """The index turned out to be corrupt: the next start sets it aside."""
        self._damaged.touch()

    def stop(self) -> None:
        """Give up finding files for now; the next start begins again."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _recovered(self) -> tuple[IndexWriter, RecoveryReport]:
        index = IndexWriter(self._path)
        try:
            return index, recover(self._volume.root, index)
        except BaseException:
            index.close()
            raise

    def _set_aside(self) -> None:
        self._wanted.touch()
        for suffix in ("-wal", "-shm", ""):
            path = Path(f"{self._path}{suffix}")
            if path.exists():
                path.rename(f"{self._path}.damaged-{self._clock.now_us()}{suffix}")
        self._damaged.unlink(missing_ok=True)
        fsync_folder(self._volume.index)

    def _salvage(self) -> None:
        try:
            found = salvage(self._volume, self._name, self._clock.now_us(), self._stop)
        except (OSError, apsw.Error) as error:
            log.error("files that no index knows could not be looked for: %s; tried again at the next start", error)
            return
        if not self._stop.is_set():
            self._wanted.unlink(missing_ok=True)
        if found:
            log.warning("%d segments that no index knew were found on volume %s", found, self._volume.root.name)
