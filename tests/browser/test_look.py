"""Pictures looked at: zoom, pan, the whole screen, a small map, copies, what is connected; axe."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from standing import stands

Book = Callable[..., Any]

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")

LIVE = "import nslab\nlab = nslab.lesson('06').lab(name={name!r})\nlab.live()"


def looked_at(book: Book, name: str, **options: Any) -> tuple[Page, Locator, Locator]:
    """A page with a live picture: the page, the window, and the picture in it."""
    page = book(LIVE.format(name=name), **options).page
    expect(page.locator(".nslab-tools").first).to_be_visible()
    window = page.locator(".nslab-live .nslab-window")
    picture = window.locator("> svg.nslab-picture")
    stands(picture)
    return page, window, picture


def width(picture: Locator) -> float:
    return float(picture.evaluate("svg => svg.getBoundingClientRect().width"))


def place(window: Locator) -> list[int]:
    found: list[int] = window.evaluate("w => [w.scrollLeft, w.scrollTop]")
    return found


def test_it_zooms_by_button_key_and_wheel(book: Book) -> None:
    page, window, picture = looked_at(book, "zoomed")
    first = width(picture)
    page.locator(".nslab-tool-in").click()
    assert width(picture) == pytest.approx(first * 1.25, abs=2)
    window.focus()
    page.keyboard.press("+")
    larger = width(picture)
    assert larger > first * 1.4
    page.keyboard.press("-")
    assert width(picture) < larger
    picture.hover()
    before = width(picture)
    page.mouse.wheel(0, 100)  # without the key the page scrolls
    assert width(picture) == pytest.approx(before)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    page.wait_for_function(
        "w => document.querySelector('.nslab-window svg').getBoundingClientRect().width > w",
        arg=before + 5,
    )
    window.focus()
    page.keyboard.press("0")
    assert width(picture) == pytest.approx(first, abs=1)


def test_it_is_moved_and_a_small_map_shows_where(book: Book) -> None:
    page, window, _ = looked_at(book, "moved")
    small = page.locator(".nslab-live .nslab-map")
    expect(small).to_be_hidden()
    window.focus()
    for _ in range(4):
        page.keyboard.press("+")
    expect(small).to_be_visible()
    window.evaluate("w => w.scrollTo(150, 150)")
    box = window.bounding_box()
    assert box
    x, y = box["x"] + 15, box["y"] + 200
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 40, steps=4)
    page.mouse.up()
    assert place(window) == pytest.approx([90, 110], abs=3)
    small.click(position={"x": 5, "y": 5})
    assert place(window) == [0, 0]
    page.keyboard.press("0")
    expect(small).to_be_hidden()


def test_it_fills_the_screen_and_comes_back(book: Book) -> None:
    page, window, picture = looked_at(book, "screen")
    first = width(picture)
    page.locator(".nslab-tool-full").click()
    page.wait_for_function("document.fullscreenElement?.matches('.nslab-drawn')")
    page.wait_for_function(
        "w => document.querySelector('.nslab-window svg').getBoundingClientRect().width > w",
        arg=first,
    )
    window.focus()
    page.keyboard.press("f")
    page.wait_for_function("!document.fullscreenElement")
    assert width(picture) == pytest.approx(first, abs=1)


def test_it_is_copied_as_svg_and_as_png(book: Book) -> None:
    page, _, _ = looked_at(book, "copied", theme="JupyterLab Dark")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".nslab-tool-svg").click()
    expect(page.locator(".nslab-heard").first).to_have_text("Copied")
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("<svg")
    assert "currentColor" not in text, "it has its colours wherever it is put"
    page.locator(".nslab-tool-png").click()
    page.wait_for_function(
        """async () => { const [item] = await navigator.clipboard.read();
            return item.types.includes('image/png') }"""
    )


@pytest.mark.parametrize("theme", ["Light", pytest.param("Dark", marks=pytest.mark.nightly)])
def test_what_is_connected_stays_and_the_rest_can_be_read(book: Book, theme: str) -> None:
    page, window, picture = looked_at(book, "connected", theme=f"JupyterLab {theme}")
    dim = picture.locator(".nslab-dim")
    name = picture.locator("[data-link='ns1/eth0'] .nslab-name")
    # A part that comes below a mouse that lies still was not pointed at.
    at, view = name.bounding_box(), window.bounding_box()
    assert at
    assert view
    page.mouse.move(at["x"] + 3, view["y"] - 8)
    page.evaluate(SCROLLED_BELOW, at["y"] - view["y"] + 12)
    expect(dim).to_have_count(0)
    page.mouse.move(0, 0)
    name.hover()
    expect(picture.locator("[data-link='host/eth0'].nslab-dim")).to_have_count(1)
    for link in ("ns1/eth0", "host/lxcbr0.1", "host/lxcbr0"):
        expect(picture.locator(f"[data-link='{link}'].nslab-dim")).to_have_count(0)
    least, words = picture.evaluate(CONTRAST)
    assert least >= 4.5, words
    page.mouse.move(0, 0)
    expect(dim).to_have_count(0)
    # By keyboard: what has the focus.
    picture.locator("[data-link='host/lxcbr0']").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(picture.locator("[data-link='host/eth0'].nslab-dim")).to_have_count(1)


SCROLLED_BELOW = """by => new Promise(done => {
    const begun = () => setTimeout(done, 350), view = document.querySelector('.nslab-window');
    view.addEventListener('pointerover', event => {
        if (event.target.closest('[data-link],[data-world],[data-ns]')) begun();
    });
    const outer = view.closest('.jp-WindowedPanel-outer');
    outer.lastElementChild.style.paddingBottom = '2000px';
    outer.scrollTop += by;
})"""
"""Scrolls the page; returns when what came below the mouse would have been shown as pointed at: its
own clock, which is longer, began after the widget's."""

