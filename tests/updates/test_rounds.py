"""When the source is asked, and what is installed by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import appliance
from appliance.core.clock import US_PER_S
from appliance.updates.index import Index
from appliance.updates.memory import Memory
from appliance.updates.rounds import is_due, is_wanted

DAY_US, HOUR_US = 24 * 3600 * US_PER_S, 3600 * US_PER_S
NOW_US = 1000 * DAY_US


@pytest.mark.parametrize(
    ("checked_us", "asked_us", "expected"),
    [
        (None, None, True),
        (None, NOW_US - HOUR_US // 2, False),
        (None, NOW_US - 2 * HOUR_US, True),
        (NOW_US - DAY_US // 2, None, False),
        (NOW_US - DAY_US - 1, None, True),
        (NOW_US + DAY_US, None, True),
    ],
)
def test_once_a_day_and_an_hour_after_a_failure(checked_us: int | None, asked_us: int | None, expected: bool) -> None:
    assert is_due(Memory(checked_us=checked_us), NOW_US, asked_us, 0) is expected


@given(st.integers(0, 2 * NOW_US), st.integers(0, HOUR_US))
def test_whatever_the_clock_says_it_is_asked_within_25_hours(checked_us: int, spread_us: int) -> None:
    memory = Memory(checked_us=checked_us)
    assert is_due(memory, NOW_US, None, spread_us) or is_due(memory, NOW_US + 25 * HOUR_US, None, spread_us)


@pytest.mark.parametrize(
    ("version", "left_alone", "expected"),
    [("1.3.0", None, True), ("1.3.0", "1.3.0", False), ("1.3.1", "1.3.0", True), ("1.2.0", None, False)],
)
def test_a_version_that_failed_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, version: str, left_alone: str | None, expected: bool
) -> None:
    monkeypatch.setattr(appliance, "__version__", "1.2.0")
    offered = Index(version=version, file="a", size_bytes=1, sha256="0" * 64)
    assert is_wanted(Memory(offered=offered, left_alone=left_alone)) is expected


def test_nothing_offered_is_nothing_wanted() -> None:
    assert not is_wanted(Memory())
