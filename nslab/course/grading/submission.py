"""What somebody handed in: which exercises a file answers, and how.  Nothing of it is run here.

A notebook's answer cells carry the tag ``exercise:02-bridge-X2``.  Where the tag is gone, the cells
below the exercise's card count, up to the next heading.  A script that is called after an exercise
(``02-bridge-X2.sh``) answers that one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from nslab.course.exercises.exercise import Exercise
from nslab.course.grading.values import Deed
from nslab.course.lessons import Lesson, every
from nslab.errors import os_cause
from nslab.jupyter.cells import TAG
from nslab.jupyter.lines import has_commands

LARGEST = 64 << 20
"""Bytes of a file that are read: outputs may be large, answers are not."""

CHOICE = "nslab-choice"
"""The attribute by which a card's choice is found in a saved notebook."""

WIDGETS = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"

_CARD = re.compile(r"""\[\s*["'](\w+)["']\s*\]\s*\.\s*(?:card|start)\s*\(""")
_LESSON = re.compile(r"""\blesson\(\s*["']([\w.-]+)["']\s*\)""")
_CHOSE = re.compile(r"""\[\s*["'](\w+)["']\s*\]\s*\.\s*choose\(\s*["'](\w+)["']\s*\)""")
_CHOICE_LINE = re.compile(r"^\s*#\s*choice:\s*(\w+)\s*$", re.MULTILINE | re.IGNORECASE)
_SAVED = re.compile(rf'data-{CHOICE}=\\?"([\w.-]+):(\w+)\\?"')
_MAGIC = re.compile(r"^%%(?:host|ns[ \t]+([A-Za-z0-9_.-]+))[ \t]*$")


