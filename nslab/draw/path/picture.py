"""A picture with the way of a packet on it.

What is below stands exactly where the lab's other pictures have it, and steps back a little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from html import escape

from nslab.draw import Picture
from nslab.draw.layout.boxes import LEAD, Rect
from nslab.draw.layout.place import Placed
from nslab.draw.paint.icons import forwarding
from nslab.draw.paint.shapes import line_through, lines_through, xml
from nslab.draw.paint.svg import Over, svg
from nslab.draw.path.animation import STYLE, beats, travellers
from nslab.draw.path.arrows import Arrow, arrows
from nslab.draw.path.callouts import NUMBER, Callout, callouts
from nslab.draw.path.room import RADIUS, SIGN
from nslab.draw.path.trail import Leg, Mark, Stop, Track, Tracker, Trail

MISSED = "✘ did not get here"
"""What is said where a packet should have been seen next."""

DROPPED = "✘ dropped: for another"
"""What is said where a packet came that was meant for another station."""


class PathPicture(Picture):
    """The picture of a network with a packet's way; ``upto`` is a step at which it stands still.

    :param base: the network; it is placed only once, however many ways are drawn on it
    :param told: the way in words
    :param other: a picture beside which it stands: a tag that both have is at the same place
    """

    def __init__(
        self,
        base: Picture,
        trail: Trail,
        told: str,
        upto: int | None = None,
        caption: str = "",
        other: PathPicture | None = None,
    ) -> None:
        super().__init__(base.what)
        self._base = base
        self._trail = trail
        self._told = told
        self._upto = upto
        self._caption = caption
        self._other = other

    def beside(self, other: PathPicture) -> PathPicture:
        """The same to stand beside another one: a tag that both have stands at the same place."""
        return PathPicture(self._base, self._trail, self._told, self._upto, self._caption, other)

    @cached_property
    def placed(self) -> Placed:
        """Where everything is: as in the picture below."""
        return self._base.placed

    def _anew(self, said: Callable[[str], str | None]) -> PathPicture:
        """The same on the network as it is laid out for other words; what is told is as it was."""
        below = self._base._anew(said)
        return PathPicture(below, self._trail, self._told, self._upto, self._caption, self._other)

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
        return tuple(
            tag
            for tag in self._every_callout
            if (tag.mark.number <= self._shown if tag.kind == "told" else self._ends)
        )

    @cached_property
    def _every_callout(self) -> list[Callout]:
        usual = (MISSED,) if self._astray else (DROPPED,) if self._trail.dropped else ()
        said = self._trail.said or usual
        like = self._other._every_callout if self._other else ()
        return callouts(self.placed, self._led_on, self._trail.end, said, like)

    @cached_property
    def _led_on(self) -> Track:
        """The way with the leg on which the packet was lost, if one knows where it should be."""
        missed, stops = self._trail.missed, self._trail.stops
        found = self._tracker.track((*stops, Stop(missed, out=False))) if missed else self._whole
        is_more = len(found.marks) == len(self._whole.marks) + 1 and len(found.legs) > 0
        return found if is_more else self._whole

    @property
    def _astray(self) -> Leg | None:
        """That leg."""
        return self._led_on.legs[-1] if self._led_on is not self._whole else None

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
        top = min([0, *(tag.rect.y - 4 for tag in self._every_callout)])
        return Over(title, STYLE, [*self._ways(), *self._elements()], top)

    @cached_property
    def beats(self) -> tuple[float, list[float]]:
        """How many seconds the moving dot takes for all, and when it comes to each stop."""
        return beats([self.track, *self.branches], self._tracker.room, self._astray)

    def _ways(self) -> Iterator[str]:
        yield '<g class="nslab-ways">'
        for branch in self.branches:
            yield from self._legs(branch, "nslab-copy")
        yield from self._legs(self.track, "nslab-way")
        yield "</g>"
        if self._astray and self._ends:
            yield f'<g class="nslab-astray"{self._off(len(self._trail.stops))}>'
            yield from _band(self._astray, "nslab-way")
            yield from (_arrow(each) for each in self._directions[self._astray])
            yield "</g>"
        if self._upto is None:
            yield from travellers([self.track, *self.branches], self._tracker.room, self._astray)

    def _legs(self, track: Track, classes: str) -> Iterator[str]:
        """The line of a way, as far as it is drawn."""
        for leg, mark in zip(track.legs, track.marks[1:], strict=True):
            more = "" if leg.seen else " nslab-unseen"
            yield f"<g{self._off(mark.number)}>"
            yield from (line_through(part, f"nslab-within{more}") for part in leg.within)
            yield from _band(leg, classes, more)
            yield from map(_arrow, self._arrows(leg, track))
            yield from (forwarding(*at, SIGN / 12, more=" nslab-turn") for at in leg.signs)
            yield "</g>"

    def _arrows(self, leg: Leg, track: Track) -> Sequence[Arrow]:
        """The arrowheads of a leg; of one that several ways have in common, once."""
        of = next(each for each in (self.track, *self.branches) if leg in each.legs)
        return self._directions.get(leg, ()) if of is track else ()

    @cached_property
    def _directions(self) -> dict[Leg, list[Arrow]]:
        """The arrowheads of each leg, the same whatever of the way is shown."""
        astray = (self._astray,) if self._astray else ()
        every = [*self._whole.legs, *astray, *(leg for one in self.branches for leg in one.legs)]
        legs = list(dict.fromkeys(every))
        marks = [*self._led_on.marks, *(mark for one in self.branches for mark in one.marks)]
        taken = [Rect(*mark.at, 0, 0).grown(RADIUS + 1) for mark in marks]
        taken += [tag.rect for tag in self._every_callout]
        taken += [Rect(x, y, 0, 0).grown(SIGN + 1) for leg in legs for x, y in leg.signs]
        taken += [rect.grown(1) for rect in self._tracker.room.texts]
        return dict(zip(legs, arrows(legs, taken), strict=True))

    def _off(self, number: int) -> str:
        """At which steps something is not there yet that comes at one; a page may choose a step."""
        if self._upto is not None or number < 2:
            return ""
        return f' data-off="{" ".join(map(str, range(1, number)))}"'

    def _elements(self) -> Iterator[str]:
        here, last = self.track, len(self._trail.stops)
        for tag in (tag for tag in self.callouts if tag.led):
            yield _lead(tag, self._off(tag.mark.number if tag.kind == "told" else last))
        yield from self._copied()
        for mark in here.marks:
            yield from self._stop(mark, is_end=self._ends and mark is here.marks[-1])
        if self._astray and self._ends:
            x, y = self._led_on.marks[-1].at
            yield (
                f'<g class="nslab-missed"{self._off(last)}>'
                f'<circle class="nslab-stop nslab-stop-lost" cx="{x}" cy="{y}" r="{RADIUS}"/>'
                f'<path d="M{x - 4} {y - 4}l8 8m0-8l-8 8"/></g>'
            )
        for tag in self.callouts:
            off = self._off(tag.mark.number if tag.kind == "told" else last)
            yield f'<g class="nslab-tag"{off}>'
            yield from _callout(tag)
            yield "</g>"

    def _copied(self) -> Iterator[str]:
        """Where copies were seen that the packet itself was not."""
        taken = {mark.stop.hop for mark in self.track.marks}
        copies = (
            mark for branch in self.branches for mark in branch.marks if mark.stop.hop not in taken
        )
        for (x, y), mark in {mark.at: mark for mark in copies}.items():
            off = self._off(mark.number)
            yield f'<circle class="nslab-stop-copy"{off} cx="{x}" cy="{y}" r="4.5"/>'

    def _stop(self, mark: Mark, *, is_end: bool) -> Iterator[str]:
        """A number; the ring around it is seen at its step."""
        (x, y), number = mark.at, mark.number
        end = f" nslab-stop-{self._trail.end}" if is_end and not self._astray else ""
        if not self._trail.said and self._upto in (number, None):
            on = "" if self._upto else f' data-on="{number}"'
            yield f'<circle class="nslab-now"{on} cx="{x}" cy="{y}" r="{RADIUS + 5}"/>'
        yield (
            f'<g class="nslab-at" data-stop="{number}" '
            f'data-link="{xml(mark.stop.name)}"{self._off(number)}>'
            f'<circle class="nslab-stop{end}" cx="{x}" cy="{y}" r="{RADIUS}"/>'
            f'<text class="nslab-number" x="{x}" y="{y + 4}">{number}</text></g>'
        )


def _band(leg: Leg, classes: str, more: str = "") -> Iterator[str]:
    """The line of a leg, on a bed that sets it off from any cable."""
    if leg.shown:
        yield lines_through(leg.shown, f"nslab-bed{more}")
        yield lines_through(leg.shown, f"{classes}{more}")


def _lead(tag: Callout, off: str) -> str:
    """The line from a stop to its tag."""
    (x, y), nearest = tag.mark.at, tag.meets
    kind = "" if tag.kind == "told" else f" nslab-lead-{tag.kind}"
    return f'<path class="nslab-lead{kind}"{off} d="M{x} {y}L{nearest[0]} {nearest[1]}"/>'


def _arrow(each: Arrow) -> str:
    """The sign for a direction."""
    return f'<path class="nslab-arrow" d="{each.path}"/>'


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
    x, y = rect.x + 8 + inset, rect.y + 15
    if len(tag.lines) == 1:  # in the middle, whatever font the reader has
        said += " nslab-middle"
        x = (rect.x + (NUMBER + 1 if inset else 0) + rect.right) // 2
    for number, line in enumerate(tag.lines):
        yield f'<text class="nslab-said{said}" x="{x}" y="{y + number * LEAD}">{xml(line)}</text>'
