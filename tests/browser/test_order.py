"""What belongs together stands together: labels at their fields, buttons below them, equal gaps."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import snapshots as sample
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Locator, Page, expect
from standing import stands
from test_draw import several_ways, tunnelled
from test_draw_trail import OUT, TRAILS, followed, stops

from nslab import Lab
from nslab.draw import Picture
from nslab.draw.path.picture import PathPicture
from nslab.draw.path.trail import Trail

ROOT = Path(__file__).parents[2]

Book = Callable[..., Any]

BUILDER = "import nslab\nlab = nslab.lesson('06').lab(name={name!r})\nlab.builder()"

WORDS = """one => { const all = document.createRange(); all.selectNodeContents(one);
    const { left, right, top, bottom } = all.getBoundingClientRect();
    return [left, right, top, bottom]; }"""
"""Where the words of a part are."""


def words(one: Locator) -> tuple[float, float, float, float]:
    """Left, right, top and bottom of them."""
    left, right, top, bottom = one.evaluate(WORDS)
    return left, right, top, bottom


def box(one: Locator) -> tuple[float, float, float, float]:
    """Left, right, top and bottom of a part."""
    found = one.bounding_box()
    assert found
    x, y = found["x"], found["y"]
    return x, x + found["width"], y, y + found["height"]


def test_radio_buttons_of_a_saved_journey_have_the_colour_of_the_words(chromium: Browser) -> None:
    """A dark page of nbconvert does not say that it is dark: a browser's own would be grey."""
    notebook = ROOT / "notebooks" / "05-way-out.ipynb"
    text, _ = HTMLExporter(theme="dark").from_filename(str(notebook))
    page = chromium.new_page()
    page.route(lambda url: not url.startswith("data:"), lambda route: route.abort())
    page.set_content(text)
    radio = page.locator(".nslab-walk tbody input").first
    of = "(one, what) => getComputedStyle(one)[what]"
    colour = radio.evaluate(of, "borderTopColor")
    assert colour == page.locator(".nslab-walk td").first.evaluate(of, "color")
    assert radio.evaluate(of, "backgroundImage") == "none"
    page.locator(".nslab-walk tbody label").first.click()
    assert radio.evaluate(of, "backgroundImage") != "none"
    page.close()


LOOKS = """all => [...all.querySelectorAll('*')].map(one => {
    one.getAnimations().forEach(each => each.cancel());
    const found = getComputedStyle(one);
    return ['stroke', 'strokeWidth', 'strokeDasharray', 'strokeLinecap', 'strokeOpacity', 'fill',
        'fillOpacity', 'opacity', 'fontSize', 'fontWeight', 'display'].map(what => found[what]);
})"""


SVG = re.compile(r"<svg [^>]*nslab-picture.*?</svg>", re.S)


def classes(picture: str) -> set[str]:
    """Those that something in a picture has."""
    return {one for found in re.findall(r'class="([^"]*)"', picture) for one in found.split()}


def ways() -> Iterator[str]:
    """Journeys of every kind, also such as no lesson shows: how they may end, and copies."""
    yield from (followed(name).html for name in TRAILS)
    snapshot = sample.article(repaired=True)
    for trail in (
        Trail("out", stops(">ns1/eth0", ">host/eth0"), end="beyond"),
        Trail("lost", OUT.stops[:4], end="lost", missed=("switch", "host")),
    ):
        yield PathPicture(Picture(snapshot), trail, "").html


def pictures() -> list[str]:
    """Pictures with whatever has a rule of its own; the last has the fewest rules."""
    every = [tunnelled().html, several_ways(8).html, several_ways(15).html, *ways()]
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        saved = json.loads(path.read_text())
        for output in (one for cell in saved["cells"] for one in cell.get("outputs", ())):
            every += SVG.findall("".join(output.get("data", {}).get("text/html", "")))
    found: list[str] = []
    seen: set[str] = set()
    for picture in every:
        if not classes(picture) <= seen:
            found.append(picture)
            seen |= classes(picture)
    ruled = {one for each in found for one in re.findall(r"\.(nslab-[\w-]+)", each)}
    bare = {one for one in ruled - seen if not re.fullmatch(r"nslab-t\d", one)}
    assert bare <= {"nslab-walk", "nslab-beat"}, "these are around a picture"
    with Lab(engine="fake") as lab:
        return [*found, lab.picture.html]


