"""One camera's page: its day on a timeline, any recorded time on the screen, and what can be taken away from it."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import FloatRect, Locator, Page, expect

from hwtests.appliance import Appliance, from_text, now_us, to_text, wait_for
from hwtests.camera import burnt
from hwtests.camera.process import CameraProcess
from tests.web.conftest import OpenPage
from tests.web.screen import Shown, shown, wait_shown

pytestmark = pytest.mark.browser

# For each name: whether a pixel of the timeline has exactly the colour of its custom property.
_DRAWN_WITH = """(names) => {
  const canvas = document.querySelector('.timeline-canvas canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const pixels = new Set();
  for (let at = 0; at < data.length; at += 4) pixels.add(`${data[at]} ${data[at + 1]} ${data[at + 2]}`);
  const probe = document.body.appendChild(document.createElement('i'));
  probe.style.setProperty('transition', 'none', 'important');
  const drawn = Object.entries(names).map(([name, property]) => {
    probe.style.color = `var(${property})`;
    return [name, pixels.has(getComputedStyle(probe).color.match(/\\d+/g).slice(0, 3).join(' '))];
  });
  probe.remove();
  return Object.fromEntries(drawn);
}"""
GOP_US = 2_000_000
RECORDED_US = 18_000_000


@pytest.fixture(autouse=True)
def no_cameras_stay() -> None:
    """The camera of this module stays for all of its tests."""


@pytest.fixture(scope="module", name="gate")
def gate_fixture(appliance: Appliance, cameras: CameraProcess) -> Iterator[str]:
    """A camera with a while of recordings and a gap of some seconds in them; returns its id."""
    started_us = now_us()
    camera = appliance.api.add_camera("Gate", cameras.source("gate"))
    appliance.api.wait_recorded(camera, started_us + RECORDED_US // 2)
    cameras.set_faults("gate", refuse=True)
    cameras.drop("gate")
    appliance.api.wait_status(camera, "waiting")
    cameras.clear_faults("gate")
    appliance.api.wait_status(camera, "streaming")
    appliance.api.wait_recorded(camera, now_us() + RECORDED_US // 2)
    yield camera
    appliance.api.call("DELETE", f"/api/v1/cameras/{camera}")


def test_a_click_on_the_timeline_plays_the_recording_of_that_time(
    open_page: OpenPage, appliance: Appliance, gate: str
) -> None:
    page = open_page(f"#/camera/{gate}")
    stage = page.locator(".watch-stage")
    wait_shown(stage)
    start_us, end_us = _spans(appliance, gate)[0]
    wanted_us = (start_us + end_us) // 2
    _zoom_to(page, wanted_us)
    assert _colours(page) == {"continuous", "gap"}
    _find(page, wanted_us)
    still = page.locator(".timeline-hover img")
    expect(still).to_be_visible()
    wait_for(lambda: still.evaluate("(image) => image.naturalWidth") == 160, 20, "the picture of that time")
    clicked_us = _click_at(page, wanted_us)
    expect(stage.get_by_text("Playback", exact=True)).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    seen = _settled(stage)
    assert clicked_us - GOP_US < seen.time_us < end_us
    assert abs(seen.time_us - _clock_us(page)) < 1_500_000


def test_the_keyboard_finds_a_time_plays_steps_and_goes_live_again(
    open_page: OpenPage, appliance: Appliance, gate: str
) -> None:
    page = open_page(f"#/camera/{gate}")
    stage = page.locator(".watch-stage")
    live = wait_shown(stage)
    slider = page.get_by_role("slider", name="Time of day")
    slider.focus()
    for _ in range(11):
        page.keyboard.press("+")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"\d\d:\d\d:\d\d, recorded, continuous"))
    page.keyboard.press("Enter")
    expect(stage.get_by_text("Playback", exact=True)).to_be_visible()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    still = _settled(stage)
    assert still.time_us < live.time_us
    page.keyboard.press(".")
    assert _changed(stage, still).counter == still.counter + 1
    page.keyboard.press(",")
    assert _changed(stage, Shown(still.counter + 1, 0)).counter == still.counter
    page.get_by_role("button", name="Live", exact=True).press("Enter")
    wait_shown(stage, live, frames=5)
    expect(stage.get_by_text("Live", exact=True)).to_be_visible()


def test_playback_jumps_over_a_gap_and_says_why_there_is_one(
    open_page: OpenPage, appliance: Appliance, gate: str
) -> None:
    (_, first_end_us), (second_start_us, _) = _spans(appliance, gate)[:2]
    page = open_page(f"#/camera/{gate}?t={to_text(first_end_us - 3_000_000)}")
    stage = page.locator(".watch-stage")
    expect(
        stage.get_by_text(re.compile("Jumped over .* without recording: no contact with the camera"))
    ).to_be_visible()
    assert wait_shown(stage).time_us > second_start_us - 1_000_000
    page.get_by_text("Recordings and gaps as a list").click()
    expect(page.get_by_text(re.compile("not recorded: no contact with the camera")).last).to_be_visible()


def test_a_marked_range_and_the_picture_shown_can_be_saved(
    open_page: OpenPage, appliance: Appliance, gate: str, tmp_path: Path
) -> None:
    start_us, end_us = _spans(appliance, gate)[0]
    page = open_page(f"#/camera/{gate}?t={to_text((start_us + end_us) // 2)}")
    stage = page.locator(".watch-stage")
    wait_shown(stage)
    page.keyboard.press("Space")
    still = _settled(stage)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save this picture").click()
    assert saved.value.suggested_filename.startswith(gate)
    assert _code_of(saved.value.path()).counter == still.counter

    _zoom_to(page, start_us)
    _drag(page, start_us + 1_000_000, start_us + 6_000_000)
    expect(page.get_by_text(re.compile(r"\(\d s\)"))).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download .mp4").click()
    with av.open(str(saved.value.path())) as video:
        times = [code[1] for frame in video.decode(video=0) if (code := burnt.decode(_plane(frame)))]
    assert times[0] < start_us + 3_000_000 + GOP_US
    assert times[-1] - times[0] > 3_000_000


def test_recording_by_hand_shows_on_page_and_timeline(open_page: OpenPage, appliance: Appliance, gate: str) -> None:
    page = open_page(f"#/camera/{gate}")
    stage = page.locator(".watch-stage")
    wait_shown(stage)
    page.get_by_role("button", name="REC", exact=True).click()
    going = page.get_by_role("button", name=re.compile("Stop REC .* left"))
    expect(going).to_be_visible()
    expect(stage.get_by_text("REC", exact=True)).to_be_visible()
    going.click()
    expect(page.get_by_role("button", name="REC", exact=True)).to_be_visible()
    page.get_by_text("Recordings and gaps as a list").click()
    expect(page.get_by_text(re.compile("recorded, continuous and manual")).first).to_be_visible()


def test_who_catches_up_with_the_present_watches_live(open_page: OpenPage, appliance: Appliance, gate: str) -> None:
    page = open_page(f"#/camera/{gate}?t={to_text(appliance.api.recorded_to_us(gate) - 8_000_000)}")
    stage = page.locator(".watch-stage")
    expect(stage.get_by_text("Playback", exact=True)).to_be_visible()
    before = wait_shown(stage)
    page.get_by_label("Speed").select_option("4")
    expect(stage.get_by_text("Live", exact=True)).to_be_visible()
    wait_shown(stage, before, frames=60)


def test_a_time_without_recordings_says_so(
    open_page: OpenPage, appliance: Appliance, cameras: CameraProcess, gate: str
) -> None:
    unknown = appliance.api.add_camera("Yard", cameras.source("yard", password="wrong"))
    page = open_page(f"#/camera/{unknown}?t={to_text(now_us() - 60_000_000)}")
    expect(page.locator(".watch-stage")).to_contain_text("Nothing was recorded after this")
    appliance.api.call("DELETE", f"/api/v1/cameras/{unknown}")
    page = open_page(f"#/camera/{gate}?t={to_text(now_us() + 3_600_000_000)}")
    expect(page.locator(".watch-stage").get_by_text("Live", exact=True)).to_be_visible()
    wait_shown(page.locator(".watch-stage"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everything_has_a_name_and_contrast(open_page: OpenPage, gate: str, axe: str, theme: str) -> None:
    for at, place in ((f"#/camera/{gate}", ".watch-stage"), ("#/", ".tile")):
        page = open_page(at, theme=theme)
        wait_shown(page.locator(place))
        page.evaluate(axe)
        found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
        assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []


@pytest.mark.parametrize(("width", "height"), [(360, 640), (768, 1024), (1920, 1080)])
def test_the_page_fits_phones_tablets_and_walls(open_page: OpenPage, gate: str, width: int, height: int) -> None:
    page = open_page(f"#/camera/{gate}", width=width, height=height)
    wait_shown(page.locator(".watch-stage"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for name in ("Pause", "Live", "REC", "−10 s: ten seconds back", "Full screen", "Save this picture"):
        button = page.get_by_role("button", name=name, exact=True)
        button.scroll_into_view_if_needed()
        box = button.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def _spans(appliance: Appliance, camera: str) -> list[tuple[int, int]]:
    end_us = now_us()
    spans = appliance.api.timeline(camera, end_us - 3_600_000_000, end_us)["spans"]
    return [(from_text(span["start"]), from_text(span["end"])) for span in spans]


def _clock_us(page: Page) -> int:
    """The time that the page says the picture is of, to the second."""
    text = page.locator(".wall-clock time").get_attribute("datetime")
    assert text is not None
    return from_text(text)


def _view(page: Page) -> tuple[Locator, FloatRect]:
    slider = page.get_by_role("slider", name="Time of day")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    return slider, box


def _zoom_to(page: Page, time_us: int) -> None:
    """Turn the wheel over a time of today until one pixel is a fraction of a second.

    Aimed anew on the way: a pixel of the whole day is more than a minute, a third of what is shown at the end.
    """
    wanted = datetime.fromtimestamp(time_us / 1e6).astimezone()
    second = wanted.hour * 3600 + wanted.minute * 60 + wanted.second
    for _ in range(3):
        _, box = _view(page)
        ends = box["x"] + 1, box["x"] + box["width"] - 1
        from_s, to_s = (_second_at(page, x, box["y"] + 50) for x in ends)
        page.mouse.move(ends[0] + (second - from_s) / (to_s - from_s) * (ends[1] - ends[0]), box["y"] + 50)
        for _ in range(5):
            page.mouse.wheel(0, -250)
        page.wait_for_timeout(100)


def _second_at(page: Page, x: float, y: float) -> int:
    """The second of the day that the card over the timeline says at a place."""
    page.mouse.move(x, y)
    page.wait_for_timeout(30)
    hour, minute, second = page.locator(".timeline-hover strong").inner_text().split(":")
    return int(hour) * 3600 + int(minute) * 60 + int(second)


def _colours(page: Page) -> set[str]:
    """Which of the theme's colours the timeline is drawn with."""
    names = {"continuous": "--kind-continuous", "gap": "--gap"}
    found: dict[str, bool] = page.evaluate(_DRAWN_WITH, names)
    return {name for name, drawn in found.items() if drawn}


def _click_at(page: Page, time_us: int) -> int:
    """Click where the card over the timeline says the second of a time; returns the time that was clicked."""
    x = _find(page, time_us)
    page.mouse.click(x, _view(page)[1]["y"] + 50)
    return time_us


def _drag(page: Page, from_us: int, to_us: int) -> None:
    y = _view(page)[1]["y"] + 50
    ends = [_find(page, time_us) for time_us in (from_us, to_us)]
    page.mouse.move(ends[0], y)
    page.keyboard.down("Shift")
    page.mouse.down()
    page.mouse.move(ends[1], y, steps=5)
    page.mouse.up()
    page.keyboard.up("Shift")


def _find(page: Page, time_us: int) -> float:
    """The place of a time on the timeline, found as a person does: by moving until the card says it."""
    _, box = _view(page)
    wanted = datetime.fromtimestamp(time_us / 1e6).astimezone().strftime("%H:%M:%S")
    card = page.locator(".timeline-hover strong")
    low, high = box["x"], box["x"] + box["width"]
    for _ in range(40):
        x = (low + high) / 2
        page.mouse.move(x, box["y"] + 50)
        page.wait_for_timeout(30)
        said = card.inner_text()
        if said == wanted:
            return x
        low, high = (x, high) if said < wanted else (low, x)
    raise AssertionError(f"the timeline never says {wanted}")


def _settled(stage: Locator) -> Shown:
    """The picture of a paused player: the same one twice."""

    def same() -> Shown | None:
        before = shown(stage)
        stage.page.wait_for_timeout(200)
        return before if before and before == shown(stage) else None

    return wait_for(same, 20, "a picture that stands still")


def _changed(stage: Locator, before: Shown) -> Shown:
    def other() -> Shown | None:
        now = shown(stage)
        return now if now and now.counter != before.counter else None

    return wait_for(other, 20, "another picture")


def _code_of(file: Path) -> Shown:
    with av.open(str(file)) as picture:
        code = burnt.decode(_plane(next(picture.decode(video=0))))
    assert code is not None
    return Shown(*code)


def _plane(frame: av.VideoFrame) -> NDArray[np.uint8]:
    return frame.to_ndarray(format="gray").astype(np.uint8)
