"""Tags beside the stops of a way: what was rewritten there, and how it ended.

They stand where nothing is written, as close to their stop as they can; nothing moves for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Literal

from nslab.draw.layout.boxes import GATE, LEAD, TEXT, Point, Rect
from nslab.draw.layout.place import EDGE, Gate, Placed
from nslab.draw.layout.plan import Run
from nslab.draw.paint.svg import texts
from nslab.draw.path.free import Ground, sides, straights
from nslab.draw.path.room import RADIUS, SIGN
from nslab.draw.path.trail import End, Mark, Track
from nslab.draw.scene.metrics import shown_width

Kind = Literal["told", "arrived", "lost", "beyond"]

ENDS: dict[End, str] = {
    "arrived": "✔ arrived",
    "lost": "✘ not seen again",
    "beyond": "… not captured beyond",
}

_CLEAR, _ROOMY = 3, 6
"""Pixels that a tag keeps away from all that is drawn, as two outlines side by side look like one;
and that it keeps where there is room."""

_ON_WAY, _ON_CABLE, _ON_EDGE, _ON_TEXT = 200, 140, 100, 200
"""Costs in pixels: of touching the way, a cable, or the border of a namespace, where there is no
room anywhere else, and of a line to the stop that runs through a text."""

_OVER, _NEAR = 12, 3
"""Costs in pixels: of a line to the stop that passes over another line, and of a tag that has only
just room beside something."""

_ABOVE, _OUT = 52, 24
"""Pixels above the picture that two tags may take, and what it costs that the picture grows by one.
"""

_GAP = RADIUS + 4

_SLANTS = (0, 8, -8, 16, -16)
"""Pixels from the straight line to a tag to where it may end else."""

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
    meets: Point = (0, 0)
    """Where that line meets it."""


def callouts(
    placed: Placed, track: Track, end: End, said: tuple[str, ...] = (), like: Iterable[Callout] = ()
) -> list[Callout]:
    """The tags of a way, and one that says how it ended.

    :param said: the lines of the last one, if not the usual words
    :param like: tags of another way: those that say the same of the same stop keep their places
    """
    known = {_same(tag.mark, tag.kind, tag.lines): tag for tag in like}
    every = _wanted(track, end, said)
    every.sort(key=lambda one: _same(*one) not in known)
    tries: list[list[Callout]] = []
    # Who comes first takes the better place.
    for order in _orders(every):
        room = _Room(placed, track, known)
        tries.append([room.callout(*one) for one in order])
        if len(every) == 1 or all(tag.led and tag.cost <= _GOOD for tag in tries[-1]):
            break  # no other order can be much better
    return min(tries, key=lambda tags: sum(tag.cost for tag in tags))


_Wanted = tuple[Mark, Kind, tuple[str, ...]]


def _wanted(track: Track, end: End, said: tuple[str, ...]) -> list[_Wanted]:
    """What is told at each stop, and how it ended."""
    told: list[_Wanted] = [(mark, "told", mark.stop.told) for mark in track.marks if mark.stop.told]
    last: list[_Wanted] = [(mark, end, said or (ENDS[end],)) for mark in track.marks[-1:]]
    return [*told, *last]


_Same = tuple[Point, Kind, str]
"""Where a tag's stop is, and what the tag says, however it is broken into lines."""


def _same(mark: Mark, kind: Kind, lines: Sequence[str]) -> _Same:
    return mark.at, kind, " ".join(" ".join(lines).replace(" · ", " ").split())


def _orders(wanted: list[_Wanted]) -> Iterable[Sequence[_Wanted]]:
    """The orders in which tags may choose: of few all, of many some."""
    if len(wanted) <= 3:
        return permutations(wanted)
    return wanted, wanted[::-1], sorted(wanted, key=lambda one: -max(map(len, one[2])))