CONTRAST = """svg => {
    const rgb = colour => colour.match(/[0-9.]+/g).map(Number);
    const light = colour => colour.slice(0, 3).map(one => one / 255).map(
        one => one <= .04045 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4
    ).reduce((all, one, n) => all + one * [.2126, .7152, .0722][n], 0);
    const under = one => rgb(getComputedStyle(one).backgroundColor);
    let behind = svg;
    while ((under(behind)[3] ?? 1) === 0) behind = behind.parentElement;
    const ground = under(behind);
    const found = [...svg.querySelectorAll('text')].map(text => {
        const style = getComputedStyle(text), ink = rgb(style.fill);
        let seen = style.fillOpacity * (ink[3] ?? 1);
        for (let at = text; at !== svg; at = at.parentElement)
            seen *= getComputedStyle(at).opacity;
        const mixed = ink.slice(0, 3).map((one, n) => one * seen + ground[n] * (1 - seen));
        const [one, other] = [mixed, ground].map(light).sort((a, b) => b - a);
        return [(one + .05) / (other + .05), text.textContent];
    });
    return found.sort((a, b) => a[0] - b[0])[0];
}"""
"""The least contrast of a picture's words with the page, and which words."""


@pytest.mark.parametrize("theme", ["Light", pytest.param("Dark", marks=pytest.mark.nightly)])
def test_it_fits_the_cell_at_first_sight(book: Book, theme: str) -> None:
    cells = (LIVE.format(name="fits"), "nslab.lesson('06')['X3'].card()")
    page = book(*cells, theme=f"JupyterLab {theme}", width=1600).page
    windows = page.locator(".nslab-live .nslab-window")
    expect(windows).to_have_count(2)
    for wide in (1600, 1280):
        page.set_viewport_size({"width": wide, "height": 900})
        for number in range(2):
            window = windows.nth(number)
            cell = page.locator(".jp-OutputArea").nth(number)
            page.wait_for_function(
                "([view, cell, wide]) => innerWidth === wide && cell.clientWidth < wide - 300"
                " && view.scrollWidth <= view.clientWidth",
                arg=[window.element_handle(), cell.element_handle(), wide],
            )
            picture = window.locator("> svg.nslab-picture")
            stands(picture)
            assert smallest_letter(picture) >= 11
            left, right = picture.evaluate(BESIDE)
            assert left == pytest.approx(right, abs=2), "it stands in the middle"
        expect(page.locator(".nslab-live .nslab-map:visible")).to_have_count(0)


BESIDE = """svg => {
    const [one, cell] = [svg, svg.parentElement].map(each => each.getBoundingClientRect());
    return [one.left - cell.left, cell.right - one.right];
}"""
"""How much room a picture has to its left and to its right."""


def smallest_letter(picture: Locator) -> float:
    """How high the smallest letters of a picture are, in pixels of the page."""
    return float(
        picture.evaluate(
            """svg => Math.min(...[...svg.querySelectorAll('text')].map(
                text => parseFloat(getComputedStyle(text).fontSize)))
                * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width"""
        )
    )


