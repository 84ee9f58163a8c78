"""Updates in a rig: good ones take over, bad ones fall back by themselves, and what must be refused is refused."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hwtests.appliance import ApiError, now_us, wait_for
from hwtests.recorded import holes
from hwtests.rig.bundles import Refused, good_bundle, refused_bundles, unhealthy_bundle, unstartable_bundle
from hwtests.rig.choice import missing
from hwtests.rig.recorder import US_PER_S, Recorder

pytestmark = [
    pytest.mark.rig,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
]
INSTALL_TIMEOUT_S = 600
FALL_BACK_TIMEOUT_S = 1800
REFUSED = ("truncated", "tampered", "unsigned", "foreign", "downgraded", "wrong device", "something else")
BUNDLE = "/api/v1/updates/bundle"


@pytest.fixture(scope="module", name="recorder")
def recorder_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorder]:
    with Recorder.recording(tmp_path_factory.mktemp("updates")) as recorder:
        yield recorder


@pytest.fixture(scope="module", name="refused")
def refused_fixture(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Refused]:
    return {one.name: one for one in refused_bundles(tmp_path_factory.mktemp("bundles"))}


@pytest.mark.parametrize("name", REFUSED)
def test_what_must_not_be_installed_is_refused_with_its_reason_and_nothing_is_touched(
    recorder: Recorder, refused: dict[str, Refused], name: str
) -> None:
    before = slots(recorder)
    assert refusal(recorder, refused[name].file)["code"] == refused[name].code
    assert slots(recorder) == before
    recorder.wait_recording(60)


@pytest.mark.parametrize("make", [unstartable_bundle, unhealthy_bundle])
def test_a_version_that_does_not_become_healthy_falls_back_by_itself_and_keeps_everything(
    recorder: Recorder, tmp_path: Path, make: Any
) -> None:
    ran, new = running_and_other(recorder)
    before_us = recorder.api.recorded_to_us(next(iter(recorder.cameras)))
    install(recorder, make(tmp_path))
    recorder.restart()
    recorder.wait_gone()
    wait_for(lambda: settled_as_bad(recorder, new), FALL_BACK_TIMEOUT_S, f"slot {new} to be given up")
    assert recorder.updates()["running"]["slot"] == ran
    recorder.wait_recording()
    assert_kept(recorder, before_us)


def test_a_good_version_runs_from_the_other_slot_after_one_restart_and_keeps_everything(
    recorder: Recorder, tmp_path: Path
) -> None:
    ran, new = running_and_other(recorder)
    recorder.wait_recording()
    from_us = now_us()
    install(recorder, good_bundle(tmp_path))
    restart_us = now_us()
    recorder.restart()
    recorder.wait_gone()
    recorder.wait_recording()
    assert recorder.updates()["running"]["slot"] == new
    wait_for(lambda: state(recorder, new)["state"] == "running", INSTALL_TIMEOUT_S, "the new version to be healthy")
    assert state(recorder, ran)["state"] == "good"
    assert_kept(recorder, from_us)
    for camera in recorder.cameras:
        pictures = recorder.pictures(camera, from_us, now_us())
        gaps = [hole for hole in holes(pictures) if hole[1].time_us - hole[0].time_us > US_PER_S]
        assert len(gaps) == 1, "recording was interrupted by other than the one restart"
        assert gaps[0][0].time_us >= restart_us - 2 * US_PER_S


def running_and_other(recorder: Recorder) -> tuple[str, str]:
    ran = str(recorder.updates()["running"]["slot"])
    return ran, "b" if ran == "a" else "a"


def state(recorder: Recorder, slot: str) -> Any:
    return next(one for one in recorder.updates()["slots"] if one["name"] == slot)


def slots(recorder: Recorder) -> Any:
    """What is known of both slots, but for the tries, which the first minutes after a start change."""
    return [(one["name"], one["state"], one["version"]) for one in recorder.updates()["slots"]]


def settled_as_bad(recorder: Recorder, slot: str) -> bool:
    """Once it answers again: while a version that is no good is tried, nobody does."""
    return recorder.answers() and bool(state(recorder, slot)["state"] == "bad")


def refusal(recorder: Recorder, bundle: Path) -> Any:
    """The problem with which a bundle is refused, at once or after a look into it."""
    try:
        recorder.api.upload(BUNDLE, bundle)
    except ApiError as error:
        return error.body
    task = wait_for(lambda: ended(recorder), INSTALL_TIMEOUT_S, "the update to be refused")
    assert task["state"] == "failed", task
    return task["problem"]


def ended(recorder: Recorder) -> Any:
    time.sleep(1)
    task = recorder.updates()["task"]
    return task if task["state"] in ("failed", "restart-needed") else None


def install(recorder: Recorder, bundle: Path) -> None:
    """Send a bundle and wait until it is written."""
    recorder.wait_settled()
    recorder.api.upload(BUNDLE, bundle)
    task = wait_for(lambda: ended(recorder), INSTALL_TIMEOUT_S, "the update to be written")
    assert task["state"] == "restart-needed", task


def assert_kept(recorder: Recorder, before_us: int) -> None:
    """Cameras, users and recordings of before are there."""
    for camera in recorder.cameras:
        assert recorder.pictures_before(camera, before_us, 5)
