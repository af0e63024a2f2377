"""Graphviz proposes, memory disposes: from the order that ``dot`` found to places in pixels.

What was in the picture before stays where it was, as long as nothing grew into it; what is new
takes the first free place, below its other end if it can.
"""

from __future__ import annotations

from itertools import groupby

from nslab.draw.layout.boxes import HEAD, MARGIN, Node, Point, Rect, Slot
from nslab.draw.layout.free_links import CELL_GAP
from nslab.draw.layout.memory import Memory
from nslab.draw.layout.namespace_box import Filler, NamespaceBox
from nslab.draw.layout.plan import BESIDE, Plan
from nslab.draw.layout.rows import Item, line_up

EDGE = 10
"""Pixels around the picture, for tags and thick strokes at its edge."""

BELOW = 26
"""Pixels between one level of namespaces and the next."""

LISTED_GAP = 9
"""Pixels between namespaces in a list."""

WORLD_GAP = 24
"""Pixels between the parts of the world."""


class Aligner:
    """Places everything of a plan; ``order`` is where dot has put each node."""

    def __init__(self, plan: Plan, order: dict[str, Point], stage: Memory) -> None:
        self.plan, self.order, self.stage = plan, order, stage
        self.filler = Filler(plan, stage)
        self.boxes = self.filler.boxes
        self.host, *self.spaces = self.filler.frames
        self.top = EDGE

    def place(self) -> None:
        """Give every slot its place, and every box its rectangle."""
        self._world()
        for _ in (1, 2):  # where ports should be follows from where the namespaces came
            self.filler.fill()
            self._host()
            if self.plan.down:
                self._side_by_side()
            else:
                self._list()
        for frame in self.filler.frames:
            box = self.boxes[frame.name]
            for slot in frame.slots():
                at = frame.at(slot).moved(box.x, box.y)
                slot.x, slot.y = at.x, at.y

    def places(self) -> dict[str, Rect]:
        """What to remember."""
        found = {f"ns:{name}": rect for name, rect in self.boxes.items()}
        for frame in self.filler.frames:
            found |= {self.filler.name(frame, slot): frame.at(slot) for slot in frame.slots()}
        return found

    def _world(self) -> None:
        x = EDGE
        tallest = max((_only(node).h for node in self.plan.world), default=0)
        for node in self.plan.world:
            slot = _only(node)
            slot.x, slot.y = x, EDGE + (tallest - slot.h) // 2
            x += slot.w + WORLD_GAP
        if tallest:
            self.top = EDGE + tallest + BELOW

    def _host(self) -> None:
        was = self.stage.was(f"ns:{self.host.name}")
        x = was.x if was else self._indent()
        self.boxes[self.host.name] = Rect(x, self.top, self.host.w, self.host.h)

    def _indent(self) -> int:
        """Where the host begins, so that its uplink stands below what it is plugged into."""
        for run in self.plan.runs:
            slot = run.end.slot
            if run.cable and run.start.node in self.plan.world and id(slot) in self.host.inside:
                return max(EDGE, run.start.slot.rect.middle[0] - slot.w // 2 - MARGIN)
        return EDGE

    def _side_by_side(self) -> None:
        """The namespaces in levels below the host."""
        host = self.boxes[self.host.name]
        top = host.bottom + BELOW
        for number, level in enumerate(self._levels()):
            items = []
            for frame in level:
                was, old = self._known(frame)
                wish = old.x if old else self._below_its_end(frame) if number else None
                items.append(Item(frame.w, was.x if was else None, wish))
                top = max(top, was.y if was else 0)
            rest = _only(self.plan.rest) if self.plan.rest and not number else None
            every = [*items, *([Item(rest.w)] if rest else [])]
            line_up(every, host.x, BESIDE)
            for frame, item in zip(level, items, strict=True):
                self.boxes[frame.name] = Rect(item.at, top, frame.w, frame.h)
            if rest:
                self._rest(rest, every[-1].at, top)
            top += max(frame.h for frame in level) + BELOW

    def _list(self) -> None:
        """The namespaces in one column to the right of the host."""
        host, frames = self.boxes[self.host.name], [f for level in self._levels() for f in level]
        wide = max((frame.w for frame in frames if frame.group.simple), default=0)
        start, items = host.y, []
        for frame in frames:
            was, old = self._known(frame)
            frame.w = max(frame.w, wide)
            items.append(Item(frame.h, was.y if was else None, old.y if old else None))
        docks = [self.host.at(dock.bridge) for dock in self.host.group.docks]
        if docks:
            # So that the first cable can be straight.
            start += min(rect.y for rect in docks) - HEAD[False]
        rest = _only(self.plan.rest) if self.plan.rest else None
        every = [*items, *([Item(rest.h + 6)] if rest else [])]
        line_up(every, start, LISTED_GAP)
        x = host.right + CELL_GAP
        for frame, item in zip(frames, items, strict=True):
            self.boxes[frame.name] = Rect(x, item.at, frame.w, frame.h)
        if rest:
            self._rest(rest, x, every[-1].at)

    def _rest(self, slot: Slot, x: int, y: int) -> None:
        slot.x, slot.y = x, y
        self.filler.rest = slot.rect

    def _levels(self) -> list[list[NamespaceBox]]:
        """The namespaces below the host as dot has ranked and ordered them."""

        def at(frame: NamespaceBox) -> Point:
            x, y = self.order[frame.group.rows[0][0].id]
            return (y, x) if self.plan.down else (x, y)

        ranked = groupby(sorted(self.spaces, key=at), key=lambda frame: at(frame)[0])
        return [list(level) for _, level in ranked]

    def _known(self, frame: NamespaceBox) -> tuple[Rect | None, Rect | None]:
        """Where a box was in the latest picture, and where at any time."""
        return self.stage.was(f"ns:{frame.name}"), self.stage.wish(f"ns:{frame.name}")

    def _below_its_end(self, frame: NamespaceBox) -> int | None:
        for slot in frame.group.uplinks:
            there = self.filler.other_end(slot)
            if there:
                return there.middle[0] - frame.at(slot).middle[0]
        return None


def _only(node: Node) -> Slot:
    return next(node.slots())
