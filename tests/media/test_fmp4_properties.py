"""The parser takes any bytes; what the writer writes comes back whatever the times are."""

import os
import tempfile
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from appliance.media.fmp4 import (
    MalformedMp4Error,
    audio_fragment,
    audio_units,
    init_segment,
    parse_init,
    scan_fragments,
    video_fragment,
    video_units,
)
from appliance.media.model import AudioCodec, AudioFormat, AudioUnit, VideoCodec, VideoFormat, VideoUnit

START_US = 1_795_523_465_123_456
H264 = VideoFormat(VideoCodec.H264, 640, 480, b"\x01\x64\x00\x1f\xff", "avc1.64001F")
PCMU = AudioFormat(AudioCodec.PCMU, 8000, 1, b"", "ulaw")
IDENTITY = b'{"camera":"front"}'

pictures = st.lists(
    st.tuples(st.integers(0, 3_000_000), st.binary(min_size=1, max_size=40), st.booleans(), st.booleans()),
    min_size=1,
    max_size=40,
)


def fragment_of(rows: list[tuple[int, bytes, bool, bool]]) -> tuple[list[VideoUnit], bytes]:
    units = [VideoUnit(START_US + time_us, data, key, damaged) for time_us, data, key, damaged in rows]
    head, buffers = video_fragment(
        units, start_us=units[0].time_us, end_us=START_US + 4_000_000, base_us=START_US, sequence=1
    )
    return units, head + b"".join(buffers)


def a_file(count: int) -> tuple[bytes, list[tuple[int, int]]]:
    """A small file of `count` fragments with audio, and where each begins and ends."""
    data, places = init_segment(H264, PCMU, IDENTITY), []
    for number in range(count):
        start_us = START_US + number * 80_000
        units = [VideoUnit(start_us + i * 40_000, bytes([number]) * (5 + i), i == 0) for i in range(2)]
        head, buffers = video_fragment(
            units, start_us=start_us, end_us=start_us + 80_000, base_us=START_US, sequence=number
        )
        sound, sounds = audio_fragment([AudioUnit(start_us, b"x" * 640, 80_000)], PCMU, base_us=START_US, sequence=1)
        start = len(data)
        data += head + b"".join(buffers) + sound + b"".join(sounds)
        places.append((start, len(data)))
    return data, places


def scanned(data: bytes, offset: int) -> list[tuple[int, int]]:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        found = list(scan_fragments(file.fileno(), offset))
        return [(f.offset, f.offset + f.video_size + f.audio_size) for f in found]


@given(pictures)
def test_units_come_back_with_their_data_and_their_times_to_the_tick(
    rows: list[tuple[int, bytes, bool, bool]],
) -> None:
    units, data = fragment_of(rows)
    found = video_units(data, START_US)
    assert [unit.data for unit in found] == [unit.data for unit in units]
    assert [unit.key for unit in found] == [unit.key for unit in units]
    assert found[0].damaged == any(unit.damaged for unit in units)
    for one, other in zip(found, units, strict=True):
        assert abs(one.time_us - other.time_us) <= 12


@given(pictures)
def test_the_samples_of_a_fragment_fill_it_exactly(rows: list[tuple[int, bytes, bool, bool]]) -> None:
    units, data = fragment_of(rows)
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        (found,) = scan_fragments(file.fileno(), 0)
    assert found.start_us == units[0].time_us
    assert abs(found.start_us + found.duration_us - (START_US + 4_000_000)) <= 12


@given(st.lists(st.tuples(st.integers(0, 300_000), st.integers(1, 400)), min_size=1, max_size=30))
def test_audio_comes_back_whatever_its_times_are(rows: list[tuple[int, int]]) -> None:
    at_us, units = START_US, []
    for skip_us, samples in rows:
        at_us += skip_us
        units.append(AudioUnit(at_us, bytes(samples), samples * 125))
        at_us += samples * 125
    head, buffers = audio_fragment(units, PCMU, base_us=START_US, sequence=1)
    found = audio_units(head + b"".join(buffers), START_US, 8000)
    assert [unit.data for unit in found] == [unit.data for unit in units]
    for one, other in zip(found, units, strict=True):
        assert abs(one.time_us - other.time_us) <= 20_000


@given(st.data())
def test_a_file_cut_anywhere_gives_its_whole_fragments(data: st.DataObject) -> None:
    whole, places = a_file(4)
    size = data.draw(st.integers(places[0][0], len(whole)))
    found = scanned(whole[:size], places[0][0])
    assert found[: len([p for p in places if p[1] <= size])] == [p for p in places if p[1] <= size]
    assert all(end <= size for _, end in found)


@given(st.integers(0, 3), st.integers(1, 200))
def test_a_tail_of_zeros_is_torn(fragments: int, zeros: int) -> None:
    whole, places = a_file(4)
    end = places[fragments][1]
    assert scanned(whole[:end] + bytes(zeros), places[0][0]) == places[: fragments + 1]


@given(st.binary(max_size=400))
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    for parse in (parse_init, lambda raw: video_units(raw, 0), lambda raw: audio_units(raw, 0, 8000)):
        with suppress(MalformedMp4Error):
            parse(data)
    scanned(data, 0)


@given(st.data())
def test_a_damaged_file_is_parsed_or_refused(data: st.DataObject) -> None:
    whole, places = a_file(2)
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    for parse in (parse_init, lambda raw: video_units(raw[places[0][0] :], 0)):
        with suppress(MalformedMp4Error):
            parse(bytes(damaged))
    assert all(end <= len(whole) for _, end in scanned(bytes(damaged), places[0][0]))


def test_a_file_that_shrinks_while_it_is_read_is_torn_not_an_error() -> None:
    whole, places = a_file(3)
    with tempfile.TemporaryFile() as file:
        file.write(whole)
        file.flush()
        scan = scan_fragments(file.fileno(), places[0][0])
        first = next(scan)
        os.ftruncate(file.fileno(), places[1][0] + 40)
        assert (first.offset, list(scan)) == (places[0][0], [])
