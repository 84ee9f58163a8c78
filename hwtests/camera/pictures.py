"""The pictures of a camera: a scene with the camera's name, its clock and the machine-readable code."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hwtests.camera import burnt
from hwtests.camera.clocks import CameraClock

Planar = NDArray[np.uint8]


class Pictures(Protocol):
    """Draws one picture after another."""

    def draw(self, counter: int, time_us: int) -> Planar:
        """The picture at true UTC time_us, shaped (h * 3 / 2, w): Y, then U and V; valid until the next call."""
        ...


def open_pictures(scene: str, title: str, size: tuple[int, int], clock: CameraClock, footage: str | None) -> Pictures:
    """The pictures of a scene at (width, height)."""
    return _Plain(size)


class _Plain:
    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._picture = np.full((size[1] * 3 // 2, size[0]), 128, np.uint8)

    def draw(self, counter: int, time_us: int) -> Planar:
        luma = self._picture[: self._size[1]]
        luma[...] = (np.linspace(40, 180, self._size[0]) + counter % 40).astype(np.uint8)
        burnt.encode(luma, counter, time_us)
        return self._picture
