"""Where cables cross: the upper one leaves a gap in the lower one, as nothing joins them there."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from nslab.draw.layout.boxes import Point
from nslab.draw.layout.plan import Run

REACH, WHOLE = 6, 14
"""Pixels: where the upper line turns or ends nearer to a crossing there is no gap; and where the
lower one does: what is left of it there would look unplugged.
"""

HALF = 4
"""Pixels of a gap to both sides of a crossing: as wide as a line with beads."""


@dataclass(frozen=True, order=True)
class Gap:
    """Where a line passes over another; ``level`` if it does so from left to right."""

    at: Point
    level: bool

    @property
    def piece(self) -> list[Point]:
        """The piece of the upper line that keeps the other one apart."""
        x, y = self.at
        dx, dy = (HALF, 0) if self.level else (0, HALF)
        return [(x - dx, y - dy), (x + dx, y + dy)]


def gaps(runs: Sequence[tuple[Run, list[Point]]]) -> dict[str, list[Gap]]:
    """Where lines pass over others, by the id of the upper line.

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
    found: dict[str, list[Gap]] = {}
    for y, left, right, one in across:
        there = slice(bisect_left(columns, left + REACH), bisect_right(columns, right - REACH))
        for x, top, bottom, other in down[there]:
            near = min(x - left, right - x), min(y - top, bottom - y)
            below, above = near if one < other else near[::-1]
            clear = below >= WHOLE and above >= REACH
            if clear and not _joined(runs[one][0], runs[other][0]):
                upper = runs[max(one, other)][0]
                found.setdefault(upper.id, []).append(Gap((x, y), level=one > other))
    return found


def _joined(one: Run, other: Run) -> bool:
    """Whether two lines are one where they meet: all that stands on one link comes out of it."""
    cables = one.cable, other.cable
    if one is other or not all(cable and not cable.pair for cable in cables):
        return one is other
    return len({cable.upper for cable in cables if cable}) == 1


__all__ = ["Gap", "gaps"]
