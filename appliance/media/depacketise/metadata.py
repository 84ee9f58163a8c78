"""ONVIF metadata over RTP (ONVIF Streaming Specification 5.1.2.1.1): XML documents that end with the marker."""

from collections.abc import Callable

from appliance.media.depacketise.base import Payload

LARGEST_DOCUMENT_BYTES = 4 * 1024 * 1024
_DECLARATION = b"<?xml"


class MetadataDepacketiser:
    """Implements Depacketiser; a document with a hole is left out. out(rtp, document)."""

    def __init__(self, out: Callable[[int, bytes], None]) -> None:
        self._out = out
        self._document = bytearray()
        self._whole = True

    def lost(self) -> None:
        """See Depacketiser."""
        self._whole = False

    def push(self, view: Payload, start: int, end: int, rtp: int, marker: int) -> None:
        """See Depacketiser."""
        if not self._whole and view[start : min(end, start + len(_DECLARATION))] == _DECLARATION:
            self._document.clear()  # only the end of the document before was lost
            self._whole = True
        if self._whole:
            self._document += view[start:end]
            if len(self._document) > LARGEST_DOCUMENT_BYTES:
                self._whole = False
        if not self._whole:
            self._document.clear()
        if marker:
            if self._document:
                self._out(rtp, bytes(self._document))
            self._document.clear()
            self._whole = True
