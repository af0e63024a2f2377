"""The way of a packet through a picture: from link to link, along cables, across bridges.

>>> from nslab.draw.path.way import way
>>> seen = way(lab.picture.placed, [("ns1", "eth0"), ("host", "lxcbr0.1"), ("host", "lxcbr0")])
... # doctest: +SKIP
>>> seen.points[seen.stops[0]]                                  # doctest: +SKIP
(191, 426)

A hop is not always in the middle of its link: a way runs straight on behind a cable.  The
namespaces of the world are drawn as one thing each: all their links are in its middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nslab.draw.layout.boxes import Point, Rect
from nslab.draw.layout.place import Placed
from nslab.draw.path.places import Places
from nslab.errors import InvalidInput

Hop = tuple[str, str]
"""A namespace's label and the name of a link in it."""

DEEP = 30
"""Pixels that a way leads into a bridge whose ports are at its side."""


@dataclass(frozen=True)
class Way:
    """A line at right angles, and where on it each hop is.

    ``stops`` are places in ``points``, one for each hop and never decreasing.
    """

    points: list[Point]
    stops: list[int]

    def leg(self, number: int) -> list[Point]:
        """The points from one hop to the next; the first leg is number 0."""
        return self.points[self.stops[number] : self.stops[number + 1] + 1]


def way(placed: Placed | Places, hops: Sequence[Hop]) -> Way:
    """The way from hop to hop.

    Between the two ends of a cable it follows the cable, between a bridge and its port it crosses
    the bridge, and within a namespace it goes straight across.  A link that was left out of the
    picture is where the rest is.

    :raises InvalidInput: a link is not in the picture
    """
    places = placed if isinstance(placed, Places) else Places(placed)
    return _Walker(places).walk([f"{ns}/{link}" for ns, link in hops])


class _Walker:
    def __init__(self, places: Places) -> None:
        self.places = places
        self.points: list[Point] = []

    def walk(self, names: Sequence[str]) -> Way:
        stops: list[int] = []
        for number, name in enumerate(names):
            rect = self._rect(name)
            if number:
                self._step(names[number - 1], name)
            else:
                after = names[number + 1 : number + 2]
                cable = self.places.cable(name, after[0]) if after else []
                self._go(_beside(cable[0], rect) if cable else self.places.berth(rect))
            if (
                number
                and number == len(names) - 1
                and self.places.bridge(names[number - 1]) == name
            ):
                self._end_in(rect)
            stops.append(len(self.points) - 1)
        return Way(self.points, stops)

    def _rect(self, name: str) -> Rect:
        rect = self.places.rect(name)
        if rect is None:
            raise InvalidInput(
                "find the way in the picture",
                name,
                "it is not drawn",
                "links are named as in the picture: a namespace and a link, such as ns1 and eth0",
            )
        return rect

    def _step(self, before: str, name: str) -> None:
        here, there = self._rect(before), self._rect(name)
        cable = self.places.cable(before, name)
        if cable:
            self._across(_beside(cable[0], here))
            for point in cable:
                self._go(point)
            self._go(_beside(cable[-1], there))
            return
        into, out_of = self.places.bridge(before), self.places.bridge(name)
        if into == name:
            self._into(before, here, there)
        elif out_of == before:
            self._out_of(here, name, there)
        elif into and into == out_of:
            bridge = self._rect(into)
            self._into(before, here, bridge)
            self._out_of(bridge, name, there)
        elif here != there:
            gate = self.places.gate(before, name)
            if gate:
                self._through(gate, there)
            self._across(_towards(self.points[-1], there, self.places.level(there)))

    def _through(self, gate: Rect, there: Rect) -> None:
        """Through the sign for forwarding, up or down."""
        x, y = gate.middle[0], self.points[-1][1]
        self._go((x, y))
        self._go((x, self.places.level(there)))

    def _into(self, name: str, port: Rect, bridge: Rect) -> None:
        """From a port into its bridge: not far, so that it is not a way of its own."""
        rail = self.places.rail(name)
        if rail:
            self._go((self.points[-1][0], rail[0][1]))
        for point in rail:
            self._go(point)
        x, _ = self.points[-1]
        self._go((x, self.places.rim(bridge, port)))

    def _end_in(self, bridge: Rect) -> None:
        """From where a port stands to the end of a way that leads no further than to a bridge."""
        x, y = self.places.berth(bridge)
        self._go((x, self.points[-1][1]))
        self._go((x, y))

    def _out_of(self, bridge: Rect, name: str, port: Rect) -> None:
        """From within a bridge to one of its ports."""
        rail = self.places.rail(name)
        if rail:
            self._go((rail[-1][0], self.points[-1][1]))
            for point in rail[::-1]:
                self._go(point)
            self._go(port.middle)
            return
        y, to = self.places.rim(bridge, port), port.middle
        for run, path in self.places.placed.runs:
            for end, plug in ((run.start, path[0]), (run.end, path[-1])):
                if end.slot.rect == port:
                    to = _beside(plug, port)  # from where it may go on, straight
        self._go((self.points[-1][0], y))
        self._go((to[0], y))
        self._go(to)

    def _across(self, to: Point) -> None:
        """Within a namespace."""
        self._go((to[0], self.points[-1][1]))
        self._go(to)

    def _go(self, point: Point) -> None:
        if not self.points or self.points[-1] != point:
            self.points.append(point)


def _towards(point: Point, rect: Rect, level: int) -> Point:
    """Where to go in a link: straight ahead if it lies there, else to its middle."""
    straight = rect.x + DEEP <= point[0] <= rect.right - DEEP
    return (point[0] if straight else rect.middle[0], level)


def _beside(plug: Point, rect: Rect) -> Point:
    """The point inside a link that is straight behind where its cable is plugged in."""
    x, y = plug
    return (x, rect.middle[1]) if y in (rect.y, rect.bottom) else (rect.middle[0], y)
