"""What is put together with what, before anything has a place.

Links are docked: a bridge with its ports is one node, and so is a namespace that has uplinks
only.  A namespace is a group of nodes in up to three rows: links that lead upwards, bridges, and
all the rest.

A picture runs from the top down, the world above the host and the namespaces side by side below
it, until they would be wider than a notebook; then they are listed to the right of the host, one
below the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from nslab.draw.layout.boxes import (
    MARGIN,
    Node,
    Notes,
    Slot,
    cell_size,
    compact_size,
    notes_size,
    rest_size,
    scenery_size,
    title_width,
)
from nslab.draw.layout.memory import Memory
from nslab.draw.scene.scene import Block, Box, Cable, Cell, Line, Scene

COLUMN = 980
"""Pixels that a picture may be wide; a notebook gives about 900 and scales it a little."""

SPACE = 268
"""Pixels that a namespace is wide at least: room for ``default via 192.168.10.1 linkdown``."""

BESIDE = 12
"""Pixels between two namespaces."""

INDENT = 100
"""Pixels that the host may be indented by, so that eth0 stands below the LAN's switch."""

_DOT_WORDS = {"node", "edge", "graph", "digraph", "subgraph", "strict"}


@dataclass
class Dock:
    """A bridge with the ports that are docked above and below it."""

    bridge: Slot
    upper: list[Slot]
    lower: list[Slot]


@dataclass
class Group:
    """A namespace: its links by their roles, and as nodes in rows."""

    id: str
    box: Box
    title: str
    uplinks: list[Slot] = field(default_factory=list)
    docks: list[Dock] = field(default_factory=list)
    others: list[Slot] = field(default_factory=list)
    notes: Slot | None = None
    simple: bool = False
    """Whether it has uplinks only."""
    rows: list[list[Node]] = field(default_factory=list)

    @property
    def title_width(self) -> int:
        return title_width(self.box, self.title)

    def nodes(self) -> Iterator[Node]:
        for row in self.rows:
            yield from row

    def slots(self) -> Iterator[Slot]:
        """Everything that is drawn in it."""
        for node in self.nodes():
            yield from node.slots()


@dataclass(frozen=True)
class End:
    """Where a cable is plugged in: a slot, and the sides of it that it may leave by.

    The first side is preferred.
    """

    node: Node
    slot: Slot
    sides: str


@dataclass(frozen=True)
class Run:
    """A line to be drawn between two ends; ``cable`` is None within the world and for the rest."""

    id: str
    start: End
    end: End
    cable: Cable | None
    level: bool = False
    """Whether both ends are in one row."""


