"""What is put together with what, before anything has a place.

A namespace is a group: links that lead upwards, bridges with their ports docked to them, and all
the rest.  The world stands above the host, and below it are the namespaces in levels, each below
what it is plugged into.

Where a level does not fit into the width of a page, namespaces that are alike, with one link each,
are drawn dense: in one line each, in a panel below what they hang on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from nslab.draw.layout.boxes import GATE as GATE_HEIGHT
from nslab.draw.layout.boxes import (
    LEAD,
    MARGIN,
    Notes,
    Slot,
    bridge,
    card,
    folded,
    gate_width,
    grid,
    notes_size,
    rest_size,
    scenery_size,
    socket,
    title_size,
)
from nslab.draw.layout.dense import Leaf, Panel, panels
from nslab.draw.layout.floors import Dock, floors, lead_up
from nslab.draw.layout.memory import Memory
from nslab.draw.layout.order import by_crossings
from nslab.draw.scene.scene import Block, Box, Cable, Cell, Key, Line, Scene

COLUMN = 956
"""Pixels that a picture may be wide; a notebook gives about 900 and scales it a little."""

NARROW = 552
"""Pixels that a namespace is wide at most, where what is in it can be arranged so.

At a zoom of 200 % a notebook's cell has 524 pixels: so much is left of this and the edges around it
where letters of 12 pixels become 11.
"""

SPACE = 228
"""Pixels that a lab's namespace is wide at least: room for ``+ default via 192.168.10.1``."""

OUT = 24
"""Pixels at the right end of a link, where what stands on it leaves it."""

BESIDE = 12
"""Pixels between two namespaces."""


@dataclass
class Group:
    """A namespace: its links by their roles."""

    box: Box
    title: str
    is_host: bool
    uplinks: list[Slot] = field(default_factory=list)
    floors: list[list[Dock]] = field(default_factory=list)
    """Its bridges, those of a row together; more than one row where one would be too long."""
    others: list[Slot] = field(default_factory=list)
    notes: Slot | None = None
    gate: Slot | None = None
    """The sign for forwarding, between the links that lead upwards and what is below them."""

    @property
    def simple(self) -> bool:
        """Whether it has links that lead upwards only."""
        return not self.floors and not self.others and not self.is_host

    @property
    def first(self) -> list[Dock]:
        """The bridges of its highest row."""
        return self.floors[0] if self.floors else []

    @property
    def docks(self) -> list[Dock]:
        """Its bridges with their ports."""
        return [dock for floor in self.floors for dock in floor]

    def slots(self) -> Iterator[Slot]:
        """Everything that is drawn in it."""
        yield from self.uplinks
        for dock in self.docks:
            yield from (dock.bridge, *dock.upper, *dock.lower)
        yield from self.others
        yield from (slot for slot in (self.notes, self.gate) if slot)


@dataclass(frozen=True)
class End:
    """Where a cable is plugged in: a slot, and the sides of it that it may leave by.

    The first side is preferred.
    """

    slot: Slot
    sides: str
    home: Group | None = None
    aside: bool = False
    """Whether it leaves below beside the middle: there the sign for forwarding stands."""
    lane: int = 0
    """Which lane: what is gone (2) keeps away from what is there (1), where there is both."""


@dataclass(frozen=True)
class Run:
    """A line to be drawn between two ends; ``cable`` is None within the world and for the rest."""

    id: str
    start: End
    end: End
    cable: Cable | None


