"""A recorder with many small cameras that share one encoder: what the long runs run on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.cameras.model import shard_of
from appliance.recordings.fsck import check
from appliance.volumes.volume import Volume
from hwtests.appliance import Appliance
from hwtests.camera.config import CameraConfig, Profile
from hwtests.camera.process import CameraProcess

SHARDS = 2
FIRST = 2  # cam2 and cam3 fall to one shard, cam4 and cam5 to the other: even four cameras are shared
USERNAME, PASSWORD = "rig", "canary-of-the-rig"


@dataclass(frozen=True, slots=True)
class Site:
    """cameras: ids as the recorder chose them, with the simulator's name for each."""

    appliance: Appliance
    simulator: CameraProcess
    cameras: dict[str, str]

    def of_shard(self, number: int) -> list[str]:
        """The cameras of one ingest unit."""
        return [camera for camera in self.cameras if shard_of(camera, SHARDS) == number]


@contextmanager
def running_site(folder: Path, count: int, profile: Profile) -> Iterator[Site]:
    """That many cameras, added and streaming."""
    cameras = [
        CameraConfig(name=f"cam{n}", title="Rig", profiles=(profile,), username=USERNAME, password=PASSWORD)
        for n in range(FIRST, FIRST + count)
    ]
    with (
        CameraProcess.start(folder / "simulator", cameras) as simulator,
        Appliance.start(folder / "data", shards=SHARDS) as appliance,
    ):
        api = appliance.api
        ids = {api.add_camera(c.name, simulator.source(c.name)): c.name for c in cameras}
        for camera in ids:
            api.wait_status(camera, "streaming")
        yield Site(appliance, simulator, ids)


def findings(folder: Path) -> list[str]:
    """What a check of every file and row of the volume finds wrong; the appliance may run."""
    volume = Volume.open(folder / "data" / "volumes" / "main")
    return [f"{f.code} {f.path}: {f.detail}" for f in check(volume, deep=True)]
