"""The map of the course: every notebook with its exercises, what is passed, begun, and next.

>>> import nslab
>>> nslab.progress().total > 0
True
"""

from __future__ import annotations

import html
from typing import Any

from msgspec import Struct, structs

from nslab.course.exercises.exercise import Exercise
from nslab.course.lessons import LESSONS, every
from nslab.course.progress import store
from nslab.course.progress.record import PUZZLES, Record
from nslab.printable import printable
from nslab.session.check.verdict import GOOD

SIGNS = {"passed": "✔", "begun": "◐", "open": "○"}
"""What stands for an exercise, in words and in the map."""

PAGES = (("00-start-here", "Start here"), ("11-free-play", "Free play"))
"""Notebooks that belong to no lesson: nothing in them is counted."""

PLAY = "11-free-play"
"""The one that has the puzzles."""

_COLOURS = {"passed": GOOD, "begun": "#e69f00", "open": "inherit"}
"""From the palette of Okabe and Ito, which tells apart for most eyes."""


class Place(Struct, frozen=True):
    """One exercise on the map, and how far the learner is with it."""

    exercise: Exercise
    record: Record

    @property
    def state(self) -> str:
        """``passed``, ``begun`` or ``open``."""
        return "passed" if self.record.passed else "begun" if self.record.begun else "open"


class Row(Struct, frozen=True):
    """One notebook on the map."""

    name: str
    title: str
    places: tuple[Place, ...]

    @property
    def number(self) -> str:
        """That of its notebook, such as ``02``."""
        return self.name.split("-")[0]

    @property
    def seconds(self) -> float:
        """The time spent on its exercises."""
        return sum(place.record.seconds for place in self.places)


class Progress:
    """What a learner has done so far.  It shows itself as a map; ``data`` is for programs."""

    def __init__(self, records: dict[str, Record], kept: str) -> None:
        self.kept = kept
        """The file in which it is kept; empty if it is not."""
        self.puzzles = tuple(
            (name.partition("-")[2], record)
            for name, record in records.items()
            if name.startswith(f"{PUZZLES}-") and record.passed
        )
        """The puzzles that are solved."""
        lessons = [
            Row(
                lesson.name,
                lesson.title,
                tuple(Place(one, records.get(one.name, Record())) for one in lesson.exercises),
            )
            for lesson in every()
            if lesson.exercises
        ]
        pages = [Row(name, title, ()) for name, title in PAGES]
        own = {lesson.name for lesson in LESSONS}
        self.rows = (
            *sorted((*pages, *(row for row in lessons if row.name in own)), key=lambda r: r.name),
            *(row for row in lessons if row.name not in own),
        )

    @property
    def places(self) -> list[Place]:
        """All exercises, in order."""
        return [place for row in self.rows for place in row.places]

    @property
    def total(self) -> int:
        """How many exercises there are."""
        return len(self.places)

    @property
    def passed(self) -> int:
        """How many are passed."""
        return sum(place.record.passed for place in self.places)

    @property
    def next(self) -> Exercise | None:
        """The first that is not passed; None if all are."""
        for place in self.places:
            if not place.record.passed:
                return place.exercise
        return None

    @property
    def data(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {
            "file": self.kept,
            "passed": self.passed,
            "total": self.total,
            "next": self.next.name if self.next else None,
            "puzzles": {name: record.stars for name, record in self.puzzles},
            "lessons": [
                {
                    "name": row.name,
                    "title": row.title,
                    "exercises": [
                        {
                            "name": place.exercise.name,
                            "kind": place.exercise.kind,
                            "state": place.state,
                            **structs.asdict(place.record),
                        }
                        for place in row.places
                    ],
                }
                for row in self.rows
                if row.places
            ],
        }

    # -- how it shows itself -------------------------------------------------------------------

    @property
    def _summary(self) -> str:
        spent = sum(row.seconds for row in self.rows)
        time = f", {duration(spent)} spent" if spent else ""
        return f"{self.passed} of {self.total} exercises passed{time}"

    @property
    def _next(self) -> str:
        if self.next is None:
            return "all done"
        return f"next: {self.next.id} in {self.next.lesson} ({self.next.kind})"

    @property
    def _solved(self) -> str:
        shown = ", ".join(f"{printable(name)} {record.rating}" for name, record in self.puzzles)
        return f"puzzles solved: {shown}"

    def __str__(self) -> str:
        signs = " ─ ".join(
            f"{row.number} {''.join(SIGNS[place.state] for place in row.places)}".strip()
            for row in self.rows
        )
        lines = [self._summary, "", *_wrapped(signs), ""]
        width = max([len("lesson"), *(len(f"{row.number} {row.title}") for row in self.rows)])
        lines.append(f"{'lesson':<{width}}  passed  tries  hints    time")
        lines += [_line(row, width) for row in self.rows]
        legend = ", ".join(f"{sign} {state}" for state, sign in SIGNS.items())
        lines += ["", legend, self._next]
        if self.puzzles:
            lines.append(self._solved)
        if self.kept:
            lines.append(f"kept in {printable(self.kept)}")
        return "\n".join(lines)

    __repr__ = __str__

    @property
    def html(self) -> str:
        """The map as a piece of a page: a tile for each notebook, which opens it."""
        now = self.next.lesson if self.next else ""
        tiles = "".join(_tile(row, self._about(row), row.name == now) for row in self.rows)
        following = html.escape(self._next)
        if now:
            following = f'<a href="{html.escape(now)}.ipynb">{following}</a>'
        legend = " &ensp; ".join(f"{_sign(state)} {state}" for state in SIGNS)
        solved = f"<div>{html.escape(self._solved)}</div>" if self.puzzles else ""
        return (
            '<div class="nslab-progress" style="max-width:60em">'
            f"<div><b>{html.escape(self._summary)}</b> &ensp; {following}</div>"
            '<div style="display:grid;gap:.5em;margin:.6em 0;'
            f'grid-template-columns:repeat(auto-fill,minmax(12.5em,1fr))">{tiles}</div>'
            f'<div style="opacity:.8">{legend}</div>{solved}</div>'
        )

    def _about(self, row: Row) -> str:
        """What stands in a tile instead of signs, where there are no exercises."""
        if row.places:
            return ""
        if row.name != PLAY:
            return "no exercises"
        return f"puzzles solved: {len(self.puzzles)}" if self.puzzles else "puzzles"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html}


