"""A warehouse aisle with a forklift, and the entrance hall of an office."""

import itertools
import random

from hwtests.camera.movement import between, standing, walking
from hwtests.camera.paint import Canvas, Colour, Point
from hwtests.camera.people import LOOKS, even
from hwtests.camera.stage import Actor, Placed, Stage, to_planar, to_sprite
from hwtests.camera.vehicles import forklift

WIDTH, HEIGHT = 1280, 720


def _canvas(width: int, height: int) -> Canvas:
    return Canvas(width, height, (width / WIDTH, height / HEIGHT))


# --- warehouse ------------------------------------------------------------------------------------------------------

_VANISHING: Point = (640.0, 262.0)
_NEAR, _FAR = 1.0, 9.0
_CAMERA_HEIGHT = 470.0  # units above the floor at depth 1


def _project(x: float, above_floor: float, depth: float) -> Point:
    """A point in the aisle on the picture: x from its middle and height above the floor, in units at depth 1."""
    return _VANISHING[0] + x / depth, _VANISHING[1] + (_CAMERA_HEIGHT - above_floor) / depth


def warehouse(width: int, height: int) -> Stage:
    """An aisle between racks; a forklift comes and goes, people cross."""
    canvas, rng = _canvas(width, height), random.Random(5)
    _hall(canvas)
    for side in (-1, 1):
        _racks(canvas, side, rng)
    canvas.grain(1.2, 2)
    scale = height / HEIGHT
    sx = width / WIDTH
    far, near = (532 * sx, 748 * sx), (280 * sx, 1000 * sx)
    beyond = 80 * sx

    def crossing(look: int, size: float, gap: Point, feet: float, every_s: float, at_s: float, way: int) -> Actor:
        span = (gap[0] - beyond, gap[1] + beyond)
        walker = walking(
            LOOKS[look], height, size * scale, span if way > 0 else span[::-1], feet * scale, every_s, at_s
        )
        return between(walker, *gap)

    actors = [
        crossing(5, 92, far, 382, 26, 2, 1),
        crossing(3, 92, far, 384, 39, 17, -1),
        _approaching(width, height),
        crossing(0, 280, near, 664, 43, 33, 1),
    ]
    return Stage(to_planar(canvas), actors)


def _hall(canvas: Canvas) -> None:
    canvas.rectangle(0, 0, WIDTH, HEIGHT, ((48, 54, 62), (66, 70, 76)))
    canvas.rectangle(0, _VANISHING[1], WIDTH, HEIGHT - _VANISHING[1], ((120, 122, 122), (158, 158, 152)))
    left, top = _project(-430, 640, _FAR)
    right, bottom = _project(430, 0, _FAR)
    canvas.rectangle(left - 40, top - 30, right - left + 80, bottom - top + 30, ((122, 130, 136), (146, 150, 150)))
    canvas.rectangle(604, bottom - 46, 72, 46, ((206, 214, 218), (178, 186, 190)))
    for i in range(6):
        canvas.rectangle(604, bottom - 46 + i * 8, 72, 1.2, (140, 148, 152))
    for depth in (1.1, 1.45, 1.95, 2.7, 3.9, 5.8):
        _ceiling_lamp(canvas, depth)
    for x in (-330.0, 330.0):
        strip = [_project(x - 9, 0, 0.9), _project(x + 9, 0, 0.9), _project(x + 9, 0, _FAR), _project(x - 9, 0, _FAR)]
        canvas.polygon(strip, (226, 184, 40), 0.85)
    canvas.glow(640, 620, 420, 190, (255, 255, 246), 0.10)


def _ceiling_lamp(canvas: Canvas, depth: float) -> None:
    corners = [_project(x, 900, d) for x, d in ((-60, depth), (60, depth), (60, depth * 1.18), (-60, depth * 1.18))]
    canvas.polygon(corners, (250, 252, 255))
    x, y = _project(0, 900, depth * 1.08)
    canvas.glow(x, y, 340 / depth, 150 / depth, (226, 236, 250), 0.5)
    floor_x, floor_y = _project(0, 0, depth * 1.08)
    canvas.glow(floor_x, floor_y, 240 / depth, 74 / depth, (255, 255, 250), 0.16)


