"""M-JPEG over RTP (RFC 2435): baseline types 0, 1, 64, 65 with static or in-band quantisation tables."""

from appliance.media.codecs import jpeg
from appliance.media.depacketise.base import Payload, VideoOut
from appliance.media.model import VideoCodec, VideoFormat

TABLES_IN_BAND = 128
TYPES = frozenset({0, 1, 64, 65})
LARGEST_UNIT_BYTES = 16 * 1024 * 1024
_HEADER_BYTES, _RESTART_BYTES = 8, 4
_LONGEST_HEADERS_BYTES = _HEADER_BYTES + _RESTART_BYTES + 4 + 256
_END_OF_IMAGE = b"\xff\xd9"


class MjpegDepacketiser:
    """Implements Depacketiser. A picture that lost a packet is left out, for half a JPEG helps nobody, and the next one
    is marked as damaged, so that the hole shows.

    size: for pictures wider or higher than the 2040 pixels that the payload's header can tell, from the description.
    """

    def __init__(self, out: VideoOut, size: tuple[int, int] = (0, 0)) -> None:
        self._out = out
        self._described_size = size
        self._image = bytearray()
        self._head_bytes = 0
        self._rtp = -1  # of the picture that has begun; -1: none
        self._whole = False
        self._missed = False
        self._tables: dict[int, bytes] = {}
        self._size = (0, 0)
        self._format: VideoFormat | None = None

    def lost(self) -> None:
        """See Depacketiser."""
        self._whole = False
        self._missed = True

    def push(self, view: Payload, start: int, end: int, rtp: int, marker: int) -> None:
        """See Depacketiser."""
        if rtp != self._rtp:
            if self._rtp >= 0:
                self._finish()
            self._rtp = rtp
        try:
            self._packet(view, start, end)
        except ValueError:
            self._whole = False
            self._missed = True
        if marker:
            self._finish()

    def _packet(self, view: Payload, start: int, end: int) -> None:
        """Raises ValueError where the packet makes no sense."""
        if end - start < _HEADER_BYTES:
            raise ValueError("a header is cut short")
        at = start + _HEADER_BYTES + (_RESTART_BYTES if view[start + 4] & 0xC0 == 0x40 else 0)
        offset = view[start + 1] << 16 | view[start + 2] << 8 | view[start + 3]
        if offset == 0:
            at = start + self._begin(bytes(view[start : min(end, start + _LONGEST_HEADERS_BYTES)]))
        elif not self._whole:
            return
        elif offset != len(self._image) - self._head_bytes or at > end or len(self._image) > LARGEST_UNIT_BYTES:
            raise ValueError("a piece of another picture")
        self._image += view[at:end]

    def _begin(self, head: bytes) -> int:
        """The first packet of a picture: make its JPEG headers; returns how long the payload's headers are."""
        self._whole = False
        kind, quality = head[4], head[5]
        if kind not in TYPES:
            raise ValueError("an unknown type")
        at, restart = _HEADER_BYTES, 0
        if kind >= 64:
            restart, at = int.from_bytes(head[at : at + 2]), at + _RESTART_BYTES
        if quality >= TABLES_IN_BAND:
            tables, at = self._tables_in_band(head, at, quality)
        else:
            tables = jpeg.tables_for_quality(quality)
        if at > len(head):
            raise ValueError("a header is cut short")
        self._size = (head[6] * 8 or self._described_size[0], head[7] * 8 or self._described_size[1])
        if not all(self._size):
            raise ValueError("a picture without a size")
        self._image = bytearray(jpeg.header(kind, *self._size, tables, restart))
        self._head_bytes = len(self._image)
        self._whole = True
        return at

    def _tables_in_band(self, head: bytes, at: int, quality: int) -> tuple[bytes, int]:
        length = int.from_bytes(head[at + 2 : at + 4])
        at += 4
        if length:
            if length not in (64, 128, 256) or at + length > len(head):
                raise ValueError("quantisation tables of a strange length")
            self._tables[quality] = head[at : at + length]
        if quality not in self._tables:
            raise ValueError("quantisation tables that were never sent")
        return self._tables[quality], at + length

    def _finish(self) -> None:
        """The picture has ended: deliver it if nothing of it is missing."""
        rtp, self._rtp = self._rtp, -1
        whole, self._whole = self._whole, False
        if not whole or len(self._image) == self._head_bytes:
            return
        fmt = VideoFormat(VideoCodec.MJPEG, *self._size, b"", "mjpeg")
        if fmt != self._format:
            self._format = fmt
            self._out.video_format(fmt)
        if not self._image.endswith(_END_OF_IMAGE):
            self._image += _END_OF_IMAGE
        damaged, self._missed = self._missed, False
        image, self._image = self._image, bytearray()
        self._out.video_unit(rtp, image, True, damaged)
