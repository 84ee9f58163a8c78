"""The packed appliance under the real systemd, booted in a container (docs/design/units.md)."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import pytest

from hwtests.appliance import ApiClient, now_us, wait_for
from hwtests.camera.config import CameraConfig, Profile
from hwtests.camera.process import CameraProcess, free_ports
from hwtests.recorded import holes, listed
from hwtests.suites.machine import STATE, Machine, missing

BUS, API, INGEST = "gatehouse-bus.service", "gatehouse-api.service", "gatehouse-ingest@{}.service"
UNITS = (BUS, INGEST.format(0), INGEST.format(1), API)
CONTROL = "gatehouse-control.service"
PROFILE = Profile(name="main", width=320, height=180, fps=10.0)
SECOND_US = 1_000_000
ROOM = f"/{STATE}"

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
]


@dataclass(frozen=True, slots=True)
class Site:
    """An installed appliance that records one camera of each ingest unit."""

    machine: Machine
    api: ApiClient
    cameras: tuple[str, ...]
    begun_us: int

    @property
    def authority(self) -> Path:
        """The certificate to trust."""
        return self.machine.state / "tls" / "ca.pem"

    def wait_recording(self) -> None:
        """Wait until all cameras are recorded up to a moment after this call."""
        now = now_us()
        for camera in self.cameras:
            self.api.wait_recorded(camera, now + SECOND_US, 90)


@pytest.fixture(scope="module", name="site")
def site_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("systemd")
    cameras = [
        CameraConfig(name=name, title=name, profiles=(PROFILE,), username="rig", password="canary-of-the-rig")
        for name in ("cam2", "cam4")  # one of each shard
    ]
    (port,) = free_ports(1)
    with (
        CameraProcess.start(folder / "simulator", cameras) as simulator,
        Machine.installed(folder / "root", {"GATEHOUSE_PORT": str(port), "GATEHOUSE_SITE": "empty"}) as machine,
    ):
        ready = json.loads(wait_for(lambda: read(machine.state / "run" / "api" / "ready.json"), 60, "the api unit"))
        api = ApiClient(ready["url"], machine.state / "tls" / "ca.pem")
        api.sign_in(ready["setup_code"])
        ids = tuple(api.add_camera(c.name, simulator.source(c.name)) for c in cameras)
        for camera in ids:
            api.wait_status(camera, "streaming")
        site = Site(machine, api, ids, now_us())
        site.wait_recording()
        yield site


def read(file: Path) -> str | None:
    return file.read_text() if file.exists() else None


def test_every_unit_says_that_it_is_ready_and_the_appliance_that_it_is_well(site: Site) -> None:
    assert [unit for unit in UNITS if not site.machine.active(unit)] == []
    assert site.machine.active("gatehouse.target")
    assert site.api.call("GET", "/api/v1/health")["status"] == "ok"


def test_a_camera_is_recorded_and_comes_out_again(site: Site, tmp_path: Path) -> None:
    site.wait_recording()
    for camera in site.cameras:
        with av.open(io.BytesIO(site.api.snapshot(camera)), "r") as picture:
            assert picture.streams.video[0].codec_context.width == PROFILE.width
        to_us = site.api.recorded_to_us(camera)
        pictures = listed(site.api.media(camera, to_us - 5 * SECOND_US, to_us, tmp_path / "range.mp4"))
        assert len(pictures) >= 30
        assert holes(pictures) == []


@pytest.mark.parametrize("unit", UNITS)
def test_a_killed_unit_is_started_again_and_recording_goes_on(site: Site, unit: str) -> None:
    site.machine.signal(unit, "KILL")()
    site.wait_recording()
    wait_for(lambda: site.api.call("GET", "/api/v1/health")["status"] == "ok", 60, "the appliance to be well")


def test_a_unit_that_hangs_is_ended_by_its_watchdog(site: Site) -> None:
    unit = INGEST.format(0)
    site.machine.signal(unit, "STOP")()
    assert "Watchdog timeout" in site.machine.run("journalctl", "--no-pager", "--unit", unit)
    site.wait_recording()


def test_the_broker_is_restarted_alone(site: Site) -> None:
    others = {unit: site.machine.main_pid(unit) for unit in UNITS if unit != BUS}
    site.machine.run("systemctl", "restart", BUS)
    wait_for(lambda: site.api.call("GET", "/api/v1/health")["status"] == "ok", 60, "the appliance to be well")
    assert {unit: site.machine.main_pid(unit) for unit in others} == others
    site.wait_recording()


def test_recordings_are_read_while_no_unit_records(site: Site, tmp_path: Path) -> None:
    camera, to_us = site.cameras[0], site.api.recorded_to_us(site.cameras[0])
    recording = [INGEST.format(0), INGEST.format(1)]
    site.machine.run("systemctl", "stop", *recording)
    try:
        site.machine.signal(API, "KILL")()
        wait_for(lambda: reachable(site.api), 60, "the api unit")
        file = site.api.media(camera, to_us - 3 * SECOND_US, to_us, tmp_path / "range.mp4")
        assert holes(listed(file)) == []
    finally:
        site.machine.run("systemctl", "start", *recording)
    site.wait_recording()


def test_everything_is_there_after_a_reboot(site: Site, tmp_path: Path) -> None:
    camera, before_us = site.cameras[0], site.api.recorded_to_us(site.cameras[0])
    site.machine.power_off()
    site.machine.boot()
    wait_for(lambda: reachable(site.api), 60, "the api unit")
    site.wait_recording()
    assert len(listed(site.api.media(camera, before_us - 3 * SECOND_US, before_us, tmp_path / "old.mp4"))) >= 20


def reachable(api: ApiClient) -> bool:
    try:
        return bool(api.call("GET", "/api/v1/health"))
    except OSError:
        return False


@pytest.mark.parametrize("unit", UNITS)
def test_the_kernel_holds_a_unit_to_what_its_file_says(site: Site, unit: str) -> None:
    status = dict(
        line.split(":", 1)
        for line in site.machine.run("cat", f"/proc/{site.machine.main_pid(unit)}/status").splitlines()
    )
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert status["NoNewPrivs"].strip() == "1"
    assert status["Seccomp"].strip() == "2"
    user = site.machine.property(unit, "User")
    assert set(status["Uid"].split()) == {site.machine.run("id", "-u", user)}


def test_the_control_service_may_read_and_ask_and_nothing_else(site: Site) -> None:
    assert site.machine.active(CONTROL)
    status = site.machine.run("cat", f"/proc/{site.machine.main_pid(CONTROL)}/status")
    assert "CapEff:\t0000000000000004" in status and "CapBnd:\t0000000000000004" in status  # CAP_DAC_READ_SEARCH
    assert "Seccomp:\t2" in status
    for script in (f"touch {ROOM}/config/mine", f"touch {ROOM}/state/api/mine", "touch /etc/mine"):
        assert not site.machine.inside(CONTROL, "root", script), script


@pytest.mark.parametrize("user", ["gatehouse-ingest", "gatehouse-bus", "nobody"])
def test_who_may_not_ask_the_control_service_does_not_even_reach_it(site: Site, user: str) -> None:
    connect = "import socket; socket.socket(socket.AF_UNIX).connect('/run/gatehouse/control.sock')"
    assert site.machine.as_user("root", f'python3 -c "{connect}"')
    assert not site.machine.as_user(user, f'python3 -c "{connect}"')


def test_the_page_sees_every_unit_and_restarts_them(site: Site) -> None:
    system = site.api.call("GET", "/api/v1/system")
    states = {unit["name"]: unit["state"] for unit in system["units"]}
    assert {states[unit] for unit in (*UNITS, CONTROL)} == {"active"}
    before, own = {unit: site.machine.main_pid(unit) for unit in UNITS}, site.machine.main_pid(CONTROL)
    site.api.call("POST", "/api/v1/system/restart", {"what": "units"})
    wait_for(lambda: all(site.machine.main_pid(u) not in (0, before[u]) for u in UNITS), 120, "every unit to be anew")
    wait_for(lambda: reachable(site.api), 120, "the api unit")
    assert site.machine.main_pid(CONTROL) == own
    site.wait_recording()


def test_a_unit_that_fails_for_long_is_tried_more_slowly_and_comes_back(site: Site) -> None:
    site.machine.run("mv", "/opt/gatehouse/appliance/updates", "/opt/gatehouse/appliance/updates.away")
    try:
        site.machine.run("systemctl", "restart", "gatehouse-updates.service", check=False, timeout_s=120)
        again = "gatehouse-again@gatehouse-updates.service.service"
        wait_for(lambda: site.machine.property(again, "ActiveState") == "activating", 120, "the second step")
    finally:
        site.machine.run("mv", "/opt/gatehouse/appliance/updates.away", "/opt/gatehouse/appliance/updates")
    wait_for(lambda: site.machine.active("gatehouse-updates.service"), 120, "the unit to be back")


FORBIDDEN = [
    (BUS, f"ls {ROOM}/config || ls {ROOM}/state || ls {ROOM}/volumes || ls {ROOM}/tls"),
    (INGEST.format(0), f"touch {ROOM}/config/mine"),
    (INGEST.format(0), f"cat {ROOM}/tls/server.key"),
    (INGEST.format(0), f"ls {ROOM}/state/api || ls {ROOM}/state/ingest-1"),
    (INGEST.format(0), f"cat {ROOM}/run/bus/identities/api/api || cat {ROOM}/run/bus/passwords"),
    (INGEST.format(0), f"cat {ROOM}/run/api/ready.json"),
    (API, f"touch {ROOM}/volumes/mine || touch {ROOM}/volumes/main/mine"),
    (API, f"ls {ROOM}/state/ingest-0"),
    (API, f"cat {ROOM}/run/bus/identities/ingest/ingest-0 || cat {ROOM}/run/bus/passwords"),
    *((unit, f"touch /opt/gatehouse/mine || touch /etc/mine || touch {ROOM}/mine") for unit in UNITS),
]


@pytest.mark.parametrize(("unit", "script"), FORBIDDEN, ids=str)
def test_a_unit_is_kept_from_what_is_not_its_own(site: Site, unit: str, script: str) -> None:
    assert not site.machine.inside(unit, site.machine.property(unit, "User"), script)


@pytest.mark.parametrize(
    ("unit", "script"),
    [
        (BUS, f"cat {ROOM}/run/bus/passwords"),
        (INGEST.format(0), f"cat {ROOM}/config/cameras.json && cat {ROOM}/run/bus/identities/ingest/ingest-0"),
        (INGEST.format(0), f"touch {ROOM}/volumes/main/mine && rm {ROOM}/volumes/main/mine"),
        (API, f"cat {ROOM}/tls/server.key && cat {ROOM}/volumes/main/gatehouse-volume.json"),
        (API, f"touch {ROOM}/config/mine && rm {ROOM}/config/mine"),
    ],
)
def test_a_unit_may_do_what_its_work_takes(site: Site, unit: str, script: str) -> None:
    assert site.machine.inside(unit, site.machine.property(unit, "User"), script)


@pytest.mark.parametrize(
    ("user", "script"),
    [
        ("gatehouse-ingest", f"touch {ROOM}/config/mine"),
        ("gatehouse-ingest", f"cat {ROOM}/tls/server.key || cat {ROOM}/run/bus/identities/api/api"),
        ("gatehouse-ingest", f"cat {ROOM}/config/revisions/cameras/*"),
        ("gatehouse-api", f"touch {ROOM}/volumes/main/mine || cat {ROOM}/run/bus/identities/ingest/*"),
        ("gatehouse-bus", f"cat {ROOM}/config/cameras.json || ls {ROOM}/volumes || ls {ROOM}/state/api"),
        ("nobody", f"ls {ROOM}/config || ls {ROOM}/volumes || ls {ROOM}/run/bus || ls {ROOM}/run/api || ls {ROOM}/tls"),
    ],
)
def test_owners_and_modes_alone_keep_users_apart(site: Site, user: str, script: str) -> None:
    assert not site.machine.as_user(user, script)


def test_what_api_and_ingest_share_they_may_read_by_their_group(site: Site) -> None:
    assert site.machine.as_user("gatehouse-ingest", f"cat {ROOM}/config/cameras.json")
    assert site.machine.as_user("gatehouse-api", f"cat {ROOM}/volumes/main/gatehouse-volume.json")


def test_nothing_of_the_state_folder_may_be_written_or_read_by_everybody(site: Site) -> None:
    found = site.machine.run("find", ROOM, "!", "-type", "d", "-perm", "/o=rw", "-printf", "%p %m\\n")
    public = {f"{ROOM}/tls/ca.pem", f"{ROOM}/tls/server.pem"}  # in a folder of the api unit's own
    assert [line for line in found.splitlines() if line.split()[0] not in public] == []
    assert site.machine.run("find", ROOM, "-type", "d", "-perm", "/o=w") == ""


def test_after_a_reset_of_users_the_cameras_are_there_and_a_new_code_is_made(site: Site) -> None:
    """The last one: nobody is signed in afterwards."""
    folder, name = site.machine.state / "state" / "api", site.api.call("GET", "/api/v1/system")["identity"]["hostname"]
    site.api.call("POST", "/api/v1/system/reset", {"scope": "users", "confirm": name})
    code = wait_for(lambda: read(folder / "setup-code"), 60, "a new setup code")
    stranger = ApiClient(
        json.loads(read(site.machine.state / "run" / "api" / "ready.json") or "")["url"], site.authority
    )
    wait_for(lambda: reachable(stranger) and stranger.call("GET", "/api/v1/setup")["needed"], 60, "the api unit")
    wait_for(lambda: code in site.machine.run("cat", "/run/gatehouse/label.txt"), 30, "the label")
    stranger.sign_in(code)
    assert {camera["id"] for camera in stranger.call("GET", "/api/v1/cameras")["cameras"]} == set(site.cameras)
