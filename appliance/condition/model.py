"""How the appliance is, as the control service tells it; what a bench does not know is empty."""

from typing import Any

import msgspec


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is wrong: a stable code, one sentence, and what to do."""

    code: str
    title: str
    remedy: str


RUN_FOR_LONG = frozenset({"bus", "ingest", "api", "updates", "control"})


class UnitState(msgspec.Struct, frozen=True, kw_only=True):
    """A unit. state: systemd's word ("active", "activating", "failed"); since: RFC 3339."""

    name: str
    state: str
    since: str | None = None
    restarts: int = 0
    memory_bytes: int | None = None

    @property
    def short_name(self) -> str:
        """ "ingest@0" of gatehouse-ingest@0.service."""
        return self.name.removeprefix("gatehouse-").removesuffix(".service")

    @property
    def is_ill(self) -> bool:
        """Whether it does not do its work; one that runs now and then may well not run now."""
        if self.short_name.partition("@")[0] in RUN_FOR_LONG:
            return self.state != "active"
        return self.state == "failed"


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two places a version is installed in. state: running, good, trial, bad or empty."""

    name: str
    state: str
    version: str | None = None
    tries_left: int = 0


class Space(msgspec.Struct, frozen=True, kw_only=True):
    """The data partition."""

    total_bytes: int
    free_bytes: int


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who this machine is."""

    serial: str = ""
    hostname: str = ""
    mdns_name: str = ""


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. Fields that are not known here are ignored, so that another version's daemon is understood.

    url: where the page is, for a bench. setup_code: only while there is no administrator, and only to whom it is told.
    claimed: whether there is an administrator; None: not known.
    """

    name: str = ""
    version: str = ""
    slot: str | None = None
    identity: Identity = Identity()
    url: str = ""
    addresses: tuple[str, ...] = ()
    fingerprint: str = ""
    setup_code: str | None = None
    claimed: bool | None = None
    units: tuple[UnitState, ...] = ()
    data: Space | None = None
    data_problem: Fault | None = None
    slots: tuple[Slot, ...] = ()
    uptime_s: int = 0
    time_synchronised: bool | None = None
    network: dict[str, Any] = {}
