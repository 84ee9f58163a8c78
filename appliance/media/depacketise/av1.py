"""AV1 over RTP (AOM's RTP Payload Format For AV1, v1.0)."""

from appliance.media.codecs import av1
from appliance.media.depacketise.base import Gop, Payload, VideoOut
from appliance.media.model import VideoFormat

CONTINUES, CONTINUED, NEW_SEQUENCE = 0x80, 0x40, 0x08
_LEFT_OUT = (av1.TEMPORAL_DELIMITER, av1.TILE_LIST, av1.PADDING)


class Av1Depacketiser:
    """Implements Depacketiser: temporal units of OBUs with their sizes, without temporal delimiters."""

    def __init__(self, out: VideoOut) -> None:
        self._out = out
        self._unit = bytearray()
        self._open = b""
        self._rtp = -1
        self._key = False
        self._damaged = False
        self._sequence_header = b""
        self._format: VideoFormat | None = None
        self._gop = Gop()

    def lost(self) -> None:
        """See Depacketiser."""
        self._damaged = True
        self._open = b""

    def push(self, view: Payload, start: int, end: int, rtp: int, marker: int) -> None:
        """See Depacketiser."""
        if rtp != self._rtp:
            if self._unit:
                self._finish()
            self._rtp = rtp
        try:
            self._packet(bytes(view[start:end]))
        except (ValueError, IndexError):
            self._damaged = True
            self._open = b""
        if marker:
            self._finish()

    def _packet(self, data: bytes) -> None:
        header = data[0]
        self._key = self._key or bool(header & NEW_SEQUENCE)
        elements = _elements(data, header >> 4 & 3)
        for index, element in enumerate(elements):
            first, last = index == 0, index == len(elements) - 1
            if first and header & CONTINUES:
                if not self._open:
                    self._damaged = True
                    continue
                element = self._open + element  # noqa: PLW2901
            self._open = b""
            if last and header & CONTINUED:
                self._open = element
            elif element:
                self._obu(element)

    def _obu(self, obu: bytes) -> None:
        kind = av1.obu_type(obu[0])
        if kind in _LEFT_OUT:
            return
        sized = av1.with_size(obu)
        if kind == av1.SEQUENCE_HEADER:
            self._key = True
            if sized != self._sequence_header:
                fmt = av1.video_format(sized)
                self._sequence_header, self._format = sized, fmt
                self._out.video_format(fmt)
        self._unit += sized

    def _finish(self) -> None:
        if self._open:
            self._damaged, self._open = True, b""
        unit, key, damaged = self._unit, self._key, self._damaged
        self._unit, self._key, self._damaged = bytearray(), False, False
        if not unit or self._format is None:
            self._damaged = damaged
            return
        verdict = self._gop.admit(key=key, damaged=damaged)
        if verdict is not None:
            self._out.video_unit(self._rtp, unit, key, verdict)


def _elements(data: bytes, count: int) -> list[bytes]:
    """The OBU elements of a packet; count 0: each has its length, else the last one has none."""
    at = 1
    elements: list[bytes] = []
    while at < len(data):
        if count and len(elements) == count - 1:
            elements.append(data[at:])
            break
        size, at = av1.read_leb128(data, at)
        if at + size > len(data):
            raise ValueError("an element reaches past its packet")
        elements.append(data[at : at + size])
        at += size
    return elements
