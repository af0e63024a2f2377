"""Where a rectangle has room: row by row, what is free and what lies on lines only."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from nslab.draw.layout.boxes import Point, Rect

_FAR, _STEP = (320, 150), 2
"""Pixels: how far from a point places are looked for, sideways and up or down, and from one row of
places to the next."""

_ASIDE = 3
"""Pixels from what is taken at which a place is tried, too: beside it there may be little room."""


@dataclass
class Ground:
    """What is taken, and what lines there are, each with what it costs to lie on it."""

    bounds: Rect
    taken: list[Rect] = field(default_factory=list)
    lines: list[tuple[int, Rect]] = field(default_factory=list)

    def places(self, at: Point, size: Point) -> Iterator[tuple[int, Rect]]:
        """Free places near a point with what each costs, the cheapest first.

        :param at: the point to which they are to be near
        :param size: width and height
        """
        found: list[tuple[int, int, Rect]] = []
        count = 0
        for above, y in self._rows(at, size[1]):
            while found and found[0][0] <= above:
                cost, _, rect = heapq.heappop(found)
                yield cost, rect
            for cost, rect in self._in_row(at, y, size):
                count += 1
                heapq.heappush(found, (above + cost, count, rect))
        while found:
            cost, _, rect = heapq.heappop(found)
            yield cost, rect

    def cost(self, at: Point, rect: Rect) -> int | None:
        """What a place costs near a point; None if it is not free."""
        room = self.bounds
        inside = room.x <= rect.x and rect.right <= room.right
        if not inside or rect.y < room.y or rect.bottom > room.bottom:
            return None
        if any(map(rect.overlaps, self.taken)):
            return None
        aside = max(rect.x - at[0], at[0] - rect.right, 0)
        above = max(rect.y - at[1], at[1] - rect.bottom, 0)
        return aside + above + sum(cost for cost, line in self.lines if line.overlaps(rect))

    def _rows(self, at: Point, high: int) -> list[tuple[int, int]]:
        """How far above or below a point each row is, and where it begins, the nearest first."""
        room = self.bounds
        low, last = max(room.y, at[1] - _FAR[1] - high), min(room.bottom - high, at[1] + _FAR[1])
        tops = range(at[1] - (at[1] - low) // _STEP * _STEP, last + 1, _STEP)
        return sorted((max(y - at[1], at[1] - y - high, 0), y) for y in tops)

    def _in_row(self, at: Point, y: int, size: Point) -> Iterator[tuple[int, Rect]]:
        """Places in a row, with what each lies on and how far aside it is."""
        (w, h), room = size, self.bounds
        low, last = max(room.x, at[0] - _FAR[0] - w), min(room.right - w, at[0] + _FAR[0])
        spans = sorted((r.x - w + 1, r.right) for r in self.taken if r.y < y + h and y < r.bottom)
        on = [
            (cost, line.x - w + 1, line.right)
            for cost, line in self.lines
            if line.y < y + h and y < line.bottom
        ]
        for start, end in _between(low, last + 1, spans):
            cuts = {x for _, *both in on for x in both if start < x < end}
            for left, right in pairwise(sorted({start, end, *cuts})):
                cost = sum(each for each, begin, stop in on if begin <= left < stop)
                for x in _tries(at[0] - w // 2, left, right - 1):
                    yield cost + max(x - at[0], at[0] - x - w, 0), Rect(x, y, w, h)


def _between(low: int, high: int, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What is left of a length without some parts, which are sorted."""
    for begin, stop in spans:
        if low < begin and low < high:
            yield low, min(begin, high)
        low = max(low, stop)
    if low < high:
        yield low, high


def _tries(wish: int, first: int, last: int) -> list[int]:
    """Where to be in a part of a row: at its ends, a little beside them, and nearest to a wish."""
    asides = (min(first + _ASIDE, last), max(last - _ASIDE, first))
    return sorted({first, last, *asides, min(max(wish, first), last)})


def straights(path: Sequence[Point]) -> Iterator[Rect]:
    """The straight parts of a line, of no width."""
    for (x1, y1), (x2, y2) in pairwise(path):
        yield Rect(min(x1, x2), min(y1, y2), abs(x1 - x2), abs(y1 - y2))


def sides(rect: Rect) -> Iterator[Rect]:
    """The four lines around a rectangle."""
    left, top, right, bottom = rect.x, rect.y, rect.right, rect.bottom
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    return straights(corners)


__all__ = ["Ground", "sides", "straights"]
