"""Runs: the fragments of one picture that lie one behind the other in the receive buffer, taken together.

A picture of 20 KiB comes as about 15 packets of which all but the last are alike: same size, same time, numbers in
sequence. `struct` reads such a run at the speed of C, and it reaches the depacketiser as one long fragment.
"""

import struct
from collections.abc import Callable
from functools import lru_cache

LEAST_FRAME_BYTES = 512
_COUNTED_BYTES = 8  # the interleaved head (RFC 2326 clause 10.12), then RTP's flags, type and sequence number
_SOURCE_BYTES = 8  # RTP's time and SSRC (RFC 3550 clause 5.1)
_H264_FU, _H265_FU = 28, 49
_START, _END = 0x80, 0x40

Continuation = Callable[[bytes], bytes | None]


def h264_continuation(head: bytes) -> bytes | None:
    """How the fragments behind this one begin; None where it is no FU-A, or a last one (RFC 6184 clause 5.8)."""
    if head[0] & 31 != _H264_FU or head[1] & _END:
        return None
    return bytes((head[0], head[1] & ~_START))


def h265_continuation(head: bytes) -> bytes | None:
    """The same of RFC 7798 clause 4.4.3."""
    if head[0] >> 1 & 63 != _H265_FU or head[2] & _END:
        return None
    return bytes((head[0], head[1], head[2] & ~_START))


@lru_cache(maxsize=256)
def layout(head_bytes: int, frame_bytes: int) -> struct.Struct:
    """What differs by one from frame to frame (8 bytes, the sequence number last), what is alike, and the rest."""
    alike = _SOURCE_BYTES + head_bytes
    return struct.Struct(f">Q{alike}s{frame_bytes - _COUNTED_BYTES - alike}s")


class RunReader:
    """Reads runs of one payload format. kind: the first two bytes of its RTP packets without marker."""

    def __init__(self, payload_type: int, head_bytes: int, continuation: Continuation) -> None:
        self._kind = 0x8000 | payload_type
        self._head_bytes = head_bytes
        self._continuation = continuation

    def read(self, view: memoryview, at: int, end: int, frame_bytes: int, number: int, source: bytes) -> list[bytes]:
        """The first fragment's payload head, then the rest of every payload of the run that begins at `at`.

        frame_bytes: of the first frame with its interleaved head. number: the sequence number that is due. source:
        RTP time and SSRC. Empty where there are fewer than two frames of a run; a run ends where numbers wrap.
        """
        frames = layout(self._head_bytes, frame_bytes).iter_unpack(view[at : end - (end - at) % frame_bytes])
        counted, alike, rest = next(frames)
        head = alike[_SOURCE_BYTES:]
        if counted & 0xFFFFFFFF != self._kind << 16 | number or not alike.startswith(source):
            return []
        following = self._continuation(head)
        if following is None:
            return []
        parts, alike = [head, rest], source + following
        for its_counted, its_alike, rest in frames:
            counted += 1
            if its_counted != counted or its_alike != alike:
                break
            parts.append(rest)
        return parts if len(parts) > 2 else []
