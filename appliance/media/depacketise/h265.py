"""H.265 over RTP (RFC 7798), without decoding order numbers."""

from appliance.media.codecs import h265
from appliance.media.depacketise.base import Payload, VideoOut
from appliance.media.depacketise.nal import NalAssembler, NalTraits
from appliance.media.model import VideoFormat

AGGREGATION, FRAGMENTATION = 48, 49
FU_START, FU_END = 0x80, 0x40

_DROP = NalTraits(keep=False)
_OTHER = NalTraits(keep=True)
_SLICE = NalTraits(keep=True, picture=True)
_KEY = NalTraits(keep=True, picture=True, key=True)


class H265Depacketiser(NalAssembler):
    """Implements Depacketiser. parameter_sets: NAL units from the session description."""

    def __init__(self, out: VideoOut, parameter_sets: tuple[bytes, ...] = ()) -> None:
        super().__init__(out)
        self._sets: dict[int, bytes] = {}
        self._stale = True
        self._made: VideoFormat | None = None
        for nal in parameter_sets:
            if len(nal) > 2:
                self._remember(h265.nal_type(nal[0]), nal)

    def push(self, view: Payload, start: int, end: int, rtp: int, marker: int) -> None:
        """See Depacketiser."""
        if rtp != self._rtp:
            self.begin_unit(rtp)
        kind = h265.nal_type(view[start]) if end - start > 2 else 63
        if kind == FRAGMENTATION:
            self._fragment(view, start, end)
        elif kind == AGGREGATION:
            self.aggregate(view, start + 2, end)
        elif kind < AGGREGATION:
            self.whole_nal(view, start, end)
        else:
            self._damaged = True
        if marker and self._trust_marker:
            self.finish_unit()

    def _fragment(self, view: Payload, start: int, end: int) -> None:
        header = view[start + 2]
        if header & FU_START:
            self.open_nal(bytes((view[start] & 0x81 | (header & 63) << 1, view[start + 1])))
        elif self._nal_at < 0:
            self._damaged = True
            return
        self._au += view[start + 3 : end]
        if header & FU_END:
            self.close_nal()

    def traits(self, au: bytearray, at: int) -> NalTraits:
        """See NalAssembler."""
        kind = h265.nal_type(au[at])
        if kind <= h265.LAST_SLICE:
            return _KEY if h265.FIRST_IRAP <= kind <= h265.LAST_IRAP else _SLICE
        if kind in (h265.VPS, h265.SPS, h265.PPS):
            self._remember(kind, bytes(au[at:]))
            return _DROP
        return _DROP if kind == h265.AUD else _OTHER

    def _remember(self, kind: int, nal: bytes) -> None:
        if self._sets.get(kind) != nal:
            self._sets[kind], self._stale = nal, True

    def format(self) -> VideoFormat | None:
        """See NalAssembler."""
        if self._stale and len(self._sets) >= 3:
            self._stale = False
            try:
                self._made = h265.video_format(*(self._sets[k] for k in (h265.VPS, h265.SPS, h265.PPS)))
            except (ValueError, KeyError):
                self._made = None
        return self._made
