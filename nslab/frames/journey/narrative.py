"""A journey and a list of them, as they show themselves: text, a page, a picture."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nslab.errors import InvalidInput
from nslab.frames.journey import markup
from nslab.frames.journey.comparison import Comparison
from nslab.frames.journey.values import Change, JourneyStep, Remembered, called
from nslab.network.arguments import checked
from nslab.network.model import Frame, Place, Snapshot
from nslab.printable import short

if TYPE_CHECKING:
    from nslab.draw import Picture
    from nslab.draw.path.picture import PathPicture
    from nslab.draw.path.trail import End, Trail

MOST_COPIES = 6
"""Lines for copies that a step shows; what is left out is said."""

Draw = Callable[[Snapshot], "Picture"]
Shown = Callable[["PathPicture"], "PathPicture"]


class Journey:
    """One packet: ``steps`` are its way in order, ``branches`` the ways of its copies.

    A branch begins with the frame that it was copied from.  ``arrived`` says whether the packet
    ended at a link that it was meant for; ``missed`` is where it would have been seen next, if
    that was captured.
    ``dropped`` says whether it came to a link that it was not for, which drops it.
    ``quiet`` is what only finds the way for others: ARP, neighbour discovery, spanning tree.
    ``remembered`` are the entries of connection trackings that it belongs to.
    """

    def __init__(
        self,
        title: str,
        steps: Sequence[JourneyStep],
        branches: Sequence[tuple[Frame, ...]] = (),
        *,
        arrived: bool,
        missed: Place | None = None,
        dropped: bool = False,
        quiet: bool = False,
        remembered: Sequence[Remembered] = (),
        snapshot: Snapshot | None = None,
        draw: Draw | None = None,
    ) -> None:
        self.title = title
        self.steps = tuple(steps)
        self.branches = tuple(branches)
        self.arrived = arrived
        self.missed = missed
        self.dropped = dropped
        self.quiet = quiet
        self.remembered = tuple(remembered)
        self._snapshot = snapshot
        self._draw = draw

    @property
    def copies(self) -> tuple[Frame, ...]:
        """Where else it was seen, in the order of the capture."""
        found = (frame for branch in self.branches for frame in branch[1:])
        return tuple(sorted(found, key=lambda frame: frame.number))

    @property
    def frames(self) -> tuple[Frame, ...]:
        """All its frames in the order of the capture, with those of copies."""
        every = [*(step.frame for step in self.steps), *self.copies]
        return tuple(sorted(every, key=lambda frame: frame.number))

    @property
    def places(self) -> tuple[Place, ...]:
        """The links on its way, in order."""
        return tuple(step.frame.place for step in self.steps)

    @property
    def changes(self) -> tuple[tuple[Place, Change], ...]:
        """What was rewritten on the way, and where."""
        return tuple((s.frame.place, change) for s in self.steps for change in s.changes)

    @property
    def end(self) -> str:
        """How it ended, as far as it was captured."""
        place = called(self.steps[-1].frame.place)
        if self.arrived:
            return f"arrived at {place}"
        if self.missed is not None:
            way = "left" if self.steps[-1].out else "came into"
            return f"{way} {place}, and never into {called(self.missed)}"
        if self.beyond:
            return f"left {place}, behind which nothing was captured"
        if self.dropped:
            return f"dropped at {place}: it was meant for another"
        return f"last seen going into {place}"

    @property
    def beyond(self) -> bool:
        """Whether it left for where nothing was captured."""
        return self.steps[-1].out and not self.arrived and self.missed is None

    @checked
    def frames_of(self, step: int) -> tuple[Frame, ...]:
        """The frames of a step: its own, and those of copies made on the way to the next.

        :param step: its number, from 1
        :raises InvalidInput: there is no such step
        """
        own = self.steps[self._index(step)].frame
        return (own, *(frame for branch in self._branches_from(own) for frame in branch[1:]))

    @checked
    def picture(self, upto: int | None = None) -> PathPicture:
        """Its way on the picture of the lab: numbered, with a dot that goes along it.

        :param upto: show it as it is after so many steps, and let nothing move
        :raises InvalidInput: there is no such step; or the lab was closed before anybody asked
        """
        from nslab.draw.path.picture import PathPicture

        if upto is not None:
            self._index(upto)
        if self._base is None:
            raise InvalidInput(
                "draw the journey",
                self.title,
                "the lab is closed, so its links are not known",
                "ask for it while the lab is there; its text is there anyway: print(journey)",
            )
        last = len(self.steps) if upto is None else upto
        caption = "" if upto is None else f"{upto} of {len(self.steps)}: {self._said(upto - 1)}"
        lines = str(self).split("\n") if upto is None else [self.title, *self._lines(last)]
        return PathPicture(self._base, self._trail, "\n".join(lines), upto, caption)

    @property
    def drawable(self) -> bool:
        """Whether its way can be drawn: the network was looked at while the lab was there."""
        return self._base is not None

    @checked
    def compare(self, other: Journey) -> Comparison:
        """This journey beside another one, such as one after a rule was added: where they part.

        :param other: the later one
        :raises InvalidInput: it is no journey
        """
        if not isinstance(other, Journey):
            raise InvalidInput(
                "compare with",
                short(other),
                "it is no journey",
                "a capture has them: seen.journey(), seen.journeys",
            )
        return Comparison(self, other)

    def _index(self, step: int) -> int:
        if not 1 <= step <= len(self.steps):
            raise InvalidInput(
                "show step",
                str(step),
                f"the journey has {len(self.steps)} steps",
                "steps count from 1, as in its table",
            )
        return step - 1

    @cached_property
    def _base(self) -> Picture | None:
        """The lab without the way."""
        from nslab.draw import Picture

        return (self._draw or Picture)(self._snapshot) if self._snapshot is not None else None

    @cached_property
    def _trail(self) -> Trail:
        from nslab.draw.path.trail import Stop, Trail

        end: End = "arrived" if self.arrived else "beyond" if self.beyond else "lost"
        ways: dict[int, tuple[Stop, ...]] = {}
        chain: tuple[Stop, ...] = ()
        for step in self.steps:
            place = step.frame.place
            chain = (*chain, Stop((place.ns, place.link), step.out, _tag(step.changes)))
            ways[step.frame.number] = chain
        main, branches = chain, []
        for branch in self.branches:
            chain = ways[branch[0].number]
            for frame in branch[1:]:
                out = frame.kind == "outgoing"
                chain = (*chain, Stop((frame.place.ns, frame.place.link), out))
                ways[frame.number] = chain
            branches.append(chain)
        missed = (self.missed.ns, self.missed.link) if self.missed else None
        return Trail(self.title, main, tuple(branches), end, missed=missed, dropped=self.dropped)

    def _branches_from(self, frame: Frame) -> Iterator[tuple[Frame, ...]]:
        """The branches that part at a frame, each followed by those that part from it."""
        for branch in self.branches:
            if branch[0].number == frame.number:
                yield branch
                for later in branch[1:]:
                    yield from self._branches_from(later)

    def _said(self, number: int) -> str:
        """A step in one line."""
        step = self.steps[number]
        words = [str(step), step.how, ", ".join(map(str, step.changes))]
        return "; ".join(filter(None, words))

    def _copied(self, step: JourneyStep) -> list[str]:
        """The copies that part at a step, a line each."""
        lines = [
            "copy → " + " → ".join(called(frame.place) for frame in branch[1:])
            for branch in self._branches_from(step.frame)
        ]
        if len(lines) > MOST_COPIES:
            left = len(lines) - MOST_COPIES + 1
            lines[MOST_COPIES - 1 :] = [f"… and {left} copies more"]
        return lines

    def _lines(self, upto: int) -> list[str]:
        place = max(len(str(step)) for step in self.steps)
        how = max(len(step.how) for step in self.steps)
        lines = []
        for number, step in enumerate(self.steps[:upto], 1):
            changes = ", ".join(map(str, step.changes))
            lines.append(f"{number:>3}  {step!s:<{place}}  {step.how:<{how}}  {changes}".rstrip())
            lines += [f"     {line}" for line in self._copied(step)]
        return lines

    def __str__(self) -> str:
        below = [self.end, *(line for one in self.remembered for line in str(one).split("\n"))]
        lines = [self.title, *self._lines(len(self.steps)), *(f"     {line}" for line in below)]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._page()}

    def _page(self, group: str = "", shown: Shown | None = None) -> str:
        """The picture and the table of steps, of which one can be chosen.

        :param group: tells its choice from those of the same journey elsewhere in a page
        :param shown: makes of the picture the one that is shown
        """
        rows = [
            markup.Row(
                str(number), str(step), step.how, [*map(str, step.changes)], self._copied(step)
            )
            for number, step in enumerate(self.steps, 1)
        ]
        picture = ""
        beats: tuple[float, list[float]] = 0.0, []
        if self._base is not None:
            drawn = self.picture() if shown is None else shown(self.picture())
            picture, beats = drawn.html if group else drawn.output, drawn.beats
        walk = markup.Walk(self.title, rows, self.end, self.remembered, group)
        return markup.journey(walk, picture, *beats)


def _tag(changes: Iterable[Change]) -> tuple[str, ...]:
    """What was rewritten, in the lines of a tag; what comes with every hop is in the last.

    That a router gave it new MACs goes without saying where the TTL says that it was routed.
    """
    every = list(changes)
    usual = [change.short for change in every if change.what in ("TTL", "MACs")][:1]
    lines = [change.short for change in every if change.what not in ("TTL", "MACs")]
    return (*lines, *usual)


class Journeys(tuple[Journey, ...]):
    """Journeys in the order in which they began; shows itself as a list, a line each."""

    __slots__ = ()

    def _rows(self) -> list[tuple[str, str, str, str]]:
        return [
            (str(one.steps[0].frame.number), one.title, str(len(one.steps)), one.end)
            for one in self
        ]

    def __str__(self) -> str:
        if not self:
            return "no journeys"
        rows = [("frame", "packet", "steps", "end"), *self._rows()]
        wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            f"{a:>{wide[0]}}  {b:<{wide[1]}}  {c:>{wide[2]}}  {d}" for a, b, c, d in rows
        )

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        if not self:
            return {"text/plain": str(self), "text/html": f"<p>{html.escape(str(self))}</p>"}
        return {"text/plain": str(self), "text/html": markup.journeys(self._rows())}


__all__ = ["Draw", "Journey", "Journeys"]
