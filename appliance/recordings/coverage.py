"""Arithmetic of half-open intervals [start, end) in microseconds."""

from collections.abc import Iterable, Sequence

Interval = tuple[int, int]


def subtract(wanted: Interval, taken: Iterable[Interval]) -> list[Interval]:
    """The parts of `wanted` that no interval of `taken` covers, in order; `taken` in any order, overlapping or not."""
    at, end = wanted
    rest: list[Interval] = []
    for start, stop in sorted(taken):
        if stop <= at or stop <= start:
            continue
        if start >= end:
            break
        if start > at:
            rest.append((at, start))
        at = stop
    if at < end:
        rest.append((at, end))
    return rest


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The same instants as disjoint intervals in order; those that touch become one."""
    joined: list[Interval] = []
    for start, end in sorted(intervals):
        if end <= start:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def length(intervals: Sequence[Interval]) -> int:
    """Microseconds covered by disjoint intervals."""
    return sum(end - start for start, end in intervals)


def clip(interval: Interval, bounds: Interval) -> Interval:
    """The part of an interval inside bounds; empty (end <= start) where there is none."""
    return max(interval[0], bounds[0]), min(interval[1], bounds[1])
