"""Where everything goes: sizes are computed here, places by Graphviz's ``dot``.

Every node of the source has a fixed size, so the fonts of the machine have no say; what comes
back is rounded to whole pixels.  Links are docked: a bridge with its ports is one node of the
source, and so is a namespace that has uplinks only.

A picture runs from the top down, the world above the host and the namespaces below it, until the
namespaces side by side would be wider than a notebook; then it runs from left to right.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from nslab.draw.metrics import clip, width
from nslab.draw.scene import Block, Box, Cable, Cell, Key, Line, Scene, Scenery
from nslab.errors import ToolMissing

COLUMN = 920
"""Pixels: about what a notebook gives an output."""

NAME, TEXT, LEAD, PAD = 13, 12, 17, 9
"""Sizes of type, distance of lines and the space inside a box, in pixels."""

TITLE, MARGIN = 16, 12
"""The height of a namespace's title, and what is kept free around its inside."""

PORT_GAP = 8
SPACE = 17
"""What dot leaves between two clusters from left to right, for the nodesep that is set below."""

LONGEST_NAME = 24
LONGEST_LINE = 44
BADGE = {"new": "+ new", "changed": "~ changed", "gone": "− gone"}


@dataclass(frozen=True)
class Rect:
    """A rectangle: its upper left corner, width and height, in pixels."""

    x: int
    y: int
    w: int
    h: int

    def overlaps(self, other: Rect) -> bool:
        return (
            self.x < other.x + other.w and other.x < self.x + self.w
            and self.y < other.y + other.h and other.y < self.y + self.h
        )  # fmt: skip


Point = tuple[int, int]


@dataclass(frozen=True)
class Notes:
    """Lines of text that belong to a namespace and not to a link."""

    lines: tuple[Line, ...]


Part = Cell | Notes | None
"""What stands in a place of a node; None is empty space."""


