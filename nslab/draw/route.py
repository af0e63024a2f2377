"""The ways of the cables: straight if they can be, else at right angles around all that is drawn.

A way is a list of points.  It touches no link but its own two, no text, and no namespace that it
has no business in; a cable that would lie on another one gets a lane of its own.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import pairwise

from nslab.draw.parts import Point, Rect, Slot
from nslab.draw.plan import End

STUB = 8
"""Pixels that a cable leads straight away from a link before it may turn."""

INSET = 8
"""Pixels that a cable stays away from the corners of a link."""

_LANE = 7
_BEND = 40
_ALONG = 4
_ASIDE = 70
"""Costs in pixels: of a turn, of running along another cable, of a side that is not preferred."""

_THERE = 4
_DIRECTIONS = {"n": (0, -1), "s": (0, 1), "w": (-1, 0), "e": (1, 0)}
"""Each is the opposite of the one whose number differs in the last bit."""


class Router:
    """Finds one way after the other."""

    def __init__(self, borders: list[Rect]) -> None:
        """``borders`` are drawn lines that a cable may cross, but not cover."""
        self._used: list[tuple[Point, Point]] = []
        for rect in borders:
            corners = [(rect.x, rect.y), (rect.right, rect.y), (rect.right, rect.bottom),
                       (rect.x, rect.bottom), (rect.x, rect.y)]  # fmt: skip
            self._used += pairwise(corners)

    def way(self, start: End, end: End, blocks: list[Rect]) -> list[Point]:
        """The way between two ends around rectangles, which it may touch at their edges."""
        found = self._straight(start, end, blocks) or self._around(start, end, blocks)
        self._used += pairwise(found)
        return found

    def _straight(self, start: End, end: End, blocks: list[Rect]) -> list[Point] | None:
        one, other = start.slot.rect, end.slot.rect
        tries: Iterator[tuple[Point, Point]]
        if "s" in start.sides and "n" in end.sides and one.bottom <= other.y:
            tries = (((x, one.bottom), (x, other.y)) for x in _shared(start.slot, end.slot, True))
        elif "e" in start.sides and "w" in end.sides and one.right <= other.x:
            tries = (((one.right, y), (other.x, y)) for y in _shared(start.slot, end.slot, False))
        else:
            return None
        own = (one, other)
        others = [block for block in blocks if not any(_within(rect, block) for rect in own)]
        for a, b in tries:
            if not any(_cuts(block, a, b) for block in others):
                return [a, b]
        return None

    def _around(self, start: End, end: End, blocks: list[Rect]) -> list[Point]:
        starts, goals = dict(_stubs(start)), dict(_stubs(end))
        xs = {x for x, _ in (*starts, *goals)}
        ys = {y for _, y in (*starts, *goals)}
        for block in blocks:
            xs |= {block.x, block.right}
            ys |= {block.y, block.bottom}
        for (x1, y1), (x2, y2) in self._used:
            if x1 == x2:
                xs |= {x1 - _LANE, x1 + _LANE}
            elif y1 == y2:
                ys |= {y1 - _LANE, y1 + _LANE}
        found = self._search(starts, goals, sorted(xs), sorted(ys), blocks)
        if not found:  # everything is full: at least the ends are right
            (a, stub), (b, other) = next(iter(starts.items())), next(iter(goals.items()))
            return [stub[0], a, b, other[0]]
        return _plain([starts[found[0]][0], *found, goals[found[-1]][0]])

    def _search(
        self, starts: dict[Point, tuple[Point, int]], goals: dict[Point, tuple[Point, int]],
        xs: list[int], ys: list[int], blocks: list[Rect],
    ) -> list[Point]:  # fmt: skip
        """The cheapest way over a grid: short, with few turns, alongside nothing."""
        column, row = {x: n for n, x in enumerate(xs)}, {y: n for n, y in enumerate(ys)}
        walls: dict[tuple[Point, Point], bool] = {}
        queue: list[tuple[int, int, Point, int, tuple[Point, ...]]] = []
        count = 0
        for point, (_, away) in starts.items():
            if not any(_inside(block, point) for block in blocks):
                heapq.heappush(queue, (_ASIDE * (count > 0), count, point, away, (point,)))
                count += 1
        dear = list(goals)[1:]
        best: dict[tuple[Point, int], int] = {}
        while queue:
            cost, _, point, way, path = heapq.heappop(queue)
            if best.get((point, way), cost + 1) <= cost:
                continue
            best[point, way] = cost
            if way == _THERE:
                return list(path)
            if point in goals and way != goals[point][1]:
                # Into the link is the opposite of away from it.
                turned = way != goals[point][1] ^ 1
                price = cost + _BEND * turned + _ASIDE * (point in dear)
                count += 1
                heapq.heappush(queue, (price, count, point, _THERE, path))
            for turn, (dx, dy) in enumerate(_DIRECTIONS.values()):
                if turn == way ^ 1:
                    continue
                n, m = column[point[0]] + dx, row[point[1]] + dy
                if not (0 <= n < len(xs) and 0 <= m < len(ys)):
                    continue
                to = (xs[n], ys[m])
                step = (min(point, to), max(point, to))
                if step not in walls:
                    walls[step] = any(_cuts(block, *step) for block in blocks)
                if walls[step]:
                    continue
                length = abs(to[0] - point[0]) + abs(to[1] - point[1])
                price = cost + length + (_BEND if turn != way else 0)
                if any(_beside(step, used) for used in self._used):
                    price += _ALONG * length + _BEND
                count += 1
                heapq.heappush(queue, (price, count, to, turn, (*path, to)))
        return []


def _shared(start: Slot, end: Slot, x: bool) -> Iterator[int]:
    """Coordinates that a straight cable may have, the best first."""
    one, other = start.rect, end.rect
    if x:
        low, high = max(one.x, other.x) + INSET, min(one.right, other.right) - INSET
    else:
        low, high = max(one.y, other.y) + INSET, min(one.bottom, other.bottom) - INSET
    middles = [rect.middle[0 if x else 1] for rect in (other, one)]
    if low <= high:
        yield from (middle for middle in middles if low <= middle <= high)
        yield from (high, low)


def _stubs(end: End) -> Iterator[tuple[Point, tuple[Point, int]]]:
    """Where a cable may turn first, with where it leaves the link and in which direction."""
    rect = end.slot.rect
    x, y = rect.middle
    anchors = {"n": (x, rect.y), "s": (x, rect.bottom), "w": (rect.x, y), "e": (rect.right, y)}
    for side in end.sides:
        at, (dx, dy) = anchors[side], _DIRECTIONS[side]
        yield (at[0] + dx * STUB, at[1] + dy * STUB), (at, list(_DIRECTIONS).index(side))


def _plain(path: list[Point]) -> list[Point]:
    """Without points in the middle of a straight line."""
    found = path[:1]
    for point, after in pairwise(path[1:]):
        before = found[-1]
        if point in (before, after):
            continue
        if not (before[0] == point[0] == after[0] or before[1] == point[1] == after[1]):
            found.append(point)
    return [*found, path[-1]]


def _inside(rect: Rect, point: Point) -> bool:
    return rect.x < point[0] < rect.right and rect.y < point[1] < rect.bottom


def _within(inner: Rect, outer: Rect) -> bool:
    return (
        outer.x <= inner.x and outer.y <= inner.y
        and inner.right <= outer.right and inner.bottom <= outer.bottom
    )  # fmt: skip


def _cuts(rect: Rect, a: Point, b: Point) -> bool:
    """Whether a line at right angles runs through a rectangle."""
    return (
        min(a[0], b[0]) < rect.right and rect.x < max(a[0], b[0])
        and min(a[1], b[1]) < rect.bottom and rect.y < max(a[1], b[1])
    ) if a[0] != b[0] and a[1] != b[1] else (
        (rect.x < a[0] < rect.right and min(a[1], b[1]) < rect.bottom and rect.y < max(a[1], b[1]))
        if a[0] == b[0] else
        (rect.y < a[1] < rect.bottom and min(a[0], b[0]) < rect.right and rect.x < max(a[0], b[0]))
    )  # fmt: skip


def _beside(step: tuple[Point, Point], used: tuple[Point, Point]) -> bool:
    """Whether two lines lie on each other, or nearly."""
    (ax, ay), (bx, by) = step
    (cx, cy), (dx, dy) = used
    if ax == bx and cx == dx and abs(ax - cx) < _LANE - 1:
        return min(ay, by) < max(cy, dy) and min(cy, dy) < max(ay, by)
    if ay == by and cy == dy and abs(ay - cy) < _LANE - 1:
        return min(ax, bx) < max(cx, dx) and min(cx, dx) < max(ax, bx)
    return False
