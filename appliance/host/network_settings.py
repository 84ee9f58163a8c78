"""The network as an administrator sets it, and as systemd.network(5) is told it."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Interface, IPv6Interface, ip_address, ip_interface
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from appliance.core.errors import ProblemError

Name = Annotated[str, Meta(max_length=253)]
MOST_SERVERS = 4
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
_PORT = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}")


class NetworkSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How this machine is reached.

    address: with its prefix, "192.0.2.10/24", for mode static. dns and ntp: beside static, they replace what DHCP says.
    hostname: empty for the appliance's own name.
    """

    mode: Literal["dhcp", "static"] = "dhcp"
    address: Annotated[str, Meta(max_length=64)] | None = None
    gateway: Annotated[str, Meta(max_length=64)] | None = None
    dns: Annotated[list[Name], Meta(max_length=MOST_SERVERS)] = []
    ntp: Annotated[list[Name], Meta(max_length=MOST_SERVERS)] = []
    hostname: Annotated[str, Meta(max_length=63)] = ""

    def reached_as(self, other: "NetworkSettings") -> bool:
        """Whether both are reached under the same addresses."""
        return (self.mode, self.address, self.gateway) == (other.mode, other.address, other.gateway)


def check_settings(settings: NetworkSettings) -> None:
    """Raise ProblemError with the field for what cannot be a machine's address, gateway, servers or name."""
    if settings.mode == "static":
        _check_static(settings)
    elif settings.address or settings.gateway:
        field = "address" if settings.address else "gateway"
        raise _wrong(field, f"With DHCP there is no {field} of one's own", "Leave it out, or set mode to static.")
    for server in settings.dns:
        if _address(server) is None:
            raise _wrong("dns", f"{server[:60]!r} is no IP address", "Give the addresses of DNS servers.")
    for server in settings.ntp:
        if _address(server) is None and not is_host_name(server):
            raise _wrong("ntp", f"{server[:60]!r} is no server", "Give addresses or host names of NTP servers.")
    if settings.hostname and not _LABEL.fullmatch(settings.hostname):
        remedy = "Use letters, digits and hyphens, at most 63, with no hyphen at either end; or leave it empty."
        raise _wrong("hostname", f"{settings.hostname!r} is no host name", remedy)


def _check_static(settings: NetworkSettings) -> None:
    own = _interface(settings.address or "")
    if own is None or "/" not in (settings.address or ""):
        raise _wrong("address", "There is no address with its prefix", "Give one such as 192.0.2.10/24.")
    usable = not (own.is_multicast or own.is_loopback or own.is_unspecified or own.is_link_local)
    few = own.network.num_addresses <= 2
    if not usable or (not few and own.version == 4 and own.ip in _ends(own)):
        raise _wrong("address", f"{own} cannot be a machine's address", "Give one of the network's own addresses.")
    if not settings.gateway:
        return
    gateway = _address(settings.gateway)
    if gateway is None or gateway not in own.network or gateway == own.ip:
        raise _wrong("gateway", "The gateway is no other machine of that network", "Correct it, or leave it out.")


def _ends(own: IPv4Interface | IPv6Interface) -> tuple[object, object]:
    return own.network.network_address, own.network.broadcast_address


def _interface(text: str) -> IPv4Interface | IPv6Interface | None:
    try:
        return ip_interface(text) if "%" not in text else None
    except ValueError:
        return None


def _address(text: str) -> object | None:
    try:
        return ip_address(text) if "%" not in text else None
    except ValueError:
        return None


def is_host_name(text: str) -> bool:
    """Whether a text could be a host's name (RFC 1123, 2.1)."""
    labels = text.rstrip(".").split(".")
    return len(text) <= 253 and all(_LABEL.fullmatch(label) for label in labels) and not labels[-1].isdigit()


def _wrong(field: str, title: str, remedy: str) -> ProblemError:
    return ProblemError("wrong-network-settings", title, remedy=remedy, status=422, field=field)


def unit_text(settings: NetworkSettings, port: str | None) -> str | None:
    """The content of a .network file; None where the image's own file says all that is to be said.

    port: the hardware address of the port that a static address goes to; all others keep DHCP. Names of ports change
    while the machine starts. Settings must have been checked.
    """
    if settings.mode == "dhcp" and not settings.dns and not settings.ntp:
        return None
    static = settings.mode == "static"
    match = (
        [f"MACAddress={port}", "Type=ether"] if static and port and _PORT.fullmatch(port) else ["Type=ether", "Kind=!*"]
    )
    lines = ["[Match]", *match, "[Link]", "RequiredForOnline=no", "[Network]"]
    lines += [f"DHCP={'no' if static else 'yes'}", "LinkLocalAddressing=yes", "IPv6AcceptRA=yes"]
    lines += ["MulticastDNS=yes", "LLMNR=no", *_servers(settings)]
    if static:
        lines += [f"Address={settings.address}", *([f"Gateway={settings.gateway}"] if settings.gateway else [])]
    else:
        lines += ["[DHCPv4]", "ClientIdentifier=mac", "UseHostname=no"]
        lines += [f"UseDNS={_instead(settings.dns)}", f"UseNTP={_instead(settings.ntp)}"]
        lines += ["[DHCPv6]", f"UseDNS={_instead(settings.dns)}", f"UseNTP={_instead(settings.ntp)}"]
    return "\n".join(lines) + "\n"


def _servers(settings: NetworkSettings) -> Sequence[str]:
    return [*(f"DNS={server}" for server in settings.dns), *(f"NTP={server}" for server in settings.ntp)]


def _instead(servers: Sequence[str]) -> str:
    return "no" if servers else "yes"
