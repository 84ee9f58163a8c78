"""RTP time laid on the recorder's clock (docs/decisions/recorder-clock.md). Pure: it is given every time it uses."""

from appliance.core.clock import US_PER_S

WINDOW_US = US_PER_S
SLEW_PPM = 500
ALIGN_PPM = 5_000
STEP_US = US_PER_S
JUMP_US = 10 * US_PER_S
_HALF, _WRAP = 1 << 31, 1 << 32


class ClockMap:
    """One track's clock: 32-bit RTP timestamps to UTC microseconds of presentation.

    Anchored to the first arrival, then carried by RTP time. Each second the least delayed arrival says how far the
    camera's sampling clock has drifted from ours; the map follows by at most 500 ppm. A timestamp that jumps by more
    than 10 s, or arrivals that lie more than 1 s off, anchor it anew: `anchors` counts that.
    """

    def __init__(self, rate_hz: int) -> None:
        self.anchors = 0
        self._rate_hz = rate_hz
        self._last_rtp = 0
        self._ticks = 0
        self._offset_us = 0
        self._window_end_us = 0
        self._least_error_us: int | None = None
        self._report: tuple[int, int] | None = None

    def time_us(self, rtp: int, arrival_us: int) -> int:
        """UTC of presentation of the unit with this timestamp, whose last packet arrived at arrival_us."""
        step = (rtp - self._last_rtp + _HALF) % _WRAP - _HALF
        self._last_rtp = rtp
        if not self.anchors or abs(step) > JUMP_US // US_PER_S * self._rate_hz:
            self._anchor(arrival_us)
            return arrival_us
        self._ticks += step
        error_us = arrival_us - self._media_us(self._ticks) - self._offset_us
        if self._least_error_us is None or error_us < self._least_error_us:
            self._least_error_us = error_us
        if arrival_us >= self._window_end_us or arrival_us < self._window_end_us - 2 * WINDOW_US:
            self._follow(arrival_us)
        return self._media_us(self._ticks) + self._offset_us

    def sender_report(self, ntp_us: int, rtp: int) -> None:
        """A sender report (RFC 3550 clause 6.4.1): the camera's wall clock (UTC µs) at an RTP timestamp."""
        if self.anchors:
            step = (rtp - self._last_rtp + _HALF) % _WRAP - _HALF
            self._report = (ntp_us, self._ticks + step)

    def camera_offset_us(self) -> int | None:
        """Our UTC minus the camera's wall clock for the same sample; None before a sender report."""
        if self._report is None:
            return None
        ntp_us, ticks = self._report
        return self._media_us(ticks) + self._offset_us - ntp_us

    def align(self, camera_offset_us: int, elapsed_us: int) -> None:
        """Move towards another track's camera_offset_us, so that both tracks are in step; at most 5,000 ppm."""
        own_us = self.camera_offset_us()
        if own_us is not None:
            self._offset_us += _bounded(camera_offset_us - own_us, elapsed_us * ALIGN_PPM // US_PER_S)

    def _follow(self, arrival_us: int) -> None:
        error_us = self._least_error_us or 0
        if abs(error_us) > STEP_US:
            self.anchors += 1
            self._offset_us += error_us
        else:
            self._offset_us += _bounded(error_us, WINDOW_US * SLEW_PPM // US_PER_S)
        self._least_error_us = None
        self._window_end_us = arrival_us + WINDOW_US

    def _anchor(self, arrival_us: int) -> None:
        self.anchors += 1
        self._ticks = 0
        self._offset_us = arrival_us
        self._least_error_us = None
        self._window_end_us = arrival_us + WINDOW_US
        self._report = None

    def _media_us(self, ticks: int) -> int:
        return ticks * US_PER_S // self._rate_hz


def _bounded(value: int, limit: int) -> int:
    return max(-limit, min(limit, value))
