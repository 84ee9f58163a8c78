"""Movie fragments (14496-12 clause 8.8): units in, `moof` and `mdat` out, without copying the media.

Every `moof` of ours begins with the same 84 bytes (mfhd, tfhd with all defaults, tfdt), so that playback can give a
recorded fragment a new time by patching fixed places: see `retime`.
"""

import struct
from collections.abc import Sequence
from operator import sub

from appliance.core.clock import US_PER_S
from appliance.media.model import AudioFormat, AudioUnit, VideoUnit

Buffer = bytes | bytearray

VIDEO_TRACK = 1
AUDIO_TRACK = 2
VIDEO_TICKS_PER_S = 90_000
PRFT_BYTES = 32
PATCHED_BYTES = 84  # the part of a moof that `retime` touches

_PRFT = struct.Struct(">I4sIIQQ")
_MOOF = struct.Struct(">I4s I4sII I4s I4sIIIIII I4sIQ")
_TRUN = struct.Struct(">I4sIIi")
_MDAT = struct.Struct(">I4s")
_SEQUENCE_AT, _TRACK_AT, _DESCRIPTION_AT, _TIME_AT = 20, 44, 48, 76
_PRFT_TRACK_AT, _PRFT_TIME_AT = 12, 24

_TFHD_FLAGS = 0x02003A  # default-base-is-moof; description index, duration, size and flags are present
_TRUN_OFFSET, _TRUN_FIRST, _TRUN_DURATION, _TRUN_SIZE, _TRUN_FLAGS, _TRUN_CTS = 0x1, 0x4, 0x100, 0x200, 0x400, 0x800
_VERSION_1 = 1 << 24
SYNC, NOT_SYNC = 0x02000000, 0x01010000  # sample_depends_on and sample_is_non_sync_sample (clause 8.8.3.1)
DAMAGED = 0x0001  # degradation priority of the first sample: how recovery knows a damaged fragment
NTP_TO_UNIX_S = 2_208_988_800
_AUDIO_TOLERANCE_PER_S = 500  # audio times may differ by 1/500 s from back to back before a sample is stretched


def video_ticks(delta_us: int) -> int:
    """Microseconds as ticks of 1/90,000 s, rounded down."""
    return delta_us * 9 // 100


