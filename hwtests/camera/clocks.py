"""A camera's own idea of the time."""

import time
from dataclasses import dataclass
from email.utils import formatdate

NTP_EPOCH_S = 2_208_988_800
US_PER_S = 1_000_000


def now_us() -> int:
    """True UTC, microseconds since 1970."""
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class CameraClock:
    """True UTC to the camera's UTC: an offset, and a drift that grows from started_us on."""

    started_us: int
    offset_us: int = 0
    drift_ppm: float = 0.0

    def at(self, true_us: int) -> int:
        """What the camera's clock shows at that moment, UTC microseconds."""
        return true_us + self.offset_us + round((true_us - self.started_us) * self.drift_ppm / 1e6)


def to_ntp(utc_us: int) -> int:
    """64-bit NTP timestamp (RFC 3550 section 4)."""
    seconds, micros = divmod(utc_us, US_PER_S)
    return (seconds + NTP_EPOCH_S) % (1 << 32) << 32 | (micros << 32) // US_PER_S


def to_http_date(utc_us: int) -> str:
    """An HTTP date (RFC 9110 5.6.7)."""
    return formatdate(utc_us / US_PER_S, usegmt=True)
