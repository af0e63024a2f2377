"""What of all that came or went together is the outermost: it alone is outlined and says so.

A namespace comes and goes with its links and their cables, and a cable with its two ends.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from nslab.draw.scene.scene import Block, Box, Cable, Cell, Key, Scene

_WHOLE = frozenset({"new", "gone"})


def outermost(scene: Scene) -> Scene:
    """A scene in which that is noted of each link and each cable."""
    home = {cell.key: box for box in scene.boxes for cell in box.cells()}
    plugged: set[Key] = set()
    cables = []
    for cable in scene.cables:
        ends = (cable.upper, cable.lower)
        if cable.pair and cable.mark in _WHOLE:
            plugged.update(ends)
        with_it = sum(key in home and home[key].mark == cable.mark for key in ends)
        cables.append(_noted(cable, with_it))

    def noted(cell: Cell) -> Cell:
        alone = cell.key not in plugged and home[cell.key].mark != cell.mark
        return replace(cell, outermost=cell.mark in _WHOLE and alone)

    return _changed(scene, cables, noted)


def _noted(cable: Cable, with_it: int) -> Cable:
    """A cable by how many of its ends are in namespaces that came or went, too.

    Where that is one, the namespace has the words; the other end is in what was there before, and
    the outline of the cable leads to it.
    """
    # Of a tunnel the links came, and the line between them with these.
    said = cable.mark in _WHOLE and with_it < 2 and not cable.tunnel
    shown = said and (cable.pair or (bool(cable.by) and not with_it))
    return replace(cable, outermost=shown, quiet=shown and with_it > 0)


def on_ends(scene: Scene, untagged: Collection[Cable]) -> Scene:
    """The same where some cables have no room for a tag: their ends say it."""
    ends = {key for cable in untagged for key in (cable.upper, cable.lower)}
    cables = [replace(c, outermost=c.outermost and c not in untagged) for c in scene.cables]
    return _changed(
        scene,
        cables,
        lambda cell: replace(cell, outermost=cell.mark in _WHOLE) if cell.key in ends else cell,
    )


def _changed(scene: Scene, cables: list[Cable], noted: Callable[[Cell], Cell]) -> Scene:
    def every(cells: list[Cell]) -> list[Cell]:
        return [noted(cell) for cell in cells]

    def box(one: Box) -> Box:
        bridges = [Block(noted(b.bridge), every(b.upper), every(b.lower)) for b in one.bridges]
        uplinks, others = every(one.uplinks), every(one.others)
        return replace(one, uplinks=uplinks, bridges=bridges, others=others)

    return replace(scene, boxes=[box(one) for one in scene.boxes], cables=cables)


__all__ = ["on_ends", "outermost"]
