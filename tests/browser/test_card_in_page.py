"""The card of an exercise in a real page: by mouse, by keyboard, and without a kernel."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from nslab import lesson
from nslab.course.puzzles.puzzle import drawn

Book = Callable[..., Any]

BEGIN = "import nslab\nlesson = nslab.lesson('02')"


def card(ident: str) -> str:
    """The cell that shows it."""
    return f"lesson['{ident}'].card()"


def answer(ident: str) -> list[str]:
    """The lines of the exercise's own answer."""
    return [str(line) for line in lesson("02")[ident].answer]


def type_into_a_new_cell(page: Page, text: str) -> None:
    """Write a cell below the last one, and run it, as a person does."""
    page.evaluate(
        """async () => {
            const { commands } = window.jupyterapp;
            const { content } = window.jupyterapp.shell.currentWidget;
            content.activeCellIndex = content.widgets.length - 1;
            await commands.execute('notebook:insert-cell-below');
            await commands.execute('notebook:enter-edit-mode');
        }"""
    )
    editor = page.locator(".jp-CodeCell.jp-mod-active .cm-content")
    editor.click()
    page.keyboard.insert_text(text)
    page.keyboard.press("Control+Enter")


def tab_to(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """Press Tab until it has the focus."""
    for _ in range(40):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError("Tab does not lead there")


def sees_the_focus(part: Locator) -> bool:
    """Whether an outline shows who has the focus."""
    style = "one => { const s = getComputedStyle(one); return s.outlineStyle + s.outlineWidth }"
    return part.evaluate(style) not in ("none0px", "none")


def below(upper: Locator, lower: Locator) -> float:
    """How many pixels are between two parts that stand below each other."""
    edge = "(one, edge) => one.getBoundingClientRect()[edge]"
    return float(lower.evaluate(edge, "top") - upper.evaluate(edge, "bottom"))


BEGINS = """why => [...why.querySelectorAll(':scope > :is(div, pre)')].slice(1).map(one => {
    const words = document.createRange();
    words.selectNodeContents(one.querySelector(':scope > span') ? one.lastChild : one);
    return [...words.getClientRects()].find(line => line.width > 1).left;
})"""
"""Where the words of each line of an explanation begin, behind its sign; without the title."""


def solve(page: Page) -> None:
    """X2, by typing; the card is told nothing."""
    says = page.locator(".nslab-says")
    expect(says).to_have_text("0 of 3 met")
    expect(page.locator(".nslab-points .widget-html-content > div")).to_have_count(3)
    expect(page.locator(".nslab-where")).to_contain_text("%%host types into this exercise's own")
    first, *rest = answer("X2")
    type_into_a_new_cell(page, f"%%host\n{first}")
    expect(page.locator(".nslab-points")).to_contain_text("the spanning tree of lxcbr1 is off")
    below = page.locator(".nslab-below")
    expect(below).to_contain_text("✘Exercise X2: ")
    expect(below).to_contain_text("the spanning tree of lxcbr1 is off")
    type_into_a_new_cell(page, "\n".join(["%%host", *rest]))
    expect(below.nth(1)).to_have_text("✔Exercise X2 done")
    seen = below.nth(1).evaluate(
        "one => one.getBoundingClientRect().top"
        " - one.closest('.jp-Cell').querySelector('.jp-InputArea').getBoundingClientRect().bottom"
    )
    assert 0 <= seen < 40, "right below the lines, and above the picture of what they changed"
    expect(below.nth(0)).to_contain_text("is off")
    expect(says).to_have_text("✔ Solved")
    expect(page.locator(".nslab-points")).not_to_contain_text("✘")
    expect(page.locator(".nslab-foot")).to_contain_text("tries: 2")
    expect(page.locator(".nslab-exercise [data-link='host/lxcbr1']").first).to_be_visible()


def test_it_turns_to_solved_without_a_click(book: Book) -> None:
    page = book(BEGIN, card("X2")).page
    solve(page)
    expect(page.locator(".nslab-says")).to_have_attribute("role", "status")


def test_in_notebook_7(book7: Book) -> None:
    solve(book7(BEGIN, card("X2")).page)


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_a_prediction_is_chosen_run_and_judged(book: Book, by: str) -> None:
    page = book(BEGIN, card("X1")).page
    radios = page.locator(".nslab-choices input[type=radio]")
    expect(radios).to_have_count(3)
    says = page.locator(".nslab-says")
    expect(says).to_have_text("0 of 2 met")
    if by == "mouse":
        page.locator(".nslab-choices label", has_text="b)").click()
    else:
        page.locator(".nslab-exercise .nslab-goal").click()
        tab_to(page, radios.nth(1))
        assert sees_the_focus(radios.nth(1))
        page.keyboard.press("Space")
    expect(radios.nth(1)).to_be_checked()
    expect(page.locator(".nslab-locked")).to_contain_text("Now run the commands")
    expect(page.locator(".nslab-points")).to_contain_text("you chose b")
    type_into_a_new_cell(page, "\n".join(["%%host", *answer("X1")]))
    expect(says).to_have_text("✔ Solved")
    expect(radios.nth(0)).to_be_disabled()
    expect(page.locator(".nslab-locked")).to_contain_text("your answer is locked")


def test_help_and_starting_over_by_keyboard(book: Book) -> None:
    page = book(BEGIN, card("X2"), "%%host\n" + answer("X2")[0]).page
    says = page.locator(".nslab-says")
    shown = page.locator(".nslab-told")
    points = page.locator(".nslab-points")
    expect(points).to_contain_text("the spanning tree of lxcbr1 is off")
    page.locator(".nslab-goal").click()
    hint = page.locator("button.nslab-hint")
    tab_to(page, hint)
    assert sees_the_focus(hint)
    for number in (1, 2, 3):
        expect(hint).to_contain_text(f"Hint {number} of 3")
        page.keyboard.press("Enter")
        expect(page.locator(".nslab-hints b")).to_have_count(number)
    again = page.locator("button.nslab-again")
    main = page.locator(".nslab-exercise button.mod-primary:visible")
    expect(main).to_have_text(["Check"])
    edge = "(one, edge) => one.getBoundingClientRect()[edge]"
    assert again.evaluate(edge, "left") - hint.evaluate(edge, "right") > 40, "set apart"
    tab_to(page, again)
    stood = again.bounding_box()
    page.keyboard.press("Space")
    expect(points).to_contain_text("there is no link lxcbr1")
    expect(shown).to_contain_text("Started over")
    back = page.locator("button.nslab-back")
    expect(back).to_be_visible()
    assert again.bounding_box() == stood, "a second press is for the same button"
    tab_to(page, back, "Shift+Tab")
    page.keyboard.press("Enter")
    expect(points).to_contain_text("the spanning tree of lxcbr1 is off")
    expect(back).to_be_hidden()
    expect(again).to_be_focused()
    solution = page.locator("button.nslab-solution")
    tab_to(page, solution)
    page.keyboard.press("Enter")
    expect(shown).to_contain_text("ask once more")
    page.keyboard.press("Enter")
    expect(shown).to_contain_text("brctl addbr lxcbr1")
    expect(says).not_to_contain_text("Solved")


def test_it_shows_why_something_is_not_reached(book: Book) -> None:
    page = book(BEGIN, card("X3"), "%%host\nip route del default").page
    why = page.locator("button.nslab-explain")
    expect(page.locator(".nslab-points")).to_contain_text("not tried until the rest is right")
    expect(why).to_be_hidden()
    page.locator("button.nslab-check").click()
    expect(page.locator(".nslab-points")).to_contain_text("host reaches 203.0.113.80; now: ")
    expect(page.locator(".nslab-foot")).to_contain_text("tries: 1")
    why.click()
    expect(page.locator(".nslab-told")).to_contain_text("no route")
    told = page.locator(".nslab-told .nslab-why")
    expect(told).to_contain_text("seen: ")
    begins = told.evaluate(BEGINS)
    assert len(begins) == 3, "what is wrong, the way out, and what was seen"
    assert max(begins) - min(begins) < 1, "they begin below each other"
    assert below(why, told) >= 6, "it does not touch the buttons"


def test_what_is_said_of_an_exercise_does_not_touch_what_was_printed(book: Book) -> None:
    page = book(BEGIN, card("X1"), "%%host\nip link show nothing").page
    said = page.locator(".nslab-below b").first
    expect(said).to_be_visible()
    assert below(page.locator(".jp-OutputArea-output pre", has_text="ended with"), said) >= 4
    place, first = page.locator("button.nslab-use"), page.locator(".nslab-choices label").nth(1)
    assert below(place, first) >= 4, "nor the answers the button above them"


@pytest.mark.nightly
def test_a_puzzle_is_solved_for_its_stars(book: Book) -> None:
    page = book("import nslab", "nslab.puzzle('three').card()").page
    foot = page.locator(".nslab-foot")
    expect(foot).to_contain_text("★★★ · tries: 0")
    page.locator("button.nslab-hint").click()
    expect(foot).to_contain_text("★★☆")
    expect(page.locator(".nslab-says")).to_contain_text("7 of 8 met")
    type_into_a_new_cell(page, "\n".join(["%%host", *map(str, drawn("three").answer)]))
    expect(page.locator(".nslab-says")).to_have_text("✔ Solved")
    expect(foot).to_contain_text("★★☆ · tries: 1")


def test_without_a_kernel_it_is_what_it_was(book: Book) -> None:
    first = book(BEGIN, card("X2"), "%%host\n" + answer("X2")[0])
    expect(first.page.locator(".nslab-points")).to_contain_text("lxcbr1 is off")
    expect(first.page.locator(".nslab-exercise > * > * > .nslab-saved")).to_be_hidden()
    first.page.locator("button.nslab-hint").click()
    expect(first.page.locator(".nslab-hints b")).to_have_count(1)
    first.save_and_leave()
    name = first.page.evaluate("window.jupyterapp.shell.currentWidget.context.path")
    first.page.goto("about:blank")
    page = book(name=name, run=False, fresh=True).page
    expect(page.locator(".nslab-points")).to_contain_text("lxcbr1 is off")
    expect(page.locator(".nslab-hints b")).to_have_count(1)
    expect(page.locator(".nslab-exercise [data-link='host/lxcbr1']").first).to_be_visible()
    expect(page.locator(".nslab-saved:visible")).to_have_count(1)
    expect(page.locator(".nslab-saved:visible")).to_contain_text(
        "Run All Above Selected Cell, then this cell"
    )
    left = [
        page.locator(one).first.evaluate("one => one.getBoundingClientRect().left")
        for one in (".nslab-saved:visible b", ".nslab-goal b")
    ]
    assert left[0] == pytest.approx(left[1], abs=1), "it is no more indented than its neighbours"
    expect(page.locator(".jp-Notebook")).not_to_contain_text("Error displaying widget")


def test_a_kernel_that_is_restarted_half_way(book: Book) -> None:
    cells = (BEGIN, card("X2"), "%%host\n" + answer("X2")[0])
    opened = book(*cells, kernel="nslab", tags=("exercise:02-bridge-X2",))
    page = opened.page
    expect(page.locator(".nslab-points")).to_contain_text("lxcbr1 is off")
    words = "one => getComputedStyle(one.querySelector('.nslab-before'), '::before').content"
    assert page.locator(".nslab-says").evaluate(words) in ("none", "normal")
    opened.restart()
    expect(page.locator(".nslab-saved:visible")).to_contain_text("hints are kept. To go on: Run")
    assert "last seen:" in page.locator(".nslab-says").evaluate(words), "an old verdict says so"
    opened.run_cell(2)  # the answer, before its card
    assert "02-bridge-X2: its lab has ended, as by a restart of the kernel" in opened.outputs()[2]
    assert "Run All Above Selected Cell, then this cell again" in opened.outputs()[2]
    opened.run_all()
    expect(page.locator(".nslab-points")).to_contain_text("lxcbr1 is off")
    expect(page.locator(".nslab-saved:visible")).to_have_count(0)


def test_a_lab_that_dies_under_it(book: Book) -> None:
    # Its own, whoever else has a lab of that name on this machine.
    agent = "import nslab.engine.labs as labs\nlabs.of(lesson['X2'].attempt.lab.engine).pid"
    opened = book(BEGIN, card("X2"), agent)
    page = opened.page
    says = page.locator(".nslab-says")
    expect(says).to_have_text("0 of 3 met")
    subprocess.run(["kill", "-KILL", str(int(opened.outputs()[2]))], check=True)
    expect(says).to_contain_text("The lab has ended")
    page.locator("button.nslab-again").click()
    solve(page)


@pytest.mark.parametrize(
    ("theme", "width"),
    [
        ("Light", 1280),
        ("Dark", 390),
        pytest.param("Light", 390, marks=pytest.mark.nightly),
        pytest.param("Dark", 1280, marks=pytest.mark.nightly),
    ],
)
def test_it_fits_and_can_be_read(book: Book, theme: str, width: int) -> None:
    page = book(BEGIN, card("X1"), theme=f"JupyterLab {theme}", width=width, height=800).page
    expect(page.locator(".nslab-exercise svg").first).to_be_visible()
    if width < 800:
        page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
    wide = "one => one.scrollWidth - one.clientWidth"
    assert page.locator(".nslab-exercise").evaluate(wide) <= 1
    around = page.locator(".nslab-exercise .nslab-live .widget-hbox:has(.nslab-drawn)")
    assert around.evaluate(wide) <= 0, "no bar for nothing below the terminal's button"
    look, here = (
        page.locator(f".nslab-exercise {part}").bounding_box()
        for part in (".nslab-choice", ".nslab-entrance")
    )
    assert look
    assert here
    beside = here["x"] >= look["x"] + look["width"] and here["y"] < look["y"] + look["height"]
    assert beside or width < 800
    lines = page.locator(".nslab-choices .widget-radio-box label")
    for number in range(lines.count()):
        off = lines.nth(number).evaluate(
            """label => {
                const middle = box => box.top + box.height / 2;
                const words = document.createRange();
                words.selectNodeContents(label);
                const text = [...words.getClientRects()].filter(one => one.width > 20)[0];
                const radio = label.querySelector('input').getBoundingClientRect();
                return Math.abs(middle(radio) - middle(text));
            }"""
        )
        assert off <= 1, "a radio button stands beside the first line of its text"
    above = page.locator(".nslab-exercise").evaluate(
        """card => card.querySelector('.nslab-drawn').getBoundingClientRect().top
            - card.getBoundingClientRect().top"""
    )
    assert above < 800, "what is above the picture leaves room for it"
    # At a zoom of 200 % the picture has the card's whole width, and all of it is seen.
    page.evaluate("window.jupyterapp.shell.collapseLeft()")
    page.set_viewport_size({"width": 640, "height": 800})
    window = page.locator(".nslab-exercise .nslab-window").element_handle()
    page.wait_for_function(
        "one => innerWidth === 640 && one.clientWidth < 600 && one.scrollWidth <= one.clientWidth",
        arg=window,
    )
