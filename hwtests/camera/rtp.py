"""RTP packets and RTCP reports of one viewer's track (RFC 3550)."""

import random
import struct
from dataclasses import dataclass

from hwtests.camera.clocks import US_PER_S, CameraClock, to_ntp
from hwtests.camera.config import Faults
from hwtests.camera.encoders import Coded

_HEADER = struct.Struct(">BBHII")
_REPORT = struct.Struct(">BBHIQIII")


@dataclass(frozen=True, slots=True)
class TrackFormat:
    """A track as the SDP tells it. fmtp may be empty."""

    kind: str
    payload_type: int
    encoding: str
    clock_rate_hz: int
    fmtp: str = ""
    marker: bool = True


class RtpTrack:
    """Numbers and stamps the packets that one viewer gets of one track."""

    def __init__(
        self, fmt: TrackFormat, clock: CameraClock, rng: random.Random, sequence: int | None, timestamp: int | None
    ) -> None:
        self.format = fmt
        self.ssrc = rng.getrandbits(32)
        self.sequence = rng.getrandbits(16) if sequence is None else sequence
        self._base = rng.getrandbits(32) if timestamp is None else timestamp
        self._base_us: int | None = None
        self._clock = clock
        self._rng = rng
        self._packets = self._octets = 0

    def timestamp(self, true_us: int, back_s: float = 0.0) -> int:
        """RTP time of a moment: the camera's clock since the first moment asked for, from the random start on."""
        camera_us = self._clock.at(true_us)
        if self._base_us is None:
            self._base_us = camera_us
        ticks = (camera_us - self._base_us) * self.format.clock_rate_hz // US_PER_S
        return (self._base + ticks - round(back_s * self.format.clock_rate_hz)) % (1 << 32)

    def packets(self, unit: Coded, payloads: list[bytes], faults: Faults) -> list[tuple[bytes, bytes]]:
        """(header, payload) of each packet that is sent, in order; lost ones keep their sequence numbers."""
        stamp = self.timestamp(unit.time_us, faults.backward_timestamp_s)
        last, made = len(payloads) - 1, []
        for i, payload in enumerate(payloads):
            marker = 0x80 if i == last and self.format.marker and not faults.no_marker else 0
            sequence, self.sequence = self.sequence, (self.sequence + 1) & 0xFFFF
            self._packets += 1
            self._octets += len(payload)
            if not faults.loss_percent or self._rng.random() * 100 >= faults.loss_percent:
                made.append(
                    (_HEADER.pack(0x80, marker | self.format.payload_type, sequence, stamp, self.ssrc), payload)
                )
        return made

    def report(self, true_us: int, back_s: float = 0.0) -> bytes:
        """A sender report and our name (RFC 3550 6.4.1 and 6.5), by the camera's clock."""
        stamp, ntp = self.timestamp(true_us, back_s), to_ntp(self._clock.at(true_us))
        counts = (self._packets & 0xFFFFFFFF, self._octets & 0xFFFFFFFF)
        return _REPORT.pack(0x80, 200, 6, self.ssrc, ntp, stamp, *counts) + self._name()

    def bye(self) -> bytes:
        """The last packet of the track (RFC 3550 6.6); compound, so an empty receiver report goes first."""
        return struct.pack(">BBHI", 0x80, 201, 1, self.ssrc) + struct.pack(">BBHI", 0x81, 203, 1, self.ssrc)

    def _name(self) -> bytes:
        """An SDES chunk with a CNAME of 9 octets: 4 + 2 + 9 + a null = 16."""
        return struct.pack(">BBHIBB", 0x81, 202, 4, self.ssrc, 1, 9) + b"simulator\x00"
