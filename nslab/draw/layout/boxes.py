"""The parts that a picture is put together from, and how big each is.

A slot holds a link, notes, or what stands for something else.  Sizes come from
:mod:`nslab.draw.scene.metrics`, never from the machine's fonts.  They leave room for what often
comes: an address, and a word for what has just changed.  All are multiples of four pixels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from nslab.draw.scene.metrics import clip, width
from nslab.draw.scene.scene import Block, Box, Cell, Line, ScenePort, Scenery
from nslab.network.diff import Kind

TITLE, NAME, TEXT = 15, 13, 12
"""Sizes of type: of a namespace's name, of a link's, and of all the rest."""

LEAD, PAD, MARGIN = 16, 10, 12
"""Distance of lines, and the space inside a link's box and inside a namespace, in pixels."""

EDGE = 8
"""Pixels around the picture."""

INSET = 8
"""Pixels that a cable stays away from the corners of a link."""

PLATE, PLATES = 6, 4
"""Pixels that a plate takes more than a line, and that it stays away from a line above it; and how
much further it stays away from a plate above it.
"""

HEAD = 28
"""Pixels that the first line of a link's box takes, with its edge."""

BETWEEN = 6
"""Pixels more from the rows of one port of a switch to those of the next: a line is between them.
"""

CARD, CARD_HEIGHT = 152, 44
BRIDGE, PORT = 208, 136
"""The least sizes of a card, the least width of a bridge, and the most of the first line of a port
with what changed: beyond that it would push aside the ports beside it."""

SOCKET = 20
"""The height of a bridge's port with its name alone."""

ICON = 20
"""Pixels that an icon takes before a name."""

DOT = 18
"""Pixels that the dot for a state takes at the end of a line."""

GAP, PORT_GAP = 16, 8
"""Pixels between rows within a namespace, and between the ports of a bridge."""

FOLDED = 19
"""Characters of an address that has one row where bridges have little room; longer ones get two."""

GATE = 24
"""The height of the sign for forwarding."""

INDENT, INDENTED = 14, 2
"""Pixels, and the characters that have room in them, before what a row of a line goes on with."""

LONGEST_NAME, LONGEST_WORDS = 24, 30
LONGEST_LINE = 44
MOST_ROWS = 3
"""Of a long rule or route; what is beyond stands where you point at it."""

BADGE: dict[Kind, str] = {"new": "new", "changed": "changed", "gone": "gone"}
SIGN: dict[Kind, str] = {"new": "+", "changed": "~", "gone": "−"}

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


NOWHERE = Rect(0, 0, 0, 0)


@dataclass(frozen=True)
class Notes:
    """Lines of text that belong to a namespace and not to a link."""

    lines: tuple[Line, ...]
    docked: bool = False
    """Whether they stand for ports that are not drawn."""
    most: int = LONGEST_LINE
    """Characters in a row: a rule or a route that has more goes on in the next one."""


Part = Cell | Notes | None
"""What a slot holds; None is something of the world, or the rest."""

Shape = Literal["card", "bridge", "socket", "chip", "line", "other"]


@dataclass
class Slot:
    """A part with its size, and later its place."""

    part: Part
    w: int
    h: int
    shape: Shape = "other"
    x: int = 0
    y: int = 0
    inset: int = 0
    """Pixels at its left that something else is written in."""
    extra: tuple[Line, ...] = ()
    """Of a line: what more is said in it."""
    gap: int = 0
    """Of a bridge: where the room between its ports ends, in pixels from its left; 0: it has none.

    What stands on it leaves it there.
    """

    @property
    def rect(self) -> Rect:
        """Where it is."""
        return Rect(self.x, self.y, self.w, self.h)


