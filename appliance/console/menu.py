"""The menu's items. Whatever they do is asked of the control service, which alone has the right to do it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from appliance.condition.model import Condition
from appliance.console.dialog import Dialogs
from appliance.console.home import fingerprint_lines, slot_text
from appliance.console.inputs import addresses, exactly, gateway_for, hostname, interface, servers, utc_time
from appliance.console.text import size_of

Ask = Callable[..., Awaitable[Any]]
"""ask(verb, **arguments): the control service's answer; raises ProblemError."""
Item = Callable[[], Awaitable[None]]

LOG_LINES = 1000


class Menu:
    """One handler for each item of `home.MENU`, in that order. condition: the last one that was heard."""

    def __init__(self, dialogs: Dialogs, ask: Ask, condition: Callable[[], Condition]) -> None:
        self._dialogs = dialogs
        self._ask = ask
        self._condition = condition

    def items(self) -> tuple[Item, ...]:
        """In the order of their numbers."""
        return (
            self.network,
            self.time,
            self.restart,
            self.power_off,
            self.fingerprint,
            self.logs,
            self.update,
            self.other_version,
            self.reset,
        )

    async def network(self) -> None:
        """DHCP, a static address, the name."""
        now = await self._ask("network")
        ways = ("Take an address from DHCP", "Set a static address", "Change the name")
        chosen = await self._dialogs.choose("Network", _network_lines(now, self._condition()), ways)
        if chosen == 1:
            wanted = {**_settings(now), "mode": "dhcp", "address": None, "gateway": None}
        elif chosen == 2:
            wanted = await self._static(now)
        else:
            wanted = {**_settings(now), "hostname": await self._asked("Name", "Name", hostname, now.get("hostname"))}
        await self._dialogs.confirm("Network", ["This becomes the network:", "", *_network_lines(wanted, None)])
        await self._doing("Network", "The network is changed.", "set-network", **wanted)

    async def _static(self, now: dict[str, Any]) -> dict[str, Any]:
        address = await self._asked("Static address", "Address and length", interface, now.get("address"))
        gateway = await self._asked("Static address", "Gateway", partial(gateway_for, address), now.get("gateway"))
        dns = await self._asked("Static address", "Name servers", addresses, " ".join(now.get("dns") or ()))
        static = {"mode": "static", "address": address, "gateway": gateway or None, "dns": dns.split()}
        return {**_settings(now), **static}

    async def _asked(self, title: str, label: str, check: Callable[[str], str], preset: str | None) -> str:
        return await self._dialogs.ask(title, [], label, check, preset or "")

    async def time(self) -> None:
        """What time it is, and setting it where no server is reached."""
        condition, now = self._condition(), datetime.now(UTC)
        told = {True: "It is taken from a time server.", False: "No time server has been reached."}
        source = told.get(condition.time_synchronised is True)
        lines = [f"It is {now:%Y-%m-%d %H:%M:%S} UTC.", str(source)]
        if await self._dialogs.choose("Time", lines, ("Set the time", "Set the time servers")) == 1:
            time = await self._asked("Set the time", "Time in UTC", utc_time, f"{now:%Y-%m-%d %H:%M}")
            await self._doing("Time", "The time is set.", "set-time", time=time)
        else:
            await self._time_servers()

    async def _time_servers(self) -> None:
        """None: those that DHCP tells, or the usual ones."""
        now = await self._ask("network")
        found = await self._asked("Time servers", "Names or addresses", servers, " ".join(now.get("ntp") or ()))
        await self._doing(
            "Time", "The time servers are set.", "set-network", **{**_settings(now), "ntp": found.split()}
        )

    async def restart(self) -> None:
        """The units, or the machine."""
        body = ["Recording and live view pause meanwhile."]
        chosen = await self._dialogs.choose("Restart", body, ("The units: a few seconds", "The machine: some minutes"))
        what = "units" if chosen == 1 else "machine"
        await self._dialogs.confirm("Restart", [f"The {what} will restart now."])
        await self._doing(
            "Restart", f"The {what} restart." if chosen == 1 else "The machine restarts.", "restart", what=what
        )

    async def power_off(self) -> None:
        """Only a hand at the machine brings it back."""
        body = ["The machine switches itself off. Recording ends; doors keep to what their locks do without power."]
        await self._dialogs.confirm("Power off", body)
        await self._doing("Power off", "The machine switches itself off.", "power-off")

    async def fingerprint(self) -> None:
        """To compare with what the browser shows, before anybody types a password there."""
        found = self._condition().fingerprint
        body = [
            "The browser shows the same SHA-256 fingerprint for the page's certificate, or it is not this machine.",
            "",
        ]
        await self._dialogs.tell("Certificate fingerprint", [*body, *fingerprint_lines(found or "There is none yet.")])

    async def logs(self) -> None:
        """The end of the journal."""
        self._dialogs.say("Logs", ["Reading the journal."])
        told = await self._ask("logs", lines=LOG_LINES)
        await self._dialogs.read("Logs", str(told.get("text", "")).splitlines() or ["Nothing is noted yet."])

    async def update(self) -> None:
        """A signed bundle on a stick."""
        self._dialogs.say("Update", ["Looking for USB sticks."])
        files = (await self._ask("sticks")).get("files", [])[:8]
        if not files:
            body = [
                "There is no update on any USB stick.",
                "Put the .raucb file on a stick (FAT or ext4) and plug it in.",
            ]
            return await self._dialogs.tell("Update", body)
        names = [f"{file['name']} ({size_of(int(file['size_bytes']))})" for file in files]
        chosen = files[await self._dialogs.choose("Update", ["Which update is to be installed?"], names) - 1]["name"]
        await self._dialogs.confirm("Update", [f"{chosen} will be installed; then the machine restarts into it."])
        await self._doing(
            "Update", "The update is being installed; the page shows how far it is.", "install", file=chosen
        )
        return None

    async def other_version(self) -> None:
        """Back to the version of before, or forward again."""
        slots = self._condition().slots
        others = [slot for slot in slots if slot.state not in ("running", "empty")]
        if not others:
            body = ["There is no other version on this machine.", *map(slot_text, slots)]
            return await self._dialogs.tell("Start the other version", body)
        body = [*map(slot_text, slots), "", f"The machine restarts into {slot_text(others[0])}."]
        await self._dialogs.confirm("Start the other version", body)
        await self._doing("Start the other version", "The machine restarts.", "boot-other-slot")
        return None

    async def reset(self) -> None:
        """Users, or everything."""
        options = (
            "Users: nobody can sign in any more; a new setup code makes an administrator. Recordings stay",
            "Everything: settings, users, certificates and recordings are erased",
        )
        chosen = await self._dialogs.choose(
            "Reset", ["A reset is noted in the journal; that of the users also in the audit log, which stays."], options
        )
        name = self._condition().identity.hostname or "gatehouse"
        body = [options[chosen - 1] + ".", "", f"To do it, type the name of this machine: {name}"]
        typed = await self._dialogs.ask("Reset", body, "Name", partial(exactly, name))
        scope = "users" if chosen == 1 else "everything"
        await self._doing("Reset", "The reset is done; the units restart.", "reset", scope=scope, confirm=typed)

    async def _doing(self, title: str, done: str, verb: str, **arguments: Any) -> None:
        self._dialogs.say(title, ["Please wait."])
        await self._ask(verb, **arguments)
        await self._dialogs.tell(title, [done])


def _settings(now: dict[str, Any]) -> dict[str, Any]:
    """What `set-network` takes, of what `network` says."""
    names = ("mode", "address", "gateway", "dns", "ntp", "hostname")
    return {name: now[name] for name in names if name in now}


def _network_lines(settings: dict[str, Any], condition: Condition | None) -> list[str]:
    by_dhcp = settings.get("mode") != "static"
    lines = [f"Name          {settings.get('hostname') or '-'}"]
    lines.append("Address       by DHCP" if by_dhcp else f"Address       {settings.get('address')}")
    if not by_dhcp:
        lines.append(f"Gateway       {settings.get('gateway') or '-'}")
    lines.append(f"Name servers  {' '.join(settings.get('dns') or ()) or ('by DHCP' if by_dhcp else '-')}")
    if condition is not None:
        lines.append(f"In use now    {' '.join(condition.addresses) or '-'}")
    return lines


async def in_thread(ask: Callable[..., Any], verb: str, **arguments: Any) -> Any:
    """A blocking client, off the event loop."""
    return await asyncio.to_thread(partial(ask, verb, **arguments))
