"""A placed scene as SVG, written here so that it is the same wherever it is made.

Two flavours come from the same places.  ``inline`` is for a notebook's output: it takes the
colour of the text around it, so it follows a light or dark theme.  ``standalone`` is a file of its
own, on which nobody's theme acts: cards with their own ground, readable on white and on black.

There are no ids in it, so any number of pictures can stand on one page.  What a script wants to
find has a ``data-`` attribute with names that are the same in every run: ``data-ns="ns1"``,
``data-link="ns1/eth0"``, ``data-cable="host/lxcbr0.1 ns1/eth0"``, ``data-world="router"``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from nslab.draw.layout.boxes import (
    LEAD,
    LONGEST_LINE,
    LONGEST_NAME,
    MARGIN,
    NAME,
    PAD,
    SIGN,
    TEXT,
    Notes,
    Point,
    Rect,
    Slot,
    cell_lines,
    scenery_lines,
)
from nslab.draw.layout.legend import MARK, WIDTHS, WORDS, Sign
from nslab.draw.layout.place import EDGE, Placed, trace
from nslab.draw.layout.plan import Run
from nslab.draw.layout.tags import Tag
from nslab.draw.paint.style import style
from nslab.draw.scene.metrics import clip, printable, width
from nslab.draw.scene.scene import Box, Cell, Line, Scenery
from nslab.network.diff import Kind

_ROUND = 8
"""The radius of a cable's turn."""


@dataclass(frozen=True)
class Over:
    """What is drawn over a picture, which then steps back: its rules and its elements."""

    title: str
    style: str
    elements: list[str]
    below: list[str]
    """What lies below all texts and lines, and above the ground that they stand on."""


def svg(placed: Placed, description: str, *, standalone: bool, over: Over | None = None) -> str:
    """The picture; ``description`` is its text form, for those who cannot see it."""
    return "\n".join(_Writer(placed).elements(description, standalone, over)) + "\n"


