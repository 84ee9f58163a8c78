"""Reading our MP4 back: headers, the fragments of a file, and single units. Bounded, and safe on any bytes."""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from appliance.core.clock import US_PER_S
from appliance.media.fmp4.boxes import (
    HEADER_BYTES,
    IDENTITY_TYPE,
    Box,
    MalformedMp4Error,
    children,
    find,
    need,
    read_header,
    unpack,
)
from appliance.media.fmp4.fragment import AUDIO_TRACK, DAMAGED, NTP_TO_UNIX_S, VIDEO_TICKS_PER_S, VIDEO_TRACK
from appliance.media.fmp4.sample_entries import entry_kinds, read_audio_entry, read_video_entry
from appliance.media.model import AudioFormat, AudioUnit, VideoFormat, VideoUnit

MAX_HEADER_BYTES = 1 << 20  # ftyp, uuid and moov together; a moof alone
MAX_FRAGMENT_BYTES = 1 << 30
_MAX_SAMPLES = 100_000

_U32 = struct.Struct(">I")
_U64 = struct.Struct(">Q")
_PRFT = struct.Struct(">IIQQ")
_TFHD = struct.Struct(">II")
_TRUN = struct.Struct(">II")
_NON_SYNC = 0x10000
# tfhd fields that may follow the track id, in order (clause 8.8.7): flag, width in bytes
_TFHD_FIELDS = ((0x1, 8), (0x2, 4), (0x8, 4), (0x10, 4), (0x20, 4))

