"""What is typed at the console, checked. Each raises ValueError with a sentence for whoever typed it."""

import re
from datetime import UTC, datetime
from ipaddress import ip_address, ip_interface

_SERVER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?")
_HOSTNAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def interface(text: str) -> str:
    """ "192.0.2.10/24"."""
    try:
        found = ip_interface(text)
    except ValueError:
        raise ValueError("This is not an address. Type it like 192.0.2.10/24.") from None
    if "/" not in text:
        raise ValueError("The length of the network is missing. Type it like 192.0.2.10/24.")
    if found.ip.is_loopback or found.ip.is_multicast or found.ip.is_unspecified:
        raise ValueError("This address is for no machine. Take one of the network the appliance is in.")
    return str(found)


def gateway_for(address: str, text: str) -> str:
    """An address of the same network; "" for none."""
    if not text:
        return ""
    try:
        found = ip_address(text)
    except ValueError:
        raise ValueError("This is not an address. Type it like 192.0.2.1, or nothing.") from None
    if found not in ip_interface(address).network:
        raise ValueError(f"The gateway is not in the network {ip_interface(address).network}.")
    return str(found)


def addresses(text: str) -> str:
    """Any number of addresses with spaces between them."""
    words = text.replace(",", " ").split()
    try:
        return " ".join(str(ip_address(word)) for word in words)
    except ValueError:
        raise ValueError("These are not addresses. Type them with spaces between, or nothing.") from None


def servers(text: str) -> str:
    """Any number of addresses or names with spaces between them."""
    words = text.replace(",", " ").split()
    if not all(_SERVER.fullmatch(word) for word in words):
        raise ValueError("Type names or addresses with spaces between, or nothing.")
    return " ".join(words)


def hostname(text: str) -> str:
    """One label (RFC 1123, 2.1)."""
    name = text.lower()
    if not _HOSTNAME.fullmatch(name):
        raise ValueError("A name is of letters, digits and hyphens, at most 63.")
    return name


def exactly(expected: str, text: str) -> str:
    """What has to be typed word by word before something is lost."""
    if text != expected:
        raise ValueError(f"This is not {expected}. Nothing is changed.")
    return text


def utc_time(text: str) -> str:
    """ "2026-11-25 16:30", UTC, as RFC 3339."""
    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        except ValueError:
            continue
    raise ValueError("This is not a time. Type it like 2026-11-25 16:30, in UTC.")
