"""What can be said of a notebook without running it: links, steps, exercises' cells, leftovers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from msgspec import Struct

from nslab.course.exercises.exercise import Exercise
from nslab.course.grading.submission import says_something
from nslab.course.lessons import Lesson, every
from nslab.jupyter.cells import TAG

Cell = dict[str, Any]

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


class Finding(Struct, frozen=True):
    """Something that is wrong with a course.

    :param path: the notebook's, or the name of an exercise
    :param cell: which cell, counted from 1, prose included; 0 if it is none
    :param ident: the cell's id
    :param line: which line of it; 0 if that says nothing
    :param what: what is wrong
    :param mend: what to do about it
    """

    path: str
    what: str
    mend: str = ""
    cell: int = 0
    ident: str = ""
    line: int = 0

    @property
    def place(self) -> str:
        """Where it is, in words."""
        named = f"cell {self.cell}" + (f" ({self.ident})" if self.ident else "")
        return (named + (f", line {self.line}" if self.line else "")) if self.cell else ""


class Unreadable(Exception):
    """A file that is no notebook; says why."""


def cells(path: Path) -> list[Cell]:
    """The cells of a notebook.

    :raises Unreadable: it is none
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for cell in found:
            if not isinstance(cell["source"], str):
                cell["source"] = "".join(cell["source"])
            if cell["cell_type"] not in ("code", "markdown", "raw"):
                raise KeyError(cell["cell_type"])
            cell.setdefault("id", "")
            cell.setdefault("metadata", {})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"it is no notebook: {type(error).__name__}: {error}") from error
    return list(found)


def lesson_of(path: Path) -> Lesson | None:
    """The lesson that a notebook is called after; others may use it as they like."""
    return next((lesson for lesson in every() if lesson.name == path.stem), None)


def findings(path: Path) -> list[Finding]:
    """What is wrong with a notebook as it lies there."""
    try:
        book = cells(path)
    except Unreadable as error:
        return [
            Finding(str(path), str(error), "open it in JupyterLab, or take it from your backup")
        ]
    found = [*_links(path, book), *_errors(path, book), *_unrun(path, book), *_kernel(path)]
    lesson = lesson_of(path)
    if lesson is not None:
        found += [*_steps(path, book, lesson), *_answers(path, book, lesson)]
    return found


# -- links ------------------------------------------------------------------------------------


def _links(path: Path, book: list[Cell]) -> Iterator[Finding]:
    for number, cell in enumerate(book, 1):
        if cell["cell_type"] != "markdown":
            continue
        for line, text in enumerate(_CODE.sub(_blank, cell["source"]).split("\n"), 1):
            for match in _LINK.finditer(text):
                if wrong := _broken(path, book, match[1]):
                    yield Finding(
                        str(path),
                        f"the link {match[1]}: {wrong}",
                        "correct it",
                        number,
                        cell["id"],
                        line,
                    )


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def _broken(path: Path, book: list[Cell], link: str) -> str:
    """Why a link leads nowhere; empty if it does not.  The network is not asked."""
    if re.match(r"[a-z][a-z0-9+.-]*:", link, re.IGNORECASE):
        return ""
    target, _, anchor = link.partition("#")
    file = path
    if target:
        file = path.parent / unquote(target)
        if not file.exists():
            return "there is no such file"
    if not anchor or file.suffix != ".ipynb":
        return ""
    try:
        there = book if not target else cells(file)
    except Unreadable as error:
        return str(error)
    return "" if unquote(anchor) in set(_anchors(there)) else "there is no such heading"


def _anchors(book: list[Cell]) -> Iterator[str]:
    """The headings as JupyterLab names them: their words, joined by dashes."""
    for cell in book:
        if cell["cell_type"] == "markdown":
            for match in re.finditer(r"^#+\s+(.*?)\s*#*$", cell["source"], re.MULTILINE):
                plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", match[1])
                yield plain.replace(" ", "-")


# -- cells ------------------------------------------------------------------------------------


def _errors(path: Path, book: list[Cell]) -> Iterator[Finding]:
    for number, cell in enumerate(book, 1):
        for output in cell.get("outputs", []):
            if output.get("output_type") == "error":
                what = f"it is saved with an error: {output.get('ename', '')}"
                mend = f"correct it, then: nslab update-notebooks {path}"
                yield Finding(str(path), what, mend, number, cell["id"])


def _unrun(path: Path, book: list[Cell]) -> Iterator[Finding]:
    """Cells that were never run: there is nothing to compare their outputs with."""
    code = [
        (number, cell)
        for number, cell in enumerate(book, 1)
        if cell["cell_type"] == "code" and cell["source"].strip()
    ]
    unrun = [one for one in code if one[1].get("execution_count") is None]
    mend = f"nslab update-notebooks {path}"
    if unrun and len(unrun) == len(code):
        yield Finding(str(path), "none of its cells was ever run: no output is saved", mend)
        return
    for number, cell in unrun:
        what = "it was never run: no output is saved"
        yield Finding(str(path), what, mend, number, cell["id"])


def _kernel(path: Path) -> Iterator[Finding]:
    spec = json.loads(path.read_text(encoding="utf-8")).get("metadata", {}).get("kernelspec", {})
    if spec.get("name") != "nslab":
        yield Finding(
            str(path),
            f"its kernel is {spec.get('name')!r}: %%host is unknown until its first lab is made",
            "in JupyterLab: Kernel, Change Kernel, nslab (Python 3); then save it",
        )


def _steps(path: Path, book: list[Cell], lesson: Lesson) -> Iterator[Finding]:
    """Each step's lines are typed somewhere, to the letter, each as a line of its own."""
    typed = {
        line for cell in book if cell["cell_type"] == "code" for line in cell["source"].splitlines()
    }
    for step in lesson.steps:
        if not set(step.lines) <= typed:
            article = f" (row {', '.join(step.rows)} of the article)" if step.rows else ""
            yield Finding(
                str(path),
                f"no cell types the step {step.id}{article}: {step.typed.splitlines()[0]}",
                f"write a %%host cell with its lines, or take {step.id} out of the lesson",
            )


def _answers(path: Path, book: list[Cell], lesson: Lesson) -> Iterator[Finding]:
    """Each exercise has its card, and below it a cell with its tag that gives nothing away."""
    tagged = {
        tag.removeprefix(TAG): (number, cell)
        for number, cell in enumerate(book, 1)
        for tag in map(str, cell["metadata"].get("tags", []))
        if tag.startswith(TAG)
    }
    code = "\n".join(cell["source"] for cell in book if cell["cell_type"] == "code")
    names = {one.name: one for one in lesson.exercises}
    for name, exercise in names.items():
        if not re.search(rf"""\[["']{re.escape(exercise.id)}["']\]""", code):
            yield _of(path, exercise, "is not in the notebook", f'lesson["{exercise.id}"].card()')
        elif name not in tagged:
            mend = f"give the cell for the answer the tag {TAG}{name}"
            yield _of(path, exercise, "has no cell for the answer", mend)
    for name, (number, cell) in tagged.items():
        if name not in names:
            known = ", ".join(names) or "none"
            what = f"its tag {TAG}{name} names no exercise of {lesson.name}"
            yield Finding(str(path), what, f"there are: {known}", number, cell["id"])
        elif says_something(cell["source"]):
            what = f"the answer of {name} is in it already"
            yield Finding(str(path), what, "leave only %%host and a comment", number, cell["id"])


def _of(path: Path, exercise: Exercise, what: str, mend: str) -> Finding:
    return Finding(str(path), f"the exercise {exercise.name} {what}", mend)
