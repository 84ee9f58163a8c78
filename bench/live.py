"""Group live: glass to glass, from the UTC burnt into the camera's picture to the rendered pixel in Chromium."""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from bench.results import Figure, at_most, median_of
from hwtests.appliance import ADMIN, Appliance
from hwtests.camera import burnt
from hwtests.camera.config import CameraConfig, Profile
from hwtests.camera.process import CameraProcess

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required")
CAMERA = "bench"
SETTLE_S = 15
WATCH_S = 20
TIMEOUT_MS = 60_000
LIMIT_MS = 500
READ_CODE = Path(__file__).with_name("read_code.js")
FULL_HD = Profile(width=1920, height=1080, fps=25.0, kbps=4000)


def watch(appliance: Appliance, camera_id: str) -> dict[str, Any]:
    """Open the camera's page in headless Chromium, let it settle, and read every picture that is rendered."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(ignore_https_errors=True, viewport={"width": 1280, "height": 800})
        page.set_default_timeout(TIMEOUT_MS)
        _sign_in(page, appliance.url)
        page.goto(f"{appliance.url.rstrip('/')}/#/camera/{camera_id}")
        page.wait_for_function("() => (document.querySelector('video')?.currentTime ?? 0) > 0")
        page.wait_for_timeout(SETTLE_S * 1000)
        seen: dict[str, Any] = page.evaluate(READ_CODE.read_text(), _layout())
        browser.close()
    return seen


def _sign_in(page: Page, url: str) -> None:
    page.goto(url)
    username, password = ADMIN
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Main").wait_for()


def _layout() -> dict[str, Any]:
    """What the decoder in the page needs to know of burnt.py."""
    return {
        "seconds": WATCH_S,
        "grid": list(burnt.GRIDS[0]),
        "columns": burnt.COLUMNS,
        "rows": burnt.ROWS,
        "whitening": np.packbits(burnt._WHITENING).tolist(),
    }


def latency(seen: dict[str, Any]) -> Figure:
    """The median over the pictures that were rendered and read."""
    ms = sorted(float(found[1]) for found in seen["found"])
    if not ms:
        raise RuntimeError(f"no picture could be read: {seen}")
    shown = len({found[0] for found in seen["found"]})
    sent = seen["found"][-1][0] - seen["found"][0][0] + 1
    method = (
        f"simulated {FULL_HD.width} × {FULL_HD.height} camera, {FULL_HD.fps:g} pictures/s H.264, RTSP over TCP, the "
        f"page's own player (MSE) in headless Chromium without GPU: burnt-in UTC of each rendered picture, read back "
        f"from a canvas, to its expected display time; {shown} of {sent} pictures shown in {WATCH_S} s, "
        f"{ms[0]:.0f} ms at best, {ms[int(len(ms) * 0.95)]:.0f} ms for 95 %; camera, recorder and browser share "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    return at_most("live.latency_ms", median_of(ms), "ms", LIMIT_MS, method)


def run() -> list[Figure]:
    """One camera, one viewer."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as name:
        folder = Path(name)
        camera = CameraConfig(name=CAMERA, title="Bench", profiles=(FULL_HD,))
        with (
            CameraProcess.start(folder / "cameras", [camera]) as cameras,
            Appliance.start(folder / "data") as appliance,
        ):
            camera_id = appliance.api.add_camera("Bench", cameras.source(CAMERA))
            appliance.api.wait_status(camera_id, "streaming")
            return [latency(watch(appliance, camera_id))]