def _racks(canvas: Canvas, side: int, rng: random.Random) -> None:
    """Bays from the far end to the near, so that nearer ones cover farther ones."""
    edges = [0.5 * 1.24**i for i in range(14) if 0.5 * 1.24**i < _FAR] + [_FAR]
    for near, far in reversed(list(itertools.pairwise(edges))):
        _bay(canvas, side * 430.0, near, far, rng)


def _bay(canvas: Canvas, x: float, near: float, far: float, rng: random.Random) -> None:
    light = max(0.42, 1.0 - 0.05 * near)
    back = [_project(x, 0, near), _project(x, 0, far), _project(x, 860, far), _project(x, 860, near)]
    canvas.polygon(back, (34 * light, 38 * light, 44 * light))
    for level in (0, 215, 430, 645):
        _goods(canvas, x, level, near, far, light, rng)
        beam = [
            _project(x, level, near),
            _project(x, level, far),
            _project(x, level + 20, far),
            _project(x, level + 20, near),
        ]
        if level:
            canvas.polygon(beam, (226 * light, 110 * light, 34 * light))
    for depth in (far, near):
        top, foot = _project(x, 860, depth), _project(x, 0, depth)
        canvas.stroke([top, foot], max(1.6, 15 / depth), (40 * light, 72 * light, 128 * light))
    foot = _project(x, 0, near)
    canvas.stroke([foot, _project(x, 46, near)], max(2.0, 21 / near), (232 * light, 188 * light, 40 * light))


def _goods(canvas: Canvas, x: float, level: float, near: float, far: float, light: float, rng: random.Random) -> None:
    at, step = 0.06, (far - near) / 3
    for i in range(3):
        if rng.random() < 0.14:
            continue
        first = near + step * (i + at)
        last = first + step * 0.86
        tall = rng.uniform(84, 168)
        shade = light * rng.uniform(0.82, 1.1)
        base: Colour = rng.choice(((176, 134, 88), (190, 150, 104), (156, 116, 76), (198, 196, 188), (82, 108, 136)))
        lit: Colour = (min(255, base[0] * shade), min(255, base[1] * shade), min(255, base[2] * shade))
        dark: Colour = (lit[0] * 0.74, lit[1] * 0.74, lit[2] * 0.74)
        bottom = level + 22
        face = [_project(x, bottom, d) for d in (first, last)] + [_project(x, bottom + tall, d) for d in (last, first)]
        canvas.polygon(face, (lit, dark))
        middle = (first + last) / 2
        canvas.stroke([_project(x, bottom, middle), _project(x, bottom + tall, middle)], 6 / middle, dark, 0.6)
        inner = x * 1.16
        side = [_project(x, bottom, first), _project(inner, bottom, first), _project(inner, bottom + tall, first)]
        canvas.polygon([*side, _project(x, bottom + tall, first)], (dark[0] * 0.8, dark[1] * 0.8, dark[2] * 0.8))
        pallet = [_project(x, level + 4, d) for d in (first, last)] + [_project(x, bottom, d) for d in (last, first)]
        canvas.polygon(pallet, (120 * light, 88 * light, 52 * light))


_SIZES = 36
_DRIVE_S, _FORKLIFT_EVERY_S = 9.0, 30.0


def _approaching(width: int, height: int) -> Actor:
    """The forklift, from the far end to the middle of the aisle and back again."""
    sx, sy = width / WIDTH, height / HEIGHT
    depths = [7.0 * (1.75 / 7.0) ** (i / (_SIZES - 1)) for i in range(_SIZES)]
    sprites = [to_sprite(forklift(330 / depth * sy), height) for depth in depths]

    def at(time_s: float) -> Placed | None:
        since_s = time_s % _FORKLIFT_EVERY_S
        way = min(since_s, 2 * _DRIVE_S + 2 - since_s) / _DRIVE_S
        if way < 0:
            return None
        i = min(_SIZES - 1, round(way * (_SIZES - 1)))
        x, y = _project(40, 0, depths[i])
        sprite = sprites[i]
        return Placed(sprite, round(x * sx - sprite.size[0] / 2), round(y * sy - sprite.size[1] * 0.95))

    return at


