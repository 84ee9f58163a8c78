"""What every depacketiser does, and what it tells."""

from typing import Protocol

from appliance.media.model import AudioFormat, VideoFormat

Payload = memoryview


class VideoOut(Protocol):
    """Where video access units go; rtp is the RTP timestamp."""

    def video_format(self, fmt: VideoFormat) -> None:
        """The format from the next unit on, which is a key unit."""
        ...

    def video_unit(self, rtp: int, data: bytes | bytearray, key: bool, damaged: bool) -> None:
        """The next unit in decode order."""
        ...


class AudioOut(Protocol):
    """Where audio access units go."""

    def audio_format(self, fmt: AudioFormat) -> None:
        """The format from the next unit on."""
        ...

    def audio_unit(self, rtp: int, data: bytes, samples: int) -> None:
        """The next unit; samples per channel at the rate of its format."""
        ...


class Depacketiser(Protocol):
    """Takes payloads in order of sequence numbers; malformed ones damage a unit, they raise nothing."""

    def push(self, view: Payload, start: int, end: int, rtp: int, marker: int) -> None:
        """The payload view[start:end] of the next packet; it is not kept. marker: non-zero if set."""
        ...

    def lost(self) -> None:
        """Packets are missing before the next one."""
        ...


class Gop:
    """Which units may be delivered, and which are damaged: everything behind a loss, up to a whole key unit."""

    __slots__ = ("_before", "_here", "_started")

    def __init__(self) -> None:
        self._started = False
        self._here = False  # damaged since the last key unit
        self._before = False  # damaged before it, and it does not yet show a whole picture

    def admit(self, *, key: bool, damaged: bool, whole_later: bool = False) -> bool | None:
        """Whether the unit is damaged; None: leave it out, no decoder can start yet.

        whole_later: pictures are whole again only some time after this key unit (intra refresh), by the next one.
        """
        if key:
            self._started = True
            self._before = whole_later and self._here
            self._here = damaged
        else:
            self._here = self._here or damaged
        return (self._here or self._before) if self._started else None
