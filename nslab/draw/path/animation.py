"""A packet that moves: a dot for each way, by CSS alone.

It is seen where it covers no word: in a box that the line does not cross it is out of sight.  Below
it the table of its steps goes along, each row at its time.

Rules for movement have names that hold for a whole page, so a name is made of what the rule says:
two pictures share it only if they mean the same.  Nothing moves for those who asked their system
for less motion, nor on paper, and everything stops while the mouse rests on the picture.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from nslab.draw.layout.boxes import Point, Rect
from nslab.draw.path.free import straights
from nslab.draw.path.room import Room
from nslab.draw.path.trail import Leg, Track

SPEED, LEAST = 280, 0.3
"""Pixels a second, the same for all copies; and how many seconds a leg takes at least."""

BEFORE, BREATH, DWELL, AFTER = 0.5, 0.15, 1.2, 2.0
"""Seconds: at the start, at each stop, where something is rewritten, and at the end."""

FADE = 0.06
"""Seconds in which the dot goes out of sight."""

MOST_DOTS, DOT, COPY, GROWN = 16, 7, 5, 1.5
"""How many dots there are at most, the radius of the packet's own and of a copy's in pixels, and
how much it grows where something is rewritten."""

STYLE = """\
.nslab-picture:hover .nslab-traveller,.nslab-walk:has(.nslab-picture:hover) .nslab-beat\
{animation-play-state:paused!important}
@media (prefers-reduced-motion:reduce){.nslab-traveller{display:none}\
.nslab-beat{animation:none!important}}
@media print{.nslab-traveller{display:none}.nslab-beat{animation:none!important}}
"""


@dataclass(frozen=True)
class _Frame:
    """When the dot is where, how big, and whether it is seen."""

    time: float
    at: Point
    size: float = 1.0
    seen: bool = True


@dataclass(frozen=True)
class _Journey:
    """A dot's frames, and when it comes to each of its stops."""

    frames: list[_Frame]
    arrivals: list[float]

    @property
    def end(self) -> float:
        return self.frames[-1].time


def travellers(tracks: Sequence[Track], room: Room, astray: Leg | None = None) -> Iterator[str]:
    """The rules and the dots; the first way is the packet's own.

    :param room: where the dots cover nothing
    :param astray: the leg on which the packet was lost
    """
    trips = _trips(tracks, room, astray)
    if not trips:
        return
    total = _total(trips)
    # Copies are drawn below, so that the packet itself is on top where they are together.
    for number, trip in reversed(list(enumerate(trips))):
        last = trip.frames[-1]
        end = _Frame(total, last.at, last.size, last.seen)
        steps = "".join(_rule(frame, total) for frame in (*trip.frames, end))
        name = f"nslab-{hashlib.sha256(steps.encode()).hexdigest()[:12]}"
        (x, y), radius = trip.frames[0].at, COPY if number else DOT
        yield f"<style>@keyframes {name}{{{steps}}}</style>"
        yield (
            f'<g class="nslab-traveller" style="animation:{name} {total:.2f}s linear infinite" '
            f'transform="translate({x} {y})"><circle class="nslab-packet" r="{radius}"/></g>'
        )


def beats(
    tracks: Sequence[Track], room: Room, astray: Leg | None = None
) -> tuple[float, list[float]]:
    """How many seconds the dot takes for all, and when it comes to each stop of the first way."""
    trips = _trips(tracks, room, astray)
    return (_total(trips), trips[0].arrivals) if trips else (0.0, [])


def _trips(tracks: Sequence[Track], room: Room, astray: Leg | None) -> list[_Journey]:
    return [
        _trip(track, room, COPY if number else DOT, None if number else astray)
        for number, track in enumerate(tracks[:MOST_DOTS])
        if track.legs
    ]


def _total(trips: Sequence[_Journey]) -> float:
    return max(trip.end for trip in trips) + AFTER