def test_a_picture_looks_the_same_alone_and_beside_others(chromium: Browser) -> None:
    """Each brings its own rules: those of a later one held for cables that had beads."""
    every = pictures()
    page = chromium.new_page()
    page.set_content("".join(f"<div>{one}</div>" for one in every))
    beside = [one.evaluate(LOOKS) for one in page.locator("svg.nslab-picture").all()]
    assert len(beside) == len(every)
    for picture, look in zip(every, beside, strict=True):
        page.set_content(picture)
        assert page.locator("svg.nslab-picture").evaluate(LOOKS) == look
    page.close()


def test_the_arrow_keys_go_through_a_journey_in_a_notebook(book: Book) -> None:
    """JupyterLab took them, and went to another cell."""
    made = (
        "import nslab\nlab = nslab.lesson('06').lab(name='keys')\nlab.ping('ns1', '203.0.113.80')"
    )
    look = "with lab.capture() as seen:\n    lab.ping('ns1', '203.0.113.80')\nseen.journey()"
    page = book(made, look, "1 + 1").page
    steps = page.locator(".nslab-walk tbody input")
    steps.first.focus()
    page.keyboard.press("Space")
    expect(steps.first).to_be_checked()
    active = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
    before = page.evaluate(active)
    for number in (1, 2):
        page.keyboard.press("ArrowDown")
        expect(steps.nth(number)).to_be_checked()
        expect(steps.nth(number)).to_be_focused()
    assert page.evaluate(active) == before


def test_look_at_stands_at_its_field_in_a_card_as_in_a_live_picture(book: Book) -> None:
    live = "import nslab\nlab = nslab.lesson('06').lab(name='near')\nlab.live()"
    page = book(live, "nslab.lesson('02')['X2'].card()").page
    apart = []
    for part in (".nslab-live:not(.nslab-exercise *)", ".nslab-exercise .nslab-live"):
        choice = page.locator(f"{part} .nslab-choice")
        terminal = page.locator(f"{part} .nslab-entrance button")
        stands(page.locator(f"{part} .nslab-window svg.nslab-picture"))
        expect(terminal).to_be_visible()
        _, end, _, _ = words(choice.locator("label"))
        begin, right, _, _ = box(choice.locator("select"))
        apart.append((begin - end, box(terminal)[0] - right))
    assert apart[0] == pytest.approx(apart[1], abs=1)
    assert apart[0][0] < 20


def at_the_cable(book: Book, name: str, width: int, **more: str) -> Page:
    """A builder whose form is that of a cable, in a window."""
    page: Page = book(BUILDER.format(name=name), width=width, height=1000, **more).page
    page.evaluate("window.jupyterapp.shell.collapseLeft()")
    page.locator(".nslab-what select").select_option("Add a cable (veth)")
    expect(page.locator(".nslab-form input")).to_have_count(2)
    stands(page.locator(".nslab-builder .nslab-window svg.nslab-picture"))
    stands(page.locator(".nslab-form select").last)
    return page


@pytest.mark.parametrize("width", [640, 1280])
def test_buttons_below_the_step_begin_where_its_field_does(book: Book, width: int) -> None:
    page = at_the_cable(book, f"begin-{width}", width)
    left, _, _, bottom = box(page.locator(".nslab-what select"))
    begin, _, top, _ = box(page.locator("button.nslab-do"))
    assert top >= bottom
    assert begin == pytest.approx(left, abs=1)
    assert box(page.locator(".nslab-form input").first)[0] == pytest.approx(left, abs=1)


def test_in_stands_at_its_field_where_there_is_one_before_it(book: Book) -> None:
    page = at_the_cable(book, "in", 900)
    _, end, _, _ = box(page.locator(".nslab-form input").first)
    label = page.locator(".nslab-form label").nth(1)
    begin, right, _, _ = words(label)
    assert label.inner_text() == "In"
    assert 8 < begin - end < 25
    fields = [box(page.locator(".nslab-form select").nth(n))[0] for n in (0, 2)]
    assert fields[0] == pytest.approx(fields[1], abs=1), "they stand below each other"
    assert fields[0] - right < 15


