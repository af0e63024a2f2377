"""Each habit of tests/habits.py, typed into a lab of this machine."""

from __future__ import annotations

import pytest
from habits import IN_PYTHON, IN_THE_LAB, Habit, unanswered
from IPython.core.interactiveshell import InteractiveShell

from nslab import AddVeth, Lab
from nslab.jupyter import magics


def said(shell: InteractiveShell, habit: Habit, capsys: pytest.CaptureFixture[str]) -> str:
    """All that the cell prints."""
    capsys.readouterr()
    shell.run_cell(habit.cell, store_history=True)
    return "".join(capsys.readouterr())


def test_every_habit_is_answered(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one lab, as a learner would: a later one finds what those before have left."""
    shell = InteractiveShell()
    magics.load_ipython_extension(shell)
    monkeypatch.setattr(magics, "shell", lambda: shell)
    habits = (*IN_THE_LAB, *IN_PYTHON)
    with Lab() as lab:
        shell.user_ns.update(lab=lab, Lab=Lab, AddVeth=AddVeth)
        answers = [said(shell, habit, capsys) for habit in habits]
    wrong = unanswered(habits, answers)
    assert not wrong, "\n\n".join(wrong)


def test_there_are_forty_more_than_the_first_ones() -> None:
    assert len({habit.cell for habit in (*IN_THE_LAB, *IN_PYTHON)}) >= 60
