"""Take the pictures of the documentation anew, from the demo site: `python -m hwtests.pictures`."""

import subprocess
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, StorageState, sync_playwright

from hwtests.appliance import ADMIN, Appliance

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
WIDE, PHONE = (1280, 800), (390, 844)
RECORDED_S = 240  # so that the timeline has something to show
SETTLE_MS = 8000
ZOOMS = 6
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


def main() -> None:
    """All of them."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        Appliance.start(Path(folder), site="demo") as appliance,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_context(ignore_https_errors=True).new_page()
        state = sign_in(page, appliance.url)
        page.goto("about:blank")
        page.wait_for_timeout(RECORDED_S * 1000)
        for name, at, size, theme in (
            ("live", "#/", WIDE, "dark"),
            ("camera", "#/camera/high-street", WIDE, "dark"),
            ("cameras", "#/cameras", WIDE, "light"),
            ("phone", "#/", PHONE, "light"),
        ):
            photograph(browser, f"{appliance.url}/{at}", name, state, size, theme)
        browser.close()


if __name__ == "__main__":
    main()
