"""Where things are within a namespace: links that lead up, bridges with their ports, the others.

Rows are aligned at the left.  What was there before stays, and the room that a lab's host usually
needs later is kept free from the start: for four notes, a bridge, and a row of ports or links.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from nslab.draw.layout.boxes import HEAD, LEAD, MARGIN, PAD, PORT_GAP, Point, Rect, Slot
from nslab.draw.layout.free_links import CELL_GAP, ROW_GAP, FreeRows
from nslab.draw.layout.memory import Memory
from nslab.draw.layout.plan import COLUMN, INDENT, SPACE, Dock, Group, Plan
from nslab.draw.layout.rows import Item, line_up
from nslab.draw.scene.scene import Cell, Key

GAP = 20
"""Pixels between rows within a namespace."""

HOST_NOTES = 4 * LEAD + PAD
HOST_BRIDGE = 52
HOST_PORTS = 78
HOST_WIDTH = 518
"""Pixels that are kept free in a lab's host: heights of its parts, and its whole width."""


@dataclass
class NamespaceBox:
    """A namespace's box while it is filled: its size, and where things are within it."""

    group: Group
    name: str
    is_host: bool
    w: int = 0
    h: int = 0
    inside: dict[int, Point] = field(default_factory=dict)
    """By the id of a slot."""

    def put(self, slot: Slot, x: int, y: int) -> None:
        """Place a slot, and grow to hold it."""
        self.inside[id(slot)] = (x, y)
        self.w = max(self.w, x + slot.w + MARGIN)
        self.h = max(self.h, y + slot.h + MARGIN)

    def at(self, slot: Slot) -> Rect:
        """Where a slot is within the box."""
        return Rect(*self.inside[id(slot)], slot.w, slot.h)

    def slots(self) -> list[Slot]:
        """Everything that has its place."""
        return [slot for slot in self.group.slots() if id(slot) in self.inside]