def progress() -> Progress:
    """What you have done so far, and what is next; in a notebook it is a map.

    It is kept in one small file of yours (``~/.local/share/nslab/progress.json``, on a hub beside
    the notebooks; the environment variable ``NSLAB_PROGRESS`` names another).
    """
    return Progress(store.read(), str(store.path() or ""))


def duration(seconds: float) -> str:
    """So many seconds in words: ``40 s``, ``12 min``, ``2 h 05``.

    >>> duration(7500)
    '2 h 05'
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02}" if hours else f"{minutes} min"


def _line(row: Row, width: int) -> str:
    """One notebook in the table.

    :param width: of its number and title
    """
    kept = [place.record for place in row.places]
    done = f"{sum(one.passed for one in kept)}/{len(kept)}" if kept else ""
    tries, hints = sum(one.tries for one in kept), sum(one.hints for one in kept)
    spent = duration(row.seconds) if row.seconds else ""
    name = f"{row.number} {row.title}"
    return f"{name:<{width}}  {done:>6}  {tries or '':>5}  {hints or '':>5}  {spent:>6}".rstrip()


def _wrapped(signs: str, most: int = 78) -> list[str]:
    """The map in lines, broken between lessons."""
    lines, line = [], ""
    for piece in signs.split(" ─ "):
        joined = f"{line} ─ {piece}" if line else piece
        if line and len(joined) > most:
            lines.append(line + " ─")
            joined = piece
        line = joined
    return [*lines, line]


def _sign(state: str, title: str = "") -> str:
    shown = f' title="{html.escape(title, quote=True)}"' if title else ""
    return (
        f'<span{shown} style="color:{_COLOURS[state]};font-weight:bold;cursor:default">'
        f"{SIGNS[state]}</span>"
    )


def _tile(row: Row, about: str, current: bool) -> str:
    """One notebook: its number and title, and a sign for each exercise.

    :param about: what is said where there are none
    :param current: whether it is the one to go on with
    """
    signs = " ".join(
        _sign(place.state, f"{place.exercise.id} ({place.exercise.kind}): {place.state}")
        for place in row.places
    )
    signs = signs or f'<span style="opacity:.8">{html.escape(about)}</span>'
    spent = f'<span style="opacity:.8">{duration(row.seconds)}</span>' if row.seconds else ""
    border = "2px solid #0072b2" if current else "1px solid rgba(128,128,128,.5)"
    note = '<span style="opacity:.8"> · next</span>' if current else ""
    return (
        f'<div style="border:{border};border-radius:6px;padding:.45em .6em;display:flex;'
        'flex-direction:column;justify-content:space-between;gap:.35em">'
        f'<a href="{html.escape(row.name)}.ipynb">{row.number} · {html.escape(row.title)}</a>'
        f'<div style="display:flex;justify-content:space-between;gap:.5em">'
        f"<span>{signs}{note}</span>{spent}</div></div>"
    )
