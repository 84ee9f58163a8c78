"""A gst-rtsp-server for a test: it plays a Matroska file to each client from its beginning."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VIDEO_PAYLOADERS = {
    "h264": "h264parse ! rtph264pay config-interval=-1",
    "h265": "h265parse ! rtph265pay config-interval=-1",
    "mjpeg": "jpegparse ! rtpjpegpay",
}
AUDIO_PAYLOADERS = {
    "aac": "aacparse ! rtpmp4gpay",
    "opus": "opusparse ! rtpopuspay",
    "pcmu": "rtppcmupay",
    "pcma": "rtppcmapay",
}


def pipeline(film: Path, video: str, audio: str = "", *, mtu: int = 1400) -> str:
    """A launch line for a file with one video track and perhaps one audio track."""
    line = f"( filesrc location={film} ! matroskademux name=film"
    line += f" film.video_0 ! queue ! {VIDEO_PAYLOADERS[video]} name=pay0 pt=96 mtu={mtu}"
    if audio:
        line += f" film.audio_0 ! queue ! {AUDIO_PAYLOADERS[audio]} name=pay1 pt=97"
    return line + " )"


@contextmanager
def gst_server(launch: str, *, protocols: str = "tcp+udp", username: str = "", password: str = "") -> Iterator[str]:
    """A running server; yields the address of its stream."""
    script = Path(__file__).with_name("serve.py")
    server = subprocess.Popen(
        ["/usr/bin/python3", str(script), protocols, username, password, launch],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    try:
        port = server.stdout.readline().strip()
        if not port.isdigit():
            raise RuntimeError("gst-rtsp-server did not start; is `scripts/setup.sh test` done?")
        yield f"rtsp://127.0.0.1:{port}/cam"
    finally:
        server.kill()
        server.wait()
