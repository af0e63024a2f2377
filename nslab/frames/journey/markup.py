"""Journeys in a page: the picture, the steps as a table, and what is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from nslab.frames.journey.values import Remembered

_CELL = "padding:.15em .7em;text-align:left;vertical-align:top;background:none"
_RULE = "border-bottom:1px solid color-mix(in srgb,currentColor 30%,transparent)"
_TABLE = '<table style="border-collapse:collapse;font-size:90%;color:inherit;margin:.4em 0">'
_SET_OFF = "border-left:3px solid #e69f00;padding-left:.5em"
_TEXT = "margin:.3em 0"


class Row(NamedTuple):
    """A step in words."""

    number: str
    where: str
    how: str
    changes: Sequence[str]
    copies: Sequence[str]


def journey(
    title: str, picture: str, rows: Iterable[Row], end: str, remembered: Iterable[Remembered]
) -> str:
    """A journey; ``picture`` is put in as it is."""
    body = "".join(map(_row, rows))
    heads = _head("", "where", "how it came there", "rewritten")
    below = [f'<p style="{_TEXT}"><b>{escape(end[0].upper() + end[1:])}</b></p>']
    for one in remembered:
        lines = "<br>".join(map(escape, str(one).split("\n")))
        below.append(
            f'<p style="{_TEXT};border-left:3px solid #56b4e9;padding-left:.5em">{lines}</p>'
        )
    return (
        f'<p style="{_TEXT}">{escape(title)}</p>{picture}'
        f"{_TABLE}{heads}<tbody>{body}</tbody></table>{''.join(below)}"
    )


def journeys(rows: Iterable[Sequence[str]]) -> str:
    """A list, a line for each journey."""
    body = ""
    for row in rows:
        cells = "".join(f'<td style="{_CELL}">{escape(cell)}</td>' for cell in row)
        body += f'<tr style="background:none">{cells}</tr>'
    return f"{_TABLE}{_head('frame', 'packet', 'steps', 'end')}<tbody>{body}</tbody></table>"


def _head(*words: str) -> str:
    cells = "".join(f'<th style="{_CELL}">{escape(word)}</th>' for word in words)
    return f'<thead><tr style="{_RULE}">{cells}</tr></thead>'


def _row(row: Row) -> str:
    where = "<br>".join(
        [escape(row.where), *(f'<span style="opacity:.75">{escape(c)}</span>' for c in row.copies)]
    )
    changes = "<br>".join(f"<b>{escape(change)}</b>" for change in row.changes)
    set_off = f";{_SET_OFF}" if row.changes else ""
    return (
        f'<tr style="background:none"><td style="{_CELL};text-align:right;opacity:.75">'
        f'{escape(row.number)}</td><td style="{_CELL}">{where}</td>'
        f'<td style="{_CELL}">{escape(row.how)}</td>'
        f'<td style="{_CELL}{set_off}">{changes}</td></tr>'
    )