def test_in_a_narrow_window_it_is_moved_and_nothing_covers_it(book: Book) -> None:
    page, window, picture = looked_at(book, "letters", width=640)
    assert smallest_letter(picture) == pytest.approx(11, abs=0.1)
    assert window.evaluate("w => w.scrollWidth > w.clientWidth")
    small = page.locator(".nslab-live .nslab-map")
    expect(small).to_be_visible()
    page.wait_for_function(MAP_BESIDE)
    for _ in range(4):
        window.focus()
        page.keyboard.press("+")
    page.wait_for_function(MAP_BESIDE)
    page.locator(".nslab-tool-full").click()
    page.wait_for_function("document.fullscreenElement?.matches('.nslab-drawn')")
    page.keyboard.press("9")
    expect(small).to_be_hidden()
    page.keyboard.press("+")
    page.keyboard.press("+")
    expect(small).to_be_visible()
    page.wait_for_function(MAP_BESIDE)


def test_at_a_zoom_of_200_percent_a_saved_picture_fits_and_can_be_read(book: Book) -> None:
    """In a wide window it stands in the middle of its cell."""
    page = book(LIVE.format(name="narrow"), "lab", width=640).page
    page.evaluate("window.jupyterapp.shell.collapseLeft()")
    still = page.locator(".jp-OutputArea svg.nslab-picture").last
    stands(still)
    needs, has = still.evaluate("({parentElement: it}) => [it.scrollWidth, it.clientWidth]")
    assert needs <= has
    assert smallest_letter(still) >= 11
    page.set_viewport_size({"width": 1600, "height": 900})
    stands(still)
    left, right = still.evaluate(BESIDE)
    assert left > 50
    assert left == pytest.approx(right, abs=2)


def test_the_small_map_is_drawn_again_when_there_is_more_again(book: Book) -> None:
    page, window, _ = looked_at(book, "map-again", width=640)
    small = page.locator(".nslab-live .nslab-map")
    for wide in (640, 1600, 640):
        page.set_viewport_size({"width": wide, "height": 800})
        if wide == 1600:
            expect(small).to_be_hidden()
        else:
            expect(small.locator("svg.nslab-picture")).to_be_visible()
    assert window.evaluate("w => w.scrollWidth > w.clientWidth")


def test_what_the_hand_makes_larger_at_once_is_not_fitted_to_the_full_screen(book: Book) -> None:
    page = looked_at(book, "at-once")[0]
    page.evaluate(
        """() => document.addEventListener('fullscreenchange', () => {
            document.querySelector('.nslab-live .nslab-tool-in').click();
            const svg = document.querySelector('.nslab-live .nslab-window > svg');
            const larger = svg.getBoundingClientRect().width;
            // It is fitted before this timer is called, if it is fitted at all.
            setTimeout(() => { window.found = [larger, svg.getBoundingClientRect().width]; }, 100);
        }, { once: true })"""
    )
    page.locator(".nslab-tool-full").click()
    larger, then = page.wait_for_function("window.found").json_value()
    assert then == pytest.approx(larger, abs=1)


MAP_BESIDE = """() => {
    const [map, view] = ['.nslab-map', '.nslab-window'].map(
        one => document.querySelector(`.nslab-live ${one}`)?.getBoundingClientRect());
    return map && view && map.width > 0 && (
        map.right <= view.left + .5 || view.right <= map.left + .5 ||
        map.bottom <= view.top + .5 || view.bottom <= map.top + .5);
}"""
"""Whether the small map is there, and neither it nor the picture covers anything of the other."""


def beside(one: Locator, other: Locator) -> bool:
    """Whether neither covers anything of the other; both stand still."""
    a, b = one.bounding_box(), other.bounding_box()
    assert a is not None
    assert b is not None
    return any(
        p["x"] + p["width"] <= q["x"] + 0.5 or p["y"] + p["height"] <= q["y"] + 0.5
        for p, q in ((a, b), (b, a))
    )


SHOWS_ALL = """field => {
    const style = getComputedStyle(field), pen = document.createElement('canvas').getContext('2d');
    pen.font = style.font;
    const padding = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
    return field.clientWidth - padding - pen.measureText(field.placeholder).width;
}"""
"""How much wider a field is than the example in it."""


