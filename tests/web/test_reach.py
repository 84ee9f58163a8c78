"""Who can use the page: by keyboard alone, on a phone, with a screen reader, in either theme."""

import pytest
from playwright.sync_api import Page, expect

from hwtests.appliance import ADMIN, Appliance
from hwtests.camera.process import CameraProcess
from tests.web.conftest import OpenPage
from tests.web.page import ADD
from tests.web.reach import overflow, settled, violations

pytestmark = pytest.mark.browser

PLACES = (
    "#/",
    "#/cameras",
    "#/storage",
    "#/system/overview",
    "#/system/updates",
    "#/system/network",
    "#/system/service",
    "#/system/backups",
    "#/system/audit",
    "#/system/tokens",
    "#/system/settings",
    "#/system/support",
    "#/nowhere",
)
LONG_NAME = (
    "A camera whose name is much longer than anybody would like it to be, and has_a_word_that_cannot_be_broken_anywhere"
)


@pytest.fixture(name="two_cameras")
def two_cameras_fixture(appliance: Appliance, cameras: CameraProcess) -> list[str]:
    """One that streams, and one with a long name that does not answer."""
    gate = appliance.api.add_camera("Gate", cameras.source("gate"))
    gone = appliance.api.add_camera(LONG_NAME, {"url": "rtsp://127.0.0.1:1/" + "very-long-path" * 20})
    appliance.api.wait_status(gate, "streaming")
    appliance.api.wait_status(gone, "waiting")
    return [gate, gone]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_keeps_a_screen_reader_or_weak_eyes_out(
    open_page: OpenPage, two_cameras: list[str], axe: str, theme: str
) -> None:
    found: dict[str, list[str]] = {}
    page = open_page(theme=theme)
    for place in (*PLACES, f"#/camera/{two_cameras[0]}"):
        page.goto(page.url.split("#")[0] + place)
        found[place] = violations(settled(page), axe)
    page.goto(page.url.split("#")[0] + "#/cameras")
    page.get_by_role("button", name=ADD).click()
    page.get_by_text("What is recorded").click()
    found["dialog"] = violations(page, axe)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Your session and theme").click()
    found["menu"] = violations(page, axe)
    door = open_page(theme=theme, anonymous=True)
    expect(door.get_by_role("button", name="Sign in")).to_be_visible()
    found["sign-in"] = violations(door, axe)
    assert {place: faults for place, faults in found.items() if faults} == {}


def test_a_phone_never_scrolls_sideways(open_page: OpenPage, two_cameras: list[str]) -> None:
    page = open_page(width=360, height=740)
    for place in (*PLACES, f"#/camera/{two_cameras[0]}"):
        page.goto(page.url.split("#")[0] + place)
        settled(page)
        assert overflow(page) <= 0, place
    page.goto(page.url.split("#")[0] + "#/cameras")
    page.get_by_role("button", name=ADD).click()
    assert overflow(page) <= 0
    assert page.locator("dialog").evaluate("(dialog) => dialog.scrollWidth - dialog.clientWidth") <= 0


def test_a_camera_is_added_by_keyboard_alone(open_page: OpenPage, appliance: Appliance, cameras: CameraProcess) -> None:
    page = open_page("#/cameras", anonymous=True)
    expect(page.get_by_label("User name")).to_be_focused()
    for credential in ADMIN:
        page.keyboard.type(credential)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # Show password: still on the way to the button
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="No cameras yet")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name=ADD)).to_be_focused()
    page.keyboard.press("Enter")

    source = cameras.source("gate")
    expect(page.get_by_label("Address")).to_be_focused()
    for text in (source["url"], source["username"], source["password"]):
        page.keyboard.type(str(text))
        page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name=ADD)).to_be_focused()

    page.keyboard.press("Enter")
    for text in (source["url"], source["username"], source["password"]):
        page.keyboard.type(str(text))
        page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="127.0.0.1")).to_be_visible()


def test_menus_obey_the_arrow_keys(open_page: OpenPage) -> None:
    page = open_page()
    button = page.get_by_role("button", name="Your session and theme")
    button.focus()
    page.keyboard.press("Enter")
    items = page.get_by_role("menu").locator("[role^=menuitem]")
    expect(items.first).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("menuitem", name="Sign out")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(items.first).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(page.get_by_role("menu")).to_be_hidden()


def test_a_page_takes_focus_and_names_the_tab(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_role("link", name="Storage").click()
    expect(page).to_have_title("Storage – Gatehouse")
    expect(page.locator("main")).to_be_focused()
    expect(page.get_by_role("link", name="Storage")).to_have_attribute("aria-current", "page")


def test_a_theme_stays_chosen(open_page: OpenPage) -> None:
    page = open_page(theme="light")
    light = background(page)
    page.get_by_role("button", name="Your session and theme").click()
    page.get_by_role("menuitemradio", name="Dark theme").click()
    page.reload()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    assert background(page) != light


def background(page: Page) -> str:
    """The colour under everything."""
    colour: str = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    return colour