CONTRAST = """one => {
    const pen = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const light = (...colours) => {
        for (const colour of colours) { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); }
        const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map(value => value / 255)
            .map(value => value <= .04045 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4);
        return .2126 * r + .7152 * g + .0722 * b + .05;
    };
    const { color, backgroundColor, opacity } = getComputedStyle(one);
    const [words, ground] = [light(backgroundColor, color), light(backgroundColor)];
    return opacity === '1' ? Math.max(words, ground) / Math.min(words, ground) : 0;
}"""
"""How words stand out from the ground that they have."""


@pytest.mark.parametrize(("theme", "width"), [("Light", 640), ("Dark", 900)])
def test_what_belongs_to_one_end_of_a_cable_stands_together(
    book: Book, theme: str, width: int
) -> None:
    page = at_the_cable(book, f"ends-{width}", width, theme=f"JupyterLab {theme}")
    ends = page.locator(".nslab-form [role=group]")
    expect(ends).to_have_count(2)
    said = [each.get_attribute("aria-label") for each in ends.all()]
    assert said == ["One end", "Other end"]
    assert [each.locator("select").count() for each in ends.all()] == [2, 1]
    (_, _, top, bottom), (_, _, begin, _) = map(box, ends.all())
    assert bottom < begin
    for each in ends.first.locator("input, select").all():
        _, _, above, below = box(each)
        assert top <= above
        assert below <= bottom
    ground = "one => getComputedStyle(one).backgroundColor"
    assert ends.first.evaluate(ground) != page.locator(".nslab-form").evaluate(ground)
    # The lists take the room that there is.
    right = box(ends.first)[1]
    assert right - box(ends.first.get_by_label("In", exact=True))[1] < 5
    button = page.locator("button.nslab-do")
    expect(button).to_be_disabled()
    assert button.evaluate(CONTRAST) > 4.5, "it can be read"


def test_what_stands_at_the_foot_of_a_card_is_equally_far_apart(book: Book) -> None:
    page = book("import nslab", "nslab.lesson('02')['X2'].card()").page
    foot, hints = page.locator(".nslab-foot"), page.locator(".nslab-hints")
    hint = page.locator("button.nslab-hint")
    stands(page.locator(".nslab-exercise .nslab-window svg.nslab-picture"))
    expect(foot).to_contain_text("tries")
    above = box(hint)[2] - box(page.locator(".nslab-points"))[3]
    alone = box(foot)[2] - box(hint)[3]
    hint.click()
    expect(hints.locator("b")).to_have_count(1)
    stands(foot)
    gaps = [box(hints)[2] - box(hint)[3], box(foot)[2] - box(hints)[3], alone, above]
    assert max(gaps) - min(gaps) < 2.5, gaps


def test_the_inspector_has_one_left_and_one_right_edge(book: Book) -> None:
    page = book(
        "import nslab\nlab = nslab.lesson('06').lab(name='edges')\n"
        "with lab.capture() as seen:\n    lab.ping('ns1', '203.0.113.80')\n"
        "i = seen.inspect()\ni.frame = 7\ni.follow()\ni",
        width=900,
    ).page
    stands(page.locator(".nslab-journey .nslab-window svg.nslab-picture"))
    sheet, heading = (box(page.locator(f".nslab-{one}")) for one in ("sheet", "heading"))
    assert sheet[:2] == pytest.approx(heading[:2], abs=0.5)
    _, end, _, _ = box(page.locator(".nslab-steps button").last)
    assert words(page.locator(".nslab-steps .widget-label").first)[0] - end < 20
    for width in (900, 640):  # the latter at a zoom of 200 %
        page.set_viewport_size({"width": width, "height": 1000})
        rows = page.locator(".nslab-rows")
        stands(rows)
        assert rows.locator("span").evaluate_all(CUT) == [], f"no word is cut, {width} pixels wide"
        chosen = box(rows.locator("[aria-selected=true]"))
        assert box(rows)[2] <= chosen[2] + 1
        assert chosen[3] - 1 <= box(rows)[3]


CUT = """all => all.filter(one => one.scrollWidth > one.clientWidth + 1)
    .map(one => one.textContent)"""
"""Cells of which not all is to be seen."""