def test_in_a_narrow_window_a_journey_has_its_map_beside_its_picture(book: Book) -> None:
    """Not below its table, where nobody looks who moves the picture; and no example is cut."""
    page = book(f"import nslab\n{WIDGETS['inspector']}", width=640, height=2000).page
    page.evaluate("window.jupyterapp.shell.collapseLeft()")
    small = page.locator(".nslab-journey > .nslab-map")
    picture = page.locator(".nslab-journey > .nslab-window svg.nslab-picture")
    tools = page.locator(".nslab-journey > .nslab-tools")
    stands(picture)
    expect(small).to_be_hidden()  # the whole of it fits, until somebody makes it larger
    for _ in range(3):
        tools.locator(".nslab-tool-in").click()
    expect(small).to_be_visible()
    stands(picture)
    map_box, picture_box = small.bounding_box(), picture.bounding_box()
    assert map_box is not None
    assert picture_box is not None
    assert beside(small, picture)
    assert map_box["y"] + map_box["height"] <= picture_box["y"]
    for button in tools.locator("button").all():
        assert beside(small, button)
    assert page.locator(".nslab-only input").evaluate(SHOWS_ALL) >= 0


def test_a_picture_without_a_widget_is_looked_at_too(book: Book) -> None:
    page = book(LIVE.format(name="still"), "lab").page
    expect(page.locator(".nslab-tools").first).to_be_visible()
    still = page.locator(".jp-OutputArea svg.nslab-picture").last
    high = "one => one.closest('.jp-OutputArea').getBoundingClientRect().height"
    before = still.evaluate(high)
    still.hover()
    frame = page.locator(".nslab-still")
    expect(frame.locator(".nslab-tool-in")).to_be_visible()
    framed = frame.locator(".nslab-window > svg.nslab-picture")
    for box in framed.locator("[data-ns], [data-world]").all():
        assert beside(frame.locator(".nslab-tools"), box)
    assert framed.evaluate(high) == pytest.approx(before, abs=1), "nothing below it moves"
    before = width(framed)
    frame.locator(".nslab-tool-in").click()
    assert width(framed) > before


def test_two_fingers_pinch(book: Book) -> None:
    page, window, picture = looked_at(book, "pinched")
    first = width(picture)
    box = window.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + min(150, box["height"] / 2)
    fingers = page.context.new_cdp_session(page)

    def touch(kind: str, apart: float = 0.0) -> None:
        points = [{"x": x - apart / 2, "y": y, "id": 0}, {"x": x + apart / 2, "y": y, "id": 1}]
        fingers.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [] if kind == "touchEnd" else points},
        )

    touch("touchStart", 80)
    for apart in range(80, 164, 4):
        touch("touchMove", apart)
    touch("touchEnd")
    assert width(picture) == pytest.approx(first * 2, rel=0.15)
    touch("touchStart", 160)
    for apart in range(160, 76, -4):
        touch("touchMove", apart)
    touch("touchEnd")
    assert width(picture) == pytest.approx(first, rel=0.15)


WIDGETS = {
    "builder": "lab = nslab.lesson('06').lab(name='axe-builder')\nlab.builder()",
    "player": "lesson = nslab.lesson('04')\nlab = lesson.lab(name='axe-player')\nlesson.play(lab)",
    "inspector": (
        "lab = nslab.lesson('06').lab(name='axe-inspector')\n"
        "with lab.capture() as seen:\n    lab.ping('ns1', '203.0.113.80')\n"
        "i = seen.inspect()\ni.frame = 7\ni.follow()\ni"
    ),
    "card": "nslab.lesson('05')['X1'].card()",
    "large": (
        "lab = nslab.Lab('axe-large')\n"
        "lab.do(*(nslab.AddNamespace(f'n{n}') for n in range(1, 15)))\nlab.live()"
    ),
}


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
@pytest.mark.parametrize(
    "widget",
    [pytest.param(one, marks=[pytest.mark.nightly] if one == "large" else []) for one in WIDGETS],
)
def test_axe_finds_nothing_that_keeps_somebody_out(book: Book, widget: str, theme: str) -> None:
    page = book(f"import nslab\n{WIDGETS[widget]}", theme=theme).page
    expect(page.locator(".nslab-tools").first).to_be_visible()
    page.evaluate(AXE)
    found = page.evaluate(
        """async () => { const said = await axe.run('.nslab-keys', { resultTypes: ['violations'] });
            return said.violations.filter(one => ['serious', 'critical'].includes(one.impact))
                .map(one => [one.id, one.nodes.map(node => node.html.slice(0, 160) + ' '
                    + (node.any[0]?.message || ''))]) }"""
    )
    assert found == []


