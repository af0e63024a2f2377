"""Frames as a table: text, and HTML that fits a light and a dark page."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nslab.frames.summary import Names, summarise
from nslab.network.model import Frame
from nslab.printable import printable

MEANT_FOR = {
    "host": "this link",
    "broadcast": "everyone",
    "multicast": "a group",
    "otherhost": "another",
    "outgoing": "– (sent)",
}
"""The kernel's packet types in the table's words."""

ROWS = 100
"""Rows that a table shows by itself; what it leaves out is said."""

_CELL = "padding:.1em .7em;text-align:left;vertical-align:top;white-space:nowrap;background:none"
_WRAPS = ";white-space:normal;min-width:12em"
"""What a frame says can be long; the rest of its row is names, addresses and numbers."""

_RULE = "border-bottom:1px solid color-mix(in srgb,currentColor 30%,transparent)"


class Table:
    """Rows of frames.  Times and MACs, which differ from run to run, stand in it when asked for."""

    def __init__(
        self,
        frames: Sequence[Frame],
        macs: Mapping[str, str],
        notes: Sequence[str] = (),
        *,
        times: bool = False,
        with_macs: bool = False,
        longest: int = ROWS,
    ) -> None:
        self._frames = frames
        self._macs = macs
        self._notes = notes
        self._times = times
        self._with_macs = with_macs
        self._longest = longest

    @property
    def columns(self) -> tuple[str, ...]:
        """The headings."""
        times = ("ms",) if self._times else ()
        macs = ("MAC from", "MAC to") if self._with_macs else ()
        return ("no.", *times, "where", "meant for", *macs, "from", "to", "what", "bytes")

    def rows(self) -> Iterator[tuple[str, ...]]:
        """The cells, row by row."""
        names = Names(self._macs)
        for frame in self._frames[: self._longest]:
            line = summarise(frame, names)
            times = (f"{frame.time / 1e6:.3f}",) if self._times else ()
            macs: tuple[str, ...] = ()
            if self._with_macs:
                there = frame.ethernet and len(frame.data) >= 12
                macs = (
                    frame.data[6:12].hex(":") if there else "",
                    frame.data[:6].hex(":") if there else "",
                )
            cells = (
                str(frame.number),
                *times,
                str(frame.place),
                MEANT_FOR[frame.kind],
                *macs,
                line.source,
                line.target,
                line.what,
                str(frame.length),
            )
            yield tuple(map(printable, cells))

    @property
    def footer(self) -> tuple[str, ...]:
        """What the rows do not show."""
        left_out = len(self._frames) - self._longest
        more = (f"… and {left_out:,} frames more",) if left_out > 0 else ()
        return (*more, *map(printable, self._notes))

    def lines(self) -> Iterator[str]:
        """The headings and the rows as text, with their columns below each other."""
        rows = [self.columns, *self.rows()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        last = len(widths) - 1
        for row in rows:
            cells = [
                cell.rjust(width) if place in (0, last) else cell.ljust(width)
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            yield "  ".join(cells).rstrip()

    def __str__(self) -> str:
        lines = self.lines() if self._frames else ["no frames"]
        return "\n".join([*lines, *self.footer])

    __repr__ = __str__

    def _html(self) -> str:
        if not self._frames:
            body = "<p>No frames.</p>"
        else:
            head = "".join(f'<th style="{_CELL}">{html.escape(c)}</th>' for c in self.columns)
            body = "".join(self._row(row) for row in self.rows())
            body = (
                '<table style="border-collapse:collapse;font-size:90%;color:inherit">'
                f'<thead><tr style="{_RULE}">{head}</tr></thead><tbody>{body}</tbody></table>'
            )
        return body + "".join(f"<p>{html.escape(note)}</p>" for note in self.footer)

    def _row(self, row: tuple[str, ...]) -> str:
        cells = []
        for column, cell in zip(self.columns, row, strict=True):
            style = _CELL
            if column == "what":
                style += _WRAPS
            elif column in ("no.", "bytes", "ms"):
                style += ";text-align:right;opacity:.65"
            elif column == "meant for" and cell in (MEANT_FOR["outgoing"], MEANT_FOR["otherhost"]):
                style += ";opacity:.65"
            cells.append(f'<td style="{style}">{html.escape(cell)}</td>')
        return f'<tr style="background:none">{"".join(cells)}</tr>'

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._html()}
