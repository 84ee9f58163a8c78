"""The network settings on disk and in force: /run/systemd/network/70-gatehouse.network, the host name, networkd."""

import logging
from dataclasses import dataclass
from pathlib import Path

import msgspec

from appliance.core.durable import write_durably
from appliance.core.errors import ProblemError
from appliance.host.boot import SETTINGS
from appliance.host.disk import CommandError, run
from appliance.host.identity import FALLBACK_NAME, own_identity, set_hostname
from appliance.host.network_settings import NetworkSettings, check_settings, unit_text

log = logging.getLogger(__name__)

UNIT = Path("/run/systemd/network/70-gatehouse.network")
SYSFS_NET = Path("/sys/class/net")
ETHERNET = "1"  # ARPHRD_ETHER
COMMAND_TIMEOUT_S = 20


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What lasts. port: the hardware address of the Ethernet port that was the one when the settings were made."""

    settings: NetworkSettings
    port: str | None = None


@dataclass(frozen=True, slots=True)
class NetworkFiles:
    """Where it is kept, and where systemd-networkd looks."""

    settings: Path = SETTINGS
    unit: Path = UNIT
    ports: Path = SYSFS_NET

    def read(self) -> NetworkSettings:
        """The settings that are kept."""
        return self.kept().settings

    def kept(self) -> Kept:
        """What is kept; the image's own settings where there is nothing, or nothing of use."""
        try:
            found = msgspec.json.decode(self.settings.read_bytes(), type=Kept)
            check_settings(found.settings)
            return found
        except FileNotFoundError:
            return Kept(settings=NetworkSettings())
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, ProblemError) as error:
            log.error("the network settings cannot be read, and DHCP is used: %s", error)
            return Kept(settings=NetworkSettings())

    def keep(self, settings: NetworkSettings) -> None:
        """Keep them over a restart; raises OSError."""
        self.settings.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_durably(self.settings, msgspec.json.encode(Kept(settings=settings, port=main_port(self.ports))))

    def write_unit(self, settings: NetworkSettings, port: str | None) -> None:
        """Tell networkd at its next look; raises OSError."""
        text = unit_text(settings, port)
        if text is None:
            self.unit.unlink(missing_ok=True)
            return
        self.unit.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        partial = self.unit.with_suffix(".new")
        partial.write_text(text)
        partial.chmod(0o644)
        partial.rename(self.unit)


def main_port(ports: Path = SYSFS_NET) -> str | None:
    """The hardware address of the port that a static address goes to: with a cable before without, then by name."""
    found = sorted((_read(port / "carrier") != "1", port.name, _read(port / "address")) for port in _ethernet(ports))
    return found[0][2] or None if found else None


def _ethernet(ports: Path) -> list[Path]:
    if not ports.is_dir():
        return []
    return [port for port in ports.iterdir() if (port / "device").exists() and _read(port / "type") == ETHERNET]


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:  # the carrier of a port that is down
        return ""


def name_of(settings: NetworkSettings) -> str:
    """The host name: the administrator's, or the appliance's own."""
    own = own_identity()
    return settings.hostname or (own.name if own else FALLBACK_NAME)


def at_start(files: NetworkFiles | None = None) -> None:
    """Before networkd starts: the name, and what it is to find. Raises OSError."""
    files = files or NetworkFiles()
    kept = files.kept()
    set_hostname(name_of(kept.settings))
    files.write_unit(kept.settings, kept.port)  # the ports themselves may not be there yet


def put_in_force(settings: NetworkSettings, files: NetworkFiles) -> None:
    """While networkd runs. Raises OSError and CommandError."""
    files.write_unit(settings, main_port(files.ports))
    run("networkctl", "reload", timeout_s=COMMAND_TIMEOUT_S)
    for port in _ethernet(files.ports):
        run("networkctl", "reconfigure", port.name, timeout_s=COMMAND_TIMEOUT_S)
    try:
        run("hostnamectl", "--transient", "set-hostname", name_of(settings), timeout_s=COMMAND_TIMEOUT_S)
    except CommandError as error:
        log.error("the host name changes at the next restart only: %s", error)
