"""AV1 over RTP (AOM's RTP Payload Format For AV1, v1.0)."""

from appliance.media.codecs import av1
from appliance.media.depacketise.base import Gop, Payload, VideoOut
from appliance.media.model import VideoFormat

CONTINUES, CONTINUED = 0x80, 0x40
LARGEST_UNIT_BYTES = 32 * 1024 * 1024
LARGEST_HEADER_BYTES = 4096
_LEFT_OUT = (av1.TEMPORAL_DELIMITER, av1.TILE_LIST, av1.PADDING)


class Av1Depacketiser:
    """Implements Depacketiser: temporal units of OBUs with their sizes, without temporal delimiters.

    A key unit shows a key frame and has the sequence header in it (put there where the camera leaves it out), as the
    AV1 binding to ISO media files wants its sync samples.
    """

    def __init__(self, out: VideoOut) -> None:
        self._out = out
        self._unit = bytearray()
        self._obu = bytearray()  # what has come of the OBU that reaches into the next packet
        self._open = False
        self._rtp = -1  # of the unit that has begun; -1: none
        self._key: bool | None = None  # None: no frame has come yet
        self._with_header = False
        self._damaged = False
        self._doubtful = False  # something is missing before the unit: perhaps its own beginning
        self._sequence_header = b""
        self._format: VideoFormat | None = None
        self._announced: VideoFormat | None = None
        self._gop = Gop()

    def lost(self) -> None:
        """See Depacketiser."""
        if self._rtp >= 0:
            self._damaged = True
        else:
            self._doubtful = True
        self._drop_open()

    def push(self, view: Payload, start: int, end: int, rtp: int, marker: int) -> None:
        """See Depacketiser."""
        if rtp != self._rtp:
            if self._rtp >= 0:
                self._finish()
            self._rtp = rtp
        try:
            self._packet(view, start, end)
        except ValueError:
            self._damaged = True
            self._drop_open()
        if marker:
            self._finish()

    def _packet(self, view: Payload, start: int, end: int) -> None:
        """Take the OBU elements of a packet (4.4). W 0: each one has its length; else the last one has none."""
        if start >= end:
            raise ValueError("an empty packet")
        header, at = view[start], start + 1
        left = header >> 4 & 3 or -1
        continues = header & CONTINUES
        while at < end:
            size, at = (end - at, at) if left == 1 else av1.read_leb128(view, at, end)
            if at + size > end:
                raise ValueError("an element reaches past its packet")
            self._element(view[at : at + size], continues, header & CONTINUED if at + size == end else 0)
            at += size
            left -= 1
            continues = 0

    def _element(self, part: Payload, continues: int, continued: int) -> None:
        if bool(continues) != self._open:
            self._damaged = True
            self._drop_open()
            if continues:
                return
        self._obu += part
        self._open = bool(continued)
        if not continued:
            obu, self._obu = self._obu, bytearray()
            if obu:
                self._take(obu)
        elif len(self._obu) + len(self._unit) > LARGEST_UNIT_BYTES:
            self._too_large()

    def _take(self, obu: bytearray) -> None:
        """A whole OBU; raises ValueError where it makes no sense."""
        start, end = av1.payload_bounds(obu)
        kind = av1.obu_type(obu[0])
        if kind in _LEFT_OUT:
            return
        sized = av1.with_size(obu)
        if kind == av1.SEQUENCE_HEADER:
            self._take_header(sized)
        elif kind in (av1.FRAME, av1.FRAME_HEADER) and self._key is None and start < end:
            self._key = av1.shows_key_frame(obu[start])
        self._unit += sized
        if len(self._unit) > LARGEST_UNIT_BYTES:
            self._too_large()

    def _take_header(self, sized: bytes) -> None:
        if sized != self._sequence_header:
            if len(sized) > LARGEST_HEADER_BYTES:
                raise ValueError("a sequence header of that size makes no sense")
            self._format, self._sequence_header = av1.video_format(sized), sized
        self._with_header = True

    def _finish(self) -> None:
        if self._open:
            self._damaged = True
            self._drop_open()
        rtp, self._rtp = self._rtp, -1
        if self._key is None:
            self._doubtful = self._doubtful or self._damaged  # a whole picture may be missing
        else:
            self._deliver(rtp, self._key)
            self._doubtful = False
        self._unit, self._key, self._with_header, self._damaged = bytearray(), None, False, False

    def _deliver(self, rtp: int, key: bool) -> None:
        lacking = self._doubtful and not (key and self._with_header)
        verdict = self._gop.admit(key=key, damaged=self._damaged or lacking)
        if key and not self._with_header:
            self._unit[:0] = self._sequence_header
        if key and self._format is not None and self._format != self._announced:
            self._announced = self._format
            self._out.video_format(self._format)
        if verdict is not None and self._announced is not None:
            self._out.video_unit(rtp, self._unit, key, verdict)

    def _drop_open(self) -> None:
        self._open = False
        self._obu.clear()

    def _too_large(self) -> None:
        self._unit.clear()
        self._drop_open()
        self._key = None
        self._damaged = True
