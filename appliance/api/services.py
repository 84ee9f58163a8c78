"""What the handlers take: made once by the unit, or without any appliance to describe the routes."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from appliance.api.camera_book import CameraBook
from appliance.api.camera_states import CameraStates
from appliance.api.changes import Changes
from appliance.api.ending import Ending
from appliance.api.library import Library
from appliance.api.unit_health import UnitHealth
from appliance.api.update_book import UpdateBook
from appliance.backup.checking import Models
from appliance.backup.restore import Restoration
from appliance.cameras.model import Camera
from appliance.core.bus import Bus
from appliance.core.clock import SystemClock
from appliance.core.config import Table
from appliance.core.paths import Paths
from appliance.core.unit import Notifier, UnitContext
from appliance.recordings.reader import RecordingReader
from appliance.security.access import Access
from appliance.security.audit import AuditLog


@dataclass(frozen=True, slots=True)
class Services:
    """Route tables may be built from one that nothing was opened of; handlers only ever run with a whole one.

    shards: how many ingest units share the cameras (appliance.cameras.model.shard_of).
    """

    context: UnitContext
    shards: int
    changes: Changes
    book: CameraBook
    states: CameraStates
    library: Library
    health: UnitHealth
    access: Access
    audit: AuditLog
    updates: UpdateBook
    restoration: Restoration
    ending: Ending

    @property
    def cameras(self) -> Table[Camera]:
        """The configured cameras."""
        return self.changes.tables["cameras"]

    @property
    def reader(self) -> RecordingReader:
        """What is recorded. Blocks; take it anew for every request, in a thread."""
        return self.library.reader


def offline_services() -> Services:
    """Services that open nothing: for the description of the routes."""
    clock, paths = SystemClock(), Paths(Path("/nonexistent"))
    bus = Bus("api", paths.bus_socket, paths.bus_credential("api"), clock)
    context = UnitContext("api", 0, paths, clock, bus, Notifier(None))
    changes = Changes(context, {})
    return Services(
        context,
        1,
        changes,
        cast(CameraBook, None),
        CameraStates(clock, 1),
        Library(()),
        UnitHealth(bus, clock, 1),
        Access(paths.state / "api", clock),
        AuditLog(paths.state / "api" / "audit.db", clock),
        UpdateBook(context, changes),
        Restoration(paths, clock, Models({})),
        Ending(),
    )
