"""The recorder in a rig as its installer and its users meet it: its console, its page, its cameras."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from hwtests.appliance import ApiClient, ApiError, now_us, wait_for
from hwtests.camera.config import CameraConfig, Profile
from hwtests.camera.process import CameraProcess
from hwtests.recorded import Picture, listed
from hwtests.rig import trust
from hwtests.rig.choice import opened
from hwtests.rig.rig import Rig

US_PER_S = 1_000_000
BOOT_TIMEOUT_S = 600  # a minute or two where all is emulated; many where the machine has other things to do
OFF_TIMEOUT_S = 180
CALL_TIMEOUT_S = 60
FIRST_TRY_TIMEOUT_S = 10
LOOK_EVERY_S = 1.0  # a question costs an emulated recorder a noticeable part of its time
CLOCKS_APART_US = 3 * US_PER_S
PROFILE = Profile(width=320, height=180, fps=10.0, kbps=200, gop_s=1.0)
USERNAME, PASSWORD = "rig", "canary-of-the-rig"

CODE = r"^ *Setup code +(\S+)"
PAGE = r"^ *Page +(https://[^\s,]+)"
FINGERPRINT = r"^ *Fingerprint +((?:[0-9A-F]{2}:?){16})\s+\(SHA-256\) +((?:[0-9A-F]{2}:?){16})"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Told:
    """What the console tells somebody who stands before a new recorder."""

    page: str
    code: str
    fingerprint: str


class Recorder:
    """cameras: ids as the recorder chose them, with the simulator's name for each. start_s: of its first start."""

    def __init__(self, rig: Rig, simulator: CameraProcess, folder: Path) -> None:
        self.rig = rig
        self.simulator = simulator
        self.folder = folder
        self.cameras: dict[str, str] = {}
        self.start_s = 0.0
        self._api: ApiClient | None = None
        self._quick: ApiClient | None = None

    @classmethod
    @contextmanager
    def fresh(cls, folder: Path, cameras: Sequence[CameraConfig], name: str | None = None) -> Iterator[Self]:
        """Flashed and off, beside simulated cameras."""
        with opened(folder / "rig", name) as rig:
            host = "127.0.0.1" if rig.emulated else "0.0.0.0"  # noqa: S104
            with CameraProcess.start(folder / "simulator", cameras, host) as simulator:
                rig.flash()
                yield cls(rig, simulator, folder)

    @classmethod
    @contextmanager
    def recording(cls, folder: Path, count: int = 1) -> Iterator[Self]:
        """A new recorder after its first boot, set up, recording that many cameras."""
        with cls.fresh(folder, small_cameras(count)) as recorder:
            on_us = recorder.rig.power_on()
            recorder.set_up()
            recorder.start_s = (now_us() - on_us) / US_PER_S
            recorder.add_cameras()
            recorder.wait_recording()
            yield recorder

    @property
    def api(self) -> ApiClient:
        """Signed in once it is set up."""
        assert self._api is not None, "it was never set up"
        return self._api

    # --- the first boot ---------------------------------------------------------------------------------------------

    def told(self, timeout_s: float = BOOT_TIMEOUT_S) -> Told:
        """Wait until the console tells how to begin; raises TimeoutError."""
        console = self.rig.console
        patterns = (PAGE, CODE, FINGERPRINT)
        for pattern in patterns:
            console.wait_for(pattern, timeout_s)
        page, code, prints = (found for pattern in patterns if (found := console.latest(pattern)))
        return Told(page[1], code[1], f"{prints[1].rstrip(':')}:{prints[2]}")

    def set_up(self) -> Told:
        """As an installer does: read the console, compare the fingerprint, make the administrator.

        The console is read again where the certificate was made anew meanwhile, for an address that had come.
        """
        host, port = self.rig.address
        file = self.folder / "authority.pem"

        def trusted() -> Told | None:
            told = self.told()
            with suppress(trust.NotTrustedError):
                trust.authority(host, port, told.fingerprint, file)
                return told
            time.sleep(LOOK_EVERY_S)
            return None

        told = wait_for(trusted, BOOT_TIMEOUT_S, "the console's fingerprint to be the server's")
        self._api = ApiClient(f"https://{host}:{port}", file, CALL_TIMEOUT_S)
        self._quick = ApiClient(f"https://{host}:{port}", file, FIRST_TRY_TIMEOUT_S)
        self._api.sign_in(told.code)
        return told

    def add_cameras(self) -> None:
        """All of the simulator's."""
        for name in self.simulator.cameras:
            url = f"rtsp://{self.rig.cameras_at}:{self.simulator.ports['rtsp']}/{name}"
            self.cameras[self.api.add_camera(name, self.simulator.source(name, url=url))] = name

    # --- while it runs ----------------------------------------------------------------------------------------------

    def wait_answering(self, timeout_s: float = BOOT_TIMEOUT_S) -> None:
        """Wait until its page answers."""
        assert self._quick is not None, "it was never set up"
        quick = self._quick
        patiently(lambda: quick.call("GET", "/api/v1/setup"), timeout_s)

    def answers(self) -> bool:
        """Whether its page answers now."""
        assert self._quick is not None, "it was never set up"
        time.sleep(LOOK_EVERY_S)
        try:
            return bool(self._quick.call("GET", "/api/v1/setup"))
        except (OSError, ApiError):
            return False

    def wait_gone(self, timeout_s: float = BOOT_TIMEOUT_S) -> None:
        """Wait until its page does not answer any more, after it was told to restart."""
        wait_for(lambda: not self.answers(), timeout_s, "it to go down")

    def wait_settled(self, timeout_s: float = BOOT_TIMEOUT_S) -> None:
        """Wait until the version that runs is no longer on trial."""

        def settled() -> bool:
            time.sleep(LOOK_EVERY_S)
            told = self.updates()
            return all(one["state"] == "running" for one in told["slots"] if one["name"] == told["running"]["slot"])

        wait_for(settled, timeout_s, "the running version to be healthy")

    def wait_recording(self, timeout_s: float = BOOT_TIMEOUT_S) -> float:
        """Wait until every camera is recorded beyond now; returns how long that took."""
        begun, now = time.monotonic(), now_us()
        for camera in self.cameras:
            wait_for(lambda camera=camera: self._recorded_to(camera) >= now, timeout_s, f"{camera} to be recorded")  # type: ignore[misc]
        return time.monotonic() - begun

    def _recorded_to(self, camera: str) -> int:
        time.sleep(LOOK_EVERY_S)
        with suppress(OSError, ApiError):
            return self.api.recorded_to_us(camera)
        return 0

    def pictures(self, camera: str, start_us: int, end_us: int) -> list[Picture]:
        """What is recorded of an interval; [] where nothing is."""
        try:
            file = patiently(
                lambda: self.api.media(camera, start_us, end_us, self.folder / "range.mp4"), CALL_TIMEOUT_S
            )
        except ApiError as error:
            if error.status == 404:
                return []
            raise
        return listed(file)

    def pictures_before(self, camera: str, cut_us: int, seconds: float) -> list[Picture]:
        """Those that the camera took in so many seconds before a power cut; [] where none is recorded.

        An emulated recorder's clock is up to a second off ours when it has just started, so more is asked for.
        """
        from_us = cut_us - round(seconds * US_PER_S)
        found = self.pictures(camera, from_us - CLOCKS_APART_US, cut_us + CLOCKS_APART_US)
        return [picture for picture in found if from_us <= picture.time_us <= cut_us]

    def updates(self) -> Any:
        """Slots, running version, task; the unit that knows them starts last."""

        def known() -> Any:
            told = self.api.call("GET", "/api/v1/updates")
            return told if told["slots"] else None

        return wait_for(
            lambda: patiently(known, CALL_TIMEOUT_S), BOOT_TIMEOUT_S, "the updates unit to say what it knows"
        )

    def power_off(self) -> None:
        """In good order, by its page; returns when it is off."""
        self.api.call("POST", "/api/v1/system/power-off", {})
        self.rig.wait_off(OFF_TIMEOUT_S)

    def restart(self) -> None:
        """The whole machine, in good order."""
        self.api.call("POST", "/api/v1/system/restart", {"what": "machine"})


def small_cameras(count: int) -> list[CameraConfig]:
    """Cameras that share one encoder, each with a fragment a second."""
    names = [f"cam{number + 2}" for number in range(count)]
    return [
        CameraConfig(name=name, title="Rig", profiles=(PROFILE,), username=USERNAME, password=PASSWORD)
        for name in names
    ]


def patiently(call: Callable[[], T], timeout_s: float) -> T:
    """Ask until it is not a recorder that starts who answers; raises ApiError, OSError after that time."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return call()
        except (OSError, ApiError) as error:
            passing = not isinstance(error, ApiError) or error.status >= 500
            if not passing or time.monotonic() > deadline:
                raise
        time.sleep(LOOK_EVERY_S)
