"""From the setup code to the first page."""

import hashlib
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from hwtests.appliance import Appliance
from hwtests.machine import Machine
from tests.web.page import PATIENCE_MS, watch_for_faults
from tests.web.reach import overflow

pytestmark = pytest.mark.browser


def set_up(page: Page, code: str, password: str) -> None:
    page.get_by_label("Setup code").fill(code)
    page.get_by_label("User name").fill("anna")
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Set up").click()


def test_what_is_wrong_with_the_disk_is_said_before_and_after_setting_up(browser: Browser, tmp_path: Path) -> None:
    """On a phone, as whoever stands beside the appliance has."""
    machine, faults = Machine(tmp_path / "machine"), list[str]()
    machine.say_data_problem("data-no-disk", "There is no disk for data", "Connect one, then restart the appliance.")
    data = tmp_path / "data"
    with machine.running(data), Appliance.start(data, shards=1, set_up=False) as appliance:
        context = browser.new_context(ignore_https_errors=True, viewport={"width": 360, "height": 740})
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        watch_for_faults(page, faults)
        page.goto(appliance.url)
        problem = page.get_by_role("alert").filter(has_text="There is no disk for data")
        expect(problem).to_contain_text("Connect one, then restart")
        expect(problem).to_contain_text("lost when it restarts")
        assert overflow(page) <= 0

        page.get_by_text("Did the browser warn you?").click()
        der = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("localhost", urlsplit(appliance.url).port or 443)))
        expect(page.get_by_text(hashlib.sha256(der).digest().hex(":").upper())).to_be_visible()
        assert overflow(page) <= 0

        set_up(page, appliance.setup_code, "four different old words")
        expect(page.get_by_role("navigation", name="Main")).to_be_visible()
        expect(problem).to_be_visible()
        context.close()
    assert faults == []


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
