"""The demo site: four simulated cameras. Their passwords are no secret: they guard nothing but drawn pictures."""

from hwtests.camera.config import Audio, CameraConfig, Codec, Profile

USERNAME, PASSWORD = "viewer", "demo-pictures"

_QUIET = (Profile(fps=12.0), Profile(name="low", width=640, height=360, fps=12.0, kbps=500))

DEMO_CAMERAS = (
    CameraConfig(
        name="street", title="High Street", scene="street", audio=Audio.AAC, username=USERNAME, password=PASSWORD
    ),
    CameraConfig(
        name="warehouse",
        title="Warehouse",
        scene="warehouse",
        profiles=_QUIET,
        username=USERNAME,
        password=PASSWORD,
    ),
    CameraConfig(
        name="entrance",
        title="Entrance",
        scene="lobby",
        profiles=_QUIET,
        audio=Audio.PCMU,
        username=USERNAME,
        password=PASSWORD,
    ),
    CameraConfig(
        name="parking",
        title="Car park",
        scene="parking",
        profiles=(Profile(codec=Codec.MJPEG, width=640, height=360, fps=10.0),),
        username=USERNAME,
        password=PASSWORD,
    ),
)


def demo_cameras(port: int) -> list[dict[str, object]]:
    """The cameras as the recorder's API takes them, served on that RTSP port of this machine."""
    return [
        {
            "name": camera.title,
            "source": {"url": f"rtsp://127.0.0.1:{port}/{camera.name}", "username": USERNAME, "password": PASSWORD},
        }
        for camera in DEMO_CAMERAS
    ]
