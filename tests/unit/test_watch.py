"""How long a box may take: the start of its lab is not the learner's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nslab.course.grading import watch
from nslab.course.grading.values import Answer, Job
from nslab.course.grading.watch import Limits, Stopped

PYTHON = sys.executable

JOB = Job("02-bridge-X2")

FOUND = "answer = int(sys.argv[sys.argv.index('nslab.course.grading.box') + 3])"
"""The descriptor's number comes after those of memory and of the grader."""


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the box's place; it is told the descriptor for its answer."""
    program = tmp_path / "box"
    monkeypatch.setattr(watch.sys, "executable", str(program))
    return program


def does(box: Path, *lines: str) -> None:
    head = (f"#!{PYTHON}", "import os, sys, time", FOUND)
    box.write_text("\n".join((*head, *lines)))
    box.chmod(0o755)


def test_a_lab_that_starts_slowly_takes_none_of_the_learners_time(box: Path) -> None:
    does(box, "time.sleep(1)", r"os.write(answer, b'\n{\"met\": true}')")
    assert watch.ask(JOB, Limits(seconds=0.5)) == Answer(met=True)


def test_from_then_on_it_is_the_learners(box: Path) -> None:
    does(box, r"os.write(answer, b'\n')", "time.sleep(600)")
    with pytest.raises(Stopped, match=r"it took longer than 0\.5 s"):
        watch.ask(JOB, Limits(seconds=0.5))


def test_who_says_so_twice_has_no_more_time(box: Path) -> None:
    does(box, "while True:", r"    os.write(answer, b'\n')", "    time.sleep(0.1)")
    with pytest.raises(Stopped, match=r"it took longer than 0\.5 s"):
        watch.ask(JOB, Limits(seconds=0.5))


def test_a_lab_that_never_starts(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "START", 0.5)
    does(box, "time.sleep(600)")
    with pytest.raises(Stopped, match=r"its lab was not there within 0\.5 s"):
        watch.ask(JOB, Limits(seconds=600))
