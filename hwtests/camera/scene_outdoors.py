"""A street at dusk, and a car park from above."""

import random

from hwtests.camera.movement import passing, standing, walking, walking_below
from hwtests.camera.paint import Canvas, Colour
from hwtests.camera.people import LOOKS, even
from hwtests.camera.stage import Actor, Placed, Stage, to_planar, to_sprite
from hwtests.camera.vehicles import PAINTS, car_above, car_side

WIDTH, HEIGHT = 1280, 720
_WARM = ((255, 206, 128), (255, 224, 168), (250, 186, 104), (176, 204, 232))


def _canvas(width: int, height: int) -> Canvas:
    return Canvas(width, height, (width / WIDTH, height / HEIGHT))


# --- street ---------------------------------------------------------------------------------------------------------


def street(width: int, height: int) -> Stage:
    """Houses with lit windows and shops; cars both ways, people on both pavements."""
    canvas, rng = _canvas(width, height), random.Random(7)
    _sky(canvas, rng)
    _houses(canvas, rng)
    _ground(canvas)
    for x in (150, 560, 970):
        _tree(canvas, x + 120, 428, rng)
    canvas.grain(1.1)
    background = to_planar(canvas)
    return Stage(background, [*_far_side(width, height), *_traffic(width, height), *_near_side(width, height)])


def _sky(canvas: Canvas, rng: random.Random) -> None:
    canvas.rectangle(0, 0, WIDTH, 110, ((34, 44, 92), (112, 92, 136)))
    canvas.rectangle(0, 110, WIDTH, 240, ((112, 92, 136), (250, 164, 110)))
    canvas.glow(860, 260, 620, 210, (255, 150, 90), 0.40)
    for _ in range(16):
        canvas.glow(rng.uniform(0, WIDTH), rng.uniform(0, 80), 2.4, 2.4, (210, 216, 240), rng.uniform(0.3, 0.9))
    for _ in range(7):
        x, y = rng.uniform(0, WIDTH), rng.uniform(50, 170)
        canvas.ellipse(x, y, rng.uniform(120, 260), rng.uniform(4, 9), (214, 138, 128), 0.30)


def _houses(canvas: Canvas, rng: random.Random) -> None:
    x = -30.0
    while x < WIDTH:  # a far row, then the near one
        width = rng.uniform(60, 120)
        canvas.rectangle(x, rng.uniform(110, 190), width, 300, ((96, 80, 112), (116, 88, 100)))
        x += width
    x = -20.0
    while x < WIDTH:
        width = rng.uniform(150, 230)
        _house(canvas, x, rng.uniform(118, 212), width, rng)
        x += width


