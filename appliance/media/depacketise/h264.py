"""H.264 over RTP (RFC 6184), packetization modes 0 and 1."""

from appliance.media.codecs import h264
from appliance.media.codecs.bits import BitReader, unescaped
from appliance.media.depacketise.base import Payload, VideoOut
from appliance.media.depacketise.nal import LARGEST_UNIT_BYTES, NalAssembler, NalTraits

STAP_A, FU_A = 24, 28
FU_START, FU_END = 0x80, 0x40
_FU_EDGE = FU_START | FU_END
RECOVERY_POINT = 6

_DROP = NalTraits()
_SPS = NalTraits(parameter_set=True, head=True)
_PPS = NalTraits(parameter_set=True)
_OTHER = NalTraits(keep=True)
_IDR = {first: NalTraits(keep=True, picture=True, first=first, key=True, intra=True) for first in (True, False)}
_SLICE = {
    (first, intra): NalTraits(keep=True, picture=True, first=first, intra=intra)
    for first in (True, False)
    for intra in (True, False)
}
_RECOVERY = NalTraits(keep=True, key=True)
_GRADUAL_RECOVERY = NalTraits(keep=True, key=True, gradual=True)


class H264Depacketiser(NalAssembler):
    """Implements Depacketiser. parameter_sets: NAL units from the session description."""

    def __init__(self, out: VideoOut, parameter_sets: tuple[bytes, ...] = ()) -> None:
        super().__init__(out, h264.ParameterSets(), parameter_sets)

    def push(self, view: Payload, start: int, end: int, rtp: int, marker: int) -> None:
        """See Depacketiser."""
        if rtp != self._rtp:
            self.begin_unit(rtp)
        kind = view[start] & 31 if end > start else 0
        if kind == FU_A and end - start > 1:
            header = view[start + 1]
            if header & _FU_EDGE or self._nal_at < 0:
                self._edge(view, start, end, header)
            else:
                au = self._au
                au += view[start + 2 : end]
                if len(au) > LARGEST_UNIT_BYTES:
                    self.too_large()
        elif 0 < kind < STAP_A:
            self.whole_nal(view, start, end)
        elif kind == STAP_A:
            self.aggregate(view, start + 1, end)
        else:
            self.malformed()
        if marker:
            self.marked()

    def _edge(self, view: Payload, start: int, end: int, header: int) -> None:
        """The first or last fragment of a NAL unit, or one whose beginning is missing."""
        if header & FU_START:
            self.open_nal(bytes((view[start] & 0xE0 | header & 31,)))
        elif self._nal_at < 0:
            self.orphan()
            return
        self._au += view[start + 2 : end]
        if header & FU_END:
            self.close_nal()

    def traits(self, au: bytearray, at: int) -> NalTraits:
        """See NalAssembler."""
        kind = au[at] & 31
        if h264.SLICE <= kind <= h264.IDR:
            return self._slice(kind, au, at)
        if kind in (h264.SPS, h264.PPS):
            return _SPS if kind == h264.SPS else _PPS
        if kind in (h264.AUD, h264.FILLER) or not 0 < kind <= h264.LAST_DEFINED:
            return _DROP
        return _sei(bytes(au[at + 1 :])) if kind == h264.SEI else _OTHER

    def _slice(self, kind: int, au: bytearray, at: int) -> NalTraits:
        first = len(au) > at + 1 and au[at + 1] >= 0x80  # first_mb_in_slice is 0 (7.3.3)
        if kind == h264.IDR:
            return _IDR[first]
        return _SLICE[first, self.intra_is_key and _is_intra(bytes(au[at : at + 24]))]


def _is_intra(head: bytes) -> bool:
    try:
        return h264.slice_header(head)[1]
    except ValueError:
        return False


def _sei(payload: bytes) -> NalTraits:
    frames = recovery_frames(payload)
    if frames is None:
        return _OTHER
    return _GRADUAL_RECOVERY if frames else _RECOVERY


def recovery_frames(payload: bytes) -> int | None:
    """After how many frames a decoder that starts at this SEI shows whole pictures (14496-10 clause D.1.8).

    0 with open GOPs, more with intra refresh; None where the SEI says nothing of it.
    """
    at = 0
    while at + 2 < len(payload):
        kind, at = _sei_number(payload, at)
        size, at = _sei_number(payload, at)
        if kind == RECOVERY_POINT:
            try:
                return BitReader(unescaped(payload[at : at + size])).ue()
            except ValueError:
                return None
        at += size
    return None


def _sei_number(payload: bytes, at: int) -> tuple[int, int]:
    total = 0
    while at < len(payload) and payload[at] == 255:
        total, at = total + 255, at + 1
    return (total + payload[at], at + 1) if at < len(payload) else (total, at)
