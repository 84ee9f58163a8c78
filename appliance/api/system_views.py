"""What the API says of the machine below the units, and what it takes."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from appliance.api.problems import Problem
from appliance.condition.model import Condition
from appliance.core.errors import ProblemError
from appliance.host.network_settings import NetworkSettings


class IdentityView(msgspec.Struct, frozen=True, kw_only=True):
    """Who the machine is. serial is empty where there is no machine of ours; mdns_name: where it is found by name."""

    serial: str
    hostname: str
    mdns_name: str | None


class SpaceView(msgspec.Struct, frozen=True, kw_only=True):
    """The data partition, for programs without privileges."""

    total_bytes: int
    free_bytes: int


class UnitView(msgspec.Struct, frozen=True, kw_only=True):
    """A unit. state: systemd's word ("active", "activating", "failed"); since: when it came into it."""

    name: str
    state: str
    since: str | None
    restarts: int
    memory_bytes: int | None


class SystemView(msgspec.Struct, frozen=True, kw_only=True):
    """The machine. slot: which of its two systems runs; null where it has none, and what is not known is null or empty.

    time_synchronised: whether a time server was reached since the start.
    """

    name: str
    version: str
    slot: str | None
    identity: IdentityView
    data_problem: Problem | None
    data: SpaceView | None
    uptime_s: int
    time_synchronised: bool | None
    units: list[UnitView]


class NetworkView(msgspec.Struct, frozen=True, kw_only=True):
    """The settings in force. confirm_within_s: until those of before return, unless confirmed; null where they stay."""

    mode: Literal["dhcp", "static"]
    address: str | None
    gateway: str | None
    dns: list[str]
    ntp: list[str]
    hostname: str
    confirm_within_s: int | None


class NetworkChange(msgspec.Struct, frozen=True, kw_only=True):
    """confirm_within_s: how long there is to confirm over the new network; null where nothing is to be confirmed."""

    confirm_within_s: int | None


class NetworkInput(NetworkSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the machine is to be reached. hostname: empty for the appliance's own name."""


class RestartInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The units alone take seconds, the machine a minute or more."""

    what: Literal["units", "machine"]


class PowerOffInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An empty object."""


class ResetInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """users: a new setup code makes the next administrator. everything: recordings too. confirm: the host name."""

    scope: Literal["users", "everything"]
    confirm: Annotated[str, Meta(max_length=64)]


class RenewInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An empty object."""


class CertificateView(msgspec.Struct, frozen=True, kw_only=True):
    """fingerprint: SHA-256, as browsers show it."""

    fingerprint: str


class ConfirmInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An empty object."""


def problem_view(problem: ProblemError | None) -> Problem | None:
    """A problem that is told beside an answer."""
    return msgspec.convert(problem.to_json(), Problem) if problem else None


def system_view(condition: Condition, problem: ProblemError | None) -> SystemView:
    """What the machine says of itself, without what is not for everybody (addresses, setup code)."""
    who, data = condition.identity, condition.data
    return SystemView(
        name=condition.name,
        version=condition.version,
        slot=condition.slot,
        identity=IdentityView(serial=who.serial, hostname=who.hostname, mdns_name=who.mdns_name or None),
        data_problem=problem_view(problem),
        data=SpaceView(total_bytes=data.total_bytes, free_bytes=data.free_bytes) if data else None,
        uptime_s=condition.uptime_s,
        time_synchronised=condition.time_synchronised,
        units=[msgspec.convert(unit, UnitView, from_attributes=True) for unit in condition.units],
    )
