"""The tags that say that a cable is new or gone: beside it, in the free room between two boxes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from nslab.draw.layout.boxes import BADGE, Point, Rect, tag_width
from nslab.draw.layout.plan import Run
from nslab.draw.scene.scene import Key
from nslab.network.diff import Kind

HEIGHT, ASIDE = 20, 8
"""Pixels: how high a tag is, and how far from its cable it stands."""


@dataclass(frozen=True)
class Tag:
    """A plate with words, and the ends of the cable that it is about."""

    mark: Kind
    words: str
    rect: Rect
    ends: tuple[Key, Key]


def tags(runs: Sequence[tuple[Run, list[Point]]], areas: Iterable[Rect]) -> Iterator[Tag]:
    """The tags of the cables that came or went, as far as there is room between the boxes."""
    taken = [rect.grown(1) for rect in areas]
    lines = [
        Rect(min(a[0], b[0]), min(a[1], b[1]), abs(a[0] - b[0]), abs(a[1] - b[1])).grown(3)
        for _, path in runs
        for a, b in pairwise(path)
    ]
    for run, path in runs:
        cable = run.cable
        if cable is None or cable.mark not in {"new", "gone"}:
            continue
        words = BADGE[cable.mark]
        if cable.pair:
            words = f"{words} cable" if cable.mark == "new" else f"cable {words}"
        for rect in _beside(path, tag_width(words)):
            if rect.x >= 2 and not any(map(rect.overlaps, [*taken, *lines])):
                taken.append(rect)
                yield Tag(cable.mark, words, rect, (cable.upper, cable.lower))
                break


def _beside(path: list[Point], wide: int) -> Iterator[Rect]:
    """Places to the right and to the left of a line's upright parts."""
    for (x, y1), (x2, y2) in pairwise(path):
        low, high = min(y1, y2), max(y1, y2) - HEIGHT
        if x == x2:
            for y in sorted(range(low, high + 1, 2), key=lambda y: abs(y - (low + high) // 2)):
                yield Rect(x + ASIDE, y, wide, HEIGHT)
                yield Rect(x - ASIDE - wide, y, wide, HEIGHT)