class Submitted(Struct, frozen=True):
    """An exercise as somebody answered it.

    :param cells: what is to be run, those that are empty left out
    :param choice: what was chosen, where there is a choice
    :param note: what the teacher should know about how it was found
    """

    exercise: Exercise
    cells: tuple[str, ...] = ()
    choice: str = ""
    note: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing was typed."""
        return not self.cells

    @property
    def deeds(self) -> tuple[Deed, ...] | None:
        """What is typed, if it is nothing but command lines; None if it must be run to know."""
        found = []
        for cell in self.cells:
            # Comments may stand above a magic, as in the lessons' kernel.
            lines = cell.lstrip("\n").split("\n")
            while lines and (lines[0].lstrip().startswith("#") or not lines[0].strip()):
                lines.pop(0)
            match = _MAGIC.match(lines[0]) if lines else None
            if match is None:
                return None
            text = "\n".join(lines[1:]).strip("\n") + "\n"
            found.append(Deed(text=text, ns=match[1], living=True))
        return tuple(found)


class Unreadable(Exception):
    """A file that is no submission; says why."""


def read(path: Path) -> list[Submitted]:
    """The exercises that a file answers, in the order of their lesson.

    :param path: a notebook, or a script that is called after an exercise
    :raises Unreadable: it is neither
    """
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise Unreadable(os_cause(error.errno or 5)) from error
    if len(raw) > LARGEST:
        raise Unreadable(f"it is larger than {LARGEST >> 20} MiB: clear its outputs")
    text = raw.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\x00", "")
    return [_script(path, text)] if path.suffix == ".sh" else _notebook(path, text)


def exercises() -> dict[str, Exercise]:
    """All exercises by name."""
    return {one.name: one for lesson in every() for one in lesson.exercises}


def _script(path: Path, text: str) -> Submitted:
    for name, exercise in exercises().items():
        if path.stem == name or path.stem.endswith((f"_{name}", f"-{name}")):
            cells = (f"%%host\n{text}",) if says_something(text) else ()
            return Submitted(exercise, cells, _chosen_in_line([text]))
    raise Unreadable("it is called after no exercise, such as 02-bridge-X2.sh")


# -- notebooks --------------------------------------------------------------------------------


class _Cell(Struct, frozen=True):
    code: bool
    source: str
    tags: tuple[str, ...]
    outputs: str


def _notebook(path: Path, text: str) -> list[Submitted]:
    try:
        whole = json.loads(text)
        states = _states(whole)
        cells = [_cell(each, states) for each in whole["cells"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable("it is not a notebook") from error
    lesson = _lesson(path, cells)
    tagged = _tagged(cells)
    wanted = [one for each in every() for one in each.exercises if one.name in tagged]
    if lesson is not None:
        wanted += [one for one in lesson.exercises if one.name not in tagged]
    if not wanted:
        raise Unreadable("none of its cells has the tag of an exercise, and it names no lesson")
    return [_submitted(one, cells, tagged.get(one.name)) for one in wanted]


def _states(whole: dict[str, Any]) -> dict[str, Any]:
    """The widgets that are saved with a notebook, by their ids."""
    kept: Any = whole.get("metadata")
    for name in ("widgets", WIDGETS, "state"):
        kept = kept.get(name) if isinstance(kept, dict) else None
    return kept if isinstance(kept, dict) else {}


def _last_shown(outputs: Any, states: dict[str, Any]) -> Iterator[str]:
    """What the widgets in a cell's outputs said when the notebook was saved.

    Those that an earlier run of the cell has left are saved too, and do not count.
    """
    views = (each.get("data", {}).get(VIEW, {}) for each in outputs)
    todo = [view["model_id"] for view in views if view]
    seen: set[str] = set()
    while todo:
        ident = todo.pop()
        if ident in seen or ident not in states:
            continue
        seen.add(ident)
        state = states[ident].get("state", {})
        yield str(state.get("value", ""))
        children = state.get("children", [])
        todo += [str(child).removeprefix("IPY_MODEL_") for child in children]


def _cell(cell: dict[str, Any], states: dict[str, Any]) -> _Cell:
    source = cell["source"]
    tags = cell.get("metadata", {}).get("tags", [])
    outputs = cell.get("outputs", [])
    return _Cell(
        code=cell["cell_type"] == "code",
        source=source if isinstance(source, str) else "".join(map(str, source)),
        tags=tuple(map(str, tags)) if isinstance(tags, list) else (),
        outputs=json.dumps([outputs, *_last_shown(outputs, states)]),
    )


def _lesson(path: Path, cells: Sequence[_Cell]) -> Lesson | None:
    """The lesson that a notebook says it uses, or is called after."""
    named = [match[1] for cell in cells if cell.code for match in _LESSON.finditer(cell.source)]
    for name in named:
        for lesson in every():
            if name in (lesson.name, lesson.name[:2]):
                return lesson
    for lesson in every():
        if lesson.name in path.stem:
            return lesson
    return None


def _tagged(cells: Sequence[_Cell]) -> dict[str, list[_Cell]]:
    found: dict[str, list[_Cell]] = {}
    for cell in cells:
        for tag in cell.tags:
            if cell.code and tag.startswith(TAG):
                found.setdefault(tag.removeprefix(TAG), []).append(cell)
    return found


def _submitted(
    exercise: Exercise, cells: Sequence[_Cell], tagged: Sequence[_Cell] | None
) -> Submitted:
    note = ""
    if tagged is None:
        tagged = list(_below_the_card(exercise, cells))
        lost = f"no cell has the tag {TAG}{exercise.name}"
        note = f"{lost}: the cells below its card were taken" if tagged else lost
    sources = [cell.source for cell in tagged]
    return Submitted(
        exercise,
        tuple(source for source in sources if says_something(source)),
        _choice(exercise, cells, sources) if exercise.choices else "",
        note,
    )


def _below_the_card(exercise: Exercise, cells: Sequence[_Cell]) -> Iterator[_Cell]:
    below = False
    for cell in cells:
        cards = _CARD.findall(cell.source) if cell.code else []
        if exercise.id in cards:
            below = True
        elif cards or (not cell.code and re.search(r"^#", cell.source, re.MULTILINE)):
            below = False
        elif below and cell.code:
            yield cell


def says_something(source: str) -> bool:
    """Whether there is more than comments and the magic."""
    return has_commands(re.sub(r"^%%.*", "", source, flags=re.MULTILINE))


def _choice(exercise: Exercise, cells: Sequence[_Cell], sources: Sequence[str]) -> str:
    """What was chosen last: written in the answer, called, or saved with the card."""
    if choice := _chosen_in_line(sources):
        return choice
    called = [
        match[2]
        for cell in cells
        if cell.code
        for match in _CHOSE.finditer(cell.source)
        if match[1] == exercise.id
    ]
    if called:
        return called[-1]
    saved = [
        match[2]
        for cell in cells
        for match in _SAVED.finditer(cell.outputs)
        if match[1] == exercise.name
    ]
    return saved[-1] if saved else ""


def _chosen_in_line(sources: Sequence[str]) -> str:
    found = [match[1] for source in sources for match in _CHOICE_LINE.finditer(source)]
    return found[-1].lower() if found else ""