@dataclass
class Slot:
    """A part of a node with its size, and later its place."""

    part: Part
    w: int
    h: int
    compact: bool = False
    """Whether the address of a link stands beside its name."""
    gap: Point = (0, 0)
    """How much of the size stays empty, horizontally and vertically."""
    x: int = 0
    y: int = 0

    @property
    def rect(self) -> Rect:
        across, down = self.gap
        return Rect(self.x + across // 2, self.y + down // 2, self.w - across, self.h - down)


@dataclass
class Node:
    """A node of the source: slots in lines, each line as long as the others."""

    id: str
    lines: list[list[Slot]]
    across: bool
    """Whether a line runs from left to right."""

    @property
    def size(self) -> Point:
        long = max(sum(s.w if self.across else s.h for s in line) for line in self.lines)
        deep = sum(max(s.h if self.across else s.w for s in line) for line in self.lines)
        return (long, deep) if self.across else (deep, long)

    def place(self, left: int, top: int) -> None:
        x, y = left, top
        for line in self.lines:
            for slot in line:
                slot.x, slot.y = x, y
                x, y = (x + slot.w, y) if self.across else (x, y + slot.h)
            depth = max(s.h if self.across else s.w for s in line)
            x, y = (left, y + depth) if self.across else (x + depth, top)


@dataclass
class Group:
    """A cluster of the source: a namespace, or the world."""

    id: str
    box: Box | None
    rows: list[list[Node]] = field(default_factory=list)

    def nodes(self) -> Iterator[Node]:
        for row in self.rows:
            yield from row


@dataclass
class Placed:
    """A scene with places for everything."""

    scene: Scene
    width: int
    height: int
    cells: list[tuple[Cell, Slot]]
    bridges: list[tuple[Cell, Slot]]
    notes: list[tuple[Notes, Rect, str]]
    boxes: list[tuple[Box, str, Rect]]
    scenery: list[tuple[Scenery, Rect]]
    cables: list[tuple[Cable | None, list[Point]]]
    rest: Rect | None


def cell_head(cell: Cell) -> float:
    """The width of a link's first line: its name, its kind and its state."""
    kind = width(f" {cell.kind}", TEXT) + 5 if cell.kind else 0
    state = width(cell.state, TEXT) + 16
    return width(clip(cell.name, LONGEST_NAME), NAME, code=True) + kind + 14 + state


def cell_size(cell: Cell, compact: bool = False) -> Point:
    """Width and height of a link's box."""
    if compact:
        beside = width(cell.lines[0].text, TEXT, code=True) + 8
        return round(cell_head(cell) + beside) + 2 * PAD, LEAD + 2 * PAD - 3
    lines = [width(_marked(line), TEXT, code=line.code) for line in cell.lines]
    inner = max([cell_head(cell), *lines, 96])
    return round(inner) + 2 * PAD, LEAD * (1 + len(cell.lines)) + 2 * PAD - 3


def notes_size(lines: Iterable[Line]) -> Point:
    """Width and height of notes."""
    every = list(lines)
    inner = max(width(_marked(line), TEXT, code=line.code) for line in every)
    return round(inner) + 2 * PAD, LEAD * len(every) + PAD


def _marked(line: Line) -> str:
    text = clip(line.text, LONGEST_LINE)
    return f"+ {text}" if line.mark else text


def _title_width(box: Box, title: str) -> int:
    """The width of a namespace's title."""
    badge = width(BADGE[box.mark], TEXT, bold=True) + 22 if box.mark else 0
    label = width(clip(box.label, LONGEST_NAME), NAME + 1, code=True)
    # Left and right of the middle, where a cable comes in.
    return round(max(label, width(title, TEXT), badge / 2) * 2 + 24)


def scenery_size(thing: Scenery) -> Point:
    """Width and height of a part of the world."""
    lines = (thing.name, *thing.addresses)
    inner = max(width(line, TEXT, code=bool(n)) for n, line in enumerate(lines))
    return round(inner) + 2 * PAD + 6, max(2, len(lines)) * (LEAD - 1) + PAD


class Plan:
    """The nodes and clusters of a scene, before anything has a place."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.ids: dict[object, str] = {}
        self.ends: dict[Key, tuple[str, str]] = {}
        """For a link: its node, and the name of its slot there if there are several."""
        self.rows: dict[str, tuple[int, int]] = {}
        """For a node: the place of its group, and of its row in the group."""
        self.between = 18
        """Kept free above a namespace, which dot takes to be a part of its title."""
        self.far = {cable.upper: cable.lower for cable in scene.cables}
        self.pitch: dict[Key, int] = {}
        """How high a namespace is in which a link is alone, with the space around it."""
        self.titles: dict[tuple[bool, int], str] = {}
        self.down = self._is_down()
        if not self.down:
            self.between = 4
        # The host comes last: how far apart its ports are depends on what hangs on them.
        after = [self._group(box) for box in scene.boxes[1:]]
        self.groups = [self._group(box) for box in scene.boxes[:1]] + after
        self.world = [
            Node(self._id(thing.label), [[Slot(None, *scenery_size(thing))]], True)
            for thing in scene.scenery
        ]
        self.rest: Node | None = None
        if scene.rest:
            size = (round(width(scene.rest, TEXT)) + 4 * PAD, LEAD + 3 * PAD)
            self.rest = Node(self._id("rest"), [[Slot(None, *size)]], True)

    def _is_down(self) -> bool:
        below = [
            max(sum(cell_size(c)[0] for c in box.cells()), self.title_width(box))
            for box in self.scene.boxes[1:]
        ]
        return sum(below) + len(below) * (2 * MARGIN + 24) <= COLUMN * 1.1

    def title(self, box: Box) -> str:
        """What stands at the right of a namespace's name."""
        return self.titles.get(box.key, box.title)

    def title_width(self, box: Box) -> int:
        """The least width of a namespace's box inside."""
        return _title_width(box, self.title(box))

    def _id(self, wish: str) -> str:
        word = "".join(c if c.isascii() and c.isalnum() else "_" for c in wish) or "_"
        word = f"n{word}" if word[0].isdigit() else word
        # These words mean something to dot.
        if word.lower() in {"node", "edge", "graph", "digraph", "subgraph", "strict"}:
            word += "_"
        name, count = word, 2
        while name in self.ids.values():
            name, count = f"{word}_{count}", count + 1
        self.ids[len(self.ids)] = name
        return name

    def _pitch(self, node: Node) -> int:
        """From one such namespace to the next below it, as dot will place them."""
        return node.size[1] + 2 * MARGIN + TITLE + self.between + SPACE

    def _slot(self, cell: Cell) -> Slot:
        return Slot(cell, *cell_size(cell))

    def _compact(self, cell: Cell) -> Slot:
        if len(cell.lines) != 1 or cell.mark or not cell.lines[0].code:
            return self._slot(cell)
        return Slot(cell, *cell_size(cell, True), compact=True)

    def _node(self, name: str, lines: list[list[Slot]], across: bool) -> Node:
        return Node(self._id(name), lines, across)

    def _group(self, box: Box) -> Group:
        group = Group(self._id(f"cluster_{box.label}"), box)
        notes = [Notes(tuple(box.notes))] if box.notes else []
        notes_slots = [Slot(n, *notes_size(n.lines)) for n in notes]
        if not box.bridges and not box.others and box is not self.scene.boxes[0]:
            node = self._simple(box, notes_slots)
            group.rows = [[node]]
            for cell in box.uplinks:
                self.pitch[cell.key] = self._pitch(node) // len(box.uplinks)
            return group
        first = [self._node(f"{box.label}_{c.name}", [[self._slot(c)]], True) for c in box.uplinks]
        second = [self._bridge(box, block) for block in box.bridges]
        beside = second if second and not first and self.down else first
        beside += [self._node(f"{box.label}_notes", [[slot]], True) for slot in notes_slots]
        third = [self._node(f"{box.label}_{c.name}", [[self._slot(c)]], True) for c in box.others]
        group.rows = [row for row in (first, second, third) if row]
        return group

    def _simple(self, box: Box, notes: list[Slot]) -> Node:
        """A namespace in one node: its links, and the notes below them."""
        links = [self._slot(cell) for cell in box.uplinks]
        least = [Slot(None, self.title_width(box), 2)]
        if not self.down:
            links = [self._compact(cell) for cell in box.uplinks]
            if len(notes) == 1 and len(box.notes) == 1 and not box.notes[0].mark:
                # Many namespaces below each other: one line less of each.
                self.titles[box.key] = box.notes[0].text
                notes, least = [], [Slot(None, self.title_width(box), 2)]
            slots = links + notes + least
            broad = max(slot.w for slot in slots)
            for slot in slots:
                slot.w = broad
            return self._node(box.label, [slots], False)
        for slot in links:
            slot.h = max(s.h for s in links)
        lines = [line for line in (_spaced(links), notes, least) if line]
        _stretch(lines, across=True)
        return self._node(box.label, lines, True)

    def _bridge(self, box: Box, block: Block) -> Node:
        """A bridge with its ports docked on."""
        across = self.down
        rows = []
        for ports in (block.upper, block.lower):
            slots = [self._slot(port) for port in ports]
            for slot in slots:
                if across:
                    slot.h = max(s.h for s in slots)
                else:
                    slot.w = max(s.w for s in slots)
            if slots and self.scene.rest_on == block.bridge.key and ports is block.lower:
                more = Notes((Line(f"… {self.scene.rest_count} more", code=False),))
                w, h = notes_size(more.lines)
                slots.append(Slot(more, w if across else slots[0].w, slots[0].h if across else h))
            rows.append(_spaced(slots, across))
            if not across:
                for slot, port in zip(slots, ports, strict=False):
                    # As far apart as their other ends, so that the cables run straight.
                    pitch = self.pitch.get(self.far.get(port.key, port.key), 0)
                    slot.gap = (0, max(slot.gap[1], pitch - slot.h + slot.gap[1]))
                    slot.h = max(slot.h, pitch)
        lines = [line for line in (rows[0], [self._slot(block.bridge)], rows[1]) if line]
        _stretch(lines, across)
        return self._node(f"{box.label}_{block.bridge.name}", lines, across)

    # The source.

    def source(self) -> str:
        """The graph in dot's language, complete with labels."""
        return "\n".join(self._source())

    def _source(self) -> Iterator[str]:
        yield f"graph {_quote(self.scene.title)} {{"
        space = "TB ranksep=0.5 nodesep=0.45" if self.down else "LR ranksep=0.5 nodesep=0.2"
        yield f'  graph [rankdir={space} splines=true fontname="sans"]'
        yield '  node [shape=box style=rounded fixedsize=true fontname="monospace" fontsize=12]'
        yield '  edge [penwidth=2]'
        yield from self._source_world()
        for group in self.groups:
            yield from self._source_group(group)
        if self.rest:
            yield f"  {self.rest.id} [{_size(self.rest)} label={_quote(self.scene.rest)}]"
        for upper, lower, style in self._edges():
            yield f"  {upper} -- {lower}{style}"
        yield "}"

    def _source_world(self) -> Iterator[str]:
        if not self.world:
            return
        yield "  subgraph cluster_world_ {"
        yield "    graph [style=invis margin=4]"
        for node, thing in zip(self.world, self.scene.scenery, strict=True):
            label = _quote("\n".join((thing.name, *thing.addresses)))
            yield f"    {node.id} [{_size(node)} color=gray label={label}]"
        yield f"    {{ rank=same; {'; '.join(node.id for node in self.world)} }}"
        for one, other in self.world_cables():
            yield f"    {one} -- {other} [color=gray]"
        yield "  }"

    def world_cables(self) -> list[tuple[str, str]]:
        ids = {t.label: n.id for n, t in zip(self.world, self.scene.scenery, strict=True)}
        order = list(ids)
        found: list[tuple[str, str]] = []
        for cable in self.scene.cables:
            labels = [self.scene.scenery_of.get(key[1]) for key in (cable.upper, cable.lower)]
            known = sorted((x for x in labels if x in ids and x), key=order.index)
            if len(known) == 2:
                found.append((ids[known[0]], ids[known[1]]))
        return sorted(set(found), key=found.index)

    def _source_group(self, group: Group) -> Iterator[str]:
        box = group.box
        assert box is not None
        size = f'fixedsize="true" width="{self.title_width(box)}" height="{TITLE + self.between}"'
        title = _html(f"{clip(box.label, LONGEST_NAME)}  {self.title(box)}")
        yield f"  subgraph {group.id} {{"
        yield f"    graph [margin={MARGIN} labeljust=l style=rounded"
        yield '      label=<<table border="0" cellpadding="0" cellspacing="0"><tr>'
        yield f"        <td {size}>{title}</td></tr></table>>]"
        for node in group.nodes():
            yield f"    {node.id} {self._label(node)}"
        for row in group.rows:
            if len(row) > 1:
                ids = [node.id for node in row]
                yield f"    {{ rank=same; {' -- '.join(ids)} [style=invis] }}"
        for upper, lower in zip(group.rows, group.rows[1:], strict=False):
            for node in lower:
                yield f"    {upper[0].id} -- {node.id} [style=invis weight=2]"
        yield "  }"

    def _label(self, node: Node) -> str:
        for line in node.lines:
            for slot in line:
                if isinstance(slot.part, Cell):
                    self.ends[slot.part.key] = (node.id, self._port(node, slot))
        if len(node.lines) == 1 and len(node.lines[0]) == 1:
            slot = node.lines[0][0]
            style = "" if isinstance(slot.part, Cell) else " shape=plaintext"
            return f"[{_size(node)}{style} label={_quote(chr(10).join(_words(slot.part)))}]"
        lines = [self._table(node, line) for line in node.lines]
        if node.across:
            rows = "\n      ".join(f"<tr><td>{line}</td></tr>" for line in lines)
        else:
            cells = "\n      ".join(f"<td>{line}</td>" for line in lines)
            rows = f"<tr>{cells}</tr>"
        table = '<table border="0" cellborder="0" cellpadding="0" cellspacing="0">'
        return f"[shape=plain fixedsize=false label=<{table}\n      {rows}</table>>]"

    def _port(self, node: Node, slot: Slot) -> str:
        if len(node.lines) == 1 and len(node.lines[0]) == 1:
            return ""
        flat = [s for line in node.lines for s in line]
        return f"p{next(n for n, s in enumerate(flat) if s is slot)}"

    def _table(self, node: Node, line: list[Slot]) -> str:
        cells = []
        for slot in line:
            shown = isinstance(slot.part, Cell)
            words = "<br/>".join(_html(word) for word in _words(slot.part))
            name = f' port="{self._port(node, slot)}"' if shown else ""
            border = ' border="1"' if shown else ""
            cells.append(
                f'<td{name}{border} fixedsize="true" width="{slot.w}" height="{slot.h}">'
                f"{words}</td>"
            )
        if node.across:
            rows = f"<tr>{''.join(cells)}</tr>"
        else:
            rows = "".join(f"<tr>{cell}</tr>" for cell in cells)
        return f'<table border="0" cellpadding="0" cellspacing="0">{rows}</table>'

    def _edges(self) -> Iterator[tuple[str, str, str]]:
        """Cables, and invisible lines that keep what hangs on nothing in its row."""
        for place, group in enumerate(self.groups):
            for row, nodes in enumerate(group.rows):
                for node in nodes:
                    self.rows[node.id] = (place, row)
        joined: set[int] = set()
        for cable in self.scene.cables:
            ends = self._sides(cable)
            if ends is None:
                continue
            upper, lower = ends
            place = self.rows[lower.partition(":")[0]][0]
            if cable.upper[1] not in self.scene.scenery_of:
                joined.add(place)
            dashed = " style=dashed" if not cable.up or cable.mark == "gone" else ""
            yield upper, lower, f" [id={_quote(self.cable_id(cable))}{dashed}]"
        bottom = self.groups[0].rows[-1][0].id if self.groups and self.groups[0].rows else ""
        for place, group in enumerate(self.groups):
            if place and place not in joined and bottom:
                yield bottom, group.rows[0][0].id, " [style=invis]"
        if self.rest:
            start = self._rest_end() or bottom
            yield start, f"{self.rest.id}:{'n' if self.down else 'w'}", " [id=rest style=dashed]"

    def _rest_end(self) -> str:
        for group in self.groups:
            for node in group.nodes():
                for slot in (slot for line in node.lines for slot in line):
                    if isinstance(slot.part, Notes) and slot.part.lines[0].text.startswith("… "):
                        side = "s" if self.down else "e"
                        return f"{node.id}:{self._port(node, slot)}:{side}"
        return ""

    def cable_id(self, cable: Cable) -> str:
        """Something that tells the cables of a scene apart."""
        return f"cable{self.scene.cables.index(cable)}"

    def _sides(self, cable: Cable) -> tuple[str, str] | None:
        """The two ends as dot names them; None if dot is not to draw this cable."""
        world = {
            inode: node.id
            for inode, label in self.scene.scenery_of.items()
            for node, thing in zip(self.world, self.scene.scenery, strict=True)
            if thing.label == label
        }
        south, north, east, west = ("s", "n", "e", "w") if self.down else ("e", "w", "s", "n")
        if cable.lower[1] in world:
            return None
        lower = self.ends[cable.lower]
        if cable.upper[1] in world:
            return f"{world[cable.upper[1]]}:{south}", _end(lower, north)
        upper = self.ends[cable.upper]
        if upper[0] == lower[0]:
            return None
        rows = self.rows[upper[0]], self.rows[lower[0]]
        if rows[0] == rows[1]:
            ids = [node.id for node in self.groups[rows[0][0]].rows[rows[0][1]]]
            if ids.index(upper[0]) > ids.index(lower[0]):
                upper, lower = lower, upper
            return _end(upper, east), _end(lower, west)
        if rows[0] > rows[1]:
            upper, lower = lower, upper
        return _end(upper, south), _end(lower, north)


def _end(end: tuple[str, str], side: str) -> str:
    return ":".join(filter(None, (*end, side)))


def _spaced(slots: list[Slot], across: bool = True) -> list[Slot]:
    """Slots with some space between them."""
    for slot in slots:
        slot.gap = (PORT_GAP, 0) if across else (0, PORT_GAP)
        slot.w, slot.h = slot.w + slot.gap[0], slot.h + slot.gap[1]
    return slots


def _stretch(lines: list[list[Slot]], across: bool) -> None:
    """Make all lines as long as the longest, by making their slots longer."""
    def length(slot: Slot) -> int:
        return slot.w if across else slot.h

    longest = max(sum(map(length, line)) for line in lines)
    deepest = [max(slot.h if across else slot.w for slot in line) for line in lines]
    for line, deep in zip(lines, deepest, strict=True):
        left = longest - sum(map(length, line))
        for number, slot in enumerate(line):
            share = left // (len(line) - number)
            left -= share
            if across:
                slot.w, slot.h = slot.w + share, deep
            else:
                slot.w, slot.h = deep, slot.h + share


def _size(node: Node) -> str:
    w, h = node.size
    return f"width={w / 72:.4f} height={h / 72:.4f}"


def _words(part: Part) -> list[str]:
    if isinstance(part, Cell):
        head = " ".join(filter(None, (part.name, part.kind, part.state)))
        return [f"{BADGE[part.mark]} {head}" if part.mark else head, *(x.text for x in part.lines)]
    return [line.text for line in part.lines] if part else [""]


def _quote(text: str) -> str:
    """A string of dot's language; a backslash would start an escape."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _html(text: str) -> str:
    return html.escape(text) or " "


def place(scene: Scene) -> Placed:
    """Give everything in a scene its place.

    :raises ToolMissing: there is no ``dot``
    """
    plan = Plan(scene)
    source = plan.source()
    data = json.loads(_dot(source))
    height = float(data["bb"].split(",")[3])
    shift = 10  # room for badges and thick strokes at the edges

    def point(text: str) -> Point:
        x, y = text.split(",")[-2:]
        return round(float(x)) + shift, round(height - float(y)) + shift

    things = {thing["name"]: thing for thing in data.get("objects", ())}

    def corner(node: Node) -> Point:
        x, y = point(things[node.id]["pos"])
        w, h = node.size
        return x - w // 2, y - h // 2

    placed = Placed(
        scene, round(float(data["bb"].split(",")[2])) + 2 * shift, round(height) + 2 * shift,
        [], [], [], [], [], [], None,
    )  # fmt: skip
    bridges = {id(block.bridge) for box in scene.boxes for block in box.bridges}
    for group in plan.groups:
        assert group.box is not None
        left, low, right, high = map(float, things[group.id]["bb"].split(","))
        x, y = point(f"{left},{high - plan.between}")
        rect = Rect(x, y, round(right - left), round(high - low - plan.between))
        placed.boxes.append((group.box, plan.title(group.box), rect))
        for node in group.nodes():
            node.place(*corner(node))
            for slot in (slot for line in node.lines for slot in line):
                if isinstance(slot.part, Cell):
                    where = placed.bridges if id(slot.part) in bridges else placed.cells
                    where.append((slot.part, slot))
                elif slot.part:
                    placed.notes.append((slot.part, slot.rect, group.box.label))
    for node, thing in zip(plan.world, scene.scenery, strict=True):
        placed.scenery.append((thing, Rect(*corner(node), *node.size)))
    if plan.rest:
        placed.rest = Rect(*corner(plan.rest), *plan.rest.size)
    cables = {plan.cable_id(cable): cable for cable in scene.cables}
    worldly = {frozenset(pair) for pair in plan.world_cables()}
    names = [thing["name"] for thing in data.get("objects", ())]
    for edge in data.get("edges", ()):
        if edge.get("style") == "invis":
            continue
        ends = frozenset((names[edge["tail"]], names[edge["head"]]))
        if edge.get("id") in cables or edge.get("id") == "rest" or ends in worldly:
            path = [point(words) for words in edge["pos"].split()]
            placed.cables.append((cables.get(edge.get("id", "")), path))
    return placed


def _dot(source: str) -> str:
    """What dot computes: positions only."""
    import graphviz

    try:
        answer = graphviz.pipe("dot", "json0", source.encode(), quiet=True)
    except graphviz.ExecutableNotFound as error:
        raise ToolMissing(
            "draw the picture", "", "Graphviz's program dot is not installed",
            "apt-get install graphviz",
        ) from error  # fmt: skip
    return answer.decode()
