"""The way of a packet as it is drawn: where each numbered stop is, and the line between them.

A :class:`Trail` says what is to be drawn, a :class:`Track` where.  A stop is where the way enters
its link, or leaves it if the packet was going out; its number stands beside that, where nothing is
written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Literal

from nslab.draw.layout.boxes import Point, Rect
from nslab.draw.layout.place import Placed
from nslab.draw.path.graph import Between
from nslab.draw.path.places import Places
from nslab.draw.path.room import ASIDE, NUMBERED, RADIUS, SIGN, Room
from nslab.draw.path.way import Hop, Way, way

End = Literal["arrived", "lost", "beyond"]


@dataclass(frozen=True)
class Stop:
    """A place where a packet was seen; ``told`` has the lines of what was rewritten until there."""

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
    said: tuple[str, ...] = ()
    """What is said at its end, if not the usual words."""
    missed: Hop | None = None
    """Where it would have been seen next."""
    dropped: bool = False
    """Whether it came to a link that it was not for, which drops it."""


@dataclass(frozen=True)
class Leg:
    """The line from one stop to the next; not ``seen`` if links between them were passed over."""

    points: tuple[Point, ...]
    shown: tuple[tuple[Point, ...], ...]
    """The parts of it that are drawn: between boxes, where nothing is written."""
    seen: bool = True
    within: tuple[tuple[Point, ...], ...] = ()
    """The parts of it in boxes, as far as nothing is written there: a thin line."""
    signs: tuple[Point, ...] = ()
    """Where the packet is forwarded, if it does not pass its namespace's own sign for that."""

    @property
    def length(self) -> int:
        """In pixels."""
        return sum(abs(x1 - x2) + abs(y1 - y2) for (x1, y1), (x2, y2) in pairwise(self.points))


@dataclass(frozen=True)
class Mark:
    """A stop with its number, from 1, and its link's rectangle."""

    number: int
    stop: Stop
    rect: Rect
    on: Point
    """Where on the way it is: at the edge of its link."""
    at: Point
    """Where its number stands."""


@dataclass(frozen=True)
class Track:
    """A way with places: one leg fewer than marks."""

    marks: tuple[Mark, ...]
    legs: tuple[Leg, ...]

    def upto(self, step: int) -> Track:
        """The same as far as the packet had come after so many steps."""
        marks = tuple(mark for mark in self.marks if mark.number <= step)
        return Track(marks, self.legs[: max(0, len(marks) - 1)])


