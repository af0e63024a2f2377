"""The ways of the cables: straight if they can be, else at right angles around all that is drawn.

A way is a list of points.  It touches no link but its own two, no text, and no namespace that it
has no business in; a cable that would lie on another one gets a lane of its own.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise

from nslab.draw.layout.boxes import INSET, Point, Rect
from nslab.draw.layout.plan import End

STUB = 8
"""Pixels that a cable leads straight away from a link before it may turn."""

ASIDE = (12, 20, 8)
"""Pixels from the right end of a link to what leaves it below beside the middle, in each lane."""

LANE, MARKED_LANE, OFF = 7, 11, 8
"""Pixels between two cables; between two of which one is new or gone, and has a halo; and between a
cable and the border of a namespace.
"""

_MIDST = 16
"""Pixels from a namespace's border to the middle of the free band above or below it."""

_BEND = 40
_ALONG = 4
_OVER = 200
_ASIDE = 70
_STANDING = 120
_APART = 240
_UPON = 1000
"""Costs in pixels: of a turn, of running along another cable, of passing over one, of a side that
is not preferred, of one that is not below a link for what stands on that, of one that is not its
tree's (what stands on one link leaves it together), and of lying on another cable, or sharing a
corner with it: then it cannot be seen which is which.
"""

_CLOSE = 4
"""Pixels: so close to each other, two cables look like one."""

_WIDER = 2
"""How often the length of a way counts to the left of all boxes: there it makes a picture wider."""

_THERE = 4

Stubs = dict[Point, tuple[Point, int]]
"""Where a cable may turn first: where it leaves the link for that, and in which direction."""

Line = tuple[Point, Point]
Span = tuple[int, int]
_DIRECTIONS = {"n": (0, -1), "s": (0, 1), "w": (-1, 0), "e": (1, 0)}
"""Each is the opposite of the one whose number differs in the last bit."""


