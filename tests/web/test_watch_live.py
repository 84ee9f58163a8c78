"""The live page: pictures move, say when they are transcoded, and explain themselves when they are not there."""

import json
import re

import pytest
from playwright.sync_api import Page, WebSocket, expect

from hwtests.appliance import Appliance, wait_for
from hwtests.camera.process import CameraProcess
from tests.web.conftest import OpenPage
from tests.web.screen import PATIENCE_S, stage_of, wait_shown

pytestmark = pytest.mark.browser


def test_the_newest_pictures_move_on_the_screen(
    open_page: OpenPage, appliance: Appliance, cameras: CameraProcess
) -> None:
    appliance.api.add_camera("Gate", cameras.source("gate"))
    appliance.api.add_camera("Yard", cameras.source("yard"))
    page = open_page()
    for name in ("Gate", "Yard"):
        first = wait_shown(stage_of(page, name))
        later = wait_shown(stage_of(page, name), first, frames=20)
        assert later.time_us > first.time_us
    expect(stage_of(page, "Gate").get_by_role("img", name="Recording")).to_be_visible()


@pytest.mark.parametrize(("name", "coding"), [("lot", "M-JPEG"), ("mill", "H.265")])
def test_what_the_browser_cannot_play_is_transcoded_and_says_so(
    open_page: OpenPage, appliance: Appliance, cameras: CameraProcess, name: str, coding: str
) -> None:
    appliance.api.add_camera("Lot", cameras.source(name))
    page = open_page()
    lot = stage_of(page, "Lot")
    wait_shown(lot, wait_shown(lot), frames=5)
    expect(lot.get_by_text(f"Transcoded from {coding}")).to_be_visible()


def test_a_tile_says_why_there_is_no_picture_and_what_to_do(
    open_page: OpenPage, appliance: Appliance, cameras: CameraProcess
) -> None:
    appliance.api.add_camera("Gate", cameras.source("gate"))
    appliance.api.add_camera("Yard", cameras.source("yard", password="wrong"))
    page = open_page()
    yard = stage_of(page, "Yard")
    expect(yard.get_by_role("status")).to_contain_text("user name and password")
    expect(yard.get_by_role("status")).to_contain_text("Enter the user name and password of an account in the camera")
    gate = stage_of(page, "Gate")
    before = wait_shown(gate)
    cameras.set_faults("gate", refuse=True)
    cameras.drop("gate")
    try:
        expect(gate.locator(".obstacle-title")).not_to_be_empty()
        expect(gate.locator(".obstacle:not(.passing) .obstacle-remedy")).not_to_be_empty()
    finally:
        cameras.clear_faults("gate")
    wait_shown(gate, before, frames=5)
    expect(gate.get_by_role("status")).to_have_count(0)


@pytest.mark.parametrize("name", ["hall", "porch"])  # AAC as it is, and G.711 transcoded
def test_sound_is_fetched_only_when_it_is_wanted(
    open_page: OpenPage, appliance: Appliance, cameras: CameraProcess, name: str
) -> None:
    appliance.api.wait_status(appliance.api.add_camera("Hall", cameras.source(name)), "streaming")
    page = open_page("#/system")
    asked = _requests(page)
    page.goto(f"{appliance.url}/#/")
    hall = stage_of(page, "Hall")
    first = wait_shown(hall)
    assert [request["audio"] for request in asked if request["op"] == "live"] == [False]
    hall.hover()
    button = hall.get_by_role("button", name="Sound of Hall")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    wait_for(lambda: _decoded_sound(page) > 0, PATIENCE_S, "sound to be decoded")
    wait_shown(hall, wait_shown(hall, first), frames=30)
    assert [request["audio"] for request in asked if request["op"] == "live"] == [False, True]


def test_pictures_off_the_screen_are_not_fetched(
    open_page: OpenPage, appliance: Appliance, cameras: CameraProcess
) -> None:
    names = [f"Camera {number}" for number in range(1, 7)]
    for name in names:
        appliance.api.add_camera(name, cameras.source("gate"))
    page = open_page("#/system", width=360, height=640)
    asked = _requests(page)
    page.goto(f"{appliance.url}/#/")
    wait_shown(stage_of(page, names[0]))
    assert len({request["camera"] for request in asked if request["op"] == "live"}) < len(names)
    stage_of(page, names[-1]).scroll_into_view_if_needed()
    wait_shown(stage_of(page, names[-1]))
    assert any(request["op"] == "close" for request in asked)
    stage_of(page, names[0]).scroll_into_view_if_needed()
    wait_shown(stage_of(page, names[0]), wait_shown(stage_of(page, names[0])), frames=5)


def test_the_keyboard_opens_a_camera_and_shows_figures(
    open_page: OpenPage, appliance: Appliance, cameras: CameraProcess
) -> None:
    appliance.api.add_camera("Gate", cameras.source("gate"))
    page = open_page()
    wait_shown(stage_of(page, "Gate"))
    page.keyboard.press("d")
    expect(stage_of(page, "Gate").get_by_text(re.compile(r"\d+ ms .* fps"))).to_be_visible()
    link = page.get_by_role("link", name="Open Gate")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Gate", level=1)).to_be_visible()
    wait_shown(page.locator(".watch-stage"))
    page.get_by_role("link", name="All cameras").press("Enter")
    wait_shown(stage_of(page, "Gate"))


def test_without_cameras_the_way_to_the_first_one_is_shown(open_page: OpenPage, appliance: Appliance) -> None:
    page = open_page()
    page.get_by_role("link", name="Add a camera").click()
    expect(page).to_have_url(re.compile("#/cameras"))


def _decoded_sound(page: Page) -> int:
    """Bytes of sound that the browser has decoded."""
    return int(page.evaluate("document.querySelector('video').webkitAudioDecodedByteCount"))


def _requests(page: Page) -> list[dict[str, object]]:
    """What the page asks of the media socket from now on."""
    asked: list[dict[str, object]] = []

    def listen(socket: WebSocket) -> None:
        if socket.url.endswith("/api/v1/media"):
            socket.on("framesent", lambda frame: asked.append(json.loads(frame)))

    page.on("websocket", listen)
    return asked
