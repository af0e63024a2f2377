"""Where the boxes are: the world, the host below it, and the namespaces in levels below that.

What was in the picture before keeps its distance from the left; what is new takes the first free
place, below its other end if it can.  How far down a row is follows from the rows above it.
"""

from __future__ import annotations

from dataclasses import replace

from nslab.draw.layout.boxes import EDGE, Rect, Slot
from nslab.draw.layout.dense import ENTRY, Panel
from nslab.draw.layout.memory import Memory
from nslab.draw.layout.namespace_box import Filler, NamespaceBox
from nslab.draw.layout.plan import BESIDE, COLUMN, NARROW, Plan
from nslab.draw.layout.rows import Item, line_up, squeeze
from nslab.draw.scene.scene import Cell

BELOW = 32
"""Pixels between one level of namespaces and the next: room for a tag."""

OUTSIDE = 6
"""Pixels around a picture where a cable runs beside all boxes."""

LANES, LANE = 3, 7
"""Pixels for cables beside a row of namespaces, where one more stands below it; and for each more
than one.
"""

PLUG = 10
"""Pixels from the right end of a row to the port of what stands below it: so the port before that
may say what changed.
"""

SWITCH = 166
"""Pixels from the left to the LAN's switch."""

WORLD_GAP, CLOSE = 30, 16
"""Pixels between the parts of the world: so they end where most hosts do; and the least."""


PANEL = 550
"""Pixels that a panel may be wide, if host and world are narrower."""

HIGH = 24
"""With more lines a panel that hangs on a link is as wide as a page."""


