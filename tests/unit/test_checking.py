"""A notebook as it lies there, and a new lesson's name: what is wrong is said, and where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nslab import InvalidInput, NslabError, lesson
from nslab.course import template
from nslab.course.checking import executing, pages, report
from nslab.course.checking.pages import Finding

SPEC = {"kernelspec": {"name": "nslab"}}


def write(path: Path, *sources: str | tuple[str, dict[str, Any]], metadata: Any = SPEC) -> Path:
    """A notebook of such cells; what begins with a # is prose."""
    made = []
    for number, given in enumerate(sources):
        source, more = (given, {}) if isinstance(given, str) else given
        kind = "markdown" if source.startswith(("#", "[", "`")) else "code"
        cell = {"cell_type": kind, "id": f"c{number}", "source": source, "metadata": {}}
        made.append(cell | {"execution_count": number} | more)
    path.write_text(json.dumps({"cells": made, "metadata": metadata}))
    return path


def said(path: Path) -> list[str]:
    return [f"{one.place}: {one.what}" for one in pages.findings(path)]


def test_links(tmp_path: Path) -> None:
    other = write(tmp_path / "other one.ipynb", "# A heading here", "## `code` in it")
    good = [
        "https://example.org/nothing",
        "mailto:a@example.org",
        "other%20one.ipynb",
        "other%20one.ipynb#A-heading-here",
        "other%20one.ipynb#code-in-it",
        "#Mine",
    ]
    path = write(tmp_path / "a.ipynb", "# Mine", *(f"[x]({link})" for link in good))
    assert other.exists()
    assert said(path) == []
    bad = ["none.ipynb", "other%20one.ipynb#Another", "#Yours"]
    path = write(tmp_path / "a.ipynb", "# Mine", *(f"[x]\n\n[x]({link})" for link in bad))
    assert said(path) == [
        "cell 2 (c1), line 3: the link none.ipynb: there is no such file",
        "cell 3 (c2), line 3: the link other%20one.ipynb#Another: there is no such heading",
        "cell 4 (c3), line 3: the link #Yours: there is no such heading",
    ]
    assert said(write(tmp_path / "b.ipynb", "`[x](none)`", "```\n[x](none)\n```")) == []


def test_what_is_no_notebook(tmp_path: Path) -> None:
    for content in ("", "[]", '{"cells": [1]}', '{"cells": [{"cell_type": "x", "source": ""}]}'):
        (tmp_path / "a.ipynb").write_text(content)
        (one,) = pages.findings(tmp_path / "a.ipynb")
        assert "it is no notebook" in one.what


def test_its_kernel_and_a_saved_error(tmp_path: Path) -> None:
    error = {"outputs": [{"output_type": "error", "ename": "NameError"}]}
    path = write(tmp_path / "a.ipynb", ("x", error), metadata={})
    assert ": it is saved with an error: NameError" in said(path)[0]
    assert "its kernel is None" in said(path)[1]


def test_a_cell_that_was_never_run_is_no_proof(tmp_path: Path) -> None:
    unrun = {"execution_count": None}
    path = write(tmp_path / "a.ipynb", "# Prose", "1 + 1", ("2 + 2", unrun), ("", unrun))
    assert said(path) == ["cell 3 (c2): it was never run: no output is saved"]
    path = write(tmp_path / "b.ipynb", ("1 + 1", unrun), ("2 + 2", unrun))
    assert said(path) == [": none of its cells was ever run: no output is saved"]
    assert pages.findings(path)[0].mend == f"nslab update-notebooks {path}"


def test_what_an_error_advises_is_not_what_it_says() -> None:
    error = NslabError("run", "x", "it is busy", "wait\nor go")
    assert executing.told(f"\x1b[31mTraceback\n  3 x\n{error}\n") == (
        "cannot run x: it is busy",
        "wait; or go",
    )
    assert executing.told("") == ("", "")


