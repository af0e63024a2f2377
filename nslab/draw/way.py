"""The way of a packet through a picture: from link to link, along cables, across bridges.

>>> from nslab.draw.way import way
>>> seen = way(lab.picture.placed, [("ns1", "eth0"), ("host", "lxcbr0.1"), ("host", "lxcbr0")])
... # doctest: +SKIP
>>> seen.points[seen.stops[0]]                                  # doctest: +SKIP
(191, 426)

The namespaces of the world are drawn as one thing each: all their links are in its middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nslab.draw.layout import Placed
from nslab.draw.parts import Point, Rect
from nslab.errors import InvalidInput

Hop = tuple[str, str]
"""A namespace's label and the name of a link in it."""


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


def way(placed: Placed, hops: Sequence[Hop]) -> Way:
    """The way from hop to hop.

    Between the two ends of a cable it follows the cable, between a bridge and its port it crosses
    the bridge, and within a namespace it goes straight across.  A link that was left out of the
    picture is where the rest is.

    :raises InvalidInput: a link is not in the picture
    """
    return _Walker(placed).walk([f"{ns}/{link}" for ns, link in hops])


class _Walker:
    def __init__(self, placed: Placed) -> None:
        self.placed = placed
        self.rects = placed.links()
        self.bridges = {placed.scene.names[cell.key] for cell, _ in placed.bridges}
        self.master = {
            placed.scene.names[port.key]: placed.scene.names[block.bridge.key]
            for box in placed.scene.boxes for block in box.bridges
            for port in (*block.upper, *block.lower)
        }  # fmt: skip
        self.points: list[Point] = []

    def walk(self, names: Sequence[str]) -> Way:
        stops: list[int] = []
        before = ""
        for name in names:
            if not before:
                self._go(self._rect(name).middle)
            else:
                self._step(before, name)
            stops.append(len(self.points) - 1)
            before = name
        return Way(self.points, stops)

    def _rect(self, name: str) -> Rect:
        rect = self.rects.get(name)
        if rect is None and name in self.placed.scene.names.values() and self.placed.rest:
            rect = self.placed.rest
        if rect is None:
            raise InvalidInput(
                "find the way in the picture", name, "it is not drawn",
                "links are named as in the picture: a namespace and a link, such as ns1 and eth0",
            )  # fmt: skip
        return rect

    def _step(self, before: str, name: str) -> None:
        here, there = self._rect(before), self._rect(name)
        cable = self.placed.cable(before, name)
        if cable:
            first, last = cable[0], cable[-1]
            self._turn(first, here)
            for point in cable:
                self._go(point)
            self._turn_in(last, there)
            self._go(there.middle)
        elif name in self.bridges and self.master.get(before) == name:
            self._into(here, there)
        elif before in self.bridges and self.master.get(name) == before:
            self._cross(there.middle, here)
        elif self.master.get(name) and self.master.get(name) == self.master.get(before):
            bridge = self._rect(self.master[name])
            self._into(here, bridge)
            self._cross(there.middle, bridge)
        elif here != there:
            self._across(there.middle)

    def _into(self, port: Rect, bridge: Rect) -> None:
        """From a port into its bridge."""
        x, y = port.middle
        below_or_above = bridge.x <= x <= bridge.right
        self._go((x, bridge.middle[1]) if below_or_above else (bridge.middle[0], y))

    def _cross(self, port: Point, bridge: Rect) -> None:
        """From within a bridge to one of its ports."""
        (x, y), (px, py) = self.points[-1], port
        self._go((px, y) if bridge.x <= px <= bridge.right else (x, py))
        self._go(port)

    def _across(self, to: Point) -> None:
        self._go((to[0], self.points[-1][1]))
        self._go(to)

    def _turn(self, plug: Point, rect: Rect) -> None:
        """From the middle of a link towards where its cable is plugged in, at right angles."""
        x, y = self.points[-1]
        self._go((plug[0], y) if plug[1] in (rect.y, rect.bottom) else (x, plug[1]))

    def _turn_in(self, plug: Point, rect: Rect) -> None:
        x, y = rect.middle
        self._go((plug[0], y) if plug[1] in (rect.y, rect.bottom) else (x, plug[1]))

    def _go(self, point: Point) -> None:
        if not self.points or self.points[-1] != point:
            self.points.append(point)
