"""The parts that a picture is put together from, and how big each is.

A node is what Graphviz gives a place to; it is made of slots, and a slot holds a link or notes.
Sizes come from :mod:`nslab.draw.scene.metrics`, never from the machine's fonts.  They leave room
for what often comes: the longest word for a state, an address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nslab.draw.scene.metrics import clip, width
from nslab.draw.scene.scene import Box, Cell, Line, Scenery
from nslab.network.diff import Kind

NAME, TEXT, LEAD, PAD = 13, 12, 17, 9
"""Sizes of type, distance of lines and the space inside a box, in pixels."""

MARGIN = 12
"""What is kept free at the inner edges of a namespace."""

HEAD = {True: 32, False: 27}
"""The height of a namespace's title: side by side, or listed below each other."""

PORT_GAP = 8
LONGEST_NAME = 24
LONGEST_LINE = 44
LEAST_CELL = 170
LEAST_BRIDGE = 240
LEVEL = 16
"""How far below a link's upper edge a cable comes in from the side: beside its name."""


BADGE: dict[Kind, str] = {"new": "+ new", "changed": "~ changed", "gone": "− gone"}
SIGN: dict[Kind, str] = {kind: words[0] for kind, words in BADGE.items()}

STATES = ("up", "down", "no-carrier")

Point = tuple[int, int]


@dataclass(frozen=True)
class Rect:
    """A rectangle: its upper left corner, width and height, in pixels."""

    x: int
    y: int
    w: int
    h: int

    @property
    def right(self) -> int:
        """The first pixel to the right of it."""
        return self.x + self.w

    @property
    def bottom(self) -> int:
        """The first pixel below it."""
        return self.y + self.h

    @property
    def middle(self) -> Point:
        """Its middle."""
        return self.x + self.w // 2, self.y + self.h // 2

    def moved(self, x: int, y: int) -> Rect:
        """The same rectangle further right and down."""
        return Rect(self.x + x, self.y + y, self.w, self.h)

    def grown(self, by: int) -> Rect:
        """The same with as much more on each side."""
        return Rect(self.x - by, self.y - by, self.w + 2 * by, self.h + 2 * by)

    def overlaps(self, other: Rect) -> bool:
        """Whether the two have a pixel in common."""
        return (
            self.x < other.right
            and other.x < self.right
            and self.y < other.bottom
            and other.y < self.bottom
        )

    def holds(self, point: Point) -> bool:
        """Whether a point lies inside or on the edge."""
        x, y = point
        return self.x <= x <= self.right and self.y <= y <= self.bottom


@dataclass(frozen=True)
class Notes:
    """Lines of text that belong to a namespace and not to a link."""

    lines: tuple[Line, ...]
    docked: bool = False
    """Whether they stand for ports that are not drawn."""


Part = Cell | Notes | None
"""What stands in a place of a node; None is something of the world, or the rest."""


@dataclass
class Slot:
    """A part of a node with its size, and later its place."""

    part: Part
    w: int
    h: int
    compact: bool = False
    """Whether the address of a link stands beside its name."""
    x: int = 0
    y: int = 0

    @property
    def rect(self) -> Rect:
        """Where it is."""
        return Rect(self.x, self.y, self.w, self.h)


@dataclass
class Node:
    """A node of the source: slots in lines."""

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


def head_width(cell: Cell) -> float:
    """The width of a link's first line: its name, its kind and any state."""
    kind = width(f" {cell.kind}", TEXT) + 5 if cell.kind else 0
    state = max(width(word, TEXT) for word in STATES) + 16
    return width(clip(cell.name, LONGEST_NAME), NAME, code=True) + kind + 14 + state


def tags_and_lines(cell: Cell) -> tuple[list[str], list[str]]:
    """What hangs on a link as tags, and what more there is to say, which stands in it."""
    if cell.mark != "changed":
        return [BADGE[cell.mark]] if cell.mark else [], []
    told = [f"{SIGN['changed']} {words}" for words in cell.told] or [SIGN["changed"]]
    room = _least_width(cell) + 10
    if sum(tag_width(words) + 6 for words in told) <= room:
        return told, []
    if tag_width(told[0]) <= room:
        return told[:1], list(cell.told[1:])
    return [SIGN["changed"]], list(cell.told)


def _least_width(cell: Cell) -> int:
    least = LEAST_BRIDGE if cell.kind == "bridge" else LEAST_CELL
    return max(round(head_width(cell)) + 2 * PAD, least)


def tag_width(words: str) -> int:
    """The width of a tag."""
    return round(width(words, TEXT, bold=True)) + 12


def cell_lines(cell: Cell) -> list[Line]:
    """What stands below the name of a link."""
    return [*cell.lines, *(Line(words, "changed", code=False) for words in tags_and_lines(cell)[1])]


def cell_size(cell: Cell, *, least: int = 1) -> Point:
    """Width and height of a link's box, which has room for ``least`` lines below the name."""
    lines = cell_lines(cell)
    wide = [width(clip(line.text, LONGEST_LINE), TEXT, code=line.code) for line in lines]
    if cell.aside:
        wide = [(wide[0] + 18 if wide else 0) + width(cell.aside, TEXT), *wide[1:]]
    count = max(len(lines), least, 1 if cell.aside else 0)
    w = max(_least_width(cell), *(round(each) + 2 * PAD for each in wide), 0)
    return w, LEAD * (1 + count) + 2 * PAD - (0 if count else 3)


def compact_size(cell: Cell) -> Point:
    """The same for a link that has its address beside its name."""
    beside = width(cell.lines[0].text, TEXT, code=True) + 10
    state = width(cell.state, TEXT) + 30
    name = width(clip(cell.name, LONGEST_NAME), NAME, code=True)
    return round(name + beside + state) + 2 * PAD, LEAD + 2 * PAD - 3


def notes_size(lines: Iterable[Line]) -> Point:
    """Width and height of notes."""
    every = list(lines)
    inner = max(width(clip(line.text, LONGEST_LINE), TEXT, code=line.code) for line in every)
    return round(inner) + PAD, LEAD * len(every) + PAD


def title_width(box: Box, title: str) -> int:
    """The least width of a namespace's box, so that its title has room."""
    badge = tag_width(BADGE[box.mark]) + 12 if box.mark else 0
    label = width(clip(box.label, LONGEST_NAME), NAME + 1, code=True)
    return round(max(label + width(title, TEXT) + 14, badge)) + 2 * MARGIN


def scenery_lines(thing: Scenery) -> tuple[str, ...]:
    """What is written on a part of the world."""
    return (thing.name, " · ".join(thing.addresses)) if thing.addresses else (thing.name,)


def scenery_size(thing: Scenery) -> Point:
    """Width and height of a part of the world."""
    inner = max(width(line, TEXT, code=bool(n)) for n, line in enumerate(scenery_lines(thing)))
    return round(inner) + 2 * PAD + 2, 2 * (LEAD - 1) + PAD


def rest_size(text: str) -> Point:
    """Width and height of what stands for the namespaces that are left out."""
    return round(width(text, TEXT)) + 4 * PAD, LEAD + 3 * PAD
