"""kill -9 of the units behind a page that somebody watches: it goes on by itself, without a reload."""

import pytest
from playwright.sync_api import expect

from hwtests.appliance import Appliance, to_text
from hwtests.camera.process import CameraProcess
from tests.web.conftest import OpenPage
from tests.web.screen import stage_of, wait_shown

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("unit", ["api", "ingest@0"])
def test_live_pictures_come_back_when_a_unit_dies(
    open_page: OpenPage, appliance: Appliance, cameras: CameraProcess, unit: str
) -> None:
    appliance.api.add_camera("Gate", cameras.source("gate"))
    page = open_page()
    tile = stage_of(page, "Gate")
    before = wait_shown(tile)
    page.evaluate("document.body.dataset.loaded = 'once'")
    appliance.wait_back(unit, appliance.kill(unit))
    after = wait_shown(tile, before, frames=30)
    wait_shown(tile, after, frames=10)
    expect(tile.get_by_role("status")).to_have_count(0)
    expect(page.locator("body")).to_have_attribute("data-loaded", "once")


def test_playback_goes_on_when_the_api_dies(open_page: OpenPage, appliance: Appliance, cameras: CameraProcess) -> None:
    camera = appliance.api.add_camera("Gate", cameras.source("gate"))
    appliance.api.wait_recorded(camera, 1)
    first_us = appliance.api.recorded_to_us(camera) - 1_000_000
    appliance.api.wait_recorded(camera, first_us + 9_000_000)
    page = open_page(f"#/camera/{camera}?t={to_text(first_us)}")
    stage = page.locator(".watch-stage")
    expect(stage.get_by_text("Playback", exact=True)).to_be_visible()
    before = wait_shown(stage)
    page.get_by_label("Speed").select_option("2")
    appliance.wait_back("api", appliance.kill("api"))
    wait_shown(stage, before, frames=100)
    expect(stage.get_by_role("status")).to_have_count(0)
