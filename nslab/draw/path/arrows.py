"""Which way a packet goes: arrowheads on the line of its way, where they cover nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from nslab.draw.layout.boxes import Point, Rect
from nslab.draw.path.trail import Leg

LONG, WIDE = 4, 5
"""Pixels from the middle of an arrowhead to its tip, and to its sides."""

EVERY, APART = 110, 16
"""Pixels of a line from one arrowhead to the next, and from one to those of other lines."""


@dataclass(frozen=True)
class Arrow:
    """An arrowhead: where its middle is, and its direction, one pixel long."""

    at: Point
    to: Point

    @property
    def rect(self) -> Rect:
        """What it covers."""
        (x, y), (wide, high) = self.at, (LONG, WIDE) if self.to[0] else (WIDE, LONG)
        return Rect(x - wide, y - high, 2 * wide, 2 * high)

    @property
    def path(self) -> str:
        """Its outline."""
        (x, y), (dx, dy) = self.at, self.to
        back = x - LONG * dx, y - LONG * dy
        (ax, ay), (bx, by) = ((back[0] + s * WIDE * dy, back[1] - s * WIDE * dx) for s in (1, -1))
        return f"M{ax} {ay}L{x + LONG * dx} {y + LONG * dy}L{bx} {by}L{x - dx} {y - dy}z"


def arrows(legs: Sequence[Leg], taken: Sequence[Rect]) -> list[list[Arrow]]:
    """The arrowheads of each leg: near its middle, and more of them on a long one.

    There is none where two legs share a line, one there and one back.

    :param taken: what none may cover
    """
    covered = list(taken)
    found = []
    lines = {line for leg in legs for line in pairwise(leg.points)}
    for leg in legs:
        spots = [(far, arrow) for far, arrow in _spots(leg) if not _opposed(arrow, lines)]
        here: list[Arrow] = []
        for wish in _wishes(leg.length):
            free = (
                (abs(far - wish), far, arrow)
                for far, arrow in spots
                if abs(far - wish) <= EVERY / 2 or not here
                if not any(map(arrow.rect.overlaps, covered))
            )
            best = min(free, key=lambda one: one[:2], default=None)
            if best:
                here.append(best[2])
                covered.append(best[2].rect.grown(APART))
        found.append(here)
    return found


def _opposed(arrow: Arrow, lines: Iterable[tuple[Point, Point]]) -> bool:
    """Whether a line runs through an arrowhead in the other direction."""
    (x, y), (dx, dy) = arrow.at, arrow.to
    return any(
        (ax - bx) * dx + (ay - by) * dy > 0
        and min(ax, bx) <= x <= max(ax, bx)
        and min(ay, by) <= y <= max(ay, by)
        for (ax, ay), (bx, by) in lines
    )


def _wishes(length: int) -> list[int]:
    """How far along a line arrowheads would be: in its middle, or as many as it has room for."""
    count = max(1, round(length / EVERY))
    return [length * (2 * n + 1) // (2 * count) for n in range(count)]


def _spots(leg: Leg) -> Iterator[tuple[int, Arrow]]:
    """Where an arrowhead may be, on straight parts of what is drawn; and how far along each is."""
    begins = 0
    ends: list[tuple[Point, Point, int]] = []
    for one, other in pairwise(leg.points):
        ends.append((one, other, begins))
        begins += _apart(one, other)
    for part in leg.shown:
        for one, other in pairwise(part):
            long = _apart(one, other)
            if long < 2 * LONG:
                continue
            to = (other[0] - one[0]) // long, (other[1] - one[1]) // long
            start = next((far + _apart(a, one) for a, b, far in ends if _on(a, b, one, other)), 0)
            for n in range(LONG, long - LONG + 1):
                yield start + n, Arrow((one[0] + to[0] * n, one[1] + to[1] * n), to)


def _apart(one: Point, other: Point) -> int:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _on(a: Point, b: Point, one: Point, other: Point) -> bool:
    """Whether a part of a line lies on a straight piece, in its direction."""
    return _apart(a, one) + _apart(one, other) + _apart(other, b) == _apart(a, b)


__all__ = ["Arrow", "arrows"]
