"""What is put together with what, before anything has a place.

Links are docked: a bridge with its ports is one node, and so is a namespace that has uplinks
only.  A namespace is a group of nodes in up to three rows: links that lead upwards, bridges, and
all the rest.

A picture runs from the top down, the world above the host and the namespaces below it, until the
namespaces side by side would be wider than a notebook; then it runs from left to right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from nslab.draw.parts import (
    MARGIN, TITLE, Node, Notes, Slot, cell_size, notes_size, rest_size, scenery_size, spaced,
    stretch, title_width,
)  # fmt: skip
from nslab.draw.scene import Block, Box, Cable, Cell, Key, Line, Scene

COLUMN = 1000
"""Pixels that a picture may be wide; a notebook gives about 900 and scales it a little."""

RANKSEP = {True: 36, False: 40}
"""Pixels between one row and the next, from the top down or from left to right."""

NODESEP = {True: 43, False: 14}
"""Pixels between nodes in a row."""

BETWEEN = {True: 18, False: 4}
"""Pixels kept free above a namespace, which dot takes to be a part of its title."""

PITCH = {True: 19, False: 17}
"""Pixels that dot leaves between two namespaces in a row, for that :data:`NODESEP`."""

EVEN = 320
"""Pixels up to which a namespace is made as wide as the widest one."""

_DOT_WORDS = {"node", "edge", "graph", "digraph", "subgraph", "strict"}


@dataclass
class Group:
    """A namespace with its nodes in rows."""

    id: str
    box: Box
    title: str
    down: bool
    rows: list[list[Node]] = field(default_factory=list)

    @property
    def title_width(self) -> int:
        return title_width(self.box, self.title, self.down)

    def nodes(self) -> Iterator[Node]:
        for row in self.rows:
            yield from row


@dataclass(frozen=True)
class End:
    """Where a cable is plugged in: a slot, and the side of it (n, e, s or w)."""

    node: Node
    slot: Slot
    side: str


@dataclass(frozen=True)
class Run:
    """A line to be drawn between two ends; ``cable`` is None within the world and for the rest."""

    id: str
    start: End
    end: End
    cable: Cable | None
    level: bool = False
    """Whether both ends are in one row."""
    bow: bool = False
    """Whether it is to hang below other things of its row; dot is no good at these."""


class Plan:
    """The nodes and groups of a scene, and the lines between them."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._ids: set[str] = set()
        self._far = {cable.upper: cable.lower for cable in scene.cables}
        self._pitch: dict[Key, int] = {}
        """For a link that is alone in its namespace: how much room that takes in its row."""
        self.down = self._fits_side_by_side()
        # The host comes last: how far apart its ports are depends on what hangs on them.
        below = [self._group(box) for box in scene.boxes[1:]]
        if not self.down:
            _even(below)
        self.groups = [self._group(box) for box in scene.boxes[:1]] + below
        self.world = [
            Node(self._id(thing.label), [[Slot(None, *scenery_size(thing))]])
            for thing in scene.scenery
        ]
        self.rest: Node | None = None
        if scene.rest:
            self.rest = Node(self._id("rest"), [[Slot(None, *rest_size(scene.rest))]])
        self._places = {
            slot.part.key: (node, slot)
            for group in self.groups for node in group.nodes() for slot in node.slots()
            if isinstance(slot.part, Cell)
        }  # fmt: skip
        self._row_of = {
            node.id: (place, number, n)
            for place, group in enumerate(self.groups)
            for number, row in enumerate(group.rows)
            for n, node in enumerate(row)
        }
        self.runs = [*self._world_runs(), *self._cable_runs(), *self._rest_run()]

    def _fits_side_by_side(self) -> bool:
        """Whether the namespaces of each level below the host fit into the width of a page."""
        level: dict[tuple[bool, int], int] = {}
        place = {cell.key: box.key for box in self.scene.boxes for cell in box.cells()}
        across: dict[int, int] = {}
        for number, box in enumerate(self.scene.boxes):
            above = [
                level[place[cable.upper]] for cable in self.scene.cables
                if place.get(cable.lower) == box.key and place.get(cable.upper) in level
            ]  # fmt: skip
            level[box.key] = max(above, default=0) + 1 if number else 0
            links = sum(cell_size(cell)[0] for cell in box.uplinks or box.cells())
            inside = max(links, title_width(box, box.title, True))
            room = inside + 2 * MARGIN + PITCH[True]
            across[level[box.key]] = across.get(level[box.key], 0) + room
        return max(across.values(), default=0) <= COLUMN

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
        group = Group(self._id(f"cluster_{box.label}"), box, box.title, self.down)
        notes = [Notes(tuple(box.notes))] if box.notes else []
        slots = [Slot(part, *notes_size(part.lines)) for part in notes]
        if not box.bridges and not box.others and box is not self.scene.boxes[0]:
            self._simple(group, slots)
            return group

        def single(cell: Cell) -> Node:
            return Node(self._id(f"{box.label}_{cell.name}"), [[_slot(cell)]])

        first = [single(cell) for cell in box.uplinks]
        second = [self._bridge(box, block) for block in box.bridges]
        beside = second if second and not (first and self.down) else first
        beside += [Node(self._id(f"{box.label}_notes"), [[slot]]) for slot in slots]
        third = [single(cell) for cell in box.others]
        group.rows = [row for row in (first, second, third) if row]
        return group

    def _simple(self, group: Group, notes: list[Slot]) -> None:
        """A namespace in one node: its links, and the notes below them."""
        box = group.box
        links = [_slot(cell) if self.down else _compact(cell) for cell in box.uplinks]
        if not self.down and links and len(box.notes) == 1 and not box.notes[0].mark:
            # Many namespaces below each other: one line less of each.
            group.title = box.notes[0].text
            notes = []
        least = [Slot(None, group.title_width, 2)]
        if self.down:
            for slot in links:
                slot.h = max(other.h for other in links)
            lines = [line for line in (spaced(links), notes, least) if line]
        else:
            lines = [[*links, *notes, *least]]
        stretch(lines, across=self.down)
        if not self.down:
            for slot in lines[0]:
                slot.w = max(other.w for other in lines[0])
        node = Node(self._id(box.label), lines, across=self.down)
        group.rows = [[node]]
        room = node.size[0] if self.down else node.size[1] + TITLE + BETWEEN[False]
        for cell in box.uplinks:
            self._pitch[cell.key] = (room + 2 * MARGIN + PITCH[self.down]) // len(box.uplinks)

    def _bridge(self, box: Box, block: Block) -> Node:
        """A bridge with its ports docked on."""
        across = self.down
        rows = []
        for ports in (block.upper, block.lower):
            slots = [_slot(port) for port in ports]
            for slot in slots:
                if across:
                    slot.h = max(other.h for other in slots)
                else:
                    slot.w = max(other.w for other in slots)
            if ports is block.lower and self.scene.rest_on == block.bridge.key:
                slots.append(self._rest_ports(slots))
            spaced(slots, across)
            for slot, port in zip(slots, ports, strict=False):
                # As far apart as their other ends, so that the cables run straight.
                slot.spread(self._pitch.get(self._far.get(port.key, port.key), 0), across)
            rows.append(slots)
        lines = [line for line in (rows[0], [_slot(block.bridge)], rows[1]) if line]
        stretch(lines, across)
        return Node(self._id(f"{box.label}_{block.bridge.name}"), lines, across)

    def _rest_ports(self, slots: list[Slot]) -> Slot:
        line = Line(f"… {self.scene.rest_count} more", code=False)
        w, h = notes_size([line])
        if slots:
            w, h = max(w, 0 if self.down else slots[0].w), slots[0].h
        return Slot(Notes((line,), docked=True), w, h)

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
                # From left to right dot sets a row from the bottom up.
                sides = "ew" if self.down else "ns"
                yield Run(f"world{len(done)}", _whole(one, sides[0]), _whole(other, sides[1]), None)

    def _turned(self, side: str) -> str:
        """A side in a picture that runs down, for the way this one runs."""
        return side if self.down else {"s": "e", "n": "w", "e": "s", "w": "n"}[side]

    def _cable_runs(self) -> Iterator[Run]:
        labels = [thing.label for thing in self.scene.scenery]
        world = dict(zip(labels, self.world, strict=True))
        for number, cable in enumerate(self.scene.cables, 1):
            outside = world.get(self.scene.scenery_of.get(cable.upper[1], ""))
            if self.scene.scenery_of.get(cable.lower[1]) in world:
                continue
            lower = self._places[cable.lower]
            if outside:
                upper = (outside, next(outside.slots()))
                sides = "sn"
            else:
                upper = self._places[cable.upper]
                one, other = self._row_of[upper[0].id], self._row_of[lower[0].id]
                if one > other:
                    upper, lower = lower, upper
                docked = not (upper[0].single and lower[0].single)
                same_row = "ss" if docked else "ew"
                sides = same_row if one[:2] == other[:2] else "sn"
            if sides == "sn" and upper[1] not in upper[0].lines[-1]:
                sides = "wn"  # not across what is docked below it
            start, end = (self._turned(side) for side in sides)
            ends = End(*upper, start), End(*lower, end)
            yield Run(f"cable{number}", *ends, cable, level=sides == "ew", bow=sides == "ss")

    def _rest_run(self) -> Iterator[Run]:
        for group in self.groups if self.rest else ():
            for node in group.nodes():
                for slot in node.slots():
                    if self.rest and isinstance(slot.part, Notes) and slot.part.docked:
                        start = End(node, slot, self._turned("s"))
                        yield Run("rest", start, _whole(self.rest, self._turned("n")), None)


def _whole(node: Node, side: str) -> End:
    return End(node, next(node.slots()), side)


def _even(groups: list[Group]) -> None:
    """Make namespaces below each other equally wide, unless one of them is exceptional."""
    slots = [
        slot for group in groups for row in group.rows for node in row
        if not node.across for slot in node.slots() if slot.w <= EVEN
    ]  # fmt: skip
    for slot in slots:
        slot.w = max(other.w for other in slots)


def _slot(cell: Cell) -> Slot:
    return Slot(cell, *cell_size(cell))


def _compact(cell: Cell) -> Slot:
    """A link in one line, if it has no more to say than its address."""
    if len(cell.lines) != 1 or cell.mark or not cell.lines[0].code:
        return _slot(cell)
    return Slot(cell, *cell_size(cell, True), compact=True)