def _house(canvas: Canvas, x: float, top: float, width: float, rng: random.Random) -> None:
    shade = rng.uniform(0.75, 1.15)
    brick = rng.choice(((62, 48, 56), (52, 52, 68), (70, 56, 52), (56, 58, 62)))
    wall: Colour = (brick[0] * shade, brick[1] * shade, brick[2] * shade)
    dark: Colour = (wall[0] * 0.7, wall[1] * 0.7, wall[2] * 0.7)
    canvas.rectangle(x, top, width - 3, 424 - top, (wall, dark))
    canvas.rectangle(x - 3, top - 7, width + 3, 9, dark)
    columns = int(width // 46)
    step, y = width / columns, top + 24.0
    while y < 306:
        for i in range(columns):
            _window(canvas, x + step * (i + 0.5) - 12, y, rng)
        y += 58
    _shop(canvas, x, width, rng)


def _window(canvas: Canvas, x: float, y: float, rng: random.Random) -> None:
    canvas.rectangle(x - 2.5, y - 2.5, 27, 39, (34, 32, 40))
    if rng.random() < 0.55:
        light = rng.choice(_WARM)
        dimmed: Colour = (light[0] * 0.72, light[1] * 0.66, light[2] * 0.56)
        canvas.rectangle(x, y, 22, 34, (light, dimmed))
        canvas.glow(x + 11, y + 17, 34, 40, light, 0.12)
        if rng.random() < 0.5:
            canvas.rectangle(x, y, 6, 34, (120, 84, 62), 0.7)
            canvas.rectangle(x + 16, y, 6, 34, (120, 84, 62), 0.7)
    else:
        canvas.rectangle(x, y, 22, 34, ((74, 82, 112), (40, 44, 62)))
    canvas.rectangle(x + 10, y, 2, 34, (44, 40, 46))
    canvas.rectangle(x, y + 15, 22, 2, (44, 40, 46))
    canvas.rectangle(x - 4, y + 36, 30, 3.5, (104, 96, 100))


def _shop(canvas: Canvas, x: float, width: float, rng: random.Random) -> None:
    awning = rng.choice(((146, 40, 44), (34, 84, 92), (46, 66, 118), (150, 108, 44), (58, 92, 62)))
    canvas.rectangle(x, 322, width - 3, 102, (34, 32, 38))
    canvas.rectangle(x + 10, 346, width - 72, 66, ((255, 226, 170), (226, 162, 92)))
    for i in range(5):
        left = x + 16 + i * (width - 84) / 5
        canvas.rounded(left, 412 - rng.uniform(18, 44), 13, 44, 4, (112, 70, 48), 0.55)
    canvas.rectangle(x + width - 52, 344, 36, 80, (62, 44, 40))
    canvas.rectangle(x + width - 47, 350, 26, 44, ((255, 216, 150), (208, 146, 84)))
    stripes = max(4, int(width // 18))
    for i in range(stripes):
        left, each = x + 4 + i * (width - 11) / stripes, (width - 11) / stripes
        colour: Colour = awning if i % 2 == 0 else (206, 196, 182)
        canvas.polygon([(left, 322), (left + each, 322), (left + each, 342), (left, 342)], colour)
        canvas.ellipse(left + each / 2, 342, each / 2, 5, colour)
    canvas.glow(x + width / 2 - 10, 430, width * 0.5, 42, (255, 190, 110), 0.30)


def _ground(canvas: Canvas) -> None:
    canvas.rectangle(0, 424, WIDTH, 44, ((92, 84, 88), (112, 104, 106)))
    for i in range(27):
        canvas.stroke([(i * 52 - 40, 424), (i * 52 - 52, 468)], 1.2, (74, 68, 72), 0.7)
    canvas.rectangle(0, 468, WIDTH, 9, ((148, 142, 140), (84, 80, 82)))
    canvas.rectangle(0, 477, WIDTH, 150, ((50, 50, 58), (66, 66, 74)))
    for i in range(12):
        canvas.polygon([(i * 118, 545), (i * 118 + 58, 545), (i * 118 + 55, 551), (i * 118 - 3, 551)], (206, 198, 170))
    canvas.rectangle(0, 484, WIDTH, 2.5, (188, 170, 96), 0.75)
    canvas.rectangle(0, 627, WIDTH, 11, ((160, 154, 150), (92, 88, 90)))
    canvas.rectangle(0, 638, WIDTH, 82, ((118, 110, 110), (96, 90, 92)))
    for i in range(20):
        canvas.stroke([(i * 74 + 10, 638), (i * 74 - 24, 720)], 1.6, (84, 78, 80), 0.7)
    canvas.stroke([(0, 676), (WIDTH, 676)], 1.6, (84, 78, 80), 0.7)
    for x in (220, 640, 1060):
        canvas.glow(x, 470, 190, 54, (255, 196, 120), 0.34)


def _tree(canvas: Canvas, x: float, foot: float, rng: random.Random) -> None:
    canvas.shade(x, foot + 6, 40, 8, 0.5)
    canvas.stroke([(x, foot + 4), (x + 2, foot - 96)], 8, (44, 34, 34))
    for _ in range(46):
        angle_x, angle_y = rng.gauss(0, 27), rng.gauss(0, 25)
        green = rng.uniform(0.7, 1.25)
        canvas.ellipse(
            x + angle_x,
            foot - 128 + angle_y,
            rng.uniform(9, 17),
            rng.uniform(8, 14),
            (30 * green, 46 * green, 42 * green),
        )


def _lamp(width: int, height: int) -> Canvas:
    sx, sy = width / WIDTH, height / HEIGHT
    canvas = Canvas(even(220 * sx), even(320 * sy), (sx, sy))
    canvas.stroke([(110, 316), (110, 66), (116, 56), (136, 52)], 4.6, (34, 36, 42))
    canvas.rounded(104.5, 270, 11, 48, 3, (30, 32, 38))
    canvas.rounded(124, 46, 34, 9, 4, (40, 42, 48))
    canvas.ellipse(141, 56, 14, 4, (255, 240, 206))
    canvas.glow(141, 58, 76, 62, (255, 212, 146), 0.85)
    return canvas


def _far_side(width: int, height: int) -> list[Actor]:
    scale = height / HEIGHT
    across = (-0.06 * width, 1.06 * width)
    walkers = [
        walking(LOOKS[0], height, 78 * scale, across, 462 * scale, 44, 3, 0.8),
        walking(LOOKS[2], height, 74 * scale, across[::-1], 456 * scale, 52, 20, 0.8),
        walking(LOOKS[3], height, 77 * scale, across[::-1], 464 * scale, 61, 41, 0.8),
        walking(LOOKS[4], height, 75 * scale, across, 459 * scale, 57, 30, 0.8),
    ]
    lamp = to_sprite(_lamp(width, height), height)
    lamps = [standing(lamp, (x - 110) * width / WIDTH, 158 * scale) for x in (200, 620, 1040)]
    return [*walkers, *lamps]


def _traffic(width: int, height: int) -> list[Actor]:
    scale, actors = height / HEIGHT, []
    for i, (paint, every_s, at_s) in enumerate(((1, 23, 2), (6, 31, 12), (3, 37, 24))):
        sprite = to_sprite(car_side(PAINTS[paint], 186 * scale, van=i == 1, night=0.72), height, mirrored=True)
        span = (width * 1.05, -0.3 * width)
        actors.append(passing([sprite], *span, 536 * scale, 225 * scale, every_s, at_s))
    for i, (paint, every_s, at_s) in enumerate(((0, 19, 0), (4, 29, 9), (2, 41, 21))):
        sprite = to_sprite(car_side(PAINTS[paint], 232 * scale, van=i == 2, night=0.78), height)
        actors.append(passing([sprite], -0.35 * width, 1.05 * width, 622 * scale, 265 * scale, every_s, at_s))
    return actors


def _near_side(width: int, height: int) -> list[Actor]:
    scale = height / HEIGHT
    across = (-0.1 * width, 1.1 * width)
    return [
        walking(LOOKS[1], height, 168 * scale, across, 694 * scale, 33, 6, 0.85),
        walking(LOOKS[3], height, 178 * scale, across[::-1], 712 * scale, 47, 27, 0.85),
    ]


# --- parking --------------------------------------------------------------------------------------------------------

_ROWS = ((70, 1), (330, -1), (470, 1))  # y of each row of bays and the way the cars face
_BAY, _DEPTH = 84, 150


def parking(width: int, height: int) -> Stage:
    """Bays with cars between lanes, hedges and trees; cars pass, people cross."""
    canvas, rng = _canvas(width, height), random.Random(11)
    canvas.rectangle(0, 0, WIDTH, HEIGHT, ((112, 114, 116), (96, 98, 102)))
    for _ in range(60):
        canvas.shade(rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT), rng.uniform(20, 90), rng.uniform(14, 50), 0.10)
    canvas.grain(3.2, 3)
    _hedges(canvas, rng)
    _bays(canvas)
    actors = [*_lanes(width, height), *_crowns(width, height, rng)]
    return Stage(to_planar(canvas), actors, _parked(width, height, rng))


def _hedges(canvas: Canvas, rng: random.Random) -> None:
    for top, bottom in ((0, 52), (668, 720)):
        canvas.rectangle(0, top, WIDTH, bottom - top, (92, 118, 66))
        canvas.rectangle(0, bottom if top == 0 else top - 7, WIDTH, 7, (172, 170, 164))
        for _ in range(420):
            green = rng.uniform(0.7, 1.3)
            x, y, r = rng.uniform(0, WIDTH), rng.uniform(top, bottom), rng.uniform(5, 12)
            canvas.ellipse(x, y, r, r * 0.8, (70 * green, 104 * green, 50 * green), 0.8)


def _bays(canvas: Canvas) -> None:
    white = (214, 214, 206)
    for y, _ in _ROWS:
        for i in range(15):
            canvas.rectangle(52 + i * _BAY, y, 3.6, _DEPTH, white, 0.85)
    canvas.rectangle(52, _ROWS[1][0] + _DEPTH - 5, 14 * _BAY + 3, 3.6, white, 0.85)
    for x, way in ((260, 1), (760, 1), (520, -1), (1010, -1)):
        y = 292 if way > 0 else 252
        canvas.rectangle(x, y, 54, 5, white, 0.7)
        tip = x + (78 if way > 0 else -24)
        canvas.polygon(
            [(x + (54 if way > 0 else 0), y - 9), (tip, y + 2.5), (x + (54 if way > 0 else 0), y + 14)], white, 0.7
        )
    for i in range(26):
        canvas.rectangle(30 + i * 50, 273, 26, 3.4, white, 0.55)


def _parked(width: int, height: int, rng: random.Random) -> list[Placed]:
    sx, sy, placed = width / WIDTH, height / HEIGHT, []
    for y, way in _ROWS:
        for i in range(14):
            if rng.random() < 0.26:
                continue
            canvas = car_above(rng.choice(PAINTS), 122 * sy)
            _stand_up(canvas, way)
            sprite = to_sprite(canvas, height)
            left = (52 + _BAY * (i + 0.5) + rng.uniform(-4, 4)) * sx - sprite.size[0] / 2
            placed.append(Placed(sprite, round(left), round((y + 10 + rng.uniform(-4, 6)) * sy)))
    return placed


def _stand_up(canvas: Canvas, way: int) -> None:
    """Turn a car from above so that it faces up (way 1) or down, without the room for its lights."""
    length = canvas.pixels.shape[1] * 110 // 150 // 2 * 2
    turns = 1 if way > 0 else 3
    pixels, alpha = canvas.pixels[:, :length], canvas.alpha[:, :length]
    canvas.pixels, canvas.alpha = (a.swapaxes(0, 1)[::-1] if turns == 1 else a.swapaxes(0, 1) for a in (pixels, alpha))


def _lanes(width: int, height: int) -> list[Actor]:
    sx, sy = width / WIDTH, height / HEIGHT
    there = to_sprite(car_above(PAINTS[5], 122 * sy, lit=True), height)
    back = to_sprite(car_above(PAINTS[1], 122 * sy, lit=True), height, mirrored=True)
    third = to_sprite(car_above(PAINTS[2], 122 * sy, lit=True), height, mirrored=True)
    cars = [
        passing([there], -200 * sx, WIDTH * sx, 330 * sy, 130 * sx, 24, 1),
        passing([back], WIDTH * sx, -200 * sx, 290 * sy, 118 * sx, 31, 9),
        passing([third], WIDTH * sx, -200 * sx, 290 * sy, 150 * sx, 43, 27),
    ]
    people = [
        walking_below(LOOKS[0], height, 32 * sy, (-60 * sx, 1290 * sx), 662 * sy, 47, 4),
        walking_below(LOOKS[1], height, 32 * sy, (1290 * sx, -60 * sx), 655 * sy, 58, 22),
        walking_below(LOOKS[2], height, 32 * sy, (1290 * sx, -60 * sx), 252 * sy, 53, 31),
    ]
    return cars + people


def _crowns(width: int, height: int, rng: random.Random) -> list[Actor]:
    """Tree crowns that hide what passes beneath."""
    sx, sy, actors = width / WIDTH, height / HEIGHT, []
    for x, y, size in (
        (70, 14, 66),
        (420, 0, 54),
        (850, 8, 70),
        (1190, 2, 60),
        (250, 704, 58),
        (700, 716, 64),
        (1080, 706, 52),
    ):
        canvas = Canvas(even(size * 3 * sx), even(size * 3 * sy), (sx, sy))
        middle = size * 1.5
        canvas.shade(middle + 12, middle + 14, size * 1.25, size * 1.2, 0.7)
        for i in range(120):
            green, out = 0.62 + 0.55 * i / 120, size * (1 - i / 170)
            dx, dy = rng.gauss(0, 0.38) * out - i * 0.06, rng.gauss(0, 0.38) * out - i * 0.06
            r = rng.uniform(0.12, 0.2) * size
            canvas.ellipse(middle + dx, middle + dy, r, r * 0.9, (62 * green, 102 * green, 48 * green))
        actors.append(standing(to_sprite(canvas, height), (x - middle) * sx, (y - middle) * sy))
    return actors
