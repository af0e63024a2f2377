"""What was measured, as values: medians and how far the samples lie apart."""

from __future__ import annotations

import math
import statistics
from functools import cached_property
from typing import Any, Literal

from msgspec import Struct

from nslab.course.measure import chart
from nslab.draw.paint.cell import in_a_cell
from nslab.errors import InvalidInput
from nslab.printable import short
from nslab.session.check import Verdict, Verdicts


class Result(Struct, frozen=True, kw_only=True, dict=True):
    """Samples of one quantity for several candidates, each repeat taken of all of them in turn.

    ``samples`` holds them by candidate, in the order of the repeats.  With ``base``, each is
    compared with that candidate *within a repeat*, and the median of that is shown: as a ratio, or
    as a difference.  ``limit`` is what no machine is better than.  There is none for what is worse:
    how much a busy machine slows anything has no bound.
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
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
        return low, high

    def against(self, name: str) -> float:
        """The median of the comparisons with the base, each within one repeat."""
        pairs = zip(self._of(name), self._of(self.base), strict=False)
        if self.compare == "ratio":
            return statistics.median(own / base for own, base in pairs)
        return statistics.median(own - base for own, base in pairs)

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
        """``×0.93`` or ``+0.70``; nothing for the base."""
        if not self.base or self.base not in self.samples:
            return ""
        if name == self.base:
            return "–"
        value = self.against(name)
        if self.compare == "ratio":
            return f"×{value:.2f}"
        # Zero has no sign, also where it is what rounding has left of something.
        return f"{value:+.2f}".replace("-", "−") if abs(value) >= 0.005 else "0.00"

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
            )
            for name in self.samples
        )

    def _footer(self) -> tuple[str, ...]:
        times = "once" if self.repeats == 1 else f"{self.repeats} times, in turn"
        lines = [f"measured {times}; dot: median, bar: middle half, line: lowest to highest"]
        if self.base:
            lines.append(f"{self.compare}: to {self.base} in the same repeat, the median of that")
        if self.stopped:
            lines.append("stopped before the last repeat")
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
