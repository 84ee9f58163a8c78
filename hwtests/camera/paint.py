"""A small painter with smooth edges: convex shapes, strokes, light and shade, on premultiplied RGB with alpha.

Coordinates are in units chosen by the caller (a scene is 1280 × 720 of them whatever its pixels), colours are sRGB
0–255. Every shape is a signed distance to its edge, in pixels, turned into coverage.
"""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Colour = tuple[float, float, float]
Fill = Colour | tuple[Colour, Colour]  # plain, or from top to bottom
Point = tuple[float, float]
Box = tuple[int, int, int, int]


class Canvas:
    """Transparent at first. pixels: (h, w, 3) premultiplied; alpha: (h, w), 0–1."""

    def __init__(self, width: int, height: int, scale: Point = (1.0, 1.0)) -> None:
        self.pixels: Array = np.zeros((height, width, 3), np.float32)
        self.alpha: Array = np.zeros((height, width), np.float32)
        self._sx, self._sy = scale

    def polygon(self, points: Sequence[Point], fill: Fill, opacity: float = 1.0, round_px: float = 0.0) -> None:
        """Fill a convex polygon; round_px grows it by that many pixels with round corners."""
        corners = np.array([(x * self._sx, y * self._sy) for x, y in points], np.float32)
        box = self._box(corners, round_px + 1)
        x, y = _grid(box)
        following = np.roll(corners, -1, axis=0)
        area = np.sum(corners[:, 0] * following[:, 1] - following[:, 0] * corners[:, 1])
        sign = 1.0 if area > 0 else -1.0
        inside = np.full(np.broadcast_shapes(x.shape, y.shape), -np.inf, np.float32)
        for (x0, y0), (x1, y1) in zip(corners, following, strict=True):
            length = max(1e-6, float(np.hypot(x1 - x0, y1 - y0)))
            edge = sign * ((y1 - y0) * (x - x0) - (x1 - x0) * (y - y0)) / length
            np.maximum(inside, edge, out=inside)
        self._blend(box, np.clip(0.5 + round_px - inside, 0, 1) * opacity, fill)

    def rectangle(self, x: float, y: float, width: float, height: float, fill: Fill, opacity: float = 1.0) -> None:
        """Fill an upright rectangle."""
        self.polygon([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], fill, opacity)

    def rounded(
        self, x: float, y: float, width: float, height: float, radius: float, fill: Fill, opacity: float = 1.0
    ) -> None:
        """Fill an upright rectangle with round corners."""
        cx, cy = (x + width / 2) * self._sx, (y + height / 2) * self._sy
        r = radius * min(self._sx, self._sy)
        box = self._box(np.array([(x * self._sx, y * self._sy), ((x + width) * self._sx, (y + height) * self._sy)]), 1)
        gx, gy = _grid(box)
        dx = np.maximum(np.abs(gx - cx) - (width / 2 * self._sx - r), 0)
        dy = np.maximum(np.abs(gy - cy) - (height / 2 * self._sy - r), 0)
        self._blend(box, np.clip(0.5 + r - np.hypot(dx, dy), 0, 1) * opacity, fill)

    def ellipse(self, cx: float, cy: float, rx: float, ry: float, fill: Fill, opacity: float = 1.0) -> None:
        """Fill an upright ellipse."""
        box, distance = self._ellipse(cx, cy, rx, ry, 1.0)
        smaller = max(0.5, min(rx * self._sx, ry * self._sy))
        self._blend(box, np.clip(0.5 + (1 - distance) * smaller, 0, 1) * opacity, fill)

    def stroke(self, points: Sequence[Point], width: float, fill: Fill, opacity: float = 1.0) -> None:
        """Draw a polyline with round ends."""
        corners = np.array([(x * self._sx, y * self._sy) for x, y in points], np.float32)
        radius = max(0.4, width / 2 * min(self._sx, self._sy))
        box = self._box(corners, radius + 1)
        x, y = _grid(box)
        nearest = np.full(np.broadcast_shapes(x.shape, y.shape), np.inf, np.float32)
        for (x0, y0), (x1, y1) in itertools.pairwise(corners):
            along = (x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)
            part = np.clip(along / max(1e-6, (x1 - x0) ** 2 + (y1 - y0) ** 2), 0, 1)
            np.minimum(nearest, np.hypot(x - x0 - part * (x1 - x0), y - y0 - part * (y1 - y0)), out=nearest)
        self._blend(box, np.clip(0.5 + radius - nearest, 0, 1) * opacity, fill)

    def glow(self, cx: float, cy: float, rx: float, ry: float, colour: Colour, strength: float = 1.0) -> None:
        """Add light that fades out towards an ellipse."""
        box, distance = self._ellipse(cx, cy, rx, ry, 0.0)
        light = (np.clip(1 - distance, 0, 1) ** 2 * strength)[:, :, None]
        top, bottom, left, right = box
        self.pixels[top:bottom, left:right] += light * np.array(colour, np.float32)

    def shade(self, cx: float, cy: float, rx: float, ry: float, strength: float) -> None:
        """Darken softly towards the middle of an ellipse."""
        box, distance = self._ellipse(cx, cy, rx, ry, 0.0)
        self._blend(box, np.clip(1 - distance, 0, 1) * strength, (0, 0, 0))

    def grain(self, amount: float, seed: int = 1) -> None:
        """Roughen what is painted, by at most about three times amount."""
        noise = np.random.default_rng(seed).normal(0, amount, self.alpha.shape).astype(np.float32)
        self.pixels += noise[:, :, None] * self.alpha[:, :, None]

    def _ellipse(self, cx: float, cy: float, rx: float, ry: float, margin_px: float) -> tuple[Box, Array]:
        corners = np.array([(cx - rx, cy - ry), (cx + rx, cy + ry)], np.float32) * (self._sx, self._sy)
        box = self._box(corners, margin_px)
        x, y = _grid(box)
        across, down = max(0.5, rx * self._sx), max(0.5, ry * self._sy)
        distance: Array = np.hypot((x - cx * self._sx) / across, (y - cy * self._sy) / down).astype(np.float32)
        return box, distance

    def _box(self, corners: NDArray[np.floating], margin_px: float) -> Box:
        """(top, bottom, left, right) in whole pixels within the canvas."""
        height, width = self.alpha.shape
        low, high = corners.min(axis=0) - margin_px, corners.max(axis=0) + margin_px + 1
        top, bottom = np.clip((int(low[1]), int(high[1])), 0, height)
        left, right = np.clip((int(low[0]), int(high[0])), 0, width)
        return int(top), int(bottom), int(left), int(right)

    def _blend(self, box: Box, coverage: NDArray[np.floating], fill: Fill) -> None:
        top, bottom, left, right = box
        if top >= bottom or left >= right:
            return
        cover = coverage.astype(np.float32)
        keep = 1 - cover
        region = self.pixels[top:bottom, left:right]
        region *= keep[:, :, None]
        region += cover[:, :, None] * _colours(fill, bottom - top)
        alpha = self.alpha[top:bottom, left:right]
        alpha *= keep
        alpha += cover


def _grid(box: Box) -> tuple[Array, Array]:
    """Pixel centres: x shaped (1, w), y shaped (h, 1)."""
    top, bottom, left, right = box
    x = np.arange(left, right, dtype=np.float32)[None, :] + np.float32(0.5)
    y = np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5)
    return x, y


def _colours(fill: Fill, rows: int) -> Array:
    if isinstance(fill[0], tuple):
        first, last = np.array(fill[0], np.float32), np.array(fill[1], np.float32)
        part = np.linspace(0, 1, rows, dtype=np.float32)[:, None, None]
        mixed: Array = first * (1 - part) + last * part
        return mixed
    return np.array(fill, np.float32)[None, None, :]
