"""The tags that say what is new, changed or gone: each on an edge of what it is about.

A tag takes no room of its own, so that nothing moves when it comes and goes.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

from nslab.draw.layout.boxes import BADGE, Point, Rect, Slot, tag_width, tags_and_lines
from nslab.draw.scene.scene import Box, Cell, Scenery
from nslab.network.diff import Kind

HEIGHT = 16
CORNER = 6
"""Pixels: how high a tag is, and how far it stays away from the corners."""


@dataclass(frozen=True)
class Tag:
    """A plate with a sign and words."""

    mark: Kind
    words: str
    rect: Rect


def tags(
    cells: Iterable[tuple[Cell, Slot]],
    boxes: Iterable[tuple[Box, str, Rect]],
    scenery: Iterable[tuple[Scenery, Rect]],
    plugs: Iterable[Point],
    low: Container[int],
) -> Iterator[Tag]:
    """The tags of everything that has a mark; they cover neither each other nor a plug.

    ``low`` are the ids of slots that have theirs at the lower edge.
    """
    taken = [Rect(x - 4, y - 4, 8, 8) for x, y in plugs]
    wanted: list[tuple[Kind | None, str, Rect, bool]] = []
    for cell, slot in cells:
        words = tags_and_lines(cell)[0]
        wanted += [(cell.mark, each, slot.rect, id(slot) in low) for each in words]
    spaces: list[tuple[Kind | None, Rect]] = [(box.mark, rect) for box, _, rect in boxes]
    spaces += [(thing.mark, rect) for thing, rect in scenery]
    wanted += [(mark, BADGE[mark], rect, False) for mark, rect in spaces if mark]
    # Those with the least choice come first.
    for mark, each, rect, below in sorted(wanted, key=lambda w: w[2].w - tag_width(w[1])):
        if mark:
            tries = list(_places(rect, tag_width(each), below))
            free = [at for at in tries if not any(map(at.overlaps, taken))]
            place = (free or tries)[0]
            taken.append(place)
            yield Tag(mark, each, place)


def _places(rect: Rect, wide: int, low: bool) -> Iterator[Rect]:
    """Along one edge from the right to the left, then along the other."""
    first, last = rect.x + CORNER, rect.right - CORNER - wide
    if last < first:
        first = last = (first + last) // 2
    edges = (rect.y - HEIGHT // 2 - 1, rect.bottom - HEIGHT // 2)
    for y in reversed(edges) if low else edges:
        for x in (*range(last, first, -6), first, first - CORNER, last + CORNER, first - 16):
            yield Rect(x, y, wide, HEIGHT)
