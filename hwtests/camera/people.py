"""People and vehicles, painted once in every pose that they take."""

import math
from dataclasses import dataclass

from hwtests.camera.paint import Canvas, Colour, Point

POSES = 10


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody wears."""

    coat: Colour
    trousers: Colour
    hair: Colour
    skin: Colour
    vest: bool = False
    bag: bool = False


LOOKS = (
    Look((52, 66, 98), (38, 40, 48), (48, 36, 28), (214, 172, 146)),
    Look((150, 52, 48), (44, 50, 66), (30, 26, 24), (150, 108, 82), bag=True),
    Look((196, 182, 150), (70, 64, 58), (118, 84, 50), (226, 186, 160)),
    Look((58, 96, 82), (30, 32, 38), (24, 22, 22), (118, 82, 60)),
    Look((120, 122, 130), (46, 44, 60), (160, 140, 110), (224, 184, 158), bag=True),
    Look((62, 70, 84), (50, 54, 66), (40, 32, 28), (200, 158, 130), vest=True),
)


def even(value: float) -> int:
    """The next even whole number."""
    return 2 * math.ceil(value / 2)


def walker(look: Look, pose: int, height_px: float, dim: float = 1.0) -> Canvas:
    """Somebody walking to the right, feet at the bottom of the canvas; dim darkens, for dusk."""
    unit = height_px / 100
    canvas = Canvas(even(70 * unit), even(106 * unit), (unit, unit))
    phase = 2 * math.pi * pose / POSES
    canvas.shade(35, 101, 24, 5, 0.45)
    lift = 1.2 * abs(math.sin(phase))
    hip, neck = (35.0, 53 - lift), (36.5, 22 - lift)
    coat, trousers, skin, hair = (_dim(c, dim) for c in (look.coat, look.trousers, look.skin, look.hair))
    _arm(canvas, neck, phase + math.pi, _dim(coat, 0.7), _dim(skin, 0.8))
    _leg(canvas, hip, phase + math.pi, _dim(trousers, 0.75), _dim((40, 36, 34), dim))
    _leg(canvas, hip, phase, trousers, _dim((52, 46, 42), dim))
    _torso(canvas, hip, neck, coat)
    if look.vest:
        canvas.stroke([(hip[0], 46 - lift), (neck[0], 30 - lift)], 12.5, _dim((232, 196, 40), dim))
        canvas.stroke([(hip[0] - 6, 42 - lift), (hip[0] + 7, 42 - lift)], 2.2, _dim((236, 236, 228), dim))
    if look.bag:
        canvas.stroke([(neck[0] + 3, 25 - lift), (hip[0] - 6, 48 - lift)], 1.6, _dim((60, 44, 34), dim))
        canvas.rounded(hip[0] - 13, 45 - lift, 11, 12, 2, _dim((92, 62, 42), dim))
    _head(canvas, neck, skin, hair)
    _arm(canvas, neck, phase, _dim(coat, 0.9), skin)
    return canvas


def walker_above(look: Look, pose: int, width_px: float) -> Canvas:
    """Somebody from above, walking to the right; width_px from shoulder to shoulder."""
    unit = width_px / 40
    canvas = Canvas(even(64 * unit), even(60 * unit), (unit, unit))
    canvas.shade(38, 36, 24, 24, 0.5)
    stride = 13 * math.sin(2 * math.pi * pose / POSES)
    for y, way in ((21.0, 1), (37.0, -1)):
        canvas.stroke([(28 + way * stride, y), (34 + way * stride, y)], 8, look.trousers)
        canvas.stroke([(30, y - 11 * way), (30 - way * stride * 0.8, y - 12 * way)], 7, _dim(look.coat, 0.85))
    canvas.rounded(21, 10, 18, 38, 9, (look.coat, _dim(look.coat, 0.8)))
    canvas.ellipse(32, 29, 8.5, 8, look.skin)
    canvas.ellipse(30, 29, 8, 8, look.hair)
    return canvas


def _torso(canvas: Canvas, hip: Point, neck: Point, coat: Colour) -> None:
    canvas.stroke([(hip[0], hip[1] + 2), (neck[0] - 0.5, neck[1] + 7)], 15, (coat, _dim(coat, 0.8)))
    canvas.stroke([(neck[0] - 3.5, neck[1] + 8), (neck[0] + 2.5, neck[1] + 8)], 13, coat)


def _head(canvas: Canvas, neck: Point, skin: Colour, hair: Colour) -> None:
    canvas.stroke([(neck[0], neck[1] + 3), (neck[0] + 0.5, neck[1] - 5)], 5.5, _dim(skin, 0.85))
    canvas.ellipse(neck[0] + 1, neck[1] - 11, 6.2, 7.6, skin)
    canvas.ellipse(neck[0] - 0.8, neck[1] - 13.2, 6.4, 6.2, hair)
    canvas.ellipse(neck[0] + 3.6, neck[1] - 9.6, 3.6, 4.6, skin)


def _leg(canvas: Canvas, hip: Point, phase: float, cloth: Colour, shoe: Colour) -> None:
    swing = 0.45 * math.sin(phase)
    bend = 0.55 * max(0.0, math.cos(phase)) + 0.08
    knee = (hip[0] + 23 * math.sin(swing), hip[1] + 23 * math.cos(swing))
    foot = (knee[0] + 22 * math.sin(swing - bend), knee[1] + 22 * math.cos(swing - bend))
    canvas.stroke([hip, knee], 8.6, cloth)
    canvas.stroke([knee, foot], 6.6, cloth)
    canvas.stroke([(foot[0] - 0.5, foot[1] + 1.2), (foot[0] + 6, foot[1] + 2)], 4.2, shoe)


def _arm(canvas: Canvas, neck: Point, phase: float, cloth: Colour, skin: Colour) -> None:
    swing = -0.5 * math.sin(phase)
    shoulder = (neck[0] - 0.5, neck[1] + 6)
    elbow = (shoulder[0] + 14 * math.sin(swing), shoulder[1] + 14 * math.cos(swing))
    hand = (elbow[0] + 13 * math.sin(swing + 0.35), elbow[1] + 13 * math.cos(swing + 0.35))
    canvas.stroke([shoulder, elbow, hand], 5.2, cloth)
    canvas.ellipse(hand[0], hand[1], 2.6, 2.8, skin)


def _dim(colour: Colour, by: float) -> Colour:
    return colour[0] * by, colour[1] * by, colour[2] * by
