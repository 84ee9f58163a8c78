import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.clock import US_PER_S
from appliance.media.clockmap import BURST_US, EARLY_US, LATE_US, ClockMap

START_US = 1_795_523_465_123_456
RATE = 90_000
FRAME, FRAME_US = 3600, 40_000
SEEN_US = 700  # at most 500 ppm of the second, or a little more, since the last correction


def played(
    frames: int,
    *,
    rtp: int = 0,
    drift_ppm: float = 0.0,
    late_us: list[int] | None = None,
    seed: int = 1,
    jitter_us: int = 0,
) -> tuple[list[int], list[int]]:
    """(times, arrivals) of a stream at 25 fps whose camera's clock drifts; late_us: the delay of each arrival."""
    clock, rng = ClockMap(RATE), random.Random(seed)
    times, arrivals = [], []
    for n in range(frames):
        real_us = START_US + round(n * FRAME_US / (1 + drift_ppm / 1e6))
        late = late_us[n] if late_us else 5_000 + rng.randrange(jitter_us + 1)
        arrivals.append(real_us + late)
        times.append(clock.time_us((rtp + n * FRAME) % (1 << 32), arrivals[-1]))
    return times, arrivals


def test_the_first_unit_has_the_time_of_its_arrival() -> None:
    times, arrivals = played(1)
    assert times == arrivals


@given(st.integers(0, (1 << 32) - 1), st.integers(0, 90_000), st.integers(0, 9))
def test_differences_follow_the_timestamps_whatever_the_network_does(rtp: int, jitter_us: int, seed: int) -> None:
    times, _ = played(100, rtp=rtp, jitter_us=jitter_us, seed=seed)
    assert all(abs(b - a - FRAME_US) <= SEEN_US for a, b in pairwise(times))


@pytest.mark.parametrize("first_late_us", [150_000, 500_000, 2_400_000])
def test_a_first_arrival_that_was_late_is_made_good_within_half_a_minute(first_late_us: int) -> None:
    """As on a recorder that was busy starting: times go on forwards, by nine tenths, until they are right."""
    late = [first_late_us] + [max(5_000, first_late_us - n * FRAME_US) for n in range(1, 1000)]
    times, arrivals = played(1000, late_us=late)
    assert all(FRAME_US * 0.85 <= b - a <= FRAME_US + SEEN_US for a, b in pairwise(times))
    assert all(abs(a - t) < 110_000 for a, t in zip(arrivals[750:], times[750:], strict=True))


@pytest.mark.parametrize("kept_s", [2, 4, 8])
def test_a_stream_that_begins_with_what_was_kept_of_it_has_no_break(kept_s: int) -> None:
    """Whoever passes streams on begins with the group of pictures he has kept, as fast as it goes."""
    late = [max(5_000, kept_s * US_PER_S - n * (FRAME_US - 1_000)) for n in range(2000)]
    times, arrivals = played(2000, late_us=late)
    assert all(FRAME_US * 0.45 <= b - a <= FRAME_US + SEEN_US for a, b in pairwise(times))
    assert all(abs(a - t) < 110_000 for a, t in zip(arrivals[1500:], times[1500:], strict=True))


def test_timestamps_wrap() -> None:
    times, _ = played(50, rtp=(1 << 32) - 10 * FRAME)
    assert times == played(50)[0]


@pytest.mark.parametrize("drift_ppm", [-400.0, -50.0, 50.0, 400.0])
def test_drift_never_accumulates_and_is_never_seen(drift_ppm: float) -> None:
    """An hour of a camera whose crystal is off."""
    times, arrivals = played(25 * 3600, drift_ppm=drift_ppm, jitter_us=20_000)
    assert max(abs(a - t) for a, t in zip(arrivals[-250:], times[-250:], strict=True)) < 30_000
    assert all(abs(b - a - FRAME_US) <= SEEN_US for a, b in pairwise(times))


def test_reordered_pictures_keep_their_places() -> None:
    clock = ClockMap(RATE)
    order = [0, 3, 1, 2, 6, 4, 5]
    times = [clock.time_us(n * FRAME, START_US + i * FRAME_US) for i, n in enumerate(order)]
    assert [t - START_US for t in times] == [n * FRAME_US for n in order]


@pytest.mark.parametrize("stall_frames", [30, 200])
@pytest.mark.parametrize("begins", range(95, 130, 7))
@pytest.mark.parametrize("drained_at", [2, 50])
def test_what_a_stalled_connection_delivers_late_keeps_its_time(
    stall_frames: int, begins: int, drained_at: int
) -> None:
    """The backlog then arrives `drained_at` times as fast as it was taken."""
    late = [5_000] * 500
    for n in range(begins, 500):
        behind_us = (begins + stall_frames - n) * FRAME_US + (n - begins) * FRAME_US // drained_at
        late[n] = max(5_000, behind_us)
    times, _ = played(500, late_us=late)
    assert all(abs(b - a - FRAME_US) <= SEEN_US for a, b in pairwise(times))


