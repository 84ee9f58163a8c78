"""Take the pictures of the documentation anew: `python -m hwtests.pictures [NAME …]`."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

from playwright.sync_api import Browser, Page, StorageState, sync_playwright

from hwtests.appliance import ADMIN, Appliance
from hwtests.machine import Machine

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
WIDE, PHONE = (1280, 800), (390, 844)
RECORDED_S = 240  # so that the timeline has something to show
SETTLE_MS = 8000
ZOOMS = 6
SITE = (
    ("live", "#/", WIDE, "dark"),
    ("camera", "#/camera/high-street", WIDE, "dark"),
    ("cameras", "#/cameras", WIDE, "light"),
    ("phone", "#/", PHONE, "light"),
)
MACHINE = ("setup", "updates", "service")
# 256 colours are enough for drawn scenes, and make a third of the size.
PALETTE = "split[a][b];[a]palettegen=max_colors=256[p];[b][p]paletteuse=dither=none"


def photograph(
    browser: Browser, url: str, name: str, state: StorageState, size: tuple[int, int] = WIDE, theme: str = "dark"
) -> None:
    """One page in one size and theme, into docs/pictures; a timeline is zoomed in."""
    context = browser.new_context(
        ignore_https_errors=True,
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=2 if size == PHONE else 1,
        color_scheme="dark" if theme == "dark" else "light",
        storage_state=state,
    )
    page = context.new_page()
    page.goto(url)
    page.wait_for_timeout(SETTLE_MS)
    closer = page.get_by_role("button", name="Show a shorter time")
    for _ in range(ZOOMS if closer.count() else 0):
        closer.click()
    page.mouse.move(0, 0)
    page.wait_for_timeout(1000)
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.png"
        page.screenshot(path=raw)
        options = ["-v", "error", "-y", "-i", str(raw), "-vf", PALETTE]
        subprocess.run(["ffmpeg", *options, str(PICTURES / f"{name}.png")], check=True)
    context.close()


def sign_in(page: Page, url: str) -> StorageState:
    """The cookies of a session."""
    page.goto(url)
    username, password = ADMIN
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Main").wait_for()
    return page.context.storage_state()


def photograph_machine(browser: Browser, names: Collection[str]) -> None:
    """What an appliance shows of its machine: setting up, an update that is installed, service."""
    with tempfile.TemporaryDirectory() as folder:
        data, machine = Path(folder) / "data", Machine(Path(folder) / "machine")
        machine.start_from("a", a=("good", 6), b=("trial", 2), following="b")
        memory = data / "state" / "updates" / "memory.json"
        memory.parent.mkdir(parents=True)
        memory.write_text(json.dumps({"installed": {"version": "0.2.0", "slot": "b"}}))
        with machine.running(data), Appliance.start(data, shards=1, set_up=False) as appliance:
            if "setup" in names:
                photograph(browser, appliance.url, "setup", {}, PHONE, "light")
            appliance.api.sign_in(appliance.setup_code)
            state = sign_in(browser.new_context(ignore_https_errors=True).new_page(), appliance.url)
            for name in ("updates", "service"):
                if name in names:
                    photograph(browser, f"{appliance.url}/#/system/{name}", name, state, WIDE, "light")


def photograph_site(browser: Browser, names: Collection[str]) -> None:
    """Cameras, live and recorded."""
    with tempfile.TemporaryDirectory() as folder, Appliance.start(Path(folder), site="demo") as appliance:
        page = browser.new_context(ignore_https_errors=True).new_page()
        state = sign_in(page, appliance.url)
        page.goto("about:blank")
        page.wait_for_timeout(RECORDED_S * 1000)
        for name, at, size, theme in SITE:
            if name in names:
                photograph(browser, f"{appliance.url}/{at}", name, state, size, theme)


def main(names: Collection[str]) -> None:
    """Those named, or all of them."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    site = {name for name, *_ in SITE}
    wanted = names or {*site, *MACHINE}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        if set(MACHINE) & set(wanted):
            photograph_machine(browser, wanted)
        if site & set(wanted):
            photograph_site(browser, wanted)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
