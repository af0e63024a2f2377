"""The teacher's page with ten made-up learners, in Chromium: English and German, light and dark."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from made_up import AWAY, NAMES, SHARES, Class, a_class
from playwright.sync_api import Browser, Page, expect

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
TEACHING = Path(__file__).resolve().parents[2] / "deploy" / "hub" / "nslab_hub" / "teaching"
GERMAN: dict[str, str] = json.loads((TEACHING / "de.json").read_text(encoding="utf-8"))

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def classroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    with a_class(tmp_path_factory.mktemp("class")) as made:
        yield made


@pytest.fixture
def teacher(chromium: Browser, classroom: Class, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens the page as a teacher; nothing may go wrong in it, and it asks nobody else."""
    # Its policy forbids what this does, unless the first look finds what is waited for.
    monkeypatch.delattr(Page, "wait_for_function")
    contexts, complaints = [], []

    def opened(name: str = "grace", locale: str = "en-GB", **more: Any) -> Page:
        context = chromium.new_context(
            locale=locale, viewport={"width": 1400, "height": 900}, **more
        )
        context.add_cookies([{"name": "teacher", "value": name, "url": classroom.base}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        page.on(
            "request",
            lambda asked: (
                asked.url.startswith((classroom.base, "data:"))
                or complaints.append(f"asks {asked.url}")
            ),
        )
        contexts.append(context)
        page.goto(classroom.url)
        expect(page.locator("tbody tr")).to_have_count(len(NAMES))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def row(page: Page, name: str) -> Any:
    return page.locator(f"tbody tr[data-name={name}]")


def test_each_learner_has_a_row_with_what_is_known(teacher: Open) -> None:
    page = teacher()
    expect(page.locator("#count")).to_have_text(re.compile(r"^\d+ of 10 online$"))
    expect(row(page, "barbara").locator(".stuck")).to_contain_text("min · 2 tries")
    handed = row(page, "barbara").locator(".in, td:nth-child(5)").first
    expect(handed).to_contain_text(re.compile("^2\u00a0files, [^ ]+$"))
    expect(row(page, "ada").get_by_role("button")).to_have_text("Look")
    expect(row(page, "barbara").get_by_role("button")).to_be_disabled()
    met = row(page, "ida").locator("td.passed")
    expect(met.first).to_have_attribute("aria-label", re.compile("met, tries: "))


def test_it_is_german_where_the_browser_is(teacher: Open) -> None:
    page = teacher(locale="de-DE")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator("h1")).to_have_text("Der Kurs")
    expect(page.locator("#count")).to_have_text(re.compile(r"von 10 online$"))
    expect(row(page, "barbara").locator(".stuck")).to_contain_text("2 Versuche")
    expect(row(page, "barbara").get_by_role("button")).to_have_text("nicht geteilt")
    page.locator("#text").fill("Bitte alle zu Schritt 4")
    page.get_by_role("button", name="Senden").click()
    expect(page.locator("#said")).to_contain_text("von grace: Bitte alle zu Schritt 4")
    page.get_by_role("button", name="Zurücknehmen").click()
    expect(page.locator("#said")).to_be_empty()
    row(page, "ada").get_by_role("button").click()
    expect(page.get_by_role("heading", name="Das Lab von ada")).to_be_visible()
    page.locator("#ns").select_option("ns1")
    page.locator("#target").press("Enter")
    expect(page.locator("#why")).to_contain_text("ns1/eth0 ist aus")


def test_two_teachers_see_what_each_of_them_says(teacher: Open) -> None:
    first, second = teacher("grace"), teacher("alan")
    first.locator("#text").fill("All to step 4, please")
    first.locator("#text").press("Enter")
    expect(second.locator("#said")).to_contain_text("from grace: All to step 4, please")
    second.get_by_role("button", name="Take it back").click()
    expect(first.locator("#said")).to_be_empty()
    expect(first.get_by_role("button", name="Take it back")).to_be_hidden()


def test_a_lab_is_looked_into_by_keyboard(teacher: Open) -> None:
    page = teacher()
    row(page, SHARES[0]).get_by_role("button").press("Enter")
    expect(page.locator("#picture")).to_be_visible()
    expect(page.locator("#lab option")).to_have_text(["homework"])
    page.locator("#ns").select_option("ns1")
    page.locator("#target").press("Enter")
    expect(page.locator("#why")).to_contain_text("cannot reach 203.0.113.80")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_that_keeps_somebody_out(teacher: Open, scheme: str) -> None:
    page = teacher(color_scheme=scheme, locale="de-DE" if scheme == "dark" else "en-GB")
    for dialog in (False, True):
        if dialog:
            row(page, SHARES[0]).get_by_role("button").click()
            expect(page.locator("#picture")).to_be_visible()
        page.evaluate(AXE)
        found = page.evaluate(
            """async () => (await axe.run(document, { resultTypes: ['violations'] })).violations
                .map(one => [one.id, one.nodes.map(node => node.html.slice(0, 160) + ' '
                    + (node.any[0]?.message || ''))])"""
        )
        assert found == []


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_itself_is_not_wider_than_the_window(teacher: Open, width: int) -> None:
    page = teacher(locale="de-DE")
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_at_200_percent_who_is_stuck_and_the_look_are_in_sight(teacher: Open) -> None:
    """A window of 1280×900 at a zoom of 200 %."""
    page = teacher(locale="de-DE")
    page.set_viewport_size({"width": 640, "height": 450})
    inside = """one => {
        const box = one.getBoundingClientRect();
        const all = one.closest('.scroll').getBoundingClientRect();
        return box.left >= all.left && box.right <= all.right }"""
    assert row(page, "barbara").locator("td.stuck").evaluate(inside)
    look = row(page, "ada").get_by_role("button")
    assert look.evaluate(inside)
    look.click()
    picture = page.locator("#picture")
    expect(picture).to_be_visible()
    wide = picture.evaluate(
        "async one => { await one.decode(); return one.width / one.naturalWidth }"
    )
    assert 12 * wide > 10.9, "its letters can be read"
    dialog = page.locator("dialog")
    assert dialog.evaluate("one => one.scrollWidth - one.clientWidth") <= 1, "it alone is moved"


@pytest.mark.parametrize("width", [640, 900])
def test_a_table_that_is_cut_says_so_until_its_end(teacher: Open, width: int) -> None:
    """By words above it and a shadow over what is cut; no cell is cut itself."""
    page = teacher(locale="de-DE")
    page.set_viewport_size({"width": width, "height": 900})
    sheet, scroll = page.locator("#sheet"), page.locator(".scroll")
    expect(page.locator("#more")).to_have_text(re.compile("^Weitere Aufgaben: "))
    expect(sheet).to_have_class("after")
    shade = """async one => {
        await Promise.all(one.getAnimations({ subtree: true }).map(each => each.finished));
        return getComputedStyle(one, '::after').opacity }"""
    assert sheet.evaluate(shade) == "1"
    cut = "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)"
    assert page.locator("tbody td").evaluate_all(cut) == []
    exercise = row(page, "ada").locator("td[data-exercise]").first.bounding_box()
    region = scroll.bounding_box()
    assert exercise
    assert region
    assert exercise["x"] + exercise["width"] < region["x"] + region["width"], "some are in sight"
    scroll.evaluate("one => one.scrollTo(one.scrollWidth, 0)")
    expect(sheet).to_have_class("before")
    page.set_viewport_size({"width": 3000, "height": 900})
    expect(page.locator("#more")).to_be_hidden()


def test_the_letters_of_a_look_are_larger_where_there_is_room(teacher: Open) -> None:
    page = teacher()
    row(page, SHARES[0]).get_by_role("button").click()
    picture = page.locator("#picture")
    expect(picture).to_be_visible()
    wide = "async one => { await one.decode(); return one.width / one.naturalWidth }"
    assert 12 * picture.evaluate(wide) > 16
    beside = """one => one.closest('dialog').getBoundingClientRect().right
        - one.getBoundingClientRect().right"""
    assert picture.evaluate(beside) < 40, "it fills its window"
    assert page.locator("dialog").evaluate("one => one.scrollWidth - one.clientWidth") <= 1


PIXELS = """async ([png, boxes]) => {
    const image = new Image();
    image.src = `data:image/png;base64,${png}`;
    await image.decode();
    const pen = new OffscreenCanvas(image.width, image.height).getContext('2d');
    pen.drawImage(image, 0, 0);
    return boxes.map(([left, top, wide, high]) => {
        const { data } = pen.getImageData(left, top, wide, high);
        return Array.from({ length: wide * high }, (_, n) => [...data.slice(4 * n, 4 * n + 3)]);
    });
}"""
"""The colours of some boxes of a screenshot."""


def pixels(page: Page, *boxes: tuple[float, ...]) -> list[list[list[int]]]:
    """The colours that a screen shows in some boxes: left, top, width and height of the page."""
    png = base64.b64encode(page.screenshot()).decode()
    ratio = page.evaluate("devicePixelRatio")
    other = page.context.new_page()  # its own page lets no picture in
    found = other.evaluate(PIXELS, [png, [[round(ratio * one) for one in box] for box in boxes]])
    other.close()
    return list(found)


def test_at_125_percent_every_line_of_the_table_is_as_strong_as_the_others(teacher: Open) -> None:
    """There an edge of a cell is seldom one of a pixel."""
    page = teacher(device_scale_factor=1.25)
    page.evaluate("document.documentElement.style.setProperty('--ground', '#f0f')")
    page.locator(".scroll").evaluate("one => one.scrollTo(7, 0)")
    head, *rows = page.locator("thead, tbody tr").evaluate_all(
        "all => all.map(each => each.getBoundingClientRect().toJSON())"
    )
    region = page.locator(".scroll").bounding_box()
    assert region
    left, wide = region["x"], region["width"]
    who, where = left + 90, left + 250
    between = [(x, each["top"] - 2, 1, 5) for each in rows[1:] for x in (who, where)]
    above, *lines = pixels(page, (left + 12, head["top"] + 3, wide - 24, 1), *between)
    assert max(red for red, _, _ in above) < 250, "no ground shows between two cells of the head"
    strong = [sum(abs(green) for _, green, _ in line) for line in lines]
    assert min(strong) > 0.9 * max(strong), "no line is paler beside a name"


def test_every_word_of_the_page_is_in_the_german_catalogue() -> None:
    page = (TEACHING / "page.html").read_text(encoding="utf-8")
    script = (TEACHING / "page.js").read_text(encoding="utf-8")
    said = set(re.findall(r'\bsay\(\s*"([^"]+)"', script))
    said |= set(re.findall(r"data-say[^>]*>([^<]+)<", page))
    said |= set(re.findall(r'(?:aria-label|placeholder)="([^"]+)"', page))
    assert len(said) > 40
    assert said - set(GERMAN) == set()
    marks = re.compile(r"\{\w+\}")
    wrong = [k for k, v in GERMAN.items() if sorted(marks.findall(k)) != sorted(marks.findall(v))]
    assert wrong == []
    assert AWAY in NAMES