def answer(name: str, source: str = "%%host\n# yours") -> tuple[str, dict[str, Any]]:
    return (source, {"metadata": {"tags": [f"exercise:{name}"]}})


def test_steps_and_answers(tmp_path: Path) -> None:
    bridge = lesson("02-bridge")
    steps = [f"%%host\n{step.typed}" for step in bridge.steps]
    cards = [
        one for each in bridge.exercises for one in (f'l["{each.id}"].card()', answer(each.name))
    ]
    begin = 'l = lesson("02-bridge")'
    assert said(write(tmp_path / "02-bridge.ipynb", begin, *steps, *cards)) == []
    texts = said(write(tmp_path / "02-bridge.ipynb", begin, *steps[1:], *cards[2:]))
    assert any("no cell types the step B1 (row B1 of the article)" in text for text in texts)
    assert any("the exercise 02-bridge-X1 is not in the notebook" in text for text in texts)
    texts = said(write(tmp_path / "02-bridge.ipynb", begin, *steps, *cards[:1], *cards[2:]))
    assert texts == [": the exercise 02-bridge-X1 has no cell for the answer"]
    solved = answer("02-bridge-X1", "%%host\nip link")
    texts = said(write(tmp_path / "02-bridge.ipynb", begin, *steps, cards[0], solved, *cards[2:]))
    assert [text.partition(": ")[2] for text in texts] == [
        "the answer of 02-bridge-X1 is in it already"
    ]
    texts = said(write(tmp_path / "02-bridge.ipynb", begin, *steps, *cards, answer("02-bridge-X9")))
    assert "names no exercise of 02-bridge" in texts[0]


def test_the_lesson_of_a_notebook(tmp_path: Path) -> None:
    bridge = lesson("02-bridge")
    assert pages.lesson_of(tmp_path / "02-bridge.ipynb") == bridge
    assert pages.lesson_of(write(tmp_path / "a.ipynb", 'lesson("02-bridge")')) is None


def test_a_report_is_short(tmp_path: Path) -> None:
    findings = [
        {"path": "a.ipynb", "what": f"wrong {n}", "mend": "right", "cell": n} for n in range(9)
    ]
    ran = [
        {"path": "a.ipynb", "kind": "cell", "ok": True, "findings": []},
        {"path": "a.ipynb", "kind": "page", "ok": False, "findings": findings},
        {"path": "02-bridge-X1", "kind": "exercise", "ok": True, "findings": []},
    ]
    lines = report.lines(ran)
    assert lines[0].split() == ["a.ipynb", "✘", "1", "of", "1", "cells"]
    assert lines[3] == "  cell 1: wrong 1"
    assert lines[4] == "    → right"
    assert "and 6 more: --all shows them" in lines[-2]
    assert lines[-1].split() == ["exercises", "of", "02-bridge", "✔", "1"]
    assert len(report.lines(ran, whole=True)) > len(lines)
    assert Finding("a", "b", cell=2, ident="x", line=3).place == "cell 2 (x), line 3"


@pytest.mark.parametrize("name", ["", "A", "1-x", "01_x", "../x", "01-", "x y", "-x", "01-x-"])
def test_a_name_that_cannot_be(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="a name has two digits"):
        template.make(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_second_lesson_leaves_the_course_as_it_is(tmp_path: Path) -> None:
    made, kept = template.make("01-office", tmp_path, "An office")
    assert not kept
    assert len(made) == len(template.FILES)
    assert "An office" in (tmp_path / "office.py").read_text()
    before = {path: path.read_bytes() for path in made}
    with pytest.raises(InvalidInput, match="is there already"):
        template.make("02-office", tmp_path)
    made, kept = template.make("02-branch-line", tmp_path)
    assert {path.name for path in made} == {"branch_line.py", "02-branch-line.ipynb"}
    assert {path.name for path in kept} == {"pyproject.toml", "README.md", "test_course.py"}
    assert {path: path.read_bytes() for path in before} == before
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert "{name}" not in path.read_text()
