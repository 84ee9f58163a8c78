"""Where bundles lie: `incoming` is the api unit's, the rest is this unit's."""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from appliance.core.clock import US_PER_S
from appliance.core.events import new_id
from appliance.updates import problems

MOST_BUNDLE_BYTES = 2 * 1024**3  # a slot has one gibibyte
LEFT_AFTER_S = 600  # a file that grew no more for so long
SPARE_BYTES = 64 * 1024**2  # others write to the data partition too
_SENT = re.compile(r"[0-9A-Z]{26}\.raucb")


@dataclass(frozen=True, slots=True)
class UpdateFiles:
    """The folder `updates` of the state folder."""

    folder: Path

    @property
    def incoming(self) -> Path:
        """What the api unit is sent; it hands a whole file over by its name."""
        return self.folder / "incoming"

    @property
    def bundle(self) -> Path:
        """The one that is checked and installed."""
        return self.folder / "bundle.raucb"

    @property
    def part(self) -> Path:
        """What has come of a download."""
        return self.folder / "download.part"

    @property
    def part_index(self) -> Path:
        """The index that the partial download belongs to."""
        return self.folder / "download.json"

    def prepare(self) -> None:
        """Make the folders where no installer has; raises OSError."""
        self.incoming.mkdir(mode=0o700, parents=True, exist_ok=True)

    def new_incoming(self, now_us: int) -> tuple[Path, Path]:
        """For the api unit: a partial file, and what it is called when it is whole."""
        name = new_id(now_us)
        return self.incoming / f"{name}.part", self.incoming / f"{name}.raucb"

    def clear_incoming(self, now_us: int) -> None:
        """For the api unit: remove what one that was killed did not get to hand over. Others hand over files too."""
        for left in self.incoming.iterdir():
            with suppress(FileNotFoundError):
                if left.stat().st_mtime < now_us / US_PER_S - LEFT_AFTER_S:
                    left.unlink()

    def take(self, name: str) -> Path:
        """Move a file that was handed over to `bundle`; raises ProblemError for a name that was not."""
        if not _SENT.fullmatch(name) or not (self.incoming / name).is_file():
            raise problems.interrupted()
        return (self.incoming / name).replace(self.bundle)

    def take_download(self) -> Path:
        """The whole download becomes `bundle`."""
        self.part_index.unlink(missing_ok=True)
        return self.part.replace(self.bundle)

    def discard(self, name: str) -> None:
        """Remove a file that was handed over and is not wanted."""
        if _SENT.fullmatch(name):
            (self.incoming / name).unlink(missing_ok=True)

    def drop_bundle(self) -> None:
        """The bundle is installed, or refused."""
        self.bundle.unlink(missing_ok=True)

    def drop_download(self) -> None:
        """Nobody will go on with the partial download."""
        self.part.unlink(missing_ok=True)
        self.part_index.unlink(missing_ok=True)

    def check_room(self, needed_bytes: int) -> None:
        """Raises ProblemError where a file of this size does not fit, or cannot be an update."""
        if needed_bytes > MOST_BUNDLE_BYTES:
            raise problems.too_large(MOST_BUNDLE_BYTES)
        status = os.statvfs(self.incoming)  # of the folder, the api unit sees no more than that
        free = status.f_bavail * status.f_frsize
        if free < needed_bytes + SPARE_BYTES:
            raise problems.no_room(needed_bytes, free)
