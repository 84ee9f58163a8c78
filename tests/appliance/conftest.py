"""One whole appliance with simulated cameras for all tests of this folder; each test adds the cameras it disturbs."""

import subprocess
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from hwtests.appliance import ApiClient, Appliance, now_us
from hwtests.camera.config import Audio, CameraConfig, Codec, Profile
from hwtests.camera.process import CameraProcess

US_PER_S = 1_000_000
USERNAME, PASSWORD = "viewer", "canary-right-password"
H264 = Profile(width=320, height=180, fps=10.0, kbps=250, gop_s=1.0)
HEVC = Profile(codec=Codec.H265, width=320, height=180, fps=8.0, kbps=250, gop_s=1.0)
JPEG = Profile(codec=Codec.MJPEG, width=320, height=180, fps=5.0)

AddCamera = Callable[..., str]


def camera(name: str, profile: Profile = H264, **settings: object) -> CameraConfig:
    """A camera that shares its encoder with all others of the same profile."""
    return CameraConfig(
        name=name,
        title="Test",
        profiles=(profile,),
        username=USERNAME,
        password=PASSWORD,
        **settings,  # type: ignore[arg-type]
    )


CAMERAS = (
    camera("street", audio=Audio.PCMU),
    camera("hevc", HEVC),
    camera("jpeg", JPEG),
    *(camera(name) for name in ("plain", "guarded", "flaky", "button")),
)


@pytest.fixture(scope="session", name="simulator")
def simulator_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CameraProcess]:
    with CameraProcess.start(tmp_path_factory.mktemp("simulator"), CAMERAS) as process:
        yield process


@pytest.fixture(scope="session", name="appliance")
def appliance_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    with Appliance.start(tmp_path_factory.mktemp("appliance")) as running:
        yield running


@pytest.fixture(name="api")
def api_fixture(appliance: Appliance) -> ApiClient:
    return appliance.api


@pytest.fixture(scope="session", name="street")
def street_fixture(appliance: Appliance, simulator: CameraProcess) -> str:
    """A camera that nobody disturbs, recorded from the first test that wants it to the last."""
    added = appliance.api.add_camera("Street", simulator.source("street"))
    appliance.api.wait_status(added, "streaming")
    return added


@pytest.fixture(name="add")
def add_fixture(api: ApiClient) -> Iterator[AddCamera]:
    """Adds cameras that are removed at the end of the test: add(source, **settings) gives an id."""
    added: list[str] = []
    numbers = count(1)

    def add(source: dict[str, object], **settings: object) -> str:
        name = str(settings.pop("name", f"Camera {next(numbers)}"))
        added.append(api.add_camera(name, source, **settings))
        return added[-1]

    yield add
    for one in added:
        api.call("DELETE", f"/api/v1/cameras/{one}")


def record(api: ApiClient, camera_id: str, seconds: float) -> tuple[int, int]:
    """Let time pass; (start, end) of an interval that is recorded, synced and shown."""
    start_us = now_us()
    end_us = start_us + round(seconds * US_PER_S)
    api.wait_recorded(camera_id, end_us)
    return start_us, end_us


@pytest.fixture(scope="session", name="film")
def film_fixture(appliance: Appliance, street: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Matroska film of some seconds whose pictures hold their numbers: what the street camera sent."""
    folder = tmp_path_factory.mktemp("film")
    source = appliance.api.media(street, *record(appliance.api, street, 8), folder / "film.mp4")
    film = folder / "film.mkv"
    command = ["ffmpeg", "-v", "error", "-i", str(source), "-c", "copy", "-an", str(film)]
    subprocess.run(command, check=True, timeout=60)
    return film