LONG = """\
import nslab
line = 'iptables -t nat -A POSTROUTING -s 172.20.0.0/16 -j MASQUERADE; nft add rule oifname ' * 9
class Told(Exception):
    def _render_traceback_(self):
        return ['\\x1b[31m' + line + '\\x1b[0m']
lab = nslab.Lab('words')
lab.live()"""

BROKEN = """pre => {
    const walker = document.createTreeWalker(pre, NodeFilter.SHOW_TEXT), found = [];
    for (let node; node = walker.nextNode();) for (const word of node.data.matchAll(/[^\\s-]+/g)) {
        const range = document.createRange();
        range.setStart(node, word.index);
        range.setEnd(node, word.index + word[0].length);
        const lines = new Set([...range.getClientRects()].map(each => each.top));
        if (lines.size > 1) found.push(word[0]);
    }
    return found;
}"""
"""The words of a text that go on in another line."""


def test_no_word_is_broken_where_a_line_is_too_long(book: Book) -> None:
    page = book(LONG, "print(line)", "raise Told", width=1024).page
    outputs = page.locator(".jp-OutputArea-output pre:has-text('MASQUERADE')")
    expect(outputs).to_have_count(2)
    expect(page.locator(".nslab-tools").first).to_be_visible()
    for output in outputs.all():
        assert output.evaluate(BROKEN) == []
        assert output.evaluate("pre => pre.scrollWidth <= pre.clientWidth")


SIGNED = """\
import nslab
from nslab.session.check.verdict import Verdict, Verdicts
lab = nslab.Lab('signs')
lab.live()"""

BEGINS = """line => {
    const text = [...line.childNodes].find(each => each.nodeType === Node.TEXT_NODE);
    const range = document.createRange();
    range.selectNodeContents(text);
    return [...range.getClientRects()].map(each => Math.round(each.left));
}"""
"""Where each line of a text begins, in pixels."""


def test_what_does_not_fit_goes_on_behind_its_sign(book: Book) -> None:
    cell = "Verdicts([Verdict(False, 'no link lxcbr1 ' * 20, 'look')])"
    page = book(SIGNED, cell, width=1024).page
    begins = page.locator(".nslab-check > div").evaluate(BEGINS)
    assert len(begins) > 1
    assert len(set(begins)) == 1
    label = page.locator(".nslab-live .nslab-choice > label")
    assert label.evaluate("label => getComputedStyle(label).textAlign") == "left"


def rows_of(parts: Locator) -> int:
    """How many rows the visible ones of some parts stand in."""
    boxes = [part.bounding_box() for part in parts.all() if part.is_visible()]
    return len({round(box["y"]) for box in boxes if box})


GERMAN = "import os\nos.environ['NSLAB_LANG'] = 'de'\nimport nslab\n"


def test_german_buttons_stand_in_one_row_at_any_width(book: Book) -> None:
    """Where there is no room for all of their words, two show their signs alone."""
    page = book(GERMAN + WIDGETS["builder"], width=1280, height=1000).page
    page.evaluate("window.jupyterapp.shell.collapseLeft()")
    picture = page.locator(".nslab-builder .nslab-window svg.nslab-picture")
    stands(picture)
    page.locator(".nslab-builder .nslab-drawn [data-ns='ns1'] .nslab-title").click()
    page.locator(".nslab-menu").get_by_text("Von hier pingen …").click()
    page.locator(".nslab-whom input").fill("192.168.10.1")
    page.locator("button.nslab-ping").click()
    expect(page.locator(".nslab-answered")).to_contain_text("✔")
    page.locator(".nslab-piece[data-piece='bridge']").click()
    buttons = page.locator(".nslab-buttons button")
    expect(buttons.first).to_be_visible()
    for wide in (1280, 1100, 900, 640):
        page.set_viewport_size({"width": wide, "height": 1000})
        stands(picture)
        for row in (buttons, page.locator(".nslab-asking button:not(.nslab-again)")):
            assert rows_of(row) == 1, wide
        assert rows_of(page.locator(".nslab-palette .nslab-piece")) == 1, wide
        expect(buttons.nth(2)).to_contain_text("Wiederholen")
        assert page.evaluate(NEARLY_SEEN) == [], wide
        assert page.evaluate(WIDE_FOR_A_SIGN) == [], wide


