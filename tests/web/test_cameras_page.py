"""Adding, changing, switching off and deleting cameras, as an administrator does it."""

import pytest
from playwright.sync_api import expect

from hwtests.appliance import Appliance
from hwtests.camera.process import CameraProcess
from tests.web.conftest import OpenPage
from tests.web.page import ADD, fill_source, menu_of

pytestmark = pytest.mark.browser


def test_a_wrong_password_is_explained_and_the_right_one_streams(
    open_page: OpenPage, appliance: Appliance, cameras: CameraProcess
) -> None:
    page = open_page("#/cameras")
    expect(page.get_by_role("heading", name="No cameras yet")).to_be_visible()
    page.get_by_role("button", name=ADD).click()
    dialog = page.get_by_role("dialog", name=ADD)
    fill_source(page, cameras.source("gate", password="not the password"))
    dialog.get_by_role("button", name="Test").click()
    expect(dialog.get_by_text("does not accept this user name and password")).to_be_visible()
    expect(dialog.get_by_label("Password", exact=True)).to_have_attribute("aria-invalid", "true")

    fill_source(page, cameras.source("gate"))
    dialog.get_by_role("button", name="Test").click()
    expect(dialog.get_by_text("H.264, 320 × 180")).to_be_visible()

    dialog.get_by_label("Name", exact=True).fill("Front gate")
    dialog.get_by_role("button", name=ADD).click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("link", name="Front gate")).to_be_visible()
    expect(page.get_by_text("Streaming")).to_be_visible()
    expect(page.get_by_text("H.264 · 320 × 180")).to_be_visible()


def test_a_stored_password_is_kept_and_never_shown(
    open_page: OpenPage, appliance: Appliance, cameras: CameraProcess
) -> None:
    source = cameras.source("gate")
    camera = appliance.api.add_camera("Gate", source)
    page = open_page("#/cameras")
    menu_of(page, "Gate", "Change")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Password", exact=True)).to_have_value("")
    expect(dialog.get_by_text("One is stored")).to_be_visible()
    assert str(source["password"]) not in page.content()
    dialog.get_by_role("button", name="Test").click()
    expect(dialog.get_by_text("The camera answers")).to_be_visible()

    dialog.get_by_label("Name", exact=True).fill("Back gate")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Back gate")).to_be_visible()
    expect(page.get_by_text("Streaming")).to_be_visible()
    assert appliance.api.camera(camera)["source"]["has_password"] is True


def test_a_camera_is_switched_off_and_on(open_page: OpenPage, appliance: Appliance, cameras: CameraProcess) -> None:
    appliance.api.add_camera("Gate", cameras.source("gate"))
    page = open_page("#/cameras")
    expect(page.get_by_text("Streaming")).to_be_visible()
    menu_of(page, "Gate", "Switch off")
    expect(page.get_by_text("Switched off", exact=True)).to_be_visible()
    expect(page.get_by_text("Not recorded while switched off")).to_be_visible()
    menu_of(page, "Gate", "Switch on")
    expect(page.get_by_text("Streaming")).to_be_visible()


def test_deleting_says_what_becomes_of_the_recordings(
    open_page: OpenPage, appliance: Appliance, cameras: CameraProcess
) -> None:
    appliance.api.add_camera("Gate", cameras.source("gate"))
    page = open_page("#/cameras")
    menu_of(page, "Gate", "Delete")
    dialog = page.get_by_role("dialog", name="Delete Gate?")
    expect(dialog.get_by_text("What has been recorded stays on the disk")).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("link", name="Gate")).to_be_visible()
    menu_of(page, "Gate", "Delete")
    dialog.get_by_role("button", name="Delete camera").click()
    expect(page.get_by_role("heading", name="No cameras yet")).to_be_visible()


def test_a_camera_that_does_not_answer_shows_cause_and_remedy(open_page: OpenPage, appliance: Appliance) -> None:
    appliance.api.add_camera("Gone", {"url": "rtsp://127.0.0.1:1/stream"})
    page = open_page("#/cameras")
    expect(page.get_by_text("No contact")).to_be_visible()
    expect(page.get_by_text("The recorder keeps trying")).to_be_visible()
    problem = appliance.api.camera("gone")["state"]["problem"]
    expect(page.get_by_text(problem["title"])).to_be_visible()
    expect(page.get_by_text(problem["remedy"])).to_be_visible()


def test_an_address_that_can_never_work_is_marked(open_page: OpenPage) -> None:
    page = open_page("#/cameras")
    page.get_by_role("button", name=ADD).click()
    page.get_by_label("Address").fill("gopher://camera/")
    page.get_by_role("dialog").get_by_role("button", name=ADD).click()
    address = page.get_by_label("Address")
    expect(address).to_have_attribute("aria-invalid", "true")
    expect(address).to_be_focused()


def test_credentials_pasted_with_the_address_move_to_their_fields(open_page: OpenPage) -> None:
    page = open_page("#/cameras")
    page.get_by_role("button", name=ADD).click()
    page.get_by_label("Address").fill("rtsp://op:s%3Acret@192.0.2.7/stream")
    expect(page.get_by_label("Address")).to_have_value("rtsp://192.0.2.7/stream")
    expect(page.get_by_label("User name")).to_have_value("op")
    expect(page.get_by_label("Password", exact=True)).to_have_value("s:cret")


def test_what_others_change_appears_by_itself(
    open_page: OpenPage, appliance: Appliance, cameras: CameraProcess
) -> None:
    page = open_page("#/cameras")
    expect(page.get_by_role("heading", name="No cameras yet")).to_be_visible()
    camera = appliance.api.add_camera("Added elsewhere", cameras.source("gate"))
    expect(page.get_by_role("link", name="Added elsewhere")).to_be_visible()
    appliance.api.call("DELETE", f"/api/v1/cameras/{camera}")
    expect(page.get_by_role("heading", name="No cameras yet")).to_be_visible()