class Router:
    """Finds one way after the other."""

    def __init__(self, borders: list[Rect]) -> None:
        """``borders`` are drawn lines that a cable may cross, but not cover."""
        self._used: list[tuple[Line, object]] = []
        self._borders: list[Line] = []
        self._midst = {y for r in borders for y in (r.y - _MIDST, r.bottom + _MIDST)}
        self._boxes = borders
        self._sides: dict[tuple[object, int], str] = {}
        for rect in borders:
            corners = [
                (rect.x, rect.y),
                (rect.right, rect.y),
                (rect.right, rect.bottom),
                (rect.x, rect.bottom),
                (rect.x, rect.y),
            ]
            self._borders += pairwise(corners)

    def take(self, path: list[Point]) -> None:
        """Keep away from a line that is there."""
        self._used += [(line, None) for line in pairwise(path)]

    def way(
        self, start: End, end: End, blocks: list[Rect], tree: object = None, lane: int = LANE
    ) -> list[Point]:
        """The way between two ends around rectangles, which it may touch at their edges.

        Lines of one ``tree`` may lie on each other; it keeps ``lane`` pixels away from others.
        """
        return self._led(start, end, blocks, tree, lane, self.straight(start, end, blocks))

    def _led(
        self,
        start: End,
        end: End,
        blocks: list[Rect],
        tree: object,
        lane: int,
        found: list[Point] | None = None,
    ) -> list[Point]:
        """The way that was found, or one around what is there; it is kept."""
        lines = [line for line, owner in self._used if tree is None or owner != tree]
        root, apart = (tree, id(start.slot)), _STANDING if tree is not None else _ASIDE
        if (side := self._sides.get(root, "")) and side in start.sides:
            start, apart = replace(start, sides=side + start.sides.replace(side, "")), _APART
        found = found or self._around(start, end, blocks, lines, apart, lane)
        if tree is not None:
            self._sides.setdefault(root, _side(start.slot.rect, found[0]))
        self._used += [(line, tree) for line in pairwise(found)]
        return found

    def again(
        self,
        path: list[Point],
        start: End,
        end: End,
        blocks: list[Rect],
        tree: object = None,
        lane: int = LANE,
    ) -> list[Point]:
        """Another way in place of one that passes over others, if that passes over fewer.

        What was drawn later was not known when the first one was found, nor what a straight one
        passes over.
        """
        kept = list(self._used)
        for line in pairwise(path):
            self._used.remove((line, tree))
        grid = _Grid([], [], [], [each for each, owner in self._used if owner != tree or not tree])
        if grid.cost(path)[0]:
            found = self._led(start, end, blocks, tree, lane)
            if grid.cost(found) < grid.cost(path):
                return found
        self._used = kept
        return path

    def straight(self, start: End, end: End, blocks: list[Rect]) -> list[Point] | None:
        """The way between two ends without a turn, if there is one."""
        below = end.slot.rect.bottom <= start.slot.rect.y
        turned = below and "n" in start.sides and "s" in end.sides
        back = self._onwards(end, start, blocks) if turned else None
        return back[::-1] if back else self._onwards(start, end, blocks)

    def _onwards(self, start: End, end: End, blocks: list[Rect]) -> list[Point] | None:
        """The same for an end that is above or to the left of the other one."""
        one, other = start.slot.rect, end.slot.rect
        tries: Iterator[tuple[Point, Point]]
        if "s" in start.sides and "n" in end.sides and one.bottom <= other.y:
            tries = (((x, one.bottom), (x, other.y)) for x in _shared(start, end, True))
        elif "e" in start.sides and "w" in end.sides and one.right <= other.x:
            tries = (((one.right, y), (other.x, y)) for y in _shared(start, end, False))
        else:
            return None
        own = (one, other)
        others = [block for block in blocks if not any(_within(rect, block) for rect in own)]
        for a, b in tries:
            if not _Grid([], [], others).blocked(a, b):
                return [a, b]
        return None

    def _around(
        self, start: End, end: End, blocks: list[Rect], lines: list[Line], apart: int, lane: int
    ) -> list[Point]:
        starts, goals = dict(_stubs(start)), dict(_stubs(end))
        xs = {x for x, _ in (*starts, *goals)}
        # Beside the box that it ends in, unless it begins there, too.
        own, far = start.slot.rect, end.slot.rect
        xs |= {r.right + OFF for r in self._boxes if _within(far, r) and not _within(own, r)}
        ys = {y for _, y in (*starts, *goals)} | self._midst
        for block in blocks:
            xs |= {block.x, block.right}
            ys |= {block.y, block.bottom}
        for (x1, y1), (x2, y2) in lines:
            if x1 == x2:
                xs |= {x1 - lane, x1 + lane}
            elif y1 == y2:
                ys |= {y1 - lane, y1 + lane}
        grid = _Grid(sorted(xs), sorted(ys), blocks, lines, self._borders, lane)
        # What stands on a link in another namespace is met from above.
        into = _APART if start.aside and start.home is not end.home else _ASIDE
        found = _search(starts, goals, grid, apart, into)
        if not found:  # everything is full: at least the ends are right
            (a, stub), (b, other) = next(iter(starts.items())), next(iter(goals.items()))
            return [stub[0], a, b, other[0]]
        return _plain([starts[found[0]][0], *found, goals[found[-1]][0]])


