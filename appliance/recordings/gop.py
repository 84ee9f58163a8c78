"""From units to fragments, purely: one per GOP, split where a GOP is long, each with the audio of its time."""

from collections import deque

from appliance.core.clock import US_PER_S
from appliance.media.model import AudioFormat, AudioUnit, VideoFormat, VideoUnit
from appliance.recordings.model import Fragment

LONGEST_US = 2 * US_PER_S
MOST_BYTES = 4 * 1024 * 1024
ALL_KEY_US = US_PER_S  # all-intra video (M-JPEG) is grouped by the second
LONGEST_STEP_US = 10 * US_PER_S  # a longer step forward is a break in time
LONGEST_REORDER_US = 2 * US_PER_S  # a longer step back is one as well
_LATE_AUDIO_US = US_PER_S // 2
_MOST_AUDIO_UNITS = 4096
_DEFAULT_FRAME_US = 40_000


class GopBuilder:
    """Feed formats and units in the order they come; a fragment is returned when the unit after it is known.

    Fragments of an unbroken stream tile: one's end_us is the next one's start_us. A break in time (a step of more than
    10 s, or backwards further than reordering goes) ends the fragment where its last frame ends, and what follows
    begins with a key unit; so does everything after `flush`. Units before the first key unit are left out.
    """

    def __init__(self, longest_us: int = LONGEST_US, most_bytes: int = MOST_BYTES) -> None:
        self._longest_us = longest_us
        self._most_bytes = most_bytes
        self._video_format: VideoFormat | None = None
        self._audio_format: AudioFormat | None = None
        self._next_audio_format: AudioFormat | None = None
        self._units: list[VideoUnit] = []
        self._audio: deque[AudioUnit] = deque(maxlen=_MOST_AUDIO_UNITS)
        self._bytes = 0
        self._latest_us = 0
        self._all_key = True
        self._continues = False

    def video_format(self, fmt: VideoFormat) -> Fragment | None:
        """The video format from the next unit on; a change ends the fragment and asks for a key unit."""
        if fmt == self._video_format:
            return None
        fragment = self.flush()
        self._video_format = fmt
        return fragment

    def audio_format(self, fmt: AudioFormat) -> Fragment | None:
        """The audio format from the next audio unit on.

        A change waits for the next key unit, for a segment begins with one; audio is left out until then.
        """
        if self._units and fmt != self._audio_format:
            self._next_audio_format = fmt
        else:
            self._take_audio_format(fmt)
        return None

    def video(self, unit: VideoUnit) -> Fragment | None:
        """The next video unit in decode order."""
        if self._video_format is None:
            return None
        fragment: Fragment | None = None
        if self._units and self._is_break(unit):
            fragment = self.flush()
        elif self._units and self._ends_with(unit):
            fragment = self._cut(unit.time_us)
        if unit.key and not self._units and self._next_audio_format is not None:
            self._take_audio_format(self._next_audio_format)
        if unit.key or self._units or self._continues:
            self._hold(unit)
        return fragment

    def audio(self, unit: AudioUnit) -> None:
        """The next audio unit; it goes into the fragment of its time."""
        if self._audio_format is not None and self._next_audio_format is None:
            self._audio.append(unit)

    def flush(self) -> Fragment | None:
        """The stream ends or breaks here: what is held becomes the last fragment; the next unit must be a key unit."""
        fragment = self._cut(self._latest_us + self._frame_us()) if self._units else None
        self._continues = False
        self._audio.clear()
        return fragment

    def _is_break(self, unit: VideoUnit) -> bool:
        step_us = unit.time_us - self._latest_us
        if unit.key and step_us <= 0:
            return True
        too_big = self._bytes > 4 * self._most_bytes  # only units that run backwards without end come here
        return not -LONGEST_REORDER_US < step_us <= LONGEST_STEP_US or too_big

    def _ends_with(self, unit: VideoUnit) -> bool:
        """Whether `unit` begins the next fragment; never inside a reordered group, so that fragments tile."""
        if unit.time_us <= self._latest_us:
            return False
        length_us = unit.time_us - self._units[0].time_us
        if unit.key and not (self._all_key and length_us < ALL_KEY_US):
            return True
        return length_us >= self._longest_us or self._bytes + len(unit.data) > self._most_bytes

    def _hold(self, unit: VideoUnit) -> None:
        self._latest_us = max(self._latest_us, unit.time_us) if self._units else unit.time_us
        self._units.append(unit)
        self._bytes += len(unit.data)
        self._all_key &= unit.key

    def _cut(self, end_us: int) -> Fragment:
        assert self._video_format is not None
        units = self._units
        start_us = units[0].time_us
        fragment = Fragment(
            self._video_format,
            self._audio_format,
            tuple(units),
            tuple(self._audio_of(start_us, end_us)),
            start_us,
            end_us,
            units[0].key,
            any(unit.damaged for unit in units),
        )
        self._units, self._bytes, self._all_key, self._continues = [], 0, True, True
        return fragment

    def _audio_of(self, start_us: int, end_us: int) -> list[AudioUnit]:
        """Take the audio before end_us. Audio that comes late goes into the next fragment, unless it is the first."""
        earliest_us = start_us - _LATE_AUDIO_US if self._continues else start_us
        taken: list[AudioUnit] = []
        while self._audio and self._audio[0].time_us < end_us:
            unit = self._audio.popleft()
            if unit.time_us >= earliest_us:
                taken.append(unit)
        return taken

    def _take_audio_format(self, fmt: AudioFormat) -> None:
        if fmt != self._audio_format:
            self._audio.clear()
        self._audio_format, self._next_audio_format = fmt, None

    def _frame_us(self) -> int:
        """How long the last frame probably lasts."""
        if len(self._units) > 1:
            return max(1, (self._latest_us - self._units[0].time_us) // (len(self._units) - 1))
        fps = self._video_format.nominal_fps if self._video_format is not None else 0.0
        return round(US_PER_S / fps) if fps > 0 else _DEFAULT_FRAME_US
