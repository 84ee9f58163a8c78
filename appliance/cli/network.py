"""network show, set, confirm."""

import argparse
from typing import Any

from appliance.cli.output import print_fields, print_json
from appliance.condition.control import Control
from appliance.core.errors import ProblemError

_SETTINGS = ("mode", "address", "gateway", "dns", "ntp", "hostname")


def show(given: argparse.Namespace) -> int:
    """As set, and the addresses in use."""
    control = Control.from_environment()
    settings, status = control.ask("network"), control.ask("status")
    told = {**settings, "in_use": status.get("addresses", [])}
    if given.json:
        print_json(told)
    else:
        print_fields([(name.replace("_", " ").capitalize(), _text(value)) for name, value in told.items()])
    return 0


def change(given: argparse.Namespace) -> int:
    """What is given, upon what is there."""
    control = Control.from_environment()
    changes = {name: getattr(given, name) for name in _SETTINGS if getattr(given, name) is not None}
    if not changes:
        raise ProblemError("nothing-given", "Nothing to change was given", remedy="`gatehouse network set --help`.")
    now = control.ask("network")
    answer = control.ask("set-network", **_merged({name: now.get(name) for name in _SETTINGS}, changes))
    within_s = (answer or {}).get("confirm_within_s")
    if within_s:
        print(f"The network is changed. Run `gatehouse network confirm` within {within_s} s, or it is changed back.")
    else:
        print("The network is changed.")
    return 0


def confirm(given: argparse.Namespace) -> int:
    """Keep it."""
    Control.from_environment().ask("confirm-network")
    print("The new settings are kept.")
    return 0


def _merged(now: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = {**now, **changes}
    if "address" in changes:
        merged["mode"] = changes.get("mode", "static")
    if merged["mode"] == "dhcp":
        merged |= {name: changes.get(name) for name in ("address", "gateway")}
    return merged


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
