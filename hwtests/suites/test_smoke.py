"""The built image in a rig, quickly: first boot, setting up, one camera recorded, the power cut, and back by itself."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hwtests.appliance import ApiError, now_us
from hwtests.recorded import holes
from hwtests.rig.choice import missing
from hwtests.rig.power_cut import LoseUnflushed
from hwtests.rig.recorder import PROFILE, US_PER_S, Recorder, Told, small_cameras
from hwtests.rig.rig import NotFittedError

pytestmark = [
    pytest.mark.rig,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
]
RECORDED_S = 5
GRACE_S = 1.0


@pytest.fixture(scope="module", name="recorder")
def recorder_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorder]:
    with Recorder.fresh(tmp_path_factory.mktemp("smoke"), small_cameras(1)) as recorder:
        yield recorder


@pytest.fixture(scope="module", name="told")
def told_fixture(recorder: Recorder) -> Told:
    """What the console says at the first boot; the recorder is set up with it, and records, when this returns."""
    recorder.rig.power_on()
    told = recorder.set_up()
    recorder.add_cameras()
    recorder.wait_recording()
    return told


def test_the_console_of_a_new_recorder_says_where_its_page_is_and_how_to_begin(told: Told) -> None:
    assert told.page.startswith("https://")
    assert len(told.code) >= 8


def test_the_setup_code_serves_once(recorder: Recorder, told: Told) -> None:
    assert recorder.api.call("GET", "/api/v1/setup")["needed"] is False
    again = {"code": told.code, "username": "another", "password": "battery horse staple correct"}
    with pytest.raises(ApiError):
        recorder.api.call("POST", "/api/v1/setup", again)


def test_the_first_version_runs_from_slot_a(recorder: Recorder, told: Told) -> None:
    assert recorder.updates()["running"]["slot"] == "a"


def test_a_camera_is_recorded_and_its_pictures_come_out_again(recorder: Recorder, told: Told, tmp_path: Path) -> None:
    (camera,) = recorder.cameras
    to_us = recorder.api.recorded_to_us(camera)
    pictures = recorder.pictures(camera, to_us - RECORDED_S * US_PER_S, to_us)
    assert holes(pictures) == []
    assert probed(recorder.folder / "range.mp4") == (PROFILE.width, PROFILE.height)


def test_after_a_power_cut_it_records_again_by_itself_and_what_was_recorded_is_there(
    recorder: Recorder, told: Told, tmp_path: Path
) -> None:
    (camera,) = recorder.cameras
    recorder.wait_recording()
    cut_us = recorder.rig.power_cut(LoseUnflushed(keep=0.5, seed=1))
    assert findings(recorder) == ()
    recorder.rig.power_on()
    recorder.wait_recording()
    before = recorder.pictures_before(camera, cut_us, RECORDED_S)
    assert holes(before) == []
    assert cut_us - before[-1].time_us <= (PROFILE.gop_s + GRACE_S) * US_PER_S
    assert probed(recorder.folder / "range.mp4") == (PROFILE.width, PROFILE.height)


def test_it_switches_itself_off_and_on_again_in_good_order(recorder: Recorder, told: Told) -> None:
    (camera,) = recorder.cameras
    recorder.wait_recording()
    off_us = now_us()
    recorder.power_off()
    assert findings(recorder) == ()
    recorder.rig.power_on()
    recorder.wait_recording()
    assert recorder.pictures_before(camera, off_us, RECORDED_S)


def findings(recorder: Recorder) -> tuple[str, ...]:
    try:
        return recorder.rig.examine().findings
    except NotFittedError:
        return ()


def probed(file: Path) -> tuple[int, int]:
    """What FFmpeg says of a file's picture size; it decodes all of it without a complaint."""
    asked = ("-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height", "-of", "json")
    told = subprocess.run(["ffprobe", *asked, file], check=True, capture_output=True, text=True, timeout=60)
    decoded = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", file, "-f", "null", "-"], check=True, capture_output=True, text=True, timeout=60
    )
    assert told.stderr + decoded.stderr == ""
    (stream,) = json.loads(told.stdout)["streams"]
    return int(stream["width"]), int(stream["height"])
