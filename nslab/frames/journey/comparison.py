"""Two journeys beside each other, such as before and after a rule: where they part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from html import escape
from itertools import count
from typing import Any, NamedTuple, Protocol

from nslab.frames.journey import markup
from nslab.frames.journey.values import JourneyStep


class Drawn(Protocol):
    """A picture in a page."""

    @property
    def output(self) -> str: ...
    def beside(self, other: Any) -> Drawn: ...


class Told(Protocol):
    """What is needed of a journey."""

    @property
    def title(self) -> str: ...
    @property
    def steps(self) -> Sequence[JourneyStep]: ...
    @property
    def end(self) -> str: ...
    @property
    def drawable(self) -> bool: ...
    def picture(self) -> Drawn: ...


class Pair(NamedTuple):
    """A step of the first journey, and the step of the second at the same place; None for none."""

    before: JourneyStep | None
    after: JourneyStep | None

    @property
    def sign(self) -> str:
        """``=``: they do not differ; ``~``: in what was rewritten; ``-``, ``+``: one is missing."""
        if self.before is None or self.after is None:
            return "+" if self.before is None else "-"
        return "=" if self.before.changes == self.after.changes else "~"


class Comparison:
    """Two journeys, step by step.

    ``pairs`` are their steps beside each other, ``common`` how many they share from the start.
    """

    def __init__(self, before: Told, after: Told) -> None:
        self.before, self.after = before, after
        self.pairs = tuple(_pairs(before.steps, after.steps))
        signs = [pair.sign for pair in self.pairs]
        self.common = next((n for n, sign in enumerate(signs) if sign != "="), len(signs))

    def __bool__(self) -> bool:
        """Whether they differ."""
        return self.common < len(self.pairs) or self.before.end != self.after.end

    @property
    def said(self) -> str:
        """Where they part, in a sentence."""
        if not self:
            return "Both went the same way"
        if not self.common:
            return "They part at the start"
        last = self.pairs[self.common - 1].before
        return f"The same up to step {self.common}: {last}"

    def _rows(self) -> Iterator[markup.Compared]:
        numbers = count(1), count(1)
        for pair in self.pairs:
            told = (
                markup.Side(str(next(number)), _told(step)) if step else markup.Side()
                for number, step in zip(numbers, pair, strict=True)
            )
            yield markup.Compared(pair.sign, *told)
        ends = self.before.end, self.after.end
        yield markup.Compared("=" if ends[0] == ends[1] else "~", *map(markup.Side.end, ends))

    def _drawn(self) -> Iterator[tuple[str, Told, Drawn]]:
        """The pictures of both; what they have in common stands at the same places."""
        after = self.after.picture() if self.after.drawable else None
        if self.before.drawable:
            before = self.before.picture()
            yield "before", self.before, before.beside(after) if after else before
        if after:
            yield "after", self.after, after

    def __str__(self) -> str:
        rows = [("", "   before", "   after"), *((sign, *map(str, b)) for sign, *b in self._rows())]
        wide = max(len(before) for _, before, _ in rows)
        lines = [f"{sign:1} {before:<{wide}}  {after}".rstrip() for sign, before, after in rows]
        return "\n".join([self.said, *lines])

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        pictures = "".join(
            f"<p><b>{words}</b>: {escape(journey.title)}</p>{drawn.output}"
            for words, journey, drawn in self._drawn()
        )
        page = f"<p><b>{escape(self.said)}</b></p>" + markup.compared(self._rows()) + pictures
        return {"text/plain": str(self), "text/html": page}


def _pairs(before: Sequence[JourneyStep], after: Sequence[JourneyStep]) -> Iterator[Pair]:
    """The steps in order, those at the same place together."""
    first, second = ([(step.frame.place, step.out) for step in one] for one in (before, after))
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            yield from (Pair(*both) for both in zip(before[a:b], after[c:d], strict=True))
        else:
            yield from (Pair(step, None) for step in before[a:b])
            yield from (Pair(None, step) for step in after[c:d])


def _told(step: JourneyStep) -> str:
    return "; ".join([str(step), *map(str, step.changes)])


__all__ = ["Comparison", "Pair"]
