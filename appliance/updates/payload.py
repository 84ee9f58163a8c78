"""Whether a bundle's payload is what was signed: its hash tree is computed anew (dm-verity, version 1, SHA-256).

RAUC checks the same while it writes; done beforehand, a damaged bundle does not cost the version in the other slot.
"""

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path

from appliance.updates import problems
from appliance.updates.bundle import Bundle

BLOCK_BYTES = 4096
_DIGEST_BYTES = 32
_AT_ONCE = 256  # blocks


class CancelledCheck(Exception):
    """Whoever asked does not want to know any more."""


def check_payload(path: Path, bundle: Bundle, stopped: threading.Event, progress: Callable[[int], None]) -> None:
    """Read the whole payload: blocks for seconds. progress: called with percent.

    Raises ProblemError bundle-tampered, CancelledCheck once `stopped` is set, and OSError.
    """
    salted = hashlib.sha256(bundle.salt)
    if bundle.payload_bytes <= 0 or bundle.payload_bytes % BLOCK_BYTES:
        raise problems.tampered("the payload does not end at a block")
    with path.open("rb") as file:
        level, left = bytearray(), bundle.payload_bytes
        while left:
            if stopped.is_set():
                raise CancelledCheck
            piece = file.read(min(left, _AT_ONCE * BLOCK_BYTES))
            if not piece:
                raise problems.truncated()
            level += _digests(salted, piece)
            left -= len(piece)
            progress(100 * (bundle.payload_bytes - left) // bundle.payload_bytes)
        stored = file.read(bundle.tree_bytes)
    root, tree = _tree(salted, bytes(level))
    if root != bundle.root_hash:
        raise problems.tampered("the payload's root hash is not the signed one")
    if stored != tree:
        raise problems.tampered("the hash tree does not belong to the payload")


def _tree(salted: "hashlib._Hash", level: bytes) -> tuple[bytes, bytes]:
    """The root hash, and the levels above the blocks as they are stored: the top one first, each padded with zeros."""
    levels: list[bytes] = []
    while True:
        padded = level.ljust(-(-len(level) // BLOCK_BYTES) * BLOCK_BYTES, b"\0")
        if len(level) == _DIGEST_BYTES:
            return level, b"".join(reversed(levels))
        levels.append(padded)
        level = bytes(_digests(salted, padded))


def _digests(salted: "hashlib._Hash", blocks: bytes) -> bytearray:
    found = bytearray()
    for at in range(0, len(blocks), BLOCK_BYTES):
        one = salted.copy()
        one.update(blocks[at : at + BLOCK_BYTES])
        found += one.digest()
    return found