Data = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class InitSegment:
    """What a header says: our identity (JSON, as written) and the first format of each track; its size in bytes."""

    size: int
    identity: bytes | None
    video: VideoFormat | None
    audio: AudioFormat | None


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample of a fragment: where its data lies in the buffer, and its times in ticks."""

    start: int
    end: int
    decode_ticks: int
    duration_ticks: int
    offset_ticks: int
    flags: int


@dataclass(frozen=True, slots=True)
class ScannedFragment:
    """A whole fragment found in a file: video (prft, moof, mdat) and the audio that follows it.

    start_us: UTC, from the prft. duration_us: of its samples.
    """

    offset: int
    video_size: int
    audio_size: int
    start_us: int
    duration_us: int
    key: bool
    damaged: bool


def parse_init(data: Data) -> InitSegment:
    """Read a header from the first bytes of a file; raises MalformedMp4Error, also where it is cut off."""
    data = bytes(data[:MAX_HEADER_BYTES])
    identity: bytes | None = None
    at = 0
    while True:
        kind, size = read_header(data, at)
        if at + size > len(data):
            raise MalformedMp4Error("the header is cut off")
        if kind == b"uuid" and data[at + 8 : at + 24] == IDENTITY_TYPE:
            identity = data[at + 24 : at + size]
        at += size
        if kind == b"moov":
            video, audio = _formats(data, at - size + HEADER_BYTES, at)
            return InitSegment(at, identity, video, audio)


def scan_fragments(descriptor: int, offset: int) -> Iterator[ScannedFragment]:
    """The whole fragments of an open file from `offset` on; ends before whatever is torn, and at the end of the file.

    Reads headers alone (a few hundred bytes per fragment). Raises OSError where the disk does.
    """
    end = os.fstat(descriptor).st_size
    while offset < end:
        try:
            found = _scan_one(descriptor, offset, end)
        except MalformedMp4Error:
            return
        yield found
        offset += found.video_size + found.audio_size


def video_units(data: Data, base_us: int) -> list[VideoUnit]:
    """The video units of [prft] moof mdat … in decode order; base_us is the UTC of media time 0.

    Raises MalformedMp4Error.
    """
    return [
        VideoUnit(
            base_us + (sample.decode_ticks + sample.offset_ticks) * 100 // 9,
            bytes(data[sample.start : sample.end]),
            not sample.flags & _NON_SYNC,
            bool(sample.flags & DAMAGED),
        )
        for sample in _samples(data, VIDEO_TRACK)
    ]


def audio_units(data: Data, base_us: int, rate_hz: int) -> list[AudioUnit]:
    """The audio units of moof mdat …; base_us is the UTC of media time 0. Raises MalformedMp4Error."""
    return [
        AudioUnit(
            base_us + sample.decode_ticks * US_PER_S // rate_hz,
            bytes(data[sample.start : sample.end]),
            sample.duration_ticks * US_PER_S // rate_hz,
        )
        for sample in _samples(data, AUDIO_TRACK)
    ]


def _formats(data: bytes, start: int, end: int) -> tuple[VideoFormat | None, AudioFormat | None]:
    video: VideoFormat | None = None
    audio: AudioFormat | None = None
    for trak in (child for child in children(data, start, end) if child.kind == b"trak"):
        mdhd = need(data, trak.body, trak.end, b"mdia", b"mdhd")
        (timescale,) = unpack(_U32, data, mdhd.body + 12, mdhd.end)
        stsd = need(data, trak.body, trak.end, b"mdia", b"minf", b"stbl", b"stsd")
        entries = entry_kinds(data, stsd.body + 8, stsd.end)
        if not entries:
            raise MalformedMp4Error("a track without a sample entry")
        kind, body, entry_end = entries[0]
        if find(data, trak.body, trak.end, b"mdia", b"minf", b"vmhd") is not None:
            video = video or read_video_entry(data, kind, body, entry_end)
        else:
            audio = audio or read_audio_entry(data, kind, body, entry_end, timescale)
    return video, audio


def _scan_one(descriptor: int, offset: int, end: int) -> ScannedFragment:
    """The fragment at offset; raises MalformedMp4Error unless its video is whole. Torn audio is left out."""
    prft, prft_size = _read_box(descriptor, offset, end, b"prft")
    _, _, ntp, _ = unpack(_PRFT, prft, HEADER_BYTES, prft_size)
    moof, moof_size = _read_box(descriptor, offset + prft_size, end, b"moof")
    mdat_size = _mdat_size(descriptor, offset + prft_size + moof_size, end)
    samples = _moof_samples(moof, need(moof, 0, len(moof), b"moof"), VIDEO_TRACK)
    if not samples or samples[-1].end != moof_size + mdat_size:
        raise MalformedMp4Error("a fragment without video, or whose samples do not fill it")
    video_size = prft_size + moof_size + mdat_size
    ticks = samples[-1].decode_ticks + samples[-1].duration_ticks - samples[0].decode_ticks
    return ScannedFragment(
        offset,
        video_size,
        _audio_size(descriptor, offset + video_size, end),
        _from_ntp(ntp),
        ticks * US_PER_S // VIDEO_TICKS_PER_S,
        not samples[0].flags & _NON_SYNC,
        bool(samples[0].flags & DAMAGED),
    )


def _audio_size(descriptor: int, offset: int, end: int) -> int:
    try:
        moof, moof_size = _read_box(descriptor, offset, end, b"moof")
        if not _moof_samples(moof, need(moof, 0, len(moof), b"moof"), AUDIO_TRACK):
            return 0
        return moof_size + _mdat_size(descriptor, offset + moof_size, end)
    except MalformedMp4Error:
        return 0


def _read_box(descriptor: int, offset: int, end: int, kind: bytes) -> tuple[bytes, int]:
    """A whole small box of the expected type, and its size."""
    found, size = read_header(os.pread(descriptor, HEADER_BYTES, offset), 0)
    if found != kind or size > MAX_HEADER_BYTES or offset + size > end:
        raise MalformedMp4Error(f"no whole {kind.decode()} at {offset}")
    data = os.pread(descriptor, size, offset)
    if len(data) != size:
        raise MalformedMp4Error("the file became shorter")
    return data, size


def _mdat_size(descriptor: int, offset: int, end: int) -> int:
    kind, size = read_header(os.pread(descriptor, HEADER_BYTES, offset), 0)
    if kind != b"mdat" or size > MAX_FRAGMENT_BYTES or offset + size > end:
        raise MalformedMp4Error(f"no whole mdat at {offset}")
    return size


def _samples(data: Data, track_id: int) -> Iterator[Sample]:
    for child in children(data, 0, len(data)):
        if child.kind == b"moof":
            for sample in _moof_samples(data, child, track_id):
                if sample.end > len(data):
                    raise MalformedMp4Error("a sample lies outside the data")
                yield sample


def _moof_samples(data: Data, moof: Box, track_id: int) -> list[Sample]:
    """The samples of one track of a moof; positions count in `data`."""
    samples: list[Sample] = []
    for traf in children(data, moof.body, moof.end):
        if traf.kind != b"traf":
            continue
        track, defaults = _tfhd(data, need(data, traf.body, traf.end, b"tfhd"))
        if track != track_id:
            continue
        time = _tfdt(data, need(data, traf.body, traf.end, b"tfdt"))
        for trun in (child for child in children(data, traf.body, traf.end) if child.kind == b"trun"):
            run = _run(data, trun, moof.start, time, defaults)
            samples += run
            time = run[-1].decode_ticks + run[-1].duration_ticks if run else time
    return samples


def _tfhd(data: Data, tfhd: Box) -> tuple[int, tuple[int, int, int]]:
    """Track id, and the default duration, size and flags (0 where absent)."""
    flags, track = unpack(_TFHD, data, tfhd.body, tfhd.end)
    at = tfhd.body + _TFHD.size
    values: dict[int, int] = {}
    for flag, width in _TFHD_FIELDS:
        if flags & flag:
            (values[flag],) = unpack(_U64 if width == 8 else _U32, data, at, tfhd.end)
            at += width
    return track, (values.get(0x8, 0), values.get(0x10, 0), values.get(0x20, 0))


def _tfdt(data: Data, tfdt: Box) -> int:
    (version,) = unpack(_U32, data, tfdt.body, tfdt.end)
    (time,) = unpack(_U64 if version >> 24 else _U32, data, tfdt.body + 4, tfdt.end)
    return time


def _run(data: Data, trun: Box, moof_start: int, time: int, defaults: tuple[int, int, int]) -> list[Sample]:
    flags, count = unpack(_TRUN, data, trun.body, trun.end)
    at = trun.body + _TRUN.size
    columns = [flag for flag in (0x100, 0x200, 0x400, 0x800) if flags & flag]
    if not flags & 0x1 or count > _MAX_SAMPLES:
        raise MalformedMp4Error("a run without data offset, or absurdly long")
    (place,) = unpack(struct.Struct(">i"), data, at, trun.end)
    at, place = at + 4, place + moof_start
    first_flags: int | None = None
    if flags & 0x4:
        (first_flags,) = unpack(_U32, data, at, trun.end)
        at += 4
    values = iter(unpack(struct.Struct(f">{count * len(columns)}I"), data, at, trun.end))
    samples: list[Sample] = []
    for index in range(count):
        row = {column: next(values) for column in columns}
        size = row.get(0x200, defaults[1])
        own = first_flags if index == 0 and first_flags is not None else row.get(0x400, defaults[2])
        offset = row.get(0x800, 0)
        duration = row.get(0x100, defaults[0])
        samples.append(Sample(place, place + size, time, duration, offset - (offset >> 31 << 32), own))
        place, time = place + size, time + duration
    if samples and samples[0].start < 0:
        raise MalformedMp4Error("a run outside its file")
    return samples


def _from_ntp(ntp: int) -> int:
    seconds, fraction = ntp >> 32, ntp & 0xFFFFFFFF
    return (seconds - NTP_TO_UNIX_S) * US_PER_S + (fraction * US_PER_S >> 32)
