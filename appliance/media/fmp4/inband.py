"""Parameter sets in front of a key frame, for players that do not follow a change of sample description.

libav (and with it Chromium's and ffmpeg's file playback) decodes a fragmented track with its first description alone.
"""

import struct

from appliance.media.fmp4.boxes import MalformedMp4Error, read_header
from appliance.media.fmp4.fragment import PATCHED_BYTES, PRFT_BYTES
from appliance.media.model import VideoCodec, VideoFormat

_FLAGS_AT = PATCHED_BYTES + 8
_FIRST_ROW = PATCHED_BYTES + 20  # behind size, type, flags, count and data offset of trun
_DEFAULT_SIZE_AT = 56  # in tfhd
_FIRST_FLAGS, _DURATION, _SIZE = 0x4, 0x100, 0x200


def parameter_sets(fmt: VideoFormat) -> bytes:
    """The parameter sets of avcC or hvcC (14496-15), each behind a 4-byte length; none for other codecs.

    Raises MalformedMp4Error.
    """
    try:
        if fmt.codec is VideoCodec.H264:
            return _from_avcc(fmt.config)
        return _from_hvcc(fmt.config) if fmt.codec is VideoCodec.H265 else b""
    except (IndexError, struct.error) as error:
        raise MalformedMp4Error("a decoder configuration is cut off") from error


def prefix_first_sample(head: bytes, prefix: bytes) -> bytes:
    """[prft] moof and mdat header of a fragment of ours whose first sample becomes longer by `prefix`, then `prefix`.

    Fragments of several samples of one size stay as they are. Raises MalformedMp4Error.
    """
    at = PRFT_BYTES if head[4:8] == b"prft" else 0
    kind, moof_size = read_header(head, at)
    if kind != b"moof" or len(head) != at + moof_size + 8:
        raise MalformedMp4Error("not the head of a fragment")
    flags, count = struct.unpack_from(">II", head, at + _FLAGS_AT)
    if flags & _SIZE:
        size_at = at + _FIRST_ROW + 4 * bool(flags & _FIRST_FLAGS) + 4 * bool(flags & _DURATION)
    elif count == 1:
        size_at = at + _DEFAULT_SIZE_AT
    else:
        return head
    longer = bytearray(head)
    for place in (size_at, at + moof_size):
        struct.pack_into(">I", longer, place, struct.unpack_from(">I", head, place)[0] + len(prefix))
    return bytes(longer) + prefix


def _from_avcc(config: bytes) -> bytes:
    """Clause 5.3.3.1: five bytes, then counted SPS, then counted PPS."""
    out, at = bytearray(), 5
    for mask in (0x1F, 0xFF):
        count, at = config[at] & mask, at + 1
        at = _take(config, at, count, out)
    return bytes(out)


def _from_hvcc(config: bytes) -> bytes:
    """Clause 8.3.3.1: 22 bytes, then arrays of one type each, counted with 16 bits."""
    out, at = bytearray(), 23
    for _ in range(config[22]):
        (count,) = struct.unpack_from(">H", config, at + 1)
        at = _take(config, at + 3, count, out)
    return bytes(out)


def _take(config: bytes, at: int, count: int, out: bytearray) -> int:
    for _ in range(count):
        (size,) = struct.unpack_from(">H", config, at)
        if at + 2 + size > len(config):
            raise MalformedMp4Error("a parameter set is cut off")
        out += size.to_bytes(4, "big") + config[at + 2 : at + 2 + size]
        at += 2 + size
    return at
