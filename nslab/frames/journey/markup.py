"""Journeys in a page: the picture, the steps as a table, and what is remembered."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

from nslab.frames.journey.values import Remembered

_CELL = "padding:.15em .7em;text-align:left;vertical-align:top;background:none"
_NUMBER = f"{_CELL};text-align:right;opacity:.75"
_RULE = "border-bottom:1px solid color-mix(in srgb,currentColor 30%,transparent)"
_TABLE = '<table style="border-collapse:collapse;font-size:90%;color:inherit;margin:.4em 0">'
_SET_OFF = "border-left:3px solid #e69f00;padding-left:.5em"
_TEXT = "margin:.3em 0"
_ITS_OWN = "data-lm-suppress-shortcuts"
"""Arrow keys go from step to step: JupyterLab would take them, and go to another cell."""


class Row(NamedTuple):
    """A step in words."""

    number: str
    where: str
    how: str
    changes: Sequence[str]
    copies: Sequence[str]


class Walk(NamedTuple):
    """A journey in words."""

    title: str
    rows: Sequence[Row]
    end: str
    remembered: Sequence[Remembered]
    group: str = ""
    """Tells its choice of a step from those of the same journey elsewhere in a page."""


def journey(walk: Walk, picture: str, total: float, beats: Sequence[float]) -> str:
    """A journey: its picture and its table go together, by CSS alone.

    :param picture: is put in as it is
    :param total: seconds in which the dot goes all its way
    :param beats: when it comes to each step, in seconds
    """
    said = hashlib.sha256(repr((walk, picture)).encode()).hexdigest()[:12]
    group = f"nslab-walk-{said}"
    moves = list(_moves(total, beats)) if picture else []
    body = "".join(
        _row(row, group if picture else "", moves[n][0] if n < len(moves) else "")
        for n, row in enumerate(walk.rows)
    )
    whole = ""
    if picture:
        whole = (
            f'<label><input type="radio" {_ITS_OWN} name="{group}" value="0" checked '
            'aria-label="all steps">all</label>'
        )
    below = [f'<p style="{_TEXT}"><b>{escape(walk.end[0].upper() + walk.end[1:])}</b></p>']
    for one in walk.remembered:
        lines = "<br>".join(map(escape, str(one).split("\n")))
        below.append(
            f'<p style="{_TEXT};border-left:3px solid #56b4e9;padding-left:.5em">{lines}</p>'
        )
    style = _STYLE + "".join(_shows(n) for n in range(1, len(walk.rows) + 1)) if picture else ""
    style += "".join(rule for _, rule in moves)
    return (
        f'<div class="nslab-walk">{f"<style>{style}</style>" if style else ""}'
        f'<p style="{_TEXT}">{escape(walk.title)}</p>{picture}'
        f"{_TABLE}{_head('where', 'how it came there', 'rewritten', first=whole)}"
        f"<tbody>{body}</tbody></table>{''.join(below)}</div>"
    )


SHORT = 24
"""Characters of how a packet came somewhere, that stay in one line beside what was rewritten."""


def whole(change: str) -> str:
    """What was rewritten; who did it, in parentheses, is not broken but stands on a line together.

    The blanks there are such as no line ends at.
    """
    return _WHO.sub(lambda found: found[0].replace(" ", "\u00a0"), change)


_WHO = re.compile(r"\([^()]*\)")

_CHOSEN = "background:color-mix(in srgb,#7b2cbf 16%,transparent)"
_POINTED = "background:color-mix(in srgb,currentColor 7%,transparent)"


def radio(selector: str, place: str) -> str:
    """The rules for radio buttons in the colour of the words around them.

    A browser's own, grey where a page is dark, look as if they could not be chosen.

    :param selector: which of them
    :param place: how large they are and where they stand, as declarations
    """
    return (
        f"{selector}{{appearance:none;box-sizing:border-box;{place};color:inherit;"
        "border:1.5px solid currentColor;border-radius:50%;cursor:pointer}"
        f"{selector}:checked"
        "{background:radial-gradient(closest-side,currentColor 55%,transparent 65%)}"
    )


_STYLE = (
    # The choice of a step is as large as its row; its row says which one it is.
    ".nslab-walk tbody tr{position:relative}"
    ".nslab-walk table{line-height:1.4}"
    + radio(
        ".nslab-walk input", "width:1.05em;height:1.05em;margin:0 .4em 0 0;vertical-align:-.15em"
    )
    + ".nslab-walk label{cursor:pointer;white-space:nowrap}"
    ".nslab-walk tbody label::after{content:'';position:absolute;inset:0}"
    f".nslab-walk tbody tr:hover{{{_POINTED}!important}}"
    f".nslab-walk tbody tr:has(:checked){{{_CHOSEN}!important}}"
    ".nslab-walk tr:has(:focus-visible){outline:2px solid #1976d2;outline-offset:-2px}"
    ".nslab-walk:not(:has([value='0']:checked)) .nslab-traveller{display:none}"
    ".nslab-walk:not(:has([value='0']:checked)) .nslab-beat{animation:none!important}"
)


def _shows(number: int) -> str:
    """The rules that show a step when it is chosen: what comes later is not there yet."""
    chosen = f".nslab-walk:has([value='{number}']:checked) "
    return (
        f"{chosen}[data-off~='{number}']{{display:none}}"
        f"{chosen}.nslab-now[data-on='{number}']{{display:inline}}"
    )


def _moves(total: float, beats: Sequence[float]) -> Iterator[tuple[str, str]]:
    """For each step: a style that sets its row off while the dot is there, and its rule."""
    for begin, end in pairwise([*beats, total]):
        a, b = 100 * begin / total, 100 * end / total
        steps = f"0%{{{'background:none' if a else _CHOSEN}}}"
        steps += f"{a:.2f}%{{{_CHOSEN}}}" if a else ""
        steps += f"{b:.2f}%{{background:none}}" if b < 100 else ""
        name = f"nslab-{hashlib.sha256(f'{steps} {total:.2f}'.encode()).hexdigest()[:12]}"
        rule = f"@keyframes {name}{{{steps}}}"
        yield f";animation:{name} {total:.2f}s step-end infinite", rule


def journeys(rows: Iterable[Sequence[str]]) -> str:
    """A list, a line for each journey."""
    body = ""
    for row in rows:
        cells = "".join(f'<td style="{_CELL}">{escape(cell)}</td>' for cell in row)
        body += f'<tr style="background:none">{cells}</tr>'
    return f"{_TABLE}{_head('frame', 'packet', 'steps', 'end')}<tbody>{body}</tbody></table>"


class Side(NamedTuple):
    """What was seen of one of two journeys: a step with its number, or neither."""

    number: str = ""
    words: str = ""

    @classmethod
    def end(cls, words: str) -> Side:
        """How it ended, which is no step."""
        return cls("", words)

    def __str__(self) -> str:
        return f"{self.number:>2} {self.words}" if self.words else ""


class Compared(NamedTuple):
    """What was seen of two journeys at the same place, and a sign for whether it is the same."""

    sign: str
    before: Side
    after: Side


def compared(rows: Iterable[Compared]) -> str:
    """Two journeys side by side: a sign, and the steps of each with their numbers."""
    body = ""
    for sign, *both in rows:
        quiet = "" if sign.strip("=") else ";opacity:.75"
        cells = f'<td style="{_CELL}{quiet}">{escape(sign)}</td>'
        for number, words in both:
            cells += f'<td style="{_NUMBER};padding-right:0">{escape(number)}</td>'
            cells += f'<td style="{_CELL}{quiet}">{escape(whole(words))}</td>'
        body += f'<tr style="background:none">{cells}</tr>'
    return f"{_TABLE}{_head('', '', 'before', '', 'after')}<tbody>{body}</tbody></table>"


def _head(*words: str, first: str | None = None) -> str:
    """The head of a table.

    :param first: what the first of its columns has, as it is; None for no such column
    """
    cells = "".join(f'<th style="{_CELL}">{escape(word)}</th>' for word in words)
    if first is not None:
        cells = f'<th style="{_CELL};font-weight:normal">{first}</th>{cells}'
    return f'<thead><tr style="{_RULE}">{cells}</tr></thead>'


def _row(row: Row, group: str, moves: str) -> str:
    where = "<br>".join(
        [escape(row.where), *(f'<span style="opacity:.75">{escape(c)}</span>' for c in row.copies)]
    )
    changes = "<br>".join(f"<b>{escape(whole(change))}</b>" for change in row.changes)
    set_off = f";{_SET_OFF}" if row.changes else ""
    number = escape(row.number)
    if group:
        label = escape(f"step {row.number}: {row.where}", quote=True)
        number = (
            f'<label><input type="radio" {_ITS_OWN} name="{group}" value="{number}" '
            f'aria-label="{label}">{number}</label>'
        )
    beat = ' class="nslab-beat"' if moves else ""
    short = ";white-space:nowrap" if len(row.how) <= SHORT else ""
    return (
        f'<tr{beat} style="background:none{moves}"><td style="{_NUMBER}">{number}</td>'
        f'<td style="{_CELL};white-space:nowrap">{where}</td>'
        f'<td style="{_CELL}{short}">{escape(row.how)}</td>'
        f'<td style="{_CELL}{set_off}">{changes}</td></tr>'
    )
