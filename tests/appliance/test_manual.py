"""REC is pressed and released: the recording begins before and ends after, and nothing else is kept."""

from pathlib import Path

import pytest

from hwtests.appliance import ApiClient, from_text, now_us, wait_for
from hwtests.camera.process import CameraProcess
from hwtests.recorded import decoded, holes
from tests.appliance.conftest import H264, US_PER_S, AddCamera

pytestmark = pytest.mark.timeout(400)

PREBUFFER_S, POSTBUFFER_S = 3, 2
GOP_US = round(H264.gop_s * US_PER_S)


def test_what_was_before_and_after_is_kept_and_no_more(
    api: ApiClient, simulator: CameraProcess, add: AddCamera, tmp_path: Path
) -> None:
    manual = {"prebuffer_s": PREBUFFER_S, "postbuffer_s": POSTBUFFER_S, "max_duration_s": 60}
    added = add(simulator.source("button"), recording={"continuous": False, "manual": manual})
    since_us = from_text(api.wait_status(added, "streaming")["state"]["since"])
    wait_for(lambda: now_us() > since_us + (PREBUFFER_S + 3) * US_PER_S, 60, "the prebuffer to fill")
    pressed_us = now_us()
    state = api.call("PUT", f"/api/v1/cameras/{added}/manual-recording")
    assert "manual" in str(state)
    api.wait_recorded(added, pressed_us + 2 * US_PER_S)
    released_us = now_us()
    api.call("DELETE", f"/api/v1/cameras/{added}/manual-recording")
    end_us = released_us + POSTBUFFER_S * US_PER_S
    wait_for(lambda: now_us() > end_us + 2 * GOP_US + 2 * US_PER_S, 60, "the postbuffer to pass")
    api.wait_recorded(added, end_us - US_PER_S)
    timeline = api.timeline(added, since_us, now_us())
    [span] = timeline["spans"]
    assert span["kinds"] == ["manual"]
    start_us, stop_us = from_text(span["start"]), from_text(span["end"])
    assert pressed_us - PREBUFFER_S * US_PER_S - 2 * GOP_US <= start_us <= pressed_us - PREBUFFER_S * US_PER_S
    assert end_us - US_PER_S // 5 <= stop_us <= end_us + 2 * GOP_US
    assert {gap["cause"] for gap in timeline["gaps"]} == {"schedule"}
    pictures = decoded(api.media(added, start_us, stop_us, tmp_path / "x.mp4"))
    assert holes(pictures) == []
    assert pictures[0].time_us <= pressed_us - PREBUFFER_S * US_PER_S
