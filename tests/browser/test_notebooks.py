"""A learner's way through a whole notebook: every cell is run, every exercise done at its card."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from nslab import Exercise
from nslab.cli.notebooks import trust, without_outputs
from nslab.course.exercises.values import Way
from nslab.course.lessons import LESSONS, Lesson
from nslab.network.actions import commands

Book = Callable[..., Any]

RUN = """async ([ident, text]) => {
    const app = window.jupyterapp, book = app.shell.currentWidget.content;
    const place = book.widgets.findIndex(cell => cell.model.id === ident);
    book.activeCellIndex = place;
    book.deselectAll();
    if (text) book.widgets[place].model.sharedModel.setSource(text);
    await app.commands.execute('notebook:run-cell');
}"""

READY = """async () => {
    const { context } = window.jupyterapp.shell.currentWidget;
    await context.ready;
    await context.sessionContext.ready;
}"""

MOST = [
    pytest.param(one, id=one.name, marks=[] if one.name == "02-bridge" else pytest.mark.nightly)
    for one in LESSONS
    if one.exercises and not one.needs
]


@pytest.mark.parametrize("found", MOST)
def test_a_learner_does_the_exercises_of_a_notebook(
    book: Book, jupyter: Any, found: Lesson
) -> None:
    """From the copy that a learner gets to the last cell."""
    plain = without_outputs((jupyter.folder / f"{found.name}.ipynb").read_bytes())
    copy = jupyter.folder / f"learner-{found.name}.ipynb"
    copy.write_bytes(plain)
    trust(copy)
    opened = book(name=copy.name, run=False)
    page: Page = opened.page
    page.wait_for_function("window.jupyterapp.shell.currentWidget?.context")
    page.evaluate(READY)
    cards = page.locator(".nslab-exercise")
    done = 0
    for cell in json.loads(plain)["cells"]:
        ident = cell["id"]
        if cell["cell_type"] != "code":
            continue
        if not any(tag.startswith("exercise:") for tag in cell["metadata"].get("tags", ())):
            page.evaluate(RUN, [ident, ""])
            continue
        exercise = found[ident.removesuffix("-answer").upper()]
        shown = cards.nth(done)
        expect(shown.locator(".nslab-goal")).to_contain_text(f"{exercise.id} · {exercise.kind}")
        expect(shown).not_to_contain_text("Solved")
        choose(exercise, shown)
        page.evaluate(RUN, [ident, "\n".join(["%%host", *lines(exercise.answer)])])
        expect(shown).to_contain_text("Solved")
        done += 1
    assert done == len(found.exercises)
    assert not [said for said in opened.outputs() if "Traceback" in said]


def choose(exercise: Exercise, shown: Locator) -> None:
    """Choose what the kernel will say is right, where there is a choice."""
    if not exercise.choices:
        return
    ids = [one.id for one in exercise.choices]
    with exercise.start() as lab:
        for one in exercise.answer:
            lab.sh(one, echo=False) if isinstance(one, str) else lab.do(one)
        (right,) = [ident for ident in ids if all(exercise.judge(lab, ident))]
    shown.locator("input[type=radio]").nth(ids.index(right)).click()
    expect(shown).to_contain_text("Now run the commands")


def lines(way: Way) -> list[str]:
    """What is typed for it."""
    return [
        str(line)
        for one in way
        for line in ([one] if isinstance(one, str) else commands((one,), "iproute2"))
    ]
