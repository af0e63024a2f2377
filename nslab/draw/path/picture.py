"""A picture with the way of a packet on it.

What is below stands exactly where the lab's other pictures have it, and steps back a little.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from html import escape

from nslab.draw import Picture
from nslab.draw.layout.boxes import LEAD, Point
from nslab.draw.layout.place import Placed
from nslab.draw.paint.svg import Over, line_through, svg
from nslab.draw.path.animation import STYLE, travellers
from nslab.draw.path.callouts import NUMBER, Callout, callouts
from nslab.draw.path.trail import RADIUS, Leg, Track, Tracker, Trail
from nslab.draw.scene.metrics import printable

_WAY, _TOLD, _INK = "#cc79a7", "#e69f00", "#1d2329"
"""Of the Okabe-Ito palette, and none that says what is new, changed or gone."""

_STYLE = f"""\
.nslab-file .nslab-behind .nslab-box,.nslab-file .nslab-behind .nslab-cell{{fill-opacity:0}}
.nslab-inline .nslab-behind{{opacity:.78}}
.nslab-file .nslab-behind{{opacity:.88}}
.nslab-picture .nslab-ways{{opacity:.75;fill:none;stroke:{_WAY};stroke-linejoin:round;
stroke-linecap:round}}
.nslab-picture .nslab-way{{stroke-width:7}}
.nslab-picture .nslab-copy{{stroke-width:3.4}}
.nslab-picture .nslab-unseen{{stroke-dasharray:1 9}}
.nslab-picture .nslab-stop{{fill:{_WAY};stroke:{_INK};stroke-width:1.2}}
.nslab-picture .nslab-stop-told{{fill:{_TOLD}}}
.nslab-picture .nslab-stop-copy{{fill:#fff;stroke:{_WAY};stroke-width:2.4}}
.nslab-picture .nslab-now{{fill:none;stroke:{_WAY};stroke-width:3}}
.nslab-picture .nslab-number{{fill:{_INK};font-weight:bold;font-size:11px;text-anchor:middle}}
.nslab-picture .nslab-lead{{stroke-width:2;fill:none;stroke:{_TOLD}}}
.nslab-picture .nslab-callout{{fill:{_TOLD};stroke:{_INK};stroke-width:1}}
.nslab-picture .nslab-callout-arrived{{fill:{_WAY}}}
.nslab-picture .nslab-callout-lost{{fill:{_INK};stroke:#fff}}
.nslab-picture .nslab-callout-beyond{{fill:#fff}}
.nslab-picture .nslab-lead-arrived{{stroke:{_WAY}}}
.nslab-picture .nslab-lead-lost,.nslab-picture .nslab-lead-beyond{{stroke:#8b949e}}
.nslab-picture .nslab-rule{{stroke:{_INK};stroke-opacity:.5;stroke-width:1}}
.nslab-picture .nslab-said{{fill:{_INK};font-weight:bold}}
.nslab-picture .nslab-said-lost{{fill:#fff}}
"""


class PathPicture(Picture):
    """The picture of a network with a packet's way; ``upto`` is a step at which it stands still.

    :param base: the network; it is placed only once, however many ways are drawn on it
    :param told: the way in words
    """

    def __init__(
        self, base: Picture, trail: Trail, told: str, upto: int | None = None, caption: str = ""
    ) -> None:
        super().__init__(base.what)
        self._base = base
        self._trail = trail
        self._told = told
        self._upto = upto
        self._caption = caption

    @cached_property
    def placed(self) -> Placed:
        """Where everything is: as in the picture below."""
        return self._base.placed

    @cached_property
    def track(self) -> Track:
        """Where the stops and the line between them are."""
        return self._whole.upto(self._shown)

    @cached_property
    def branches(self) -> tuple[Track, ...]:
        """The same of the copies, each from the packet's beginning."""
        every = (self._tracker.track(branch) for branch in self._trail.branches)
        found = {track.legs: track for track in (one.upto(self._shown) for one in every)}
        found.pop(self.track.legs, None)
        return tuple(found.values())

    @cached_property
    def callouts(self) -> tuple[Callout, ...]:
        """The tags, which stand in the same places whatever of the way is shown."""
        every = callouts(self.placed, self._whole, self._trail.end)
        return tuple(
            tag
            for tag in every
            if tag.mark.number <= self._shown and (tag.kind == "told" or self._ends)
        )

    @cached_property
    def _whole(self) -> Track:
        return self._tracker.track(self._trail.stops)

    @cached_property
    def _tracker(self) -> Tracker:
        return Tracker(self.placed)

    @property
    def _shown(self) -> int:
        return self._upto if self._upto is not None else 1 << 30

    @property
    def _ends(self) -> bool:
        return self._shown >= len(self._trail.stops)

    @cached_property
    def svg(self) -> str:
        """A file of its own, readable on a light and on a dark ground.

        :raises ToolMissing: Graphviz's ``dot`` is not installed
        """
        return svg(self.placed, self.text, standalone=True, over=self._over)

    @cached_property
    def html(self) -> str:
        """The same to put into a page: it takes the colour of the text around it.

        :raises ToolMissing: Graphviz's ``dot`` is not installed
        """
        drawn = svg(self.placed, self.text, standalone=False, over=self._over)
        return drawn + (f"<p>{escape(self._caption)}</p>" if self._caption else "")

    @cached_property
    def text(self) -> str:
        """The way in words."""
        return self._told

    @cached_property
    def _over(self) -> Over:
        title = f"{self._trail.title}, on the network of {self.placed.scene.title}"
        return Over(title, _STYLE + STYLE, list(self._elements()), list(self._ways()))

    def _ways(self) -> Iterator[str]:
        yield '<g class="nslab-ways">'
        for branch in self.branches:
            yield from _legs(branch.legs, "nslab-copy")
        yield from _legs(self.track.legs, "nslab-way")
        yield "</g>"

    def _elements(self) -> Iterator[str]:
        here, branches = self.track, self.branches
        for tag in self.callouts:
            yield _lead(tag)
        taken = {mark.stop.hop for mark in here.marks}
        for x, y in dict.fromkeys(
            mark.at for branch in branches for mark in branch.marks if mark.stop.hop not in taken
        ):
            yield f'<circle class="nslab-stop-copy" cx="{x}" cy="{y}" r="4.5"/>'
        for mark in here.marks:
            x, y = mark.at
            told = " nslab-stop-told" if mark.stop.told else ""
            if self._upto == mark.number:
                yield f'<circle class="nslab-now" cx="{x}" cy="{y}" r="{RADIUS + 5}"/>'
            yield (
                f'<g class="nslab-at" data-stop="{mark.number}" '
                f'data-link="{_xml(mark.stop.name)}">'
                f'<circle class="nslab-stop{told}" cx="{x}" cy="{y}" r="{RADIUS}"/>'
                f'<text class="nslab-number" x="{x}" y="{y + 4}">{mark.number}</text></g>'
            )
        for tag in self.callouts:
            yield from _callout(tag)
        if self._upto is None:
            yield from travellers([here, *branches])


def _legs(legs: Sequence[Leg], classes: str) -> Iterator[str]:
    """The line of a way, in as few pieces as it has kinds."""
    points: list[Point] = []
    seen = True
    for leg in legs:
        if points and leg.seen != seen:
            yield _line(points, classes, seen)
            points = []
        seen = leg.seen
        points += [point for point in leg.points if not points or point != points[-1]]
    yield _line(points, classes, seen)


def _line(points: list[Point], classes: str, seen: bool) -> str:
    if len(points) < 2:
        return ""
    return line_through(points, f"{classes}{'' if seen else ' nslab-unseen'}")


def _lead(tag: Callout) -> str:
    """The line from a stop to its tag."""
    (x, y), rect = tag.mark.at, tag.rect
    nearest = min(max(x, rect.x + 6), rect.right - 6), min(max(y, rect.y + 4), rect.bottom - 4)
    kind = "" if tag.kind == "told" else f" nslab-lead-{tag.kind}"
    return f'<path class="nslab-lead{kind}" d="M{x} {y}L{nearest[0]} {nearest[1]}"/>'


def _callout(tag: Callout) -> Iterator[str]:
    rect = tag.rect
    kind = "" if tag.kind == "told" else f" nslab-callout-{tag.kind}"
    yield (
        f'<rect class="nslab-callout{kind}" x="{rect.x}" y="{rect.y}" width="{rect.w}" '
        f'height="{rect.h}" rx="4"/>'
    )
    said = " nslab-said-lost" if tag.kind == "lost" else ""
    inset = NUMBER if tag.kind == "told" else 0
    if inset:
        x, y = rect.x + NUMBER // 2 + 2, rect.y + 14
        yield f'<text class="nslab-number" x="{x}" y="{y}">{tag.mark.number}</text>'
        yield (
            f'<path class="nslab-rule" d="M{rect.x + NUMBER + 3} {rect.y + 3}V{rect.bottom - 3}"/>'
        )
    for number, line in enumerate(tag.lines):
        x, y = rect.x + 7 + inset, rect.y + 14 + number * (LEAD - 2)
        yield f'<text class="nslab-said{said}" x="{x}" y="{y}">{_xml(line)}</text>'


def _xml(text: str) -> str:
    return escape(printable(text))