class Aligner:
    """Places everything of a plan."""

    def __init__(self, plan: Plan, stage: Memory) -> None:
        self.plan, self.stage = plan, stage
        self.filler = Filler(plan, stage)
        self.boxes = self.filler.boxes
        self.host, *self.spaces = self.filler.frames
        self.top = EDGE
        self._rows: dict[str, int] = {}
        """In which row of its level each box stands, by its name."""
        self._most = NARROW
        """How long the rows of a level are that fit into a narrow cell."""
        self._needs = 0
        """How wide the host is for what is in it."""

    def place(self) -> None:
        """Give every slot its place, and every box its rectangle."""
        self._world()
        for turn in (1, 2):  # where ports should be follows from where the namespaces came
            self.filler.fill()
            if turn == 1:
                self._needs = self.host.w
            self.boxes[self.host.name] = Rect(EDGE, self.top, self.host.w, self.host.h)
            self._below()
        self._widen()
        for frame in self.filler.frames:
            box = self.boxes[frame.name]
            for slot in frame.slots():
                at = frame.at(slot).moved(box.x, box.y)
                slot.x, slot.y = at.x, at.y

    def places(self) -> dict[str, int]:
        """What to remember."""
        found = {f"ns:{name}": rect.x for name, rect in self.boxes.items()}
        found |= {f"end:{name}": rect.right for name, rect in self.boxes.items()}
        found |= {f"row:{name}": number for name, number in self._rows.items()}
        for frame in self.filler.frames:
            for slot in frame.slots():
                found[self.filler.name(frame, slot)] = self.filler.kept(frame, slot)
            for number, docks in enumerate(frame.group.floors):
                found |= {f"floor:{self.filler.named(dock.bridge)}": number for dock in docks}
        for thing, slot in zip(self.plan.scene.scenery, self.plan.world, strict=True):
            found[f"world:{thing.label}"] = slot.x
        return found

    def _world(self) -> None:
        slots = self.plan.world
        tallest = max((slot.h for slot in slots), default=0)
        names = [f"world:{thing.label}" for thing in self.plan.scene.scenery]
        wishes = [self.stage.wish(name) for name in names]
        gap, wide = WORLD_GAP, sum(slot.w for slot in slots)
        if len(slots) > 1 and wide + gap * (len(slots) - 1) > NARROW:
            # The switch has more to say than usual.
            gap, wishes = max(CLOSE, (NARROW - wide) // (len(slots) - 1)), [None] * len(slots)
        if len(slots) == 1 and wishes == [None]:
            wishes = [SWITCH]  # where it is when it is not alone
        items = [Item(slot.w, wish) for slot, wish in zip(slots, wishes, strict=True)]
        line_up(items, EDGE, gap)
        for slot, item in zip(slots, items, strict=True):
            slot.x, slot.y = item.at, EDGE + (tallest - slot.h) // 2
        if tallest:
            self.top = EDGE + tallest + BELOW

    def _below(self) -> None:
        """The namespaces in levels below the host, and what stands for the rest."""
        top = self._panels(self.boxes[self.host.name].bottom + BELOW)
        frames = {frame.group.box.key: frame for frame in self.spaces}
        rest = self.plan.rest
        for number in sorted(self.plan.levels):
            level = [frames[box.key] for box in self.plan.levels[number] if box.key in frames]
            above: list[int] = []
            for row in self._wrapped(level if number else []):
                for frame in row if above else ():
                    self.filler.aside[frame.name] = max(above) - PLUG
                top = self._row(row, top, below=number > 1) + BELOW
                above += [self.boxes[frame.name].right for frame in row]
            if rest and number == 1:
                rest.x, rest.y = EDGE, top
                top += rest.h + BELOW

    def _widen(self) -> None:
        """Make the host, and its last bridge, as wide as what is above and below it: one right
        edge.
        """
        host, group = self.boxes[self.host.name], self.host.group
        right = max((slot.rect.right for slot in self.plan.world), default=0)
        if group.docks:
            names = [self.plan.scene.box_names[box.key] for box in self.plan.levels.get(1, ())]
            right = max([right, *(self.boxes[name].right for name in names if name in self.boxes)])
        if right > host.right:
            self.boxes[self.host.name] = replace(host, w=right - host.x)
            if group.docks:
                last = max((dock.bridge for dock in group.first), key=self._left_in_host)
                last.w += right - host.right

    def _left_in_host(self, slot: Slot) -> int:
        return self.host.at(slot).x

    def _row(self, row: list[NamespaceBox], top: int, *, below: bool) -> int:
        """A row of namespaces; where it ends."""
        narrow = self._is_narrow(row)
        if narrow and sum(frame.w + BESIDE for frame in row) - BESIDE > self._most:
            for frame in row:
                frame.w = frame.least
        items = []
        for frame in row:
            name = f"ns:{frame.name}"
            was, old = self.stage.was(name), self.stage.wish(name)
            wish = old if old is not None else self._below_its_end(frame) if below else None
            items.append(Item(frame.w, was, wish))
        line_up(items, EDGE, BESIDE)
        items = _fitted(items, *((self._most, NARROW) if narrow else (COLUMN, COLUMN)))
        for frame, item in zip(row, items, strict=True):
            self.boxes[frame.name] = Rect(item.at, top, frame.w, frame.h)
        return top + max(frame.h for frame in row)

    def _is_narrow(self, row: list[NamespaceBox]) -> bool:
        """Whether a row fits into a narrow cell.

        One that was wide stays so: else what did not change would move.
        """
        ends = [self.stage.was(f"end:{frame.name}") or 0 for frame in row]
        fits = sum(frame.least + BESIDE for frame in row) - BESIDE <= NARROW
        return fits and max(ends) <= EDGE + NARROW

    def _wrapped(self, level: list[NamespaceBox]) -> list[list[NamespaceBox]]:
        """A level in rows that fit into a narrow cell, or below a host that is wider than that.

        Who was in a row stays there; who is new takes the first one with room for it.
        """
        spread = self._spread(level)
        most = COLUMN if spread else max(NARROW, min(self._needs, COLUMN))
        wide = {id(frame): (frame.least if most == NARROW else frame.w) + BESIDE for frame in level}
        self._most = NARROW
        if spread or sum(wide.values()) - BESIDE <= most:
            return self._in_rows(level, wide, most)
        for below in range(1, len(level) + 1):
            beside = LANES + LANE * (below - 1)
            self._most = NARROW - beside
            rows = self._in_rows(level, wide, most - beside)
            if sum(map(len, rows[1:])) <= below:
                break
        return rows

    def _in_rows(
        self, level: list[NamespaceBox], wide: dict[int, int], most: int
    ) -> list[list[NamespaceBox]]:
        """A level in rows, none of which is longer than that if it can."""
        rows: dict[int, list[NamespaceBox]] = {}
        for frame in sorted(level, key=lambda frame: self._row_before(frame) is None):
            was = self._row_before(frame)
            wishes = (self.stage.wish(f"row:{frame.name}") or 0) if was is None else was
            for number in (wishes, *range(len(level))):
                row = rows.setdefault(number, [])
                if not row or sum(wide[id(each)] for each in (*row, frame)) - BESIDE <= most:
                    row.append(frame)
                    self._rows[frame.name] = number
                    break
        return [sorted(rows[number], key=level.index) for number in sorted(rows) if rows[number]]

    def _row_before(self, frame: NamespaceBox) -> int | None:
        return self.stage.was(f"row:{frame.name}")

    def _spread(self, level: list[NamespaceBox]) -> bool:
        """Whether a level has to stay side by side: where a tunnel joins two of it, or others stand
        below two of it and nothing joins them to the host.
        """
        scene, keys = self.plan.scene, {frame.group.box.key for frame in level}
        home = {cell.key: box.key for box in scene.boxes for cell in box.cells()}
        tunnels = (cable for cable in scene.cables if cable.tunnel)
        joined = any({home.get(one.upper), home.get(one.lower)} <= keys for one in tunnels)
        apart = any(key in scene.levels for key in keys)
        return joined or (apart and sum(not frame.group.simple for frame in level) > 1)

    def _below_its_end(self, frame: NamespaceBox) -> int | None:
        for slot in frame.group.uplinks:
            there = self.filler.other_end(slot)
            if there:
                return there.middle[0] - frame.at(slot).middle[0]
        return None

    def _panels(self, top: int) -> int:
        """The panels, just below the host; where what follows begins."""
        host = self.boxes[self.host.name]
        right = max([host.right, *(slot.rect.right for slot in self.plan.world)])
        for panel in self.plan.panels:
            # Some more lines, and nothing is to be moved; of very many that would be too high.
            panel.place(EDGE, top, min(COLUMN, max(right - EDGE, PANEL)))
            if panel.home and panel.lines > HIGH:
                panel.place(EDGE, top, COLUMN)
            top = panel.rect.bottom + BELOW
        return top

    def plug(self, panel: Panel, number: int) -> Slot | None:
        """Where in the host a panel's rails come out of what they hang on."""
        home = next(
            (
                slot
                for slot in self.host.slots()
                if isinstance(slot.part, Cell) and slot.part.key == panel.home
            ),
            None,
        )
        if home is None:
            return None
        at = home.rect
        if home.shape != "bridge":
            return Slot(None, 2 * ENTRY, 1, x=at.right - 2 * ENTRY, y=at.bottom)
        below = [
            slot.rect.grown(ENTRY)
            for slot in self.host.slots()
            if slot.y >= at.bottom and slot.rect.overlaps(Rect(at.x, at.bottom, at.w, 60))
        ]
        places = range(at.x + ENTRY * (1 + number), at.right - 8, 8)
        free = (x for x in places if not any(r.x < x < r.right for r in below))
        return Slot(None, 2 * ENTRY, 1, x=next(free, at.x + ENTRY) - ENTRY, y=at.bottom)


def _fitted(items: list[Item], wanted: int, most: int) -> list[Item]:
    """A row as it is, if it has room; else moved together, or with a new place for everything.

    :param wanted: how long one may be that was there: cables run down beside it
    :param most: how long any may be
    """
    if any(item.was is not None for item in items):
        squeeze(items, EDGE, EDGE + wanted, BESIDE)
    if max(item.end for item in items) > EDGE + most:
        # What was remembered leaves too little room.
        items = [Item(item.length) for item in items]
        line_up(items, EDGE, BESIDE)
    return items
