"""Where things lie below the state folder (GATEHOUSE_DATA)."""

import os
from dataclasses import dataclass
from pathlib import Path

DEFAULT_DATA = "/var/lib/gatehouse"


@dataclass(frozen=True, slots=True)
class Paths:
    """The state folder and its rooms."""

    data: Path

    @classmethod
    def from_environment(cls) -> "Paths":
        """GATEHOUSE_DATA, or /var/lib/gatehouse."""
        return cls(Path(os.environ.get("GATEHOUSE_DATA", DEFAULT_DATA)).absolute())

    @property
    def config(self) -> Path:
        """TinyDB tables and their revisions; written by the api unit alone."""
        return self.data / "config"

    @property
    def state(self) -> Path:
        """SQLite files, one folder per owning unit."""
        return self.data / "state"

    @property
    def run(self) -> Path:
        """Sockets and the bus credentials; nothing here outlives a restart."""
        return self.data / "run"

    @property
    def volumes(self) -> Path:
        """Volumes on the data partition: one folder each."""
        return self.data / "volumes"

    @property
    def prerecorded(self) -> Path:
        """Prerecorded .mkv files that may be added as sources."""
        return self.data / "prerecorded"

    @property
    def updates(self) -> Path:
        """Update bundles while they are received, checked and installed."""
        return self.data / "updates"

    @property
    def tls(self) -> Path:
        """The appliance's certificate authority and server certificate."""
        return self.data / "tls"

    @property
    def bus_socket(self) -> Path:
        """Mosquitto's unix socket."""
        return self.run / "bus" / "mosquitto.sock"

    @property
    def bus_identities(self) -> Path:
        """The units' bus identities: a folder for each kind of unit, shards sharing one."""
        return self.run / "bus" / "identities"

    def bus_credential(self, unit: str) -> Path:
        """The password file of one unit's bus identity; its folder is for the bus and that kind of unit alone."""
        return self.bus_identities / unit.partition("-")[0] / unit

    def live_socket(self, shard: int) -> Path:
        """Where ingest@shard serves live media to the api unit."""
        return self.run / "ingest" / f"live-{shard}.sock"
