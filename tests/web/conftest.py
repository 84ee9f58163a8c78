"""A real Chromium at a whole appliance with a simulated camera.

Playwright's event loop lives as long as its browser, and no coroutine test can run meanwhile: it ends with each module.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

from hwtests.appliance import Appliance
from hwtests.camera.config import Audio, CameraConfig, Codec, Profile
from hwtests.camera.process import CameraProcess
from tests.web.page import PATIENCE_MS, sign_in, watch_for_faults

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SMALL = Profile(width=320, height=180, fps=10.0, kbps=200)
H265 = Profile(codec=Codec.H265, width=320, height=180, fps=10.0)
MJPEG = Profile(codec=Codec.MJPEG, width=320, height=176, fps=10.0)

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module", name="browser")
def browser_fixture() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session", name="cameras")
def cameras_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CameraProcess]:
    """Cameras with a password: "gate", "yard", "hall" and "porch" with sound, "lot" and "mill" in other codings."""
    made = {
        "gate": (SMALL, None),
        "yard": (SMALL, None),
        "hall": (SMALL, Audio.AAC),
        "porch": (SMALL, Audio.PCMU),
        "lot": (MJPEG, None),
        "mill": (H265, None),
    }
    configured = [
        CameraConfig(
            name=name, title=name, profiles=(profile,), audio=audio, username="viewer", password="open-sesame-42"
        )
        for name, (profile, audio) in made.items()
    ]
    with CameraProcess.start(tmp_path_factory.mktemp("cameras"), configured) as process:
        yield process


@pytest.fixture(scope="session", name="appliance")
def appliance_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    """An appliance that is set up; tests leave it without cameras."""
    with Appliance.start(tmp_path_factory.mktemp("appliance"), shards=1) as appliance:
        yield appliance


@pytest.fixture(autouse=True)
def no_cameras_stay(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "appliance" in request.fixturenames:
        api = request.getfixturevalue("appliance").api
        for camera in api.call("GET", "/api/v1/cameras")["cameras"]:
            api.call("DELETE", f"/api/v1/cameras/{camera['id']}")


@pytest.fixture(scope="module", name="signed_in")
def signed_in_fixture(browser: Browser, appliance: Appliance) -> StorageState:
    """Cookies of one session that many tests may share."""
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    sign_in(page, appliance.url)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(name="open_page")
def open_page_fixture(browser: Browser, appliance: Appliance, signed_in: StorageState) -> Iterator[OpenPage]:
    """Opens signed-in pages by their hash; at the end no script has failed and no policy was violated."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_page(
        at: str = "#/", width: int = 1280, height: int = 800, theme: str = "light", *, anonymous: bool = False
    ) -> Page:
        context = browser.new_context(
            ignore_https_errors=True,
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
            **({} if anonymous else {"storage_state": signed_in}),  # type: ignore[arg-type]
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        watch_for_faults(page, faults)
        page.goto(f"{appliance.url}/{at}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture(scope="session", name="axe")
def axe_fixture() -> str:
    """The script of axe-core."""
    return (Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js").read_text()
