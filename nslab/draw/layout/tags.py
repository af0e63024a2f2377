"""The tags that say what changed, in the free room between two boxes.

Beside a cable stands that it is new or gone, below a part of the world what changed in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from nslab.draw.layout.boxes import BADGE, EDGE, LONGEST_LINE, SIGN, Point, Rect, tag_width
from nslab.draw.layout.plan import NARROW, Run
from nslab.draw.scene.metrics import clip
from nslab.draw.scene.scene import Key, Scenery
from nslab.network.diff import Kind

HEIGHT, ASIDE, CLEAR = 20, 8, 4
"""Pixels: how high a tag is, how far from its cable it stands, and how far from boxes."""


@dataclass(frozen=True)
class Tag:
    """A plate with words, and the ends of the cable that it is about, if it is about one."""

    mark: Kind
    words: str
    rect: Rect
    ends: tuple[Key, ...]


def tags(
    runs: Sequence[tuple[Run, list[Point]]],
    areas: Iterable[Rect],
    world: Sequence[tuple[Scenery, Rect]] = (),
) -> Iterator[Tag]:
    """The tags of what came, went or changed, as far as there is room between the boxes.

    :param runs: the cables, with their ways
    :param areas: what no tag may cover
    :param world: the parts of the world, with their places
    """
    taken = [rect.grown(CLEAR) for rect in areas]
    lines = [
        Rect(min(a[0], b[0]), min(a[1], b[1]), abs(a[0] - b[0]), abs(a[1] - b[1])).grown(3)
        for _, path in runs
        for a, b in pairwise(path)
    ]
    # No picture becomes too wide for a narrow cell by a tag: then the link itself says it.
    room = max([EDGE + NARROW, *(rect.right for rect in taken)])
    for mark, words, ends, places in (*_of_cables(runs), *_of_the_world(world)):
        for rect in places:
            if rect.x >= 2 and rect.right <= room and not any(map(rect.overlaps, [*taken, *lines])):
                taken.append(rect)
                yield Tag(mark, words, rect, ends)
                break


_Wanted = tuple[Kind, str, tuple[Key, ...], Iterator[Rect]]
"""What a tag says, of which ends, and the places that it may have, the best first."""


def _of_cables(runs: Sequence[tuple[Run, list[Point]]]) -> Iterator[_Wanted]:
    for run, path in runs:
        cable = run.cable
        if cable is None or cable.mark is None or cable.quiet or not cable.outermost:
            continue
        words = BADGE[cable.mark]
        if cable.pair:
            words = f"{words} cable" if cable.mark == "new" else f"cable {words}"
        ends = (cable.upper, cable.lower)
        yield cable.mark, words, ends, _beside(path, tag_width(words))


def _of_the_world(world: Sequence[tuple[Scenery, Rect]]) -> Iterator[_Wanted]:
    for thing, rect in world:
        for line in thing.told:
            mark = line.mark or "changed"
            sign = "" if mark == "changed" else f"{SIGN[mark]} "
            words = f"{sign}{clip(line.text, LONGEST_LINE)}"
            yield mark, words, (), _below(rect, tag_width(words))


def _below(rect: Rect, wide: int) -> Iterator[Rect]:
    """Places below a part of the world: beside what hangs on its middle, or in line with it."""
    middle = rect.middle[0]
    for y in range(rect.bottom + ASIDE, rect.bottom + ASIDE + HEIGHT + 1, 2):
        for x in (middle + ASIDE, middle - wide // 2, rect.x, rect.right - wide):
            yield Rect(x, y, wide, HEIGHT)


def _beside(path: list[Point], wide: int) -> Iterator[Rect]:
    """Places to the right and to the left of a line's upright parts."""
    for (x, y1), (x2, y2) in pairwise(path):
        low, high = min(y1, y2), max(y1, y2) - HEIGHT
        if x == x2:
            for y in sorted(range(low, high + 1, 2), key=lambda y: abs(y - (low + high) // 2)):
                yield Rect(x + ASIDE, y, wide, HEIGHT)
                yield Rect(x - ASIDE - wide, y, wide, HEIGHT)
