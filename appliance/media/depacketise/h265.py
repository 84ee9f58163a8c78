"""H.265 over RTP (RFC 7798), without decoding order numbers."""

from appliance.media.codecs import h265
from appliance.media.depacketise.base import Payload, VideoOut
from appliance.media.depacketise.nal import LARGEST_UNIT_BYTES, NalAssembler, NalTraits

AGGREGATION, FRAGMENTATION = 48, 49
FU_START, FU_END = 0x80, 0x40
_FU_EDGE = FU_START | FU_END

_DROP = NalTraits()
_VPS = NalTraits(parameter_set=True, head=True)
_SPS_OR_PPS = NalTraits(parameter_set=True)
_OTHER = NalTraits(keep=True)
_SLICE = {first: NalTraits(keep=True, picture=True, first=first) for first in (True, False)}
_KEY = {first: NalTraits(keep=True, picture=True, first=first, key=True) for first in (True, False)}


class H265Depacketiser(NalAssembler):
    """Implements Depacketiser. parameter_sets: NAL units from the session description."""

    def __init__(self, out: VideoOut, parameter_sets: tuple[bytes, ...] = ()) -> None:
        super().__init__(out, h265.ParameterSets(), parameter_sets)

    def push(self, view: Payload, start: int, end: int, rtp: int, marker: int) -> None:
        """See Depacketiser."""
        if rtp != self._rtp:
            self.begin_unit(rtp)
        kind = view[start] >> 1 & 63 if end - start > 1 else 63
        if kind == FRAGMENTATION and end - start > 2:
            header = view[start + 2]
            if header & _FU_EDGE or self._nal_at < 0:
                self._edge(view, start, end, header)
            else:
                au = self._au
                au += view[start + 3 : end]
                if len(au) > LARGEST_UNIT_BYTES:
                    self.too_large()
        elif kind < AGGREGATION:
            self.whole_nal(view, start, end)
        elif kind == AGGREGATION:
            self.aggregate(view, start + 2, end)
        else:
            self.malformed()
        if marker:
            self.marked()

    def _edge(self, view: Payload, start: int, end: int, header: int) -> None:
        """The first or last fragment of a NAL unit, or one whose beginning is missing."""
        if header & FU_START:
            self.open_nal(bytes((view[start] & 0x81 | (header & 63) << 1, view[start + 1])))
        elif self._nal_at < 0:
            self.orphan()
            return
        self._au += view[start + 3 : end]
        if header & FU_END:
            self.close_nal()

    def traits(self, au: bytearray, at: int) -> NalTraits:
        """See NalAssembler."""
        kind = h265.nal_type(au[at])
        if kind <= h265.LAST_SLICE:
            first = len(au) > at + 2 and au[at + 2] >= 0x80  # first_slice_segment_in_pic_flag (7.3.6.1)
            return _KEY[first] if h265.FIRST_IRAP <= kind <= h265.LAST_IRAP else _SLICE[first]
        if kind in (h265.VPS, h265.SPS, h265.PPS):
            return _VPS if kind == h265.VPS else _SPS_OR_PPS
        return _DROP if kind in (h265.AUD, h265.FILLER) or kind >= AGGREGATION else _OTHER
