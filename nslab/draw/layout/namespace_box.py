"""Where things are within a namespace: links that lead up, bridges with their ports, the others.

A box is as big as what is in it.  What was there before keeps its distance from the left; how far
down it is follows from what is above it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from nslab.draw.layout.boxes import (
    EDGE,
    GAP,
    GATE,
    ICON,
    INSET,
    LEAD,
    LONGEST_LINE,
    MARGIN,
    NOWHERE,
    PORT_GAP,
    Notes,
    Point,
    Rect,
    Slot,
    gate_width,
    grid,
    notes_size,
    title_size,
    turned_width,
)
from nslab.draw.layout.floors import Dock, length, running
from nslab.draw.layout.free_links import CELL_GAP, ROW_GAP, FreeRows
from nslab.draw.layout.memory import Memory
from nslab.draw.layout.plan import NARROW, SPACE, Group, Plan, least_width
from nslab.draw.layout.rows import Item, line_up, squeeze
from nslab.draw.scene.scene import Cell, Key, Line

LABEL_GAP, NOTES_GAP, GUTTER = 18, 10, 16
"""Pixels from a namespace's name to its first link, from links to notes, and from one column of
facts to another: with less, two of them read as one sentence."""

SHORTEST = 24
"""Characters that a row of notes has room for at the least: ``default via 198.51.100.1``."""

UPLINK_GAP = 28
"""Pixels between rows of links that lead upwards: cables turn there."""

FOOT = 12
"""Pixels below the last row."""

ASIDE = 12
"""Pixels more from a bridge to the border, where a line passes between the two."""

BELOW_NOTES = 16
"""Pixels from notes to a bridge, where a line passes between the two."""

BELOW_LINKS = 24
"""Pixels from a link to the base line of the namespace's name below it."""


