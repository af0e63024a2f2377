"""Tags beside the stops of a way: what was rewritten there, and how it ended.

They stand where nothing is written, as close to their stop as they can; nothing moves for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from typing import Literal

from nslab.draw.layout.boxes import LEAD, TEXT, Point, Rect
from nslab.draw.layout.place import EDGE, Placed, trace
from nslab.draw.paint.svg import texts
from nslab.draw.path.room import RADIUS
from nslab.draw.path.trail import End, Mark, Track
from nslab.draw.scene.metrics import shown_width

Kind = Literal["told", "arrived", "lost", "beyond"]

ENDS: dict[End, str] = {
    "arrived": "✔ arrived",
    "lost": "✘ not seen again",
    "beyond": "… not captured beyond",
}

_FAR, _STEP = (320, 150), (8, 4)
"""Pixels: how far away a tag may be, sideways and up or down, and the grid of its places."""

_ON_WAY, _ON_CABLE, _ON_EDGE, _ON_TEXT = 90, 12, 40, 200
"""Costs in pixels: of covering the way, a cable, or the border of a namespace, and of a line to the
stop that runs through a text."""

_ABOVE, _OUT = 52, 24
"""Pixels above the picture that two tags may take, and what it costs that the picture grows by one.
"""

_GAP = RADIUS + 4

_GOOD = 60
"""The cost up to which a tag's place is good."""

LONGEST = 70
"""Characters of a tag that may stand in one line."""

NUMBER = 20
"""Pixels that a tag keeps for the number of its stop."""


@dataclass(frozen=True)
class Callout:
    """Lines of text at a place, and the stop that they belong to."""

    kind: Kind
    lines: tuple[str, ...]
    rect: Rect
    mark: Mark
    cost: int
    """How good the place is: pixels of distance and what is covered."""
    led: bool = True
    """Whether a line leads to it: none does that would run through what is written."""


def callouts(placed: Placed, track: Track, end: End, said: tuple[str, ...] = ()) -> list[Callout]:
    """The tags of a way, and one that says how it ended.

    :param said: the lines of the last one, if not the usual words
    """
    wanted: list[_Wanted] = [
        (mark, "told", mark.stop.told) for mark in track.marks if mark.stop.told
    ]
    last: list[_Wanted] = [(mark, end, said or (ENDS[end],)) for mark in track.marks[-1:]]
    every = [*wanted, *last]
    tries: list[list[Callout]] = []
    # Who comes first takes the better place.
    for order in _orders(every):
        room = _Room(placed, track)
        tries.append([room.callout(*one) for one in order])
        if len(every) == 1 or all(tag.led and tag.cost <= _GOOD for tag in tries[-1]):
            break  # no other order can be much better
    return min(tries, key=lambda tags: sum(tag.cost for tag in tags))


_Wanted = tuple[Mark, Kind, tuple[str, ...]]


def _orders(wanted: list[_Wanted]) -> Iterable[Sequence[_Wanted]]:
    """The orders in which tags may choose: of few all, of many some."""
    if len(wanted) <= 3:
        return permutations(wanted)
    return wanted, wanted[::-1], sorted(wanted, key=lambda one: -max(map(len, one[2])))


