"""A picture with the way of a packet on it.

What is below stands exactly where the lab's other pictures have it, and steps back a little.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from html import escape

from nslab.draw import Picture
from nslab.draw.layout.boxes import LEAD
from nslab.draw.layout.place import Placed
from nslab.draw.paint.shapes import line_through, xml
from nslab.draw.paint.svg import Over, svg
from nslab.draw.path.animation import STYLE, travellers
from nslab.draw.path.callouts import NUMBER, Callout, callouts, lead_end
from nslab.draw.path.room import RADIUS
from nslab.draw.path.trail import Leg, Track, Tracker, Trail


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
        every = callouts(self.placed, self._whole, self._trail.end, self._trail.said)
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
        """A file of its own, readable on a light and on a dark ground."""
        return svg(self.placed, self.text, standalone=True, over=self._over)

    @cached_property
    def html(self) -> str:
        """The same to put into a page: it takes the colour of the text around it."""
        drawn = svg(self.placed, self.text, standalone=False, over=self._over)
        return drawn + (f"<p>{escape(self._caption)}</p>" if self._caption else "")

    @cached_property
    def text(self) -> str:
        """The way in words."""
        return self._told

    @cached_property
    def _over(self) -> Over:
        title = f"{self._trail.title}, on the network of {self.placed.scene.title}"
        return Over(title, STYLE, [*self._ways(), *self._elements()])

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
            end = f" nslab-stop-{self._trail.end}" if self._ends and mark is here.marks[-1] else ""
            if self._upto == mark.number and not self._trail.said:
                yield f'<circle class="nslab-now" cx="{x}" cy="{y}" r="{RADIUS + 5}"/>'
            yield (
                f'<g class="nslab-at" data-stop="{mark.number}" '
                f'data-link="{xml(mark.stop.name)}">'
                f'<circle class="nslab-stop{end}" cx="{x}" cy="{y}" r="{RADIUS}"/>'
                f'<text class="nslab-number" x="{x}" y="{y + 4}">{mark.number}</text></g>'
            )
        for tag in self.callouts:
            yield from _callout(tag)
        if self._upto is None:
            yield from travellers([here, *branches])


def _legs(legs: Sequence[Leg], classes: str) -> Iterator[str]:
    """The line of a way, as far as it is drawn."""
    for leg in legs:
        more = "" if leg.seen else " nslab-unseen"
        yield from (line_through(part, f"{classes}{more}") for part in leg.shown)


def _lead(tag: Callout) -> str:
    """The line from a stop to its tag."""
    (x, y), nearest = tag.mark.at, lead_end(tag.mark.at, tag.rect)
    kind = "" if tag.kind == "told" else f" nslab-lead-{tag.kind}"
    return f'<path class="nslab-lead{kind}" d="M{x} {y}L{nearest[0]} {nearest[1]}"/>'


def _callout(tag: Callout) -> Iterator[str]:
    rect = tag.rect
    kind = "" if tag.kind == "told" else f" nslab-callout-{tag.kind}"
    yield (
        f'<rect class="nslab-callout{kind}" x="{rect.x}" y="{rect.y}" width="{rect.w}" '
        f'height="{rect.h}" rx="4"/>'
    )
    said = f" nslab-said-{tag.kind}" if tag.kind != "told" else ""
    inset = NUMBER if tag.kind == "told" else 0
    if inset:
        x, y = rect.x + NUMBER // 2 + 3, rect.y + 15
        yield f'<circle class="nslab-stop" cx="{x}" cy="{y - 4}" r="8"/>'
        yield f'<text class="nslab-number" x="{x}" y="{y}">{tag.mark.number}</text>'
    for number, line in enumerate(tag.lines):
        x, y = rect.x + 8 + inset, rect.y + 15 + number * LEAD
        yield f'<text class="nslab-said{said}" x="{x}" y="{y}">{xml(line)}</text>'
