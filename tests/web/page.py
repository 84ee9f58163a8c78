"""What tests do on the page again and again, by what a person sees: labels, roles and words."""

import re

from playwright.sync_api import Dialog, Page, expect

from hwtests.appliance import ADMIN

PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)

ADD = "Add camera"


def sign_in(page: Page, url: str) -> None:
    """Sign in as the administrator and wait for the shell."""
    page.goto(url)
    username, password = ADMIN
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def fill_source(page: Page, source: dict[str, object]) -> None:
    """Fill the address, user name and password of the camera dialog."""
    page.get_by_label("Address").fill(str(source["url"]))
    page.get_by_label("User name").fill(str(source["username"]))
    page.get_by_label("Password", exact=True).fill(str(source["password"]))


def menu_of(page: Page, name: str, action: str) -> None:
    """Pick an action of a camera on the Cameras page."""
    page.get_by_role("button", name=f"Actions for {name}").click()
    page.get_by_role("menuitem", name=action).click()


def watch_for_faults(page: Page, faults: list[str]) -> None:
    """Collect uncaught errors, and what the Content-Security-Policy refused."""
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda message: (
            faults.append(message.text) if re.search("Content Security Policy|Uncaught", message.text) else None
        ),
    )
    page.on("dialog", lambda dialog: _refuse(dialog, faults))


def _refuse(dialog: Dialog, faults: list[str]) -> None:
    faults.append(f"a dialog of the browser: {dialog.message}")
    dialog.dismiss()
