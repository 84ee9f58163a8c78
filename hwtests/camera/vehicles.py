"""Cars from the side and from above, and a forklift from the front."""

from hwtests.camera.paint import Canvas, Colour
from hwtests.camera.people import even

PAINTS: tuple[Colour, ...] = (
    (168, 36, 38),
    (36, 66, 120),
    (206, 208, 212),
    (44, 46, 52),
    (108, 116, 124),
    (196, 156, 52),
    (44, 96, 84),
)


def car_side(paint: Colour, length_px: float, *, van: bool = False, night: float = 1.0) -> Canvas:
    """A car driving to the right, wheels near the bottom; night darkens it and its lamps shine."""
    unit = length_px / 200
    canvas = Canvas(even(330 * unit), even((112 if van else 96) * unit), (unit, unit))
    base = 84.0 if not van else 100.0
    body = _scaled(paint, night)
    dark = _scaled(paint, night * 0.55)
    canvas.shade(110, base + 2, 112, 9, 0.6)
    canvas.glow(280, base - 6, 62, 26, (255, 226, 160), 0.32)
    canvas.glow(8, base - 26, 34, 20, (255, 30, 20), 0.45)
    (_van_body if van else _car_body)(canvas, base, body, dark, night)
    for x in (52, 164):
        canvas.ellipse(x, base - 12, 19, 19, _scaled(paint, night * 0.25))
        canvas.ellipse(x, base - 11, 15.5, 15.5, (16, 16, 18))
        canvas.ellipse(x, base - 11, 8.5, 8.5, ((132 * night, 134 * night, 140 * night), (70 * night, 72 * night, 76)))
    canvas.stroke([(203, base - 32), (209, base - 29)], 6.5, (255, 246, 214))
    canvas.glow(208, base - 30, 20, 15, (255, 240, 200), 0.9)
    canvas.stroke([(11.5, base - 34), (11.5, base - 29)], 4.5, (255, 52, 36))
    return canvas


def _car_body(canvas: Canvas, base: float, body: Colour, dark: Colour, night: float) -> None:
    glass = ((96 * night, 122 * night, 150 * night), (30 * night, 40 * night, 54 * night))
    canvas.polygon([(44, base - 42), (70, base - 66), (126, base - 66), (164, base - 42)], body, round_px=1.5)
    canvas.polygon([(56, base - 43), (75, base - 62), (96, base - 62), (96, base - 43)], glass)
    canvas.polygon([(101, base - 43), (101, base - 62), (124, base - 62), (150, base - 43)], glass)
    canvas.rounded(10, base - 44, 200, 32, 11, (body, dark))
    canvas.polygon([(150, base - 44), (206, base - 36), (206, base - 24), (150, base - 24)], (body, dark))
    canvas.stroke([(16, base - 37), (200, base - 35)], 1.4, _scaled(body, 1.35), 0.8)
    canvas.stroke([(98, base - 42), (98, base - 16)], 1.0, dark)
    canvas.stroke([(84, base - 36), (92, base - 36)], 2.0, dark)
    canvas.rectangle(12, base - 17, 196, 5, _scaled(dark, 0.5))


def _van_body(canvas: Canvas, base: float, body: Colour, dark: Colour, night: float) -> None:
    glass = ((96 * night, 122 * night, 150 * night), (30 * night, 40 * night, 54 * night))
    canvas.rounded(10, base - 84, 152, 72, 7, (body, dark))
    canvas.polygon([(140, base - 84), (166, base - 84), (190, base - 50), (140, base - 40)], body, round_px=2)
    canvas.rounded(130, base - 50, 80, 38, 9, (body, dark))
    canvas.polygon([(146, base - 76), (163, base - 76), (182, base - 50), (146, base - 50)], glass)
    canvas.stroke([(136, base - 80), (136, base - 18)], 1.2, dark)
    canvas.stroke([(18, base - 40), (206, base - 38)], 2.4, _scaled(dark, 0.8))
    canvas.rectangle(12, base - 17, 196, 5, _scaled(dark, 0.5))