class Plan:
    """The groups of a scene, and the lines between them."""

    def __init__(self, scene: Scene, stage: Memory | None = None) -> None:
        self.scene = scene
        self._stage = stage = stage or Memory()
        self._dense: set[Key | None] = set()
        self.world = [Slot(None, *scenery_size(thing)) for thing in scene.scenery]
        self.panels: list[Panel] = []
        self.levels = self._levels()
        if self._crowded(stage):
            self.panels = list(panels(scene, self.levels[1]))
        self.leaves = {leaf.box.key: leaf for panel in self.panels for leaf in panel.leaves}
        self._dense = {leaf.port for leaf in self.leaves.values() if leaf.port}
        self.groups = [
            self._group(box, not number)
            for number, box in enumerate(scene.boxes)
            if box.key not in self.leaves
        ]
        self.rest: Slot | None = None
        if scene.rest and not any(panel.rest for panel in self.panels):
            self.rest = Slot(None, *rest_size(scene.rest))
        self.places = dict(self._ends())
        self.runs = [*self._world_runs(), *self._cable_runs(), *self._rest_run()]

    @property
    def dense(self) -> bool:
        """Whether namespaces are drawn in one line each."""
        return bool(self.panels)

    def _ends(self) -> Iterator[tuple[Key, End]]:
        """Where each link may be plugged into."""
        for group in self.groups:
            for slot, sides in self._sides(group):
                if isinstance(slot.part, Cell):
                    yield slot.part.key, End(slot, sides, group)

    def _levels(self) -> dict[int, list[Box]]:
        """The namespaces by how far below the host they are, each level in order."""
        boxes = self.scene.boxes
        home = {cell.key: box.key for box in boxes for cell in box.cells()}
        above: dict[tuple[bool, int], list[tuple[bool, int]]] = {}
        for cable in self.scene.cables:
            upper, lower = home.get(cable.upper), home.get(cable.lower)
            if upper and lower and upper != lower and not cable.tunnel:
                above.setdefault(lower, []).append(upper)
        level: dict[tuple[bool, int], int] = {}

        def depth(key: tuple[bool, int]) -> int:
            if key not in level:
                level[key] = 0  # cables lead downwards, so that this is never asked for
                level[key] = max(map(depth, above.get(key, ())), default=0) + 1
            return level[key]

        found: dict[int, list[Box]] = {}
        level |= {key: number + 1 for key, number in self.scene.levels.items()}
        level[boxes[0].key] = 0
        for box in boxes:
            found.setdefault(depth(box.key), []).append(box)
        far = self._across(home)
        for row in found.values():
            row.sort(key=lambda box: far.get(box.key, math.inf))
        return found

    def _across(self, home: dict[Key, tuple[bool, int]]) -> Mapping[tuple[bool, int], float]:
        """How far to the right namespaces stand: by what they hang on, or by ``dot``."""
        plugs = {key: n for n, key in enumerate(self._plugs())}
        far: dict[tuple[bool, int], float] = {}
        cables = []
        for cable in self.scene.cables:
            upper, lower = home.get(cable.upper), home.get(cable.lower)
            if lower and cable.upper in plugs:
                far.setdefault(lower, plugs[cable.upper])
            if upper and lower and upper != lower and not self._beside(upper, lower):
                cables.append((upper, plugs.get(cable.upper), lower))
        return by_crossings([box.key for box in self.scene.boxes], len(plugs), cables) or far

    def _beside(self, one: tuple[bool, int], other: tuple[bool, int]) -> bool:
        """Whether two namespaces stand in one row, whatever joins them."""
        levels = self.scene.levels
        return one in levels and levels[one] == levels.get(other)

    def _plugs(self) -> Iterator[Key]:
        """The host's links, those of one bridge together: in the order of what hangs on them."""
        host = self.scene.boxes[0]
        for floor in reversed(self._floors(host)):
            # What hangs on a higher floor has its cables to the right of a lower one.
            ports = (slot.part for dock in floor for slot in dock.lower)
            yield from (port.key for port in ports if isinstance(port, Cell))
        yield from (cell.key for cell in (*host.others, *host.uplinks))

    def _crowded(self, stage: Memory) -> bool:
        """Whether what is below the host does not fit side by side into a page."""
        first = self.levels.get(1, [])
        wide = 0
        for box in first:
            inside = sum(card(cell).w + 12 for cell in box.uplinks or box.cells())
            notes = max((notes_size([line])[0] for line in box.notes), default=0)
            least = SPACE if self.scene.scenery else 0
            wide += max(inside + 2 * MARGIN - 12, notes + 2 * MARGIN, least) + BESIDE
        return len(first) > 3 and (wide - BESIDE > COLUMN or stage.dense)

    # The parts of a namespace.

    def _group(self, box: Box, is_host: bool) -> Group:
        group = Group(box, box.title.removeprefix("the "), is_host)
        group.uplinks = [card(cell) for cell in box.uplinks]
        group.others = [card(cell) for cell in box.others]
        group.floors = self._floors(box)
        lines = list(box.notes)
        gates = [line for line in lines if line.role == "forwarding"]
        if gates and group.uplinks and not group.simple:
            # A filter of what is forwarded acts there, too.
            here = [line for line in lines if line.forwards]
            gates += [line for line in lines if here and line.role == "filter"] + here
            lines = [line for line in lines if line not in gates]
            high = GATE_HEIGHT + LEAD * (len(gates) - 1)
            group.gate = Slot(Notes(tuple(gates)), grid(max(map(gate_width, gates))), high)
            above, key = group.uplinks[0], box.uplinks[0].key
            if any(not cable.pair and cable.upper == key for cable in self.scene.cables):
                # What stands on it leaves it to the right of the sign's words.
                above.w = max(above.w, group.gate.w + OUT)
        if lines:
            lines.sort(key=lambda line: line.role != "nat" and not group.simple)
            group.notes = Slot(Notes(tuple(lines)), *notes_size(lines))
        return group

    def _floors(self, box: Box) -> list[list[Dock]]:
        """The bridges of a namespace, with their ports, in rows."""
        if not box.bridges:
            return []
        whole = [self._dock(block) for block in box.bridges]
        short = [self._dock(folded(block)) for block in box.bridges]
        names = self.scene.names
        known = [self._stage.was(f"floor:{names[block.bridge.key]}") for block in box.bridges]
        found = floors(whole, short, known, NARROW - 2 * MARGIN)
        far = {cable.upper: cable.lower for cable in self.scene.cables if cable.pair}
        lead_up(found, far | {lower: upper for upper, lower in far.items()})
        return found

    def _dock(self, block: Block) -> Dock:
        upper, lower = (
            [socket(port) for port in ports if port.key not in self._dense]
            for ports in (block.upper, block.lower)
        )
        if self.scene.rest_on == block.bridge.key and not any(p.rest for p in self.panels):
            line = Line(f"… {self.scene.rest_count} more", code=False)
            wide, high = notes_size([line])
            lower.append(Slot(Notes((line,), docked=True), wide + 12, high, "socket"))
        return Dock(bridge(block.bridge), upper, lower)

    def _sides(self, group: Group) -> Iterator[tuple[Slot, str]]:
        """Which sides each link may be plugged into: a port has one, other links have all."""
        for dock in group.docks:
            yield from ((slot, "s") for slot in dock.lower)
            yield from ((slot, "n") for slot in dock.upper)
            yield dock.bridge, "snwe"
        yield from ((slot, "snwe") for slot in group.others)
        yield from ((slot, "nswe") for slot in group.uplinks)

    # The lines between them.

    def _world_runs(self) -> Iterator[Run]:
        order = [thing.label for thing in self.scene.scenery]
        done = set()
        for cable in self.scene.cables:
            labels = [self.scene.scenery_of.get(key[1], "") for key in (cable.upper, cable.lower)]
            known = sorted((label for label in labels if label in order), key=order.index)
            if len(known) == 2 and tuple(known) not in done:
                done.add(tuple(known))
                one, other = (self.world[order.index(label)] for label in known)
                yield Run(f"world{len(done)}", End(one, "e"), End(other, "w"), None)

    def _cable_runs(self) -> Iterator[Run]:
        labels = [thing.label for thing in self.scene.scenery]
        world = dict(zip(labels, self.world, strict=True))
        order = {group.box.key: n for n, group in enumerate(self.groups)}
        both = self._divided()
        for number, cable in enumerate(self.scene.cables, 1):
            if self.scene.scenery_of.get(cable.lower[1]) in world:
                continue
            if cable.lower not in self.places:
                continue  # it is in a panel
            outside = world.get(self.scene.scenery_of.get(cable.upper[1], ""))
            start = End(outside, "s") if outside else self.places[cable.upper]
            end = self.places[cable.lower]
            if not cable.pair and not cable.tunnel:
                lane = (1 + (cable.mark == "gone")) if cable.upper in both else 0
                start, end = _stacked(start, end, lane)
            if start.home and end.home and order[start.home.box.key] > order[end.home.box.key]:
                start, end = end, start
            yield Run(f"cable{number}", start, end, cable)

    def _divided(self) -> set[Key]:
        """The links on which something stands that is gone, and something that is there."""
        stacked = [cable for cable in self.scene.cables if not (cable.pair or cable.tunnel)]
        gone = {cable.upper for cable in stacked if cable.mark == "gone"}
        return gone & {cable.upper for cable in stacked if cable.mark != "gone"}

    def _rest_run(self) -> Iterator[Run]:
        for group in self.groups if self.rest else ():
            for dock in group.docks:
                for slot in dock.lower:
                    if self.rest and isinstance(slot.part, Notes):
                        yield Run("rest", End(slot, "s", group), End(self.rest, "nw"), None)


def _stacked(start: End, end: End, lane: int) -> tuple[End, End]:
    """What stands on a link comes out below it: above there is its own cable."""
    sides = start.sides.replace("n", "") or "n"
    return (
        replace(start, sides=sides, aside=True, lane=lane),
        replace(end, sides="nwes" if len(end.sides) > 1 else end.sides),
    )


def least_width(box: Box, title: str) -> int:
    """The width of a namespace's box that its name needs, with its kind behind it."""
    name, kind = title_size(box, title)
    return grid(name + kind + 8 + 2 * MARGIN)


__all__ = [
    "BESIDE",
    "COLUMN",
    "NARROW",
    "SPACE",
    "Dock",
    "End",
    "Group",
    "Leaf",
    "Panel",
    "Plan",
    "Run",
]
