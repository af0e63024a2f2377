"""Namespaces that are alike, in one line each: ``v12 ═ n12/e12 10.0.0.13 ●``.

They stand in a panel, line by line in as many columns as there is room for, and hang on rails that
lead to their bridge.  What all of them have in common is said once, at the head of the panel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from nslab.draw.layout.boxes import (
    DOT,
    ICON,
    LONGEST_LINE,
    LONGEST_NAME,
    MARGIN,
    NOWHERE,
    TEXT,
    Notes,
    Point,
    Rect,
    Slot,
    grid,
    told,
)
from nslab.draw.scene.metrics import clip, width
from nslab.draw.scene.sampling import natural
from nslab.draw.scene.scene import Box, Cable, Cell, Key, Line, Scene

LINE, GAP, HEAD = 24, 4, 36
"""Pixels: the height of a line, between two, and what the panel's head takes."""

WIRE, LONG_WIRE, COLUMNS = 6, 24, 7
"""Pixels: from a port to its namespace, at least and with room for a stop's number; and between two
columns."""

CROSSBAR, ENTRY, STUB = 28, 8, 6
"""Pixels from a panel's top to the line that joins its rails, half the width of where it comes in,
and from a rail to a port: so the port's own edge can be seen."""

BESIDE_RAIL = 12
"""Pixels from a rail to the panel's title."""

FEWEST = 4
"""With fewer namespaces that are alike, all are drawn as any others."""


@dataclass
class Leaf:
    """A namespace in one line: its link, and what that is plugged into."""

    box: Box
    cell: Cell | None
    cable: Cable | None
    port: Key | None
    """The port of the bridge that it hangs on."""
    slots: list[Slot] = field(default_factory=list)
    """The port, if there is one, and the link."""
    rect: Rect = NOWHERE
    name_width: int = 0

    @property
    def socket(self) -> Slot | None:
        """Its port."""
        return self.slots[0] if self.port else None

    @property
    def link(self) -> Slot | None:
        """Its link."""
        return self.slots[-1] if self.cell else None

    def put(self, x: int, y: int, wide: int, rect: Rect, inset: int) -> None:
        """Place its port, so wide, and its link with room for the namespace's name."""
        self.rect = rect
        if self.socket:
            self.socket.x, self.socket.y, self.socket.w = x, y + 2, wide
        if self.link:
            self.link.x, self.link.y = rect.x, rect.y
            self.link.w, self.link.inset = rect.w, inset


