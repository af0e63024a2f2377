"""The way of a packet as it is drawn: where each numbered stop is, and the line between them.

A :class:`Trail` says what is to be drawn, a :class:`Track` where.  A stop sits where the way enters
its link, or leaves it if the packet was going out; it always touches its link's rectangle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Literal

from nslab.draw.between import Between
from nslab.draw.layout import Placed
from nslab.draw.parts import Point, Rect
from nslab.draw.way import Hop, Way, place_of, way

End = Literal["arrived", "lost", "beyond"]

RADIUS = 9
"""Pixels of the disc that a stop's number stands in."""

_APART = 2 * RADIUS + 1


@dataclass(frozen=True)
class Stop:
    """A place where a packet was seen; ``told`` are the lines of what was rewritten until there."""

    hop: Hop
    out: bool
    told: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its link as a picture calls it."""
        return "/".join(self.hop)


@dataclass(frozen=True)
class Trail:
    """A packet's way; each of the ``branches`` begins where it does and ends with a copy."""

    title: str
    stops: tuple[Stop, ...]
    branches: tuple[tuple[Stop, ...], ...] = ()
    end: End = "arrived"


@dataclass(frozen=True)
class Leg:
    """The line from one stop to the next; not ``seen`` if links between them were passed over."""

    points: tuple[Point, ...]
    seen: bool = True

    @property
    def length(self) -> int:
        """In pixels."""
        return sum(abs(x1 - x2) + abs(y1 - y2) for (x1, y1), (x2, y2) in pairwise(self.points))


@dataclass(frozen=True)
class Mark:
    """A stop with its number, from 1, its link's rectangle and its place."""

    number: int
    stop: Stop
    rect: Rect
    at: Point


@dataclass(frozen=True)
class Track:
    """A way with places: one leg fewer than marks."""

    marks: tuple[Mark, ...]
    legs: tuple[Leg, ...]

    def upto(self, step: int) -> Track:
        """The same as far as the packet had come after so many steps."""
        marks = tuple(mark for mark in self.marks if mark.number <= step)
        return Track(marks, self.legs[: max(0, len(marks) - 1)])


def track(placed: Placed, stops: Sequence[Stop]) -> Track:
    """Where a way is in a picture.  What is not in the picture at all is left out of it."""
    known = [
        (number, stop, rect) for number, stop in enumerate(stops, 1)
        if (rect := place_of(placed, stop.name)) is not None
    ]  # fmt: skip
    if not known:
        return Track((), ())
    graph = Between(placed)
    hops: list[Hop] = []
    own: list[int] = []
    first, last = known[0][1], known[-1][1]
    if not first.out:
        hops += _hops(graph.ends(first.name))  # so that it stands where it came in
    for number, (_, stop, _) in enumerate(known):
        if number:
            hops += _hops(graph.links(known[number - 1][1].name, stop.name))
        own.append(len(hops))
        hops.append(stop.hop)
    if last.out:
        hops += _hops(graph.ends(last.name))
    line = _Line(way(placed, hops), own)
    marks: list[Mark] = []
    ends: list[int] = []
    for place, (number, stop, rect) in enumerate(known):
        at = line.stop(place, stop, rect, ends[-1] if ends else 0, [mark.at for mark in marks])
        ends.append(at)
        marks.append(Mark(number, stop, rect, _free(line.dots[at], rect, marks)))
    legs = []
    for number, (a, b) in enumerate(pairwise(ends)):
        points = (marks[number].at, *_corners(line.dots[a : b + 1]), marks[number + 1].at)
        legs.append(Leg(tuple(_plain(points)), seen=own[number + 1] - own[number] == 1))
    return Track(tuple(marks), tuple(legs))


def _hops(names: Iterable[str]) -> list[Hop]:
    parts = (name.rpartition("/") for name in names)
    return [(ns, link) for ns, _, link in parts]


def _free(at: Point, rect: Rect, marks: Sequence[Mark]) -> Point:
    """A place beside one that is taken, if there is room in the link: of two stops in one lo."""
    x, y = at
    while any(mark.at == (x, y) for mark in marks) and rect.holds((x + _APART, y)):
        x += _APART
    return x, y


class _Line:
    """A way, pixel by pixel; ``own`` says which of its hops are stops."""

    def __init__(self, found: Way, own: Sequence[int]) -> None:
        self.dots: list[Point] = [found.points[0]]
        ends = [0]
        for one, other in pairwise(found.points):
            self.dots += list(_dots(one, other))
            ends.append(len(self.dots) - 1)
        self._hops = [ends[stop] for stop in found.stops]
        self._own = own

    def stop(
        self, number: int, stop: Stop, rect: Rect, start: int, taken: Sequence[Point]
    ) -> int:  # fmt: skip
        """Where on the line a stop is, not before ``start``."""
        hop = self._own[number]
        middle = self._hops[hop]
        before = self._hops[hop - 1] if hop else middle
        after = self._hops[hop + 1] if hop + 1 < len(self._hops) else middle
        # Within its link: from where the way comes in to where it leaves it.
        first = last = middle
        while first > max(before, start) and rect.holds(self.dots[first - 1]):
            first -= 1
        while last < after and rect.holds(self.dots[last + 1]):
            last += 1
        first = max(first, start)
        last = max(last, first)
        inwards = range(last, first - 1, -1) if stop.out else range(first, last + 1)
        for at in inwards:
            x, y = self.dots[at]
            if all(max(abs(x - a), abs(y - b)) >= _APART for a, b in taken):
                return at
        return last if stop.out else first


def _dots(one: Point, other: Point) -> Iterator[Point]:
    (x1, y1), (x2, y2) = one, other
    steps = abs(x1 - x2) + abs(y1 - y2)
    for n in range(1, steps + 1):
        yield x1 + (x2 - x1) * n // steps, y1 + (y2 - y1) * n // steps


def _plain(points: Iterable[Point]) -> Iterator[Point]:
    """The points without those that say the same twice."""
    return (point for point, _ in groupby(points))


def _corners(dots: Sequence[Point]) -> Iterator[Point]:
    """The points at which a line of pixels turns, and its ends."""
    yield dots[0]
    for before, here, after in zip(dots, dots[1:], dots[2:], strict=False):
        if (here[0] - before[0], here[1] - before[1]) != (after[0] - here[0], after[1] - here[1]):
            yield here
    yield dots[-1]
