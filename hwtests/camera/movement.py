"""Actors: who moves over a scene, where, and at which pace. Positions depend on the time alone."""

from collections.abc import Sequence

from hwtests.camera.people import POSES, Look, walker, walker_above
from hwtests.camera.stage import Actor, Placed, Sprite, to_sprite

STEP_S = 1.1  # of a whole cycle of poses


def passing(
    sprites: Sequence[Sprite], start: float, end: float, feet: float, pace: float, every_s: float, at_s: float
) -> Actor:
    """Goes from x = start to x = end (pixels, left edges) at pace px/s; sets out at at_s and then again every every_s.

    sprites are the poses of a step; feet is the y of their lower edge.
    """
    length_s = abs(end - start) / pace
    direction = 1 if end > start else -1

    def at(time_s: float) -> Placed | None:
        since_s = (time_s - at_s) % every_s
        if since_s > length_s:
            return None
        sprite = sprites[int(since_s / STEP_S * len(sprites)) % len(sprites)]
        return Placed(sprite, round(start + direction * pace * since_s), round(feet) - sprite.size[1])

    return at


def walking(
    look: Look,
    lines: int,
    height: float,
    span: tuple[float, float],
    feet: float,
    every_s: float,
    at_s: float,
    dim: float = 1.0,
) -> Actor:
    """Somebody who walks along span (pixels) at a height in pixels."""
    start, end = span
    poses = [to_sprite(walker(look, i, height, dim), lines, mirrored=end < start) for i in range(POSES)]
    return passing(poses, start - height, end, feet, height * 0.62, every_s, at_s)


def walking_below(
    look: Look, lines: int, size: float, span: tuple[float, float], lower_edge: float, every_s: float, at_s: float
) -> Actor:
    """Somebody seen from above; size is a shoulder's width in pixels."""
    start, end = span
    poses = [to_sprite(walker_above(look, i, size), lines, mirrored=end < start) for i in range(POSES)]
    return passing(poses, start, end, lower_edge, size * 1.9, every_s, at_s)


def between(actor: Actor, left: float, right: float) -> Actor:
    """An actor of whom only what is between two x (pixels) is seen, as through a gap."""
    first, last = round(left) // 2 * 2, round(right) // 2 * 2

    def at(time_s: float) -> Placed | None:
        if (placed := actor(time_s)) is None:
            return None
        x = placed.x // 2 * 2
        start, end = max(0, first - x), min(placed.sprite.size[0], last - x)
        return Placed(placed.sprite.columns(start, end), x + start, placed.y) if start < end else None

    return at


def standing(sprite: Sprite, x: float, y: float) -> Actor:
    """Something that stays in front of what moves behind it."""
    placed = Placed(sprite, round(x), round(y))
    return lambda time_s: placed
