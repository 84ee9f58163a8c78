"""Boxes of ISO/IEC 14496-12 clause 4.2 and descriptors of 14496-1 clause 8.3.3: writing, and bounded reading."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

IDENTITY_TYPE = bytes.fromhex("6a7e5f0c1f3d4bd08d4c47617465686f")  # our uuid box: "Gateho" at its end
HEADER_BYTES = 8
_HEADER = struct.Struct(">I4s")


class MalformedMp4Error(ValueError):
    """Bytes that are not the MP4 they should be."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where a box lies in a buffer: its four-character type, its payload [body, end) and the start of its header."""

    kind: bytes
    start: int
    body: int
    end: int


def box(kind: bytes, *payload: bytes) -> bytes:
    """A box: 32-bit size, type, payload."""
    body = b"".join(payload)
    return _HEADER.pack(HEADER_BYTES + len(body), kind) + body


def full_box(kind: bytes, version: int, flags: int, *payload: bytes) -> bytes:
    """A box with version (8 bits) and flags (24 bits)."""
    return box(kind, struct.pack(">I", version << 24 | flags), *payload)


def descriptor(tag: int, payload: bytes) -> bytes:
    """A descriptor of 14496-1: tag and a size in four 7-bit groups, the form every reader takes."""
    size = len(payload)
    groups = [(size >> shift & 0x7F) | (0x80 if shift else 0) for shift in (21, 14, 7, 0)]
    return bytes([tag, *groups]) + payload


def read_header(data: bytes | bytearray | memoryview, at: int) -> tuple[bytes, int]:
    """Type and whole size in bytes of the box whose header starts at `at`; raises MalformedMp4Error.

    64-bit sizes and "to the end of the file" (sizes 1 and 0) are refused: nothing of ours uses them.
    """
    if at + HEADER_BYTES > len(data):
        raise MalformedMp4Error("a box header is cut off")
    size, kind = _HEADER.unpack_from(data, at)
    if size < HEADER_BYTES:
        raise MalformedMp4Error(f"a box claims {size} bytes")
    return kind, size


def children(data: bytes | bytearray | memoryview, start: int, end: int) -> Iterator[Box]:
    """The boxes that tile data[start:end]; raises MalformedMp4Error where they do not."""
    end = min(end, len(data))
    while start < end:
        kind, size = read_header(data, start)
        if start + size > end:
            raise MalformedMp4Error("a box is longer than what holds it")
        yield Box(kind, start, start + HEADER_BYTES, start + size)
        start += size


def find(data: bytes | bytearray | memoryview, start: int, end: int, *path: bytes) -> Box | None:
    """The first box reached by descending `path` of types from data[start:end], or None."""
    found: Box | None = None
    for kind in path:
        found = next((child for child in children(data, start, end) if child.kind == kind), None)
        if found is None:
            return None
        start, end = found.body, found.end
    return found


def need(data: bytes | bytearray | memoryview, start: int, end: int, *path: bytes) -> Box:
    """Like `find`, but raises MalformedMp4Error where the box is missing."""
    found = find(data, start, end, *path)
    if found is None:
        raise MalformedMp4Error(f"no {b'/'.join(path).decode('latin-1')} box")
    return found


def unpack(layout: struct.Struct, data: bytes | bytearray | memoryview, at: int, end: int) -> tuple[int, ...]:
    """layout.unpack_from within [at, end); raises MalformedMp4Error when it does not fit."""
    if at + layout.size > min(end, len(data)):
        raise MalformedMp4Error("a box is too short for its fields")
    return layout.unpack_from(data, at)