@dataclass
class NamespaceBox:
    """A namespace's box while it is filled: its size, and where things are within it."""

    group: Group
    name: str
    w: int = 0
    h: int = 0
    inside: dict[int, Point] = field(default_factory=dict)
    """By the id of a slot."""
    label: Rect = NOWHERE
    """Where its name stands."""
    heads: bool = False
    """Whether its name is at the top, and its kind below that."""
    least: int = 0
    """How wide it is if its row has no room for more."""
    low: bool = False
    """Whether its notes are below the links that lead upwards, as there is no room beside them."""
    early: bool = False
    """Whether ports above its bridges are as far left as can be: the notes need the room."""

    @property
    def is_host(self) -> bool:
        return self.group.is_host

    def put(self, slot: Slot, x: int, y: int) -> None:
        """Place a slot, and grow to hold it."""
        self.inside[id(slot)] = (x, y)
        self.w = max(self.w, x + slot.w + MARGIN)
        self.h = max(self.h, y + slot.h + FOOT)

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
        self.frames = [NamespaceBox(group, names[group.box.key]) for group in plan.groups]
        self.boxes: dict[str, Rect] = {}
        """Where the boxes are, by name, as far as that is known."""
        self.aside: dict[str, int] = {}
        """Where cables lead down to a box that others of its level stand above, by its name."""
        self._far: dict[Key, Key] = {}
        self._carries = {each.upper for each in self.scene.cables if not each.pair}
        """The links on which something stands."""
        for cable in self.scene.cables:
            self._far.setdefault(cable.upper, cable.lower)
            self._far.setdefault(cable.lower, cable.upper)
        self._at: dict[Key, tuple[NamespaceBox, Slot]] = {
            slot.part.key: (frame, slot)
            for frame in self.frames
            for slot in frame.group.slots()
            if isinstance(slot.part, Cell)
        }
        self._docked = {
            id(slot)
            for group in plan.groups
            for dock in group.docks
            for slot in (*dock.upper, *dock.lower)
        }
        self._switch: dict[Key, Slot] = {}
        labels = [thing.label for thing in self.scene.scenery]
        for cable in self.scene.cables:
            label = self.scene.scenery_of.get(cable.upper[1])
            if label in labels:
                self._switch[cable.lower] = plan.world[labels.index(label)]

    def fill(self) -> None:
        """Place everything within every frame; again, once more is known of the boxes."""
        for frame in self.frames:
            if frame.group.simple:
                frame.w = frame.h = 0
                self._simple(frame)
            else:
                self._fit(frame)
            frame.least = grid(max(frame.w, self._named(frame)))
            frame.w, frame.h = max(frame.least, grid(self._roomy(frame))), grid(frame.h)

    def name(self, frame: NamespaceBox, slot: Slot) -> str:
        """What a slot is remembered by."""
        if isinstance(slot.part, Cell):
            # A link that became a port has a new place, and one that is none any more, too.
            role = "port" if id(slot) in self._docked else "link"
            return f"{role}:{self.scene.names[slot.part.key]}"
        kind = "ports" if slot.part and slot.part.docked else "notes"
        return f"{'gate' if slot is frame.group.gate else kind}:{frame.name}"

    def other_end(self, slot: Slot) -> Rect | None:
        """Where the other end of a link's cable is in the picture, as far as that is known."""
        if not isinstance(slot.part, Cell):
            return None
        world = self._switch.get(slot.part.key)
        if world:
            return world.rect
        far = self._at.get(self._far.get(slot.part.key, slot.part.key))
        if far is None or id(far[1]) not in far[0].inside:
            return None
        box = self.boxes.get(far[0].name)
        return far[0].at(far[1]).moved(box.x, box.y) if box else None

    # What is known, and what would be best.

    def _named(self, frame: NamespaceBox) -> int:
        return 0 if frame.heads else least_width(frame.group.box, frame.group.title)

    def _roomy(self, frame: NamespaceBox) -> int:
        return 0 if frame.is_host or not self.scene.scenery else SPACE

    def _item(self, frame: NamespaceBox, slot: Slot, *, wish: bool = False) -> Item:
        name = self.name(frame, slot)
        was, old = self.stage.was(name), self.stage.wish(name)
        if id(slot) in self._docked:
            was, old = (None if at is None else at - slot.w // 2 for at in (was, old))
        hope = self._wish(frame, slot) if wish and old is None else old
        return Item(slot.w, was, hope)

    def kept(self, frame: NamespaceBox, slot: Slot) -> int:
        """What to remember of a slot's place: a port, which grows and shrinks with what is said
        in it, stays with its middle at its cable."""
        at = frame.at(slot)
        return at.middle[0] if id(slot) in self._docked else at.x

    def _wish(self, frame: NamespaceBox, slot: Slot) -> int | None:
        """Where a link would be straight above its other end, or below it."""
        box, there = self.boxes.get(frame.name), self.other_end(slot)
        if not box or not there:
            return None
        if box.holds(there.middle):
            return self._above(slot) if id(slot) in self._docked else None
        return self._down_to(slot, there) - slot.w // 2 - box.x

    def _above(self, port: Slot) -> int | None:
        """Where a port is above its other end, which stays in the same namespace."""
        far = self._at.get(self._far.get(self._key(port), self._key(port)))
        if far is None or id(far[1]) in self._docked:
            return None
        was = self.stage.was(self.name(*far))
        return None if was is None else was + (far[1].w - port.w) // 2

    def _down_to(self, slot: Slot, there: Rect) -> int:
        """How far to the right a cable leads down to its other end."""
        key = slot.part.key if isinstance(slot.part, Cell) else None
        far = self._at.get(self._far[key]) if key in self._far else None
        return self.aside.get(far[0].name if far else "", there.middle[0])

    # A namespace that has uplinks only.

    def _simple(self, frame: NamespaceBox) -> None:
        group = frame.group
        former = _former(group.uplinks)
        here = [slot for slot in group.uplinks if slot not in former]
        self._in_rows(frame, here, MARGIN, MARGIN)
        for slot in former:
            # Below what took its name: beside that it would move whatever stands in the same row.
            frame.put(slot, MARGIN, max(frame.at(each).bottom for each in here) + UPLINK_GAP)
            here.append(slot)
        below = max([frame.at(slot).bottom for slot in group.uplinks], default=4)
        name, kind = title_size(group.box, group.title)
        frame.label = Rect(MARGIN, below + BELOW_LINKS - 16, name + kind + 8, 20)
        frame.w = max(frame.w, frame.label.right + MARGIN)
        frame.h = frame.label.bottom + FOOT - 2
        if group.notes:
            frame.put(group.notes, MARGIN, frame.label.bottom + 2)

    def _in_rows(self, frame: NamespaceBox, slots: list[Slot], top: int, left: int) -> None:
        """Links that lead upwards: in a row, or in several where one is too long."""
        items = [self._item(frame, slot) for slot in slots]
        line_up(items, left, CELL_GAP)
        if len(items) < 3 or max(item.end for item in items) <= NARROW - MARGIN:
            for slot, item in zip(slots, items, strict=True):
                frame.put(slot, item.at, top)
            return
        x, high = left, 0
        for slot in slots:
            if x > left and x + slot.w > NARROW - MARGIN:
                x, top, high = left, top + high + UPLINK_GAP, 0
            frame.put(slot, x, top)
            x, high = x + slot.w + CELL_GAP, max(high, slot.h)

    # Any other.

    def _fit(self, frame: NamespaceBox) -> None:
        """Place everything: notes too wide for that get shorter rows, or are further down."""
        notes, frame.low, frame.early = frame.group.notes, False, False
        lines = notes.part.lines if notes and isinstance(notes.part, Notes) else ()
        self._set(frame, LONGEST_LINE)
        self._rows(frame)
        for _ in range(2):  # shorter rows are more, and may come to stand beside something else
            room = self._room(frame)
            if not notes or frame.at(notes).right <= room:
                break
            most = _longest(lines, room - frame.at(notes).x)
            above = any(dock.upper for dock in frame.group.first)
            frame.low = not (most or above) and bool(frame.group.uplinks)
            frame.early = above and not most
            if frame.early:
                self._rows(frame)
                most = _longest(lines, room - frame.at(notes).x)
            self._set(frame, most or SHORTEST)
            if frame.low:
                left = frame.at(frame.group.uplinks[0]).x + GATE + 8
                self._set(frame, _longest(lines, room - left) or SHORTEST)
            self._rows(frame)
        self._stretch(frame)

    def _stretch(self, frame: NamespaceBox) -> None:
        """A bridge is as long as its namespace is wide: no empty corner beside it."""
        if len(frame.group.docks) == 1 and frame.is_host:
            slot = frame.group.docks[0].bridge
            beside = ASIDE if self._passed(frame.group) else 0
            slot.w = max(slot.w, grid(frame.w) - MARGIN - beside - frame.inside[id(slot)][0])

    def _passed(self, group: Group) -> bool:
        """Whether a line has to pass a bridge: from a link above it to one below."""
        above, below = ({self._key(slot) for slot in row} for row in (group.uplinks, group.others))
        return any(
            {cable.upper, cable.lower} & above and {cable.upper, cable.lower} & below
            for cable in self.scene.cables
        )

    def _room(self, frame: NamespaceBox) -> int:
        """Where notes may end: if what else is there needs more room, they have it too."""
        others = [frame.at(slot).right for slot in frame.slots() if slot is not frame.group.notes]
        return max([NARROW - MARGIN, *others])

    def _rows(self, frame: NamespaceBox) -> None:
        group, top = frame.group, 12
        frame.w = frame.h = 0
        name, kind = title_size(group.box, group.title)
        frame.heads = True
        frame.label = Rect(MARGIN, top, max(name, kind + ICON), 20 + LEAD)
        left = frame.label.right + LABEL_GAP
        self._in_rows(frame, group.uplinks, top, left)
        uppers = [slot for dock in group.first for slot in dock.upper]
        below = max([frame.at(slot).bottom for slot in group.uplinks], default=0)
        if group.gate:
            # Rather further down than beside notes, which would have to move aside.
            over = top + group.notes.h - below - 16 if group.notes and not frame.low else 0
            y = below + 8 + (over if 0 < over <= 2 * LEAD else 0)
            frame.put(group.gate, frame.at(group.uplinks[0]).x, y)
            below = max(below, frame.at(group.gate).bottom)
        if group.notes and frame.low:
            below += 8 + group.notes.h
        bar = max(below, frame.label.bottom) + GAP - 4
        if group.notes and not frame.low:
            bar = max(bar, top + group.notes.h + (BELOW_NOTES if self._passed(group) else 8))
        bar += max((slot.h for slot in uppers), default=0)
        self._bridges_and_others(frame, bar)
        self._notes(frame, top, left, uppers)
        frame.w = max(frame.w, frame.label.right + MARGIN)
        frame.h = max(frame.h, frame.label.bottom + FOOT)

    def _notes(self, frame: NamespaceBox, top: int, left: int, uppers: list[Slot]) -> None:
        """The notes, to the right of what leads upwards."""
        group = frame.group
        if not group.notes:
            return
        if frame.low:
            above = [slot for slot in (*group.uplinks, group.gate) if slot]
            # Beside the line that leads down from the sign for forwarding.
            aside = GATE + 8 if group.gate else 0
            bottom = max(frame.at(slot).bottom for slot in above)
            frame.put(group.notes, frame.at(above[0]).x + aside, bottom + 8)
            return
        x = self._beside(frame, left, uppers)
        was = self.stage.was(f"notes:{frame.name}") or 0
        if isinstance(group.notes.part, Notes):
            lines = group.notes.part.lines
            # They stay where they were, unless something in them is new and the box would grow.
            most = self._right(frame) if any(line.mark for line in lines) else 0
            least = notes_size(lines, SHORTEST)[0]
            was = min(was, most - group.notes.w if most else was, NARROW - MARGIN - least)
        frame.put(group.notes, max(x, was), top)

    def _beside(self, frame: NamespaceBox, left: int, uppers: list[Slot]) -> int:
        """How far to the right notes begin: beside what leads upwards."""
        group = frame.group
        rights = [frame.at(slot).right for slot in group.uplinks]
        # Ports are below the notes; beside these are only their cables.
        rights += [self._plugged(frame, slot) for slot in uppers]
        if group.gate and group.notes and isinstance(group.gate.part, Notes):
            # The words at the sign for forwarding may be longer than the link above them.
            gate, end = frame.at(group.gate), frame.label.y + group.notes.h
            for number, line in enumerate(group.gate.part.lines):
                if end > gate.y + 8 + LEAD * number:
                    wide = gate_width(line) if number else turned_width(line)
                    rights.append(gate.x + wide + GUTTER - NOTES_GAP)
        return max([left - NOTES_GAP, *rights]) + NOTES_GAP

    def _plugged(self, frame: NamespaceBox, slot: Slot) -> int:
        """How far to the right cables leave a port above its bridge."""
        at, there = frame.at(slot), self.other_end(slot)
        if self._key(slot) in self._carries or not frame.is_host:
            return at.right
        if not there:
            return at.middle[0]
        left = self.boxes[frame.name].x if frame.name in self.boxes else EDGE
        low, high = max(at.x, there.x - left) + INSET, min(at.right, there.right - left) - INSET
        wishes = (at.middle[0], there.middle[0] - left, high if low <= high else at.middle[0])
        return next((x for x in wishes if low <= x <= high), at.middle[0])

    def _set(self, frame: NamespaceBox, most: int) -> None:
        """Give the rows of the notes room for so many characters."""
        notes = frame.group.notes
        if notes and isinstance(notes.part, Notes):
            notes.part = replace(notes.part, most=most)
            notes.w, notes.h = notes_size(notes.part.lines, most)

    def _right(self, frame: NamespaceBox) -> int:
        """Where the widest row of a box ends, within it, and at the host also the world above."""
        box = self.boxes.get(frame.name)
        if not frame.is_host or not box:
            return frame.w - MARGIN
        world = max((slot.rect.right - box.x for slot in self.plan.world), default=0)
        return max(frame.w, min(world, NARROW)) - MARGIN

    def _ordered(self, frame: NamespaceBox, docks: list[Dock]) -> list[Dock]:
        """Bridges in order: those that were there, then new ones."""

        def place(dock: Dock) -> int:
            known = self.stage.was(self.name(frame, dock.bridge))
            return 1 << 20 if known is None else known

        return sorted(docks, key=place)

    def _bridges_and_others(self, frame: NamespaceBox, top: int) -> None:
        """Bridges on their floors, and the other links below what they stand on."""
        rows, left = frame.group.floors, list(frame.group.others)
        if len(rows) < 2:
            bottom = self._bridges(frame, top) + self._gap(frame, left) if rows else top
            self._others(frame, left, running(rows, 0) if rows else [], bottom)
            return
        for number, docks in enumerate(rows):
            high = max((slot.h for dock in docks for slot in dock.upper), default=0)
            top += GAP + high if number else 0
            lower = [MARGIN + length(below) + GAP for below in rows[number + 1 :]]
            top = self._in_a_row(frame, docks, top, close=True, beside=max(lower, default=0))
            here = self._standing(left, docks) if lower else left
            left = [slot for slot in left if slot not in here]
            if here:
                ports, gap = running(rows, number), self._gap(frame, here)
                top = self._others(frame, here, ports, top + gap, max(lower, default=None))

    def _standing(self, others: list[Slot], docks: list[Dock]) -> list[Slot]:
        """The links that stand on one of some bridges."""
        bridges = {self._key(dock.bridge) for dock in docks}
        return [slot for slot in others if self._far.get(self._key(slot)) in bridges]

    def named(self, slot: Slot) -> str:
        """The name of a link: ``host/br0``."""
        return self.scene.names[self._key(slot)]

    def _key(self, slot: Slot) -> Key:
        return slot.part.key if isinstance(slot.part, Cell) else (False, 0, 0)

    def _bridges(self, frame: NamespaceBox, top: int) -> int:
        """Bridges beside each other, their ports above and below them; where they end.

        If all of them are too long for that, ports stand close to each other.
        """
        least = {id(dock): dock.bridge.w for dock in frame.group.docks}
        before = frame.w, frame.h
        bottom = self._in_a_row(frame, frame.group.docks, top, close=False)
        ends = (frame.at(dock.bridge).right for dock in frame.group.docks)
        if len(frame.group.docks) > 1 and max(ends) > NARROW - MARGIN:
            for dock in frame.group.docks:
                dock.bridge.w = least[id(dock)]
            frame.w, frame.h = before
            bottom = self._in_a_row(frame, frame.group.docks, top, close=True)
        return bottom

    def _in_a_row(
        self, frame: NamespaceBox, docks: list[Dock], top: int, *, close: bool, beside: int = 0
    ) -> int:
        """Bridges in a row; where it ends.

        :param close: their ports stand close to each other
        :param beside: where a lower floor ends: cables that lead further down run beside it
        """
        left, docks, bottom = MARGIN, self._ordered(frame, docks), top
        deepest = max((dock.bridge.h for dock in docks), default=0)
        for dock in docks:
            slot = dock.bridge
            known = self.stage.was(self.name(frame, slot))
            start = left if close else max(left, known or 0)
            slot.h, ends = deepest, [start + slot.w]
            lower = self._untangled(frame, dock.lower)
            for ports, low in ((dock.upper, False), (lower, True)):
                anew, packed = low and ports is not dock.lower, close or (frame.early and not low)
                items = self._ports(frame, ports, start, anew=anew, close=packed)
                if close and low and beside:
                    slot.gap = _parted(items, dock.risers, start, beside)
                for port, item in zip(ports, items, strict=True):
                    y = top + deepest if low else top - port.h
                    frame.put(port, item.at, y)
                    bottom = max(bottom, y + port.h)
                    ends.append(item.end + PORT_GAP)
            slot.w = max(ends) - start
            frame.put(slot, start, top)
            left = start + slot.w + GAP
        return max(bottom, top + deepest)

    def _ports(
        self, frame: NamespaceBox, ports: list[Slot], start: int, *, anew: bool, close: bool
    ) -> list[Item]:
        """The ports of a bridge in a row.

        :param anew: where they were does not count
        :param close: they stand close to each other, as far left as can be
        """
        if close:
            items = [Item(port.w) for port in ports]
            line_up(items, start + PORT_GAP, PORT_GAP)
            return items
        items = [self._item(frame, port, wish=True) for port in ports]
        if anew:
            items = [Item(port.w, None, self._wish(frame, port)) for port in ports]
        line_up(items, start + PORT_GAP, PORT_GAP)
        left = self.boxes[frame.name].x if frame.name in self.boxes else 0
        others = (box.right - left for name, box in self.boxes.items() if name != frame.name)
        room = max([NARROW, *others]) - MARGIN
        squeeze(items, start + PORT_GAP, room - PORT_GAP, PORT_GAP)
        return items

    def _untangled(self, frame: NamespaceBox, ports: list[Slot]) -> list[Slot]:
        """The ports of a bridge; in the order of their other ends, if their cables would cross.

        On floors they are in order already.
        """
        if len(frame.group.floors) > 1:
            return ports
        ends = [(self._wish(frame, port), port) for port in ports]
        was = {id(port): self.stage.was(self.name(frame, port)) for port in ports}
        known = [(was[id(port)] or 0, wish) for wish, port in ends if wish is not None]
        wishes = [wish for before, wish in sorted(known) if before]
        if wishes == sorted(wishes):
            return ports
        last = max(wishes)
        return [port for _, port in sorted(ends, key=lambda end: end[0] or last)]

    def _gap(self, frame: NamespaceBox, others: list[Slot]) -> int:
        """From the ports to the links below them: more where a cable lies between two of these."""
        below = {self._key(slot) for slot in others}
        ports = (slot.part for dock in frame.group.docks for slot in dock.lower)
        joined = any(isinstance(p, Cell) and self._far.get(p.key) in below for p in ports)
        return 2 * GAP if joined else GAP

    def _others(
        self,
        frame: NamespaceBox,
        others: list[Slot],
        ports: list[Slot],
        top: int,
        limit: int | None = None,
    ) -> int:
        """Loose links in rows that fit into a narrow cell, beside the cables of some ports; where
        they end.
        """
        middles = [frame.at(slot).middle[0] for slot in ports]
        rows = FreeRows(limit or self._limit(frame), [(middle, middle + 1) for middle in middles])
        kept = []
        for slot in others:
            was = self.stage.was(self.name(frame, slot))
            if was is not None and rows.keep(slot, was):
                kept.append(slot)
        for unit in self._units([slot for slot in others if slot not in kept]):
            rows.add(unit, self._modest(frame, unit[0]))
        bottom = top
        for y, row in rows.tops(top):
            for x, slot in row:
                frame.put(slot, x, y)
                bottom = max(bottom, y + slot.h)
        return bottom

    def _modest(self, frame: NamespaceBox, slot: Slot) -> int:
        """Where a link would be straight above its other end, if its box need not grow for that.

        The host may grow; of namespaces in rows of their own the next one would have no room.
        """
        wish = self._wish(frame, slot) or 0
        if frame.group.box.key not in self.scene.levels:
            return wish
        own = sum(each.w + CELL_GAP for each in frame.group.others) - CELL_GAP + MARGIN
        return max(0, min(wish, max(own, frame.w - MARGIN) - slot.w))

    def _limit(self, frame: NamespaceBox) -> int:
        """Where a row of loose links ends."""
        box = self.boxes.get(frame.name)
        return NARROW - MARGIN - (box.x if box else 0)

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


def _former(slots: Sequence[Slot]) -> list[Slot]:
    """The links that are gone, and whose names others have now."""
    cells = [slot.part for slot in slots if isinstance(slot.part, Cell)]
    names = {cell.name for cell in cells if cell.mark != "gone"}
    return [
        slot
        for slot in slots
        if isinstance(slot.part, Cell) and slot.part.mark == "gone" and slot.part.name in names
    ]


def _shift(items: Sequence[Item], start: int, end: int) -> int:
    """Move a part of a row to the right, so that it begins there, or as far as there is room.

    Returns by how much.
    """
    by = max(0, min(start - items[0].at, end - items[-1].end)) if items else 0
    for item in items:
        item.at += by
    return by


def _parted(items: Sequence[Item], risers: int, start: int, beside: int) -> int:
    """Move ports to the right, so that their cables run beside a lower floor.

    Returns where the room before them ends: so far from the first of them that the line that leaves
    there keeps clear of both sides; 0 if there is none.
    """
    moved = _shift(items[risers:], beside, NARROW - MARGIN - PORT_GAP)
    return items[risers].at - start + 4 if moved > 2 * GAP else 0


def _longest(lines: Sequence[Line], room: int) -> int:
    """How many characters a row of notes may have, so that it has room; 0 if that is too few."""
    fits = (n for n in range(LONGEST_LINE, SHORTEST - 1, -1) if notes_size(lines, n)[0] <= room)
    return next(fits, 0)


__all__ = ["ROW_GAP", "Filler", "NamespaceBox"]