class _Grid:
    """The lines that cables may take, and what stands in the way along each: looked up once."""

    def __init__(
        self,
        xs: list[int],
        ys: list[int],
        blocks: list[Rect],
        used: Sequence[Line] = (),
        borders: Sequence[Line] = (),
        lane: int = LANE,
    ) -> None:
        self._xs, self._ys, self.blocks = xs, ys, blocks
        self._spans = [(lane, _span(*line)) for line in used]
        self._spans += [(OFF, _span(*line)) for line in borders]
        self._column = {x: n for n, x in enumerate(xs)}
        self._row = {y: n for n, y in enumerate(ys)}
        self._walls: dict[tuple[bool, int], list[Span]] = {}
        self._lanes: dict[tuple[bool, int], list[Span]] = {}
        self._used = [_span(*line) for line in used]
        self._over: dict[tuple[bool, int], list[Span]] = {}
        self._upon: dict[tuple[bool, int], list[Span]] = {}
        self._corners: dict[Point, int] = {}
        self._steps: dict[Point, list[tuple[int, Point, int]]] = {}

    def steps(self, point: Point) -> list[tuple[int, Point, int]]:
        """The steps that lead on from a crossing: direction, next crossing and cost of each."""
        if point not in self._steps:
            self._steps[point] = list(self._leading(point))
        return self._steps[point]

    def _leading(self, point: Point) -> Iterator[tuple[int, Point, int]]:
        n, m = self._column[point[0]], self._row[point[1]]
        for way, (dx, dy) in enumerate(_DIRECTIONS.values()):
            if not (0 <= n + dx < len(self._xs) and 0 <= m + dy < len(self._ys)):
                continue
            to = self._xs[n + dx], self._ys[m + dy]
            if self.blocked(point, to):
                continue
            price = (abs(to[0] - point[0]) + abs(to[1] - point[1])) * (_WIDER if to[0] < 0 else 1)
            if self.beside(point, to):
                price += _ALONG * price + _BEND
            yield way, to, price + self.met(point, to)

    def blocked(self, a: Point, b: Point) -> bool:
        """Whether a step would run through a rectangle."""
        level, at, low, high = _span(a, b)
        if (level, at) not in self._walls:
            self._walls[level, at] = [
                (r.x, r.right) if level else (r.y, r.bottom)
                for r in self.blocks
                if (r.y < at < r.bottom if level else r.x < at < r.right)
            ]
        return any(low < end and begin < high for begin, end in self._walls[level, at])

    def beside(self, a: Point, b: Point) -> bool:
        """Whether a step would lie on a line that is there, or nearly."""
        level, at, low, high = _span(a, b)
        if (level, at) not in self._lanes:
            self._lanes[level, at] = [
                (begin, end)
                for near, (other, place, begin, end) in self._spans
                if other == level and abs(place - at) < near
            ]
        return any(low < end and begin < high for begin, end in self._lanes[level, at])

    def met(self, a: Point, b: Point) -> int:
        """What it costs a step that it passes over lines that are there, or lies on them."""
        level, at, low, high = _span(a, b)
        if (level, at) not in self._over:
            self._over[level, at] = [
                (_OVER if begin + _CLOSE <= at <= end - _CLOSE else _UPON, place)
                for other, place, begin, end in self._used
                if other != level and begin - _CLOSE < at < end + _CLOSE
            ]
        found = sum(cost for cost, place in self._over[level, at] if low < place <= high)
        upon = any(low < end and begin < high for begin, end in self._lying(level, at))
        return found + _UPON * upon

    def _lying(self, level: bool, at: int) -> list[Span]:
        """From where to where lines lie there that run in that direction."""
        if (level, at) not in self._upon:
            self._upon[level, at] = [
                (begin, end)
                for other, place, begin, end in self._used
                if other == level and abs(place - at) < _CLOSE
            ]
        return self._upon[level, at]

    def corner(self, point: Point) -> int:
        """What it costs to turn where a line is."""
        if point not in self._corners:
            ends = (
                (self._lying(True, point[1]), point[0]),
                (self._lying(False, point[0]), point[1]),
            )
            self._corners[point] = _UPON * any(
                begin - _CLOSE < at < end + _CLOSE for spans, at in ends for begin, end in spans
            )
        return self._corners[point]

    def cost(self, path: list[Point]) -> tuple[int, int]:
        """What it costs that a way meets lines that are there; and how many points it has."""
        met = sum(self.met(*line) for line in pairwise(path)) + sum(map(self.corner, path[1:-1]))
        return met, len(path)