class Filler:
    """Fills the frames of a plan."""

    def __init__(self, plan: Plan, stage: Memory) -> None:
        self.plan, self.stage, self.scene = plan, stage, plan.scene
        names = plan.scene.box_names
        self.frames = [
            NamespaceBox(group, names[group.box.key], not number)
            for number, group in enumerate(plan.groups)
        ]
        self.boxes: dict[str, Rect] = {}
        """Where the boxes are, by name, as far as that is known."""
        self.rest: Rect | None = None
        self._far: dict[Key, Key] = {}
        for cable in self.scene.cables:
            self._far.setdefault(cable.upper, cable.lower)
            self._far.setdefault(cable.lower, cable.upper)
        self._docked = {
            id(slot)
            for group in plan.groups
            for dock in group.docks
            for slot in (*dock.upper, *dock.lower)
        }
        for frame in self.frames:
            for slot in frame.group.slots():
                known = self._was(frame, slot)
                if known and isinstance(slot.part, Cell) and not slot.compact:
                    slot.w, slot.h = max(slot.w, known.w), max(slot.h, known.h)

    def fill(self) -> None:
        """Place everything within every frame; again, once more is known of the boxes."""
        for frame in self.frames:
            frame.w = frame.h = 0
            if frame.group.simple:
                self._simple(frame)
            else:
                self._rows(frame)
            known = self.stage.was(f"ns:{frame.name}")
            frame.w = max(frame.w, self._least(frame), known.w if known else 0)
            frame.h = max(frame.h, known.h if known else 0)

    def name(self, frame: NamespaceBox, slot: Slot) -> str:
        """What a slot is remembered by."""
        if isinstance(slot.part, Cell):
            # A link that became a port has a new place, and one that is none any more, too.
            role = "port" if id(slot) in self._docked else "link"
            return f"{role}:{self.scene.names[slot.part.key]}"
        return f"{'ports' if slot.part and slot.part.docked else 'notes'}:{frame.name}"

    def other_end(self, slot: Slot) -> Rect | None:
        """Where the other end of a link's cable is in the picture, as far as that is known."""
        if not isinstance(slot.part, Cell):
            return self.rest
        far = self._far.get(slot.part.key)
        for frame in self.frames if far else ():
            for other in frame.slots():
                if isinstance(other.part, Cell) and other.part.key == far:
                    box = self.boxes.get(frame.name)
                    return frame.at(other).moved(box.x, box.y) if box else None
        return None

    # What is known, and what would be best.

    def _least(self, frame: NamespaceBox) -> int:
        if self._is_lab(frame):
            return HOST_WIDTH
        roomy = self.plan.down and not frame.is_host and bool(self.scene.scenery)
        return max(frame.group.title_width, SPACE if roomy else 0)

    def _is_lab(self, frame: NamespaceBox) -> bool:
        return frame.is_host and bool(self.scene.scenery)

    def _was(self, frame: NamespaceBox, slot: Slot) -> Rect | None:
        return self.stage.was(self.name(frame, slot))

    def _item(self, frame: NamespaceBox, slot: Slot, *, x: bool = True, wish: bool = False) -> Item:
        was, old = self._was(frame, slot), self.stage.wish(self.name(frame, slot))
        hope = self._wish(frame, slot, x) if wish else None
        if old:
            hope = old.x if x else old.y
        return Item(slot.w if x else slot.h, (was.x if x else was.y) if was else None, hope)

    def _wish(self, frame: NamespaceBox, slot: Slot, x: bool) -> int | None:
        """Where a link would be straight above or beside its other end."""
        box, there = self.boxes.get(frame.name), self.other_end(slot)
        if not box or not there or box.holds(there.middle):
            return None
        if x:
            return there.middle[0] - slot.w // 2 - box.x
        return there.y - box.y

    # A namespace that has uplinks only.

    def _simple(self, frame: NamespaceBox) -> None:
        group, top = frame.group, HEAD[self.plan.down]
        if self.plan.down:
            self._in_a_row(frame, group.uplinks, top, PORT_GAP)
        else:
            self._in_a_column(frame, group.uplinks, top)
        # Room for a link, so that it does not push the notes away when it comes.
        least = top + 2 * LEAD + 18 if self.plan.down else 0
        below = max([frame.at(slot).bottom for slot in group.uplinks] + [least])
        if below:
            frame.h = max(frame.h, below + MARGIN)
        if group.notes:
            frame.put(group.notes, MARGIN, below + 7 if below else top - 6)
            frame.h -= MARGIN - 4

    def _in_a_row(self, frame: NamespaceBox, slots: list[Slot], top: int, gap: int) -> None:
        items = [self._item(frame, slot) for slot in slots]
        line_up(items, MARGIN, gap)
        for slot, item in zip(slots, items, strict=True):
            frame.put(slot, item.at, top)

    def _in_a_column(self, frame: NamespaceBox, slots: list[Slot], top: int) -> None:
        items = [self._item(frame, slot, x=False) for slot in slots]
        line_up(items, top, PORT_GAP)
        for slot, item in zip(slots, items, strict=True):
            frame.put(slot, MARGIN, item.at)

    # Any other.

    def _rows(self, frame: NamespaceBox) -> None:
        group, top, is_lab = frame.group, HEAD[True], self._is_lab(frame)
        upper = max((slot.h for dock in group.docks for slot in dock.upper), default=0)
        if frame.is_host or self.plan.down:
            self._in_a_row(frame, group.uplinks, top, CELL_GAP)
        else:
            self._in_a_column(frame, group.uplinks, top)
        right = frame.w - MARGIN if group.uplinks else MARGIN
        below = max([frame.at(slot).bottom + GAP for slot in group.uplinks] + [top])
        bridge_top = max(
            below + upper,
            top + HOST_NOTES + GAP if is_lab else 0,
            top + group.notes.h - 6 if group.notes and frame.is_host else 0,
            min(
                (rect.y for dock in group.docks if (rect := self._was(frame, dock.bridge))),
                default=0,
            ),
        )
        if self.plan.listed(group):
            bottom = self._stack(frame, bridge_top)
        else:
            bottom = self._side_by_side(frame, bridge_top)
        if is_lab:
            bottom = max(bottom, bridge_top + HOST_BRIDGE)
            frame.h = max(frame.h, bridge_top + HOST_BRIDGE + HOST_PORTS + MARGIN)
        self._others(frame, bottom + GAP if group.docks or is_lab else bridge_top)
        if group.notes and frame.is_host:
            ends = [right, *(frame.at(slot).right for dock in group.docks for slot in dock.upper)]
            left = max(ends) + (CELL_GAP if group.uplinks or upper else 0)
            was = self.stage.was(f"notes:{frame.name}")
            frame.put(group.notes, max(left, was.x if was else 0), top - 6)
        elif group.notes:
            frame.put(group.notes, MARGIN, frame.h - MARGIN + 7)
            frame.h -= MARGIN - 4

    def _docks(self, frame: NamespaceBox) -> list[Dock]:
        """Bridges in order: those that were there, then new ones."""

        def place(dock: Dock) -> int:
            known = self._was(frame, dock.bridge)
            return known.x + known.y if known else 1 << 20

        return sorted(frame.group.docks, key=place)

    def _side_by_side(self, frame: NamespaceBox, top: int) -> int:
        """Bridges beside each other, their ports above and below them; where they end."""
        left, docks = MARGIN, self._docks(frame)
        deepest = max((dock.bridge.h for dock in docks), default=0)
        loose = [rect for slot in frame.group.others if (rect := self._was(frame, slot))]
        in_the_way = [(rect.x, rect.right) for rect in loose]
        for dock in docks:
            bridge, known = dock.bridge, self._was(frame, dock.bridge)
            start = max(left, known.x if known else 0)
            bridge.h, ends = deepest, [start + bridge.w]
            for ports, low in ((dock.upper, False), (dock.lower, True)):
                items = [self._item(frame, slot, wish=True) for slot in ports]
                line_up(items, start, PORT_GAP, in_the_way if low else ())
                for slot, item in zip(ports, items, strict=True):
                    frame.put(slot, item.at, top + bridge.h if low else top - slot.h)
                    ends.append(item.end)
            if self._is_lab(frame) and start == MARGIN:
                ends.append(HOST_WIDTH - MARGIN)
            bridge.w = max(ends) - start
            frame.put(bridge, start, top)
            left = start + bridge.w + GAP
        return top + deepest

    def _stack(self, frame: NamespaceBox, top: int) -> int:
        """Bridges below each other, their ports in a column at the right; where they end."""
        docks = self._docks(frame)
        wide = max((dock.bridge.w for dock in docks), default=0)
        for dock in docks:
            bridge, known = dock.bridge, self._was(frame, dock.bridge)
            top = max(top, known.y if known else 0)
            items = [self._item(frame, slot) for slot in dock.upper]
            line_up(items, MARGIN, PORT_GAP)
            for slot, item in zip(dock.upper, items, strict=True):
                frame.put(slot, item.at, top - slot.h)
            bridge.w = max([wide] + [item.end - MARGIN for item in items])
            items = [self._item(frame, slot, x=False, wish=True) for slot in dock.lower]
            line_up(items, top, PORT_GAP)
            for slot, item in zip(dock.lower, items, strict=True):
                frame.put(slot, MARGIN + bridge.w, item.at)
                bridge.h = max(bridge.h, item.end - top)
            frame.put(bridge, MARGIN, top)
            top += bridge.h + GAP + max((slot.h for slot in dock.upper), default=0)
        return top - GAP if docks else top

    def _others(self, frame: NamespaceBox, top: int) -> None:
        """Loose links in rows as long as a page is wide; the first one is beside the ports."""
        ports: list[Slot] = []
        if not self.plan.listed(frame.group):
            ports = [slot for dock in frame.group.docks for slot in dock.lower]
        rows = FreeRows(self._limit(frame), [frame.at(slot) for slot in ports])
        known = [
            (rect.y, rect.x, slot)
            for slot in frame.group.others
            if (rect := self._was(frame, slot))
        ]
        for y, x, slot in sorted(known, key=lambda entry: entry[:2]):
            rows.keep(slot, Rect(x, y, slot.w, slot.h))
        kept = [slot for _, _, slot in known]
        for unit in self._units([slot for slot in frame.group.others if slot not in kept]):
            rows.add(unit, (self._wish(frame, unit[0], True) if self.plan.down else None) or 0)
        below = max((frame.at(slot).bottom + ROW_GAP for slot in ports), default=top)
        for y, row in rows.tops(top, below):
            for x, slot in row:
                frame.put(slot, x, y)

    def _limit(self, frame: NamespaceBox) -> int:
        """Where a row of loose links ends."""
        if not self.plan.down:
            return HOST_WIDTH - MARGIN
        box = self.boxes.get(frame.name)
        return COLUMN - MARGIN - (box.x if box else INDENT)

    def _units(self, slots: list[Slot]) -> list[list[Slot]]:
        """Links that are in a row for themselves, and pairs that stay together."""
        units: list[list[Slot]] = []
        for slot in slots:
            key = slot.part.key if isinstance(slot.part, Cell) else None
            last = units[-1][0].part if units and len(units[-1]) == 1 else None
            if key and isinstance(last, Cell) and self._far.get(key) == last.key:
                units[-1].append(slot)
            else:
                units.append([slot])
        return units