def _trip(track: Track, room: Room, radius: int, astray: Leg | None) -> _Journey:
    seen = _Sight(room, radius)
    begin, now = seen.beside(track.legs[0]), BEFORE
    free = seen.free(begin, radius)
    frames = [_Frame(0.0, begin, seen=free), _Frame(now, begin, seen=free)]
    arrivals = [0.0]
    for leg, mark in zip(track.legs, track.marks[1:], strict=True):
        frames += seen.along(leg, now)
        now = frames[-1].time
        arrivals.append(now)
        last = frames[-1]
        rests = DWELL if mark.stop.told else BREATH
        if mark.stop.told:
            size = GROWN if seen.free(last.at, radius * GROWN) else 1.0
            frames += [
                _Frame(now + DWELL / 4, last.at, size, last.seen),
                _Frame(now + DWELL * 3 / 4, last.at, size, last.seen),
            ]
        now += rests
        frames.append(_Frame(now, last.at, 1.0, last.seen))
    if astray is not None:
        gone = seen.along(astray, now)
        half = gone[: max(1, (len(gone) + 1) // 2)]
        frames += half
        frames.append(_Frame(half[-1].time + 4 * FADE, half[-1].at, 0.0, half[-1].seen))
    return _Journey(frames, arrivals)


class _Sight:
    """Where a dot of some size may be seen."""

    def __init__(self, room: Room, radius: int) -> None:
        self._room, self._radius = room, radius

    def free(self, point: Point, radius: float) -> bool:
        around = Rect(*point, 0, 0).grown(round(radius))
        return not any(map(around.overlaps, self._room.texts))

    def _seen(self, leg: Leg) -> list[bool]:
        """For each pixel of a leg: whether the dot covers no word there, and is on its line."""
        drawn = [rect for part in (*leg.shown, *leg.within) for rect in straights(part)]
        hidden = [rect.grown(-1) for rect in self._room.boxes]
        found = [self.free(leg.points[0], self._radius)]
        for (x1, y1), (x2, y2) in pairwise(leg.points):
            wide, high = abs(x1 - x2), abs(y1 - y2)
            around = Rect(min(x1, x2), min(y1, y2), wide, high).grown(self._radius)
            near = [text for text in self._room.texts if text.overlaps(around)]
            within = [rect for rect in hidden if rect.overlaps(around)]
            for n in range(1, wide + high + 1):
                steps = wide + high
                point = x1 + (x2 - x1) * n // steps, y1 + (y2 - y1) * n // steps
                dot = Rect(*point, 0, 0).grown(self._radius)
                lost = any(r.holds(point) for r in within) and not any(
                    line.holds(point) for line in drawn
                )
                found.append(not lost and not any(map(dot.overlaps, near)))
        return found

    def beside(self, leg: Leg) -> Point:
        """Where the dot begins: at the first point of a leg at which it covers nothing."""
        points = _pixels(leg)
        return next((point for point in points if self.free(point, self._radius)), points[0])

    def along(self, leg: Leg, begin: float) -> list[_Frame]:
        """The frames of a leg that starts at a time; it ends where the dot is last seen."""
        points = _pixels(leg)
        pace = _seconds(leg) / max(1, len(points) - 1)
        seen = self._seen(leg)
        corners = set(leg.points)
        frames: list[_Frame] = []
        for number, (point, here) in enumerate(zip(points, seen, strict=True)):
            now = begin + number * pace
            before = seen[number - 1] if number else here
            if here and not before:
                frames += [_Frame(now, point, seen=False), _Frame(now + FADE, point)]
            elif before and not here:
                frames += [_Frame(now, points[number - 1]), _Frame(now + FADE, point, seen=False)]
            elif number in (0, len(points) - 1) or point in corners:
                frames.append(_Frame(now, point, seen=here))
        return [
            frame for n, frame in enumerate(frames) if not n or frame.time >= frames[n - 1].time
        ]


def _pixels(leg: Leg) -> list[Point]:
    found = [leg.points[0]]
    for (x1, y1), (x2, y2) in pairwise(leg.points):
        steps = abs(x1 - x2) + abs(y1 - y2)
        found += [
            (x1 + (x2 - x1) * n // steps, y1 + (y2 - y1) * n // steps) for n in range(1, steps + 1)
        ]
    return found


def _seconds(leg: Leg) -> float:
    return max(LEAST, leg.length / SPEED)


def _rule(frame: _Frame, total: float) -> str:
    x, y = frame.at
    grown = f" scale({frame.size:g})" if frame.size != 1 else ""
    hidden = "" if frame.seen else ";opacity:0"
    return f"{100 * frame.time / total:.2f}%{{transform:translate({x}px,{y}px){grown}{hidden}}}"
