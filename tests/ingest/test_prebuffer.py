from hypothesis import given
from hypothesis import strategies as st

from appliance.ingest.prebuffer import Prebuffer
from appliance.media.model import VideoCodec, VideoFormat, VideoUnit
from appliance.recordings.model import Fragment

S = 1_000_000
FORMAT = VideoFormat(VideoCodec.H264, 64, 64, b"", "avc1.64001F")


def fragment(start_us: int, end_us: int, *, key: bool = True, size: int = 10) -> Fragment:
    unit = VideoUnit(start_us, bytes(size), key)
    return Fragment(FORMAT, None, (unit,), (), start_us, end_us, key, False)


@given(st.lists(st.tuples(st.integers(1, 4 * S), st.booleans()), min_size=1, max_size=40), st.integers(0, 20 * S))
def test_what_is_taken_begins_with_a_key_fragment_and_covers_the_prebuffer(
    parts: list[tuple[int, bool]], keep_us: int
) -> None:
    buffer, at = Prebuffer(), 0
    for index, (length, key) in enumerate(parts):
        buffer.push(fragment(at, at + length, key=key or index == 0), keep_us)
        at += length
    taken = buffer.take(at - keep_us)
    assert buffer.size_bytes == 0
    if keep_us:
        assert taken[0].key
        assert taken[0].start_us <= max(0, at - keep_us)
        assert taken[-1].end_us == at


def test_old_gops_are_forgotten() -> None:
    buffer = Prebuffer()
    for second in range(100):
        buffer.push(fragment(second * S, (second + 1) * S), 5 * S)
    assert buffer.size_bytes <= 6 * 10


def test_memory_is_bounded_whatever_the_bit_rate() -> None:
    buffer = Prebuffer(max_bytes=100)
    for second in range(100):
        buffer.push(fragment(second * S, (second + 1) * S, size=30), 60 * S)
    assert buffer.size_bytes <= 100


def test_what_is_left_after_the_memory_bound_can_still_be_decoded() -> None:
    buffer = Prebuffer(max_bytes=100)
    for second in range(10):
        buffer.push(fragment(second * S, (second + 1) * S, size=30, key=second % 4 == 0), 60 * S)
    assert buffer.take(0)[0].key
