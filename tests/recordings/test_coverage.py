from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from appliance.recordings.coverage import Interval, clip, length, subtract, union

intervals = st.tuples(st.integers(0, 40), st.integers(0, 40))


def instants(found: list[Interval]) -> list[int]:
    return sorted(at for start, end in found for at in range(start, end))


@given(intervals, st.lists(intervals, max_size=8))
def test_what_is_left_is_what_was_wanted_and_not_taken(wanted: Interval, taken: list[Interval]) -> None:
    left = subtract(wanted, taken)
    assert instants(left) == sorted(set(instants([wanted])) - set(instants(taken)))
    assert all(start < end for start, end in left)


@given(st.lists(intervals, max_size=8))
def test_a_union_has_the_same_instants_once_and_no_two_parts_touch(parts: list[Interval]) -> None:
    joined = union(parts)
    assert instants(joined) == sorted(set(instants(parts)))
    assert all(one[1] < other[0] for one, other in pairwise(joined))
    assert length(joined) == len(set(instants(parts)))


@given(intervals, intervals)
def test_clipping_keeps_what_lies_in_the_bounds(interval: Interval, bounds: Interval) -> None:
    assert instants([clip(interval, bounds)]) == sorted(set(instants([interval])) & set(instants([bounds])))
