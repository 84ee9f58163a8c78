"""Fragments tile, begin where a decoder can, stay bounded, and lose no unit after the first key unit."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from appliance.media.model import AudioCodec, AudioFormat, AudioUnit, VideoCodec, VideoFormat, VideoUnit
from appliance.recordings.gop import GopBuilder
from appliance.recordings.model import Fragment
from tests.media.encoded import h264

H264 = VideoFormat(VideoCodec.H264, 640, 480, b"\x01\x64\x00\x1f", "avc1.64001F", 25.0)
JPEG = VideoFormat(VideoCodec.MJPEG, 640, 480, b"", "mjpeg", 25.0)
PCMU = AudioFormat(AudioCodec.PCMU, 8000, 1, b"", "ulaw")
PCMA = AudioFormat(AudioCodec.PCMA, 8000, 1, b"", "alaw")
FRAME_US = 40_000
START_US = 1_795_523_465_000_000


def unit(number: float, *, key: bool = False, size: int = 10, damaged: bool = False) -> VideoUnit:
    return VideoUnit(START_US + round(number * FRAME_US), bytes(size), key, damaged)


def build(units: list[VideoUnit], fmt: VideoFormat = H264, builder: GopBuilder | None = None) -> list[Fragment]:
    builder = builder or GopBuilder()
    builder.video_format(fmt)
    found = [builder.video(one) for one in units]
    return [fragment for fragment in (*found, builder.flush()) if fragment is not None]


def test_a_fragment_per_gop() -> None:
    fragments = build([unit(i, key=i % 25 == 0) for i in range(75)])
    assert [(f.start_us - START_US, f.end_us - START_US, f.key) for f in fragments] == [
        (0, 1_000_000, True),
        (1_000_000, 2_000_000, True),
        (2_000_000, 3_000_000, True),
    ]


def test_a_long_gop_is_split_after_two_seconds_and_only_its_first_part_is_key() -> None:
    fragments = build([unit(i, key=i % 125 == 0) for i in range(125)])
    assert [(len(f.video), f.key) for f in fragments] == [(50, True), (50, False), (25, False)]


def test_a_big_gop_is_split_at_four_mebibytes() -> None:
    fragments = build([unit(i, key=i == 0, size=1 << 20) for i in range(10)])
    assert [len(f.video) for f in fragments] == [4, 4, 2]


def test_motion_jpeg_is_grouped_by_the_second() -> None:
    fragments = build([unit(i, key=True) for i in range(60)], JPEG)
    assert [len(f.video) for f in fragments] == [25, 25, 10]


def test_units_before_the_first_key_unit_are_left_out() -> None:
    fragments = build([unit(i, key=i == 3) for i in range(5)])
    assert [f.start_us - START_US for f in fragments] == [3 * FRAME_US]


def test_a_damaged_unit_damages_its_fragment_alone() -> None:
    fragments = build([unit(i, key=i % 5 == 0, damaged=i == 7) for i in range(15)])
    assert [f.damaged for f in fragments] == [False, True, False]


def test_a_jump_in_time_ends_the_fragment_where_its_last_frame_ends() -> None:
    units = [unit(0, key=True), unit(1), unit(2), unit(1000), unit(1001, key=True), unit(1002)]
    assert [(f.start_us - START_US, f.end_us - START_US) for f in build(units)] == [
        (0, 3 * FRAME_US),
        (1001 * FRAME_US, 1003 * FRAME_US),
    ]


def test_a_step_back_in_time_begins_anew_at_a_key_unit() -> None:
    units = [unit(1000, key=True), unit(1001), unit(5), unit(6, key=True), unit(7)]
    assert [(f.start_us - START_US) // FRAME_US for f in build(units)] == [1000, 6]


def test_a_new_format_ends_the_fragment_and_asks_for_a_key_unit() -> None:
    builder = GopBuilder()
    builder.video_format(H264)
    builder.video(unit(0, key=True))
    ended = builder.video_format(JPEG)
    assert ended is not None and ended.video_format == H264
    assert builder.video_format(JPEG) is None
    builder.video(unit(1))
    builder.video(unit(2, key=True))
    begun = builder.flush()
    assert begun is not None and (begun.video_format, len(begun.video)) == (JPEG, 1)


def test_after_an_interruption_nothing_is_held_until_a_key_unit() -> None:
    builder = GopBuilder()
    builder.video_format(H264)
    builder.video(unit(0, key=True))
    assert builder.flush() is not None
    builder.video(unit(1))
    assert builder.flush() is None


def test_audio_goes_with_the_video_of_its_time() -> None:
    builder = GopBuilder()
    builder.video_format(H264)
    builder.audio_format(PCMU)
    builder.audio(AudioUnit(START_US - 20_000, b"early", 20_000))
    fragments = []
    for number in range(51):
        builder.audio(AudioUnit(START_US + number * FRAME_US + 10_000, b"%d" % number, FRAME_US))
        fragments.append(builder.video(unit(number, key=number % 25 == 0)))
    found = [fragment for fragment in fragments if fragment is not None]
    assert [[u.data for u in f.audio] for f in found] == [
        [b"%d" % n for n in range(25)],
        [b"%d" % n for n in range(25, 50)],
    ]


def test_audio_that_comes_after_the_cut_is_kept_in_the_next_fragment() -> None:
    builder = GopBuilder()
    builder.video_format(H264)
    builder.audio_format(PCMU)
    builder.video(unit(0, key=True))
    builder.video(unit(25, key=True))
    builder.audio(AudioUnit(START_US + 24 * FRAME_US, b"late", FRAME_US))
    last = builder.flush()
    assert last is not None and [u.data for u in last.audio] == [b"late"]


def test_a_new_audio_format_waits_for_a_key_unit() -> None:
    builder = GopBuilder()
    builder.video_format(H264)
    builder.audio_format(PCMU)
    builder.video(unit(0, key=True))
    builder.audio(AudioUnit(START_US, b"old", FRAME_US))
    builder.audio_format(PCMA)
    builder.audio(AudioUnit(START_US + FRAME_US, b"between", FRAME_US))
    first = builder.video(unit(25, key=True))
    builder.audio(AudioUnit(START_US + 25 * FRAME_US, b"new", FRAME_US))
    second = builder.flush()
    assert first is not None and second is not None
    assert (first.audio_format, [u.data for u in first.audio]) == (PCMU, [b"old"])
    assert (second.audio_format, [u.data for u in second.audio]) == (PCMA, [b"new"])


def test_real_streams_with_reordered_frames_tile() -> None:
    for open_gop in (False, True):
        fmt, units = h264(100, bframes=3, open_gop=open_gop)
        fragments = build(units, fmt)
        assert sum(len(f.video) for f in fragments) == 100
        assert all(one.end_us == other.start_us for one, other in pairwise(fragments))


stream = st.lists(
    st.tuples(
        st.one_of(st.integers(1, 200_000), st.integers(-3_000_000, 12_000_000)),
        st.booleans(),
        st.integers(1, 3000),
    ),
    max_size=80,
)


@given(stream)
def test_whatever_comes_fragments_hold_every_unit_once_and_never_overlap(rows: list[tuple[int, bool, int]]) -> None:
    at_us, units = START_US, []
    for step_us, key, size in rows:
        at_us += step_us
        units.append(VideoUnit(at_us, bytes(size), key))
    fragments = build(units, builder=GopBuilder(most_bytes=4096))
    held = [id(u) for f in fragments for u in f.video]
    assert held == [id(u) for u in units if id(u) in set(held)]
    for fragment in fragments:
        assert fragment.start_us == fragment.video[0].time_us < fragment.end_us
        assert fragment.key == fragment.video[0].key
        assert sum(len(u.data) for u in fragment.video) <= 5 * 4096 + 3000
    for one, other in pairwise(fragments):
        if not other.key:
            assert one.end_us == other.start_us


@given(st.lists(st.tuples(st.integers(1, 200_000), st.booleans()), min_size=1, max_size=80))
def test_an_unbroken_stream_loses_nothing_and_tiles(rows: list[tuple[int, bool]]) -> None:
    at_us, units = START_US, [VideoUnit(START_US, b"k", True)]
    for step_us, key in rows:
        at_us += step_us
        units.append(VideoUnit(at_us, b"x", key))
    fragments = build(units)
    assert [u for f in fragments for u in f.video] == units
    assert all(one.end_us == other.start_us for one, other in pairwise(fragments))
    assert all(f.end_us - f.start_us <= 2_200_000 for f in fragments)
