"""What the control service understands, and of whom (docs/reference/control.md)."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from appliance.core.errors import ProblemError
from appliance.host.network_settings import NetworkSettings

API, UPDATES, CONSOLE = "gatehouse-api", "gatehouse-updates", "gatehouse-console"


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="verb"):
    """One line. A request that changes nothing is not noted in the journal."""


class Status(Request, frozen=True, tag="status"):
    """How the machine is."""


class Label(Request, frozen=True, tag="label"):
    """What is on the label."""


class Network(Request, frozen=True, tag="network"):
    """The settings."""


class SetNetwork(
    NetworkSettings, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="verb", tag="set-network"
):
    """New settings."""

    def settings(self) -> NetworkSettings:
        """Without the verb."""
        return NetworkSettings(**{name: getattr(self, name) for name in NetworkSettings.__struct_fields__})


class ConfirmNetwork(Request, frozen=True, tag="confirm-network"):
    """The new settings work: keep them."""


class SetTime(Request, frozen=True, tag="set-time"):
    """time: RFC 3339."""

    time: Annotated[str, Meta(max_length=40)]


class Restart(Request, frozen=True, tag="restart"):
    """The units, or the machine."""

    what: Literal["units", "machine"]


class PowerOff(Request, frozen=True, tag="power-off"):
    """Off, until somebody switches it on."""


class Reset(Request, frozen=True, tag="reset"):
    """confirm: the host name."""

    scope: Literal["users", "everything"]
    confirm: Annotated[str, Meta(max_length=64)]


class RenewCertificate(Request, frozen=True, tag="renew-certificate"):
    """A new server certificate of the same authority."""


class Logs(Request, frozen=True, tag="logs"):
    """The end of the journal."""

    lines: Annotated[int, Meta(ge=1, le=10_000)]
    unit: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9@-]{0,60}\.service$")] | None = None


class Sticks(Request, frozen=True, tag="sticks"):
    """Which bundles are on USB sticks."""


class Install(Request, frozen=True, tag="install"):
    """file: a name that `sticks` told."""

    file: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[^/\x00-\x1f]+$")]


class BootOtherSlot(Request, frozen=True, tag="boot-other-slot"):
    """Restart into the other version."""


AnyRequest = (
    Status
    | Label
    | Network
    | SetNetwork
    | ConfirmNetwork
    | SetTime
    | Restart
    | PowerOff
    | Reset
    | RenewCertificate
    | Logs
    | Sticks
    | Install
    | BootOtherSlot
)

READING: frozenset[type] = frozenset({Status, Label, Network, Logs, Sticks})
ALLOWED: dict[type, frozenset[str]] = {
    Status: frozenset({API, UPDATES, CONSOLE}),
    Label: frozenset({CONSOLE}),
    Network: frozenset({API, CONSOLE}),
    SetNetwork: frozenset({API, CONSOLE}),
    ConfirmNetwork: frozenset({API, CONSOLE}),
    SetTime: frozenset({CONSOLE}),
    Restart: frozenset({API, UPDATES, CONSOLE}),
    PowerOff: frozenset({API, CONSOLE}),
    Reset: frozenset({API, CONSOLE}),
    RenewCertificate: frozenset({CONSOLE}),
    Logs: frozenset({API, CONSOLE}),
    Sticks: frozenset({CONSOLE}),
    Install: frozenset({CONSOLE}),
    BootOtherSlot: frozenset({CONSOLE}),
}
SUPERUSER = "root"


def check_caller(request: AnyRequest, user: str) -> None:
    """Raise ProblemError unless this user may ask for this; root may for everything."""
    if user != SUPERUSER and user not in ALLOWED[type(request)]:
        raise ProblemError(
            "not-allowed",
            f"{user} may not ask for this",
            remedy="Ask as root, or on the machine's own console.",
            status=403,
        )


def parse_request(line: bytes) -> AnyRequest:
    """A line's request; raises ProblemError with the field at fault."""
    try:
        request: AnyRequest = msgspec.json.decode(line, type=AnyRequest)
        return request
    except msgspec.ValidationError as error:
        raise _not_understood(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ProblemError(
            "malformed-json", "The request is not JSON", remedy="Send one object on one line, in UTF-8."
        ) from None


def _not_understood(said: str) -> ProblemError:
    what, _, place = said.partition(" - at `$")
    field = place.strip("`.").split("[")[0] or None
    if "Invalid value '" in what and field == "verb":
        return ProblemError(
            "unknown-verb",
            "There is no such verb",
            remedy="docs/reference/control.md lists them.",
            status=404,
            field=field,
        )
    if what.startswith("Object contains unknown field"):
        name = what.split("`")[1][:60]
        return ProblemError("unknown-field", f"There is no field {name}", remedy="Leave it out.", field=name)
    return ProblemError("wrong-value", f"{what[:200]}", remedy="Correct the request.", field=field)
