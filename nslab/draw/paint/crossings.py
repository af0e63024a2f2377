"""Where cables cross: the upper one leaves a gap in the lower one, as nothing joins them there."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from nslab.draw.layout.boxes import Point
from nslab.draw.layout.plan import Run

REACH = 6
"""Pixels of a gap to both sides of a crossing; where a line turns or ends nearer there is none."""


def gaps(runs: Sequence[tuple[Run, list[Point]]]) -> dict[str, list[list[Point]]]:
    """The pieces of lines that pass over others, by the id of their line.

    :param runs: in the order in which they are drawn
    """
    across: list[tuple[int, int, int, int]] = []
    down: list[tuple[int, int, int, int]] = []
    for place, (_, path) in enumerate(runs):
        for (x1, y1), (x2, y2) in pairwise(path):
            if y1 == y2:
                across.append((y1, min(x1, x2), max(x1, x2), place))
            else:
                down.append((x1, min(y1, y2), max(y1, y2), place))
    down.sort()
    columns = [x for x, *_ in down]
    found: dict[str, list[list[Point]]] = {}
    for y, left, right, one in across:
        there = slice(bisect_left(columns, left + REACH), bisect_right(columns, right - REACH))
        for x, top, bottom, other in down[there]:
            if top + REACH <= y <= bottom - REACH and not _joined(runs[one][0], runs[other][0]):
                upper = runs[max(one, other)][0]
                found.setdefault(upper.id, []).append(list(_piece((x, y), level=one > other)))
    return found


def _joined(one: Run, other: Run) -> bool:
    """Whether two lines are one where they meet: all that stands on one link comes out of it."""
    cables = one.cable, other.cable
    if one is other or not all(cable and not cable.pair for cable in cables):
        return one is other
    return len({cable.upper for cable in cables if cable}) == 1


def _piece(at: Point, *, level: bool) -> Iterator[Point]:
    x, y = at
    dx, dy = (REACH, 0) if level else (0, REACH)
    yield x - dx, y - dy
    yield x + dx, y + dy


__all__ = ["gaps"]
