"""A camera in, a recording out: what the camera sent is what comes out, at the time it was taken."""

import base64
import io
import json
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest
from playwright.sync_api import sync_playwright

from hwtests.appliance import ApiClient, ApiError, Appliance, now_us, to_text, wait_for
from hwtests.camera import burnt
from hwtests.camera.process import CameraProcess
from hwtests.gst.server import gst_server, pipeline
from hwtests.recorded import Picture, decoded, holes, listed
from tests.appliance.conftest import H264, US_PER_S, AddCamera, record

pytestmark = pytest.mark.timeout(400)

FRAME_US = round(US_PER_S / H264.fps)


def test_every_picture_comes_out_once_in_order_and_at_its_time(api: ApiClient, street: str, tmp_path: Path) -> None:
    start_us, end_us = record(api, street, 8)
    file = api.media(street, start_us, end_us, tmp_path / "x.mp4")
    pictures = decoded(file)
    assert holes(pictures) == []
    assert pictures[0].time_us <= start_us
    assert pictures[-1].time_us >= end_us - 2 * FRAME_US
    assert [(p.counter, p.time_us) for p in listed(file)] == [(p.counter, p.time_us) for p in pictures]
    assert max(abs(_late_us(pictures[0], picture)) for picture in pictures) < FRAME_US


def _late_us(first: Picture, other: Picture) -> int:
    return (other.media_us - first.media_us) - (other.time_us - first.time_us)


def test_the_timeline_shows_it_whole(api: ApiClient, street: str) -> None:
    start_us, end_us = record(api, street, 3)
    timeline = api.timeline(street, start_us, end_us)
    assert timeline["gaps"] == []
    assert timeline["recorded_percent"] == 100
    assert [span["kinds"] for span in timeline["spans"]] == [["continuous"]]
    assert to_text(end_us)[:10] in api.call("GET", f"/api/v1/cameras/{street}/days")["days"]
    assert api.call("GET", f"/api/v1/recordings?camera={street}")


def test_a_snapshot_shows_the_picture_of_its_time(api: ApiClient, street: str) -> None:
    start_us, end_us = record(api, street, 3)
    for asked_us in (start_us + FRAME_US, (start_us + end_us) // 2, end_us - US_PER_S):
        _, taken_us = code_of(api.snapshot(street, time=to_text(asked_us)))
        assert abs(taken_us - asked_us) <= 2 * FRAME_US
    _, newest_us = code_of(api.snapshot(street))
    assert newest_us > start_us


def code_of(jpeg: bytes) -> tuple[int, int]:
    with av.open(io.BytesIO(jpeg), "r") as container:
        frame = next(container.decode(video=0))
    code = burnt.decode(frame.reformat(format="gray").to_ndarray().astype(np.uint8))
    assert code is not None
    return code


def test_an_interval_without_video_is_a_problem_with_a_remedy(api: ApiClient, street: str, tmp_path: Path) -> None:
    with pytest.raises(ApiError) as refused:
        api.media(street, US_PER_S, 2 * US_PER_S, tmp_path / "x.mp4")
    assert refused.value.status == 404
    assert refused.value.body["remedy"]
    with pytest.raises(ApiError) as unsaid:
        api.media(street, now_us(), now_us() - 10 * US_PER_S, tmp_path / "x.mp4")
    assert 400 <= unsaid.value.status < 500
    assert unsaid.value.body["remedy"]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("plain", {"transport": "tcp"}),
        ("plain", {"transport": "udp"}),
        ("plain", {"scheme": "rtsps", "verify_tls": False}),
        ("hevc", {}),
        ("jpeg", {}),
        ("jpeg", {"scheme": "http"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value.values())) or "plain",
)
def test_every_kind_of_source_is_recorded_whole(
    api: ApiClient, simulator: CameraProcess, add: AddCamera, tmp_path: Path, name: str, changes: dict[str, object]
) -> None:
    scheme = str(changes.pop("scheme", "rtsp"))
    added = add(simulator.source(name, url=simulator.url(name, scheme), **changes))
    api.wait_status(added, "streaming")
    pictures = decoded(api.media(added, *record(api, added, 3), tmp_path / "x.mp4"))
    assert holes(pictures) == []
    assert len(pictures) >= 10


def test_a_prerecorded_film_is_a_camera_that_begins_again(
    appliance: Appliance, add: AddCamera, film: Path, tmp_path: Path
) -> None:
    folder = appliance.folder / "prerecorded"
    folder.mkdir(exist_ok=True)
    (folder / "film.mkv").write_bytes(film.read_bytes())
    numbers = [picture.counter for picture in decoded(film)]
    api = appliance.api
    added = add({"url": "file:film.mkv"})
    api.wait_status(added, "streaming")
    pictures = decoded(api.media(added, *record(api, added, 1.5 * len(numbers) / H264.fps), tmp_path / "x.mp4"))
    jumps = holes(pictures)
    assert [(a.counter, b.counter) for a, b in jumps] == [(numbers[-1], numbers[0])] * len(jumps)
    assert jumps


