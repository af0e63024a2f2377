"""The shapes that everything is drawn from: rectangles, lines, texts, plugs and pills."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise

from nslab.draw.layout.boxes import Point, Rect
from nslab.draw.scene.metrics import printable
from nslab.network.diff import Kind

_ROUND = 8
"""The radius of a cable's turn."""

APART = 6
"""Pixels between the texts of a line."""


def xml(text: str) -> str:
    """A text as it may stand in XML."""
    return escape(printable(text))


def rectangle(rect: Rect, classes: str, radius: int) -> str:
    """A rectangle with round corners."""
    return (
        f'<rect class="{classes}" x="{rect.x}" y="{rect.y}" width="{rect.w}" height="{rect.h}" '
        f'rx="{radius}"/>'
    )


def words(x: int, y: int, text: str, classes: str) -> str:
    """A line of text; ``y`` is its base line."""
    named = f' class="{classes}"' if classes else ""
    return f'<text{named} x="{x}" y="{y}">{xml(text)}</text>'


def centred(x: int, y: int, parts: Sequence[tuple[str, str]]) -> str:
    """A line of texts of several classes around a place, whatever fonts the reader has."""
    if len(parts) == 1:
        return words(x, y, parts[0][0], f"nslab-middle {parts[0][1]}".strip())
    first, *others = [(xml(text), classes) for text, classes in parts]
    spans = f'<tspan class="{first[1]}">{first[0]}</tspan>'
    spans += "".join(f'<tspan class="{c}" dx="{APART}">{text}</tspan>' for text, c in others)
    return f'<text class="nslab-middle" x="{x}" y="{y}">{spans}</text>'


def pill(rect: Rect, text: str, mark: Kind) -> list[str]:
    """A tag that says how something changed."""
    struck = rectangle(rect, f"nslab-pill nslab-halo-{mark}", rect.h // 2)
    x, y = rect.middle
    return [struck, words(x, y + 4, text, f"nslab-badge nslab-middle nslab-told-{mark}")]


def dot(x: int, y: int, *, up: bool) -> str:
    """The sign for a state: a dot if it is up, else a ring with a bar in it.

    A ring alone is an answer that can be chosen, and a copy of a packet.
    """
    if up:
        return f'<circle class="nslab-dot" cx="{x}" cy="{y}" r="4"/>'
    return f'<path class="nslab-hollow" d="M{x - 4} {y}a4 4 0 1 0 8 0a4 4 0 1 0-8 0h8"/>'


def plug(point: Point, rect: Rect) -> str:
    """The plug of a cable, outside of the edge of the card that it is in."""
    x, y = point
    if y in (rect.y, rect.bottom):
        at = Rect(x - 7, y - 6 if y == rect.y else y, 14, 6)
    else:
        at = Rect(x - 6 if x == rect.x else x, y - 7, 6, 14)
    return (
        f'<rect class="nslab-plug" x="{at.x}" y="{at.y}" width="{at.w}" height="{at.h}" rx="1.5"/>'
    )


def head(before: Point, end: Point) -> str:
    """An arrowhead at the end of a line."""
    (x, y), (dx, dy) = end, (_sign(end[0] - before[0]), _sign(end[1] - before[1]))
    back, aside = (x - 9 * dx, y - 9 * dy), (5 * dy, 5 * dx)
    one, other = (f"L{back[0] + way * aside[0]} {back[1] + way * aside[1]}" for way in (1, -1))
    return f'<path class="nslab-plug" d="M{x} {y}{one}{other}Z"/>'


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def line_through(path: Sequence[Point], classes: str) -> str:
    """A line through points, with its turns rounded."""
    return lines_through([path], classes)


def parted(
    path: Sequence[Point], others: Sequence[Sequence[Point]]
) -> tuple[list[Point], list[Point]]:
    """What the beginning of a line shares with others, empty if that is nothing, and what is left.

    The rest begins a turn before, so that it comes out of what is shared in a round.
    """
    trunk = max((_common(path, other) for other in others), key=_length, default=[])
    if len(trunk) < 2:
        return [], list(path)
    (x, y), (fx, fy) = trunk[-1], trunk[-2]
    back = min(_ROUND, abs(x - fx) + abs(y - fy))
    start = (x - back * _sign(x - fx), y - back * _sign(y - fy))
    passed = len(trunk) if trunk[-1] == path[len(trunk) - 1] else len(trunk) - 1
    return trunk, [start, trunk[-1], *path[passed:]]


def _common(one: Sequence[Point], other: Sequence[Point]) -> list[Point]:
    """The way that two lines have in common from where both begin."""
    found = [one[0]] if one[0] == other[0] else []
    for (a, b), (_, c) in zip(pairwise(one), pairwise(other), strict=False):
        if not found or found[-1] != a or _way(a, b) != _way(a, c):
            break
        found.append(min(b, c, key=lambda end: abs(end[0] - a[0]) + abs(end[1] - a[1])))
    return found


def _way(a: Point, b: Point) -> Point:
    return _sign(b[0] - a[0]), _sign(b[1] - a[1])


def _length(path: Sequence[Point]) -> int:
    return sum(abs(a[0] - b[0]) + abs(a[1] - b[1]) for a, b in pairwise(path))


def lines_through(paths: Sequence[Sequence[Point]], classes: str) -> str:
    """Some such lines as one: where they lie on each other they are no darker."""
    return f'<path class="{classes}" d="{"".join(map(_through, paths))}"/>'


def _through(path: Sequence[Point]) -> str:
    parts = [f"M{path[0][0]} {path[0][1]}"]
    for (before, point), (_, after) in pairwise(pairwise(path)):
        ends = []
        for other in (before, after):
            length = abs(other[0] - point[0]) + abs(other[1] - point[1])
            back = min(_ROUND, length // 2)
            ends.append(
                tuple(
                    p + (0 if o == p else back if o > p else -back)
                    for p, o in zip(point, other, strict=True)
                )
            )
        (ax, ay), (bx, by) = ends
        parts.append(f"L{ax} {ay}Q{point[0]} {point[1]} {bx} {by}")
    parts.append(f"L{path[-1][0]} {path[-1][1]}")
    return "".join(parts)