class Plan:
    """The nodes and groups of a scene, and the lines between them."""

    def __init__(self, scene: Scene, stage: Memory | None = None) -> None:
        self.scene = scene
        self._ids: set[str] = set()
        stage = stage or Memory()
        self.down = not stage.listed and self._fits_side_by_side(stage)
        self.groups = [self._group(box) for box in scene.boxes]
        self.world = [
            Node(self._id(thing.label), [[Slot(None, *scenery_size(thing))]])
            for thing in scene.scenery
        ]
        self.rest: Node | None = None
        if scene.rest:
            self.rest = Node(self._id("rest"), [[Slot(None, *rest_size(scene.rest))]])
        self.places = {
            slot.part.key: (group, node, slot)
            for group in self.groups
            for node in group.nodes()
            for slot in node.slots()
            if isinstance(slot.part, Cell)
        }
        self._row_of = {
            node.id: (place, number)
            for place, group in enumerate(self.groups)
            for number, row in enumerate(group.rows)
            for node in row
        }
        self.runs = [*self._world_runs(), *self._cable_runs(), *self._rest_run()]

    def _fits_side_by_side(self, stage: Memory) -> bool:
        """Whether the namespaces of each level below the host fit into the width of a page."""
        level: dict[tuple[bool, int], int] = {}
        place = {cell.key: box.key for box in self.scene.boxes for cell in box.cells()}
        across: dict[int, int] = {}
        for number, box in enumerate(self.scene.boxes):
            above = [
                level[place[cable.upper]]
                for cable in self.scene.cables
                if place.get(cable.lower) == box.key and place.get(cable.upper) in level
            ]
            level[box.key] = max(above, default=0) + 1 if number else 0
            links = [cell_size(cell)[0] for cell in box.uplinks or box.cells()]
            known = stage.was(f"ns:{self.scene.box_names[box.key]}")
            inside = max(sum(links) + 8 * (len(links) - 1), title_width(box, box.title))
            room = max(inside + 2 * MARGIN, known.w if known else SPACE) + BESIDE
            across[level[box.key]] = across.get(level[box.key], INDENT) + room
        if self.scene.rest:
            across[1] = across.get(1, INDENT) + rest_size(self.scene.rest)[0]
        return all(room <= COLUMN for at, room in across.items() if at)

    def _id(self, wish: str) -> str:
        word = "".join(c if c.isascii() and c.isalnum() else "_" for c in wish) or "_"
        if word[0].isdigit() or word.lower() in _DOT_WORDS:
            word = f"_{word}"
        name, count = word, 2
        while name in self._ids:
            name, count = f"{word}_{count}", count + 1
        self._ids.add(name)
        return name

    # The nodes of a namespace.

    def _group(self, box: Box) -> Group:
        group = Group(self._id(f"cluster_{box.label}"), box, box.title)
        is_host = box is self.scene.boxes[0]
        group.simple = not box.bridges and not box.others and not is_host
        listed = group.simple and not self.down
        notes = box.notes
        if listed and box.uplinks and len(notes) == 1 and not notes[0].mark:
            # Many namespaces below each other: one line less of each.
            group.title, notes = notes[0].text, []
        group.notes = Slot(Notes(tuple(notes)), *notes_size(notes)) if notes else None
        group.uplinks = [
            _compact(cell) if listed else Slot(cell, *cell_size(cell)) for cell in box.uplinks
        ]
        if group.simple:
            self._simple(group)
            return group
        group.others = [Slot(cell, *cell_size(cell, least=0)) for cell in box.others]
        group.docks = [self._dock(block) for block in box.bridges]

        def single(slot: Slot) -> Node:
            name = slot.part.name if isinstance(slot.part, Cell) else "notes"
            return Node(self._id(f"{box.label}_{name}"), [[slot]])

        first, third = map(single, group.uplinks), map(single, group.others)
        rows = [list(first), [self._bridge(box, dock) for dock in group.docks], list(third)]
        if group.notes:
            rows[0 if rows[0] or not rows[1] else 1].append(single(group.notes))
        group.rows = [row for row in rows if row]
        return group

    def _simple(self, group: Group) -> None:
        """A namespace in one node: its links, and the notes below them."""
        for slot in group.uplinks if self.down else ():
            slot.h = max(other.h for other in group.uplinks)
        parts = [group.uplinks, [group.notes] if group.notes else []]
        lines = [line for line in parts if line] or [[Slot(Notes(()), group.title_width, 2)]]
        group.rows = [[Node(self._id(group.box.label), lines)]]

    def _dock(self, block: Block) -> Dock:
        upper, lower = (
            [Slot(port, *cell_size(port, least=0)) for port in ports]
            for ports in (block.upper, block.lower)
        )
        if self.scene.rest_on == block.bridge.key:
            line = Line(f"… {self.scene.rest_count} more", code=False)
            lower.append(Slot(Notes((line,), docked=True), *notes_size([line])))
        for ports in (upper, lower):
            for slot in ports:
                slot.h = max(other.h for other in ports)
        return Dock(Slot(block.bridge, *cell_size(block.bridge)), upper, lower)

    def _bridge(self, box: Box, dock: Dock) -> Node:
        """A bridge with its ports, as one node."""
        name = dock.bridge.part.name if isinstance(dock.bridge.part, Cell) else ""
        lines = [line for line in (dock.upper, [dock.bridge], dock.lower) if line]
        return Node(self._id(f"{box.label}_{name}"), lines, self.down)

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
                yield Run(f"world{len(done)}", _whole(one, "e"), _whole(other, "w"), None)

    def _cable_runs(self) -> Iterator[Run]:
        labels = [thing.label for thing in self.scene.scenery]
        world = dict(zip(labels, self.world, strict=True))
        for number, cable in enumerate(self.scene.cables, 1):
            if self.scene.scenery_of.get(cable.lower[1]) in world:
                continue
            outside = world.get(self.scene.scenery_of.get(cable.upper[1], ""))
            end = self._end(cable.lower)
            start = _whole(outside, "s") if outside else self._end(cable.upper)
            if not cable.pair:
                # What stands on a link comes out below it: above there is its own cable.
                start = replace(start, sides=start.sides.replace("n", "") or "n")
            level = False
            if not outside:
                one, other = self._row_of[start.node.id], self._row_of[end.node.id]
                if one > other:
                    start, end = end, start
                level = one == other
            yield Run(f"cable{number}", start, end, cable, level=level)

    def _end(self, key: tuple[bool, int, int]) -> End:
        """An end of a cable: a port has one free side, other links have all."""
        group, node, slot = self.places[key]
        for dock in group.docks:
            if any(slot is port for port in dock.lower):
                return End(node, slot, "e" if self.listed(group) else "s")
            if any(slot is port for port in dock.upper):
                return End(node, slot, "n")
            if slot is dock.bridge:
                return End(node, slot, "snwe")
        if any(slot is other for other in group.others):
            return End(node, slot, "snwe")
        return End(node, slot, "nswe" if self.down or group is self.groups[0] else "wnse")

    def listed(self, group: Group) -> bool:
        """Whether the ports of a group's bridges stand below each other."""
        return not self.down and group is self.groups[0]

    def _rest_run(self) -> Iterator[Run]:
        for group in self.groups if self.rest else ():
            for node in group.nodes():
                for slot in node.slots():
                    if self.rest and isinstance(slot.part, Notes) and slot.part.docked:
                        start = End(node, slot, "e" if self.listed(group) else "s")
                        yield Run("rest", start, _whole(self.rest, "nw"), None)


def _whole(node: Node, sides: str) -> End:
    return End(node, next(node.slots()), sides)


def _compact(cell: Cell) -> Slot:
    """A link in one line, if it has no more to say than its address."""
    if len(cell.lines) != 1 or cell.lines[0].mark or not cell.lines[0].code or cell.told[1:]:
        return Slot(cell, *cell_size(cell))
    return Slot(cell, *compact_size(cell), compact=True)
