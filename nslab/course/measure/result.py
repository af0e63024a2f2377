"""What was measured, as values: medians and how far the samples lie apart."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal

from msgspec import Struct

from nslab.course.measure import chart
from nslab.draw.paint.cell import in_a_cell
from nslab.errors import InvalidInput
from nslab.printable import short
from nslab.session.check import Verdict, Verdicts

BASE = "base"
"""What stands there for what the others are compared with."""

UNCLEAR = "no clear difference"
"""What is said in place of a comparison that the next measurement may turn over."""

LEAST, MOST = 0.005, 2
"""What is no difference in any case, and how many decimals a comparison has at most."""


def _middle(values: Sequence[float]) -> tuple[float, float]:
    """Between these lies the middle half of them."""
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def _places(span: float) -> int:
    """How many decimals say something about what varies by so much."""
    return MOST if span <= 0 else max(0, -math.floor(math.log10(span)))


class Result(Struct, frozen=True, kw_only=True, dict=True):
    """Samples of one quantity for several candidates, each repeat taken of all of them in turn.

    ``samples`` holds them by candidate, in the order of the repeats.  With ``base``, each is
    compared with that candidate *within a repeat*, and the median of that is shown: as a ratio, or
    as a difference, if it is a clear one (:meth:`is_clear`).  ``limit`` is what no machine is
    better than.  There is none for what is worse: how much a busy machine slows anything has no
    bound.
    """

    title: str
    unit: str
    better: Literal["more", "less"]
    samples: dict[str, tuple[float, ...]]
    limit: float
    base: str = ""
    compare: Literal["ratio", "difference"] = "ratio"
    stopped: bool = False

    @property
    def repeats(self) -> int:
        """How often each was measured."""
        return min(map(len, self.samples.values()), default=0)

    def _of(self, name: str) -> tuple[float, ...]:
        if not isinstance(name, str) or name not in self.samples:
            raise InvalidInput(
                "look up the samples of",
                short(name),
                "nothing of that name was measured",
                f"there are: {', '.join(self.samples)}",
            )
        return self.samples[name]

    def median(self, name: str) -> float:
        """The middle one of the samples: half of them are higher, half lower."""
        return statistics.median(self._of(name))

    def spread(self, name: str) -> tuple[float, float]:
        """The lowest and the highest sample."""
        return min(self._of(name)), max(self._of(name))

    def quartiles(self, name: str) -> tuple[float, float]:
        """Between these lies the middle half of the samples."""
        values = self._of(name)
        if len(values) < 2:
            return values[0], values[0]
        return _middle(values)

    def _compared(self, name: str) -> list[float]:
        pairs = zip(self._of(name), self._of(self.base), strict=False)
        if self.compare == "ratio":
            return [own / base for own, base in pairs]
        return [own - base for own, base in pairs]

    def against(self, name: str) -> float:
        """The median of the comparisons with the base, each within one repeat."""
        return statistics.median(self._compared(name))

    def is_clear(self, name: str) -> bool:
        """Whether it differs from the base by more than the repeats differ among themselves.

        That is, its distance from the base is larger than what the middle half of the comparisons
        spans, and the two medians say the same.  One repeat alone shows nothing.
        """
        apart = self._apart(name)
        medians = self.median(name) - self.median(self.base)
        return abs(apart) > max(self._span(name), LEAST) and apart * medians > 0

    def _apart(self, name: str) -> float:
        """How far it is from being the same as the base."""
        return self.against(name) - (1.0 if self.compare == "ratio" else 0.0)

    def _span(self, name: str) -> float:
        """What the middle half of the comparisons with the base spans."""
        found = self._compared(name)
        if len(found) < 2:
            return math.inf
        low, high = _middle(found)
        return high - low

    # -- sanity ------------------------------------------------------------------------------

    def check(self) -> Verdicts:
        """What must be so on any machine.  That one candidate is ahead of another is not."""
        return Verdicts(self._verdicts())

    def _verdicts(self) -> list[Verdict]:
        counts = {len(values) for values in self.samples.values()}
        more = self.better == "more"
        wrong = [
            f"{name}: {value:g}"
            for name, values in self.samples.items()
            for value in values
            if not (0 < value <= self.limit if more else self.limit <= value < math.inf)
        ]
        bound = f"above 0 and at most {self.limit:,}" if more else f"at least {self.limit:,}"
        even = len(counts) == 1 and 0 not in counts
        word = "" if even else "not "
        text = f"every sample is {bound} {self.unit}"
        if wrong:
            text = f"not {bound} {self.unit}: {', '.join(wrong)}"
        return [
            Verdict(even, f"all {len(self.samples)} were {word}measured equally often"),
            Verdict(not wrong, text, "measure again" if wrong else ""),
        ]

    # -- showing -----------------------------------------------------------------------------

    @property
    def heading(self) -> str:
        """The title with the unit, and which direction is good."""
        return f"{self.title}, {self.unit} ({self.better} is better)"

    @property
    def _columns(self) -> tuple[str, str]:
        return "median", self.compare if self.base else ""

    def comparison(self, name: str) -> str:
        """``×0.93`` or ``+0.7``, as exact as the repeats of most agree, if it is clear."""
        if not self.base or self.base not in self.samples:
            return ""
        if name == self.base:
            return BASE
        if not self.is_clear(name):
            return UNCLEAR
        if self.compare == "ratio":
            return f"×{self.against(name):.{self._compared_decimals}f}"
        return f"{self.against(name):+,.{self._compared_decimals}f}".replace("-", "−")

    @property
    def _decimals(self) -> int:
        """Of the figures: one more than the samples of most candidates agree in.

        Three figures of the lowest median at most, and the same for all: what stands in a column
        is compared at a glance only where its points stand below each other.
        """
        spans = [high - low for low, high in map(self.quartiles, self.samples)]
        agreed = _places(statistics.median(spans)) + 1 if self.repeats > 1 else MOST
        lowest = min(map(self.median, self.samples))
        return max(0, min(agreed, chart.decimals(lowest)))

    @cached_property
    def _compared_decimals(self) -> int:
        """Of the clear comparisons: what most of them agree in, and no difference is nothing."""
        clear = [name for name in self.samples if name != self.base and self.is_clear(name)]
        agreed = _places(statistics.median(map(self._span, clear)))
        least = min(abs(self._apart(name)) for name in clear)
        return min(max(agreed, _places(least)), MOST)

    @cached_property
    def rows(self) -> tuple[chart.Row, ...]:
        """The candidates as they are drawn."""
        return tuple(
            chart.Row(
                name,
                self.median(name),
                self.spread(name),
                self.quartiles(name),
                self.comparison(name),
                self.comparison(name) in ("", BASE, UNCLEAR),
                self._decimals,
            )
            for name in self.samples
        )

    def _footer(self) -> tuple[str, ...]:
        times = "once" if self.repeats == 1 else f"{self.repeats} times, in turn"
        lines = [f"Each was measured {times}."]
        if self.base:
            lines.append(
                f"{self.compare.capitalize()}: compared with {self.base} within each repeat, "
                "the median of those."
            )
        if any(row.against == UNCLEAR for row in self.rows):
            lines.append(
                f"{UNCLEAR.capitalize()}: the repeats disagree by more than that, "
                "or the medians say the opposite."
            )
        if self.stopped:
            lines.append("It was stopped before the last repeat.")
        return tuple(lines)

    def __str__(self) -> str:
        return chart.text(self.heading, self._columns, self.rows, self._footer())

    __repr__ = __str__

    @property
    def svg(self) -> str:
        """The samples drawn; it takes the colour of the text around it."""
        return chart.svg(self.heading, self._columns, self.rows, self._footer())

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": in_a_cell(self.svg)}
