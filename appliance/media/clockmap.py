"""RTP time laid on the recorder's clock (docs/decisions/recorder-clock.md). Pure: it is given every time it uses."""

from appliance.core.clock import US_PER_S

WINDOW_US = US_PER_S
LONGEST_WINDOW_US = 10 * US_PER_S
SLEW_PPM = 500
ALIGN_PPM = 5_000
AHEAD_US = US_PER_S // 10  # nothing arrives before it was taken: a map this far ahead was anchored to a late arrival
AHEAD_SHARE = 10  # of media time, what is taken back until it no longer is
EARLY_US = 3 * US_PER_S  # our clock was set back, by more than B-frames go back: that is a break for all behind us
BURST_US = 10 * US_PER_S  # a camera, or one that passes on its stream, begins with what it has kept: no break
JUMP_US = US_PER_S
BURST_SHARE = 2  # of media time, what is taken back while the map is more than EARLY_US ahead
LATE_US = 10 * US_PER_S  # no connection that stalls for longer is kept
REORDER_US = 2 * US_PER_S  # timestamps that go further back than B-frames started over
STALLED_US = US_PER_S
STALLED_WINDOWS = 3
CATCHING_UP_US = US_PER_S // 10
MOST_SKEW_US = 2 * US_PER_S  # tracks further apart have no wall clock in common
_HALF, _WRAP = 1 << 31, 1 << 32


class ClockMap:
    """One track's clock: 32-bit RTP timestamps to UTC microseconds of presentation.

    Anchored to the first arrival, then carried by RTP time. Each second the least delayed arrival says how far the
    camera's sampling clock has drifted from ours; the map follows by at most 500 ppm, or by a tenth of media time while
    it is more than 100 ms ahead because its first arrival was late, by half of it beyond 3 s. What a stalled connection
    delivers late keeps its time. The result is never more than 10 s from the arrival: timestamps that jump, or a clock
    of ours that is set, anchor the map anew; so do arrivals that stay more than 1 s late for three seconds. `anchors`
    counts that.
    """

    def __init__(self, rate_hz: int) -> None:
        self.anchors = 0
        self._rate_hz = rate_hz
        self._last_rtp = 0
        self._ticks = 0
        self._offset_us = 0
        self._window_us = 0  # when it began
        self._least_error_us: int | None = None
        self._previous_error_us = 0
        self._stalled_windows = 0
        self._ahead_us = 0
        self._last_error_us = 0
        self._report: tuple[int, int] | None = None

    def time_us(self, rtp: int, arrival_us: int) -> int:
        """UTC of presentation of the unit with this timestamp, whose last packet arrived at arrival_us."""
        step = self._step_to(rtp)
        self._last_rtp = rtp
        self._ticks += step
        error_us = arrival_us - self._media_us(self._ticks) - self._offset_us
        back_us = -self._media_us(step)
        if not self.anchors or self._is_jump(error_us) or back_us > REORDER_US:
            self._anchor(arrival_us)
            return arrival_us
        self._last_error_us = error_us
        if self._least_error_us is None or error_us < self._least_error_us:
            self._least_error_us = error_us
        if arrival_us >= self._window_us + WINDOW_US:
            self._follow(self._least_error_us, arrival_us)
        if self._ahead_us and step > 0:
            back = min(self._ahead_us, -back_us // (BURST_SHARE if self._ahead_us > EARLY_US else AHEAD_SHARE))
            self._ahead_us -= back
            self._offset_us -= back
        return self._media_us(self._ticks) + self._offset_us

    def _is_jump(self, error_us: int) -> bool:
        """Whether the times are out of bounds: a burst runs ahead little by little, a set clock does it at once."""
        burst = error_us >= -BURST_US and error_us > self._last_error_us - JUMP_US
        return error_us > LATE_US or (error_us < -EARLY_US and not burst)

    def sender_report(self, ntp_us: int, rtp: int) -> None:
        """A sender report (RFC 3550 clause 6.4.1): the camera's wall clock (UTC µs) at an RTP timestamp."""
        if self.anchors:
            self._report = (ntp_us, self._ticks + self._step_to(rtp))

    def camera_offset_us(self) -> int | None:
        """Our UTC minus the camera's wall clock for the same sample; None before a sender report."""
        if self._report is None:
            return None
        ntp_us, ticks = self._report
        return self._media_us(ticks) + self._offset_us - ntp_us

    def align(self, camera_offset_us: int, elapsed_us: int) -> None:
        """Move towards another track's camera_offset_us, so that both tracks are in step; at most 5,000 ppm.

        Tracks that are more than 2 s apart stay so: their reports are not of one clock.
        """
        own_us = self.camera_offset_us()
        if own_us is not None and abs(camera_offset_us - own_us) <= MOST_SKEW_US:
            self._offset_us += _bounded(camera_offset_us - own_us, elapsed_us * ALIGN_PPM // US_PER_S)

    def _follow(self, error_us: int, arrival_us: int) -> None:
        """A window is over, and this was its least delayed arrival."""
        catching_up = error_us < self._previous_error_us - CATCHING_UP_US
        stalled = error_us > STALLED_US and not catching_up
        self._ahead_us = 0
        self._stalled_windows = self._stalled_windows + 1 if stalled else 0
        if self._stalled_windows >= STALLED_WINDOWS:
            self.anchors += 1
            self._offset_us += error_us
            error_us = self._stalled_windows = 0
        elif error_us < -AHEAD_US:
            self._ahead_us = -error_us
        else:
            length_us = min(arrival_us - self._window_us, LONGEST_WINDOW_US)
            self._offset_us += _bounded(error_us, length_us * SLEW_PPM // US_PER_S)
        self._previous_error_us = error_us
        self._least_error_us = None
        self._window_us = arrival_us

    def _anchor(self, arrival_us: int) -> None:
        self.anchors += 1
        self._ticks = 0
        self._offset_us = arrival_us
        self._window_us = arrival_us
        self._least_error_us = None
        self._previous_error_us = self._stalled_windows = self._ahead_us = self._last_error_us = 0
        self._report = None

    def _step_to(self, rtp: int) -> int:
        """Ticks from the last timestamp to this one, the shorter way round."""
        return (rtp - self._last_rtp + _HALF) % _WRAP - _HALF

    def _media_us(self, ticks: int) -> int:
        return ticks * US_PER_S // self._rate_hz


def _bounded(value: int, limit: int) -> int:
    limit = max(0, limit)
    return max(-limit, min(limit, value))