# --- lobby ----------------------------------------------------------------------------------------------------------


def lobby(width: int, height: int) -> Stage:
    """Glass doors to a bright day, a reception desk, plants; people come and go."""
    canvas = _canvas(width, height)
    _walls(canvas)
    _doors(canvas)
    _floor(canvas)
    _furniture(canvas)
    canvas.grain(0.9, 4)
    sx, sy = width / WIDTH, height / HEIGHT
    across = (-0.08 * width, 1.08 * width)
    actors = [
        walking(LOOKS[2], height, 176 * sy, (390 * sx, 1300 * sx), 466 * sy, 31, 1),
        walking(LOOKS[0], height, 180 * sy, (1300 * sx, 560 * sx), 474 * sy, 43, 15),
        standing(to_sprite(_desk(width, height), height), 60 * sx, 340 * sy),
        walking(LOOKS[1], height, 272 * sy, across, 640 * sy, 37, 8),
        walking(LOOKS[4], height, 262 * sy, across[::-1], 622 * sy, 53, 25),
        standing(to_sprite(_plant(width, height), height), 1090 * sx, 372 * sy),
    ]
    return Stage(to_planar(canvas), actors)


def _walls(canvas: Canvas) -> None:
    canvas.rectangle(0, 0, WIDTH, 440, ((214, 208, 198), (232, 226, 216)))
    canvas.polygon([(0, 0), (WIDTH, 0), (1090, 70), (150, 70)], ((182, 180, 176), (206, 204, 198)))
    for x, y, r in ((300, 22, 30), (640, 22, 32), (980, 22, 30), (390, 52, 20), (640, 52, 21), (890, 52, 20)):
        canvas.ellipse(x, y, r, r * 0.28, (255, 252, 240))
        canvas.glow(x, y, r * 4, r * 1.8, (255, 244, 216), 0.30)
    for i in range(8):
        canvas.rectangle(60 + i * 34, 92, 24, 348, ((150, 112, 76), (128, 92, 60)))
        canvas.rectangle(60 + i * 34, 92, 3, 348, (184, 146, 106), 0.6)
    canvas.rounded(104, 150, 190, 66, 8, (44, 58, 72))
    canvas.ellipse(138, 183, 17, 17, (230, 176, 84))
    canvas.ellipse(138, 183, 8, 8, (44, 58, 72))
    for i, size in enumerate((96, 64)):
        canvas.rounded(170, 168 + i * 20, size, 9, 4, (224, 226, 228))
    canvas.rectangle(1030, 130, 150, 110, (52, 46, 42))
    canvas.rectangle(1036, 136, 138, 98, ((226, 196, 150), (92, 128, 136)))
    canvas.polygon([(1036, 234), (1084, 176), (1126, 234)], (62, 92, 98))
    canvas.polygon([(1090, 234), (1136, 190), (1174, 234)], (78, 112, 112))
    canvas.ellipse(1140, 162, 12, 12, (250, 236, 196))


def _doors(canvas: Canvas) -> None:
    canvas.rectangle(400, 104, 560, 336, (62, 66, 70))
    canvas.rectangle(408, 112, 544, 328, ((190, 220, 244), (238, 244, 244)))
    for x, w, top in ((408, 90, 220), (500, 70, 188), (572, 110, 240), (690, 84, 204), (776, 96, 228), (874, 78, 196)):
        canvas.rectangle(x, top, w, 200, ((176, 194, 208), (206, 214, 216)))
    for x in (452, 610, 842, 914):
        canvas.stroke([(x, 404), (x, 330)], 6, (122, 108, 94))
        for dx, dy, r in ((-16, -14, 24), (14, -8, 25), (0, -34, 27), (4, 4, 21)):
            canvas.ellipse(x + dx, 326 + dy, r, r * 0.9, (126 + dx, 164 + dx, 112), 0.9)
    canvas.rectangle(408, 398, 544, 42, ((188, 190, 184), (206, 206, 198)))
    for x in (408, 541, 676, 680, 815, 945):
        canvas.rectangle(x, 112, 7, 328, ((92, 98, 104), (58, 62, 66)))
    canvas.rectangle(408, 178, 544, 6, (84, 90, 96))
    for x in (662, 692):
        canvas.stroke([(x, 290), (x, 362)], 4.5, (214, 216, 218))
    for x in (430, 570, 704, 838):
        canvas.polygon([(x + 40, 186), (x + 66, 186), (x + 26, 398), (x, 398)], (255, 255, 255), 0.16)


