"""M-JPEG over RTP (RFC 2435): baseline types 0, 1, 64, 65 with static or in-band quantisation tables."""

from appliance.media.codecs import jpeg
from appliance.media.depacketise.base import Payload, VideoOut
from appliance.media.model import VideoCodec, VideoFormat

TABLES_IN_BAND = 128
LARGEST_UNIT_BYTES = 16 * 1024 * 1024


class MjpegDepacketiser:
    """Implements Depacketiser. A picture that lost a packet is left out: half a JPEG helps nobody."""

    def __init__(self, out: VideoOut) -> None:
        self._out = out
        self._scan = bytearray()
        self._head = b""
        self._rtp = -1
        self._whole = False
        self._missed = False
        self._size = (0, 0)
        self._tables: dict[int, bytes] = {}
        self._format: VideoFormat | None = None

    def lost(self) -> None:
        """See Depacketiser."""
        self._whole = False
        self._missed = True

    def push(self, view: Payload, start: int, end: int, rtp: int, marker: int) -> None:
        """See Depacketiser."""
        if rtp != self._rtp:
            self._rtp, self._whole = rtp, False
            self._scan.clear()
        if end - start < 8 or len(self._scan) > LARGEST_UNIT_BYTES:
            self._whole = False
            return
        offset = int.from_bytes(view[start + 1 : start + 4])
        try:
            at = self._headers(bytes(view[start : min(end, start + 272)]), first=offset == 0)
        except ValueError:
            self._whole = False
            return
        if offset != len(self._scan):
            self._whole = False
        if self._whole:
            self._scan += view[start + at : end]
            if marker:
                self._finish()

    def _headers(self, head: bytes, *, first: bool) -> int:
        """Read the headers in front of the scan data; returns their length."""
        kind, quality, width, height = head[4], head[5], head[6] * 8, head[7] * 8
        at, restart = 8, 0
        if 64 <= kind <= 127:
            restart = head[8] << 8 | head[9]
            at = 12
        if not first:
            return at
        if kind & 63 > 1:
            raise ValueError("an unknown type")
        if quality >= TABLES_IN_BAND:
            tables, at = self._tables_in_band(head, at, quality)
        else:
            tables = jpeg.tables_for_quality(quality)
        self._head = jpeg.header(kind, width, height, tables, restart)
        self._size, self._whole = (width, height), True
        self._scan.clear()
        return at

    def _tables_in_band(self, head: bytes, at: int, quality: int) -> tuple[bytes, int]:
        length = head[at + 2] << 8 | head[at + 3] if len(head) >= at + 4 else 0
        at += 4
        if length:
            if length not in (64, 128, 256) or at + length > len(head):
                raise ValueError("quantisation tables of a strange length")
            self._tables[quality] = head[at : at + length]
        if quality not in self._tables:
            raise ValueError("quantisation tables that were never sent")
        return self._tables[quality], at + length

    def _finish(self) -> None:
        self._whole = False
        fmt = VideoFormat(VideoCodec.MJPEG, *self._size, b"", "mjpeg")
        if fmt != self._format:
            self._format = fmt
            self._out.video_format(fmt)
        image = self._head + bytes(self._scan)
        if not image.endswith(b"\xff\xd9"):
            image += b"\xff\xd9"
        damaged, self._missed = self._missed, False
        self._out.video_unit(self._rtp, image, True, damaged)
