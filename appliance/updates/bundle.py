"""What a bundle says of itself, after RAUC has checked its signature; everything else is refused with its cause.

A verity bundle is a squashfs, the hash tree over it, a CMS signature that holds the signed manifest, and its length in
8 bytes (RAUC manual, "Bundle Formats").
"""

import asyncio
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from appliance.core.errors import ProblemError
from appliance.updates import problems
from appliance.updates.program import run_program

INFO_TIMEOUT_S = 60.0
_SQUASHFS_MAGIC = b"hsqs"
_SUPERBLOCK_BYTES = 96
_USED_AT = 40  # where a squashfs superblock says how long the file system is
_BLOCK_BYTES = 4096
_LENGTH_BYTES = 8
_LEAST_SIGNATURE_BYTES = 64
_FIELD = re.compile(r"^ *(Compatible|Version|Verity Salt|Verity Hash|Verity Size): *\t'?([^'\n]*)'?$", re.MULTILINE)
_FOREIGN = "Verify error:"  # OpenSSL's word for a chain that leads to no trusted authority, or is for another purpose


@dataclass(frozen=True, slots=True)
class Bundle:
    """The signed facts. tree_bytes: of the hash tree; the payload before it ends at payload_bytes."""

    compatible: str
    version: str
    payload_bytes: int
    tree_bytes: int
    root_hash: bytes
    salt: bytes


async def inspect(path: Path, configuration: Path) -> Bundle:
    """Check form and signature, not yet the payload. configuration: RAUC's system.conf; it names the trusted keys.

    Raises ProblemError: not-a-bundle, bundle-truncated, bundle-unsigned, bundle-foreign, bundle-tampered.
    """
    end_of_tree = await asyncio.to_thread(_check_form, path)
    done = await run_program(("rauc", f"--conf={configuration}", "info", str(path)), INFO_TIMEOUT_S)
    if done.status != 0:
        raise _refused(done.complaints)
    return _facts(done.said, end_of_tree)


def _check_form(path: Path) -> int:
    """Where the hash tree ends. Raises ProblemError for what cannot be a whole bundle."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_SUPERBLOCK_BYTES)
        file.seek(max(0, size - _LENGTH_BYTES))
        tail = file.read(_LENGTH_BYTES)
    if not head.startswith(_SQUASHFS_MAGIC[: len(head)]) or not head:
        raise problems.no_bundle()
    if len(head) < _SUPERBLOCK_BYTES:
        raise problems.truncated()
    (used,) = struct.unpack_from("<Q", head, _USED_AT)
    payload = -(-used // _BLOCK_BYTES) * _BLOCK_BYTES
    if size < payload:
        raise problems.truncated()
    if size == payload:
        raise problems.unsigned()
    (signature,) = struct.unpack(">Q", tail)
    if not _LEAST_SIGNATURE_BYTES <= signature <= size - payload - _LENGTH_BYTES:
        raise problems.truncated()
    return size - int(signature) - _LENGTH_BYTES


def _refused(complaints: str) -> ProblemError:
    last = complaints.strip().rpartition("\n")[2]
    if _FOREIGN in complaints:
        return problems.foreign(last)
    if "signature verification failed" in complaints:
        return problems.tampered(last)
    if "verity" in complaints or "not configured as supported" in complaints:
        return problems.unsigned()
    return problems.not_installed(last)


def _facts(said: str, end_of_tree: int) -> Bundle:
    fields = dict(_FIELD.findall(said))
    try:
        tree_bytes = int(fields["Verity Size"])
        return Bundle(
            compatible=fields["Compatible"],
            version=fields["Version"],
            payload_bytes=end_of_tree - tree_bytes,
            tree_bytes=tree_bytes,
            root_hash=bytes.fromhex(fields["Verity Hash"]),
            salt=bytes.fromhex(fields["Verity Salt"]),
        )
    except (KeyError, ValueError):
        raise problems.not_installed("rauc info says nothing of the payload's hash") from None
