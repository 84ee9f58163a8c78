import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from appliance.core.clock import US_PER_S
from appliance.security.throttle import (
    FORGOTTEN_AFTER_S,
    FREE_TRIES,
    LONGEST_PAUSE_S,
    MOST_SOURCES,
    Throttle,
    TooManyTriesError,
    network_of,
)


def pause_s(throttle: Throttle, source: str, now_us: int) -> int:
    try:
        throttle.check(source, now_us)
    except TooManyTriesError as refused:
        return refused.wait_s
    return 0


def test_the_first_tries_are_free_and_then_each_wait_is_twice_as_long() -> None:
    throttle, now_us, waits = Throttle(), 0, []
    for _ in range(FREE_TRIES + 6):
        waits.append(pause_s(throttle, "a", now_us))
        now_us += waits[-1] * US_PER_S
        assert pause_s(throttle, "a", now_us) == 0
        throttle.failed("a", now_us)
    assert waits == [0] * FREE_TRIES + [10, 20, 40, 80, 160, LONGEST_PAUSE_S]


def test_who_tries_during_the_pause_does_not_prolong_it() -> None:
    throttle = Throttle()
    for _ in range(FREE_TRIES):
        throttle.failed("a", 0)
    assert [pause_s(throttle, "a", second * US_PER_S) for second in range(11)] == [*range(10, 0, -1), 0]


def test_others_do_not_wait_and_success_and_time_forgive() -> None:
    throttle = Throttle()
    for source in ("a", "b"):
        for _ in range(FREE_TRIES):
            throttle.failed(source, 0)
    assert pause_s(throttle, "c", 0) == 0
    throttle.succeeded("a")
    assert pause_s(throttle, "a", 0) == 0
    later_us = (FORGOTTEN_AFTER_S + 1) * US_PER_S
    throttle.failed("b", later_us)
    assert pause_s(throttle, "b", later_us) == 0


def test_a_try_that_was_not_looked_at_does_not_count() -> None:
    throttle = Throttle()
    for _ in range(3 * FREE_TRIES):
        throttle.failed("a", 0)
        throttle.not_looked_at("a")
    throttle.not_looked_at("nobody")
    assert pause_s(throttle, "a", 0) == 0
    for _ in range(FREE_TRIES):
        throttle.failed("a", 0)
    assert pause_s(throttle, "a", 0) > 0


def test_a_right_try_takes_back_itself_and_its_pause_alone() -> None:
    throttle = Throttle()
    for _ in range(FREE_TRIES):
        throttle.failed("a", 0)
    throttle.proved_right("a")
    throttle.proved_right("nobody")
    assert pause_s(throttle, "a", 0) == 0
    throttle.failed("a", 0)
    assert pause_s(throttle, "a", 0) > 0


def test_memory_is_bounded_and_who_failed_last_is_remembered() -> None:
    throttle = Throttle()
    for number in range(MOST_SOURCES + 10):
        for _ in range(FREE_TRIES):
            throttle.failed(str(number), 0)
    assert len(throttle._sources) == MOST_SOURCES
    assert pause_s(throttle, str(MOST_SOURCES + 9), 0) > 0
    assert pause_s(throttle, "0", 0) == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("-", "-", True),
    ],
)
def test_one_ipv6_host_cannot_pretend_to_be_many(one: str, other: str, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same


@given(st.text(max_size=50))
def test_any_address_has_a_network(text: str) -> None:
    assert isinstance(network_of(text), str)


class Guessing(RuleBasedStateMachine):
    """However failures, successes and time fall, guesses that are looked at stay rare."""

    def __init__(self) -> None:
        super().__init__()
        self.throttle = Throttle()
        self.now_us = 0
        self.looked_at: list[int] = []

    @rule(count=st.integers(1, 20))
    def guess(self, count: int) -> None:
        for _ in range(count):
            if pause_s(self.throttle, "a", self.now_us) == 0:
                self.throttle.failed("a", self.now_us)
                self.looked_at.append(self.now_us)

    @rule(seconds=st.integers(0, 400))
    def wait(self, seconds: int) -> None:
        self.now_us += seconds * US_PER_S

    @invariant()
    def never_more_than_five_in_ten_seconds(self) -> None:
        for start_us in self.looked_at:
            window = [us for us in self.looked_at if start_us <= us < start_us + 10 * US_PER_S]
            assert len(window) <= FREE_TRIES


Guessing.TestCase.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
TestGuessing = Guessing.TestCase
