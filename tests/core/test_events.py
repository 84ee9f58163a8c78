import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.clock import ManualClock, from_rfc3339, to_rfc3339
from appliance.core.errors import ProblemError
from appliance.core.events import decode_event, encode_event, new_event, new_id


@given(st.dictionaries(st.text(max_size=5), st.one_of(st.integers(-(2**53), 2**53), st.text(max_size=5), st.none())))
def test_an_event_survives_its_journey(data: dict[str, object]) -> None:
    event = new_event(ManualClock(), "ingest-0", "camera/lost", data)
    assert decode_event(encode_event(event)) == event


@given(st.binary(max_size=200))
def test_whatever_arrives_is_an_event_or_a_problem(payload: bytes) -> None:
    with pytest.raises(ProblemError, match="bad-event"):
        decode_event(payload)


def test_ids_are_unique_and_sort_by_time() -> None:
    clock = ManualClock()
    ids = []
    for _ in range(1000):
        clock.advance(1000)
        ids.append(new_id(clock.now_us()))
    assert len(set(ids)) == 1000
    assert ids == sorted(ids)
    assert all(len(one) == 26 for one in ids)


@given(st.integers(0, 4_000_000_000_000_000))
def test_times_survive_rfc_3339(time_us: int) -> None:
    assert from_rfc3339(to_rfc3339(time_us)) == time_us


def test_a_time_without_its_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        from_rfc3339("2026-11-24T13:00:00")
    assert from_rfc3339("2026-11-24T14:00:00+01:00") == from_rfc3339("2026-11-24T13:00:00Z")
