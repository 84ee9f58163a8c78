"""The pictures of a camera: a scene or footage with the camera's name, its clock and the machine-readable code."""

import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import av
import numpy as np

from hwtests.camera import burnt
from hwtests.camera.clocks import US_PER_S, CameraClock
from hwtests.camera.glyphs import text
from hwtests.camera.paint import Array
from hwtests.camera.scenes import open_scene
from hwtests.camera.stage import Placed, Planar, Sprite, composite, darkened, from_coverage

_NEUTRAL = 128


class Scenery(Protocol):
    """What is behind the caption and the code."""

    def draw(self, time_us: int) -> Planar:
        """The picture at true UTC time_us, shaped (h * 3 / 2, w): Y, then U and V; valid until the next call."""
        ...


class Pictures:
    """Draws one picture after another; owned by one thread."""

    def __init__(self, scenery: Scenery, title: str, size: tuple[int, int], clock: CameraClock) -> None:
        self._scenery = scenery
        self._caption = Caption(title, size[1])
        self._clock = clock

    def draw(self, counter: int, time_us: int) -> Planar:
        """The picture at true UTC time_us; valid until the next call."""
        picture = self._scenery.draw(time_us)
        self._caption.lay(picture, self._clock.at(time_us))
        height, width = picture.shape[0] * 2 // 3, picture.shape[1]
        burnt.encode(picture[:height], counter, time_us)
        code_width, code_height = ((n + 1) // 2 for n in burnt.area(width, height))
        for plane in np.split(picture[height:], 2):  # the code is grey
            plane.reshape(height // 2, width // 2)[-code_height:, -code_width:] = _NEUTRAL
        return picture


def open_pictures(scene: str, title: str, size: tuple[int, int], clock: CameraClock, footage: str | None) -> Pictures:
    """The pictures of a scene at (width, height), over footage where the folder has any; raises KeyError, OSError."""
    files = sorted(Path(footage).glob("*.mp4")) if footage else []
    if files:
        return Pictures(Footage(files[zlib.crc32(scene.encode()) % len(files)], size), title, size, clock)
    return Pictures(open_scene(scene, *size), title, size, clock)


class Caption:
    """Name, date and time on a darkened ground in the top left corner; painted anew when the second changes."""

    def __init__(self, title: str, lines: int) -> None:
        self._title = title
        self._lines = lines
        self._size_px = max(7.0, lines / 42)
        self._second = -1
        self._sprite: Sprite | None = None

    def lay(self, picture: Planar, shown_us: int) -> None:
        """Write what the camera's clock shows into the picture."""
        second = shown_us // US_PER_S
        if self._sprite is None or second != self._second:
            self._second = second
            moment = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
            self._sprite = from_coverage(darkened(_framed(text(f"{self._title}  {moment}", self._size_px))))
        margin = 2 * (self._lines // 72)
        composite(picture, Placed(self._sprite, margin, margin))


def _framed(coverage: Array) -> Array:
    """With room to both sides, and of even size."""
    height, width = coverage.shape
    return np.pad(coverage, ((0, height % 2), (4, 4 + width % 2)))


class Footage:
    """A film in a loop, at the pace of whoever draws, scaled to one size."""

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        self._path = path
        self._size = size
        self._frames = self._decode()
        self._at_us = 0
        self._start_us: int | None = None
        self._picture: Planar = np.zeros((size[1] * 3 // 2, size[0]), np.uint8)

    def draw(self, time_us: int) -> Planar:
        """The film's picture for that time; from its beginning again after its end."""
        if self._start_us is None or time_us < self._start_us:
            self._start_us = time_us
        while self._at_us <= time_us - self._start_us:
            found = next(self._frames, None)
            if found is None:
                self._frames, self._start_us, self._at_us = self._decode(), time_us, 0
            else:
                self._at_us, self._picture = found
        return self._picture.copy()

    def _decode(self) -> Iterator[tuple[int, Planar]]:
        """(end of the picture on the film, microseconds; the picture)."""
        width, height = self._size
        with av.open(str(self._path)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "NONE"
            interval_us = round(US_PER_S / (stream.average_rate or 25))
            for number, frame in enumerate(container.decode(stream)):
                scaled = frame.reformat(width, height, "yuv420p").to_ndarray()
                yield (number + 1) * interval_us, scaled.astype(np.uint8, copy=False)
