"""Pictures out of a still background and sprites that move over it, in planar 4:2:0, cheaply."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwtests.camera.paint import Array, Canvas

Planar = NDArray[np.uint8]

# Limited-range luma and chroma of sRGB 0–255: BT.601 below 720 lines and BT.709 above, as players assume.
_BT601 = ((0.2568, 0.5041, 0.0979), (-0.1482, -0.2910, 0.4392), (0.4392, -0.3678, -0.0714))
_BT709 = ((0.1826, 0.6142, 0.0620), (-0.1006, -0.3386, 0.4392), (0.4392, -0.3989, -0.0403))
HD_LINES = 720


@dataclass(frozen=True, slots=True)
class Layer:
    """One plane of a sprite: what it adds, and what it leaves of the plane beneath, in 128ths (255 × 128 fits)."""

    add: NDArray[np.int16]
    keep: NDArray[np.int16]

    def columns(self, first: int, last: int) -> "Layer":
        """The part from a column up to another."""
        return Layer(self.add[:, first:last], self.keep[:, first:last])


@dataclass(frozen=True, slots=True)
class Sprite:
    """Y, U and V layers; U and V at half size; even width and height."""

    y: Layer
    u: Layer
    v: Layer

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        height, width = self.y.add.shape
        return width, height

    def columns(self, first: int, last: int) -> "Sprite":
        """The part from an even column up to another."""
        halves = (first // 2, last // 2)
        return Sprite(self.y.columns(first, last), self.u.columns(*halves), self.v.columns(*halves))


@dataclass(frozen=True, slots=True)
class Placed:
    """A sprite with its top left corner in pixels; any part may lie outside."""

    sprite: Sprite
    x: int
    y: int


Actor = Callable[[float], Placed | None]  # where it is at a time in seconds


def to_sprite(canvas: Canvas, lines: int, *, mirrored: bool = False) -> Sprite:
    """A sprite of a canvas with even sides, for pictures of that many lines."""
    pixels, alpha = canvas.pixels, canvas.alpha
    if mirrored:
        pixels, alpha = pixels[:, ::-1], alpha[:, ::-1]
    matrix = np.array(_BT709 if lines >= HD_LINES else _BT601, np.float32)
    luma, chroma = pixels @ matrix[0], _halved(pixels) @ matrix[1:].T
    thin = _halved(alpha[:, :, None])[:, :, 0]
    return Sprite(_layer(luma + 16 * alpha, alpha), *(_layer(chroma[:, :, i] + 128 * thin, thin) for i in (0, 1)))


def to_planar(canvas: Canvas) -> Planar:
    """An opaque canvas as a picture."""
    height, width = canvas.alpha.shape
    picture = np.zeros((height * 3 // 2, width), np.uint8)
    canvas.alpha[...] = 1
    composite(picture, Placed(to_sprite(canvas, height), 0, 0))
    return picture


def composite(picture: Planar, placed: Placed) -> None:
    """Lay a sprite over a planar picture, clipped to it."""
    height, width = picture.shape[0] * 2 // 3, picture.shape[1]
    u, v = (plane.reshape(height // 2, width // 2) for plane in np.split(picture[height:], 2))
    _lay(picture[:height], placed.sprite.y, placed.x, placed.y)
    _lay(u, placed.sprite.u, placed.x // 2, placed.y // 2)
    _lay(v, placed.sprite.v, placed.x // 2, placed.y // 2)


def darkened(letters: Array) -> tuple[Array, Array]:
    """(light, alpha) of white letters on a ground that lets a third of what is beneath through."""
    return letters * 230, np.maximum(letters, np.float32(0.66))


def from_coverage(light_and_alpha: tuple[Array, Array]) -> Sprite:
    """A grey sprite of light (0–255, premultiplied) and alpha, both of even size."""
    light, alpha = light_and_alpha
    thin = _halved(alpha[:, :, None])[:, :, 0]
    chroma = _layer(128 * thin, thin)
    return Sprite(_layer(light * np.float32(219 / 255) + 16 * alpha, alpha), chroma, chroma)


class Stage:
    """A scene at one size: fixed sprites become part of the background, the actors are laid over it in order."""

    def __init__(self, background: Planar, actors: Sequence[Actor], fixed: Sequence[Placed] = ()) -> None:
        for placed in fixed:
            composite(background, placed)
        self._background = background
        self._actors = actors
        self._picture = background.copy()

    def draw(self, time_us: int) -> Planar:
        """The scene at a time; valid until the next call."""
        np.copyto(self._picture, self._background)
        for actor in self._actors:
            if (placed := actor(time_us / 1e6)) is not None:
                composite(self._picture, placed)
        return self._picture


def _lay(plane: Planar, layer: Layer, x: int, y: int) -> None:
    rows, columns = layer.add.shape
    top, left = max(0, -y), max(0, -x)
    bottom, right = min(rows, plane.shape[0] - y), min(columns, plane.shape[1] - x)
    if top >= bottom or left >= right:
        return
    target = plane[y + top : y + bottom, x + left : x + right]
    mixed = target * layer.keep[top:bottom, left:right]
    mixed >>= 7
    mixed += layer.add[top:bottom, left:right]
    target[...] = np.clip(mixed, 0, 255, out=mixed)


def _layer(add: Array, alpha: Array) -> Layer:
    keep = np.rint((1 - alpha) * 128).clip(0, 128).astype(np.int16)
    return Layer(np.rint(add).astype(np.int16), keep)


def _halved(values: Array) -> Array:
    rows: Array = values[::2] + values[1::2]
    means: Array = (rows[:, ::2] + rows[:, 1::2]) * np.float32(0.25)
    return means
