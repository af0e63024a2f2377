"""The figures as Markdown, as JSON and in benchmarks/README.md."""

from __future__ import annotations

from pathlib import Path

import msgspec
from figures import Figure, Star
from machine import Machine
from measure import WAYS, Plan, Results
from msgspec import Struct

BEGIN, END = "<!-- benchmark -->", "<!-- /benchmark -->"


class Report(Struct):
    """All of a run.  ``trials`` are the times of each round, in seconds.

    ``renewed`` are those that were measured again later, and on what.
    """

    machine: Machine
    plan: Plan
    figures: list[Figure]
    stars: list[Star]
    trials: Results
    renewed: dict[str, Machine] = {}

    def markdown(self) -> str:
        """Two tables and what they were measured on."""
        return "\n\n".join((self._figures(), self._stars(), self._method()))

    def _figures(self) -> str:
        lines = ["| | target | measured | range | |", "|---|---|---|---|---|"]
        lines += [_row(figure) for figure in self.figures]
        return "\n".join(lines)

    def _stars(self) -> str:
        sizes = list(self.plan.sizes)
        cells = {(star.way, star.size): star for star in self.stars}
        lines = [
            "A star of N namespaces on one bridge, milliseconds (and × nslab):",
            "",
            f"| | {' | '.join(f'N = {size}' for size in sizes)} |",
            f"|---{'|---' * len(sizes)}|",
        ]
        for way, words in WAYS.items():
            values = []
            for size in sizes:
                star = cells.get((way, size))
                values.append(
                    f"{star.milliseconds:.0f} ({star.ratio:.{2 if star.ratio < 2 else 1}f}×)"
                    if star
                    else "–"
                )
            lines.append(f"| {words} | {' | '.join(values)} |")
        return "\n".join(lines)

    def _method(self) -> str:
        return (
            "Each figure is the median, over rounds, of a ratio within a round; the range is from "
            f"the lowest to the highest round.  Measured on: {self.machine}."
            + "".join(f"  Measured later, {name}: {on}." for name, on in self.renewed.items())
        ).replace("  ", " ")

    def write(self, path: Path) -> None:
        """As JSON."""
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n")

    @classmethod
    def read(cls, path: Path) -> Report:
        """What :meth:`write` wrote."""
        return msgspec.json.decode(path.read_bytes(), type=cls)

    def put_into(self, readme: Path) -> None:
        """Between the markers of benchmarks/README.md."""
        before, found, rest = readme.read_text().partition(BEGIN)
        _, also, after = rest.partition(END)
        if not found or not also:
            raise ValueError(f"{readme} has no {BEGIN} … {END}")
        readme.write_text(f"{before}{BEGIN}\n{self.markdown()}\n{END}{after}")


def _row(figure: Figure) -> str:
    if figure.at_least is not None:
        target = f"≥ {_number(figure.at_least, figure.unit)}"
    elif figure.at_most is not None:
        target = f"≤ {_number(figure.at_most, figure.unit)}"
    else:
        target = ""
    mark = {True: "reached", False: "**missed**", None: ""}[figure.reached]
    spread = f"{_number(figure.low, '')} – {_number(figure.high, figure.unit)}"
    measured = _number(figure.median, figure.unit)
    return f"| {figure.what} | {target} | {measured} | {spread} | {mark} |"


def _number(value: float, unit: str) -> str:
    places = 0 if value >= 20 or value == int(value) else 1 if value >= 5 else 2
    return f"{value:.{places}f}{' ' if unit in ('s', 'MiB') else ''}{unit}"
