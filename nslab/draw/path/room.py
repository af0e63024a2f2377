"""Where there is room on a picture: for the numbers of stops, and for the line between them.

A number stands where nothing is written, on the way itself if it can; the line is drawn between
boxes only, so that it covers no word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from nslab.draw.layout.boxes import GATE, Point, Rect
from nslab.draw.layout.place import Placed
from nslab.draw.paint.svg import texts

RADIUS = 9
"""Pixels of the disc that a stop's number stands in."""

ASIDE, NUMBERED = RADIUS + 4, 2 * RADIUS + 1
"""Pixels from a link to the middle of a number, and from that to the middle of the next one at the
least."""

SIGN = 9
"""Pixels of the sign on a way that says that the packet is forwarded there: a small one."""

_REACH, _STEP = 54, 3
"""Pixels: how far from its place a number may stand, and the grid of what is tried."""

_BESIDE, _HALF, _ON_EDGE, _INSIDE = 12, 8, 10, 6
"""Costs in pixels: beside the way, half on it, on the edge of a box, within one."""

_SHORT = 4
"""Pixels: a shorter part of a line is left out."""

_APART = 5
"""Pixels from a line in a box to the room of a word; to its letters it is one more."""

_NEAR = RADIUS + _REACH + 2


class Room:
    """What is taken in one picture."""

    def __init__(self, placed: Placed) -> None:
        self.bounds = Rect(2, 2, placed.width - 4, placed.height - 4)
        self.texts = [rect for _, rect in texts(placed)]
        gates = [Rect(gate.rect.x, gate.rect.y, GATE, GATE) for gate in placed.gates]
        self.gates = gates
        self._shy = [*(rect.grown(2) for rect in self.texts), *gates]
        """What no number may cover: a gate that is hidden says nothing."""
        self.solids = [slot.rect for _, slot in (*placed.bridges, *placed.cells)]
        self.solids += [rect for _, rect in placed.scenery]
        self.solids += [placed.rest] if placed.rest else []
        self.boxes = list(dict.fromkeys(self.solids))
        self.solids += gates
        lines = [slot.rect for _, slot in placed.cells if slot.shape == "line"]
        self._lines = frozenset([*lines, *([placed.rest] if placed.rest else [])])
        """Where a number has room before what is written."""
        self.borders = [rect for _, _, rect in placed.boxes] + [p.rect for p in placed.panels]

    def shown(self, points: Sequence[Point]) -> list[list[Point]]:
        """The parts of a line that cover neither a word nor a box."""
        return _parts(points, [*self.solids, *(rect.grown(2) for rect in self.texts)], _SHORT)

    def within(self, points: Sequence[Point], numbers: Sequence[Point] = ()) -> list[list[Point]]:
        """The parts of a line that are in boxes: of each box all, or nothing if a word is near.

        A piece of it would pass for punctuation, or for a line below a word.

        :param numbers: where in a box it may end
        """
        parts = ((rect, part) for rect in self.boxes for part in _inside(points, rect))
        return [
            part
            for rect, part in parts
            if _length(part) > _SHORT and part[0] != part[-1] and self._is_free(part)
            if all(end in numbers or _at_edge(end, rect) for end in (part[0], part[-1]))
        ]

    def _is_free(self, points: Sequence[Point]) -> bool:
        """Whether a line keeps away from all that is written."""
        lines = [_around(*ends).grown(_APART - 1) for ends in pairwise(points)]
        return not any(line.overlaps(text) for line in lines for text in self.texts)

    def hidden(self, outwards: Sequence[Point]) -> bool:
        """Whether a way that leaves a link is in another one at once."""
        beyond = outwards[4:5]
        return not beyond or any(rect.grown(-2).holds(beyond[0]) for rect in self.solids)

    def number(
        self,
        link: Rect,
        outwards: Sequence[Point],
        taken: Sequence[Point],
        signs: Sequence[Point] = (),
        wish: Point | None = None,
    ) -> Point:
        """The best place for a number, near the first of some points on the way.

        :param link: where its link is
        :param outwards: the way from there on, away from the link
        :param taken: where other numbers stand
        :param signs: where the way itself has signs for forwarding
        :param wish: where it is to stand, if it has room there
        """
        before = link.x + RADIUS + 3, link.middle[1]
        if link in self._lines and before not in taken:
            return before
        if wish is not None:
            near = Rect(*wish, 0, 0).grown(RADIUS + 1)
            words = [rect for rect in self._shy if rect.overlaps(near)]
            if self._fits(near, [*words, *(Rect(*at, 0, 0).grown(RADIUS - 1) for at in taken)]):
                return wish
        return self._free(outwards, taken, signs) or _beside(outwards[0], taken)

    def bare(self, at: Point, radius: int) -> bool:
        """Whether nothing is written, and no link is, where something round is to stand."""
        around = Rect(*at, 0, 0).grown(radius)
        return not any(map(around.overlaps, (*self._shy, *self.solids)))

    def _free(
        self, outwards: Sequence[Point], taken: Sequence[Point], signs: Sequence[Point]
    ) -> Point | None:
        """The cheapest place where nothing is written, if there is any."""
        x, y = outwards[0]
        near = Rect(x, y, 0, 0).grown(_NEAR)
        turned = [Rect(*at, 0, 0).grown(SIGN) for at in signs]
        words = [*filter(near.overlaps, self._shy), *turned]
        words += [Rect(*at, 0, 0).grown(RADIUS) for at in taken]
        solids = [*filter(near.overlaps, self.solids)]
        edges = [*filter(near.overlaps, self.borders)]
        best: tuple[int, Point] | None = None
        for cost, point in self._places(outwards, turned):
            disc = Rect(*point, 0, 0).grown(RADIUS + 1)
            if (best is not None and cost >= best[0]) or not self._fits(disc, words):
                continue
            cost += _price(disc, solids, edges)
            if best is None or cost < best[0]:
                best = cost, point
        return best[1] if best else None

    def _fits(self, disc: Rect, words: Sequence[Rect]) -> bool:
        return _holds(self.bounds, disc) and not any(map(disc.overlaps, words))

    def _places(
        self, outwards: Sequence[Point], turned: Sequence[Rect]
    ) -> Iterator[tuple[int, Point]]:
        # A sign for forwarding ends it: what has not been forwarded does not stand behind it.
        gates = *self.gates, *turned
        ends = (far for far, at in enumerate(outwards) if any(one.holds(at) for one in gates))
        outwards = outwards[: next(ends, None)] or outwards[:1]
        for far, point in enumerate(outwards[: _REACH + 1]):
            yield abs(far - ASIDE), point
        x, y = outwards[0]
        near = outwards[: _REACH + 1 : _STEP]
        for dx in range(-_REACH, _REACH + 1, _STEP):
            for dy in range(-_REACH, _REACH + 1, _STEP):
                disc = Rect(x + dx, y + dy, 0, 0).grown(RADIUS + 2)
                half = _HALF * any(map(disc.holds, near))
                yield abs(dx) + abs(dy) + _BESIDE + half, (x + dx, y + dy)


