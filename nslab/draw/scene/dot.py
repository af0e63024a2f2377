"""A scene in Graphviz's language, complete with labels: for those who want to draw it otherwise."""

from __future__ import annotations

import html
from collections.abc import Iterator

from nslab.draw.scene.metrics import printable
from nslab.draw.scene.scene import Box, Cell, Key, Scene

_WORDS = {"node", "edge", "graph", "digraph", "subgraph", "strict"}


def source(scene: Scene) -> str:
    """The graph; ``dot -Tpng`` of it shows the same network."""
    return "\n".join(_Writer(scene).lines()) + "\n"


class _Writer:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.ids: dict[object, str] = {}

    def _id(self, thing: object, wish: str) -> str:
        if thing not in self.ids:
            word = "".join(c if c.isascii() and c.isalnum() else "_" for c in wish) or "_"
            if word[0].isdigit() or word.lower() in _WORDS:
                word = f"_{word}"
            name, count, taken = word, 2, set(self.ids.values())
            while name in taken:
                name, count = f"{word}_{count}", count + 1
            self.ids[thing] = name
        return self.ids[thing]

    def lines(self) -> Iterator[str]:
        scene = self.scene
        yield f"graph {_quote(scene.title)} {{"
        yield "  graph [rankdir=TB fontname=sans fontsize=12]"
        yield "  node [shape=box style=rounded fontname=monospace fontsize=12]"
        yield "  edge [penwidth=2]"
        for thing in scene.scenery:
            label = _quote("\n".join((thing.name, " · ".join(thing.addresses))).strip())
            yield f"  {self._id(thing.label, thing.label)} [color=gray label={label}]"
        for box in scene.boxes:
            yield from self._box(box)
        if scene.rest:
            yield f"  {self._id('rest', 'rest')} [label={_quote(scene.rest)}]"
            if scene.rest_on:
                yield f"  {self._link(scene.rest_on)} -- {self._id('rest', 'rest')}"
        yield from self._cables()
        yield "}"

    def _box(self, box: Box) -> Iterator[str]:
        name = self._id(box.key, f"cluster_{box.label}")
        lines = [f"{box.label}  {box.title}", *(line.text for line in box.notes if line.text)]
        yield f"  subgraph {name} {{"
        yield f"    graph [style=rounded labeljust=l label={_quote(chr(10).join(lines))}]"
        cells = list(box.cells())
        for cell in cells:
            bold = " penwidth=2" if cell.kind == "bridge" else ""
            yield f"    {self._link(cell.key)} [label={_quote(_words(cell))}{bold}]"
        if not cells:
            yield f"    {self._id((box.key, 'empty'), box.label)} [style=invis label={_quote('')}]"
        yield "  }"
        for block in box.bridges:
            for port in block.upper:
                yield f"  {self._link(port.key)} -- {self._link(block.bridge.key)} [penwidth=1]"
            for port in block.lower:
                yield f"  {self._link(block.bridge.key)} -- {self._link(port.key)} [penwidth=1]"

    def _link(self, key: Key) -> str:
        return self._id(key, self.scene.names[key])

    def _cables(self) -> Iterator[str]:
        drawn = {cell.key for box in self.scene.boxes for cell in box.cells()}
        labels = {thing.label for thing in self.scene.scenery}
        done = set()
        for cable in self.scene.cables:
            ends = []
            for key in (cable.upper, cable.lower):
                label = self.scene.scenery_of.get(key[1], "")
                if key in drawn:
                    ends.append(self._link(key))
                elif label in labels:
                    ends.append(self._id(label, label))
            if len(ends) == 2 and tuple(ends) not in done:
                done.add(tuple(ends))
                off = "" if cable.up and cable.mark != "gone" else " [style=dashed]"
                yield f"  {' -- '.join(ends)}{off}"


def _words(cell: Cell) -> str:
    first = " ".join(filter(None, (cell.name, cell.kind, cell.does or cell.state)))
    lines = [first, *(line.text for line in cell.lines if line.text)]
    return "\n".join([*lines, *filter(None, (cell.aside, cell.loose))])


def _quote(text: str) -> str:
    """A text in quotes, in which dot sees no escapes and no HTML."""
    safe = html.escape(printable(text), quote=False).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + safe.replace("\n", "\\n") + '"'