def _search(starts: Stubs, goals: Stubs, grid: _Grid, apart: int, into: int) -> list[Point]:
    """The cheapest way over a grid (A*): short, with few turns, alongside nothing.

    :param apart: what it costs to begin at another side than the first
    :param into: what it costs to end at another side than the first
    """
    dear = list(goals)[1:]

    @cache
    def ahead(point: Point, level: bool) -> int:
        """What it costs at the least from there, if it is come to from the side, or not."""
        return min(
            abs(point[0] - x) + abs(point[1] - y) + _BEND * (point[level] != (x, y)[level])
            for x, y in goals
        )

    queue: list[tuple[int, int, int, Point, int, tuple[Point, int]]] = []
    came: dict[tuple[Point, int], tuple[Point, int]] = {}
    count = 0

    def push(cost: int, point: Point, way: int, before: tuple[Point, int]) -> None:
        nonlocal count
        count += 1
        least = cost + (ahead(point, way > 1) if way != _THERE else 0)
        heapq.heappush(queue, (least, count, cost, point, way, before))

    for number, (point, (_, away)) in enumerate(starts.items()):
        if not any(_inside(block, point) for block in grid.blocks):
            push(apart * (number > 0), point, away, (point, away))
    while queue:
        _, _, cost, point, way, before = heapq.heappop(queue)
        if (point, way) in came:
            continue
        came[point, way] = before
        if way == _THERE:
            return _back(came, (point, way))
        if point in goals and way != goals[point][1]:
            # Into the link is the opposite of away from it.
            turned = way != goals[point][1] ^ 1
            push(cost + _BEND * turned + into * (point in dear), point, _THERE, (point, way))
        for turn, to, price in grid.steps(point):
            if turn != way ^ 1 and (to, turn) not in came:
                price += 0 if turn == way else _BEND + grid.corner(point)
                push(cost + price, to, turn, (point, way))
    return []


def _span(a: Point, b: Point) -> tuple[bool, int, int, int]:
    """Of a line: whether it is level, its coordinate across, and from where to where it runs."""
    if a[1] == b[1]:
        return True, a[1], min(a[0], b[0]), max(a[0], b[0])
    return False, a[0], min(a[1], b[1]), max(a[1], b[1])


def _back(came: dict[tuple[Point, int], tuple[Point, int]], at: tuple[Point, int]) -> list[Point]:
    """The way that led to a state."""
    path = [at[0]]
    while came[at] != at:
        at = came[at]
        path.append(at[0])
    return path[::-1]


def _shared(start: End, end: End, x: bool) -> Iterator[int]:
    """Coordinates that a straight cable may have, the best first."""
    one, other = start.slot.rect, end.slot.rect
    if not x:
        level = other.middle[1]
        if one.y + INSET <= level <= one.bottom - INSET:
            yield level
        return
    low, high = max(one.x, other.x) + INSET, min(one.right, other.right) - INSET
    if low <= high:
        # What stands on a link is met at its middle, and leaves that with all others that do.
        wanted = (other.middle[0], *([] if start.aside else [one.middle[0]]))
        yield from (at for at in wanted if low <= at <= high)
        yield from () if start.aside else (high, low)


def _aside(end: End) -> int:
    """Where what leaves a link beside its middle does so."""
    slot = end.slot
    return (slot.x + slot.gap if slot.gap else slot.rect.right) - ASIDE[end.lane]


def _side(rect: Rect, point: Point) -> str:
    """The side of a link that a point on its edge is at."""
    if point[1] in (rect.y, rect.bottom):
        return "n" if point[1] == rect.y else "s"
    return "w" if point[0] == rect.x else "e"


def _stubs(end: End) -> Iterator[tuple[Point, tuple[Point, int]]]:
    """Where a cable may turn first, with where it leaves the link and in which direction."""
    rect = end.slot.rect
    x, y = rect.middle
    if end.aside:
        x = _aside(end)
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
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.right <= outer.right
        and inner.bottom <= outer.bottom
    )
