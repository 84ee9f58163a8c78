"""Coded units as a faulty camera sends them."""

import random

from hwtests.camera.config import Codec, Faults
from hwtests.camera.encoders import Coded, is_picture
from hwtests.camera.packetise import video_payloads

TRUNCATED_EVERY = 5


def payloads(codec: Codec, unit: Coded, faults: Faults, rng: random.Random) -> list[bytes]:
    """The RTP payloads of a picture under these faults; the shared ones where nothing is wrong with it."""
    truncated = faults.truncated_nal and unit.counter % TRUNCATED_EVERY == 0
    if not truncated and not faults.corrupt_nal:
        return unit.payloads
    parts = list(unit.parts)
    if faults.corrupt_nal:
        parts = [_corrupted(p, rng) if _holds_picture(codec, p) else p for p in parts]
    if truncated:
        parts[-1] = parts[-1][: max(16, len(parts[-1]) // 2)]
    return video_payloads(codec, parts, unit.key)


def _holds_picture(codec: Codec, part: bytes) -> bool:
    if codec in (Codec.H264, Codec.H265):
        return is_picture(part, codec is Codec.H265)
    return len(part) > 700  # the scan of a JPEG, not the markers before it; a frame OBU


def _corrupted(part: bytes, rng: random.Random) -> bytes:
    """One byte in a thousand, at least one, inverted; never the headers."""
    spoilt = bytearray(part)
    first = min(650, len(part) // 2)
    for _ in range(1 + len(part) // 1000):
        spoilt[rng.randrange(first, len(part))] ^= 0xFF
    return bytes(spoilt)
