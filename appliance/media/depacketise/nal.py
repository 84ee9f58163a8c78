"""Access units of NAL units: what H.264 and H.265 have in common.

The hot path of the whole recorder is the middle fragment of a fragmented NAL unit: a few comparisons and one append.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol

from appliance.media.depacketise.base import Gop, Payload, VideoOut
from appliance.media.model import VideoFormat

LARGEST_UNIT_BYTES = 32 * 1024 * 1024
PATIENCE_UNITS = 300  # without a picture that is marked as an entry, any intra picture is taken for one
_SLICE_HEAD_BYTES = 32
_MOST_CHANGED_BYTES = 64 * 1024


class ParameterSets(Protocol):
    """What a codec makes of its parameter sets."""

    def take(self, nal: bytes) -> bool:
        """Remember a set; whether that changes anything."""
        ...

    def format(self, picture: bytes) -> VideoFormat | None:
        """The format of the picture whose first slice begins so; None while its sets are missing."""
        ...


@dataclass(frozen=True, slots=True)
class NalTraits:
    """What a NAL unit means for its access unit."""

    keep: bool = False  # it belongs into the sample
    parameter_set: bool = False
    head: bool = False  # a parameter set that comes before all else of its unit
    picture: bool = False  # it holds picture data,
    first: bool = False  # from the picture's beginning on
    key: bool = False  # a decoder can start at its picture,
    gradual: bool = False  # though it shows a whole one only some pictures later
    intra: bool = False  # picture data that refers to no other picture


class NalAssembler(ABC):
    """Collects NAL units into access units, each behind a 4-byte length (ISO/IEC 14496-15).

    A unit ends with the marker or, at the latest, when the timestamp changes. A camera that sets the marker inside
    a unit is found out by more picture data of the same timestamp; from then on only the timestamp counts.
    A picture of intra slices alone is an entry too if its parameter sets come with it, or if no other entry came for
    PATIENCE_UNITS.
    """

    def __init__(self, out: VideoOut, sets: ParameterSets, known: tuple[bytes, ...]) -> None:
        self._out = out
        self._sets = sets
        for nal in known:
            sets.take(nal)
        self._au = bytearray()
        self._rtp = -1  # of the unit that has begun; -1: none
        self._nal_at = -1  # where the open fragmented NAL unit begins; -1: none is open
        self._picture_at = -1  # where the first picture data begins; -1: there is none yet
        self._changed_sets = b""
        self._with_head = False
        self._ever_with_head = False
        self._intra = True
        self._units_without_key = 0
        self._key = False
        self._gradual = False
        self._damaged = False
        self._doubtful = False  # something is missing before the unit: perhaps its own beginning
        self._finished_rtp = -1
        self._trust_marker = True
        self._gop = Gop()
        self._format: VideoFormat | None = None

    def lost(self) -> None:
        """See Depacketiser."""
        if self._rtp >= 0:
            self._damaged = True
        else:
            self._doubtful = True
        self._drop_open()

    def begin_unit(self, rtp: int) -> None:
        """A packet of another timestamp arrived."""
        if self._rtp >= 0:
            self._drop_open()
            self.finish_unit()
        self._rtp = rtp

    def marked(self) -> None:
        """A packet with the marker has been taken."""
        if self._trust_marker:
            self._end_open()
            if self._picture_at >= 0:
                self.finish_unit()

    def open_nal(self, header: bytes) -> None:
        """A fragmented NAL unit begins."""
        self._end_open()
        self._nal_at = len(self._au)
        self._au += b"\0\0\0\0"
        self._au += header

    def close_nal(self) -> None:
        """The fragmented NAL unit is complete."""
        at, self._nal_at = self._nal_at, -1
        self._end_nal(at)

    def whole_nal(self, view: Payload, start: int, end: int) -> None:
        """A NAL unit that came in one piece."""
        self._end_open()
        at = len(self._au)
        self._au += b"\0\0\0\0"
        self._au += view[start:end]
        self._end_nal(at)

    def aggregate(self, view: Payload, at: int, end: int) -> None:
        """Several NAL units in one packet, each behind its 16-bit size."""
        while at + 2 <= end:
            size = view[at] << 8 | view[at + 1]
            at += 2
            if at + size > end or not size:
                self.malformed()
                return
            self.whole_nal(view, at, at + size)
            at += size

    def orphan(self) -> None:
        """A fragment without the beginning of its NAL unit: it is left out."""
        self._damaged = True
        self._distrust()

    def malformed(self) -> None:
        """A packet makes no sense: it is left out."""
        self._damaged = True

    def too_large(self) -> None:
        """A unit without an end: give up what there is of it."""
        self._au.clear()
        self._nal_at = self._picture_at = -1
        self._key = self._gradual = False
        self._damaged = True

    def finish_unit(self) -> None:
        """The access unit is complete: deliver it."""
        self._finished_rtp, self._rtp = self._rtp, -1
        if self._picture_at < 0:
            self._doubtful = self._doubtful or self._damaged  # a whole picture may be missing
            self._reset()
            return
        key = self._key or (self._intra and self.intra_is_key)
        self._units_without_key = 0 if key else self._units_without_key + 1
        verdict = self._gop.admit(key=key, damaged=self._damaged or self._lacks(key), whole_later=self._gradual)
        if key:
            self._announce()
        elif self._changed_sets:
            self._au[:0] = self._changed_sets
        self._changed_sets = b""
        if verdict is not None and self._format is not None:
            self._out.video_unit(self._finished_rtp, self._au, key, verdict)
        self._doubtful = False
        self._reset()

    @property
    def intra_is_key(self) -> bool:
        """Whether a picture of intra slices alone would be an entry here."""
        return self._with_head or self._units_without_key >= PATIENCE_UNITS

    def _lacks(self, key: bool) -> bool:
        """Whether the loss before this unit matters: not to a key unit whose beginning is there."""
        return self._doubtful and not (key and (self._with_head or not self._ever_with_head))

    def _reset(self) -> None:
        self._au, self._picture_at, self._with_head, self._intra = bytearray(), -1, False, True
        self._key = self._gradual = self._damaged = False

    def _end_nal(self, at: int) -> None:
        au = self._au
        traits = self.traits(au, at + 4)
        if traits.parameter_set:
            self._take_set(bytes(au[at + 4 :]), traits.head)
        if not traits.keep:
            del au[at:]
            return
        au[at : at + 4] = (len(au) - at - 4).to_bytes(4)
        if traits.picture:
            self._take_picture(at, traits)
        self._key = self._key or traits.key
        self._gradual = self._gradual or traits.gradual
        if len(au) > LARGEST_UNIT_BYTES:
            self.too_large()

    def _take_picture(self, at: int, traits: NalTraits) -> None:
        if self._picture_at < 0:
            self._picture_at = at
            self._damaged = self._damaged or not traits.first
            self._distrust()
        self._intra = self._intra and traits.intra

    def _distrust(self) -> None:
        if self._rtp == self._finished_rtp and self._trust_marker:
            self._trust_marker = False
            self._damaged = True

    def _take_set(self, nal: bytes, head: bool) -> None:
        if head:
            self._with_head = self._ever_with_head = True
        if self._sets.take(nal) and len(self._changed_sets) < _MOST_CHANGED_BYTES:
            self._changed_sets += len(nal).to_bytes(4) + nal

    def _end_open(self) -> None:
        if self._nal_at >= 0:
            self.close_nal()  # nothing was lost and another one follows: its end was not marked

    def _drop_open(self) -> None:
        if self._nal_at >= 0:
            del self._au[self._nal_at :]
            self._nal_at = -1
            self._damaged = True

    def _announce(self) -> None:
        at = self._picture_at + 4
        fmt = self._sets.format(bytes(self._au[at : at + _SLICE_HEAD_BYTES]))
        if fmt is not None and fmt != self._format:
            self._format = fmt
            self._out.video_format(fmt)

    @abstractmethod
    def traits(self, au: bytearray, at: int) -> NalTraits:
        """What the NAL unit au[at:] (never empty) means."""
