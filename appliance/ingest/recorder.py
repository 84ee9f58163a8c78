"""One camera's recording: which fragments are written, why, and which interval is missing for what cause."""

from appliance.cameras.model import RecordingMethods
from appliance.core.clock import US_PER_S
from appliance.ingest.manual import ManualState, expire, press, release
from appliance.ingest.prebuffer import Prebuffer
from appliance.media.model import AudioFormat, AudioUnit, VideoFormat, VideoUnit
from appliance.recordings.gop import GopBuilder
from appliance.recordings.model import Fragment, GapCause, RecordingKind
from appliance.recordings.writer import StreamWriter

NOTHING = RecordingKind(0)
SMALLEST_GAP_US = US_PER_S // 2
ACCOUNT_EVERY_US = 10 * US_PER_S


class Recorder:
    """Turns units into written fragments and gap rows. Everything happens on the event loop and nothing blocks.

    accounted_us is the ledger's edge: up to there every instant is either written or has a gap row with a cause.
    """

    def __init__(
        self,
        methods: RecordingMethods,
        writer: StreamWriter,
        recorded_to_us: int | None,
        missing_because: GapCause = GapCause.RESTART,
    ) -> None:
        self._methods = methods
        self._writer = writer
        self._builder = GopBuilder()
        self._prebuffer = Prebuffer()
        self._manual = ManualState()
        self._accounted_us = recorded_to_us
        self._missing_because = missing_because
        self._unwanted_to_us = 0
        self._stopped = False
        self.damaged_fragments = 0

    @property
    def manual(self) -> ManualState:
        """Where manual recording stands."""
        return self._manual

    def kinds_at(self, now_us: int) -> RecordingKind:
        """Why this camera is being recorded at this instant."""
        kinds = RecordingKind.CONTINUOUS if self._methods.continuous else NOTHING
        return kinds | RecordingKind.MANUAL if self._manual.active(now_us) else kinds

    def configure(self, methods: RecordingMethods) -> None:
        """Other methods from now on; a manual recording that goes on keeps its limits."""
        self._methods = methods

    def press(self, now_us: int) -> None:
        """REC was pressed: what the prebuffer holds is written, what is already on disk is marked."""
        self._manual = press(self._manual, self._methods.manual, now_us)
        self._writer.mark(self._manual.from_us, now_us, RecordingKind.MANUAL)
        for fragment in self._prebuffer.take(self._manual.from_us):
            self._write(fragment, RecordingKind.MANUAL)

    def release(self, now_us: int) -> None:
        """REC was released."""
        self._manual = release(self._manual, self._methods.manual, now_us)

    def tick(self, now_us: int, *, streaming: bool) -> None:
        """Time passes: the button comes up by itself, and a long outage is accounted for while it lasts."""
        self._manual = expire(self._manual, self._methods.manual, now_us)
        if not streaming and self._accounted_us is not None and now_us - self._accounted_us >= ACCOUNT_EVERY_US:
            self._miss_until(now_us)

    def video_format(self, fmt: VideoFormat) -> None:
        """The video format from the next unit on."""
        self._take(self._builder.video_format(fmt))

    def audio_format(self, fmt: AudioFormat) -> None:
        """The audio format from the next unit on."""
        self._take(self._builder.audio_format(fmt))

    def video(self, unit: VideoUnit) -> None:
        """The next video unit."""
        self._take(self._builder.video(unit))

    def audio(self, unit: AudioUnit) -> None:
        """The next audio unit."""
        self._builder.audio(unit)

    def interrupted(self, cause: GapCause, now_us: int) -> None:
        """The source ended: write what is whole, and lay what follows to this cause.

        Where the source gave nothing, what was missing before it was tried keeps its own cause (a restart, say).
        """
        self._take(self._builder.flush())
        if self._missing_because is GapCause.SCHEDULE:
            self._miss_until(self._unwanted_to_us)
        elif self._missing_because is not GapCause.CAMERA:
            self._miss_until(now_us)
        self._prebuffer.clear()
        self._missing_because = cause

    def stop(self, now_us: int, cause: GapCause) -> None:
        """Recording of this camera ends: flush, account, close the segment."""
        self.interrupted(cause, now_us)
        self._miss_until(now_us)
        self._writer.close()
        self._stopped = True

    def _take(self, fragment: Fragment | None) -> None:
        if fragment is None or self._stopped:
            return
        kinds = self._kinds_of(fragment)
        if kinds:
            self._write(fragment, kinds)
        else:
            self._keep(fragment)

    def _keep(self, fragment: Fragment) -> None:
        """Nothing asks for this fragment now; it may yet become the beginning of a manual recording."""
        prebuffer_us = self._methods.manual.prebuffer_s * US_PER_S
        self._prebuffer.push(fragment, prebuffer_us)
        if self._missing_because is not GapCause.SCHEDULE and self._accounted_us is not None:
            self._miss_until(fragment.start_us)
        self._missing_because = GapCause.SCHEDULE
        self._unwanted_to_us = fragment.end_us
        if self._accounted_us is None:
            self._accounted_us = fragment.start_us
        elif fragment.end_us - self._accounted_us >= ACCOUNT_EVERY_US:
            self._miss_until(fragment.end_us - prebuffer_us)

    def _kinds_of(self, fragment: Fragment) -> RecordingKind:
        kinds = RecordingKind.CONTINUOUS if self._methods.continuous else NOTHING
        if self._manual.wants(fragment.start_us, fragment.end_us):
            kinds |= RecordingKind.MANUAL
        return kinds

    def _write(self, fragment: Fragment, kinds: RecordingKind) -> None:
        if self._accounted_us is not None and fragment.start_us - self._accounted_us >= SMALLEST_GAP_US:
            self._miss_until(fragment.start_us)
        self._writer.write(fragment, kinds)
        self._accounted_us = fragment.end_us
        self._missing_because = GapCause.CAMERA
        if fragment.damaged:
            self._note_damage(fragment)

    def _note_damage(self, fragment: Fragment) -> None:
        self.damaged_fragments += 1
        first = next((u.time_us for u in fragment.video if u.damaged), fragment.start_us)
        self._writer.gap(first, fragment.end_us, GapCause.LOSS)

    def _miss_until(self, until_us: int) -> None:
        if self._accounted_us is not None and until_us > self._accounted_us:
            self._writer.gap(self._accounted_us, until_us, self._missing_because)
            self._accounted_us = until_us
