"""A placed scene as SVG, written here so that it is the same wherever it is made.

Two flavours come from the same places.  ``inline`` is for a notebook's output: it takes the
colour of the text around it, so it follows a light or dark theme.  ``standalone`` is a file of its
own, on which nobody's theme acts: cards with their own ground, readable on white and on black.

There are no ids in it, so any number of pictures can stand on one page.  Every class begins with
``nslab-``, and the rules of one flavour do not reach the other.  Colours are of the Okabe-Ito
palette, and nothing is said by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from nslab.diff import Kind
from nslab.draw.layout import Placed, trace
from nslab.draw.metrics import clip, printable, width
from nslab.draw.parts import (
    BADGE, LEAD, LONGEST_LINE, LONGEST_NAME, NAME, PAD, TEXT, Notes, Point, Rect, Slot,
)  # fmt: skip
from nslab.draw.plan import Run
from nslab.draw.scene import Box, Cell, Line, Scenery

COLOURS: dict[Kind, str] = {"new": "#009e73", "changed": "#0072b2", "gone": "#d55e00"}

_CODE = "'DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono',monospace"
_SANS = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"

_COMMON = f"""\
.nslab-picture text{{font-family:{_SANS};font-size:{TEXT}px;stroke:none}}
.nslab-picture .nslab-code{{font-family:{_CODE}}}
.nslab-picture .nslab-name{{font-family:{_CODE};font-size:{NAME}px;font-weight:bold}}
.nslab-picture .nslab-title{{font-family:{_CODE};font-size:{NAME + 1}px;font-weight:bold}}
.nslab-picture .nslab-end{{text-anchor:end}}
.nslab-picture .nslab-middle{{text-anchor:middle}}
.nslab-picture .nslab-struck{{text-decoration:line-through}}
.nslab-picture .nslab-box,.nslab-picture .nslab-cell{{stroke-width:1.2}}
.nslab-picture .nslab-bridge{{stroke-width:2}}
.nslab-picture .nslab-cable{{fill:none;stroke-width:2.4;stroke-linecap:round}}
.nslab-picture .nslab-wire{{fill:none;stroke-width:1.4}}
.nslab-picture .nslab-off{{stroke-dasharray:5 4}}
.nslab-picture .nslab-new{{stroke-width:2.6}}
.nslab-picture .nslab-changed{{stroke-width:2.2}}
.nslab-picture .nslab-gone{{stroke-width:2;stroke-dasharray:1.5 4;stroke-linecap:round}}
.nslab-picture .nslab-badge{{fill:#fff;font-weight:bold;font-size:{TEXT}px}}
.nslab-picture g:focus{{outline:2px solid #0072b2;outline-offset:2px}}
"""

_INLINE = """\
.nslab-inline{color:inherit}
.nslab-inline text{fill:currentColor}
.nslab-inline .nslab-badge{fill:#fff}
.nslab-inline .nslab-muted{fill-opacity:.68}
.nslab-inline .nslab-box{fill:currentColor;fill-opacity:.035;stroke:currentColor;stroke-opacity:.4}
.nslab-inline .nslab-cell{fill:currentColor;fill-opacity:.05;stroke:currentColor;
stroke-opacity:.75}
.nslab-inline .nslab-bridge{fill-opacity:.1}
.nslab-inline .nslab-ghost{fill:none;stroke:currentColor;stroke-opacity:.5}
.nslab-inline .nslab-cable,.nslab-inline .nslab-wire{stroke:currentColor;stroke-opacity:.8}
.nslab-inline .nslab-calm{stroke-opacity:.35}
.nslab-inline .nslab-plug{fill:currentColor;stroke:none}
.nslab-inline .nslab-dot{fill:currentColor;stroke:currentColor}
.nslab-inline .nslab-hollow{fill:none;stroke:currentColor}
"""

_STANDALONE = """\
.nslab-file text{fill:#1d2329}
.nslab-file .nslab-badge{fill:#fff}
.nslab-file .nslab-muted{fill:#57606a}
.nslab-file .nslab-box{fill:#f4f6f8;stroke:#8b949e}
.nslab-file .nslab-cell{fill:#fff;stroke:#57606a}
.nslab-file .nslab-bridge{fill:#e3e9ef}
.nslab-file .nslab-ghost{fill:#eef0f2;stroke:#8b949e}
.nslab-file .nslab-cable,.nslab-file .nslab-wire{stroke:#7a8490}
.nslab-file .nslab-plug{fill:#7a8490;stroke:none}
.nslab-file .nslab-dot{fill:#1d2329;stroke:#1d2329}
.nslab-file .nslab-hollow{fill:none;stroke:#57606a}
"""

_MARKS = "".join(
    f".nslab-picture .nslab-{mark}{{stroke:{colour};stroke-opacity:1}}\n"
    f".nslab-picture .nslab-plate-{mark}{{fill:{colour};stroke:none}}\n"
    for mark, colour in COLOURS.items()
)


def svg(placed: Placed, description: str, *, standalone: bool) -> str:
    """The picture; ``description`` is its text form, for those who cannot see it."""
    return "\n".join(_Writer(placed).elements(description, standalone)) + "\n"


class _Writer:
    def __init__(self, placed: Placed) -> None:
        self.placed = placed
        self.traces = [point for _, path in placed.runs for point in trace(path)]

    def elements(self, description: str, standalone: bool) -> Iterator[str]:
        w, h = self.placed.width, self.placed.height
        title = f"The network of {self.placed.scene.title}"
        flavour = "file" if standalone else "inline"
        if self.placed.scene.differs:
            title += ", with what changed"
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="nslab-picture nslab-{flavour}" '
            f'role="img" width="{w}" height="{h}" viewBox="0 0 {w} {h}" '
            f'style="max-width:100%;height:auto;background:transparent" '
            f'aria-label="{_xml(title)}">'
        )
        yield f"<title>{_xml(title)}</title>"
        yield f"<desc>{_xml(description)}</desc>"
        yield f"<style>{_COMMON}{_STANDALONE if standalone else _INLINE}{_MARKS}</style>"
        for box, title, rect in self.placed.boxes:
            yield from self._box(box, title, rect)
        for thing, rect in self.placed.scenery:
            yield from self._scenery(thing, rect)
        for cell, slot in self.placed.bridges:
            yield from self._cell(cell, slot, " nslab-bridge")
        for cell, slot in self.placed.cells:
            yield from self._cell(cell, slot, "")
        for run, path in self.placed.runs:
            yield self._cable(run, path)
        for notes, rect in self.placed.notes:
            yield from self._notes(notes, rect)
        if self.placed.rest:
            yield from self._rest(self.placed.rest)
        yield "</svg>"

    def _box(self, box: Box, title: str, rect: Rect) -> Iterator[str]:
        mark = f" nslab-{box.mark}" if box.mark else ""
        yield _rect(rect, f"nslab-box{mark}", 8)
        x, y = rect.x + PAD + 3, rect.y + 19
        label = clip(box.label, LONGEST_NAME)
        struck = " nslab-struck" if box.mark == "gone" else ""
        yield _text(x, y, label, f"nslab-title{struck}")
        right = rect.x + rect.w - PAD - 3
        wide = round(width(title, TEXT))
        after = x + round(width(label, NAME + 1, code=True)) + 10
        for left in (right - wide, after):
            # A cable may come in through the title; where it does, the lesser word gives way.
            room = Rect(left - 4, y - 12, wide + 8, 16)
            if left >= after and not any(map(room.holds, self.traces)):
                yield _text(left, y, title, "nslab-muted")
                break
        if box.mark:
            yield from _badge(box.mark, rect)

    def _cell(self, cell: Cell, slot: Slot, more: str) -> Iterator[str]:
        rect = slot.rect
        shape = "nslab-ghost" if cell.mark == "gone" else "nslab-cell"
        off = "" if cell.state == "up" else " nslab-off"
        mark = f" nslab-{cell.mark}" if cell.mark else ""
        yield f'<g tabindex="0" role="img" aria-label="{_xml(cell.facts)}">'
        yield f"<title>{_xml(cell.facts)}</title>"
        yield _rect(rect, f"{shape}{more}{off}{mark}", 5)
        muted = " nslab-muted" if cell.mark == "gone" else ""
        struck = " nslab-struck" if cell.mark == "gone" else ""
        x, y = rect.x + PAD, rect.y + PAD + 11
        name = clip(cell.name, LONGEST_NAME)
        yield _text(x, y, name, f"nslab-name{muted}{struck}")
        after = x + round(width(name, NAME, code=True)) + 7
        if slot.compact:
            yield _text(after + 3, y, cell.lines[0].text, "nslab-code")
        elif cell.kind:
            yield _text(after, y, cell.kind, "nslab-muted")
        right = rect.x + rect.w - PAD
        yield _text(right, y, cell.state, "nslab-end nslab-muted")
        dot = right - round(width(cell.state, TEXT)) - 8
        filled = "nslab-dot" if cell.state == "up" else "nslab-hollow"
        yield f'<circle class="{filled}" cx="{dot}" cy="{y - 4}" r="3.5"/>'
        for line in () if slot.compact else cell.lines:
            y += LEAD
            yield from _line(x, y, line, muted)
        if cell.mark:
            told = cell.mark == "changed" and any(line.mark for line in cell.lines)
            yield from _badge(cell.mark, rect, BADGE[cell.mark][0] if told else "")
        yield "</g>"

    def _notes(self, notes: Notes, rect: Rect) -> Iterator[str]:
        if notes.docked:
            yield _rect(rect, "nslab-cell nslab-off nslab-calm", 5)
            x, y = rect.x + rect.w // 2, rect.y + rect.h // 2 + 4
            yield _text(x, y, notes.lines[0].text, "nslab-middle nslab-muted")
            return
        y = rect.y + 15
        for line in notes.lines:
            yield from _line(rect.x + PAD, y, line, " nslab-muted")
            y += LEAD

    def _scenery(self, thing: Scenery, rect: Rect) -> Iterator[str]:
        mark = f" nslab-{thing.mark}" if thing.mark else ""
        yield f'<g tabindex="0" role="img" aria-label="{_xml(thing.facts)}">'
        yield f"<title>{_xml(thing.facts)}</title>"
        yield _rect(rect, f"nslab-box{mark}", 12)
        lines = (thing.name, *thing.addresses)
        lead = LEAD - 1
        y = rect.y + (rect.h - lead * len(lines)) // 2 + 12
        for number, line in enumerate(lines):
            code = " nslab-code" if number else ""
            yield _text(rect.x + rect.w // 2, y, line, f"nslab-middle nslab-muted{code}")
            y += lead
        yield "</g>"

    def _rest(self, rect: Rect) -> Iterator[str]:
        for shift in (6, 3, 0):
            moved = Rect(rect.x + shift, rect.y + shift, rect.w, rect.h)
            yield _rect(moved, "nslab-box", 8)
        x, y = rect.x + rect.w // 2, rect.y + rect.h // 2 + 4
        yield _text(x, y, self.placed.scene.rest, "nslab-middle")

    def _cable(self, run: Run, path: list[Point]) -> str:
        cable = run.cable
        if cable is None:
            return _path(path, "nslab-wire nslab-calm")
        classes = "nslab-cable" if cable.pair else "nslab-wire"
        classes += "" if cable.up else " nslab-off"
        classes += f" nslab-{cable.mark}" if cable.mark else ""
        plug = "nslab-plug" + (f" nslab-plate-{cable.mark}" if cable.mark else "")
        ends = (path[0], path[-1])
        plugs = (f'<circle class="{plug}" cx="{x}" cy="{y}" r="3.6"/>' for x, y in ends)
        return _path(path, classes) + ("".join(plugs) if cable.pair else "")


def _path(path: list[Point], classes: str) -> str:
    start, *rest = (f"{x} {y}" for x, y in path)
    return f'<path class="{classes}" d="M{start} C{" ".join(rest)}"/>'


def _xml(text: str) -> str:
    return escape(printable(text))


def _rect(rect: Rect, classes: str, radius: int) -> str:
    return (
        f'<rect class="{classes}" x="{rect.x}" y="{rect.y}" width="{rect.w}" height="{rect.h}" '
        f'rx="{radius}"/>'
    )


def _text(x: int, y: int, text: str, classes: str) -> str:
    return f'<text class="{classes}" x="{x}" y="{y}">{_xml(text)}</text>'


def _line(x: int, y: int, line: Line, more: str) -> Iterator[str]:
    text = clip(line.text, LONGEST_LINE)
    classes = f"{'nslab-code' if line.code else ''}{more}".strip()
    if line.mark:
        sign = BADGE[line.mark][0]
        yield _rect(Rect(x - 2, y - 11, 13, 14), f"nslab-plate-{line.mark}", 3)
        yield _text(x + 4, y, sign, "nslab-badge nslab-middle")
        x += 16
        if line.mark == "gone":
            classes += " nslab-struck"
    yield _text(x, y, text, classes)


def _badge(mark: Kind, rect: Rect, short: str = "") -> Iterator[str]:
    """A plate with a sign, and a word unless lines say more, across the upper right edge."""
    words = short or BADGE[mark]
    w = round(width(words, TEXT, bold=True)) + 10
    x, y = rect.x + rect.w - w - 6, rect.y - 9
    yield _rect(Rect(x, y, w, 16), f"nslab-plate-{mark}", 8)
    yield _text(x + w // 2, y + 12, words, "nslab-badge nslab-middle")
