"""Access units of NAL units: what H.264 and H.265 have in common.

The hot path of the whole recorder is the middle fragment of a fragmented NAL unit: one comparison and one append.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from appliance.media.depacketise.base import Gop, Payload, VideoOut
from appliance.media.model import VideoFormat

LARGEST_UNIT_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class NalTraits:
    """What a NAL unit means for its access unit."""

    keep: bool  # it belongs into the sample
    picture: bool = False  # it holds picture data
    key: bool = False  # a decoder can start at its picture


class NalAssembler(ABC):
    """Collects NAL units into access units, each behind a 4-byte length (ISO/IEC 14496-15).

    A unit ends with the marker or, at the latest, when the timestamp changes. A camera that sets the marker inside
    a unit is found out by the next packet of the same timestamp; from then on only the timestamp counts.
    """

    def __init__(self, out: VideoOut) -> None:
        self._out = out
        self._au = bytearray()
        self._rtp = -1
        self._nal_at = -1  # where the open fragmented NAL unit begins; -1: none is open
        self._picture = False
        self._key = False
        self._damaged = False
        self._finished_rtp = -1
        self._trust_marker = True
        self._gop = Gop()
        self._format: VideoFormat | None = None

    def lost(self) -> None:
        """See Depacketiser."""
        self._damaged = True
        self._drop_open()

    def begin_unit(self, rtp: int) -> None:
        """A packet of another timestamp arrived."""
        if self._au or self._damaged:
            self.finish_unit()
        self._rtp = rtp
        if rtp == self._finished_rtp and self._trust_marker:
            self._trust_marker = False
            self._damaged = True

    def open_nal(self, header: bytes) -> None:
        """A fragmented NAL unit begins."""
        self._drop_open()
        self._nal_at = len(self._au)
        self._au += b"\0\0\0\0"
        self._au += header

    def close_nal(self) -> None:
        """The fragmented NAL unit is complete."""
        at, self._nal_at = self._nal_at, -1
        self._end_nal(at)

    def whole_nal(self, view: Payload, start: int, end: int) -> None:
        """A NAL unit that came in one piece."""
        if end <= start:
            self._damaged = True
            return
        at = len(self._au)
        self._au += b"\0\0\0\0"
        self._au += view[start:end]
        self._end_nal(at)

    def aggregate(self, view: Payload, at: int, end: int) -> None:
        """Several NAL units in one packet, each behind its 16-bit size."""
        while at + 2 <= end:
            size = view[at] << 8 | view[at + 1]
            at += 2
            if at + size > end:
                self._damaged = True
                return
            self.whole_nal(view, at, at + size)
            at += size

    def finish_unit(self) -> None:
        """The access unit is complete: deliver it."""
        self._drop_open()
        au, picture, key, damaged = self._au, self._picture, self._key, self._damaged
        self._au, self._picture, self._key, self._damaged = bytearray(), False, False, False
        self._finished_rtp, self._rtp = self._rtp, -1
        if not picture:
            self._damaged = damaged  # the loss may have taken a whole picture away
            return
        if key:
            self._announce()
        verdict = self._gop.admit(key=key, damaged=damaged)
        if verdict is not None and self._format is not None:
            self._out.video_unit(self._finished_rtp, au, key, verdict)

    def _end_nal(self, at: int) -> None:
        au = self._au
        traits = self.traits(au, at + 4)
        if not traits.keep:
            del au[at:]
            return
        au[at : at + 4] = (len(au) - at - 4).to_bytes(4)
        self._picture = self._picture or traits.picture
        self._key = self._key or traits.key
        if len(au) > LARGEST_UNIT_BYTES:
            self._damaged = True
            au.clear()

    def _drop_open(self) -> None:
        if self._nal_at >= 0:
            del self._au[self._nal_at :]
            self._nal_at = -1
            self._damaged = True

    def _announce(self) -> None:
        fmt = self.format()
        if fmt is not None and fmt != self._format:
            self._format = fmt
            self._out.video_format(fmt)

    @abstractmethod
    def traits(self, au: bytearray, at: int) -> NalTraits:
        """What the NAL unit au[at:] means; parameter sets are remembered here."""

    @abstractmethod
    def format(self) -> VideoFormat | None:
        """The format of the newest parameter sets; None while they are missing or make no sense."""
