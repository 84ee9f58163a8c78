"""H.264 byte streams (ISO/IEC 14496-10 annex B), as far as the benches need them; no code of the appliance."""

import itertools
import re
from collections.abc import Iterator

SLICE_TYPES = (1, 5)
NOT_IN_SAMPLES = (7, 8, 9, 12)  # parameter sets, delimiters and filler are not stored in an MP4 sample (14496-15)


def nal_units(stream: bytes) -> Iterator[bytes]:
    """NAL units with their start codes."""
    starts = [m.start() for m in re.finditer(b"\x00\x00\x00?\x01", stream)] + [len(stream)]
    return (stream[start:end] for start, end in itertools.pairwise(starts))


def body(nal: bytes) -> bytes:
    """A NAL unit without its start code and the zeros behind it."""
    return nal[3 if nal[2] == 1 else 4 :].rstrip(b"\x00")


def access_units(stream: bytes) -> list[bytes]:
    """Split a stream into access units: one begins at a parameter set, or at the slice with macroblock 0."""
    units: list[bytes] = []
    current = b""
    seen_slice = False
    for nal in nal_units(stream):
        head = body(nal)
        is_slice = head[0] & 31 in SLICE_TYPES
        begins = (is_slice and head[1] & 0x80) or head[0] & 31 in (6, 7, 9)
        if seen_slice and begins:
            units.append(current)
            current, seen_slice = b"", False
        current += nal
        seen_slice = seen_slice or is_slice
    return [*units, current]


def sample(unit: bytes) -> bytes:
    """An access unit as an MP4 sample holds it: NAL units behind 4-byte lengths."""
    kept = [body(nal) for nal in nal_units(unit)]
    return b"".join(len(nal).to_bytes(4) + nal for nal in kept if nal[0] & 31 not in NOT_IN_SAMPLES)
