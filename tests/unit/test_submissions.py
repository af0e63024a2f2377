"""What somebody handed in, read and not run: which exercises it answers, how, and whose it is."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from nslab import InvalidInput
from nslab.course.grading import grade, machine, marks, submission
from nslab.course.grading.grade import Broken
from nslab.course.grading.marks import Mark
from nslab.course.grading.owners import owners
from nslab.course.grading.submission import Submitted, Unreadable, read
from nslab.course.grading.values import Deed
from nslab.course.grading.watch import Limits
from nslab.engine import choose
from nslab.engine.vm import image
from nslab.errors import EngineUnavailable

X1, X2 = "02-bridge-X1", "02-bridge-X2"
HEAD = 'from nslab import lesson\n\nlesson = lesson("02-bridge")'


def cell(source: str, tag: str = "", *, kind: str = "code", shown: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": source}
    if tag:
        made["metadata"]["tags"] = [f"exercise:{tag}"]
    if kind == "code":
        made["outputs"] = [{"data": {"text/html": shown}}] if shown else []
    return made


def notebook(path: Path, *cells: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}))
    return path


def answers(path: Path) -> dict[str, Submitted]:
    return {one.exercise.name: one for one in read(path)}


def test_tagged_cells_are_the_answer_in_their_order(tmp_path: Path) -> None:
    path = notebook(
        tmp_path / "02-bridge.ipynb",
        cell(HEAD),
        cell("%%host\nip netns add not-mine"),
        cell("%%host\nbrctl addbr lxcbr1", X2),
        cell("not code", X2, kind="markdown"),
        cell("%%ns ns1\nip link", X2),
    )
    found = answers(path)
    assert found[X2].cells == ("%%host\nbrctl addbr lxcbr1", "%%ns ns1\nip link")
    assert found[X2].deeds == (
        Deed(text="brctl addbr lxcbr1\n", living=True),
        Deed(text="ip link\n", ns="ns1", living=True),
    )
    assert found[X2].note == ""
    assert list(found) == [X2, X1, "02-bridge-X3"], "the others of the lesson count as well"
    assert found[X1].empty
    assert found[X1].note == f"no cell has the tag exercise:{X1}"


@pytest.mark.parametrize(
    ("source", "typed"),
    [
        ("# mine\n\n%%host\nip link", True),
        ("%%host  \nip link", True),
        ("%%host timeout=5\nip link", False),
        ("%%bash\nip link", False),
        ("lab.do(SetUp('lo'))", False),
        ("%%ns\nip link", False),
        ("%%ns a b\nip link", False),
    ],
)
def test_only_lines_that_are_typed_need_not_be_run(source: str, typed: bool) -> None:
    one = Submitted(submission.exercises()[X2], (source,))
    assert (one.deeds is not None) == typed


@pytest.mark.parametrize(
    "source", ["", "%%host\n# your commands", "# only\n\n  # comments\n", "%%host"]
)
def test_a_cell_of_comments_says_nothing(tmp_path: Path, source: str) -> None:
    assert answers(notebook(tmp_path / "02-bridge.ipynb", cell(source, X2)))[X2].empty


def test_without_its_tag_the_cells_below_the_card_count(tmp_path: Path) -> None:
    path = notebook(
        tmp_path / "mine.ipynb",
        cell(HEAD),
        cell('lesson["X2"].card()'),
        cell("%%host\nbrctl addbr lxcbr1"),
        cell("some words", kind="markdown"),
        cell("%%host\nbrctl stp lxcbr1 on"),
        cell("## What comes then", kind="markdown"),
        cell("%%host\nreboot"),
        cell('lesson["X3"].card()'),
        cell("%%host\nip link"),
    )
    found = answers(path)
    assert found[X2].cells == ("%%host\nbrctl addbr lxcbr1", "%%host\nbrctl stp lxcbr1 on")
    assert "the cells below its card were taken" in found[X2].note
    assert found["02-bridge-X3"].cells == ("%%host\nip link",)


@pytest.mark.parametrize(
    "cells",
    [
        [cell('lesson["X1"].choose("b")'), cell("%%host\nip link", X1)],
        [cell("%%host\n# choice: b\nip link", X1)],
        [cell("%%host\n# choice: a\nip link", X1), cell("# Choice: B", X1)],
        [cell("card", shown=f'<i data-nslab-choice="{X1}:b"></i>'), cell("%%host\nip link", X1)],
        [
            cell("card", shown=f'<i data-nslab-choice="{X1}:b"></i>'),
            cell("card", shown='<i data-nslab-choice="03-namespace-X1:a"></i>'),
            cell("%%host\nip link", X1),
        ],
    ],
)
def test_a_choice_is_found_wherever_it_was_made(tmp_path: Path, cells: list[Any]) -> None:
    found = answers(notebook(tmp_path / "02-bridge.ipynb", cell(HEAD), *cells))
    assert found[X1].choice == "b"
    assert found[X2].choice == ""


def test_a_script_answers_the_exercise_that_it_is_called_after(tmp_path: Path) -> None:
    path = tmp_path / f"{X2}.sh"
    path.write_text("#!/bin/bash\nbrctl addbr lxcbr1\n")
    (one,) = read(path)
    assert one.exercise.name == X2
    assert one.deeds == (Deed(text="#!/bin/bash\nbrctl addbr lxcbr1\n", living=True),)
    path.write_text("#!/bin/bash\n")
    assert read(path)[0].empty


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        ("a.ipynb", b"", "not a notebook"),
        ("a.ipynb", b"{}", "not a notebook"),
        ("a.ipynb", b"[" * 100_000, "not a notebook"),
        ("a.ipynb", b'{"cells": [{}]}', "not a notebook"),
        ("a.ipynb", b'{"cells": [3]}', "not a notebook"),
        ("a.ipynb", b'{"cells": []}', "names no lesson"),
        ("a.ipynb", b"\xff\xfe\x00", "not a notebook"),
        ("a.sh", b"true", "called after no exercise"),
    ],
)
def test_what_is_no_submission_says_why(
    tmp_path: Path, name: str, content: bytes, cause: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Unreadable, match=cause):
        read(tmp_path / name)


def test_a_file_that_is_too_large_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submission, "LARGEST", 1 << 20)
    (tmp_path / "02-bridge.ipynb").write_bytes(b" " * (2 << 20))
    with pytest.raises(Unreadable, match="larger than 1 MiB"):
        read(tmp_path / "02-bridge.ipynb")
    with pytest.raises(Unreadable, match="no such file"):
        read(tmp_path / "none.ipynb")


NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"

# -- whose it is ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "who"),
    [
        ("class/ada/02-bridge.ipynb", "ada"),
        ("class/02-bridge_ada.ipynb", "ada"),
        ("class/ada lovelace - 02-bridge.ipynb", "ada lovelace"),
        ("class/ada/02-bridge-X2.sh", "ada"),
        ("class/ada.ipynb", "ada"),
        ("class/ada/02-bridge (1).ipynb", "ada"),
        ("class/ada/02-bridge-Copy1.ipynb", "ada"),
        ("class/ada/02-bridge - Copy (2).ipynb", "ada"),
        ("class/Lovelace Ada_12345_assignsubmission_file_02-bridge.ipynb", "Lovelace Ada"),
        ("class/Lovelace Ada_12345_assignsubmission_file_homework.ipynb", "Lovelace Ada"),
        ("class/Lovelace Ada_12345_assignsubmission_file_/02-bridge.ipynb", "Lovelace Ada"),
        ("class/Lovelace Ada_12345_assignsubmission_file/02-bridge (1).ipynb", "Lovelace Ada"),
        ("class/lovelaceada_777_4242_02-bridge-1.ipynb", "lovelaceada"),
        ("class/lovelaceada_LATE_777_4242_homework.ipynb", "lovelaceada"),
        ("class/ada/02-bridge/02-bridge.ipynb", "ada"),
        ("class/week1/02-bridge_ada.ipynb", "ada"),
        # One learner alone hands in the whole folder.
        *((f"class/ada/{path.name}", "ada") for path in sorted(NOTEBOOKS.glob("*.ipynb"))),
    ],
)
def test_whose_a_file_is(path: str, who: str) -> None:
    assert owners([Path(path)], [Path("class")]) == {Path(path): who}


def test_files_of_one_name_are_their_folders() -> None:
    class_ = Path("class")
    both = [class_ / "ada" / "bridge" / "bridge.ipynb", class_ / "bob" / "bridge" / "bridge.ipynb"]
    assert list(owners(both, [class_]).values()) == ["ada", "bob"]


def test_two_people_of_one_name_are_told_apart() -> None:
    moodle = "class/Li Wei_{}_assignsubmission_file_{}.ipynb"
    files = [Path(moodle.format(*one)) for one in ((1, "02-bridge"), (2, "02-bridge"))]
    assert list(owners(files).values()) == ["Li Wei (1)", "Li Wei (2)"]
    same = [Path(moodle.format(1, name)) for name in ("02-bridge", "03-namespace")]
    assert set(owners(same).values()) == {"Li Wei"}


def test_an_archive_is_said_and_a_page_is_not_hidden(tmp_path: Path) -> None:
    for name in ("ada_1_assignsubmission_file_work.zip", "bob.html"):
        (tmp_path / name).touch()
    todo, broken = grade.tasks(grade.found([tmp_path]), [tmp_path])
    assert not todo
    assert [(one.learner, one.cause.partition(":")[0]) for one in broken] == [
        ("ada", "it is an archive")
    ]
    assert grade.others([tmp_path]) == [tmp_path / "bob.html"]


def test_a_broken_file_explains_its_own_lesson_only() -> None:
    some = [mark("ada", "X1", "met"), Mark("ada", "03-namespace", "X1", "build", "met")]
    rest = grade.missing(some, [Broken("cy", Path("cy/02-bridge.ipynb"), "it is empty")])
    assert [one.why for one in rest] == ["cy/02-bridge.ipynb: it is empty", "not handed in"]


def test_folders_are_searched(tmp_path: Path) -> None:
    wanted = [tmp_path / "ada" / "02-bridge.ipynb", tmp_path / "bob" / "02-bridge-X2.sh"]
    for path in (*wanted, tmp_path / ".ipynb_checkpoints" / "x.ipynb", tmp_path / "list.txt"):
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert grade.found([tmp_path]) == wanted
    assert grade.found([tmp_path, wanted[0]]) == wanted
    with pytest.raises(InvalidInput, match="no such file"):
        grade.found([tmp_path / "none"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput, match="no notebook"):
        grade.found([tmp_path / "empty"])


# -- what this kernel lacks --------------------------------------------------------------------


def test_what_cannot_be_judged_here_is_said_first_and_is_no_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_ipvlan = EngineUnavailable("start a lab", "here", "this kernel has no ipvlan", "")
    monkeypatch.setattr(choose, "missing", lambda needs: no_ipvlan if "ipvlan" in needs else None)
    monkeypatch.setattr(image, "newest", lambda: None)
    name = "13-ipvlan-X1"
    notebook(tmp_path / "ada" / "13-ipvlan.ipynb", cell("%%host\nip link", name), cell("", X2))
    todo, _ = grade.tasks(grade.found([tmp_path]), [tmp_path])
    printed: list[str] = []
    todo = machine.provided(todo, printed.append)
    assert len(printed) == 1
    for words in ("cannot be marked here: 13-ipvlan", "no ipvlan", "not built", "nslab vm build"):
        assert words in printed[0]
    done = grade.grade(todo, Limits(), 1, tmp_path / "notes", lambda *_: None)
    states = {one.exercise: one.state for one in done if one.lesson == "13-ipvlan"}
    assert states == {"X1": "not judged", "X2": "empty", "X3": "empty"}
    rows = list(csv.DictReader(io.StringIO(marks.written(done))))
    assert [row["met"] for row in rows if row["exercise"] == "X1" and row["why"]][-1] == ""


# -- the table --------------------------------------------------------------------------------


def mark(learner: str, exercise: str, state: str, why: str = "", **more: str) -> Mark:
    return Mark(learner, "02-bridge", exercise, "build", state, why, **more)


def test_no_text_becomes_a_formula() -> None:
    text = marks.written([mark("=cmd()", "X1", "not met", "+1\n-2"), mark("ada", "X1", "met")])
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["met"] for row in rows] == ["0", "1"]
    assert rows[0]["learner"] == "'=cmd()"
    assert rows[0]["why"].startswith("'+1")
    assert "\n-2" not in rows[0]["why"]


def test_the_best_of_two_files_counts() -> None:
    shown = marks.table([mark("ada", "X1", "not met"), mark("ada", "X1", "met")])
    assert shown.splitlines()[2].split() == ["ada", "✔", "1/1"]


def test_what_somebody_did_not_hand_in_has_a_line() -> None:
    some = [mark("ada", "X1", "met"), mark("ada", "X2", "met"), mark("bob", "X1", "empty")]
    rest = grade.missing(some, [Broken("cy", Path("cy.ipynb"), "it is not a notebook")])
    assert [(one.learner, one.exercise, one.state) for one in rest] == [
        ("bob", "X2", "missing"),
        ("cy", "X1", "missing"),
        ("cy", "X2", "missing"),
    ]
    assert rest[1].why == "cy.ipynb: it is not a notebook"
    lines = marks.table([*some, *rest]).splitlines()
    assert lines[1].split() == ["learner", "X1", "X2", "met"]
    assert [line.split()[-1] for line in lines[2:5]] == ["2/2", "0/2", "0/2"]
