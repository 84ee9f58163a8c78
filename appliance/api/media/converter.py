"""Turns the units of one track into those a browser plays: synchronous, for one worker thread."""

import logging
from collections.abc import Sequence

import av

from appliance.core.errors import ProblemError
from appliance.media.model import AudioFormat, AudioUnit, VideoFormat, VideoUnit
from appliance.media.transcode import AudioTranscoder, VideoTranscoder

log = logging.getLogger(__name__)

_MOST_FAILURES = 5
_SILENT_UNITS = 5  # more than any decoder holds back to put pictures in order


class VideoConverter:
    """A VideoTranscoder that is made anew when libav stumbles. Raises ProblemError "cannot-decode"."""

    def __init__(self, fmt: VideoFormat) -> None:
        self._fmt = fmt
        self._transcoder = VideoTranscoder(fmt)
        self._waits_for_key = False
        self._failures = 0
        self._silent = 0

    @property
    def format(self) -> VideoFormat | None:
        """What comes out; None before the first picture."""
        return self._transcoder.format

    def push(self, units: Sequence[VideoUnit]) -> list[VideoUnit]:
        """The next units; returns those that are ready."""
        out: list[VideoUnit] = []
        for unit in units:
            if self._waits_for_key and not unit.key:
                continue
            if unit.key and self._silent >= _SILENT_UNITS:
                self._transcoder = VideoTranscoder(self._fmt)  # damage can leave libav mute without an error
            try:
                pictures = self._transcoder.push(unit)
            except av.FFmpegError as error:
                self._begin_again(error)
                continue
            self._waits_for_key = False
            self._silent = 0 if pictures else self._silent + 1
            out += pictures
        if out:
            self._failures = 0
        return out

    def flush(self) -> list[VideoUnit]:
        """What is still held; the next unit begins anew."""
        try:
            return self._transcoder.flush()
        except av.FFmpegError:
            return []
        finally:
            self._transcoder = VideoTranscoder(self._fmt)

    def _begin_again(self, error: av.FFmpegError) -> None:
        self._failures += 1
        log.warning("transcoding %s begins again: %s", self._fmt.codec, error)
        if self._failures > _MOST_FAILURES:
            raise cannot_transcode() from error
        self._transcoder = VideoTranscoder(self._fmt)
        self._waits_for_key = True
        self._silent = 0


class AudioConverter:
    """An AudioTranscoder that is made anew when libav stumbles. Raises ProblemError "cannot-decode"."""

    def __init__(self, fmt: AudioFormat) -> None:
        self._fmt = fmt
        self._transcoder = AudioTranscoder(fmt)

    @property
    def format(self) -> AudioFormat:
        """What comes out."""
        return self._transcoder.format

    def push(self, units: Sequence[AudioUnit]) -> list[AudioUnit]:
        """The next units; returns those that are ready."""
        out: list[AudioUnit] = []
        for unit in units:
            try:
                out += self._transcoder.push(unit)
            except av.FFmpegError as error:
                log.warning("transcoding %s begins again: %s", self._fmt.codec, error)
                self._transcoder = AudioTranscoder(self._fmt)
        return out


def cannot_transcode() -> ProblemError:
    """The stream is too broken to be transcoded."""
    return ProblemError(
        "cannot-transcode",
        "The pictures of this camera cannot be decoded",
        remedy="Choose H.264 on the camera, or look whether it sends whole pictures.",
        status=415,
    )
