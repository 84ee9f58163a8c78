"""The pages about the recorder itself, and how the page lives through its death."""

import re

import pytest
from playwright.sync_api import expect

from hwtests.appliance import ADMIN, ApiClient, ApiError, Appliance
from hwtests.camera.process import CameraProcess
from tests.web.conftest import OpenPage
from tests.web.page import sign_in

pytestmark = pytest.mark.browser


def test_the_page_says_that_the_recorder_is_gone_and_comes_back_by_itself(
    open_page: OpenPage, appliance: Appliance, cameras: CameraProcess
) -> None:
    page = open_page("#/cameras")
    expect(page.get_by_role("heading", name="No cameras yet")).to_be_visible()
    dead = appliance.kill("api")
    expect(page.get_by_text("The recorder is not answering")).to_be_visible()
    appliance.wait_back("api", dead)
    appliance.api.add_camera("Gate", cameras.source("gate"))
    expect(page.get_by_text("The recorder is not answering")).to_be_hidden()
    expect(page.get_by_role("link", name="Gate")).to_be_visible()
    expect(page.get_by_text("Streaming")).to_be_visible()


def test_a_token_is_shown_once_and_works_until_it_is_deleted(open_page: OpenPage, appliance: Appliance) -> None:
    page = open_page("#/system/tokens")
    page.get_by_role("button", name="Make a token").click()
    page.get_by_label("Name").fill("Reporting")
    page.get_by_role("button", name="Make token").click()
    dialog = page.get_by_role("dialog", name="Token for Reporting")
    secret = dialog.locator("code.secret").inner_text()
    dialog.get_by_role("button", name="Done").click()
    expect(page.get_by_text("Reporting", exact=True)).to_be_visible()
    assert secret not in page.content()

    program = ApiClient(appliance.url, appliance.folder / "tls" / "ca.pem")
    program.token = secret
    assert program.call("GET", "/api/v1/cameras") == {"cameras": []}
    page.get_by_role("button", name="Delete token Reporting").click()
    page.get_by_role("button", name="Delete token", exact=True).click()
    expect(page.get_by_role("button", name="Delete token Reporting")).to_be_hidden()
    with pytest.raises(ApiError) as refused:
        program.call("GET", "/api/v1/cameras")
    assert refused.value.status == 401


def test_the_settings_before_a_deletion_come_back(
    open_page: OpenPage, appliance: Appliance, cameras: CameraProcess
) -> None:
    camera = appliance.api.add_camera("Gate", cameras.source("gate"))
    kept = appliance.api.call("GET", "/api/v1/config/revisions")["current"]
    appliance.api.call("DELETE", f"/api/v1/cameras/{camera}")
    page = open_page("#/system/settings")
    page.get_by_role("button", name=f"Show revision {kept}", exact=True).click()
    dialog = page.get_by_role("dialog", name=f"Revision {kept}")
    expect(dialog.get_by_role("heading", name=f"{camera} was added")).to_be_visible()
    assert str(cameras.source("gate")["password"]) not in page.content()
    dialog.get_by_role("button", name="Restore this state").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="Cameras").click()
    expect(page.get_by_role("link", name="Gate")).to_be_visible()


def test_the_audit_log_names_who_did_what(open_page: OpenPage, appliance: Appliance) -> None:
    page = open_page("#/system/audit")
    expect(page.get_by_role("cell", name=re.compile("make token")).first).to_be_visible()
    expect(page.get_by_role("cell", name=ADMIN[0], exact=True).first).to_be_visible()
    expect(page.get_by_text("the chain of their hashes holds")).to_be_visible()


def test_units_and_volumes_are_shown(open_page: OpenPage) -> None:
    page = open_page("#/system")
    expect(page.get_by_text("Every unit is well")).to_be_visible()
    for unit in ("api", "bus", "ingest-0"):
        expect(page.get_by_role("listitem").filter(has_text=unit).get_by_text("Running")).to_be_visible()
    page.get_by_role("link", name="Storage").click()
    expect(page.get_by_role("meter", name=re.compile("share of the space"))).to_be_visible()


def test_a_wrong_password_does_not_sign_in_and_signing_out_ends_the_session(
    open_page: OpenPage, appliance: Appliance
) -> None:
    page = open_page(anonymous=True)
    page.get_by_label("User name").fill(ADMIN[0])
    page.get_by_label("Password", exact=True).fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").or_(page.locator(".field-problem"))).to_be_visible()
    sign_in(page, appliance.url)
    page.get_by_role("button", name="Your session and theme").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_session_that_ends_elsewhere_ends_in_every_tab(open_page: OpenPage, appliance: Appliance) -> None:
    page = open_page(anonymous=True)
    sign_in(page, appliance.url)
    other = page.context.new_page()
    other.goto(f"{appliance.url}/#/storage")
    expect(other.get_by_role("heading", name="Storage")).to_be_visible()
    page.get_by_role("button", name="Your session and theme").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(other.get_by_role("button", name="Sign in")).to_be_visible()