@dataclass
class Panel:
    """Namespaces in one line each, that hang on one link of the host's."""

    home: Key | None
    title: str
    leaves: list[Leaf]
    rest: str = ""
    more: Slot | None = None
    rest_slot: Slot | None = None
    rect: Rect = NOWHERE
    rails: list[list[Point]] = field(default_factory=list)
    """Lines of which the first begins at what they hang on."""
    _columns: list[int] = field(default_factory=list)

    def place(self, x: int, y: int, most: int) -> None:
        """Give every line its place; the panel may be so wide."""
        ports = max((leaf.socket.w for leaf in self.leaves if leaf.socket), default=0)
        if self.more:
            ports = max(ports, self.more.w)
        names = max(leaf.name_width for leaf in self.leaves)
        inner = max((line_width(leaf.link) for leaf in self.leaves if leaf.link), default=0)
        stub = STUB * bool(ports)
        first = stub + ports + WIRE if ports else 12 * bool(self.home)
        own = names + inner
        pitch = grid(first + own + COLUMNS)
        start = x + MARGIN + (ENTRY if self.home else 0)
        room = x + most - MARGIN - start + COLUMNS
        count = max(1, min(room // pitch, len(self.leaves)))
        if ports:
            more = min(LONG_WIRE - WIRE, max(0, room // count - pitch) // 4 * 4)
            first, pitch = first + more, pitch + more
        for number, leaf in enumerate(self.leaves):
            left = start + number % count * pitch
            top = y + HEAD + number // count * (LINE + GAP)
            leaf.put(left + stub, top, ports, Rect(left + first, top, own, LINE), names)
        lines = -(-len(self.leaves) // count)
        wide = start - x + count * pitch - COLUMNS + MARGIN
        if self.rest_slot:
            top = y + HEAD + lines * (LINE + GAP)
            self.rest_slot.x, self.rest_slot.y = start + first, top
            wide = max(wide, start - x + first + self.rest_slot.w + MARGIN)
            if self.more:
                self.more.x, self.more.y, self.more.w = start + stub, top + 2, ports
            lines += 1
        self.rect = Rect(x, y, self._wide(wide, lines, most), HEAD + lines * (LINE + GAP) + 8)
        self._columns = [start + number * pitch for number in range(count)]

    def _wide(self, inner: int, lines: int, most: int) -> int:
        """How wide it is: names in several lines end where the host does."""
        head = grid(self.indent + width(self.title, TEXT) + MARGIN + ICON)
        return max(inner, head, most if not self.home and lines > 1 else 0)

    @property
    def indent(self) -> int:
        """How far from its left its title begins: clear of a rail that comes in."""
        return MARGIN + (ENTRY + BESIDE_RAIL if self.home else 0)

    @property
    def lines(self) -> int:
        """How many lines stand below each other."""
        return -(-len(self.leaves) // len(self._columns))

    @property
    def entry(self) -> Slot:
        """Where the line comes in from what the namespaces hang on."""
        return Slot(None, 2 * ENTRY, 1, x=self._columns[0] - ENTRY, y=self.rect.y)

    def hang(self, trunk: list[Point]) -> None:
        """Lead the line that comes in to each column."""
        y, count = self.rect.y, len(self._columns)
        level = y + CROSSBAR
        trunk = [*trunk[:-1], (trunk[-1][0], level)]
        self.rails = [trunk, [(self._columns[0], level), (self._columns[-1], level)]]
        for number, left in enumerate(self._columns):
            inside = -(-(len(self.leaves) - number) // count)
            lines = inside + (1 if self.rest_slot and not number else 0)
            end = y + HEAD + (lines - 1) * (LINE + GAP) + LINE // 2
            self.rails.append([(left, level), (left, end)])
        ports = [slot for slot in (*(leaf.socket for leaf in self.leaves), self.more) if slot]
        for slot in ports:
            left, y = slot.x, slot.rect.middle[1]
            self.rails.append([(left - STUB, y), (left, y)])

    def way(self, leaf: Slot) -> list[Point]:
        """From a port, or a link without one, along the rails to what it hangs on."""
        trunk, middle = self.rails[0], leaf.rect.middle[1]
        left = max(x for x in self._columns if x <= max(leaf.x, self._columns[0]))
        level = trunk[-1][1]
        return [(leaf.x, middle), (left, middle), (left, level), *trunk[::-1]]


def panels(scene: Scene, boxes: Sequence[Box]) -> Iterator[Panel]:
    """The panels of a scene: one for each link of the host's that enough namespaces hang on."""
    hangers = _Hangers(scene)
    found: dict[Key | None, list[Leaf]] = {}
    for box in boxes:
        if not box.bridges and not box.others and len(box.uplinks) < 2:
            hangers.add(box, found)
    if not any(len(leaves) >= FEWEST for leaves in found.values()):
        return
    for home, leaves in found.items():
        if len(leaves) > 1:
            # What is gone stands where it was.
            leaves.sort(key=lambda leaf: natural(leaf.box.label))
            yield _panel(scene, home, leaves, hangers.names)


class _Hangers:
    """What namespaces may hang on: the host's bridges by their ports, and its other links."""

    def __init__(self, scene: Scene) -> None:
        host = scene.boxes[0]
        self.names = {cell.key: cell.name for cell in host.cells()}
        self._ports = {
            port.key: (port, block.bridge.key) for block in host.bridges for port in block.lower
        }
        self._cables: dict[Key, list[Cable]] = {}
        for cable in scene.cables:
            self._cables.setdefault(cable.upper, []).append(cable)
            self._cables.setdefault(cable.lower, []).append(cable)

    def add(self, box: Box, found: dict[Key | None, list[Leaf]]) -> None:
        """Put a namespace to those that hang on the same, if it hangs on one thing only."""
        cell = box.uplinks[0] if box.uplinks else None
        own = self._cables.get(cell.key, []) if cell else []
        if cell is None or not own:
            found.setdefault(None, []).append(_leaf(Leaf(box, cell, None, None), None))
            return
        cable = own[0]
        if len(own) > 1 or cable.lower != cell.key:
            return
        if cable.pair and cable.upper in self._ports:
            port, home = self._ports[cable.upper]
            found.setdefault(home, []).append(_leaf(Leaf(box, cell, cable, cable.upper), port))
        elif not cable.pair and cable.upper in self.names:
            leaf = _leaf(Leaf(box, cell, cable, None), None)
            found.setdefault(cable.upper, []).append(leaf)


def _leaf(leaf: Leaf, port: Cell | None) -> Leaf:
    """A line with its sizes."""
    extra: list[Line] = []
    if port is not None:
        name = clip(port.name, LONGEST_NAME)
        wide = grid(width(name, TEXT, code=True) + 12)
        leaf.slots.append(Slot(port, wide, 20, "chip"))
        extra += [Line(port.does, code=False)] if port.does else []
        extra += port.lines
    label = clip(leaf.box.label, LONGEST_NAME)
    leaf.name_width = ICON + round(width(label, TEXT, bold=True)) + 10
    if leaf.cell is not None:
        slot = Slot(leaf.cell, 0, LINE, "line", extra=tuple(extra))
        leaf.slots.append(slot)
    return leaf


def line_width(slot: Slot) -> int:
    """The width of a link in one line; its dot and its outline alone show the state."""
    cell = slot.part
    if not isinstance(cell, Cell):
        return 0
    lines = [*told(cell, 1 << 12).lines, *slot.extra]
    wide = width(clip(cell.name, LONGEST_NAME), TEXT, code=True) + 8
    wide += width(cell.kind, TEXT) + 6 if cell.kind else 0
    wide += sum(width(clip(line.words, LONGEST_LINE), TEXT, code=line.code) + 8 for line in lines)
    wide += sum(12 for line in lines if line.mark)
    return grid(wide + DOT - 8)


def _panel(scene: Scene, home: Key | None, leaves: list[Leaf], names: dict[Key, str]) -> Panel:
    words = f"{len(leaves)} namespaces"
    if home is not None:
        words += f" on {clip(names[home], LONGEST_NAME)}"
    notes = [{line.words for line in leaf.box.notes} for leaf in leaves]
    common = [line.words for line in leaves[0].box.notes if all(line.words in n for n in notes)]
    panel = Panel(home, " · ".join([words, *common[:2]]), leaves)
    if scene.rest and (scene.rest_on == home or scene.rest_on is None):
        panel.rest = scene.rest
        # Room for a stop's number on either side of what is written.
        panel.rest_slot = Slot(None, grid(width(scene.rest, TEXT) + 48), LINE)
        if home is not None:
            line = Line("…", code=False)
            panel.more = Slot(
                Notes((line,), docked=True), grid(width(line.text, TEXT) + 16), 20, "socket"
            )
    return panel
