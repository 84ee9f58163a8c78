"""From the setup code to the first page."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from hwtests.appliance import Appliance
from tests.web.page import PATIENCE_MS, watch_for_faults

pytestmark = pytest.mark.browser


def set_up(page: Page, code: str, password: str) -> None:
    page.get_by_label("Setup code").fill(code)
    page.get_by_label("User name").fill("anna")
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Set up").click()


def test_the_setup_code_makes_the_first_administrator_once(browser: Browser, tmp_path: Path) -> None:
    faults: list[str] = []
    with Appliance.start(tmp_path, shards=1, set_up=False) as appliance:
        context = browser.new_context(ignore_https_errors=True)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        watch_for_faults(page, faults)
        page.goto(appliance.url)
        expect(page.get_by_label("Setup code")).to_be_focused()

        set_up(page, "AAAAA-AAAAA", "four different old words")
        code = page.get_by_label("Setup code")
        expect(code).to_have_attribute("aria-invalid", "true")
        expect(code).to_be_focused()
        expect(page.get_by_text("This is not the setup code")).to_be_visible()

        set_up(page, appliance.setup_code, "too short")
        expect(page.get_by_text("3 more characters needed")).to_be_visible()
        expect(page.get_by_label("Password", exact=True)).to_have_attribute("aria-invalid", "true")

        set_up(page, appliance.setup_code.lower(), "four different old words")
        expect(page.get_by_role("navigation", name="Main")).to_be_visible()

        page.reload()
        expect(page.get_by_role("navigation", name="Main")).to_be_visible()
        context.close()
    assert faults == []