@pytest.mark.parametrize("jump_s", [-100_000, -20, -5, 5, 20, 20_000])
def test_timestamps_that_jump_go_on_from_the_arrival(jump_s: int) -> None:
    clock = ClockMap(RATE)
    times = []
    for n in range(200):
        rtp = n * FRAME + (jump_s * RATE if n >= 100 else 0)
        times.append(clock.time_us(rtp % (1 << 32), START_US + n * FRAME_US))
    assert [t - START_US for t in times] == [n * FRAME_US for n in range(200)]
    assert clock.anchors == 2


@pytest.mark.parametrize("jump_s", [-86_400, -3600, -4, 60, 3600])
def test_our_own_clock_may_be_set(jump_s: int) -> None:
    clock = ClockMap(RATE)
    for n in range(200):
        arrival_us = START_US + n * FRAME_US + (jump_s * US_PER_S if n >= 100 else 0)
        assert clock.time_us(n * FRAME, arrival_us) == arrival_us


def test_a_small_correction_of_our_clock_is_followed_without_a_step_back() -> None:
    """Times never step back by so little that it could be taken for reordering."""
    clock = ClockMap(RATE)
    times, arrivals = [], []
    for n in range(1000):
        arrivals.append(START_US + n * FRAME_US - (2 * US_PER_S if n >= 100 else 0))
        times.append(clock.time_us(n * FRAME, arrivals[-1]))
    assert all(FRAME_US * 0.85 <= b - a <= FRAME_US + SEEN_US for a, b in pairwise(times))
    assert abs(times[-1] - arrivals[-1]) < 110_000


def test_a_pause_of_the_camera_is_a_pause_and_no_jump() -> None:
    clock = ClockMap(RATE)
    assert clock.time_us(0, START_US) == START_US
    assert clock.time_us(3600 * RATE, START_US + 3600 * US_PER_S + 7000) == START_US + 3600 * US_PER_S + 5000
    assert clock.anchors == 1


def test_a_camera_that_counts_too_slowly_is_followed_in_steps() -> None:
    """Its timestamps advance by a frame while its pictures come at half the rate."""
    clock = ClockMap(RATE)
    for n in range(2500):
        arrival_us = START_US + n * 2 * FRAME_US
        assert arrival_us - 6 * US_PER_S <= clock.time_us(n * FRAME, arrival_us) <= arrival_us + EARLY_US


@given(
    st.lists(st.tuples(st.integers(0, (1 << 32) - 1), st.integers(-(10**13), 10**13)), min_size=1, max_size=50),
    st.sampled_from([1, 8000, 48_000, 90_000, 10_000_000]),
)
def test_no_time_is_far_from_its_arrival(sent: list[tuple[int, int]], rate_hz: int) -> None:
    clock, arrival_us = ClockMap(rate_hz), START_US
    for rtp, step_us in sent:
        arrival_us += step_us
        assert -LATE_US - US_PER_S <= clock.time_us(rtp, arrival_us) - arrival_us <= BURST_US + 10_000


# --- the camera's wall clock -----------------------------------------------------------------------------------------


def test_sender_reports_tell_how_far_the_cameras_clock_is_off() -> None:
    clock = ClockMap(RATE)
    clock.sender_report(0, 0)
    assert clock.camera_offset_us() is None
    clock.time_us((1 << 32) - 10, START_US)
    clock.sender_report(START_US - 3600 * US_PER_S + 100, 80)
    assert clock.camera_offset_us() == 3600 * US_PER_S - 100 + 1000


def test_a_track_that_was_late_at_first_comes_into_step_with_the_other() -> None:
    video, audio = ClockMap(RATE), ClockMap(8000)
    video.time_us(0, START_US)
    audio.time_us(0, START_US + 200_000)
    video.sender_report(5, 0)
    audio.sender_report(5, 0)
    for n in range(60):
        offset_us = video.camera_offset_us()
        assert offset_us is not None
        audio.align(offset_us, US_PER_S)
        time_us = audio.time_us((n + 1) * 8000, START_US + 200_000 + (n + 1) * US_PER_S)
    assert abs(time_us - START_US - 60 * US_PER_S) <= 1000


def test_tracks_without_a_common_clock_stay_as_they_are() -> None:
    audio = ClockMap(8000)
    audio.time_us(0, START_US)
    audio.sender_report(0, 0)
    audio.align(5, US_PER_S)
    audio.align(START_US - 1_000_000, -US_PER_S)
    assert audio.time_us(80, START_US + 10_000) == START_US + 10_000
