"""Short films whose every picture carries its number and its time (see hwtests.camera.burnt), as Matroska files."""

import subprocess
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.video.stream import VideoStream

from hwtests.camera import burnt

SIZE = (320, 176)
FPS = 25
FRAME_US = 1_000_000 // FPS
_VIDEO = {"h264": "libx264", "h265": "libx265", "av1": "libsvtav1", "mjpeg": "mjpeg"}
_AUDIO = {"aac": ("aac", 48_000), "opus": ("libopus", 48_000), "pcmu": ("pcm_mulaw", 8000), "pcma": ("pcm_alaw", 8000)}
_OPTIONS = {
    "h264": {"preset": "superfast", "x264-params": "keyint=25:bframes=2:scenecut=0"},
    "h265": {"preset": "superfast", "x265-params": "keyint=25:scenecut=0:log-level=none"},
    "av1": {"preset": "12", "svtav1-params": "keyint=25"},
    "mjpeg": {"strict": "unofficial"},
}


def film(path: Path, video: str, audio: str = "", *, pictures: int = 40) -> Path:
    """Write a film: picture N has the counter N and the time N / FPS."""
    with av.open(str(path), "w", format="matroska") as container:
        stream = cast(VideoStream, container.add_stream(_VIDEO[video], FPS, options=_OPTIONS[video]))
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuvj420p" if video == "mjpeg" else "yuv420p"
        for number in range(pictures):
            container.mux(stream.encode(_picture(number, stream.pix_fmt)))
        container.mux(stream.encode(None))
    if audio:
        _with_sound(path, audio, pictures / FPS)
    return path


def _picture(number: int, pix_fmt: str) -> av.VideoFrame:
    plane = np.full((SIZE[1], SIZE[0], 3), 96, np.uint8)
    burnt.encode(plane, number, number * FRAME_US)
    frame = av.VideoFrame.from_ndarray(plane, format="rgb24").reformat(format=pix_fmt)
    frame.pts, frame.time_base = number, Fraction(1, FPS)
    return frame


def _with_sound(path: Path, audio: str, seconds: float) -> None:
    """Give a film a tone of the same length, a tenth of a second late."""
    name, rate = _AUDIO[audio]
    silent = path.rename(path.with_name("silent.mkv"))
    tone = f"sine=frequency=440:sample_rate={rate}:duration={seconds}"
    late = ["-itsoffset", "0.1"]  # or the priming samples of AAC and Opus would move the pictures
    command = ["ffmpeg", "-v", "error", "-i", str(silent), *late, "-f", "lavfi", "-i", tone]
    subprocess.run([*command, "-c:v", "copy", "-c:a", name, str(path)], check=True, timeout=60)
    silent.unlink()
