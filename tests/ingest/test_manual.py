from hypothesis import given
from hypothesis import strategies as st

from appliance.cameras.model import ManualRecording
from appliance.ingest.manual import ManualState, expire, press, release

S = 1_000_000
T = 1_700_000_000 * S


def test_nothing_is_recorded_before_rec_is_pressed() -> None:
    assert not ManualState().wants(T, T + S)
    assert not ManualState().active(T)


def test_the_recording_reaches_from_the_prebuffer_to_the_postbuffer() -> None:
    settings = ManualRecording(prebuffer_s=5, postbuffer_s=3, max_duration_s=60)
    state = release(press(ManualState(), settings, T), settings, T + 10 * S)
    assert not state.wants(T - 7 * S, T - 5 * S)
    assert state.wants(T - 6 * S, T - 4 * S)
    assert state.wants(T + 12 * S, T + 14 * S)
    assert not state.wants(T + 13 * S, T + 15 * S)


def test_the_button_comes_up_after_the_maximum_duration_which_counts_without_the_buffers() -> None:
    settings = ManualRecording(prebuffer_s=5, postbuffer_s=3, max_duration_s=60)
    state = press(ManualState(), settings, T)
    assert expire(state, settings, T + 59 * S).pressed
    expired = expire(state, settings, T + 60 * S)
    assert not expired.pressed
    assert expired.active(T + 62 * S)
    assert not expired.active(T + 63 * S)


def test_zero_means_unlimited() -> None:
    settings = ManualRecording(max_duration_s=0)
    state = press(ManualState(), settings, T)
    assert expire(state, settings, T + 10_000_000 * S).pressed
    assert state.wants(T + 10_000_000 * S, T + 10_000_001 * S)


def test_pressing_again_keeps_the_beginning_and_counts_the_maximum_anew() -> None:
    settings = ManualRecording(prebuffer_s=5, postbuffer_s=0, max_duration_s=60)
    state = press(press(ManualState(), settings, T), settings, T + 50 * S)
    assert state.from_us == T - 5 * S
    assert state.to_us == T + 110 * S


@given(
    st.lists(st.tuples(st.sampled_from(["press", "release", "expire"]), st.integers(0, 100)), max_size=30),
    st.integers(0, 60),
    st.integers(0, 60),
    st.integers(0, 120),
)
def test_whatever_is_pressed_the_recording_is_bounded_by_its_settings(
    steps: list[tuple[str, int]], pre: int, post: int, maximum: int
) -> None:
    settings = ManualRecording(prebuffer_s=pre, postbuffer_s=post, max_duration_s=maximum)
    state, now = ManualState(), T
    for action, wait_s in steps:
        now += wait_s * S
        state = {"press": press, "release": release, "expire": expire}[action](state, settings, now)
        assert state.to_us is None or state.to_us <= now + (maximum + post) * S
        if state.pressed and action == "press":
            assert state.wants(now - 1, now + 1)
        if maximum:
            assert not expire(state, settings, now + maximum * S).pressed
