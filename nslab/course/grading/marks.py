"""The marks of a class: one line for each learner and exercise, and the table of who met what."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from msgspec import Struct

from nslab.printable import printable

COLUMNS = ("learner", "lesson", "exercise", "kind", "met", "why", "choice", "note", "file")

SIGNS = {
    "met": "✔",
    "not met": "✘",
    "empty": "·",
    "stopped": "!",
    "not judged": "?",
    "missing": " ",
}
"""In the table: what became of an exercise."""

MEANING = "✔ met   ✘ not met   · nothing typed   ! stopped   ? not judged   (blank) not handed in"


class Mark(Struct, frozen=True):
    """What became of one exercise of one learner.

    :param state: one of ``met``, ``not met``, ``empty``, ``stopped``, ``not judged`` (nobody's
        fault: it is no mark) and ``missing``
    :param why: what the kernel said was not so, or why it was stopped
    :param note: what the teacher should know about the file
    """

    learner: str
    lesson: str
    exercise: str
    kind: str
    state: str
    why: str = ""
    choice: str = ""
    note: str = ""
    file: str = ""


def written(marks: Sequence[Mark]) -> str:
    """As CSV; a spreadsheet takes no text in it for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for mark in marks:
        cells = (
            mark.learner,
            mark.lesson,
            mark.exercise,
            mark.kind,
            "" if mark.state == "not judged" else "1" if mark.state == "met" else "0",
            mark.why,
            mark.choice,
            mark.note,
            mark.file,
        )
        writer.writerow([_harmless(cell) for cell in cells])
    return out.getvalue()


def table(marks: Sequence[Mark]) -> str:
    """Learner by exercise, as text: the best of what each handed in."""
    exercises = list(dict.fromkeys((mark.lesson, mark.exercise) for mark in marks))
    learners = list(dict.fromkeys(mark.learner for mark in marks))
    best: dict[tuple[str, tuple[str, str]], str] = {}
    order = list(SIGNS)
    for mark in marks:
        place = (mark.learner, (mark.lesson, mark.exercise))
        best[place] = min(best.get(place, order[-1]), mark.state, key=order.index)
    width = max([len("learner"), *(len(printable(name)) for name in learners)])
    blocks = _blocks(exercises)
    heads = [f"{lesson.split('-')[0]:<{3 * len(ids)}}" for lesson, ids in blocks]
    below = ["".join(f"{ident:<3}" for ident in ids) for _, ids in blocks]
    lines = [
        f"{'':<{width}}  {' '.join(heads)}".rstrip(),
        f"{'learner':<{width}}  {' '.join(below)}   met",
    ]
    for learner in learners:
        states = [
            [best.get((learner, (lesson, ident)), "missing") for ident in ids]
            for lesson, ids in blocks
        ]
        met = sum(state == "met" for some in states for state in some)
        signs = " ".join("".join(f"{SIGNS[state]:<3}" for state in some) for some in states)
        lines.append(f"{printable(learner):<{width}}  {signs}  {met:>2}/{len(exercises)}")
    return "\n".join([*lines, "", MEANING])


def _blocks(exercises: Sequence[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for lesson, ident in exercises:
        found.setdefault(lesson, []).append(ident)
    return sorted((lesson, sorted(ids)) for lesson, ids in found.items())


def _harmless(cell: str) -> str:
    text = printable(cell)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text