NEARLY_SEEN = """() => [...document.querySelectorAll('.nslab-buttons button')].filter(button => {
    const box = button.getBoundingClientRect(), words = document.createRange();
    words.selectNodeContents([...button.childNodes].at(-1));
    return [...words.getClientRects()].some(line => line.top < box.bottom && line.width > 1
        && (line.right > box.right || line.bottom > box.bottom));
}).map(button => button.textContent)"""
"""Buttons of whose words a part is seen and a part is cut."""

WIDE_FOR_A_SIGN = """() => [...document.querySelectorAll('.nslab-buttons button')].filter(one => {
    const box = one.getBoundingClientRect(), words = document.createRange();
    words.selectNodeContents([...one.childNodes].at(-1));
    return box.width > 40 && [...words.getClientRects()].every(line => line.top >= box.bottom);
}).map(one => one.textContent)"""
"""Buttons that show their signs alone, and are wider than these ask for."""


@pytest.mark.nightly
def test_the_inspector_is_in_line_in_german(book: Book) -> None:
    page = book(GERMAN + WIDGETS["inspector"], width=900, height=1000).page
    page.evaluate("window.jupyterapp.shell.collapseLeft()")
    expect(page.locator(".nslab-journey svg.nslab-picture").first).to_be_visible()
    left = "one => one.getBoundingClientRect().left"
    label, sheet = page.locator(".nslab-only > label"), page.locator(".nslab-sheet")
    assert label.evaluate(left) == pytest.approx(sheet.evaluate(left), abs=1)
    assert sheet.evaluate(left) == page.locator(".nslab-tree").evaluate(left)
    follow = page.locator("button.nslab-follow")
    wide = "one => one.getBoundingClientRect().width"
    assert follow.evaluate(wide) < 250, "as wide as its words"
    words = page.locator(".nslab-columns > span").evaluate_all(
        "all => all.map(one => { const r = document.createRange(); r.selectNodeContents(one);"
        " const b = r.getBoundingClientRect(); return [b.left, b.right, one.textContent]; })"
        ".filter(one => one[1] > one[0])"
    )
    for (_, end, one), (begin, _, other) in itertools.pairwise(words):
        assert begin - end > 12, f"{one} is near {other}"


def test_what_belongs_together_stands_in_one_row_in_a_window_of_900_pixels(book: Book) -> None:
    """No last button is left alone on a second row."""
    page = book(f"import nslab\n{WIDGETS['player']}", WIDGETS["builder"], width=900).page
    page.evaluate("window.jupyterapp.shell.collapseLeft()")
    buttons = page.locator(".nslab-player > .widget-hbox button")
    pieces = page.locator(".nslab-palette .nslab-piece")
    expect(pieces).to_have_count(7)
    stands(page.locator(".nslab-builder .nslab-window svg.nslab-picture"))
    assert buttons.count() >= 5
    assert rows_of(buttons) == 1
    assert rows_of(pieces) == 1
    # Nor at a zoom of 200 % where a node is asked.
    page.set_viewport_size({"width": 640, "height": 900})
    page.locator(".nslab-builder .nslab-drawn [data-ns='ns1'] .nslab-title").click()
    page.locator(".nslab-menu").get_by_text("Ping from here …").click()
    expect(page.locator(".nslab-whom input")).to_be_focused()
    assert rows_of(page.locator(".nslab-asking button")) == 1


SAVED = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def test_what_frames_say_goes_on_in_a_second_line(chromium: Browser) -> None:
    """A table of a capture fits the cell of a window of 1,024 pixels, beside JupyterLab's files."""
    outputs = [
        "".join(output.get("data", {}).get("text/html", []))
        for path in SAVED
        for cell in json.loads(path.read_text())["cells"]
        for output in cell.get("outputs", [])
    ]
    tables = [found for found in outputs if ">meant for</th>" in found]
    assert len(tables) > 10
    page = chromium.new_page()
    for table in tables:
        page.set_content(f'<div style="width: 640px; font: 13px sans-serif">{table}</div>')
        wide = page.locator("table").evaluate("table => table.scrollWidth")
        assert wide <= 640, page.locator("table").inner_text()
    page.close()
