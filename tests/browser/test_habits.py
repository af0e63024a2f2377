"""All of tests/habits.py in one notebook, as a learner types it in JupyterLab."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from habits import IN_PYTHON, IN_THE_LAB, unanswered
from playwright.sync_api import expect

FIRST = "from nslab import AddVeth, Lab\nlab = Lab()"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def test_each_habit_is_answered_in_words(book: Callable[..., Any]) -> None:
    habits = (*IN_THE_LAB, *IN_PYTHON)
    # A cell that fails must not keep the rest from running.
    cells = (FIRST, *(one.cell for one in habits), "print('the' + ' end')")
    made = book(*cells, tags=("raises-exception",))
    expect(made.page.get_by_text("the end", exact=True)).to_be_visible()
    answers = [COLOURS.sub("", text) for text in made.outputs()][1:-1]
    wrong = unanswered(habits, answers)
    assert not wrong, "\n\n".join(wrong)
    # Much output leaves the page alive.
    long = next(n for n, one in enumerate(habits) if "200000" in one.cell)
    assert len(answers[long]) < 60_000
    made.page.evaluate("() => new Promise(done => requestAnimationFrame(done))")
