"""What may be typed after `gatehouse`. docs/reference/cli.md describes all of it; a test holds the two together."""

import argparse
from dataclasses import dataclass
from typing import TypeAlias

DESCRIPTION = "Look after this Gatehouse appliance. Without an installed one it works on the folder GATEHOUSE_DATA."
EPILOG = """exit status:
  0  done
  1  a problem, which is printed with its remedy
  2  the command line is not understood
  3  this machine cannot do it: it is no installed appliance, or there is no terminal
  4  this user may not do it: run it as root
  5  done, and something is not well (status, audit verify, backup create)"""
SCOPES = ("users", "everything")


@dataclass(frozen=True, slots=True)
class Handler:
    """Where a command is carried out: `appliance.cli.MODULE.FUNCTION`, imported only when it is asked for."""

    module: str
    function: str


Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="gatehouse",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _looking(commands)
    _running(commands)
    _keeping(commands)
    _setting(commands)
    return parser


def _looking(commands: Commands) -> None:
    status = _command(commands, "status", "how the appliance is", "status", "show")
    _json(status)
    version = _command(commands, "version", "which version this is", "status", "version")
    _json(version)
    logs = _command(commands, "logs", "what the units noted", "logs", "show")
    logs.add_argument("--unit", metavar="NAME", help="only this unit's, such as api or ingest@0")
    logs.add_argument("--since", metavar="TIME", default=None, help="RFC 3339, or how long ago: 30min, 2h, 1d")
    logs.add_argument("--lines", metavar="N", type=int, default=200, help="at most the last N lines (200)")
    logs.add_argument("--follow", "-f", action="store_true", help="go on until interrupted")
    console = _command(commands, "console", "the menu of the screen and the serial line", "status", "console")
    console.add_argument("--recovery", action="store_true", help="the menu of a machine that could not start")
    slots = _command(commands, "slots", "the two places a version is installed in", "status", "slots")
    _json(slots)
    audit = _group(commands, "audit", "the audit log")
    _json(_command(audit, "verify", "whether anybody changed the audit log", "audit", "verify"))


def _running(commands: Commands) -> None:
    _command(commands, "restart", "restart the units; recording pauses for seconds", "service", "restart")
    _yes(_command(commands, "reboot", "restart the machine", "service", "reboot"))
    _yes(_command(commands, "power-off", "switch the machine off", "service", "power_off"))
    reset = _command(commands, "reset", "forget the users, or everything", "service", "reset")
    reset.add_argument("--scope", required=True, choices=SCOPES, help="users: settings and recordings stay")
    reset.add_argument("--confirm", metavar="HOSTNAME", help="this machine's name; asked for where it is left out")


def _keeping(commands: Commands) -> None:
    backup = _group(commands, "backup", "copies of the settings, users and certificates")
    create = _command(backup, "create", "make one now", "backups", "create")
    create.add_argument(
        "--kind", choices=("user", "nightly", "before-update"), default="user", help="what it is noted as"
    )
    create.add_argument(
        "--password-file", metavar="FILE", help="encrypt it with what FILE holds (- for standard input)"
    )
    _json(create)
    _json(_command(backup, "list", "those there are, newest first", "backups", "show"))
    restore = _command(backup, "restore", "check one, and put it in place of what is now", "backups", "restore")
    restore.add_argument("file", metavar="FILE", help="a file, or the name of one in the list")
    restore.add_argument("--password-file", metavar="FILE", help="what it was encrypted with (- for standard input)")
    _yes(restore)
    bundle = _command(commands, "support-bundle", "what somebody helping needs, without any secret", "support", "write")
    bundle.add_argument("file", metavar="FILE", help="the .zip to write")


def _setting(commands: Commands) -> None:
    certificates = _group(commands, "certificates", "the page's certificate")
    _json(_command(certificates, "show", "its fingerprint, names and last day", "certificates", "show"))
    _yes(_command(certificates, "rotate", "make a new one under the same authority", "certificates", "rotate"))
    network = _group(commands, "network", "addresses and name")
    _json(_command(network, "show", "as they are set, and as they are", "network", "show"))
    change = _command(network, "set", "change what is given; the rest stays", "network", "change")
    change.add_argument("--mode", choices=("dhcp", "static"), help="dhcp: an address from the network's own server")
    change.add_argument("--address", metavar="ADDRESS/LENGTH", help="such as 192.0.2.10/24; implies --mode static")
    change.add_argument("--gateway", metavar="ADDRESS", help="where everything else is")
    change.add_argument("--dns", metavar="ADDRESS", nargs="*", help="name servers")
    change.add_argument("--ntp", metavar="HOST", nargs="*", help="time servers")
    change.add_argument("--hostname", metavar="NAME", help="this machine's name")
    _command(network, "confirm", "keep new addresses, which are changed back otherwise", "network", "confirm")
    updates = _group(commands, "updates", "new versions")
    _json(_command(updates, "status", "what runs, what is being installed, what is offered", "updates", "show"))
    install = _command(updates, "install", "install a signed bundle", "updates", "install")
    install.add_argument("file", metavar="FILE", help="a .raucb file")
    _command(updates, "check", "ask the source of updates what it offers", "updates", "check")


def _group(commands: Commands, name: str, help_text: str) -> Commands:
    group = commands.add_parser(name, help=help_text, description=_sentence(help_text), allow_abbrev=False)
    return group.add_subparsers(title="commands", metavar="COMMAND", required=True)


def _command(commands: Commands, name: str, help_text: str, module: str, function: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=help_text, description=_sentence(help_text), allow_abbrev=False)
    command.set_defaults(handler=Handler(module, function))
    return command


def _json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="as JSON, for programs")


def _yes(command: argparse.ArgumentParser) -> None:
    command.add_argument("--yes", "-y", action="store_true", help="do not ask first")


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."
