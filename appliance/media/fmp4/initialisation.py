"""The header of a fragmented MP4: ftyp, our identity, moov; and the sidx of a whole range."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.media.fmp4.boxes import IDENTITY_TYPE, box, full_box
from appliance.media.fmp4.fragment import AUDIO_TRACK, VIDEO_TICKS_PER_S, VIDEO_TRACK
from appliance.media.fmp4.sample_entries import audio_entry, video_entry
from appliance.media.model import AudioFormat, VideoFormat

_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_FTYP = box(b"ftyp", b"iso6", struct.pack(">I", 0), b"iso6", b"cmfc", b"mp41")
_SELF_CONTAINED = box(b"dinf", full_box(b"dref", 0, 0, struct.pack(">I", 1), full_box(b"url ", 0, 1)))
_NO_SAMPLES = (
    full_box(b"stts", 0, 0, bytes(4)),
    full_box(b"stsc", 0, 0, bytes(4)),
    full_box(b"stsz", 0, 0, bytes(8)),
    full_box(b"stco", 0, 0, bytes(4)),
)
MOST_REFERENCES = 65_535


@dataclass(frozen=True, slots=True)
class Track:
    """A track of a header: `formats` are its sample descriptions, in the order of their index (from 1).

    All are VideoFormat or all are AudioFormat; timescale in ticks per second.
    """

    track_id: int
    timescale: int
    formats: tuple[VideoFormat, ...] | tuple[AudioFormat, ...]


def init_segment(video: VideoFormat | None, audio: AudioFormat | None, identity: bytes | None = None) -> bytes:
    """The initialisation segment of one stream: video as track 1, audio as track 2, identity as our uuid box."""
    tracks = []
    if video is not None:
        tracks.append(Track(VIDEO_TRACK, VIDEO_TICKS_PER_S, (video,)))
    if audio is not None:
        tracks.append(Track(AUDIO_TRACK, audio.sample_rate_hz, (audio,)))
    return movie_header(tracks, identity=identity)


def movie_header(tracks: Sequence[Track], *, identity: bytes | None = None, duration_us: int = 0) -> bytes:
    """ftyp, identity and moov (14496-12 clause 8.2); duration_us goes to mehd where it is known."""
    uuid = b"" if identity is None else box(b"uuid", IDENTITY_TYPE, identity)
    next_id = max(track.track_id for track in tracks) + 1
    moov = box(b"moov", _mvhd(next_id), *map(_trak, tracks), _mvex(tracks, duration_us))
    return _FTYP + uuid + moov


def segment_index(references: Sequence[tuple[int, int, bool]], *, track_id: int, timescale: int) -> bytes:
    """A sidx (clause 8.16.3) for what follows it: (bytes, duration in ticks, starts with a key frame) of each part.

    At most 65,535 parts; the first one starts at media time 0 directly behind the sidx.
    """
    packed = [value for size, ticks, key in references for value in (size, ticks, 0x90000000 if key else 0)]
    return full_box(
        b"sidx",
        1,
        0,
        struct.pack(">IIQQHH", track_id, timescale, 0, 0, 0, len(references)),
        struct.pack(f">{len(packed)}I", *packed),
    )


def _mvhd(next_track_id: int) -> bytes:
    times = struct.pack(">IIII", 0, 0, 1000, 0)
    return full_box(
        b"mvhd",
        0,
        0,
        times,
        struct.pack(">IH10x", 0x10000, 0x100),
        _MATRIX,
        bytes(24),
        struct.pack(">I", next_track_id),
    )


def _trak(track: Track) -> bytes:
    first = track.formats[0]
    if isinstance(first, VideoFormat):
        return _trak_of(track, first.width, first.height, 0, b"vide", full_box(b"vmhd", 0, 1, bytes(8)))
    return _trak_of(track, 0, 0, 0x100, b"soun", full_box(b"smhd", 0, 0, bytes(4)))


def _trak_of(track: Track, width: int, height: int, volume: int, handler: bytes, header: bytes) -> bytes:
    tkhd = full_box(
        b"tkhd",
        0,
        3,
        struct.pack(">IIIII8xHHHH", 0, 0, track.track_id, 0, 0, 0, int(volume > 0), volume, 0),
        _MATRIX,
        struct.pack(">II", width << 16, height << 16),
    )
    mdhd = full_box(b"mdhd", 0, 0, struct.pack(">IIIIHH", 0, 0, track.timescale, 0, 0x55C4, 0))
    hdlr = full_box(b"hdlr", 0, 0, bytes(4), handler, bytes(12), b"Gatehouse\0")
    stbl = box(b"stbl", _stsd(track), *_NO_SAMPLES)
    return box(b"trak", tkhd, box(b"mdia", mdhd, hdlr, box(b"minf", header, _SELF_CONTAINED, stbl)))


def _stsd(track: Track) -> bytes:
    entries = [video_entry(f) if isinstance(f, VideoFormat) else audio_entry(f) for f in track.formats]
    return full_box(b"stsd", 0, 0, struct.pack(">I", len(entries)), *entries)


def _mvex(tracks: Sequence[Track], duration_us: int) -> bytes:
    mehd = full_box(b"mehd", 1, 0, struct.pack(">Q", duration_us // 1000)) if duration_us else b""
    trex = [full_box(b"trex", 0, 0, struct.pack(">IIIII", track.track_id, 1, 0, 0, 0)) for track in tracks]
    return box(b"mvex", mehd, *trex)
