"""RTCP (RFC 3550 clause 6): sender reports read, receiver reports written."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from appliance.core.clock import US_PER_S
from appliance.media.rtp import Reception

SENDER_REPORT, RECEIVER_REPORT, DESCRIPTION, BYE = 200, 201, 202, 203
NTP_TO_UNIX_S = 2_208_988_800


@dataclass(frozen=True, slots=True)
class SenderReport:
    """The sender's wall clock (UTC µs) at an RTP timestamp; middle: the 32 bits a receiver report repeats."""

    ssrc: int
    ntp_us: int
    rtp: int
    middle: int


@dataclass(frozen=True, slots=True)
class Bye:
    """The sender leaves."""

    ssrc: int


def parse_compound(data: bytes) -> Iterator[SenderReport | Bye]:
    """What matters to us in a compound packet; a malformed rest is passed over."""
    at = 0
    while at + 4 <= len(data):
        first, kind, words = struct.unpack_from(">BBH", data, at)
        end = at + 4 + 4 * words
        if first & 0xC0 != 0x80 or end > len(data):
            return
        if kind == SENDER_REPORT and words >= 6:
            yield _sender_report(data, at)
        elif kind == BYE and words >= 1 and first & 31:
            yield Bye(struct.unpack_from(">I", data, at + 4)[0])
        at = end


def _sender_report(data: bytes, at: int) -> SenderReport:
    ssrc, seconds, fraction, rtp = struct.unpack_from(">IIII", data, at + 4)
    if seconds < 1 << 31:  # NTP's second era begins in 2036
        seconds += 1 << 32
    ntp_us = (seconds - NTP_TO_UNIX_S) * US_PER_S + (fraction * US_PER_S >> 32)
    return SenderReport(ssrc, ntp_us, rtp, (seconds & 0xFFFF) << 16 | fraction >> 16)


def receiver_report(own_ssrc: int, reception: Reception, now_us: int) -> bytes:
    """A receiver report with its SDES CNAME, and the interval's counters moved on."""
    expected = reception.highest - reception.first + 1
    interval_expected = expected - reception.reported_expected
    interval_lost = interval_expected - (reception.received - reception.reported_received)
    fraction = max(0, min(255, 256 * interval_lost // interval_expected)) if interval_expected > 0 else 0
    reception.reported_expected, reception.reported_received = expected, reception.received
    delay = 0
    if reception.sender_report_middle:
        delay = max(0, now_us - reception.sender_report_at_us) * 65536 // US_PER_S
    block = struct.pack(
        ">IIIIII",
        reception.ssrc,
        fraction << 24 | min(max(reception.lost, 0), 0x7FFFFF),
        reception.highest & 0xFFFFFFFF,
        int(reception.jitter),
        reception.sender_report_middle,
        min(delay, 0xFFFFFFFF),
    )
    return struct.pack(">BBHI", 0x81, RECEIVER_REPORT, 7, own_ssrc) + block + _description(own_ssrc)


def _description(ssrc: int) -> bytes:
    name = b"gatehouse"
    item = bytes([1, len(name)]) + name + b"\x00"
    item += b"\x00" * (-len(item) % 4)
    return struct.pack(">BBHI", 0x81, DESCRIPTION, 1 + len(item) // 4, ssrc) + item
