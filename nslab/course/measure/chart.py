"""Medians and spreads drawn: a line for each candidate, on one scale that begins at zero.

The same figures give the same picture, byte for byte: nothing is asked of the machine.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from nslab.draw.paint.cell import least
from nslab.draw.scene.metrics import width

WIDTH, ROW, TOP = 568, 30, 40
"""Pixels: how wide a chart is, which is what a cell has at a zoom of 200 %, with letters of 11
pixels; how high a row is, and what stands above the first.
"""

_BLUE, _SKY = "#0072b2", "#56b4e9"
_SANS = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
_SIZE = 13
_QUIET = ";fill-opacity:.75"
_SMALL = f"font-size:12px{_QUIET}"
_THIN = "fill:none;stroke:currentColor;stroke-opacity:.75;stroke-width:1.4"


class Row(Struct, frozen=True):
    """A candidate: its median, lowest and highest, the middle half, and how it compares."""

    name: str
    median: float
    spread: tuple[float, float]
    middle: tuple[float, float]
    against: str = ""
    quiet: bool = True
    """Whether that is no figure."""
    decimals: int | None = None
    """Of its figures; as a rule those of the other rows."""

    def figure(self, value: float) -> str:
        """One of its numbers."""
        return figure(value, self.decimals)


def decimals(value: float) -> int:
    """How many decimals three figures of a number have; below 0, how many digits are rounded."""
    return 2 - math.floor(math.log10(abs(value))) if value else 0


def figure(value: float, places: int | None = None) -> str:
    """A number with three figures that count: ``16.0``, ``0.483``, ``184,000``.

    :param places: the decimals that the others of a column have, in place of its own
    """
    own = decimals(value)
    if places is None:
        places = max(own, 0)
    return f"{value if places else round(value, min(own, 0)):,.{places}f}"


def text(heading: str, columns: tuple[str, str], rows: Sequence[Row], footer: Sequence[str]) -> str:
    """The figures as a table."""
    table: list[tuple[str, ...]] = [("", columns[0], "lowest", "highest", columns[1])]
    table += [
        (row.name, row.figure(row.median), *map(row.figure, row.spread), row.against)
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(size) if place == 0 else cell.rjust(size)
            for place, (cell, size) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]
    return "\n".join([heading, *lines, *footer])


def ticks(lowest: float, highest: float) -> list[float]:
    """Round numbers from below the lowest to beyond the highest, four to eight of them.

    They begin at zero where the lowest is less than half of the highest: from there on, what lies
    close together would be one dot.
    """
    if highest <= 0:
        return [0.0, 1.0]
    begin = lowest if highest / 2 <= lowest < highest else 0.0
    span = highest - begin
    power = 10 ** math.floor(math.log10(span))
    step = next(
        power * part for part in (0.1, 0.2, 0.25, 0.5, 1.0, 2.0) if span / (power * part) <= 6
    )
    first = max(0, math.floor(begin / step - 1e-9))  # a number that is one of them, or nearly
    return [step * number for number in range(first, math.ceil(highest / step) + 1)]


def svg(heading: str, columns: tuple[str, str], rows: Sequence[Row], footer: Sequence[str]) -> str:
    """The rows as SVG to put into a page."""
    if not rows:
        return f"<p>{html.escape(heading)}: nothing was measured.</p>"
    lows, highs = zip(*(row.spread for row in rows), strict=True)
    scale = ticks(min(lows), max(highs))
    footer = (*footer, "The scale does not begin at 0.") if scale[0] else footer
    left = 14 + max(width(row.name, _SIZE) for row in rows)
    beside = max(64, *(width(row.against, _SIZE) for row in rows)) + 16
    right = WIDTH - 66 - beside
    bottom = TOP + ROW * len(rows)
    below = [part for line in footer for part in _broken(line)]
    height = bottom + 52 + 18 * len(below)

    def across(value: float) -> str:
        return f"{left + (right - left) * (value - scale[0]) / (scale[-1] - scale[0]):.1f}"

    parts = [
        _text(0, 16, heading, "font-weight:bold"),
        _text(right + 66, TOP - 2, columns[0], f"{_SMALL};text-anchor:end"),
        _text(WIDTH, TOP - 2, columns[1], f"{_SMALL};text-anchor:end"),
    ]
    room = (right - left) / (len(scale) - 1)
    dense = max(width(_plain(tick), _SIZE) for tick in scale) + 10 > room
    for number, tick in enumerate(scale):
        x = across(tick)
        parts.append(
            f'<path d="M{x} {TOP}V{bottom}" style="stroke:currentColor;stroke-opacity:.18"/>'
        )
        if not (dense and number % 2):
            parts.append(_text(x, bottom + 16, _plain(tick), "fill-opacity:.8;text-anchor:middle"))
    for number, row in enumerate(rows):
        y = TOP + ROW * number + ROW // 2
        low, high = map(across, row.spread)
        begin, end = (float(across(value)) for value in row.middle)
        parts += [
            f"<g><title>{html.escape(_told(row))}</title>",
            _text(f"{left - 14:.1f}", y + 5, row.name, "text-anchor:end"),
            _line(low, high, y),
            _bar(begin, end, y),
            _dot(across(row.median), y),
            _text(right + 66, y + 5, row.figure(row.median), "text-anchor:end;font-weight:bold"),
            _text(WIDTH, y + 5, row.against, f"text-anchor:end{_QUIET * row.quiet}"),
            "</g>",
        ]
    parts += _key(bottom + 34)
    for number, line in enumerate(below):
        parts.append(_text(0, bottom + 60 + 18 * number, line, "font-size:12px"))
    described = html.escape(text(heading, columns, rows, footer))
    return (
        f'<svg class="nslab-chart" role="img" xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
        f'height="{height}" viewBox="0 0 {WIDTH} {height}" '
        f'style="color:inherit;max-width:100%;min-width:{least(WIDTH)}px;height:auto">'
        f"<title>{html.escape(heading)}</title><desc>{described}</desc>{''.join(parts)}</svg>"
    )


def _line(low: str, high: str, y: int) -> str:
    """From the lowest to the highest."""
    path = f"M{low} {y}H{high}M{low} {y - 5}v10M{high} {y - 5}v10"
    return f'<path d="{path}" style="{_THIN}"/>'


def _bar(begin: float, end: float, y: int) -> str:
    """The middle half."""
    place = f'x="{begin:.1f}" y="{y - 6}" width="{max(end - begin, 1):.1f}" height="12"'
    return f'<rect {place} rx="2" style="fill:{_SKY};fill-opacity:.6;stroke:{_BLUE}"/>'


def _dot(x: str, y: int) -> str:
    """The median."""
    return f'<circle cx="{x}" cy="{y}" r="3.2" style="fill:currentColor"/>'


def _key(y: int) -> Iterator[str]:
    """What each sign is, in a row that is centred on that height."""
    x = 0.0
    for wide, words in ((6, "median"), (26, "middle half"), (26, "lowest to highest")):
        if words == "median":
            yield _dot(f"{x + 3:.1f}", y)
        elif words == "middle half":
            yield _bar(x, x + wide, y)
        else:
            yield _line(f"{x:.1f}", f"{x + wide:.1f}", y)
        yield _text(f"{x + wide + 6:.1f}", y + 4, words, "font-size:12px")
        x += wide + width(words, 12) + 28


def _broken(line: str) -> list[str]:
    """What is said below, in rows that have room."""
    found: list[str] = []
    for part in re.split(r"(?<=[;,]) ", line):
        if found and width(f"{found[-1]} {part}", 12) <= WIDTH:
            found[-1] += f" {part}"
        else:
            found.append(part)
    return found


def _told(row: Row) -> str:
    low, high = map(row.figure, row.spread)
    return f"{row.name}: median {row.figure(row.median)}, from {low} to {high}"


def _plain(value: float) -> str:
    return f"{value:,.6f}".rstrip("0").rstrip(".")


def _text(x: float | str, y: float, words: str, style: str = "") -> str:
    look = f"font-family:{_SANS};font-size:{_SIZE}px;fill:currentColor;stroke:none;{style}"
    return f'<text x="{x}" y="{y}" style="{look}">{html.escape(words)}</text>'