def _parts(points: Sequence[Point], blocks: Sequence[Rect], least: int) -> list[list[Point]]:
    """The parts of a line that are in no rectangle, and not too short."""
    parts: list[list[Point]] = []
    for one, other in pairwise(points):
        for start, end in _clear(one, other, blocks):
            if parts and parts[-1][-1] == start:
                parts[-1].append(end)
            else:
                parts.append([start, end])
    return [part for part in parts if _length(part) >= least]


def _inside(points: Sequence[Point], rect: Rect) -> list[list[Point]]:
    """The parts of a line that are in a rectangle, or on its edge."""
    parts: list[list[Point]] = []
    for one, other in pairwise(points):
        start, end = (_held(point, rect) for point in (one, other))
        level = one[1] == other[1]
        if start[level] != one[level] or start == end:
            continue
        if parts and parts[-1][-1] == start:
            parts[-1].append(end)
        else:
            parts.append([start, end])
    return parts


def _at_edge(point: Point, rect: Rect) -> bool:
    return point[0] in (rect.x, rect.right) or point[1] in (rect.y, rect.bottom)


def _held(point: Point, rect: Rect) -> Point:
    """The point of a rectangle that is nearest to another one."""
    return min(max(point[0], rect.x), rect.right), min(max(point[1], rect.y), rect.bottom)


def _around(one: Point, other: Point) -> Rect:
    """The room of a straight line, one pixel wider to both sides."""
    wide, high = abs(one[0] - other[0]), abs(one[1] - other[1])
    rect = Rect(min(one[0], other[0]), min(one[1], other[1]), wide, high)
    level = int(wide > 0)
    return Rect(rect.x - (1 - level), rect.y - level, wide + 2 * (1 - level), high + 2 * level)


def _price(disc: Rect, solids: Sequence[Rect], edges: Sequence[Rect]) -> int:
    """What a place costs that is on something which is drawn, though nothing is written there."""
    cost = sum(_INSIDE if _holds(r, disc) else _ON_EDGE for r in solids if r.overlaps(disc))
    return cost + sum(2 for rect in edges if rect.overlaps(disc) and not _holds(rect, disc))


def _beside(point: Point, taken: Sequence[Point]) -> Point:
    """The first place to the right that no other number has: everything else is full."""
    x, y = point
    while any(max(abs(x - a), abs(y - b)) < 2 * RADIUS + 1 for a, b in taken):
        x += 2 * RADIUS + 1
    return x, y


def _holds(outer: Rect, inner: Rect) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.right <= outer.right
        and inner.bottom <= outer.bottom
    )


def _clear(one: Point, other: Point, blocks: Sequence[Rect]) -> Iterator[tuple[Point, Point]]:
    """The parts of a straight line that are in no rectangle, in its order."""
    level = one[1] == other[1]
    at = one[1] if level else one[0]
    start, end = (one[0], other[0]) if level else (one[1], other[1])
    low, high = min(start, end), max(start, end)
    spans = sorted(
        (rect.x, rect.right) if level else (rect.y, rect.bottom)
        for rect in blocks
        if (rect.y < at < rect.bottom if level else rect.x < at < rect.right)
    )
    parts = list(_left(low, high, spans))
    for a, b in parts if start <= end else [(b, a) for a, b in reversed(parts)]:
        yield ((a, at), (b, at)) if level else ((at, a), (at, b))


def _left(low: int, high: int, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What is left of a length without some parts, which are sorted."""
    for begin, stop in spans:
        if stop > low and begin < high:
            if begin > low:
                yield low, begin
            low = max(low, stop)
    if low < high:
        yield low, high


def _length(points: Sequence[Point]) -> int:
    return sum(abs(x1 - x2) + abs(y1 - y2) for (x1, y1), (x2, y2) in pairwise(points))


__all__ = ["RADIUS", "Room"]
