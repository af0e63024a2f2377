"""Graphviz proposes, memory disposes: from the order that ``dot`` found to places in pixels.

What was in the picture before stays where it was, as long as nothing grew into it; what is new
takes the first free place, below or above its other end if it can.  Rows and columns are aligned,
and the room that a network usually needs later is kept free from the start.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby

from nslab.draw.parts import HEAD, LEAD, MARGIN, PAD, PORT_GAP, Node, Point, Rect, Slot
from nslab.draw.plan import BESIDE, COLUMN, Dock, Group, Plan
from nslab.draw.scene import Cell, Key
from nslab.draw.stage import Stage

EDGE = 10
"""Pixels around the picture, for tags and thick strokes at its edge."""

BELOW = 26
"""Pixels between one level of namespaces and the next."""

GAP = 20
"""Pixels between rows within a namespace."""

CELL_GAP = 30
"""Pixels between links in a row, for a cable between them."""

LISTED_GAP = 9
"""Pixels between namespaces in a list."""

WORLD_GAP = 24
"""Pixels between the parts of the world."""

HOST_NOTES = 4 * LEAD + PAD
HOST_BRIDGE = 52
HOST_PORTS = 69
HOST_WIDTH = 518
"""What is kept free in a lab's host: four notes, a bridge, ports or loose links, and its width."""


@dataclass
class Item:
    """Something in a row: its length there, and where it was or would like to be."""

    name: str
    length: int
    was: int | None = None
    wish: int | None = None
    at: int = 0


def line_up(
    items: Iterable[Item], start: int, gap: int, taken: Iterable[tuple[int, int]] = ()
) -> None:
    """Give the items of a row their places: ``at``, not before ``start``.

    Those that were there stay, unless one before them has grown; the others take the first place
    at or after their wish that is free.
    """
    every = list(items)
    used = list(taken)
    cursor = start
    for item in sorted((i for i in every if i.was is not None), key=lambda i: i.was or 0):
        item.at = max(cursor, item.was or 0)
        cursor = item.at + item.length + gap
        used.append((item.at, item.at + item.length))
    for item in every:
        if item.was is None:
            item.at = _free(max(start, item.wish or 0), item.length, gap, used)
            used.append((item.at, item.at + item.length))


def _free(at: int, length: int, gap: int, used: list[tuple[int, int]]) -> int:
    """The first place at or after ``at`` that is ``gap`` away from all that is used."""
    for begin, end in sorted(used):
        if begin < at + length + gap and at < end + gap:
            at = end + gap
    return at


@dataclass
class Frame:
    """A namespace's box while it is filled: sizes, and where things are within it."""

    group: Group
    name: str
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


