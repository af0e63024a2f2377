"""The parts that a picture is put together from, and how big each is.

A node is what Graphviz gives a place to; it is made of slots, and a slot holds a link or notes.
Sizes come from :mod:`nslab.draw.metrics`, never from the machine's fonts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nslab.diff import Kind
from nslab.draw.metrics import clip, width
from nslab.draw.scene import Box, Cell, Line, Scenery

NAME, TEXT, LEAD, PAD = 13, 12, 17, 9
"""Sizes of type, distance of lines and the space inside a box, in pixels."""

TITLE, MARGIN = 16, 12
"""The height of a namespace's title, and what is kept free around its inside."""

PORT_GAP = 8
LONGEST_NAME = 24
LONGEST_LINE = 44
BADGE: dict[Kind, str] = {"new": "+ new", "changed": "~ changed", "gone": "− gone"}

Point = tuple[int, int]


@dataclass(frozen=True)
class Rect:
    """A rectangle: its upper left corner, width and height, in pixels."""

    x: int
    y: int
    w: int
    h: int

    def overlaps(self, other: Rect) -> bool:
        """Whether the two have a pixel in common."""
        return (
            self.x < other.x + other.w and other.x < self.x + self.w
            and self.y < other.y + other.h and other.y < self.y + self.h
        )  # fmt: skip

    def holds(self, point: Point) -> bool:
        """Whether a point lies inside or on the edge."""
        x, y = point
        return self.x <= x <= self.x + self.w and self.y <= y <= self.y + self.h



@dataclass(frozen=True)
class Notes:
    """Lines of text that belong to a namespace and not to a link."""

    lines: tuple[Line, ...]
    docked: bool = False
    """Whether they stand for ports that are not drawn."""


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
        """What of it is drawn."""
        across, down = self.gap
        return Rect(self.x + across // 2, self.y + down // 2, self.w - across, self.h - down)

    def spread(self, length: int, across: bool) -> None:
        """Put it into the middle of more space."""
        if across and self.w < length:
            self.gap, self.w = (self.gap[0] + length - self.w, self.gap[1]), length
        elif not across and self.h < length:
            self.gap, self.h = (self.gap[0], self.gap[1] + length - self.h), length


@dataclass
class Node:
    """A node of the source: slots in lines, each line as long as the others."""

    id: str
    lines: list[list[Slot]]
    across: bool = True
    """Whether a line runs from left to right."""

    @property
    def single(self) -> bool:
        """Whether it is one slot only."""
        return len(self.lines) == len(self.lines[0]) == 1

    def slots(self) -> Iterator[Slot]:
        """All of them, line by line."""
        for line in self.lines:
            yield from line

    @property
    def size(self) -> Point:
        """Width and height."""
        long = max(sum(s.w if self.across else s.h for s in line) for line in self.lines)
        deep = sum(max(s.h if self.across else s.w for s in line) for line in self.lines)
        return (long, deep) if self.across else (deep, long)

    def place(self, left: int, top: int) -> None:
        """Give the slots their places."""
        x, y = left, top
        for line in self.lines:
            for slot in line:
                slot.x, slot.y = x, y
                x, y = (x + slot.w, y) if self.across else (x, y + slot.h)
            depth = max(s.h if self.across else s.w for s in line)
            x, y = (left, y + depth) if self.across else (x + depth, top)


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


def title_width(box: Box, title: str, down: bool) -> int:
    """The least width of a namespace's box inside, so that its title has room.

    From the top ``down``, a cable comes in between the name and the word at the right.
    """
    badge = width(BADGE[box.mark], TEXT, bold=True) + 22 if box.mark else 0
    label = width(clip(box.label, LONGEST_NAME), NAME + 1, code=True)
    words = width(title, TEXT)
    return round(max(label, words, badge / 2) * 2 if down else max(label + words, badge)) + 24


def scenery_size(thing: Scenery) -> Point:
    """Width and height of a part of the world."""
    lines = (thing.name, *thing.addresses)
    inner = max(width(line, TEXT, code=bool(n)) for n, line in enumerate(lines))
    return round(inner) + 2 * PAD + 6, max(2, len(lines)) * (LEAD - 1) + PAD


def rest_size(text: str) -> Point:
    """Width and height of what stands for the namespaces that are left out."""
    return round(width(text, TEXT)) + 4 * PAD, LEAD + 3 * PAD


def spaced(slots: list[Slot], across: bool = True) -> list[Slot]:
    """Slots with some space between them."""
    for slot in slots:
        slot.gap = (PORT_GAP, 0) if across else (0, PORT_GAP)
        slot.w, slot.h = slot.w + slot.gap[0], slot.h + slot.gap[1]
    return slots


def stretch(lines: list[list[Slot]], across: bool) -> None:
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
