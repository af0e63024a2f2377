"""Each widget as ``script/sheet`` shows it: in JupyterLab, after what brings it to life.

They speak the language that NSLAB_LANG names.  A notebook has a cell for each of them; it is run
once for each theme, and its window then becomes wider and narrower.  The terminal is shot beside
its notebook, the teacher's page by itself.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from conftest import Book, Jupyter, served, write
from made_up import SHARES, a_class
from playwright.sync_api import Browser, Page, expect
from sheets import THEMES, VIEWS, Shot, shot

from nslab.cli.notebooks import options

HIGH = 2600
"""Pixels: a window in which the highest widget is seen as a whole."""

BEGIN = "import nslab\nfive, six = nslab.lesson('05'), nslab.lesson('06')"

CELLS = {
    "live": "living = six.lab(name='sheet-live')\nliving.live()",
    "large": (
        "large = nslab.Lab('sheet-large')\n"
        "large.do(*(nslab.AddNamespace(f'n{n}') for n in range(1, 15)))\nlarge.live()"
    ),
    "builder": "building = six.lab(name='sheet-builder')\nbuilding.builder()",
    "player": (
        "four = nslab.lesson('04')\nplaying = four.lab(name='sheet-player')\nfour.play(playing)"
    ),
    "card-predict": "five['X1'].card()",
    "card-build": "nslab.lesson('02')['X2'].card()",
    "puzzle": "nslab.puzzle('three').card()",
    "inspector": (
        "lab = six.lab(name='sheet-inspector')\nwith lab.capture() as seen:\n"
        "    lab.ping('ns1', '203.0.113.80')\n"
        "i = seen.inspect()\ni.frame = 7\ni.follow()\ni"
    ),
    "journey": "seen.journey()",
    "why": "lab.sh('ip -n ns1 route del default')\nlab.why('ns1', '203.0.113.80')",
    "verdict": "lab.check(five['E1'])",
}
"""By the widget's name: the cell that shows it."""


def widgets(browser: Browser) -> Iterator[Shot]:
    """Every widget in every window and theme."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with served(home, lambda at, port: ["jupyterlab", *options(at, port, False)]) as jupyter:
            for theme in THEMES:
                yield from _in_a_notebook(browser, jupyter, theme)
                jupyter.end_kernels()
                yield from _terminal(browser, jupyter, theme)
                jupyter.end_kernels()
        with a_class(home) as made:
            for theme in THEMES:
                yield from _teacher(browser, made.base, made.url, theme)


def _opened(browser: Browser, jupyter: Jupyter, name: str, theme: str, high: int) -> Book:
    jupyter.set_theme(f"JupyterLab {theme.capitalize()}")
    page = browser.new_page(viewport={"width": 1280, "height": high})
    book = Book(page, jupyter)
    page.goto(jupyter.url(name))
    page.wait_for_function("window.jupyterapp")
    page.evaluate(
        "async () => { await window.jupyterapp.restored; window.jupyterapp.shell.collapseLeft(); }"
    )
    book.run_all()
    return book


def _in_a_notebook(browser: Browser, jupyter: Jupyter, theme: str) -> Iterator[Shot]:
    write(jupyter.folder / "sheet.ipynb", (BEGIN, *CELLS.values()), "python3")
    page = _opened(browser, jupyter, "sheet.ipynb", theme, HIGH).page
    _bring_to_life(page)
    for view, wide in VIEWS.items():
        page.set_viewport_size({"width": wide, "height": HIGH})
        for number, name in enumerate(CELLS, 1):
            part = page.locator(".jp-Notebook .jp-Cell").nth(number).locator(".jp-OutputArea").first
            part.scroll_into_view_if_needed()
            page.evaluate(STANDS, part.element_handle())
            yield shot(part, name, view, theme)
    page.close()


VETH = 3
"""Which step of the builder has fields beside each other: a cable.  Its words may be German."""

STANDS = """async part => {
    for (let before = '', times = 0; times < 8;) {
        await new Promise(requestAnimationFrame);
        const { width, height } = part.getBoundingClientRect();
        times = `${width} ${height}` === before ? times + 1 : 0;
        before = `${width} ${height}`;
    }
}"""
"""Returns when a part is as large as it will be."""


def _bring_to_life(page: Page) -> None:
    """What a reader has just done when these are looked at."""
    live = page.locator(".nslab-live")
    expect(live.first.locator(".nslab-window > svg")).to_be_visible()
    live.first.locator(".nslab-choice select").select_option("ns1/eth0")
    expect(live.first.locator(".nslab-facts")).to_contain_text("192.168.10.11")
    builder = page.locator(".nslab-builder")
    builder.locator(".nslab-piece[data-piece='bridge']").click()
    builder.locator("button.nslab-do").click()
    expect(builder.locator(".nslab-message")).to_contain_text("✔")
    builder.locator(".nslab-what select").select_option(index=VETH)
    page.locator("button.nslab-run").click()
    expect(page.locator(".nslab-result")).to_contain_text("✔")
    card = page.locator(".nslab-exercise").nth(1)
    if not card.locator(".nslab-hints b").count():  # as in the theme before: hints are kept
        card.locator("button.nslab-hint").click()
    expect(card.locator(".nslab-hints b")).to_have_count(1)
    says = page.locator(".nslab-exercise").last.locator(".nslab-says")
    expect(says).to_contain_text(re.compile(r"\d .* \d"))  # so many of all are met
    expect(page.locator(".nslab-journey svg").first).to_be_visible()


def _terminal(browser: Browser, jupyter: Jupyter, theme: str) -> Iterator[Shot]:
    cells = ("import nslab\nlab = nslab.lesson('06').lab(name='sheet-terminal')", "lab.terminal()")
    write(jupyter.folder / "terminal.ipynb", cells, "python3")
    page = _opened(browser, jupyter, "terminal.ipynb", theme, 700).page
    page.wait_for_function(PROMPT, arg=1)
    page.keyboard.type("ip -br link\n")
    page.wait_for_function(PROMPT, arg=2)
    for view, wide in VIEWS.items():
        page.set_viewport_size({"width": wide, "height": 700})
        yield shot(page.locator("#main"), "terminal", view, theme)
    page.close()


PROMPT = """times => {
    const shown = [...window.jupyterapp.shell.widgets('main')]
        .map(one => one.content?._term).find(Boolean)?.buffer.active;
    if (!shown) return false;
    const lines = Array.from({ length: shown.length }, (_, n) => shown.getLine(n));
    return lines.filter(line => line?.translateToString().startsWith('[host]#')).length >= times;
}"""
"""Whether the terminal has asked so often: xterm draws on a canvas."""


def _teacher(browser: Browser, base: str, url: str, theme: str) -> Iterator[Shot]:
    context = browser.new_context(
        color_scheme="dark" if theme == "dark" else "light", viewport={"width": 1280, "height": 900}
    )
    context.add_cookies([{"name": "teacher", "value": "grace", "url": base}])
    page = context.new_page()
    page.goto(url)
    look = page.locator(f"tbody tr[data-name={SHARES[0]}]").get_by_role("button")
    expect(look).to_be_enabled()
    for view, wide in VIEWS.items():
        page.set_viewport_size({"width": wide, "height": 900})
        yield shot(page.locator("body"), "teacher", view, theme)
        look.click()
        expect(page.locator("#picture")).to_be_visible()
        yield shot(page.locator("html"), "teacher-look", view, theme)
        page.keyboard.press("Escape")
    context.close()