class Aligner:
    """Places everything of a plan; ``order`` is where dot has put each node."""

    def __init__(self, plan: Plan, order: dict[str, Point], stage: Stage) -> None:
        self.plan, self.order, self.stage = plan, order, stage
        self.down = plan.down
        self.scene = plan.scene
        names = self.scene.box_names
        self.frames = [Frame(group, names[group.box.key]) for group in plan.groups]
        self.boxes: dict[str, Rect] = {}
        """By name: where each box is."""
        self.rest: Rect | None = None
        self.docked = {
            id(slot) for group in plan.groups for dock in group.docks
            for slot in (*dock.upper, *dock.lower)
        }  # fmt: skip
        self.far: dict[Key, Key] = {}
        for cable in self.scene.cables:
            self.far.setdefault(cable.upper, cable.lower)
            self.far.setdefault(cable.lower, cable.upper)
        self._sizes()

    def place(self) -> None:
        """Give every slot its place, and every box its rectangle."""
        self._place_world()
        for _ in (1, 2):  # where ports should be follows from where the namespaces came
            for frame in self.frames:
                frame.w = frame.h = 0
                self._fill(frame)
            self._place_boxes()
        for frame in self.frames:
            box = self.boxes[frame.name]
            for slot in frame.group.slots():
                if id(slot) in frame.inside:
                    x, y = frame.inside[id(slot)]
                    slot.x, slot.y = box.x + x, box.y + y

    def places(self) -> dict[str, Rect]:
        """What to remember."""
        found = {f"ns:{name}": rect for name, rect in self.boxes.items()}
        for thing, node in zip(self.scene.scenery, self.plan.world, strict=True):
            found[f"world:{thing.label}"] = _only(node).rect
        for frame in self.frames:
            for slot in frame.group.slots():
                if id(slot) in frame.inside:
                    found[self._name(frame, slot)] = frame.at(slot)
        return found

    # Names and sizes.

    def _name(self, frame: Frame, slot: Slot) -> str:
        if isinstance(slot.part, Cell):
            # A link that became a port has a new place, and one that is none any more, too.
            role = "port" if id(slot) in self.docked else "link"
            return f"{role}:{self.scene.names[slot.part.key]}"
        return f"{'ports' if slot.part and slot.part.docked else 'notes'}:{frame.name}"

    def _sizes(self) -> None:
        """Nothing gets smaller."""
        for frame in self.frames:
            for slot in frame.group.slots():
                known = self.stage.was(self._name(frame, slot))
                if known and isinstance(slot.part, Cell) and not slot.compact:
                    slot.w, slot.h = max(slot.w, known.w), max(slot.h, known.h)

    def _item(self, frame: Frame, slot: Slot, wish: int | None = None, *, x: bool = True) -> Item:
        name = self._name(frame, slot)
        was, old = self.stage.was(name), self.stage.wish(name)
        if old:
            wish = old.x if x else old.y
        here = (was.x if x else was.y) if was else None
        return Item(name, slot.w if x else slot.h, here, wish)

    # The world.

    def _place_world(self) -> None:
        x = EDGE
        tallest = max((_only(node).h for node in self.plan.world), default=0)
        for node in self.plan.world:
            slot = _only(node)
            slot.x, slot.y = x, EDGE + (tallest - slot.h) // 2
            x += slot.w + WORLD_GAP
        self.top = EDGE + tallest + BELOW if self.plan.world else EDGE

    def _indent(self) -> int:
        """Where the host begins, so that its uplink stands below what it is plugged into."""
        host = self.plan.groups[0]
        for run in self.plan.runs:
            if run.cable and run.start.node in self.plan.world:
                slot = run.end.slot
                if slot in host.uplinks or any(slot in dock.upper for dock in host.docks):
                    middle = run.start.slot.rect.middle[0]
                    return max(EDGE, middle - slot.w // 2 - MARGIN)
        return EDGE

    # Within a namespace.

    def _fill(self, frame: Frame) -> None:
        group = frame.group
        if group.simple:
            self._fill_simple(frame)
        else:
            self._fill_rows(frame)
        known = self.stage.was(f"ns:{frame.name}")
        is_host = frame is self.frames[0]
        least_w = HOST_WIDTH if is_host and self.scene.scenery else group.title_width
        frame.w = max(frame.w, least_w, known.w if known else 0)
        frame.h = max(frame.h, known.h if known else 0)

    def _fill_simple(self, frame: Frame) -> None:
        group, top = frame.group, HEAD[self.down]
        items = [self._item(frame, slot) for slot in group.uplinks]
        line_up(items, MARGIN, PORT_GAP)
        for slot, item in zip(group.uplinks, items, strict=True):
            frame.put(slot, item.at, top)
        # Room for a link, so that it does not push the notes away when it comes.
        below = max((slot.h for slot in group.uplinks), default=0)
        below = max(below, 2 * LEAD + 18 if self.down else 0)
        frame.h = max(frame.h, top + below + MARGIN) if below else frame.h
        if group.notes:
            frame.put(group.notes, MARGIN, top + below + (7 if below else -6))
            frame.h -= MARGIN - 4

    def _fill_rows(self, frame: Frame) -> None:
        group, top = frame.group, HEAD[True]
        items = [self._item(frame, slot) for slot in group.uplinks]
        line_up(items, MARGIN, CELL_GAP)
        for slot, item in zip(group.uplinks, items, strict=True):
            frame.put(slot, item.at, top)
        right = frame.w - MARGIN if group.uplinks else MARGIN
        upper = max((slot.h for dock in group.docks for slot in dock.upper), default=0)
        bridge_top = top + upper
        if group.uplinks:
            bridge_top += max(slot.h for slot in group.uplinks) + GAP
        is_host = frame is self.frames[0] and bool(self.scene.scenery)
        if is_host:
            bridge_top = max(bridge_top, top + HOST_NOTES + GAP)
        notes_h = group.notes.h - 6 if group.notes and frame is self.frames[0] else 0
        bridge_top = max(bridge_top, top + notes_h, self._known_top(frame))
        docks = group.docks
        if self.plan.listed(group):
            right_of_upper, bottom = self._stack_docks(frame, bridge_top)
        else:
            right_of_upper, bottom = self._line_docks(frame, bridge_top)
        if group.notes and frame is self.frames[0]:
            left = max(right, right_of_upper) + (CELL_GAP if group.uplinks or upper else 0)
            was = self.stage.was(f"notes:{frame.name}")
            frame.put(group.notes, max(left, was.x if was else 0), top - 6)
        if is_host:
            bottom = max(bottom, bridge_top + HOST_BRIDGE)
            frame.h = max(frame.h, bridge_top + HOST_BRIDGE + HOST_PORTS + MARGIN)
        self._others(frame, bottom + GAP if docks or is_host else bridge_top)
        if group.notes and frame is not self.frames[0]:
            frame.put(group.notes, MARGIN, frame.h - MARGIN + 7)
            frame.h -= MARGIN - 4

    def _known_top(self, frame: Frame) -> int:
        known = (self.stage.was(self._name(frame, dock.bridge)) for dock in frame.group.docks)
        return min((rect.y for rect in known if rect), default=0)

    def _wish(self, frame: Frame, slot: Slot, *, x: bool = True) -> int | None:
        """Where a link would be straight above or beside its other end."""
        mine = self.boxes.get(frame.name)
        if not mine:
            return None
        at = self.rest
        if isinstance(slot.part, Cell):
            far = self.far.get(slot.part.key)
            at = self._somewhere(far) if far not in self._keys(frame) else None
        if not at:
            return None
        return at.middle[0] - slot.w // 2 - mine.x if x else at.middle[1] - slot.h // 2 - mine.y

    def _keys(self, frame: Frame) -> set[Key]:
        return {cell.key for cell in frame.group.box.cells()}

    def _somewhere(self, key: Key | None) -> Rect | None:
        for frame in self.frames:
            for slot in frame.group.slots():
                if isinstance(slot.part, Cell) and slot.part.key == key:
                    box = self.boxes.get(frame.name)
                    return frame.at(slot).moved(box.x, box.y) if box else None
        return None

    def _line_docks(self, frame: Frame, top: int) -> tuple[int, int]:
        """Bridges side by side, their ports above and below them."""
        left, right_of_upper, bottom = MARGIN, 0, top
        loose = [self.stage.was(self._name(frame, slot)) for slot in frame.group.others]
        in_the_way = [(rect.x, rect.right) for rect in loose if rect]
        deepest = max((dock.bridge.h for dock in frame.group.docks), default=0)
        for number, dock in enumerate(self._in_order(frame)):
            bridge = dock.bridge
            known = self.stage.was(self._name(frame, bridge))
            start = max(left, known.x if known else 0)
            bridge.h, ends = deepest, [start + bridge.w]
            last = number == len(frame.group.docks) - 1
            for ports, y in ((dock.upper, None), (dock.lower, top + bridge.h)):
                wishes = [self._wish(frame, slot) for slot in ports]
                items = [
                    self._item(frame, slot, wish if last or wish is None else min(wish, COLUMN))
                    for slot, wish in zip(ports, wishes, strict=True)
                ]
                line_up(items, start, PORT_GAP, in_the_way if y else [])
                for slot, item in zip(ports, items, strict=True):
                    frame.put(slot, item.at, top - slot.h if y is None else y)
                    ends.append(item.at + item.length)
                    bottom = max(bottom, frame.at(slot).bottom - GAP)
                    if y is None:
                        right_of_upper = max(right_of_upper, ends[-1])
            if frame is self.frames[0] and self.scene.scenery and not number:
                ends.append(HOST_WIDTH - MARGIN)
            bridge.w = max(ends) - start
            frame.put(bridge, start, top)
            left = start + bridge.w + GAP
            bottom = max(bottom, top + bridge.h)
        return right_of_upper, bottom if frame.group.docks else top

    def _in_order(self, frame: Frame) -> list[Dock]:
        """Bridges from left to right: those that were there, then new ones."""
        def place(dock: Dock) -> int:
            known = self.stage.was(self._name(frame, dock.bridge))
            return known.x + known.y if known else 1 << 20
        return sorted(frame.group.docks, key=place)

    def _stack_docks(self, frame: Frame, top: int) -> tuple[int, int]:
        """Bridges below each other, their ports in a column at the right."""
        right_of_upper, docks = 0, self._in_order(frame)
        wide = max((dock.bridge.w for dock in docks), default=0)
        for dock in docks:
            bridge = dock.bridge
            known = self.stage.was(self._name(frame, bridge))
            top = max(top, known.y if known else 0)
            items = [self._item(frame, slot) for slot in dock.upper]
            line_up(items, MARGIN, PORT_GAP)
            for slot, item in zip(dock.upper, items, strict=True):
                frame.put(slot, item.at, top - slot.h)
                right_of_upper = max(right_of_upper, item.at + item.length)
            bridge.w = max(wide, right_of_upper - MARGIN)
            items = [
                self._item(frame, slot, self._wish(frame, slot, x=False), x=False)
                for slot in dock.lower
            ]
            line_up(items, top, PORT_GAP)
            for slot, item in zip(dock.lower, items, strict=True):
                frame.put(slot, MARGIN + bridge.w, item.at)
                bridge.h = max(bridge.h, item.at + item.length - top)
            frame.put(bridge, MARGIN, top)
            top += bridge.h + GAP + max((slot.h for slot in dock.upper), default=0)
        return right_of_upper, top - GAP

    def _others(self, frame: Frame, top: int) -> None:
        """Loose links: beside the ports if they have room there, else below them."""
        group = frame.group
        ports = [frame.at(slot) for dock in group.docks for slot in dock.lower]
        taken = [] if self.plan.listed(group) else [(rect.x, rect.right) for rect in ports]
        items = [
            self._item(frame, slot, self._wish(frame, slot) if self.down else None)
            for slot in group.others
        ]
        line_up(items, MARGIN, CELL_GAP, taken)
        limit = COLUMN - self.boxes[frame.name].x if frame.name in self.boxes else COLUMN
        if any(item.at + item.length + MARGIN > limit for item in items) and taken:
            below = max(rect.bottom for rect in ports)
            line_up(items, MARGIN, CELL_GAP)
            top = max(top, below + GAP)
        for slot, item in zip(group.others, items, strict=True):
            frame.put(slot, item.at, top)

    # The boxes.

    def _place_boxes(self) -> None:
        host, *others = self.frames
        was = self.stage.was(f"ns:{host.name}")
        self.boxes[host.name] = Rect(was.x if was else self._indent(), self.top, host.w, host.h)
        levels = self._levels(others)
        if self.down:
            self._side_by_side(levels)
        else:
            self._list([frame for level in levels for frame in level])

    def _levels(self, frames: list[Frame]) -> list[list[Frame]]:
        """The namespaces below the host as dot has ranked and ordered them."""
        def rank(frame: Frame) -> int:
            x, y = self.order[frame.group.rows[0][0].id]
            return y if self.down else x

        def within(frame: Frame) -> int:
            x, y = self.order[frame.group.rows[0][0].id]
            return x if self.down else y

        ranked = sorted(frames, key=lambda frame: (rank(frame), within(frame)))
        return [list(level) for _, level in groupby(ranked, key=rank)]

    def _side_by_side(self, levels: list[list[Frame]]) -> None:
        host = self.boxes[self.frames[0].name]
        top = host.bottom + BELOW
        for number, level in enumerate(levels):
            items = []
            for frame in level:
                was, old = self.stage.was(f"ns:{frame.name}"), self.stage.wish(f"ns:{frame.name}")
                wish = old.x if old else self._below_its_end(frame) if number else None
                items.append(Item(frame.name, frame.w, was.x if was else None, wish))
                top = max(top, was.y if was else 0)
            if self.plan.rest and not number:
                items.append(Item("", _only(self.plan.rest).w))
            line_up(items, host.x, BESIDE)
            for frame, item in zip(level, items, strict=False):
                self.boxes[frame.name] = Rect(item.at, top, frame.w, frame.h)
            if self.plan.rest and not number:
                self._place_rest(items[-1].at, top)
            top += max(frame.h for frame in level) + BELOW

    def _below_its_end(self, frame: Frame) -> int | None:
        for slot in frame.group.uplinks:
            key = slot.part.key if isinstance(slot.part, Cell) else None
            at = self._somewhere(self.far.get(key)) if key else None
            if at:
                return at.middle[0] - frame.at(slot).middle[0]
        return None

    def _list(self, frames: list[Frame]) -> None:
        host = self.boxes[self.frames[0].name]
        x = host.right + CELL_GAP
        wide = max((frame.w for frame in frames if frame.group.simple), default=0)
        items = []
        for frame in frames:
            was, old = self.stage.was(f"ns:{frame.name}"), self.stage.wish(f"ns:{frame.name}")
            frame.w = max(frame.w, wide)
            items.append(
                Item(frame.name, frame.h, was.y if was else None, old.y if old else None)
            )
        start = host.y
        docks = [self.frames[0].at(dock.bridge) for dock in self.frames[0].group.docks]
        if docks:
            # So that the first cable can be straight.
            start += min(rect.y for rect in docks) - HEAD[False]
        if self.plan.rest:
            items.append(Item("", _only(self.plan.rest).h + 6))
        line_up(items, start, LISTED_GAP)
        for frame, item in zip(frames, items, strict=False):
            self.boxes[frame.name] = Rect(x, item.at, frame.w, frame.h)
        if self.plan.rest:
            self._place_rest(x, items[-1].at)

    def _place_rest(self, x: int, y: int) -> None:
        slot = _only(self.plan.rest)
        slot.x, slot.y = x, y
        self.rest = slot.rect


def _only(node: Node | None) -> Slot:
    assert node is not None
    return next(node.slots())
