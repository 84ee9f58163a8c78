import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.media.rtp import RESTART_AFTER, Sequence, payload_bounds


def packet(
    payload: bytes, *, sources: int = 0, extension: bytes | None = None, padding: int = 0, version: int = 2
) -> bytes:
    first = version << 6 | bool(padding) << 5 | (extension is not None) << 4 | sources
    head = bytes((first, 96)) + bytes(10) + b"CSRC" * sources
    if extension is not None:
        head += b"\xbe\xde" + (len(extension) // 4).to_bytes(2) + extension
    return head + payload + bytes(max(0, padding - 1)) + bytes((padding,) if padding else ())


@given(
    st.binary(max_size=50),
    st.integers(0, 15),
    st.none() | st.integers(0, 20).map(lambda words: b"EXT!" * words),
    st.integers(0, 255),
    st.integers(0, 9),
)
def test_the_payload_lies_between_what_surrounds_it(
    payload: bytes, sources: int, extension: bytes | None, padding: int, at: int
) -> None:
    data = packet(payload, sources=sources, extension=extension, padding=padding)
    buffer = memoryview(b"\xff" * at + data + b"\xff" * 9)
    bounds = payload_bounds(buffer, at, at + len(data))
    assert bounds is not None
    assert buffer[slice(*bounds)] == payload


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(12),
        packet(b"", version=1),
        packet(b"", version=3),
        packet(b"x")[:11],
        packet(b"", sources=3)[:-1],
        packet(b"", extension=b"")[:-1],
        packet(b"", extension=b"EXT!")[:-1],
        packet(b"ab", padding=1)[:-1] + b"\x04",
    ],
)
def test_what_is_no_packet(data: bytes) -> None:
    assert payload_bounds(data, 0, len(data)) is None


@given(st.binary(max_size=60), st.integers(0, 10))
def test_no_bytes_reach_outside_their_packet(data: bytes, cut: int) -> None:
    end = max(0, len(data) - cut)
    bounds = payload_bounds(data, 0, end)
    assert bounds is None or 12 <= bounds[0] <= bounds[1] <= end


def steps(*numbers: int, ssrc: int = 1) -> list[int]:
    sequence = Sequence()
    return [sequence.step(number, ssrc) for number in numbers]


def test_numbers_in_order_miss_nothing_over_their_wrap() -> None:
    assert steps(65_534, 65_535, 0, 1) == [0, 0, 0, 0]


def test_gaps_are_counted_over_the_wrap_too() -> None:
    assert steps(10, 13, 14, 20) == [0, 2, 0, 5]
    assert steps(65_534, 1) == [0, 2]


def test_what_is_late_or_comes_twice_is_dropped() -> None:
    assert steps(10, 12, 11, 12, 13) == [0, 1, -1, -1, 0]
    assert steps(1, 65_535, 2) == [0, -1, 0]


def test_a_sender_that_starts_over_leaves_what_came_before_unfinished() -> None:
    assert steps(10, 10 + RESTART_AFTER + 1, 10 + RESTART_AFTER + 2) == [0, 1, 0]
    assert steps(20_000, 10, 11) == [0, 1, 0]


def test_another_source_leaves_what_came_before_unfinished() -> None:
    sequence = Sequence()
    assert [sequence.step(5, 1), sequence.step(900, 2), sequence.step(901, 2)] == [0, 1, 0]
    assert sequence.reception.ssrc == 2


@given(st.lists(st.integers(1, 100), min_size=1, max_size=60), st.integers(0, 65_535))
def test_the_counters_agree_with_what_was_sent(ahead: list[int], first: int) -> None:
    sequence, number = Sequence(), first
    sequence.step(number, 1)
    for step in ahead:
        number += step
        assert sequence.step(number & 0xFFFF, 1) == step - 1
    r = sequence.reception
    assert r.highest - r.first + 1 == r.received + r.lost == 1 + sum(ahead)


@given(st.lists(st.tuples(st.integers(0, 65_535), st.integers(1, 2)), max_size=60))
def test_any_numbers_are_taken(numbers: list[tuple[int, int]]) -> None:
    sequence = Sequence()
    for number, ssrc in numbers:
        assert -1 <= sequence.step(number, ssrc) <= RESTART_AFTER
    assert sequence.reception.received <= len(numbers)