class _Room:
    def __init__(self, placed: Placed, track: Track) -> None:
        self._bounds = Rect(2, -_ABOVE, placed.width - 4, placed.height - 2 + _ABOVE)
        self._taken = list(written(placed))
        self._words = [rect for _, rect in texts(placed)]
        self._edges = [rect for _, _, rect in placed.boxes]
        self._edges += [panel.rect for panel in placed.panels]
        self._taken += [
            Rect(mark.at[0], mark.at[1], 0, 0).grown(RADIUS + 2) for mark in track.marks
        ]
        self._way = [p for leg in track.legs for p in trace(list(leg.points))]
        self._cables = [p for _, path in placed.runs for p in trace(path)]

    def callout(self, mark: Mark, kind: Kind, lines: Sequence[str]) -> Callout:
        """The best place of a tag, which is taken from then on."""
        at, numbered = mark.at, NUMBER if kind == "told" else 0
        best: tuple[int, Rect, tuple[str, ...]] | None = None
        for shape in _shapes(lines, " · " if numbered else " "):
            best = self._better(at, shape, numbered, best)
        if best is None:  # everything is full: below the stop, whatever is there
            lines = tuple(lines)
            w, h = _size(lines, numbered)
            x = min(max(at[0] - w // 2, EDGE), max(EDGE, self._bounds.right - w))
            best = 1000, Rect(x, at[1] + _GAP, w, h), lines
        cost, rect, shape = best
        led = not self._crosses(at, rect)
        self._taken.append(rect.grown(3))
        return Callout(kind, shape, rect, mark, cost, led)

    def _better(
        self,
        at: Point,
        lines: tuple[str, ...],
        numbered: int,
        best: tuple[int, Rect, tuple[str, ...]] | None,
    ) -> tuple[int, Rect, tuple[str, ...]] | None:
        """A better place for these lines than the best one so far."""
        w, h = _size(lines, numbered)
        for far, dx, dy in _offsets(w, h):
            if best is not None and far >= best[0]:
                break
            rect = Rect(at[0] + dx, at[1] + dy, w, h)
            if self._fits(rect):
                cost = far + self._covers(rect)
                if best is None or cost < best[0]:
                    cost += _ON_TEXT * self._crosses(at, rect)
                if best is None or cost < best[0]:
                    best = cost, rect, lines
        return best

    def _fits(self, rect: Rect) -> bool:
        room = self._bounds
        return (
            room.x <= rect.x
            and rect.right <= room.right
            and room.y <= rect.y
            and rect.bottom <= room.bottom
            and not any(map(rect.overlaps, self._taken))
        )

    def _crosses(self, at: Point, rect: Rect) -> bool:
        """Whether the line from a stop to its tag runs through what is written."""
        (x1, y1), (x2, y2) = at, lead_end(at, rect)
        steps = max(1, (abs(x1 - x2) + abs(y1 - y2)) // 8)
        dots = [(x1 + (x2 - x1) * n // steps, y1 + (y2 - y1) * n // steps) for n in range(steps)]
        own = Rect(*at, 0, 0).grown(RADIUS + 2)
        if any(rect.holds(dot) for rect in self._words for dot in dots):
            return True
        return any(
            taken.holds(dot) and not taken.overlaps(own) for taken in self._taken for dot in dots
        )

    def _covers(self, rect: Rect) -> int:
        near = rect.grown(3)
        edges = sum(each.overlaps(near) and not _holds(each, rect) for each in self._edges)
        return (
            _ON_EDGE * edges
            + _OUT * ((rect.y < 2) + (rect.y < 2 - _ABOVE // 2))
            + _ON_WAY * any(map(near.holds, self._way))
            + _ON_CABLE * any(map(near.holds, self._cables))
        )


def written(placed: Placed) -> Iterator[Rect]:
    """Where something stands that may not be covered: links, texts, plates, gates, the world."""
    for _, slot in (*placed.bridges, *placed.cells):
        yield slot.rect.grown(1)
    for _, rect in placed.scenery:
        yield rect.grown(1)
    for _, rect, _ in placed.notes:
        yield rect
    for gate in placed.gates:
        yield gate.rect
    for label in placed.labels.values():
        yield label.rect
    for _, rect in texts(placed):
        yield rect.grown(3)
    if placed.rest:
        yield placed.rest.grown(2)


def _holds(outer: Rect, inner: Rect) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.right <= outer.right
        and inner.bottom <= outer.bottom
    )


def lead_end(at: Point, rect: Rect) -> Point:
    """Where the line from a stop meets its tag."""
    x, y = at
    return min(max(x, rect.x + 6), rect.right - 6), min(max(y, rect.y + 4), rect.bottom - 4)


@cache
def _offsets(w: int, h: int) -> list[tuple[int, int, int]]:
    """Where a tag can be, as seen from its stop, the nearest first."""
    found = []
    for dx in range(-_FAR[0] - w, _FAR[0], _STEP[0]):
        for dy in range(-_FAR[1] - h, _FAR[1], _STEP[1]):
            aside = max(dx, -(dx + w), 0)
            above = max(dy, -(dy + h), 0)
            if max(aside, above) >= _GAP:
                found.append((aside + above, dx, dy))
    return sorted(found, key=lambda one: (one[0], abs(one[1] + w // 2), one))


def _shapes(lines: Sequence[str], between: str) -> Iterator[tuple[str, ...]]:
    """The lines as they are; and broken where something became something else."""
    yield tuple(lines)
    if len(lines) > 1 and sum(map(len, lines)) < LONGEST:
        yield (between.join(lines),)
    narrow = tuple(piece for line in lines for piece in _broken(line))
    if narrow != tuple(lines):
        yield narrow
    narrowest = tuple(piece for line in lines for piece in _JOINTS.split(line))
    if narrowest not in (tuple(lines), narrow):
        yield narrowest


_JOINTS = re.compile(r"(?<=,) ")
"""Where a line may be broken that says two things."""


def _broken(line: str) -> Iterable[str]:
    before, arrow, after = line.partition(" → ")
    return (before, f"→ {after}") if arrow and len(line) > 24 else (line,)


def _size(lines: Sequence[str], numbered: int) -> Point:
    wide = max(shown_width(line, TEXT, bold=True) for line in lines)
    return round(wide) + 16 + numbered, LEAD * len(lines) + 6


__all__ = ["Callout", "Kind", "callouts", "lead_end", "written"]
