"""H.264 over RTP (RFC 6184), packetization modes 0 and 1."""

from appliance.media.codecs import h264
from appliance.media.depacketise.base import Payload, VideoOut
from appliance.media.depacketise.nal import NalAssembler, NalTraits
from appliance.media.model import VideoFormat

STAP_A, FU_A = 24, 28
FU_START, FU_END = 0x80, 0x40
RECOVERY_POINT = 6

_DROP = NalTraits(keep=False)
_OTHER = NalTraits(keep=True)
_SLICE = NalTraits(keep=True, picture=True)
_IDR = NalTraits(keep=True, picture=True, key=True)
_RECOVERY = NalTraits(keep=True, key=True)


class H264Depacketiser(NalAssembler):
    """Implements Depacketiser. parameter_sets: NAL units from the session description."""

    def __init__(self, out: VideoOut, parameter_sets: tuple[bytes, ...] = ()) -> None:
        super().__init__(out)
        self._sps = b""
        self._pps = b""
        self._stale = True
        self._made: VideoFormat | None = None
        for nal in parameter_sets:
            self._remember(nal)

    def push(self, view: Payload, start: int, end: int, rtp: int, marker: int) -> None:
        """See Depacketiser."""
        if rtp != self._rtp:
            self.begin_unit(rtp)
        kind = view[start] & 31 if end > start else 0
        if kind == FU_A:
            self._fragment(view, start, end)
        elif kind == STAP_A:
            self.aggregate(view, start + 1, end)
        elif 0 < kind < STAP_A:
            self.whole_nal(view, start, end)
        else:
            self._damaged = True
        if marker and self._trust_marker:
            self.finish_unit()

    def _fragment(self, view: Payload, start: int, end: int) -> None:
        if end - start < 2:
            self._damaged = True
            return
        header = view[start + 1]
        if header & FU_START:
            self.open_nal(bytes((view[start] & 0xE0 | header & 31,)))
        elif self._nal_at < 0:
            self._damaged = True
            return
        self._au += view[start + 2 : end]
        if header & FU_END:
            self.close_nal()

    def traits(self, au: bytearray, at: int) -> NalTraits:
        """See NalAssembler."""
        kind = au[at] & 31
        if kind == h264.IDR:
            return _IDR
        if h264.SLICE <= kind < h264.IDR:
            return _SLICE
        if kind in (h264.SPS, h264.PPS):
            self._remember(bytes(au[at:]))
            return _DROP
        if kind == h264.AUD:
            return _DROP
        return _RECOVERY if kind == h264.SEI and has_recovery_point(bytes(au[at + 1 :])) else _OTHER

    def _remember(self, nal: bytes) -> None:
        kind = nal[0] & 31 if nal else 0
        if kind == h264.SPS and nal != self._sps:
            self._sps, self._stale = nal, True
        elif kind == h264.PPS and nal != self._pps:
            self._pps, self._stale = nal, True

    def format(self) -> VideoFormat | None:
        """See NalAssembler."""
        if self._stale and self._sps and self._pps:
            self._stale = False
            try:
                self._made = h264.video_format(self._sps, self._pps)
            except ValueError:
                self._made = None
        return self._made


def has_recovery_point(payload: bytes) -> bool:
    """Whether an SEI says that a decoder may start here (14496-10 clause D.1.8), as open GOPs do."""
    at = 0
    while at + 2 < len(payload):
        kind, at = _sei_number(payload, at)
        size, at = _sei_number(payload, at)
        if kind == RECOVERY_POINT:
            return True
        at += size
    return False


def _sei_number(payload: bytes, at: int) -> tuple[int, int]:
    total = 0
    while at < len(payload) and payload[at] == 255:
        total, at = total + 255, at + 1
    return (total + payload[at], at + 1) if at < len(payload) else (total, at)
