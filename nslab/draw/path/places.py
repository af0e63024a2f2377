"""Where links are in a picture, also those that are not drawn one by one.

A link that was left out is where the rest is, and its end at the bridge where the picture says
that there are more.  A namespace's lo, which is never drawn, is where the namespace's name stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from nslab.draw.layout.boxes import GATE, Point, Rect
from nslab.draw.layout.place import Placed
from nslab.draw.paint.svg import texts
from nslab.draw.scene.scene import Scene

_HIGH, _ROOMY = 40, 8
"""Pixels: of a link with several rows, and between a line and what is written that are enough."""

RAIL = 5
"""Pixels from a bridge's edge, at which its ports stand, to the line from one to another: their
boxes do not reach so far, and nothing is written so near to it.
"""

BERTH = 14
"""Pixels from what is written in a bridge to the middle of a number that stands in it."""

GATE_LINK = " forwarding"
"""What stands for the sign for forwarding of a namespace where links are named."""


class Places:
    """What a way needs to know of a picture, looked up once."""

    def __init__(self, placed: Placed) -> None:
        scene = placed.scene
        self.placed = placed
        self._rects = placed.links()
        self._names = frozenset(scene.names.values())
        self._boxes = {scene.box_names[box.key]: rect for box, _, rect in placed.boxes}
        self._labels = {
            scene.box_names[key]: label.rect.grown(2) for key, label in placed.labels.items()
        }
        self._rails, self._rest_rail = _rails(placed)
        self._gates = [
            (scene.box_names[gate.box.key], Rect(gate.rect.x, gate.rect.y, GATE, GATE))
            for gate in placed.gates
        ]
        self._masters = {
            scene.names[port.key]: scene.names[block.bridge.key]
            for box in scene.boxes
            for block in box.bridges
            for port in (*block.upper, *block.lower)
        }
        self._routed = frozenset(_routed(scene))
        self._more = next((rect for notes, rect, _ in placed.notes if notes.docked), None)
        self._more_on = scene.names[scene.rest_on] if scene.rest_on else ""
        self._cables: dict[tuple[str, str], list[Point]] = {}
        self._levels: dict[Rect, int] = {}

    def rect(self, name: str) -> Rect | None:
        """The rectangle of a link by its name; None if nothing of it is in the picture."""
        ns, _, link = name.rpartition("/")
        if name in self._rects or (name not in self._names and link != GATE_LINK):
            return self._rects.get(name)
        around = self._boxes.get(ns)
        if around is None:
            return self.placed.rest
        if link == GATE_LINK:
            return next((rect for name, rect in self._gates if name == ns), self._labels.get(ns))
        if link == "lo":
            return self._labels.get(ns, around)
        return self._more or around

    def level(self, rect: Rect) -> int:
        """How far down a line crosses a link: of a bridge, where its ports stand; else where
        nothing is written, as near to its middle as can be; in the middle of one with a single row.
        """
        docked = self._docked.get(rect, ())
        if docked:
            return max(self.rim(rect, port) for port in docked)
        if rect not in self._levels:
            rows = [(r.y, r.bottom) for r in self._texts if r.overlaps(rect)]
            ends = [(rect.y - 1, rect.y), (rect.bottom, rect.bottom + 1)]
            tries = range(rect.y, rect.bottom) if rect.h >= _HIGH else ()
            self._levels[rect] = max(
                tries,
                key=lambda y: (
                    min(_ROOMY, *(_apart(y, span) for span in (*rows, *ends))),
                    -abs(y - rect.middle[1]),
                ),
                default=rect.middle[1],
            )
        return self._levels[rect]

    @cached_property
    def _texts(self) -> list[Rect]:
        return [rect for _, rect in texts(self.placed)]

    def rim(self, bridge: Rect, port: Rect) -> int:
        """How far down a line runs along the edge of a bridge at which a port stands."""
        return bridge.y + RAIL if port.middle[1] < bridge.y else bridge.bottom - RAIL

    def berth(self, rect: Rect) -> Point:
        """Where a way begins or ends that does not leave a link by a cable: in a bridge behind what
        is written, in any other in its middle.
        """
        x, y = rect.middle
        if rect not in self._docked:
            return x, y
        words = [text.grown(BERTH) for text in self._texts if text.overlaps(rect)]
        tries = range(rect.x + BERTH, rect.right - BERTH)
        return next((x for x in tries if not any(r.holds((x, y)) for r in words)), x), y

    @cached_property
    def _docked(self) -> dict[Rect, list[Rect]]:
        """The ports that stand at each bridge."""
        found: dict[Rect, list[Rect]] = {}
        for port, bridge in self._masters.items():
            if port in self._rects and bridge in self._rects:
                found.setdefault(self._rects[bridge], []).append(self._rects[port])
        return found

    def rail(self, name: str) -> list[Point]:
        """The line from a port that stands in a panel to its bridge; empty for any other."""
        if name not in self._rects and self._more and self.rect(name) == self._more:
            return self._rest_rail
        return self._rails.get(name, [])

    def gate(self, one: str, other: str) -> Rect | None:
        """The sign for forwarding that is between two links of a namespace, one above it."""
        ns = one.rpartition("/")[0]
        here, there = self.rect(one), self.rect(other)
        if here is None or there is None or ns != other.rpartition("/")[0]:
            return None
        for name, rect in self._gates:
            tops = min(here.bottom, there.bottom), max(here.y, there.y)
            if name == ns and tops[0] <= rect.y and rect.bottom <= tops[1]:
                return rect
        return None

    def forwards(self, one: str, other: str) -> bool:
        """Whether a packet that goes from one link to the other is forwarded, and passes no sign
        that says so: a bridge and a link below it stand on one side of it.
        """
        inside = one.rpartition("/")[0] == other.rpartition("/")[0]
        routed = inside and one != other and {one, other} <= self._routed
        joined = self.cable(one, other) or self.bridge(one) or self.bridge(other)
        return routed and not joined and self.gate(one, other) is None

    def bridge(self, name: str) -> str:
        """The bridge that a link is a port of; empty if it is none."""
        if name not in self._rects and self._more and self.rect(name) == self._more:
            return self._more_on
        return self._masters.get(name, "")

    def cable(self, one: str, other: str) -> list[Point]:
        """The way of the cable from one link to the other; empty if there is none drawn."""
        if (one, other) not in self._cables:
            self._cables[one, other] = self.placed.cable(one, other) or self._to_rest(one, other)
        return self._cables[one, other]

    def _to_rest(self, one: str, other: str) -> list[Point]:
        ends = self.rect(one), self.rect(other)
        for run, path in self.placed.runs if self._more and self.placed.rest else ():
            if run.cable is None and run.start.slot.rect == self._more:
                if ends == (self._more, self.placed.rest):
                    return path
                if ends == (self.placed.rest, self._more):
                    return path[::-1]
        return []


def _routed(scene: Scene) -> Iterator[str]:
    """The links between which a packet may be forwarded: those with an address that are no tunnel,
    whose packets travel within others.
    """
    tunnels = {key for one in scene.cables if one.tunnel for key in (one.upper, one.lower)}
    for box in scene.boxes:
        for cell in box.cells():
            if cell.addresses and cell.key not in tunnels:
                yield scene.names[cell.key]


def _apart(y: int, span: tuple[int, int]) -> int:
    """How far a row is from others, 0 within them."""
    return max(span[0] - y, y - span[1], 0)


def _rails(placed: Placed) -> tuple[dict[str, list[Point]], list[Point]]:
    """The lines from the ports in panels to their bridges, and that of the rest."""
    hung = [panel for panel in placed.panels if panel.rails]
    ports = {
        placed.scene.names[leaf.port]: panel.way(leaf.socket)
        for panel in hung
        for leaf in panel.leaves
        if leaf.port and leaf.socket
    }
    return ports, next((panel.way(panel.more) for panel in hung if panel.more), [])
