"""Fragmented MP4 (ISO/IEC 14496-12, CMAF 23000-19): pure functions between units and bytes, both ways."""

from appliance.media.fmp4.boxes import MalformedMp4Error
from appliance.media.fmp4.fragment import (
    AUDIO_TRACK,
    PATCHED_BYTES,
    PRFT_BYTES,
    VIDEO_TRACK,
    Buffer,
    DecodeTimes,
    audio_chunk,
    audio_fragment,
    audio_ticks,
    retime,
    video_chunk,
    video_fragment,
    video_ticks,
)
from appliance.media.fmp4.initialisation import Track, init_segment, movie_header, segment_index
from appliance.media.fmp4.parse import (
    InitSegment,
    ScannedFragment,
    audio_units,
    parse_init,
    scan_fragments,
    video_units,
)

__all__ = [
    "AUDIO_TRACK",
    "PATCHED_BYTES",
    "PRFT_BYTES",
    "VIDEO_TRACK",
    "Buffer",
    "DecodeTimes",
    "InitSegment",
    "MalformedMp4Error",
    "ScannedFragment",
    "Track",
    "audio_chunk",
    "audio_fragment",
    "audio_ticks",
    "audio_units",
    "init_segment",
    "movie_header",
    "parse_init",
    "retime",
    "scan_fragments",
    "segment_index",
    "video_chunk",
    "video_fragment",
    "video_ticks",
    "video_units",
]
