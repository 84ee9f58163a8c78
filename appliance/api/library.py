"""The volumes the api unit reads, opened when they are there: a missing disk keeps nobody from signing in."""

import threading
from collections.abc import Sequence
from pathlib import Path

from appliance.core.errors import ProblemError
from appliance.recordings.reader import RecordingReader
from appliance.volumes.volume import Volume


class Library:
    """Some volumes by folder, and one reader over those that could be opened. Blocks; call it in threads."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self.roots = tuple(roots)
        self.volumes: dict[Path, Volume] = {}
        self.problems: dict[Path, ProblemError] = {}
        self._reader = RecordingReader(())
        self._lock = threading.Lock()

    @property
    def reader(self) -> RecordingReader:
        """Reads what is there now. Take it anew for every request: it changes when a volume comes."""
        if len(self.volumes) < len(self.roots):
            self.open_missing()
        return self._reader

    def open_missing(self) -> None:
        """Try the volumes that are not open yet."""
        with self._lock:
            before = len(self.volumes)
            for root in self.roots:
                if root not in self.volumes:
                    self._open(root)
            if len(self.volumes) != before:
                self._reader = RecordingReader(tuple(self.volumes.values()))

    def is_recorded(self, camera_id: str) -> bool:
        """Whether anything on a volume belongs to this camera."""
        return any((root / "segments" / camera_id).exists() for root in self.roots)

    def _open(self, root: Path) -> None:
        try:
            self.volumes[root] = Volume.open(root)
            self.problems.pop(root, None)
        except ProblemError as problem:
            self.problems[root] = problem
