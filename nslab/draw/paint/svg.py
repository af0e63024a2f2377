"""A placed scene as SVG, written here so that it is the same wherever it is made.

Two flavours come from the same places.  ``inline`` is for a notebook's output: it takes the colour
of the text around it, so it follows a light or dark theme.  ``standalone`` is a file of its own,
which follows the reader's system.

There are no ids in it, so any number of pictures can stand on one page.  What a script wants to
find has a ``data-`` attribute with names that are the same in every run: ``data-ns="ns1"``,
``data-link="ns1/eth0"``, ``data-cable="host/lxcbr0.1 ns1/eth0"``, ``data-world="router"``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nslab.draw.layout.boxes import (
    BADGE,
    BETWEEN,
    ICON,
    LEAD,
    LONGEST_NAME,
    PAD,
    SIGN,
    TEXT,
    TITLE,
    Notes,
    Point,
    Rect,
    Slot,
    port_rows,
    scenery_lines,
    tag_width,
)
from nslab.draw.layout.colours import HUES, WORLD
from nslab.draw.layout.dense import Leaf, Panel
from nslab.draw.layout.key import ROW, SAMPLE
from nslab.draw.layout.place import Placed
from nslab.draw.layout.plan import Run
from nslab.draw.paint import links
from nslab.draw.paint.cell import least, usual
from nslab.draw.paint.crossings import gaps
from nslab.draw.paint.icons import SPACES, icon
from nslab.draw.paint.icons import WORLD as OUTSIDE
from nslab.draw.paint.notes import gate, notes
from nslab.draw.paint.shapes import (
    head,
    line_through,
    lines_through,
    parted,
    pill,
    plug,
    rectangle,
    words,
    xml,
)
from nslab.draw.paint.style import style
from nslab.draw.paint.written import written
from nslab.draw.scene.metrics import clip, width
from nslab.draw.scene.scene import Box, Cable, Cell, Key, Scenery
from nslab.network.diff import Kind


@dataclass(frozen=True)
class Over:
    """What is drawn on a picture, which then steps back: its further rules and its elements."""

    title: str
    style: str
    elements: list[str]
    top: int = 0
    """How far down it begins: below 0 if something stands above the network."""


def texts(placed: Placed) -> list[tuple[str, Rect]]:
    """All that is written in a picture, with the room that it takes."""
    return list(written(_Writer(placed).network()))


def svg(placed: Placed, description: str, *, standalone: bool, over: Over | None = None) -> str:
    """The picture; ``description`` is its text form, for those who cannot see it."""
    return "\n".join(_Writer(placed).elements(description, standalone, over)) + "\n"


def _wide(placed: Placed) -> int:
    return placed.width - placed.left


class _Writer:
    def __init__(self, placed: Placed) -> None:
        self.placed = placed
        self.names = placed.scene.names
        self.leaves = {leaf.box.key: leaf for panel in placed.panels for leaf in panel.leaves}
        self._gaps = gaps(placed.runs)

    def elements(
        self, description: str, standalone: bool, over: Over | None = None
    ) -> Iterator[str]:
        placed = self.placed
        top = over.top if over else 0
        w, h = _wide(placed), placed.height - top
        # A file of its own is as wide as its reader likes.
        narrowest = "" if standalone else f"min-width:{least(w)}px;"
        across, down = (w, h) if standalone else (usual(w), usual(h))
        title = over.title if over else f"The network of {placed.scene.title}"
        flavour = "file" if standalone else "inline"
        if placed.scene.differs and not over:
            title += ", with what changed"
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="nslab-picture nslab-{flavour}" '
            f'role="img" width="{across}" height="{down}" viewBox="{placed.left} {top} {w} {h}" '
            f'style="max-width:100%;{narrowest}height:auto;background:transparent" '
            f'aria-label="{xml(title)}">'
        )
        yield f"<title>{xml(title)}</title>"
        yield f"<desc>{xml(description)}</desc>"
        sheet = style(
            standalone,
            set(placed.hues.values()),
            set(placed.tints.values()),
            way=over is not None,
            tunnels=any(cable.tunnel for cable in placed.scene.cables),
        )
        yield f"<style>{sheet}{over.style if over else ''}</style>"
        if standalone:
            yield rectangle(Rect(placed.left, top, w, h), "nslab-paper", 12)
        if over:
            yield '<g class="nslab-behind">'
        yield from self.network()
        if over:
            yield "</g>"
            yield from filter(None, over.elements)
        yield "</svg>"

    def network(self) -> Iterator[str]:
        """Everything but the frame around it."""
        placed = self.placed
        for panel in placed.panels:
            yield from self._panel(panel)
        for box, title, rect in placed.boxes:
            if box.key not in self.leaves:
                yield from self._box(box, title, rect)
        # Above the host, which they come out of.
        yield from map(self._rails, placed.panels)
        for thing, rect in placed.scenery:
            yield from self._scenery(thing, rect)
        yield from self._halos()
        for run, path in placed.runs:
            yield self._cable(run, path)
        sockets = [slot.rect for _, slot in placed.cells if slot.shape == "socket"]
        for cell, slot in placed.bridges:
            yield from self._link(cell, slot, links.bridge(cell, slot, sockets))
        for cell, slot in placed.cells:
            yield from self._link(cell, slot, links.link(cell, slot))
        for leaf in self.leaves.values():
            yield from self._leaf(leaf)
        yield from self._facts()
        for tag in placed.tags:
            yield from pill(tag.rect, tag.words, tag.mark)
        for row, (x, y) in placed.key:
            yield f'<g class="nslab-key-line nslab-h{row.hue}">'
            yield from _line([(x + 4, y + ROW // 2), (x + SAMPLE - 8, y + ROW // 2)], "", row.hue)
            yield words(x + SAMPLE, y + ROW // 2 + 4, row.text, "nslab-muted")
            yield "</g>"

    def _facts(self) -> Iterator[str]:
        """What belongs to namespaces and not to links."""
        placed = self.placed
        for each in placed.gates:
            yield f"{self._group('note', each.notes.lines[0].mark, self._ns(each.box))}>"
            yield from gate(each)
            yield "</g>"
        for lines, rect, box in placed.notes:
            yield from self._notes(lines, rect, box)
        if placed.rest:
            yield rectangle(placed.rest, "nslab-box", 6)
            x, y = placed.rest.middle
            yield words(x, y + 4, placed.scene.rest, "nslab-middle")

    def _group(self, kind: str, mark: Kind | None, data: str, more: str = "") -> str:
        """The start of a group; in a diff, what did not change steps back."""
        same = " nslab-same" if self.placed.scene.differs and not mark else ""
        marked = f" nslab-{mark}" if mark else ""
        return f'<g class="nslab-{kind}{same}{marked}{more}" {data}'

    def _ns(self, box: Box) -> str:
        return f'data-ns="{xml(self.placed.scene.box_names[box.key])}"'

    def _hue(self, key: tuple[bool, int, int]) -> str:
        hue = self.placed.hues.get(key)
        return "" if hue is None else f" nslab-h{hue}"

    def _box(self, box: Box, title: str, rect: Rect) -> Iterator[str]:
        placed = self.placed
        label = placed.labels[box.key]
        tint = placed.tints.get(placed.scene.box_names[box.key])
        quiet = "" if tint is None else f" nslab-t{tint}"
        yield f"{self._group('space', box.mark, self._ns(box))}>"
        yield f"<title>{xml(f'{box.label} ({box.title})')}</title>"
        yield rectangle(rect, f"nslab-box{quiet}{links.around(box.mark)}", 10)
        at = label.rect
        yield icon(
            "machine" if label.stacked and not quiet else SPACES.get(title, "namespace"),
            at.x - 1,
            at.y + 2,
        )
        name = clip(box.label, LONGEST_NAME)
        struck = " nslab-struck" if box.mark == "gone" else ""
        y = at.y + 15
        yield words(at.x + ICON, y, name, f"nslab-title{struck}")
        x = at.x + ICON
        if label.stacked:
            y += 17
        else:
            x += round(width(name, TITLE, bold=True)) + 8
        yield words(x, y, title, "nslab-muted")
        if box.mark:
            x += round(width(title, TEXT)) + 8
            yield from pill(
                Rect(x, y - 14, tag_width(BADGE[box.mark]), 20), BADGE[box.mark], box.mark
            )
        yield "</g>"

    def _panel(self, panel: Panel) -> Iterator[str]:
        hue = self._hue(panel.home) if panel.home else ""
        yield f'<g class="nslab-group{hue}">'
        yield rectangle(panel.rect, "nslab-panel", 10)
        x, y = panel.rect.x + panel.indent, panel.rect.y + 20
        yield icon("namespace", x - 1, y - 13)
        yield words(x + ICON, y, panel.title, "nslab-muted")
        yield "</g>"

    def _rails(self, panel: Panel) -> str:
        """The lines that the namespaces of a panel hang on."""
        if not panel.rails:
            return ""
        hue = self._hue(panel.home) if panel.home else ""
        return f'<g class="nslab-group{hue}">{lines_through(panel.rails, "nslab-cable")}</g>'

    def _leaf(self, leaf: Leaf) -> Iterator[str]:
        box, rect = leaf.box, leaf.rect
        tint = self.placed.tints.get(self.placed.scene.box_names[box.key])
        notes_said = "\n".join([f"{box.label} ({box.title})", *(line.text for line in box.notes)])
        yield f"{self._group('space', box.mark, self._ns(box))}>"
        yield f"<title>{xml(notes_said)}</title>"
        if not leaf.link:
            yield rectangle(rect, f"nslab-box nslab-t{tint}{links.around(box.mark)}", 6)
        elif box.mark:
            yield rectangle(rect, f"nslab-edge{links.around(box.mark)}", 6)
        mark = box.mark or next(("changed" for line in box.notes if line.mark), None)
        if mark:
            sign = f"nslab-badge nslab-middle nslab-told-{mark}"
            yield words(rect.x + 12, rect.y + 16, SIGN[mark], sign)
        else:
            yield icon(SPACES.get(box.title, "namespace"), rect.x + 4, rect.y + 4)
        struck = " nslab-struck" if box.mark == "gone" else ""
        name = clip(box.label, LONGEST_NAME)
        yield words(rect.x + 22, rect.y + 16, name, f"nslab-title nslab-leaf{struck}")
        yield "</g>"

    def _link(self, cell: Cell, slot: Slot, drawn: Iterator[str]) -> Iterator[str]:
        name = self.names[cell.key]
        data = f'data-ns="{xml(name.rpartition("/")[0])}" data-link="{xml(name)}"'
        start = self._group("link", cell.mark, data, self._hue(cell.key))
        if any(line.mark for line in cell.lines):
            start = start.replace(" nslab-same", "")
        yield f'{start} tabindex="0" role="img" aria-label="{xml(cell.facts)}">'
        yield f"<title>{xml(cell.facts)}</title>"
        yield from drawn
        yield "</g>"

    def _notes(self, lines: Notes, rect: Rect, box: Box) -> Iterator[str]:
        if lines.docked:
            x, y = rect.middle[0], rect.y + 14
            yield f"<g {self._ns(box)}>"
            yield rectangle(rect, "nslab-cell nslab-off", 4)
            yield words(x, y, lines.lines[0].text, "nslab-middle nslab-muted")
            yield "</g>"
            return
        leads = [*box.uplinks, *(port for block in box.bridges for port in block.upper)]
        acts = self._hue(leads[0].key) if leads else ""
        for line, drawn in notes(lines, rect, acts):
            mark = line.mark or box.mark
            yield f"{self._group('note', mark, self._ns(box))}>"
            yield from drawn
            yield "</g>"

    def _scenery(self, thing: Scenery, rect: Rect) -> Iterator[str]:
        data = f'data-world="{xml(thing.label)}"'
        hue = f" nslab-h{WORLD}" if thing.label == "switch" else ""
        yield (
            f'{self._group("outside", thing.mark, data, hue)} tabindex="0" role="img" '
            f'aria-label="{xml(thing.facts)}">'
        )
        yield f"<title>{xml(thing.facts)}</title>"
        kind = "cell" if thing.label == "switch" else "calm"
        yield rectangle(rect, f"nslab-{kind}{links.around(thing.mark)}", 8)
        name, *below = scenery_lines(thing)
        below = [] if thing.ports else below
        wide = round(width(name, TEXT)) + ICON
        x = rect.x + (rect.w - wide) // 2
        y = rect.y + (18 if below or thing.ports else rect.h // 2 + 4)
        yield icon(OUTSIDE.get(thing.label, "server"), x, y - 12)
        yield words(x + ICON, y, name, "nslab-muted" if below else "")
        for number, line in enumerate(below):
            at = y + 17 + LEAD * number
            yield words(rect.middle[0], at, line, "nslab-middle nslab-code nslab-muted")
        yield from self._ports(thing, rect, y + 17)
        yield "</g>"

    def _ports(self, thing: Scenery, rect: Rect, y: int) -> Iterator[str]:
        """The ports of a switch with what each carries, and a line between each and the next."""
        right = rect.right - PAD
        for down, port, line in port_rows(thing):
            at = y + down
            if port and down:
                between = at - (LEAD + BETWEEN + 6) // 2  # letters rise more than they hang down
                yield f'<path class="nslab-between" d="M{rect.x + PAD} {between}H{right}"/>'
            if port:
                yield words(rect.x + PAD, at, port, "nslab-code nslab-muted")
            told = f" nslab-badge nslab-told-{line.mark}" if line.mark else ""
            if line.mark in {"new", "gone"}:
                x = right - round(width(line.words, TEXT, code=True, bold=True)) - 12
                yield words(x, at, SIGN[line.mark], told.lstrip())
            yield words(right, at, line.words, f"nslab-code nslab-end{told}")

    def _cable(self, run: Run, path: list[Point]) -> str:
        cable = run.cable
        if cable is None:
            return self._calm(run, path)
        classes = "nslab-cable" if cable.pair else "nslab-wire"
        classes += "" if cable.up else " nslab-off"
        classes += " nslab-tunnel" if cable.tunnel else ""
        names = " ".join(self.names[key] for key in (cable.upper, cable.lower))
        data = f'data-cable="{xml(names)}"'
        hued = self._hued(cable)
        hue = self._hue(hued)
        start = self._group("line", cable.mark, data, hue)
        halo = ""
        if cable.outermost and not _shares(run):
            halo = line_through(path, f"nslab-under nslab-halo-{cable.mark}")
        ends = "".join(
            plug(point, end.slot.rect)
            for end, point in ((run.start, path[0]), (run.end, path[-1]))
            if cable.pair and end.slot.shape == "card"
        )
        for key in cable.heads:
            way = path[::-1] if self._begins_at(run, key) else path
            ends += head(way[-2], way[-1])
        trunk = ""
        if self.placed.hues.get(hued) != self.placed.hues.get(cable.upper) and _shares(run):
            trunk, path = self._parted(run, path, classes)
        drawn = "".join(_line(path, classes, self.placed.hues.get(hued, 0)))
        return f"{self._gap(run)}{trunk}{start}>{halo}{drawn}{ends}</g>"

    def _gap(self, run: Run) -> str:
        """What keeps a line apart from those that it passes over: pieces in the colour behind."""
        return "".join(
            line_through(gap.piece, f"nslab-gap{self._behind(gap.at)}")
            for gap in self._gaps.get(run.id, ())
        )

    def _behind(self, at: Point) -> str:
        """The classes for the colour of the namespace that a place is in; none outside of all."""
        placed = self.placed
        box = next((box for box, _, rect in placed.boxes if rect.holds(at)), None)
        if box is None:
            return ""
        tint = placed.tints.get(placed.scene.box_names[box.key])
        return " nslab-inside" if tint is None else f" nslab-t{tint}"

    def _hued(self, cable: Cable) -> Key:
        """The end whose network a cable has the hue of: what stands on a link may have its own."""
        own = cable.pair or (not cable.by and cable.lower in self.placed.hues)
        return cable.lower if own else cable.upper

    def _begins_at(self, run: Run, key: Key) -> bool:
        """Whether a line begins at a link, and does not end there."""
        return run.start.slot.rect == self.placed.links()[self.names[key]]

    def _parted(self, run: Run, path: list[Point], classes: str) -> tuple[str, list[Point]]:
        """Of a line in a hue of its own what it shares with others, in that of what it stands on;
        and its own way from there.
        """
        cable = run.cable
        if cable is None:
            return "", path

        def outwards(run: Run, path: list[Point]) -> list[Point]:
            return path if self._begins_at(run, cable.upper) else path[::-1]

        others = [
            outwards(other, way)
            for other, way in self.placed.runs
            if other.cable and other.cable.upper == cable.upper and other is not run
            if _shares(other)
        ]
        trunk, rest = parted(outwards(run, path), others)
        if not trunk:
            return "", path
        group = self._group("line", cable.mark, "", self._hue(cable.upper)).rstrip()
        line = "".join(_line(trunk, classes, self.placed.hues.get(cable.upper, 0)))
        return f"{group}>{line}</g>", rest

    def _halos(self) -> Iterator[str]:
        """What is around wires that lie on each other in part: once, however many these are."""
        trees: dict[tuple[Kind, Key], list[list[Point]]] = {}
        for run, path in self.placed.runs:
            if run.cable and run.cable.mark and run.cable.outermost and _shares(run):
                trees.setdefault((run.cable.mark, run.cable.upper), []).append(path)
        for (mark, _), paths in trees.items():
            yield lines_through(paths, f"nslab-under nslab-halo-{mark}")

    def _calm(self, run: Run, path: list[Point]) -> str:
        """A line within the world, or to what stands for the rest."""
        same = " nslab-same" if self.placed.scene.differs else ""
        switch = next((r for thing, r in self.placed.scenery if thing.label == "switch"), None)
        home = any(end.slot.rect == switch for end in (run.start, run.end))
        hue = f" nslab-h{WORLD}" if home and run.id.startswith("world") else ""
        drawn = line_through(path, "nslab-cable" if hue else "nslab-cable nslab-calm")
        return f'<g class="nslab-line{same}{hue}">{drawn}</g>'


def _shares(run: Run) -> bool:
    """Whether a wire may lie on others, as all do that stand on one link."""
    return run.cable is not None and not (run.cable.pair or run.cable.tunnel)


def _line(path: list[Point], classes: str, hue: int) -> Iterator[str]:
    """A cable in the style of its network: plain, or with beads or ticks along it."""
    classes, style = classes or "nslab-cable", hue // HUES
    yield line_through(path, classes)
    if style and "nslab-tunnel" not in classes:
        yield line_through(path, f"{classes.split()[0]} nslab-beads-{style}")


__all__ = ["Over", "svg", "texts"]