class _Room:
    def __init__(self, placed: Placed, track: Track, known: Mapping[_Same, Callout]) -> None:
        self._known = known
        bounds = Rect(2, -_ABOVE, placed.width - 4, placed.height - 2 + _ABOVE)
        self._ground = ground = Ground(bounds)
        ground.taken = [rect.grown(_CLEAR - 1) for rect in written(placed)]
        ground.taken += [Rect(*mark.at, 0, 0).grown(RADIUS + _CLEAR) for mark in track.marks]
        signs = [at for leg in track.legs for at in leg.signs]
        ground.taken += [Rect(*at, 0, 0).grown(SIGN + _CLEAR) for at in signs]
        ground.lines = list(_lines(placed, track))
        for high in (_ABOVE, _ABOVE // 2):  # the picture grows for what is there
            ground.lines.append((_OUT, Rect(0, -_ABOVE, placed.width, high + 2)))
        # Where no place keeps away from all, one that touches is better than one that covers.
        self._tight = Ground(
            bounds, [rect.grown(1 - _CLEAR) for rect in ground.taken], ground.lines
        )
        self._words = [rect for _, rect in texts(placed)]
        self._solids = [slot.rect for _, slot in (*placed.bridges, *placed.cells)]

    def callout(self, mark: Mark, kind: Kind, lines: Sequence[str]) -> Callout:
        """The best place of a tag, which is taken from then on."""
        at, numbered = mark.at, NUMBER if kind == "told" else 0
        best = self._kept(mark, kind, lines)
        for ground in () if best else (self._ground, self._tight):
            for shape in _shapes(lines, " · " if numbered else " "):
                best = self._better(ground, at, shape, numbered, best)
            if best is not None:
                break
        if best is None:  # everything is full: below the stop, whatever is there
            lines = tuple(lines)
            w, h = _size(lines, numbered)
            x = min(max(at[0] - w // 2, EDGE), max(EDGE, self._ground.bounds.right - w))
            best = 1000, Rect(x, at[1] + _GAP, w, h), lines
        cost, rect, shape = best
        led = not self._crosses(at, rect)
        meets = self._meets(at, rect)
        self._ground.taken.append(rect.grown(_CLEAR + 1))
        self._tight.taken.append(rect.grown(1))
        return Callout(kind, shape, rect, mark, cost, led, meets)

    def _kept(self, mark: Mark, kind: Kind, lines: Sequence[str]) -> _Best | None:
        """The place that a tag has beside another way, if it is free here."""
        tag = self._known.get(_same(mark, kind, lines))
        cost = self._ground.cost(mark.at, tag.rect) if tag else None
        return (cost, tag.rect, tag.lines) if tag and cost is not None else None

    def _meets(self, at: Point, rect: Rect) -> Point:
        """Where the line from a stop meets its tag: a little aside, if it would graze a link."""
        near = [each.grown(_ROOMY) for each in self._solids if not each.grown(_GAP).holds(at)]
        end = lead_end(at, rect)
        ends = [(min(max(end[0] + by, rect.x + 6), rect.right - 6), end[1]) for by in _SLANTS]
        free = (
            each
            for each in ends
            if not any(rect.holds(dot) for rect in (*near, *self._words) for dot in _dots(at, each))
        )
        return next(free, end)

    def _better(
        self, ground: Ground, at: Point, lines: tuple[str, ...], numbered: int, best: _Best | None
    ) -> _Best | None:
        """A better place for these lines than the best one so far."""
        for cost, rect in ground.places(at, _size(lines, numbered)):
            if best is not None and cost >= best[0]:
                break
            cost += self._near(rect)
            if best is None or cost < best[0]:
                cost += self._led(at, rect)
            if best is None or cost < best[0]:
                best = cost, rect, lines
        return best

    def _near(self, rect: Rect) -> int:
        """What it costs that a tag has only just room."""
        around, ground = rect.grown(_ROOMY - _CLEAR), self._ground
        near = sum(map(around.overlaps, ground.taken))
        return _NEAR * (near + sum(around.overlaps(line) for _, line in ground.lines))

    def _led(self, at: Point, rect: Rect) -> int:
        """What the line from a stop to its tag costs."""
        dots = _dots(at, lead_end(at, rect))
        over = sum(any(map(line.grown(-_CLEAR).holds, dots)) for _, line in self._ground.lines)
        over += 2 * sum(any(map(rect.holds, dots)) for rect in self._solids)
        return _OVER * over + _ON_TEXT * self._crosses(at, rect)

    def _crosses(self, at: Point, rect: Rect) -> bool:
        """Whether the line from a stop to its tag runs through what is written."""
        dots = _dots(at, lead_end(at, rect))
        own = Rect(*at, 0, 0).grown(RADIUS + 2)
        apart = (r.grown(1 - _CLEAR) for r in self._ground.taken if not r.overlaps(own))
        return any(rect.holds(dot) for rect in (*self._words, *apart) for dot in dots)


_Best = tuple[int, Rect, tuple[str, ...]]
"""What a tag's place costs, the place, and the lines that it has there."""


def _lines(placed: Placed, track: Track) -> Iterator[tuple[int, Rect]]:
    """All lines of a picture, with the room beside them, and what it costs to lie on each."""
    for cost, thick, path in (*_strokes(placed), *((_ON_WAY, 3, leg.points) for leg in track.legs)):
        yield from ((cost, rect.grown(_CLEAR + thick)) for rect in straights(path))
    for rect in (*(rect for _, _, rect in placed.boxes), *(panel.rect for panel in placed.panels)):
        yield from ((_ON_EDGE, side.grown(_CLEAR)) for side in sides(rect))


def _strokes(placed: Placed) -> Iterator[tuple[int, int, Sequence[Point]]]:
    """Cables and what is like them, with what it costs to lie on each, and how thick each is."""
    for run, path in placed.runs:
        yield _ON_CABLE, int(not _is_thin(run)), path
    for panel in placed.panels:
        yield from ((_ON_CABLE, 1, rail) for rail in panel.rails)
    for gate in placed.gates:
        yield from ((_ON_CABLE, 0, line) for line in _dotted(gate))


def _is_thin(run: Run) -> bool:
    return run.cable is not None and not run.cable.pair


def _dotted(gate: Gate) -> list[list[Point]]:
    """The lines from the sign for forwarding to what it is between."""
    x, y = gate.rect.x + GATE // 2, gate.rect.y
    return [[(x, end), (x, y)] for end in (gate.above, gate.below) if end is not None]


def _dots(one: Point, other: Point) -> list[Point]:
    """Points on a line, close to each other."""
    (x1, y1), (x2, y2) = one, other
    steps = max(1, (abs(x1 - x2) + abs(y1 - y2)) // 8)
    return [(x1 + (x2 - x1) * n // steps, y1 + (y2 - y1) * n // steps) for n in range(steps)]


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


def lead_end(at: Point, rect: Rect) -> Point:
    """Where the line from a stop meets its tag."""
    x, y = at
    return min(max(x, rect.x + 6), rect.right - 6), min(max(y, rect.y + 4), rect.bottom - 4)


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
    # The words are as far from the disc with the number as from their end.
    return round(wide) + (15 if numbered else 16) + numbered, LEAD * len(lines) + 6


__all__ = ["Callout", "Kind", "callouts", "lead_end", "written"]
