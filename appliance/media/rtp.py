"""Receiving RTP (RFC 3550): sequence, loss, and the numbers a receiver report needs."""

from dataclasses import dataclass

HEADER_BYTES = 12
RESTART_AFTER = 3000  # a sequence number that is off by more belongs to a sender that started over


@dataclass(slots=True)
class Reception:
    """Counters of one source, updated by `Receiver`."""

    ssrc: int = 0
    highest: int = -1  # extended by cycles
    first: int = 0
    received: int = 0
    lost: int = 0
    jitter: float = 0.0
    sender_report_middle: int = 0
    sender_report_at_us: int = 0
    reported_expected: int = 0
    reported_received: int = 0


def payload_bounds(buffer: bytearray | memoryview | bytes, start: int, end: int) -> tuple[int, int] | None:
    """Where the payload of the packet in [start, end) lies; None when it is not a whole RTP packet of version 2."""
    first = buffer[start] if end - start >= HEADER_BYTES else 0
    if first & 0xC0 != 0x80:
        return None
    at = start + HEADER_BYTES + 4 * (first & 15)
    if first & 0x10:
        if at + 4 > end:
            return None
        at += 4 + 4 * (buffer[at + 2] << 8 | buffer[at + 3])
    if first & 0x20 and end > at:
        end -= buffer[end - 1]
    return (at, end) if at <= end else None


class Sequence:
    """Follows sequence numbers. `step` returns how many packets are missing before this one; -1: drop it (old).

    A sender that started over, or another one, counts as one missing packet: what came before has no end.
    """

    __slots__ = ("reception",)

    def __init__(self) -> None:
        self.reception = Reception()

    def step(self, number: int, ssrc: int) -> int:
        """Take the next packet's sequence number and source."""
        r = self.reception
        if r.highest < 0 or ssrc != r.ssrc:
            first = r.highest < 0
            self._restart(number, ssrc)
            return 0 if first else 1
        ahead = (number - r.highest) & 0xFFFF
        if ahead == 1:
            r.highest += 1
            r.received += 1
            return 0
        if ahead == 0 or ahead > 0x10000 - RESTART_AFTER:
            return -1
        if ahead > RESTART_AFTER:
            self._restart(number, ssrc)
            return 1
        r.highest += ahead
        r.received += 1
        r.lost += ahead - 1
        return ahead - 1

    def _restart(self, number: int, ssrc: int) -> None:
        self.reception = Reception(ssrc=ssrc, highest=number, first=number, received=1, lost=self.reception.lost)