def audio_ticks(delta_us: int, rate_hz: int) -> int:
    """Microseconds as samples, rounded to the nearest."""
    return (delta_us * rate_hz + US_PER_S // 2) // US_PER_S


def ntp_time(time_us: int) -> int:
    """UTC microseconds as a 64-bit NTP timestamp (RFC 5905), rounded up so that it converts back exactly."""
    seconds, micros = divmod(time_us, US_PER_S)
    return (seconds + NTP_TO_UNIX_S) << 32 | -(-(micros << 32) // US_PER_S)


def video_fragment(
    units: Sequence[VideoUnit], *, start_us: int, end_us: int, base_us: int, sequence: int
) -> tuple[bytes, list[Buffer]]:
    """prft, moof and the mdat header of units that fill [start_us, end_us), and the buffers that follow them.

    start_us is the first unit's time; media time counts from base_us. Decode times are the sorted presentation times,
    moved to start at start_us, so that fragments tile in decode order whatever the camera reorders.
    """
    ticks, offsets = _decode_order(units, start_us, end_us, base_us)
    durations = list(map(sub, ticks[1:], ticks))
    prft = _PRFT.pack(PRFT_BYTES, b"prft", _VERSION_1, VIDEO_TRACK, ntp_time(start_us), ticks[0])
    buffers: list[Buffer] = [unit.data for unit in units]
    flags = [SYNC if unit.key else NOT_SYNC for unit in units]
    if any(unit.damaged for unit in units):
        flags[0] |= DAMAGED
    return prft + _moof(VIDEO_TRACK, sequence, ticks[0], durations, buffers, flags, offsets), buffers


def audio_fragment(
    units: Sequence[AudioUnit], fmt: AudioFormat, *, base_us: int, sequence: int
) -> tuple[bytes, list[Buffer]]:
    """moof and the mdat header of audio units, and the buffers that follow them; at least one unit."""
    rate, half = fmt.sample_rate_hz, US_PER_S // 2
    ticks = [max(0, ((unit.time_us - base_us) * rate + half) // US_PER_S) for unit in units]
    durations = _audio_durations(units, fmt, ticks)
    buffers: list[Buffer] = [unit.data for unit in units]
    return _moof(AUDIO_TRACK, sequence, ticks[0], durations, buffers, [SYNC] * len(units), None), buffers


def video_chunk(
    unit: VideoUnit, *, epoch_us: int, duration_us: int, sequence: int, decode_us: int | None = None
) -> bytes:
    """One live access unit as moof and mdat; decode_us (from `DecodeTimes`) where the camera reorders."""
    decode = video_ticks((unit.time_us if decode_us is None else decode_us) - epoch_us)
    offset = video_ticks(unit.time_us - epoch_us) - decode
    flags = (SYNC if unit.key else NOT_SYNC) | (DAMAGED if unit.damaged else 0)
    offsets = [offset] if offset else None
    head = _moof(VIDEO_TRACK, sequence, max(0, decode), [video_ticks(duration_us)], [unit.data], [flags], offsets)
    return head + unit.data


def audio_chunk(unit: AudioUnit, fmt: AudioFormat, *, epoch_us: int, sequence: int) -> bytes:
    """One live audio access unit as moof and mdat."""
    head, _ = audio_fragment((unit,), fmt, base_us=epoch_us, sequence=sequence)
    return head + unit.data


class DecodeTimes:
    """Decode times for live chunks: presentation time, but never stepping back where the camera reorders."""

    def __init__(self) -> None:
        self._last_us: int | None = None

    def next(self, time_us: int) -> int:
        """The decode time (UTC µs) of the next unit in decode order, from its presentation time."""
        if self._last_us is not None and 0 <= self._last_us - time_us < US_PER_S:
            time_us = self._last_us + 1000
        self._last_us = time_us
        return time_us


def retime(
    head: bytearray, delta_ticks: int, *, sequence: int, description_index: int = 1, track_id: int | None = None
) -> None:
    """Move a fragment of ours in time: patch [prft +] moof in place; raises ValueError if it is not one.

    head holds at least the prft, if there is one, and the first PATCHED_BYTES of the moof.
    """
    at = PRFT_BYTES if head[4:8] == b"prft" else 0
    if head[at + 4 : at + 8] != b"moof" or head[at + 68 : at + 72] != b"tfdt" or len(head) < at + PATCHED_BYTES:
        raise ValueError("not a fragment of ours")
    if at:
        (media_time,) = struct.unpack_from(">Q", head, _PRFT_TIME_AT)
        struct.pack_into(">Q", head, _PRFT_TIME_AT, max(0, media_time + delta_ticks))
    (decode_time,) = struct.unpack_from(">Q", head, at + _TIME_AT)
    struct.pack_into(">Q", head, at + _TIME_AT, max(0, decode_time + delta_ticks))
    struct.pack_into(">I", head, at + _SEQUENCE_AT, sequence & 0xFFFFFFFF)
    struct.pack_into(">I", head, at + _DESCRIPTION_AT, description_index)
    if track_id is not None:
        struct.pack_into(">I", head, at + _TRACK_AT, track_id)
        if at:
            struct.pack_into(">I", head, _PRFT_TRACK_AT, track_id)


def _decode_order(
    units: Sequence[VideoUnit], start_us: int, end_us: int, base_us: int
) -> tuple[list[int], list[int] | None]:
    """Decode ticks of every unit and of the end, and the composition offsets where presentation differs."""
    times = [unit.time_us for unit in units]
    ordered = sorted(times)
    first = ordered[0]
    origin = start_us - first - base_us
    ticks = [(time + origin) * 9 // 100 for time in ordered]
    ticks.append((end_us - base_us) * 9 // 100)
    even = min(map(sub, ticks[1:], ticks)) <= 0
    if even:  # times that repeat or run past the end: decode at an even pace instead
        length, count = max(end_us - start_us, 0), len(times)
        ticks = [(start_us - base_us + length * i // count) * 9 // 100 for i in range(count + 1)]
    if not even and first == start_us and ordered == times:
        return ticks, None
    return ticks, [(time - base_us) * 9 // 100 - tick for time, tick in zip(times, ticks, strict=False)]


def _audio_durations(units: Sequence[AudioUnit], fmt: AudioFormat, ticks: list[int]) -> list[int]:
    """Sample counts: as the units say where they lie back to back, stretched to the next unit where they do not."""
    rate, half = fmt.sample_rate_hz, US_PER_S // 2
    if fmt.frame_samples:
        nominal = [fmt.frame_samples] * len(units)
    else:
        nominal = [(unit.duration_us * rate + half) // US_PER_S for unit in units]
    tolerance = rate // _AUDIO_TOLERANCE_PER_S + 1
    expected = ticks[0]
    for tick, samples in zip(ticks, nominal, strict=True):
        if abs(tick - expected) > tolerance:
            return [max(1, step) for step in map(sub, ticks[1:], ticks)] + nominal[-1:]
        expected += samples
    return nominal


def _moof(
    track_id: int,
    sequence: int,
    time_ticks: int,
    durations: list[int],
    buffers: Sequence[Buffer],
    flags: list[int],
    offsets: list[int] | None,
) -> bytes:
    """moof and mdat header, as compact as `trun` allows: what all samples share stays in tfhd."""
    sizes = list(map(len, buffers))
    run_flags, columns = _run_columns(durations, sizes, flags, offsets)
    trun = _trun(run_flags, len(sizes), flags[0], columns)
    moof_bytes = PATCHED_BYTES + len(trun)
    head = _MOOF.pack(
        moof_bytes, b"moof", 16, b"mfhd", 0, sequence & 0xFFFFFFFF, moof_bytes - 24, b"traf",
        32, b"tfhd", _TFHD_FLAGS, track_id, 1, durations[0], sizes[0], flags[-1],
        20, b"tfdt", _VERSION_1, time_ticks,
    )  # fmt: skip
    return head + trun + _MDAT.pack(8 + sum(sizes), b"mdat")


def _run_columns(
    durations: list[int], sizes: list[int], flags: list[int], offsets: list[int] | None
) -> tuple[int, list[list[int]]]:
    """The trun flags, and the columns that differ from sample to sample, in the order of clause 8.8.8."""
    count = len(sizes)
    run_flags, columns = _TRUN_OFFSET, []
    if durations.count(durations[0]) != count:
        run_flags |= _TRUN_DURATION
        columns.append(durations)
    if sizes.count(sizes[0]) != count:
        run_flags |= _TRUN_SIZE
        columns.append(sizes)
    others_alike = flags.count(flags[-1]) == count - (flags[0] != flags[-1])
    if not others_alike:
        run_flags |= _TRUN_FLAGS
        columns.append(flags)
    elif flags[0] != flags[-1]:
        run_flags |= _TRUN_FIRST
    if offsets is not None:
        run_flags |= _TRUN_CTS
        columns.append([offset & 0xFFFFFFFF for offset in offsets])
    return run_flags, columns


def _trun(run_flags: int, count: int, first_flags: int, columns: list[list[int]]) -> bytes:
    first = struct.pack(">I", first_flags) if run_flags & _TRUN_FIRST else b""
    width = len(columns)
    rows = [0] * (count * width)
    for index, column in enumerate(columns):
        rows[index::width] = column
    size = _TRUN.size + len(first) + 4 * len(rows)
    data_offset = PATCHED_BYTES + size + 8
    head = _TRUN.pack(size, b"trun", _VERSION_1 | run_flags, count, data_offset)
    return head + first + struct.pack(f">{len(rows)}I", *rows)