class _Writer:
    def __init__(self, placed: Placed) -> None:
        self.placed = placed
        self.names = placed.scene.names
        self.traces = [point for _, path in placed.runs for point in trace(path)]

    def elements(
        self, description: str, standalone: bool, over: Over | None = None
    ) -> Iterator[str]:
        placed = self.placed
        w, h = placed.width, placed.height
        title = over.title if over else f"The network of {placed.scene.title}"
        flavour = "file" if standalone else "inline"
        if placed.scene.differs and not over:
            title += ", with what changed"
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="nslab-picture nslab-{flavour}" '
            f'role="img" width="{w}" height="{h}" viewBox="0 0 {w} {h}" '
            f'style="max-width:100%;height:auto;background:transparent" '
            f'aria-label="{_xml(title)}">'
        )
        yield f"<title>{_xml(title)}</title>"
        yield f"<desc>{_xml(description)}</desc>"
        yield f"<style>{style(standalone)}{over.style if over else ''}</style>"
        if over:
            if standalone:
                yield from self._ground()
            yield from filter(None, over.below)
            yield '<g class="nslab-behind">'
        yield from self._network()
        if over:
            yield "</g>"
            yield from filter(None, over.elements)
        yield "</svg>"

    def _ground(self) -> Iterator[str]:
        """The areas alone."""
        placed = self.placed
        yield '<g class="nslab-ground">'
        areas = [(rect, "nslab-box", 8) for _, _, rect in placed.boxes]
        areas += [(rect, "nslab-box", 12) for _, rect in placed.scenery]
        areas += [(slot.rect, "nslab-cell nslab-bridge", 5) for _, slot in placed.bridges]
        areas += [(slot.rect, "nslab-cell", 5) for _, slot in placed.cells]
        yield from (_rect(*area) for area in areas)
        yield "</g>"

    def _network(self) -> Iterator[str]:
        placed = self.placed
        for box, words, rect in placed.boxes:
            yield from self._box(box, words, rect)
        for thing, rect in placed.scenery:
            yield from self._scenery(thing, rect)
        for cell, slot in placed.bridges:
            yield from self._cell(cell, slot, " nslab-bridge")
        for cell, slot in placed.cells:
            yield from self._cell(cell, slot, "")
        for run, path in placed.runs:
            yield self._cable(run, path)
        for notes, rect, box in placed.notes:
            yield from self._notes(notes, rect, box)
        if placed.rest:
            yield from self._rest(placed.rest)
        for tag in placed.tags:
            yield from _tag(tag)
        yield from self._legend()

    def _group(self, kind: str, mark: Kind | None, data: str) -> str:
        """The start of a group; in a diff, what did not change steps back."""
        same = " nslab-same" if self.placed.scene.differs and not mark else ""
        return f'<g class="nslab-{kind}{same}" {data}'

    def _box(self, box: Box, title: str, rect: Rect) -> Iterator[str]:
        mark = f" nslab-{box.mark}" if box.mark else ""
        yield f"{self._group('space', box.mark, _ns(self.placed.scene.box_names[box.key]))}>"
        yield f"<title>{_xml(f'{box.label} ({box.title})')}</title>"
        yield _rect(rect, f"nslab-box{mark}", 8)
        x, y = rect.x + MARGIN, rect.y + 19
        label = clip(box.label, LONGEST_NAME)
        struck = " nslab-struck" if box.mark == "gone" else ""
        yield _text(x, y, label, f"nslab-title{struck}")
        right = rect.right - MARGIN
        wide = round(width(title, TEXT))
        after = x + round(width(label, NAME + 1, code=True)) + 10
        for left in (right - wide, after):
            # A cable may come in through the title; where it does, the lesser word gives way.
            room = Rect(left - 4, y - 12, wide + 8, 16)
            if left >= after and not any(map(room.holds, self.traces)):
                yield _text(left, y, title, "nslab-muted")
                break
        yield "</g>"

    def _cell(self, cell: Cell, slot: Slot, more: str) -> Iterator[str]:
        rect = slot.rect
        shape = "nslab-ghost" if cell.mark == "gone" else "nslab-cell"
        off = "" if cell.state == "up" else " nslab-off"
        mark = f" nslab-{cell.mark}" if cell.mark else ""
        name = self.names[cell.key]
        data = f'{_ns(name.rpartition("/")[0])} data-link="{_xml(name)}"'
        yield (
            f'{self._group("link", cell.mark, data)} tabindex="0" role="img" '
            f'aria-label="{_xml(cell.facts)}">'
        )
        yield f"<title>{_xml(cell.facts)}</title>"
        yield _rect(rect, f"{shape}{more}{off}{mark}", 5)
        if cell.mark:
            yield _rect(rect, f"nslab-tint-{cell.mark}", 5)
        gone = " nslab-muted" if cell.mark == "gone" else ""
        struck = " nslab-struck" if cell.mark == "gone" else ""
        x, y, right = rect.x + PAD, rect.y + PAD + 11, rect.right - PAD
        label = clip(cell.name, LONGEST_NAME)
        yield _text(x, y, label, f"nslab-name{gone}{struck}")
        after = x + round(width(label, NAME, code=True)) + 7
        if slot.compact:
            yield _text(after + 3, y, cell.lines[0].text, "nslab-code")
        elif cell.kind:
            yield _text(after, y, cell.kind, "nslab-muted")
        state = cell.does or cell.state
        yield _text(right, y, state, "nslab-end nslab-muted")
        dot = right - round(width(state, TEXT)) - 8
        filled = "nslab-dot" if cell.state == "up" else "nslab-hollow"
        yield f'<circle class="{filled}" cx="{dot}" cy="{y - 4}" r="3.5"/>'
        if cell.aside:
            yield _text(right, y + LEAD, cell.aside, "nslab-end nslab-muted")
        for line in () if slot.compact else cell_lines(cell):
            y += LEAD
            yield from _line(x, y, line, gone)
        yield "</g>"

    def _notes(self, notes: Notes, rect: Rect, box: Box) -> Iterator[str]:
        if notes.docked:
            yield _rect(rect, "nslab-cell nslab-off nslab-calm", 5)
            x, y = rect.x + rect.w // 2, rect.y + rect.h // 2 + 4
            yield _text(x, y, notes.lines[0].text, "nslab-middle nslab-muted")
            return
        y = rect.y + 15
        for line in notes.lines:
            mark = line.mark or box.mark
            yield f"{self._group('note', mark, _ns(self.placed.scene.box_names[box.key]))}>"
            yield from _line(rect.x + PAD, y, line, "" if line.mark else " nslab-muted")
            yield "</g>"
            y += LEAD

    def _scenery(self, thing: Scenery, rect: Rect) -> Iterator[str]:
        mark = f" nslab-{thing.mark}" if thing.mark else ""
        data = f'data-world="{_xml(thing.label)}"'
        yield (
            f'{self._group("outside", thing.mark, data)} tabindex="0" role="img" '
            f'aria-label="{_xml(thing.facts)}">'
        )
        yield f"<title>{_xml(thing.facts)}</title>"
        yield _rect(rect, f"nslab-box{mark}", 12)
        lines = scenery_lines(thing)
        lead = LEAD - 1
        y = rect.y + (rect.h - lead * len(lines)) // 2 + 12
        for number, line in enumerate(lines):
            code = " nslab-code" if number else ""
            yield _text(rect.x + rect.w // 2, y, line, f"nslab-middle nslab-muted{code}")
            y += lead
        yield "</g>"

    def _rest(self, rect: Rect) -> Iterator[str]:
        for shift in (6, 3, 0):
            yield _rect(rect.moved(shift, shift), "nslab-box", 8)
        x, y = rect.x + rect.w // 2, rect.y + rect.h // 2 + 4
        yield _text(x, y, self.placed.scene.rest, "nslab-middle")

    def _cable(self, run: Run, path: list[Point]) -> str:
        cable = run.cable
        if cable is None:
            same = " nslab-same" if self.placed.scene.differs else ""
            return line_through(path, f"nslab-wire nslab-calm{same}")
        classes = "nslab-cable" if cable.pair else "nslab-wire"
        classes += "" if cable.up else " nslab-off"
        classes += f" nslab-{cable.mark}" if cable.mark else ""
        plug = "nslab-plug" + (f" nslab-plate-{cable.mark}" if cable.mark else "")
        ends = (path[0], path[-1]) if cable.pair else ()
        plugs = "".join(f'<circle class="{plug}" cx="{x}" cy="{y}" r="3.6"/>' for x, y in ends)
        names = " ".join(self.names[key] for key in (cable.upper, cable.lower))
        start = self._group("line", cable.mark, f'data-cable="{_xml(names)}"')
        return f"{start}>{line_through(path, classes)}{plugs}</g>"

    def _legend(self) -> Iterator[str]:
        legend = self.placed.legend
        if legend.signs:
            yield '<g class="nslab-legend">'
            top = legend.signs[0][1][1] - 16
            card = Rect(EDGE, top, legend.width - EDGE, self.placed.height - top - 2)
            yield _rect(card, "nslab-card", 6)
            for sign, (x, y) in legend.signs:
                yield from _sign(sign, x, y)
            yield "</g>"


def _sign(sign: Sign, x: int, y: int) -> Iterator[str]:
    """A sign of the legend and what it means."""
    wide = WIDTHS.get(sign, MARK)
    if sign == "bridge":
        yield _rect(Rect(x, y - 11, wide, 14), "nslab-cell nslab-bridge", 4)
    elif sign == "cable":
        yield line_through([(x + 4, y - 4), (x + wide - 4, y - 4)], "nslab-cable")
        for end in (x + 4, x + wide - 4):
            yield f'<circle class="nslab-plug" cx="{end}" cy="{y - 4}" r="3.6"/>'
    elif sign == "stacked":
        yield line_through([(x + 2, y - 4), (x + wide - 2, y - 4)], "nslab-wire")
    elif sign == "up":
        yield f'<circle class="nslab-dot" cx="{x + 4}" cy="{y - 4}" r="3.5"/>'
    elif sign == "not up":
        yield _rect(Rect(x, y - 11, wide, 14), "nslab-cell nslab-off", 4)
        yield f'<circle class="nslab-hollow" cx="{x + 11}" cy="{y - 4}" r="3.5"/>'
    else:
        yield _rect(Rect(x, y - 11, MARK, 14), f"nslab-plate-{sign}", 3)
        yield _text(x + MARK // 2, y, SIGN[sign], "nslab-badge nslab-middle")
    yield _text(x + wide + 6, y, WORDS[sign], "nslab-muted")


def line_through(path: list[Point], classes: str) -> str:
    """A line through points, with its turns rounded."""
    words = [f"M{path[0][0]} {path[0][1]}"]
    for (before, point), (_, after) in pairwise(pairwise(path)):
        ends = []
        for other in (before, after):
            length = abs(other[0] - point[0]) + abs(other[1] - point[1])
            back = min(_ROUND, length // 2)
            ends.append(
                tuple(
                    p + (0 if o == p else back if o > p else -back)
                    for p, o in zip(point, other, strict=True)
                )
            )
        (ax, ay), (bx, by) = ends
        words.append(f"L{ax} {ay}Q{point[0]} {point[1]} {bx} {by}")
    words.append(f"L{path[-1][0]} {path[-1][1]}")
    return f'<path class="{classes}" d="{"".join(words)}"/>'


def _xml(text: str) -> str:
    return escape(printable(text))


def _ns(name: str) -> str:
    return f'data-ns="{_xml(name)}"'


def _rect(rect: Rect, classes: str, radius: int) -> str:
    return (
        f'<rect class="{classes}" x="{rect.x}" y="{rect.y}" width="{rect.w}" height="{rect.h}" '
        f'rx="{radius}"/>'
    )


def _text(x: int, y: int, text: str, classes: str) -> str:
    return f'<text class="{classes}" x="{x}" y="{y}">{_xml(text)}</text>'


def _line(x: int, y: int, line: Line, more: str) -> Iterator[str]:
    """A line of text; the plate of its mark hangs to the left of it and takes no room."""
    text = clip(line.text, LONGEST_LINE)
    classes = f"{'nslab-code' if line.code else ''}{more}".strip()
    if line.mark:
        wide = round(width(text, TEXT, code=line.code))
        yield _rect(Rect(x - 3, y - 13, wide + 6, LEAD), f"nslab-tint-{line.mark}", 3)
        yield _rect(Rect(x - 17, y - 11, MARK, 14), f"nslab-plate-{line.mark}", 3)
        yield _text(x - 10, y, SIGN[line.mark], "nslab-badge nslab-middle")
        if line.mark == "gone":
            classes += " nslab-struck"
    yield _text(x, y, text, classes)


def _tag(tag: Tag) -> Iterator[str]:
    """A plate with a sign and words."""
    rect = tag.rect
    yield _rect(rect, f"nslab-plate-{tag.mark}", 8)
    yield _text(rect.x + rect.w // 2, rect.y + 12, tag.words, "nslab-badge nslab-middle")
