"""Manual recording, decided purely: when a person pressed REC, what is recorded (manual: "Manual recording")."""

from dataclasses import dataclass, replace

from appliance.cameras.model import ManualRecording
from appliance.core.clock import US_PER_S


@dataclass(frozen=True, slots=True)
class ManualState:
    """The newest manual recording of a camera, as the half-open interval [from_us, to_us) of UTC.

    from_us includes the prebuffer, to_us the postbuffer; to_us None: no end is known (unlimited). pressed: REC is on.
    """

    from_us: int = 0
    to_us: int | None = 0
    pressed: bool = False

    def wants(self, start_us: int, end_us: int) -> bool:
        """Whether a fragment [start_us, end_us) belongs to the recording."""
        return end_us > self.from_us and (self.to_us is None or start_us < self.to_us)

    def active(self, now_us: int) -> bool:
        """Whether the recording, its postbuffer included, is going on."""
        return self.from_us <= now_us and (self.to_us is None or now_us < self.to_us)


def press(state: ManualState, settings: ManualRecording, now_us: int) -> ManualState:
    """REC was pressed. While a recording goes on it continues, and its maximum duration counts anew."""
    start_us = now_us - settings.prebuffer_s * US_PER_S
    if state.active(now_us):
        start_us = min(start_us, state.from_us)
    return ManualState(start_us, _latest_end(settings, now_us), pressed=True)


def release(state: ManualState, settings: ManualRecording, now_us: int) -> ManualState:
    """REC was released: the postbuffer still follows, unless the maximum duration ends before."""
    if not state.pressed:
        return state
    end_us = now_us + settings.postbuffer_s * US_PER_S
    if state.to_us is not None:
        end_us = min(end_us, state.to_us)
    return replace(state, to_us=end_us, pressed=False)


def expire(state: ManualState, settings: ManualRecording, now_us: int) -> ManualState:
    """Time has passed: the button comes up by itself when the maximum duration is over."""
    if not state.pressed or state.to_us is None:
        return state
    if now_us < state.to_us - settings.postbuffer_s * US_PER_S:
        return state
    return replace(state, pressed=False)


def _latest_end(settings: ManualRecording, now_us: int) -> int | None:
    if settings.max_duration_s == 0:
        return None
    return now_us + (settings.max_duration_s + settings.postbuffer_s) * US_PER_S
