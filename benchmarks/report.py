"""The figures as Markdown, as JSON and in benchmarks/README.md."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import msgspec
from figures import Figure, Star
from machine import Machine
from measure import WAYS, Plan, Results
from msgspec import Struct

BEGIN, END = "<!-- benchmark -->", "<!-- /benchmark -->"

SENTENCE = (
    "A lab is ready in {ready:.2f} s. A star of 100 namespaces is built {mininet:.0f} times faster "
    "than by Mininet and {shell:.0f} times faster than by the article's shell commands, and a look "
    "at all of it takes 1/{json:.0f} of what `ip -json` takes."
)
"""What the project's README says."""


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

    def sentence(self) -> str:
        """The figures that the project's README has, in lines of its width."""
        medians = {figure.what: figure.median for figure in self.figures}
        shell = next(star for star in self.stars if (star.way, star.size) == ("shell", 100))
        text = SENTENCE.format(
            ready=medians["`Lab()` ready"],
            mininet=medians["star of 100: faster than Mininet"],
            shell=shell.ratio,
            json=medians["snapshot of 100 namespaces: faster than `ip -json`"],
        )
        # What stands between backquotes stays on one line.
        whole = re.sub("`[^`]*`", lambda found: found[0].replace(" ", "\0"), text)
        return textwrap.fill(whole, 100, break_on_hyphens=False).replace("\0", " ")

    def put_into(self, root: Path) -> None:
        """Between the markers of README.md and of benchmarks/README.md below a checkout."""
        for name, text in self.pieces().items():
            before, _, after = between(root / name)
            (root / name).write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")

    def stale(self, root: Path) -> list[str]:
        """The files that say something else."""
        pieces = self.pieces().items()
        return [name for name, text in pieces if between(root / name)[1] != text]

    def pieces(self) -> dict[str, str]:
        """What is to stand in which file."""
        return {"README.md": self.sentence(), "benchmarks/README.md": self.markdown()}


def between(path: Path) -> tuple[str, str, str]:
    """What a file has before, between and after the markers."""
    before, found, rest = path.read_text().partition(BEGIN)
    piece, also, after = rest.partition(END)
    if not found or not also:
        raise ValueError(f"{path} has no {BEGIN} … {END}")
    return before, piece.strip("\n"), after


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