def car_above(paint: Colour, length_px: float, *, lit: bool = False) -> Canvas:
    """A car from above, its front to the right; lit while it drives."""
    unit = length_px / 100
    canvas = Canvas(even(150 * unit), even(64 * unit), (unit, unit))
    canvas.rounded(7, 13, 100, 46, 14, (0, 0, 0), 0.38)
    if lit:
        canvas.glow(128, 18, 40, 13, (255, 244, 214), 0.35)
        canvas.glow(128, 42, 40, 13, (255, 244, 214), 0.35)
    canvas.rounded(4, 9, 100, 44, 13, (_scaled(paint, 1.08), _scaled(paint, 0.82)))
    glass = ((74, 88, 104), (38, 46, 58))
    canvas.polygon([(64, 14), (76, 12), (76, 50), (64, 48)], glass, round_px=1.5)
    canvas.polygon([(22, 15), (15, 14), (15, 48), (22, 47)], glass, round_px=1.5)
    canvas.rounded(26, 11.5, 38, 3.5, 1.5, glass[0])
    canvas.rounded(26, 47, 38, 3.5, 1.5, glass[1])
    canvas.rounded(25, 15.5, 38, 31, 7, (_scaled(paint, 1.2), _scaled(paint, 0.95)))
    lamp = (255, 250, 226) if lit else (214, 214, 206)
    for y, inwards in ((15, 3), (47, -3)):
        canvas.stroke([(100, y), (101, y + inwards)], 3.6, lamp)
        canvas.stroke([(5.5, y), (5.5, y + inwards)], 2.6, (206, 36, 30))
    for y in (8, 54):
        canvas.ellipse(70, y, 4, 2.2, _scaled(paint, 0.8))
    return canvas


def forklift(height_px: float) -> Canvas:
    """A forklift from the front with a pallet of boxes, wheels at the bottom."""
    unit = height_px / 120
    canvas = Canvas(even(120 * unit), even(128 * unit), (unit, unit))
    canvas.shade(60, 119, 56, 9, 0.6)
    yellow, steel = ((236, 178, 28), (176, 118, 12)), (54, 56, 62)
    for x in (22, 82):
        canvas.rounded(x, 94, 16, 26, 4, (20, 20, 22))
    canvas.rounded(26, 60, 68, 52, 6, yellow)
    canvas.polygon([(33, 14), (87, 14), (92, 62), (28, 62)], (40, 44, 52))
    canvas.polygon([(38, 19), (82, 19), (86, 58), (34, 58)], ((120, 140, 156), (70, 84, 98)))
    canvas.ellipse(60, 38, 7.5, 9, (206, 164, 136))
    canvas.ellipse(60, 33, 8.5, 6, (236, 196, 40))
    canvas.stroke([(46, 62), (52, 52), (68, 52), (74, 62)], 9, (52, 70, 104))
    canvas.stroke([(33, 13), (87, 13)], 4, steel)
    for x in (42, 78):
        canvas.stroke([(x, 8), (x, 112)], 4.5, (72, 74, 82))
    canvas.stroke([(42, 84), (78, 84)], 4, steel)
    canvas.glow(60, 8, 15, 11, (255, 150, 20), 0.9)
    canvas.rounded(56, 5, 8, 6, 2, (255, 170, 40))
    for x in (32, 88):
        canvas.ellipse(x, 70, 4, 4, (255, 250, 226))
        canvas.glow(x, 70, 16, 14, (255, 244, 210), 0.7)
    canvas.rectangle(28, 112, 64, 5, (126, 92, 56))
    for x, width, top in ((30, 30, 90), (61, 29, 92)):
        canvas.rectangle(x, top, width, 112 - top, ((188, 148, 98), (150, 112, 70)))
        canvas.rectangle(x + width / 2 - 2, top, 4, 112 - top, (210, 180, 130), 0.7)
    return canvas


def _scaled(colour: Colour, by: float) -> Colour:
    return min(255.0, colour[0] * by), min(255.0, colour[1] * by), min(255.0, colour[2] * by)
