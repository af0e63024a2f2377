"""What the signs in a picture mean: only those that occur in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from nslab.draw.layout.boxes import Point
from nslab.draw.scene.metrics import width
from nslab.draw.scene.scene import Cell, Scene
from nslab.network.diff import Kind

Sign = Literal["bridge", "cable", "stacked", "up", "not up", "new", "changed", "gone"]

LEFT, LINE, BETWEEN = 18, 20, 14
"""Pixels: the left edge, the distance of lines, and between two signs."""

WORDS: dict[Sign, str] = {
    "bridge": "bridge",
    "cable": "veth pair, a cable",
    "stacked": "on top of a link",
    "up": "up",
    "not up": "down, or no carrier",
    "new": "new",
    "changed": "changed",
    "gone": "gone",
}

WIDTHS: dict[Sign, int] = {"bridge": 22, "cable": 34, "stacked": 34, "up": 9, "not up": 22}
"""Pixels of the sign itself; of a mark :data:`MARK`."""

MARK = 14


@dataclass
class Legend:
    """Signs with their places: the left end and the base line of their words."""

    signs: list[tuple[Sign, Point]]
    width: int
    height: int


def legend(scene: Scene, wide: int, top: int) -> Legend:
    """The legend of a scene, below everything else and no wider than that."""
    found: list[tuple[Sign, Point]] = []
    x, y, furthest = LEFT, top + 12, 0
    for sign in _signs(scene):
        long = WIDTHS.get(sign, MARK) + 6 + round(width(WORDS[sign], 12))
        if found and x + long > max(wide, 420):
            x, y = LEFT, y + LINE
        found.append((sign, (x, y)))
        furthest = max(furthest, x + long + 8)
        x += long + BETWEEN
    return Legend(found, furthest, y + 10 - top if found else 0)


def _signs(scene: Scene) -> Iterator[Sign]:
    cells = [cell for box in scene.boxes for cell in box.cells()]
    if any(box.bridges for box in scene.boxes):
        yield "bridge"
    drawn = {cell.key for cell in cells}
    cables = [cable for cable in scene.cables if drawn & {cable.upper, cable.lower}]
    if any(cable.pair for cable in cables):
        yield "cable"
    if any(not cable.pair for cable in cables):
        yield "stacked"
    if any(cell.state == "up" for cell in cells):
        yield "up"
    if any(cell.state != "up" for cell in cells):
        yield "not up"
    marks = _marks(scene, cells)
    for mark in ("new", "changed", "gone"):
        if mark in marks:
            yield mark


def _marks(scene: Scene, cells: Sequence[Cell]) -> set[Kind | None]:
    """Which changes are marked anywhere in the scene."""
    marks: set[Kind | None] = {cell.mark for cell in cells}
    marks |= {box.mark for box in scene.boxes} | {thing.mark for thing in scene.scenery}
    marks |= {cable.mark for cable in scene.cables}
    lines = chain.from_iterable([*(c.lines for c in cells), *(box.notes for box in scene.boxes)])
    return marks | {line.mark for line in lines}