def test_a_server_that_we_did_not_write_is_recorded_whole(
    api: ApiClient, add: AddCamera, film: Path, tmp_path: Path
) -> None:
    with gst_server(pipeline(film, "h264"), username="u", password="p") as url:
        added = add({"url": url, "username": "u", "password": "p"})
        api.wait_status(added, "streaming")
        pictures = decoded(api.media(added, *record(api, added, 3), tmp_path / "x.mp4"))
    assert holes(pictures) == []
    assert len(pictures) >= 20


def test_a_new_name_does_not_interrupt_the_recording(
    api: ApiClient, simulator: CameraProcess, add: AddCamera, tmp_path: Path
) -> None:
    added = add(simulator.source("plain"))
    api.wait_status(added, "streaming")
    start_us, _ = record(api, added, 2)
    api.call("PATCH", f"/api/v1/cameras/{added}", {"name": "Another name"})
    _, end_us = record(api, added, 2)
    assert holes(decoded(api.media(added, start_us, end_us, tmp_path / "x.mp4"))) == []
    assert api.camera(added)["name"] == "Another name"


def test_a_camera_that_is_switched_off_says_so_on_its_timeline_and_goes_on_when_switched_on(
    api: ApiClient, simulator: CameraProcess, add: AddCamera
) -> None:
    added = add(simulator.source("plain"))
    api.wait_status(added, "streaming")
    start_us, _ = record(api, added, 2)
    api.call("PATCH", f"/api/v1/cameras/{added}", {"enabled": False})
    api.wait_status(added, "disabled")
    off_us = now_us()
    wait_for(lambda: now_us() > off_us + 2 * US_PER_S, 30, "a while to pass")
    api.call("PATCH", f"/api/v1/cameras/{added}", {"enabled": True})
    api.wait_status(added, "streaming")
    _, end_us = record(api, added, 2)
    timeline = api.timeline(added, start_us, end_us)
    assert {gap["cause"] for gap in timeline["gaps"]} == {"disabled"}
    assert len(timeline["spans"]) == 2


def test_what_is_saved_opens_in_other_peoples_players(api: ApiClient, street: str, tmp_path: Path) -> None:
    file = api.media(street, *record(api, street, 4), tmp_path / "x.mp4")
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-show_format", "-of", "json", str(file)]
    probed = subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert probed.stderr == b""
    found = json.loads(probed.stdout)
    video = next(stream for stream in found["streams"] if stream["codec_type"] == "video")
    assert (video["codec_name"], video["width"], video["height"]) == ("h264", H264.width, H264.height)
    assert int(video["nb_read_frames"]) == len(listed(file))
    played = play_in_chromium(file)
    assert (played["width"], played["height"], played["error"]) == (H264.width, H264.height, None)
    assert played["duration"] == pytest.approx(float(found["format"]["duration"]), abs=0.2)


PLAY = """async (source) => {
    const video = document.createElement("video");
    video.muted = true;
    video.src = source;
    document.body.append(video);
    await new Promise((resolve) => { video.onloadeddata = resolve; video.onerror = resolve; });
    if (!video.error) {
        video.currentTime = video.duration - 0.5;
        await new Promise((resolve) => { video.onseeked = resolve; video.onerror = resolve; });
        await video.play();
        await new Promise((resolve) => { video.onended = resolve; video.onerror = resolve; });
    }
    return { width: video.videoWidth, height: video.videoHeight, duration: video.duration,
             error: video.error && video.error.message };
}"""


def play_in_chromium(file: Path) -> dict[str, object]:
    """Load, seek near the end, play to the end."""
    source = "data:video/mp4;base64," + base64.b64encode(file.read_bytes()).decode()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        played: dict[str, object] = page.evaluate(PLAY, source)
        browser.close()
    return played


def test_segments_of_an_uninterrupted_recording_join_without_a_seam(
    appliance: Appliance, street: str, tmp_path: Path
) -> None:
    folder = appliance.folder / "volumes" / "main" / "segments" / street

    def segments() -> list[Path]:
        return sorted(folder.glob("*/*.mp4"))

    wait_for(lambda: len(segments()) >= 2, 100, "a second segment")
    record(appliance.api, street, 3)
    first, second = segments()[:2]
    seam_us = decoded(second)[0].time_us
    both = tmp_path / "joined.mkv"
    listing = tmp_path / "list.txt"
    listing.write_text(f"file '{first}'\nfile '{second}'\n")
    command = ["ffmpeg", "-v", "error", "-f", "concat", "-safe", "0", "-i", str(listing), "-c", "copy", "-y", str(both)]
    subprocess.run(command, check=True, timeout=60)
    pictures = decoded(both)
    assert holes(pictures) == []
    before, after = (next(p for p in pictures if p.time_us >= at) for at in (seam_us - FRAME_US, seam_us))
    assert (
        0 < after.media_us - before.media_us < 2 * FRAME_US
    )  # the sound of the first ends a packet after its pictures