class Tracker:
    """Finds ways in one picture."""

    def __init__(self, placed: Placed) -> None:
        self._places = Places(placed)
        self.room = Room(placed)
        self._graph = Between(self._places)

    def track(self, stops: Sequence[Stop]) -> Track:
        """Where a way is.  What is not in the picture at all is left out of it."""
        known = [
            (number, stop, rect)
            for number, stop in enumerate(stops, 1)
            if (rect := self._places.rect(stop.name)) is not None
        ]
        if not known:
            return Track((), ())
        hops, own = self._hops([stop for _, stop, _ in known])
        line = _Line(way(self._places, hops), own)
        signs = self._signs(line, hops)
        marks, ends = self._marks(line, known, [at for _, at in signs])
        legs = []
        numbers = [mark.at for mark in marks]
        for number, (a, b) in enumerate(pairwise(ends)):
            points = tuple(_plain(_corners(line.dots[a : b + 1])))
            shown, within = self.room.shown(points), self.room.within(points, numbers)
            seen = own[number + 1] - own[number] == 1
            here = tuple(at for hop, at in signs if own[number] < hop <= own[number + 1])
            legs.append(Leg(points, _frozen(shown), seen, _frozen(within), here))
        return Track(tuple(marks), tuple(legs))

    def _signs(self, line: _Line, hops: Sequence[Hop]) -> list[tuple[int, Point]]:
        """The hops to which the packet is forwarded, and where a sign on the way says so."""
        found = []
        for number, (one, other) in enumerate(pairwise(map("/".join, hops)), 1):
            rects = self._places.rect(one), self._places.rect(other)
            if self._places.forwards(one, other):
                free = line.between(number, [rect for rect in rects if rect])
                at = free[len(free) // 2] if len(free) >= 2 * SIGN else None
                found += [(number, at)] if at and self.room.bare(at, SIGN) else []
        return found

    def _marks(
        self, line: _Line, known: Sequence[tuple[int, Stop, Rect]], signs: Sequence[Point]
    ) -> tuple[list[Mark], list[int]]:
        """The stops with their numbers, and where on the line they are."""
        ends: list[int] = []
        outs: list[bool] = []
        for place, (_, stop, rect) in enumerate(known):
            first, last = line.within(place, rect, ends[-1] if ends else 0)
            out = stop.out
            if first != last and self.room.hidden(line.outwards(last if out else first, out)):
                out = not out  # a bridge and its port touch: there is room on its other side only
            ends.append(last if out else first)
            outs.append(out)
        marks: list[Mark] = []
        wishes = _shared(ends, outs)
        for (number, stop, rect), at, out, far in zip(known, ends, outs, wishes, strict=True):
            taken = [mark.at for mark in marks]
            wish = None if far is None else line.dots[at + far * (1 if out else -1)]
            there = self.room.number(rect, line.outwards(at, out), taken, signs, wish)
            marks.append(Mark(number, stop, rect, line.dots[at], there))
        return marks, ends

    def _hops(self, stops: Sequence[Stop]) -> tuple[list[Hop], list[int]]:
        """The stops with what lies between them, and where among these the stops are.

        The other ends of the first and last cables belong to it: a stop is where its cable is.
        """
        names: list[str] = []
        own: list[int] = []
        if not stops[0].out:
            names += self._graph.ends(stops[0].name)
        for number, stop in enumerate(stops):
            if number:
                names += self._graph.links(stops[number - 1].name, stop.name)
            own.append(len(names))
            names.append(stop.name)
        if stops[-1].out:
            names += self._graph.ends(stops[-1].name)
        parts = (name.rpartition("/") for name in names)
        return [(ns, link) for ns, _, link in parts], own


def _shared(ends: Sequence[int], outs: Sequence[bool]) -> list[int | None]:
    """How far from their links two numbers stand on a cable that is so short that one would take
    the other's place; None for any other.

    :param ends: where on the way each stop is
    :param outs: whether its number stands further on
    """
    found: list[int | None] = [None] * len(ends)
    for n, ((a, b), (out, away)) in enumerate(zip(pairwise(ends), pairwise(outs), strict=True)):
        far = (b - a - NUMBERED) // 2
        if out and not away and -RADIUS // 2 <= far < ASIDE:
            found[n : n + 2] = far, b - a - NUMBERED - far
    return found


def _frozen(parts: Sequence[Sequence[Point]]) -> tuple[tuple[Point, ...], ...]:
    return tuple(tuple(part) for part in parts)


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

    def outwards(self, at: int, out: bool) -> list[Point]:
        """The way from a place on, to its end or back to its beginning."""
        return self.dots[at:] if out else self.dots[at::-1]

    def between(self, hop: int, rects: Sequence[Rect]) -> list[Point]:
        """The way to a hop from the one before it, as far as it is in none of some rectangles."""
        dots = self.dots[self._hops[hop - 1] : self._hops[hop] + 1]
        return [dot for dot in dots if not any(rect.holds(dot) for rect in rects)]

    def within(self, number: int, rect: Rect, start: int) -> tuple[int, int]:
        """Where the line enters a stop's link and leaves it, not before ``start``."""
        hop = self._own[number]
        middle = self._hops[hop]
        before = self._hops[hop - 1] if hop else middle
        after = self._hops[hop + 1] if hop + 1 < len(self._hops) else middle
        first = last = middle
        while first > max(before, start) and rect.holds(self.dots[first - 1]):
            first -= 1
        while last < after and rect.holds(self.dots[last + 1]):
            last += 1
        first = max(first, start)
        return first, max(last, first)


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