def grid(pixels: float) -> int:
    """The next multiple of four."""
    return -(-round(pixels) // 4) * 4


def tag_width(words: str) -> int:
    """The width of a tag."""
    return round(width(words, TEXT, bold=True)) + 12


@dataclass(frozen=True)
class Told:
    """What stands at the end of a link's first line, and the lines below its name."""

    beside: str
    mark: Kind | None
    """How it changed, if that is what stands there; else it is a state."""
    lines: tuple[Line, ...]


def told(cell: Cell, room: int = CARD) -> Told:
    """What is said of a link beside its name and below.

    What changed stands in place of the value that it is about.

    :param room: how wide its first line may become, in pixels
    """
    lines = _rows_below(cell)
    if cell.mark in {"new", "gone"} and cell.outermost:
        return Told(BADGE[cell.mark], cell.mark, tuple(lines))
    news = _news(cell) if cell.mark == "changed" else []
    beside = _beside(cell, news, room)
    mark: Kind | None = "changed" if beside and beside in {cell.turned, *news} else None
    if cell.turned and not beside:
        lines.insert(0, Line(cell.turned, "changed", code=False))
    lines += [Line(words, "changed", code=False) for words in news if words != beside]
    if cell.close and beside:
        lines.append(Line(beside, mark, code=False))
        beside, mark = "", None
    return Told(beside, mark, tuple(lines))


def _beside(cell: Cell, news: Sequence[str], room: int) -> str:
    """What stands where the state does: the state, what it was and is, or what else changed."""
    if cell.turned:
        # A bridge has the room; of others the sign of the state stands alone, and the words below.
        return cell.turned if cell.kind == "bridge" or _fits(cell, cell.turned, room) else ""
    # Another name is not read as a state.
    if news and not news[0].startswith("was ") and _fits(cell, news[0], room):
        return news[0]
    return "" if cell.mark == "gone" else _state(cell)


def aside(cell: Cell) -> Line:
    """What stands at the right below a bridge's name: its spanning tree, and how that changed."""
    return Line(cell.tree or cell.aside, "changed" if cell.tree else None, code=False)


def _rows_below(cell: Cell) -> list[Line]:
    """What there is to say of a link whether it changed or not."""
    lines = [*cell.lines, *([Line(cell.loose, code=False)] if cell.loose else [])]
    return [row for line in lines for row in _broken(line)]


def _broken(line: Line) -> list[Line]:
    """What is said of a link in rows that fit: where a tunnel leads is long."""
    if line.code or line.mark or len(line.words) <= LONGEST_WORDS:
        return [line]
    found: list[str] = []
    for part in _LEADS.split(line.words):
        if found and len(found[-1]) + 1 + len(part) <= LONGEST_WORDS:
            found[-1] += f" {part}"
        else:
            found.append(part)
    return [replace(line, text=part, shown="") for part in found]


_LEADS = re.compile(r" (?=to |over |key |VNI )")
"""Where it may be broken that a tunnel leads somewhere: before the word that says what follows."""


def beside_width(said: Told) -> float:
    """The width of what stands at the end of a link's first line."""
    return width(said.beside, TEXT, bold=said.mark is not None)


def _state(cell: Cell) -> str:
    """A word for a state that is not the usual one."""
    return cell.does or ("" if cell.state == "up" else cell.state)


def _news(cell: Cell) -> list[str]:
    """What changed beside its state and its spanning tree."""
    is_said = cell.turned or cell.tree or any(line.mark for line in cell.lines)
    return list(cell.others) or ([] if is_said else ["changed"])


def _fits(cell: Cell, words: str, room: int) -> bool:
    """Whether words have room beside the name."""
    taken = 2 * PAD + _name_width(cell) + DOT + (width(cell.kind, TEXT) + 8 if cell.kind else 0)
    if room == PORT:  # it has no sign for its state, and smaller letters
        name = width(clip(cell.name, LONGEST_NAME), TEXT, code=True)
        taken = 16 + name + 6 + (width(cell.kind, TEXT) + 6 if cell.kind else 0)
    return width(words, TEXT, bold=True) <= room - taken


def _name_width(cell: Cell) -> float:
    return width(clip(cell.name, LONGEST_NAME), NAME, code=True) + 8


_JOINTS = re.compile(
    r" (?=(?:to|as|in by|if|from|via|dev|src|metric|table|lookup|nexthop|scope|proto) |→)"
)
"""Where a rule or a route may be broken: before the word that says what follows."""


def rows(line: Line, most: int = LONGEST_LINE) -> list[str]:
    """What is written of a namespace's line: of a long rule or route no address is cut.

    :param most: characters that a row has room for; those after the first are indented
    """
    if most < LONGEST_LINE:
        beside = _SIGNED.get(line.role, 0) + (_MARKED if line.mark else 0)
        most -= -(-beside // 7)
    if not line.code or len(line.words) <= most:
        return [clip(line.words, LONGEST_LINE)]
    found: list[str] = []
    for part in _JOINTS.split(line.words):
        room = most - INDENTED * (len(found) > 1)
        if found and len(found[-1]) + 1 + len(part) <= room:
            found[-1] += f" {part}"
        else:
            found.append(part)
    kept = [*found[: MOST_ROWS - 1], " ".join(found[MOST_ROWS - 1 :])]
    return [clip(each, LONGEST_LINE) for each in kept if each]


def lines_width(lines: Iterable[Line]) -> int:
    """The width of the widest of some lines."""
    return round(max(map(_line_width, lines), default=0))


def _line_width(line: Line, most: int = LONGEST_LINE) -> float:
    first, *others = rows(line, most)
    return max(_row_width(line, first), *(_row_width(line, each) + INDENT for each in others), 0)


def _row_width(line: Line, text: str) -> float:
    wide = width(text, TEXT, code=line.code)
    if not line.mark:
        return wide
    sign = 0 if line.mark == "changed" else 12
    return max(wide + _MARKED, width(text, TEXT, code=line.code, bold=True) + sign)


def card(cell: Cell) -> Slot:
    """A link as a card."""
    said = told(cell)
    kind = width(cell.kind, TEXT) + 8 if cell.kind else 0
    top = _name_width(cell) + kind + beside_width(said) + DOT
    w = max(CARD, grid(top + 2 * PAD), grid(lines_width(said.lines) + 2 * PAD))
    return Slot(cell, w, max(CARD_HEIGHT, HEAD + LEAD * len(said.lines)), "card")


def bridge(cell: Cell) -> Slot:
    """A bridge as a bar; its ports make it longer."""
    said, tree = told(cell, BRIDGE), aside(cell)
    top = ICON + _name_width(cell) + width("bridge", TEXT) + 24
    top += beside_width(said) + DOT
    first = lines_width(said.lines[:1]) + width(tree.words, TEXT, bold=bool(tree.mark)) + 24
    inner = max(top, first, lines_width(said.lines))
    h = max(HEAD + 20, HEAD + LEAD * len(said.lines) + 4)
    return Slot(cell, max(BRIDGE, grid(inner + 2 * PAD)), h, "bridge")


def socket_words(cell: Cell) -> tuple[str, str, Told]:
    """What is written in a port: its name, and beside it its kind if that is not usual.

    It stands at its bridge, and so does not say to which it was attached.
    """
    said = told(_at_its_bridge(cell), PORT)
    return clip(cell.name, LONGEST_NAME), cell.kind, said


def _at_its_bridge(cell: Cell) -> Cell:
    short = ("attached" if said.startswith("attached to ") else said for said in cell.others)
    return replace(cell, others=tuple(short))


def socket(cell: Cell) -> Slot:
    """A port as a socket at its bridge's edge."""
    name, kind, said = socket_words(cell)
    wide = width(name, TEXT, code=True)
    wide += width(kind, TEXT) + 6 if kind else 0
    wide += beside_width(said) + 6 if said.beside else 0
    w = max(48, grid(wide + 16), grid(lines_width(said.lines) + 16))
    high = SOCKET + LEAD * len(said.lines) + (4 if said.lines else 0)
    return Slot(cell, w, high, "socket")


def folded(block: Block) -> Block:
    """A bridge and its ports with their long addresses in two rows each: so they are narrower.

    A bridge's state has a row of its own then, and its spanning tree, if the bridge is longer with
    them.
    """
    ports = ([_folded(port) for port in ports] for ports in (block.upper, block.lower))
    own = _folded(block.bridge)
    tree = replace(own, aside="", tree="", lines=(*own.lines, aside(own)))
    shapes = [own, replace(own, close=True)]
    shapes += [tree, replace(tree, close=True)] if own.aside and own.lines else []
    return Block(min(shapes, key=lambda cell: bridge(cell).w), *ports)


def _folded(cell: Cell) -> Cell:
    return replace(cell, lines=tuple(row for line in cell.lines for row in _halves(line)))


def _halves(line: Line) -> list[Line]:
    """An IPv6 address in two rows, broken behind a colon near its middle."""
    words = line.words
    joints = [m.end() for m in re.finditer(r":(?!:)", words)]
    if not line.code or " " in words or len(words) <= FOLDED or not joints:
        return [line]
    at = min(joints, key=lambda end: max(end, len(words) - end))
    first = replace(line, text=words[:at], shown="")
    return [first, replace(first, text=words[at:], goes_on=True)]


def gate_width(line: Line) -> int:
    """The width of the sign for forwarding, with its words."""
    if line.role == "forwarding" and line.mark == "changed":
        return turned_width(line)
    sign = 18 if line.mark else 0
    sign += 18 if line.role in {"filter", "policy"} else 0  # their icons stay beside a mark
    return GATE + 8 + round(width(line.words, TEXT, bold=True)) + sign


def turned_width(line: Line) -> int:
    """The same for when forwarding is switched: what is beside it stays where it is then."""
    last = max(width(words, TEXT, bold=True) for words in ("off → on", "on → off"))
    return GATE + 8 + round(width(line.words.rpartition(" ")[0], TEXT)) + 5 + round(last)


_SIGNED = {"nat": 16, "filter": 18, "policy": 18, "listens": 18, "forwarding": 20}
"""Pixels that a line takes beside its words: a plate around them, or a sign before them."""


def _around_line(line: Line) -> int:
    """The same of a line with its mark: the sign of that stands in the edge of a plate."""
    sign = _IN_EDGE if line.role == "nat" and line.mark in {"new", "gone"} else 0
    return _SIGNED.get(line.role, 0) - sign


_IN_EDGE = 8
_MARKED = 14
"""Pixels that the sign of a mark takes before a line."""


def notes_size(lines: Sequence[Line], most: int = LONGEST_LINE) -> Point:
    """Width and height of notes.

    :param most: characters that a row has room for
    """
    plates = PLATE * sum(line.role == "nat" for line in lines)
    plates += sum(map(plate_below, pairwise(lines)))
    wide = max(_line_width(line, most) + _around_line(line) for line in lines)
    high = LEAD * sum(len(rows(line, most)) for line in lines)
    return round(wide) + 1, high + plates + 4


def plate_below(lines: tuple[Line, Line]) -> int:
    """How far the second of two lines keeps away from the first one, as it is a plate."""
    if lines[1].role != "nat":
        return 0
    return PLATES if lines[0].role == "nat" else PLATE


def title_size(box: Box, title: str) -> tuple[int, int]:
    """The widths of a namespace's name, with its icon and tag, and of the word for its kind."""
    name = ICON + width(clip(box.label, LONGEST_NAME), TITLE, bold=True)
    tag = tag_width(BADGE[box.mark]) + 8 if box.mark else 0
    return round(name), round(width(title, TEXT)) + tag


def scenery_lines(thing: Scenery) -> tuple[str, ...]:
    """What is written on a part of the world: its addresses below each other, so that the row of
    all parts is no wider than the host below it."""
    return (thing.name, *thing.addresses)


def port_rows(thing: Scenery) -> list[tuple[int, str, Line]]:
    """What is written of the ports of a part of the world: how far below the first row, a name
    where a port begins, and what it carries."""
    rows: list[tuple[int, str, Line]] = []
    for port in thing.ports:
        for number, line in enumerate(port.lines):
            down = rows[-1][0] + LEAD + (0 if number else BETWEEN) if rows else 0
            rows.append((down, "" if number else port.name, line))
    return rows


def _beside_name(port: ScenePort) -> Iterator[tuple[bool, Line]]:
    """What a port carries, and whether that stands beside its name, now or when what is gone is no
    longer there: so nothing moves for that.
    """
    beside = True
    for line in port.lines:
        yield beside, line
        beside = beside and line.mark == "gone"


def _port_at(thing: Scenery, beside: bool) -> int:
    """Pixels before what a port carries: behind its name, or in a row of its own."""
    if not beside:
        return INDENT
    return round(max(width(port.name, TEXT, code=True) for port in thing.ports)) + _MARKED


def scenery_size(thing: Scenery) -> Point:
    """Width and height of a part of the world."""
    lines = scenery_lines(thing)
    if thing.ports:
        inner = max(
            width(thing.name, TEXT) + ICON,
            *(
                _port_at(thing, beside) + width(line.words, TEXT, code=True, bold=True)
                for port in thing.ports
                for beside, line in _beside_name(port)
            ),
        )
        return grid(inner + 2 * PAD), HEAD + LEAD + port_rows(thing)[-1][0]
    inner = max(
        width(line, TEXT, code=bool(n)) + (0 if n else ICON) for n, line in enumerate(lines)
    )
    return grid(inner + 2 * PAD), HEAD + LEAD * (len(lines) - 1) if len(lines) > 1 else 32


def rest_size(text: str) -> Point:
    """Width and height of what stands for the namespaces that are left out."""
    return grid(width(text, TEXT) + 2 * PAD), 28