def _floor(canvas: Canvas) -> None:
    canvas.rectangle(0, 440, WIDTH, 280, ((196, 190, 182), (160, 154, 148)))
    for i in range(-14, 15):
        canvas.stroke([(640 + i * 62, 440), (640 + i * 168, 720)], 1.4, (140, 134, 128), 0.75)
    for y in (452, 470, 496, 532, 582, 650):
        canvas.rectangle(0, y, WIDTH, 1.6, (140, 134, 128), 0.75)
    canvas.polygon([(408, 440), (952, 440), (1130, 720), (230, 720)], ((244, 246, 244), (190, 186, 180)), 0.40)
    canvas.polygon([(520, 448), (840, 448), (872, 500), (488, 500)], ((78, 80, 84), (92, 94, 98)))
    canvas.rectangle(0, 434, 400, 8, (150, 142, 132))
    canvas.rectangle(960, 434, 320, 8, (150, 142, 132))
    canvas.shade(1180, 560, 110, 18, 0.4)


def _furniture(canvas: Canvas) -> None:
    canvas.shade(1120, 452, 120, 14, 0.4)
    canvas.rounded(1016, 352, 200, 58, 12, ((82, 106, 124), (62, 84, 102)))
    canvas.rounded(1008, 392, 216, 46, 10, ((98, 124, 142), (66, 90, 108)))
    canvas.stroke([(1116, 396), (1116, 432)], 2, (54, 74, 90))
    for x in (1024, 1206):
        canvas.stroke([(x, 438), (x, 450)], 6, (60, 50, 44))


def _desk(width: int, height: int) -> Canvas:
    sx, sy = width / WIDTH, height / HEIGHT
    canvas = Canvas(even(380 * sx), even(190 * sy), (sx, sy))
    canvas.shade(190, 168, 190, 20, 0.5)
    canvas.ellipse(112, 22, 17, 20, (206, 164, 136))
    canvas.ellipse(112, 13, 18, 14, (58, 42, 34))
    canvas.rounded(82, 40, 60, 60, 20, (52, 66, 88))
    canvas.polygon([(104, 42), (120, 42), (112, 62)], (232, 232, 232))
    canvas.rounded(196, 24, 66, 42, 4, (38, 40, 44))
    canvas.rectangle(225, 64, 8, 12, (60, 62, 66))
    canvas.polygon([(6, 74), (374, 74), (362, 168), (18, 168)], ((152, 110, 72), (108, 76, 48)))
    canvas.rounded(0, 66, 380, 14, 5, ((238, 234, 226), (202, 198, 190)))
    for x in (96, 190, 284):
        canvas.rectangle(x, 82, 2.4, 84, (92, 64, 40), 0.7)
    canvas.rectangle(22, 158, 338, 8, (255, 226, 170), 0.8)
    canvas.glow(190, 170, 190, 26, (255, 214, 146), 0.4)
    return canvas


def _plant(width: int, height: int) -> Canvas:
    sx, sy, rng = width / WIDTH, height / HEIGHT, random.Random(3)
    canvas = Canvas(even(190 * sx), even(210 * sy), (sx, sy))
    for _ in range(34):
        spread, rise = rng.uniform(-56, 56), rng.uniform(20, 120)
        green = rng.uniform(0.7, 1.3)
        path = [(95.0, 150.0), (95 + spread * 0.5, 150 - rise * 0.8), (95 + spread * 1.5, 150 - rise)]
        canvas.stroke(path, rng.uniform(5, 10), (58 * green, 112 * green, 66 * green))
    canvas.polygon([(62, 142), (128, 142), (118, 202), (72, 202)], ((226, 222, 214), (168, 162, 152)), round_px=2)
    canvas.ellipse(95, 143, 33, 6, (70, 54, 42))
    return canvas
