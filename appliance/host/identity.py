"""Who this machine is: a serial number and a name, both from the machine id, which the boot loader keeps.

The machine id itself is told to nobody (machine-id(5)). A reset, a new data partition and an update leave all three as
they are; the same image on another disk is another machine. Standard library only.
"""

import hashlib
import hmac
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from appliance.slots.block_device import block_path, change_variables, read_variables
from appliance.slots.environment_block import BlockError

MACHINE_ID = Path("/etc/machine-id")
HOSTNAME = Path("/proc/sys/kernel/hostname")
VARIABLE = "machine_id"
FALLBACK_NAME = "gatehouse"  # where there is no machine id
SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: nothing that is misread
LENGTH = 10
IN_NAME = 6
_PURPOSE = b"gatehouse serial number"
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Identity:
    """serial: "GH" and ten signs. name: "gatehouse-" and the last six, as a host name."""

    serial: str
    name: str


def identity_of(machine_id: str) -> Identity:
    """The identity of a machine id of 32 hexadecimal digits; raises ValueError for anything else."""
    if not _ID.fullmatch(machine_id):
        raise ValueError("not a machine id")
    digest = hmac.new(bytes.fromhex(machine_id), _PURPOSE, hashlib.sha256).digest()
    number = int.from_bytes(digest[:8], "big")
    signs = "".join(SIGNS[number >> (5 * place) & 31] for place in range(LENGTH))
    return Identity(f"GH{signs}", f"gatehouse-{signs[-IN_NAME:].lower()}")


def own_identity(file: Path = MACHINE_ID) -> Identity | None:
    """This machine's; None where it has no machine id."""
    try:
        return identity_of(file.read_text().strip())
    except (OSError, ValueError):
        return None


def keep_machine_id(file: Path = MACHINE_ID) -> bool:
    """Give the machine id of the first start to the boot loader; returns whether it was new to it.

    A machine without our boot loader keeps its own in /etc.
    """
    machine_id = file.read_text().strip()
    if not _ID.fullmatch(machine_id):
        raise ValueError("not a machine id")
    block = block_path()
    if _ID.fullmatch(read_variables(block).get(VARIABLE, "")):
        return False
    change_variables(block, lambda before: {**before, VARIABLE: machine_id})
    return True


def main() -> None:
    """At the start of the machine: what cannot be kept is said, and holds up nothing."""
    try:
        keep_machine_id()
    except (OSError, ValueError, BlockError) as error:
        print(f"This machine's identity is not kept over a restart: {error}", file=sys.stderr)


def set_hostname(name: str, file: Path = HOSTNAME) -> None:
    """Name the running system; raises OSError."""
    file.write_text(name)
