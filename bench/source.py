"""The stream every ingest bench reads: 1080p25 H.264, 4 Mbit/s, 2 s GOP, from gst-rtsp-server."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WORK = Path(__file__).parent / "work"
CLIP = WORK / "clip-1080p25-4m.h264"
SECONDS = 20
GOP_FRAMES = 50
MOUNTS = int(os.environ.get("BENCH_MOUNTS", "1"))  # streams that the cameras share; docs/bench.md


def clip() -> Path:
    """The prepared clip; encoded once. One slice per picture, constant bit rate, no B-frames."""
    if not CLIP.exists():
        WORK.mkdir(exist_ok=True)
        partial = CLIP.with_suffix(".part")
        subprocess.run(
            [
                *("ffmpeg", "-v", "error", "-y", "-f", "lavfi"),
                *("-i", "testsrc2=size=1920x1080:rate=25,noise=alls=12:allf=t", "-t", str(SECONDS)),
                *(
                    "-c:v",
                    "libx264",
                    "-preset",
                    "ultrafast",
                    "-bf",
                    "0",
                    "-g",
                    str(GOP_FRAMES),
                    "-keyint_min",
                    str(GOP_FRAMES),
                ),
                *("-sc_threshold", "0", "-pix_fmt", "yuv420p"),
                *("-x264-params", "slices=1:sliced-threads=0:rc-lookahead=0:sync-lookahead=0"),
                *("-b:v", "4M", "-maxrate", "4M", "-minrate", "4M", "-bufsize", "2M", "-nal-hrd", "cbr"),
                *("-f", "h264", str(partial)),
            ],
            check=True,
        )
        partial.rename(CLIP)
    return CLIP


@contextmanager
def gst_server() -> Iterator[str]:
    """A running gst-rtsp-server; yields its cameras' URL without their number, see `camera_url`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        ["/usr/bin/python3", "-m", "bench.gst_source", str(clip()), str(port)],
        cwd=WORK.parent.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    try:
        if server.stdout.readline() != "ready\n":
            raise RuntimeError("gst-rtsp-server did not start; is `scripts/setup.sh test` done?")
        yield f"rtsp://127.0.0.1:{port}/cam"
    finally:
        server.kill()
        server.wait()


def camera_url(server: str, number: int) -> str:
    """The address of the number-th camera; any number of readers may open it."""
    return f"{server}{number % MOUNTS}"
