"""What the unit must still know after it was killed, in one small file."""

import logging
from pathlib import Path
from typing import Any, Literal

import msgspec

from appliance.core.durable import write_durably
from appliance.updates.index import Index

log = logging.getLogger(__name__)


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """A version that was written into a slot, and of which it is not known yet what became."""

    version: str
    slot: str


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """working: on what, and at which version, the unit was. problem: why the last update failed.

    offered: the index of the newer version at the source at `url`, asked at checked_us (UTC). left_alone: a version
    that failed, which is not tried again by itself.
    """

    working: Literal["downloading", "installing"] | None = None
    version: str | None = None
    installed: Installed | None = None
    problem: dict[str, Any] | None = None
    url: str | None = None
    checked_us: int | None = None
    offered: Index | None = None
    left_alone: str | None = None


class Notebook:
    """Reads and writes it. Where the disk refuses, the unit goes on with what it has in its head."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.memory = self._read()

    def note(self, **changes: Any) -> None:
        """Change some of it, durably; the file is small and this is rare."""
        self.memory = msgspec.structs.replace(self.memory, **changes)
        try:
            write_durably(self._path, msgspec.json.encode(self.memory))
        except OSError as error:
            log.error("%s cannot be written: %s", self._path.name, error.strerror)

    def _read(self) -> Memory:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Memory)
        except FileNotFoundError:
            return Memory()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            log.error("%s cannot be read, and is begun anew: %s", self._path.name, error)
            return Memory()
