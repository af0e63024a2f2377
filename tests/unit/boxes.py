"""What is drawn in a picture, measured on its SVG alone: texts, outlines, lines and discs."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from html import escape
from itertools import pairwise
from typing import NamedTuple

from nslab.draw.layout.boxes import TEXT
from nslab.draw.paint.written import written

SVG = "{http://www.w3.org/2000/svg}"

HALF = {"nslab-way": 4.0, "nslab-copy": 2.0, "nslab-cable": 1.5, "nslab-under": 4.5}
"""Half the width of lines; of all others it is less than a pixel."""

Point = tuple[float, float]


class Room(NamedTuple):
    """From left to right, and from top to bottom."""

    left: float
    top: float
    right: float
    bottom: float

    def grown(self, by: float) -> Room:
        return Room(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def meets(self, other: Room) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def holds(self, x: float, y: float) -> bool:
        return self.left < x < self.right and self.top < y < self.bottom


class Drawn(NamedTuple):
    """Something that a tag may not touch: a room that is taken, or a line of some width."""

    what: str
    rooms: tuple[Room, ...] = ()
    line: tuple[Point, ...] = ()
    half: float = 0

    def touches(self, tag: Room) -> bool:
        around = tag.grown(self.half)
        along = (dot for pair in pairwise(self.line) for dot in dots(*pair))
        return any(map(tag.meets, self.rooms)) or any(around.holds(*dot) for dot in along)


def tags(page: str) -> dict[str, Room]:
    """The tags of a journey, by what they say."""
    found = {}
    for group in ET.fromstring(page).iter(f"{SVG}g"):
        if group.get("class") == "nslab-tag":
            (rect,) = (one for one in group if one.tag == f"{SVG}rect")
            said = " · ".join(one.text or "" for one in group if one.tag == f"{SVG}text")
            found[said] = _room(rect)
    return found


def drawn(page: str) -> Iterator[Drawn]:
    """All but the tags, and the lines that lead to them."""
    yield from _within(ET.fromstring(page), "")


def touched(page: str, apart: float = 1) -> dict[str, list[str]]:
    """What lies on a tag, or nearer to its outline than that, by what the tag says."""
    every, found = tags(page), {}
    for said, room in every.items():
        near = room.grown(apart)
        hit = [each.what for each in drawn(page) if each.touches(near)]
        hit += [other for other, there in every.items() if other != said and near.meets(there)]
        if hit:
            found[said] = sorted(set(hit))
    return found


def _within(element: ET.Element, about: str) -> Iterator[Drawn]:
    for child in element:
        kind, classes = child.tag.removeprefix(SVG), (child.get("class") or "").split()
        if classes[:1] in (["nslab-tag"], ["nslab-lead"], ["nslab-paper"], ["nslab-now"]):
            continue
        names = (child.get(f"data-{key}") for key in ("link", "ns", "world", "cable", "stop"))
        here = next(filter(None, names), about)
        yield from _shape(child, kind, classes, here)
        yield from _within(child, here)


def _shape(element: ET.Element, kind: str, classes: list[str], about: str) -> Iterator[Drawn]:
    name = f"{classes[0] if classes else kind} of {about}"
    if kind == "text":
        yield Drawn(f"{element.text}", (_text(element),))
    elif kind == "circle" and classes and "nslab-stop" in classes[0]:
        x, y, r = (_number(element, key) for key in ("cx", "cy", "r"))
        yield Drawn(f"number {about}", (Room(x - r, y - r, x + r, y + r),))
    elif kind == "rect" and "nslab-plug" in classes:
        yield Drawn(name, (_room(element),))
    elif kind == "rect":
        left, top, right, bottom = _room(element)
        corners = ((left, top), (right, top), (right, bottom), (left, bottom), (left, top))
        yield Drawn(name, line=corners, half=0.8)
    elif kind == "path" and not element.get("transform"):
        half = next((HALF[each] for each in classes if each in HALF), 0.8)
        for line in lines(element.get("d") or ""):
            yield Drawn(name, line=line, half=half)


def _text(element: ET.Element) -> Room:
    """Where a text is, in the widest of common fonts."""
    classes, x, y = (element.get(key) or "" for key in ("class", "x", "y"))
    said = escape(element.text or "")
    ((_, rect),) = written([f'<text class="{classes}" x="{x}" y="{y}">{said}</text>'])
    return Room(rect.x, rect.y, rect.right, rect.y + TEXT)


def _number(element: ET.Element, key: str) -> float:
    return float(element.get(key) or 0)


def _room(element: ET.Element) -> Room:
    x, y, w, h = (_number(element, key) for key in ("x", "y", "width", "height"))
    return Room(x, y, x + w, y + h)


def lines(d: str) -> Iterator[tuple[Point, ...]]:
    """The lines of a path: its turns and arcs as if they were straight."""
    line: list[Point] = []
    for letter, words in re.findall(r"([A-Za-z])([^A-Za-z]*)", d):
        *_, x, y = (0.0, 0.0, *map(float, re.findall(r"-?[\d.]+", words)))
        here = line[-1] if line else (0.0, 0.0)
        if letter == "M":
            if len(line) > 1:
                yield tuple(line)
            line = [(x, y)]
        elif letter in "LQ":
            line.append((x, y))
        elif letter in "Hh":
            line.append((y + here[0] * (letter == "h"), here[1]))
        elif letter in "Vv":
            line.append((here[0], y + here[1] * (letter == "v")))
        elif letter in "al":
            line.append((here[0] + x, here[1] + y))
    if len(line) > 1:
        yield tuple(line)


def dots(one: Point, other: Point) -> Iterator[Point]:
    (x1, y1), (x2, y2) = one, other
    steps = max(1, round(max(abs(x1 - x2), abs(y1 - y2))))
    yield from ((x1 + (x2 - x1) * n / steps, y1 + (y2 - y1) * n / steps) for n in range(steps + 1))
