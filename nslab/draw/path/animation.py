"""A packet that moves: a dot for each way, by CSS alone.

Rules for movement have names that hold for a whole page, so a name is made of what the rule says:
two pictures share it only if they mean the same.  Nothing moves for those who asked their system
for less motion, nor on paper, and everything stops while the mouse rests on the picture.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import pairwise

from nslab.draw.layout.boxes import Point
from nslab.draw.path.trail import Leg, Track

SPEED, LEAST = 280, 0.3
"""Pixels a second, the same for all copies; and how many seconds a leg takes at least."""

BEFORE, BREATH, DWELL, AFTER = 0.5, 0.15, 1.2, 2.0
"""Seconds: at the start, at each stop, where something is rewritten, and at the end."""

MOST_DOTS = 16

STYLE = """\
.nslab-picture:hover .nslab-traveller{animation-play-state:paused!important}
@media (prefers-reduced-motion:reduce){.nslab-traveller{display:none}}
@media print{.nslab-traveller{display:none}}
"""

_Frame = tuple[float, Point, float]
"""When the dot is where, and how big."""


def travellers(tracks: Sequence[Track]) -> Iterator[str]:
    """The rules and the dots; the first way is the packet's own."""
    frames = [_frames(track) for track in tracks[:MOST_DOTS] if track.legs]
    if not frames:
        return
    total = max(way[-1][0] for way in frames) + AFTER
    # Copies are drawn below, so that the packet itself is on top where they are together.
    for number, way in reversed(list(enumerate(frames))):
        steps = "".join(_rule(frame, total) for frame in (*way, (total, *way[-1][1:])))
        name = f"nslab-{hashlib.sha256(steps.encode()).hexdigest()[:12]}"
        (x, y), radius = way[0][1], 5 if number else 7
        yield f"<style>@keyframes {name}{{{steps}}}</style>"
        yield (
            f'<g class="nslab-traveller" style="animation:{name} {total:.2f}s linear infinite" '
            f'transform="translate({x} {y})"><circle class="nslab-packet" r="{radius}"/></g>'
        )


def _frames(track: Track) -> list[_Frame]:
    now = BEFORE
    found: list[_Frame] = [(0.0, track.marks[0].on, 1.0), (now, track.marks[0].on, 1.0)]
    for leg, mark in zip(track.legs, track.marks[1:], strict=True):
        takes = _seconds(leg)
        length = max(1, leg.length)
        for (x1, y1), (x2, y2) in pairwise(leg.points):
            now += takes * (abs(x1 - x2) + abs(y1 - y2)) / length
            found.append((now, (x2, y2), 1.0))
        if mark.stop.told:
            found += [(now + DWELL / 4, mark.on, 1.5), (now + DWELL * 3 / 4, mark.on, 1.5)]
        now += DWELL if mark.stop.told else BREATH
        found.append((now, mark.on, 1.0))
    return found


def _seconds(leg: Leg) -> float:
    return max(LEAST, leg.length / SPEED)


def _rule(frame: _Frame, total: float) -> str:
    when, (x, y), size = frame
    grown = f" scale({size:g})" if size != 1 else ""
    return f"{100 * when / total:.2f}%{{transform:translate({x}px,{y}px){grown}}}"
