"""What is not plain in a command line says what it means: to a mouse, to a finger, to keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Locator, Page, expect

from nslab import AddAddress
from nslab.cli.notebooks import trust
from nslab.jupyter.widgets.forms import FORMS

Book = Callable[..., Any]

BUILDER = """\
import os
os.environ["NSLAB_LANG"] = {language!r}
import nslab
lab = nslab.lesson("06").lab(name="gloss")
lab.builder()"""

CARD = """\
from nslab import AddBridge, Exercise, HasLink, WrongAnswer
Exercise(
    id="X1", kind="build", goal="Make a bridge.", checks=(HasLink("br0"),),
    hints=("`ip link set dev x netns 1`", "a", "b"), answer=(AddBridge("br0"),),
    others=(("ip link add br0 type bridge",),),
    wrong=tuple(WrongAnswer((), "there is no link br0") for _ in range(3)),
).card()"""

ADDRESS = [form.action for form in FORMS].index(AddAddress)

MEANS = {
    "en": ("the last address of the subnet", "the number of a process"),
    "de": ("die letzte Adresse des Subnetzes", "die Nummer eines Prozesses"),
}

CONTRAST = """tip => {
    const parts = color => color.match(/[\\d.]+/g).slice(0, 3).map(one => {
        const share = one / 255;
        return share <= .04045 ? share / 12.92 : ((share + .055) / 1.055) ** 2.4;
    });
    const weights = [.2126, .7152, .0722];
    const light = color => parts(color).reduce((sum, one, n) => sum + one * weights[n], 0);
    const { color, backgroundColor } = getComputedStyle(tip);
    const [low, high] = [light(color), light(backgroundColor)].sort((one, other) => one - other);
    return (high + .05) / (low + .05);
}"""
"""How much letters stand out from their ground."""


def taps(page: Page, where: Locator) -> None:
    """With a finger."""
    where.scroll_into_view_if_needed()
    box = where.bounding_box()
    assert box
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    hand = page.context.new_cdp_session(page)
    hand.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at]})
    hand.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    hand.detach()


@pytest.mark.parametrize(
    ("theme", "language"), [("Light", "en"), pytest.param("Dark", "de", marks=pytest.mark.nightly)]
)
def test_a_word_says_what_it_means(book: Book, theme: str, language: str) -> None:
    cells = BUILDER.format(language=language), CARD
    page = book(*cells, theme=f"JupyterLab {theme}", height=1100).page
    expect(page.locator(".nslab-builder .nslab-tools")).to_be_visible()
    broadcast, first = MEANS[language]
    tip = page.locator(".nslab-gloss")

    # What will run, for a mouse: it may go on to what is said, and is rid of it elsewhere.
    page.locator(".nslab-builder .nslab-what select").select_option(index=ADDRESS)
    page.locator(".nslab-form select").last.select_option("lxcbr0")
    page.locator(".nslab-form input[type=text]").first.fill("10.0.0.1/24")
    word = page.locator(".nslab-message abbr").first
    expect(word).to_have_text("broadcast +")
    word.hover()
    expect(tip).to_contain_text(broadcast)
    assert tip.evaluate(CONTRAST) > 7
    tip.hover()
    expect(tip).to_be_visible()
    page.locator(".nslab-builder .nslab-palette").hover()
    expect(tip).to_be_hidden()

    # What was done, for keys: Escape takes it away, Enter brings it back.
    page.locator("button.nslab-do").click()
    done = page.locator(".nslab-log abbr")
    expect(done).to_have_count(1)
    page.locator(".nslab-log .nslab-copy").focus()
    page.keyboard.press("Tab")
    expect(done).to_be_focused()
    expect(tip).to_contain_text(broadcast)
    said = done.get_attribute("aria-describedby")
    assert said == tip.get_attribute("id")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    page.keyboard.press("Enter")
    expect(tip).to_be_visible()
    page.keyboard.press("Tab")
    expect(tip).to_be_hidden()

    # A card's hint, for a finger, until it taps elsewhere.
    page.locator("button.nslab-hint").click()
    taps(page, page.locator(".nslab-hints abbr"))
    expect(tip).to_contain_text(first)
    taps(page, page.locator(".nslab-goal"))
    expect(tip).to_be_hidden()


NOTEBOOKS = Path(__file__).parents[2] / "notebooks"

LESSON = "12-macvlan"
"""Its saved outputs have such words."""

SAYS = "word => getComputedStyle(word, '::after').content"

STANDS = """word => {
    const behind = document.createRange();
    behind.selectNodeContents(word.nextSibling);
    const block = word.closest('pre');
    return [word.getClientRects()[0].top, behind.getClientRects()[0].top, block.offsetHeight,
        block.closest('.jp-OutputArea').scrollWidth - block.closest('.jp-OutputArea').clientWidth];
}"""
"""Where a word and what is behind it begin, how high its lines are, and what does not fit."""


BEFORE = """word => {
    const button = document.createElement('button');
    word.closest('pre').before(button);
    button.focus();
}"""
"""Puts the focus right before it."""


def reads(page: Page) -> None:
    """By Tab and by a finger; the line stays one, and what is said has room."""
    words = page.locator(".jp-OutputArea abbr[title]")
    first, another = words.first, words.nth(1)
    expect(first).to_be_visible()
    for reach in ("key", "finger"):
        word = first if reach == "key" else another
        word.scroll_into_view_if_needed()
        assert word.evaluate(SAYS) == "none"
        _, _, high, _ = word.evaluate(STANDS)
        if reach == "key":
            word.evaluate(BEFORE)
            page.keyboard.press("Tab")
        else:
            taps(page, word)
        expect(word).to_be_focused()
        assert MEANS["en"][0] in word.evaluate(SAYS)
        top, behind, higher, over = word.evaluate(STANDS)
        assert top == pytest.approx(behind, abs=1)
        assert higher > high + 15
        assert over <= 0
        word.evaluate("one => one.blur()")
    assert page.locator("abbr[tabindex='0']").count() == 2, "one for each table"


def test_a_saved_output_says_it_without_a_script(chromium: Browser) -> None:
    notebook = NOTEBOOKS / f"{LESSON}.ipynb"
    text, _ = HTMLExporter(theme="dark").from_filename(str(notebook))
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.route(lambda url: not url.startswith("data:"), lambda route: route.abort())
    page.set_content(text)
    reads(page)
    page.close()


def test_a_notebook_that_is_only_opened_says_it(
    book: Book, jupyter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it is trusted, as `nslab lab` has it: of others JupyterLab shows only the text."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(jupyter.folder.parent / "data"))
    trust(jupyter.folder / f"{LESSON}.ipynb")
    reads(book(name=f"{LESSON}.ipynb", run=False).page)
