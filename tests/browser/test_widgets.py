"""The widgets in a real page: by mouse, by keyboard, and beside a terminal."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from outside import entered, running, seen, wanted
from playwright.sync_api import Browser, Locator, Page, expect
from standing import until

from nslab import lesson
from nslab.jupyter.widgets.forms import FORMS
from nslab.jupyter.widgets.inspector import PACE

ROOT = Path(__file__).parents[2]

ARTICLE: list[tuple[str, list[str | bool]]] = [
    ("Add a bridge", ["lxcbr0", "host"]),
    ("Add an address", ["host", "lxcbr0", "192.168.10.1/24"]),
    ("Set up", ["host", "lxcbr0"]),
    ("Add a namespace", ["ns1"]),
    ("Set up", ["ns1", "lo"]),
    ("Add a cable (veth)", ["veth-ns1", "host", "–", "lxcbr0.1", "host"]),
    ("Move to another namespace", ["host", "veth-ns1", "ns1"]),
    ("Rename", ["ns1", "veth-ns1", "eth0"]),
    ("Add an address", ["ns1", "eth0", "192.168.10.11/24"]),
    ("Set up", ["ns1", "eth0"]),
    ("Attach to a bridge", ["host", "lxcbr0.1", "lxcbr0"]),
    ("Set up", ["host", "lxcbr0.1"]),
    ("Add a route", ["ns1", "default", "192.168.10.1"]),
    ("Kernel setting", ["host", "net.ipv4.ip_forward", "1"]),
    ("Masquerade", ["host", "192.168.10.0/24", "eth0"]),
    ("Name server", ["ns1", "8.8.8.8"]),
]
"""The article's network, step by step: what is chosen, and the fields from left to right."""

Book = Callable[..., Any]

QUIET = [
    "--HTMLExporter.require_js_url=",
    "--HTMLExporter.mathjax_url=",
    "--HTMLExporter.mermaid_js_url=",
]
"""What "Make a page of a lesson" (docs/howto) gives for a page that asks for nothing."""


def done(page: Page) -> None:
    """The step has been done, and the form is ready for the next."""
    expect(page.locator(".nslab-message")).to_contain_text("✔")
    expect(page.locator("button.nslab-do")).to_be_enabled()


def fields(page: Page, title: str, values: list[str | bool]) -> list[Locator]:
    """The fields of a step, when its form is in the page."""
    number, form = next((n, form) for n, form in enumerate(FORMS) if form.title == title)
    # Not of one that the arrow keys have only passed: it may have the same labels.
    here = page.locator(f".nslab-form-{number} .widget-label")
    expect(here).to_have_text([field.label for field in form.fields])
    found = page.locator(".nslab-form select, .nslab-form input")
    expect(found).to_have_count(len(values))
    return [found.nth(place) for place in range(len(values))]


def by_mouse(page: Page, title: str, values: list[str | bool]) -> None:
    page.locator(".nslab-what select").select_option(title)
    for field, value in zip(fields(page, title, values), values, strict=True):
        if field.evaluate("field => field.tagName") == "SELECT":
            expect(field.locator(f"option[value='{value}']")).to_have_count(1)
            field.select_option(str(value))
        else:
            field.click()
            field.fill(str(value))
    page.locator("button.nslab-do").click()
    done(page)


def choose(page: Page, field: Locator, value: str) -> None:
    """Go to an option of the field that has the focus, by the arrow keys."""
    options = [text.replace("\xa0", " ") for text in field.locator("option").all_text_contents()]
    page.keyboard.press("Home")
    for _ in range(options.index(value)):
        page.keyboard.press("ArrowDown")
    expect(field).to_have_value(value)


def by_keyboard(page: Page, title: str, values: list[str | bool]) -> None:
    """With nothing but Tab, arrows, letters and Space; it begins at the choice of the step."""
    what = page.locator(".nslab-what select")
    what.focus()
    choose(page, what, title)
    for field, value in zip(fields(page, title, values), values, strict=True):
        while not field.evaluate("field => field === document.activeElement"):
            page.keyboard.press("Tab")
        if field.evaluate("field => field.tagName") == "SELECT":
            expect(field.locator(f"option[value='{value}']")).to_have_count(1)
            choose(page, field, str(value))
        else:
            page.keyboard.press("Control+A")
            page.keyboard.type(str(value))
        expect(field).to_have_value(str(value))
    button = page.locator("button.nslab-do")
    expect(button).to_be_enabled()
    while not button.evaluate("button => button === document.activeElement"):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    done(page)


@pytest.mark.parametrize("by", [by_mouse, by_keyboard], ids=lambda by: by.__name__)
def test_the_builder_makes_the_articles_network(book: Book, by: Any) -> None:
    name = by.__name__.replace("_", "-")
    page = book(f"import nslab\nlab = nslab.Lab({name!r})\nlab.builder()").page
    expect(page.locator(".nslab-status")).to_contain_text("follows the lab")
    for title, values in ARTICLE:
        by(page, title, values)
    assert seen(name).canonical() == wanted()
    log = page.locator(".nslab-log")
    for line in ("brctl addbr lxcbr0", "ip netns add ns1", "brctl addif lxcbr0 lxcbr0.1"):
        expect(log).to_contain_text(line)
    page.locator("button.nslab-undo").click()
    expect(page.locator(".nslab-message")).to_contain_text("taken back")
    assert seen(name).namespace("ns1").resolv_conf is None


def test_what_a_button_breaks_undo_mends(book: Book) -> None:
    page = book("import nslab\nlab = nslab.lesson('06').lab(name='broken')\nlab.builder()").page
    expect(page.locator(".nslab-status")).to_contain_text("follows the lab")
    before = seen("broken")
    by_mouse(page, "Set down", ["host", "lxcbr0.1"])
    broken = seen("broken")
    assert not broken.link("lxcbr0.1").up
    assert not broken.link("eth0", "ns1").carrier
    port = page.locator(".nslab-live [data-link='host/lxcbr0.1']")
    expect(port).to_contain_text("down")
    page.locator("button.nslab-undo").click()
    expect(page.locator(".nslab-message")).to_contain_text("taken back")
    assert seen("broken").canonical() == before.canonical()
    expect(port).not_to_contain_text("down")


def test_what_is_typed_in_a_terminal_shows_at_once(
    book: Book, capsys: pytest.CaptureFixture[str]
) -> None:
    page = book("import nslab\nlab = nslab.Lab('terminal')\nlab.live()").page
    expect(page.locator(".nslab-status")).to_contain_text("follows the lab")
    terminal = subprocess.Popen(
        [*entered("terminal"), "bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert terminal.stdin is not None
    assert terminal.stdout is not None
    taken = []
    for number in range(20):
        # The page notes by itself when the new bridge is there.
        page.evaluate(
            """name => { window.shown = new Promise(resolve => {
                const look = () => document.querySelector(`.nslab-live [data-link="host/${name}"]`)
                    ? resolve(Date.now()) : requestAnimationFrame(look);
                look(); }) }""",
            f"br{number}",
        )
        terminal.stdin.write(f"ip link add br{number} type bridge && echo made\n")
        terminal.stdin.flush()
        assert terminal.stdout.readline() == "made\n"
        made = time.time()
        taken.append(page.evaluate("window.shown") / 1000 - made)
    terminal.stdin.close()
    assert terminal.wait(timeout=30) == 0
    terminal.stdout.close()
    with capsys.disabled():
        print(
            f"\na change in a terminal shows after {statistics.median(taken) * 1000:.0f} ms "
            f"(median of 20, at most {max(taken) * 1000:.0f} ms)"
        )


def test_a_lesson_is_played_to_its_end(book: Book) -> None:
    page = book(
        "import nslab\nlesson = nslab.lesson('04')\nlab = lesson.lab(name='played')",
        "lesson.play(lab)",
    ).page
    steps = len(lesson("04").steps)
    expect(page.locator(".nslab-step")).to_contain_text(f"step 1 of {steps}")
    page.locator("button.nslab-run").click()
    expect(page.locator(".nslab-step")).to_contain_text(f"step 2 of {steps}")
    expect(page.locator(".nslab-result")).to_contain_text("✔")
    page.locator("button.nslab-all").click()
    expect(page.locator(".nslab-step")).to_contain_text("All steps are done")
    expect(page.locator(".nslab-result")).not_to_contain_text("✘")
    expect(page.locator(".nslab-story details")).to_have_count(steps)
    expect(page.locator(".nslab-step a")).to_have_attribute("href", "05-way-out.ipynb")
    page.locator("button.nslab-back").click()
    expect(page.locator(".nslab-step")).to_contain_text(f"step {steps} of {steps}")
    assert not seen("played").link("lxcbr0.1").up
    # To any step, forth and back.
    steps_list = page.locator(".nslab-list [data-step]")
    expect(steps_list).to_have_count(steps)
    steps_list.nth(1).click()
    expect(page.locator(".nslab-step")).to_contain_text(f"step 2 of {steps}")
    expect(steps_list.nth(0)).to_contain_text("✔")
    expect(steps_list.nth(1)).to_have_attribute("aria-current", "step")
    steps_list.nth(3).press("Enter")
    expect(page.locator(".nslab-step")).to_contain_text(f"step 4 of {steps}")
    expect(steps_list.nth(3)).to_be_focused()
    page.locator("button.nslab-reset").click()
    expect(page.locator(".nslab-step")).to_contain_text(f"step 1 of {steps}")


def test_what_changed_is_in_sight_and_an_ended_kernel_is_said(book: Book) -> None:
    opened = book(
        "import nslab\nlesson = nslab.lesson('04')\nlab = lesson.lab(name='sight')",
        "lesson.play(lab)",
        width=1280,
        height=900,
    )
    page = opened.page
    page.locator("button.nslab-run").click()
    expect(page.locator(".nslab-result")).to_contain_text("✔")
    inside = """node => { const at = node.getBoundingClientRect();
        return at.top >= 0 && at.bottom <= innerHeight }"""
    for link in ("host/lxcbr0.1", "ns1/veth-ns1"):
        node = page.locator(f".nslab-window [data-link='{link}']")
        expect(node).to_be_visible()
        until(node, inside)
        page.locator("button.nslab-run").click()
        expect(page.locator(".nslab-step")).not_to_contain_text("step 2 of")
    opened.restart()
    expect(page.locator(".nslab-saved:visible")).to_have_count(1)
    expect(page.locator(".nslab-saved:visible")).to_contain_text(
        "Run All Above Selected Cell, then this cell"
    )
    expect(page.locator(".nslab-result")).to_be_hidden()
    expect(page.locator(".nslab-list")).to_be_hidden()


def test_the_end_of_a_lab_is_said_in_the_page(book: Book) -> None:
    page = book("import nslab\nlab = nslab.Lab('killed')\nlab.live()").page
    expect(page.locator(".nslab-status")).to_contain_text("follows the lab")
    agent = running("killed")
    subprocess.run(["kill", "-KILL", str(agent.pid)], check=True)
    expect(page.locator(".nslab-status")).to_contain_text("no longer follows the lab")
    expect(page.locator(".nslab-live [data-link='host/eth0']")).to_be_visible()


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_the_picture_is_readable_in_both_themes(book: Book, theme: str) -> None:
    cell = "import nslab\nlab = nslab.lesson('06').lab(name='themes')\nlab.live()"
    page = book(cell, theme=theme).page
    expect(page.locator(".nslab-live .nslab-window > svg")).to_be_visible()
    colours = page.evaluate(
        """() => {
            const text = document.querySelector('.nslab-live .nslab-window > svg text');
            const behind = getComputedStyle(document.querySelector('.jp-Notebook'));
            const seen = colour => { const [r, g, b] = colour.match(/[0-9.]+/g).map(Number);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b };
            return [seen(getComputedStyle(text).fill), seen(behind.backgroundColor)];
        }"""
    )
    assert abs(colours[0] - colours[1]) > 100, "text and ground are too much alike"


@pytest.mark.parametrize("scale", [1, 2])
def test_nothing_is_wider_than_a_small_window(book: Book, scale: int) -> None:
    """1366×768, and the same at a zoom of 200 %, which is a window of half the size."""
    page = book(
        "import nslab\nlab = nslab.lesson('06').lab(name='narrow')\nlab.builder()",
        width=1366 // scale,
        height=768 // scale,
    ).page
    expect(page.locator(".nslab-live .nslab-window > svg")).to_be_visible()
    wide = page.evaluate(
        """() => { const output = document.querySelector('.nslab-builder');
            return output.scrollWidth - output.clientWidth }"""
    )
    assert wide <= 1
    if scale == 1:
        page.set_viewport_size({"width": 768, "height": 1024})
        nothing_is_cut(page)


def nothing_is_cut(page: Page) -> None:
    """In a window of 768 pixels, of which JupyterLab's bars take half, the builder is whole."""
    builder = page.locator(".nslab-builder")
    page.wait_for_function("one => one.clientWidth < 400", arg=builder.element_handle())
    steps = page.locator(".nslab-what select")
    for step in ("Add a cable (veth)", "VLAN of a port", "Set up"):
        steps.select_option(step)
        page.wait_for_function(WHOLE, arg=builder.element_handle())
    page.locator("button.nslab-do").click()
    page.locator("button.nslab-export").click()
    expect(page.locator(".nslab-exported")).to_contain_text("#!/bin/bash")
    page.wait_for_function(WHOLE, arg=builder.element_handle())


WHOLE = """builder => {
    const { right } = builder.getBoundingClientRect();
    const rest = ':not(svg *, .nslab-map *, .nslab-window, .nslab-window *)';
    return [builder, ...builder.querySelectorAll(rest)].every(one =>
        !one.clientWidth || getComputedStyle(one).display === 'inline'
        || one.scrollWidth <= one.clientWidth + 1
            && one.getBoundingClientRect().right <= right + 1);
}"""
"""Nothing of it is scrolled sideways, cut, or beyond its edge, but the picture: that keeps letters
that can be read, and is moved in its window, as everywhere."""


INSPECTED = """\
import nslab
lesson = nslab.lesson('05')
lab = nslab.Lab({name!r}, start=lesson.state_after())
seen = lab.capture('ns1/eth0', 'lxcbr0.1', 'lxcbr0', 'eth0')
seen.inspect()"""


def test_frames_are_listed_opened_and_followed(book: Book) -> None:
    """A capture that runs: what a terminal sends is listed; then it is stopped, and looked into."""
    page = book(INSPECTED.format(name="inspected")).page
    expect(page.locator(".nslab-status")).to_contain_text("is running")
    enter = entered("inspected", "ns1")
    subprocess.run([*enter, "ping", "-c1", "203.0.113.80"], check=True, capture_output=True)
    listed = page.locator(".nslab-rows [role=option]")
    expect(listed.filter(has_text="echo")).to_have_count(8)
    page.locator("button.nslab-stop").click()
    expect(page.locator(".nslab-status")).to_contain_text("has stopped")
    expect(page.locator("button.nslab-stop")).to_be_hidden()

    # A frame's protocol is said once: in its column, where there is room for that.
    asks = listed.filter(has_text="who has").first
    column, prefix = asks.locator("> span").nth(4), asks.locator(".nslab-protocol")
    size = page.viewport_size or {}
    for wide, shown, other in ((1600, column, prefix), (900, prefix, column)):
        page.set_viewport_size({**size, "width": wide})
        expect(shown).to_be_visible()
        expect(other).to_be_hidden()
        assert shown.inner_text().startswith("ARP")
    page.set_viewport_size({**size})

    only, count = page.locator(".nslab-only input"), page.locator(".nslab-count")
    every = listed.count()
    for text, some in {"ARP": "arp", "!arp": "icmp", "icmp and ns1": "icmp"}.items():
        only.fill(text)
        expect(count).to_contain_text(f"of {every} frames")
        expect(listed.first).to_have_attribute("data-protocol", some)
    page.locator("button.nslab-clear").click()
    expect(listed).to_have_count(every)
    expect(only).to_have_value("")
    only.press_sequentially("ip.addr==203.0.113.80 and echo request")
    expect(listed).to_have_count(4)
    expect(count).to_have_text(f"4 of {every} frames")
    # By keyboard: into the list, and down to the last.
    page.locator(".nslab-rows").focus()
    page.keyboard.press("End")
    expect(page.locator(".nslab-heading")).to_contain_text("at eth0, sent, 98 bytes: ICMP echo")

    # From a field to its bytes, and back from a byte to its field.
    page.locator(".nslab-field", has_text="dst: 203.0.113.80").click()
    what = "IP.dst = 203.0.113.80 · Destination Address (RFC 791)"
    expect(page.locator(".nslab-value")).to_contain_text(what)
    expect(page.locator(".nslab-byte.nslab-set")).to_have_text(["cb", "00", "71", "50"])
    page.locator(".nslab-byte[data-at='26']").click()
    expect(page.locator(".nslab-tree [aria-selected=true]")).to_contain_text("src: 198.51.100.10")
    layer = page.locator(".nslab-layer", has_text="Ethernet")
    fields = page.locator(".nslab-field")
    before = fields.count()
    layer.locator(".nslab-caret").click()
    expect(layer).to_have_attribute("aria-expanded", "false")
    assert fields.count() < before
    with page.expect_download() as download:
        page.locator("button.nslab-save").click()
    assert download.value.suggested_filename == "nslab.pcapng"
    assert download.value.path().read_bytes().startswith(bytes.fromhex("0a0d0d0a"))

    page.locator("button.nslab-follow").click()
    way = page.locator(".nslab-journey")
    expect(way).to_contain_text("source 192.168.10.11 → 198.51.100.10 (SNAT by the host)")
    expect(page.locator(".nslab-steps")).to_be_visible()
    page.locator(".nslab-steps [role=slider]").focus()
    page.keyboard.press("Home")
    expect(way.get_by_role("radio", name="step 1")).to_be_checked()
    page.keyboard.press("ArrowRight")
    expect(way.get_by_role("radio", name="step 2")).to_be_checked()
    page.locator(".nslab-steps .jupyter-button").first.click()
    expect(way).to_contain_text("source 192.168.10.11 → 198.51.100.10 (SNAT by the host)")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_the_inspector_fits_a_small_window(book: Book, theme: str) -> None:
    ping = INSPECTED.format(name="fits") + "\nlab.ping('ns1', '203.0.113.80')\nseen.stop()"
    page = book(
        ping, "i = seen.inspect()\ni.frame = 12\ni.follow()\ni", theme=theme, width=683, height=384
    ).page
    expect(page.locator(".nslab-journey svg").first).to_be_visible()
    page.locator(".nslab-frames").scroll_into_view_if_needed()
    wide = page.evaluate(
        """() => { const output = document.querySelector('.nslab-inspector');
            return output.scrollWidth - output.clientWidth }"""
    )
    assert wide <= 1
    hidden = page.locator(".nslab-sheet").evaluate("one => one.scrollWidth - one.clientWidth")
    assert hidden <= 1, "what a frame is stands in sight"
    letters = page.locator(".nslab-journey .nslab-window svg.nslab-picture").first.evaluate(
        """svg => {
            const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
            return Math.min(...[...svg.querySelectorAll('text')]
                .map(text => parseFloat(getComputedStyle(text).fontSize) * scale)) }"""
    )
    assert letters > 10.9, "what is too wide is moved, not made too small to be read"


JOURNEY = """\
import nslab
lesson = nslab.lesson('05')
lab = nslab.Lab('journey', start=lesson.state_after())
with lab.capture('ns1/eth0', 'lxcbr0.1', 'eth0') as seen:
    lab.ping('ns1', '203.0.113.80')
i = seen.inspect()
i.frame = next(f.number for f in seen.frames.saying('echo request'))
i.follow()
i"""


def travels(page: Page) -> str:
    """Where the dot is, after the page has been drawn some twenty times more."""
    return str(
        page.evaluate(
            """async () => {
            const dot = document.querySelector('.nslab-journey .nslab-traveller');
            for (let n = 0; n < 20; n++) await new Promise(requestAnimationFrame);
            const at = dot.getBoundingClientRect(); return `${at.x} ${at.y} ${at.width}` }"""
        )
    )


def moved(page: Page) -> bool:
    """Whether it is elsewhere within some seconds: at each stop it rests for a while."""
    before = travels(page)
    return any(travels(page) != before for _ in range(20))


def test_a_journey_moves_rests_and_goes_step_by_step(book: Book) -> None:
    page = book(JOURNEY).page
    way = page.locator(".nslab-journey")
    expect(way.locator(".nslab-traveller").first).to_be_attached()
    page.mouse.move(0, 0)
    assert moved(page)
    way.locator("svg .nslab-title").first.hover()  # under the mouse it rests
    assert not moved(page)
    page.mouse.move(0, 0)
    assert moved(page)

    slider = page.locator(".nslab-steps [role=slider]")
    slider.focus()
    page.keyboard.press("Home")
    stops = way.locator("[data-stop]:visible")
    expect(stops).to_have_count(1)
    page.keyboard.press("ArrowRight")
    expect(stops).to_have_count(2)
    page.locator("button.nslab-next").click()
    expect(stops).to_have_count(3)
    page.locator("button.nslab-before").click()
    expect(stops).to_have_count(2)
    # Played, it goes on by itself; paused, it stays where it is.
    play = page.locator(".nslab-steps .widget-play button").first
    play.click()
    expect(stops).to_have_count(3)
    play.click()
    there = slider.get_attribute("aria-valuenow")
    page.wait_for_timeout(2 * PACE)
    assert slider.get_attribute("aria-valuenow") == there
    # The table, the slider and the picture go together, whichever is used.
    way.locator("tbody tr").nth(1).click()
    expect(stops).to_have_count(2)
    expect(slider).to_have_attribute("aria-valuetext", "2")
    expect(way.locator(".nslab-now:visible")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(stops).to_have_count(3)
    expect(slider).to_have_attribute("aria-valuetext", "3")
    # A number in the picture leads to its row and to its frame, and a frame to its place.
    opened = page.locator(".nslab-frames [aria-selected=true]")
    rows = page.locator(".nslab-frames [data-frame]", has_text="echo request")
    frames = rows.evaluate_all("rows => rows.map(row => row.dataset.frame)")
    way.locator("[data-stop='1']").click()
    expect(way.get_by_role("radio", name="step 1")).to_be_checked()
    expect(opened).to_have_attribute("data-frame", frames[0])
    way.locator("tbody tr").nth(2).click()
    expect(opened).to_have_attribute("data-frame", frames[2])
    rows.first.click()
    expect(way.get_by_role("radio", name="step 1")).to_be_checked()
    expect(slider).to_have_attribute("aria-valuetext", "1")
    way.get_by_role("radio", name="all steps").check()
    expect(way.locator(".nslab-traveller").first).to_be_visible()
    page.mouse.move(0, 0)
    assert moved(page)


def test_who_wants_less_motion_gets_none(book: Book) -> None:
    page = book(JOURNEY, still=True).page
    expect(page.locator(".nslab-journey .nslab-traveller").first).to_be_attached()
    assert not moved(page)
    expect(page.locator(".nslab-journey .nslab-traveller").first).to_be_hidden()


def looks_at_nodes(page: Page) -> None:
    """By mouse and by keyboard, in whatever shows the page."""
    facts = page.locator(".nslab-facts")
    chosen = page.locator(".nslab-choice select option:checked")
    drawn = page.locator(".nslab-live .nslab-drawn")
    drawn.locator("[data-link='ns1/eth0'] .nslab-name").click()
    expect(chosen).to_have_text("ns1/eth0")
    expect(facts).to_contain_text("192.168.10.11/24")
    # From there on with nothing but the keyboard: to the node, and Enter.
    focused = "document.activeElement.dataset.link"

    def tabbed() -> bool:
        """A picture that is drawn anew between the two takes the Tab with it."""
        drawn.locator("[data-link='host/lxcbr0']").evaluate(
            "node => { const all = [...document.querySelectorAll('.nslab-drawn [tabindex]')];"
            "all[all.indexOf(node) - 1].focus() }"
        )
        page.keyboard.press("Tab")
        return bool(page.evaluate(focused) == "host/lxcbr0")

    assert any(tabbed() for _ in range(5))
    page.keyboard.press("Enter")
    expect(chosen).to_have_text("host/lxcbr0")
    expect(facts).to_contain_text("192.168.10.1/24")
    drawn.locator("g.nslab-space[data-ns='ns1']").focus()
    page.keyboard.press("Space")
    expect(chosen).to_have_text("ns1")
    expect(facts).to_contain_text("default via 192.168.10.1")


LOOKED_AT = """\
import nslab
lab = nslab.lesson('06').lab(name={name!r})
lab.builder()"""


def test_a_node_of_the_picture_shows_its_facts(book: Book) -> None:
    page = book(LOOKED_AT.format(name="nodes")).page
    expect(page.locator(".nslab-live .nslab-window > svg")).to_be_visible()
    looks_at_nodes(page)
    # A redraw takes neither the choice nor the focus away.
    page.locator(".nslab-drawn [data-link='ns1/eth0']").focus()
    enter = entered("nodes", "ns1")
    subprocess.run([*enter, "ip", "link", "add", "br7", "type", "bridge"], check=True)
    expect(page.locator(".nslab-drawn [data-link='ns1/br7']")).to_be_visible()
    page.wait_for_function("document.activeElement.dataset.link === 'ns1/eth0'")
    expect(page.locator(".nslab-facts")).to_contain_text("br7")


def test_what_is_pressed_while_a_cell_runs_is_what_is_chosen(book: Book, tmp_path: Path) -> None:
    """The list has other places for it by the time at which the kernel hears of it."""
    goes_on = tmp_path / "goes-on"
    cell = "import nslab\nlab = nslab.lesson('06').lab(name='busy')\nshown = lab.live()\nshown"
    page = book(cell).page
    expect(page.locator(".nslab-tools").first).to_be_visible()
    choice = page.locator(".nslab-choice select")
    run = page.evaluate_handle(
        """code => {
            const { kernel } = window.jupyterapp.shell.currentWidget.context.sessionContext.session;
            return { done: kernel.requestExecute({ code }).done };
        }""",
        f"import pathlib, time\nflag = pathlib.Path({str(goes_on)!r})\n"
        "while not flag.exists(): time.sleep(.05)\n"
        "lab.do(nslab.AddBridge('br0'), nslab.AddBridge('br1'))\n"
        "while 'host/br1' not in shown._choice.options: time.sleep(.05)",
    )
    choice.select_option("ns1/eth0")
    goes_on.touch()
    page.evaluate("run => run.done", run)
    expect(choice.locator("option", has_text="host/br1")).to_have_count(1)
    expect(choice).to_have_value("ns1/eth0")
    expect(page.locator(".nslab-facts")).to_contain_text("192.168.10.11")


def test_the_log_can_be_exported_and_copied(book: Book) -> None:
    page = book(LOOKED_AT.format(name="exported")).page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    by_mouse(page, "Add a bridge", ["br7", "host"])
    clipboard = "navigator.clipboard.readText()"
    copy = page.locator(".nslab-log .nslab-copy")
    for style, line in {
        "brctl, ifconfig": "brctl addbr br7",
        "ip": "ip link add br7 type bridge",
        "Python": 'lab.do(AddBridge("br7"))',
    }.items():
        page.locator(".nslab-as button").get_by_text(style, exact=True).click()
        expect(page.locator(".nslab-log .nslab-last")).to_have_text(line)
        copy.click()
        expect(copy).to_have_text("Copied")
        assert line in page.evaluate(clipboard)
    page.locator("button.nslab-export").click()
    exported = page.locator(".nslab-exported")
    expect(exported).to_contain_text('lab.do(AddBridge("br7"))')
    exported.locator(".nslab-copy").click()
    expect(exported.locator(".nslab-copy")).to_have_text("Copied")
    assert page.evaluate(clipboard).startswith("from nslab import")
    page.locator(".nslab-as button").get_by_text("ip", exact=True).click()
    expect(exported).to_contain_text("#!/bin/bash")


def test_a_step_that_takes_long_can_be_stopped(book: Book) -> None:
    page = book(
        "import nslab\nfrom msgspec import structs\nlesson = nslab.lesson('04')\n"
        "lines = ('ip link add br7 type bridge; sleep 600',)\n"
        "slow = structs.replace(lesson.steps[0], lines=lines)\n"
        "lesson = structs.replace(lesson, steps=(slow, *lesson.steps[1:]))\n"
        "lab = lesson.lab(name='slow')",
        "lesson.play(lab)",
    ).page
    page.locator("button.nslab-all").click()
    expect(page.locator(".nslab-result")).to_contain_text("running")
    expect(page.locator(".nslab-drawn [data-link='host/br7']")).to_be_visible()
    page.locator("button.nslab-stop").click()
    expect(page.locator(".nslab-result")).to_contain_text("you stopped it")
    expect(page.locator("button.nslab-back")).to_be_enabled()
    page.locator("button.nslab-back").click()
    expect(page.locator(".nslab-drawn [data-link='host/br7']")).to_be_hidden()
    assert not any(link.name == "br7" for link in seen("slow").host.links)


def test_in_notebook_7(book7: Book) -> None:
    page = book7(LOOKED_AT.format(name="seven")).page
    expect(page.locator(".nslab-status")).to_contain_text("follows the lab")
    looks_at_nodes(page)
    by_mouse(page, "Add a bridge", ["br7", "host"])
    expect(page.locator(".nslab-drawn [data-link='host/br7']")).to_be_visible()
    page.locator("button.nslab-undo").click()
    expect(page.locator(".nslab-message")).to_contain_text("taken back")


def test_the_free_play_notebook_in_notebook_7(book7: Book) -> None:
    page = book7(name="11-free-play.ipynb").page
    expect(page.locator(".nslab-builder .nslab-window > svg")).to_be_visible()
    expect(page.locator(".nslab-inspector .nslab-status")).to_contain_text("frames")


def test_a_saved_notebook_reads_well_without_a_kernel(book: Book) -> None:
    first = book(LOOKED_AT.format(name="saved"), "lesson = nslab.lesson('05')\nlesson.play(lab)")
    by_mouse(first.page, "Add a bridge", ["br7", "host"])
    expect(first.page.locator(".nslab-builder .nslab-on")).to_be_visible()
    expect(first.page.locator(".nslab-builder .nslab-saved")).to_be_hidden()
    expect(first.page.locator(".nslab-builder [data-link='host/br7']")).to_be_visible()
    first.save_and_leave()
    name = first.page.evaluate("window.jupyterapp.shell.currentWidget.context.path")
    first.page.goto("about:blank")
    page = book(name=name, run=False, fresh=True).page
    expect(page.locator(".nslab-builder [data-link='host/br7']").first).to_be_visible()
    expect(page.locator(".nslab-builder .nslab-log")).to_contain_text("br7")
    expect(page.locator(".jp-Notebook")).not_to_contain_text("Error displaying widget")
    expect(page.locator(".jp-Notebook")).not_to_contain_text("Loading widget")
    expect(page.locator(".nslab-builder .nslab-saved")).to_be_visible()
    expect(page.locator(".nslab-builder .nslab-on")).to_be_hidden()
    mark = "element => getComputedStyle(element, '::before').display"
    assert page.locator(".nslab-builder .nslab-do").evaluate(mark) == "none"


def exported(folder: Path, *arguments: str) -> Path:
    """Notebook 11 with its saved outputs, as nbconvert makes a page of it."""
    subprocess.run(
        [
            sys.executable,
            "-m",
            "nbconvert",
            "--to",
            "html",
            "--output-dir",
            str(folder),
            *arguments,
            str(ROOT / "notebooks" / "11-free-play.ipynb"),
        ],
        check=True,
        capture_output=True,
    )
    return folder / "11-free-play.html"


@pytest.mark.parametrize("quiet", [False, True], ids=["plain", "quiet"])
def test_an_exported_page_reads_well_offline(
    chromium: Browser, tmp_path: Path, quiet: bool
) -> None:
    """nbconvert's own page asks for two libraries, which it can do without; `QUIET` ends that."""
    page = chromium.new_page(viewport={"width": 1366, "height": 768})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route(lambda url: not url.startswith(("file:", "data:")), lambda route: route.abort())
    page.goto(exported(tmp_path, *(QUIET if quiet else ())).as_uri())
    expect(page.locator(".jp-OutputArea svg .nslab-name").first).to_be_visible()
    assert page.locator(".jp-OutputArea svg.nslab-picture").count() >= 3
    expect(page.locator("body")).to_contain_text("ICMP echo request")
    outside = [url for url in asked if not url.startswith(("file:", "data:"))]
    if quiet:
        assert outside == []
    page.close()


def test_five_hundred_namespaces_are_summed_up(book: Book, capsys: Any) -> None:
    """The picture says how many there are more; a change shows; the page answers."""
    page = book(
        "import nslab\nlab = nslab.Lab('crowd')\n"
        "lab.do(*(nslab.AddNamespace(f'ns{n}') for n in range(500)), watch=False)\n"
        "lab.builder()"
    ).page
    drawn = page.locator(".nslab-drawn")
    expect(drawn).to_contain_text("more")
    began = time.monotonic()
    enter = entered("crowd", "ns250")
    subprocess.run([*enter, "ip", "link", "add", "br7", "type", "bridge"], check=True)
    done_at = time.monotonic()
    expect(drawn.locator("[data-link='ns250/br7']")).to_be_visible()
    shown = time.monotonic()
    choice = page.locator(".nslab-choice select")
    expect(choice.locator("option", has_text="ns250/br7")).to_be_attached()
    choice.select_option("ns499")
    expect(page.locator(".nslab-facts")).to_contain_text("lo: loopback, down")
    chosen = time.monotonic()
    by_mouse(page, "Set up", ["ns250", "br7"])
    assert seen("crowd").link("br7", "ns250").up
    with capsys.disabled():
        print(
            f"\n500 namespaces: a change shows {shown - done_at:.1f} s after it "
            f"({shown - began:.1f} s with the terminal's start), "
            f"the facts of a choice after {chosen - shown:.1f} s"
        )


@pytest.mark.parametrize("where", ["book", "book7"], ids=["JupyterLab", "Notebook 7"])
def test_a_first_cell_is_typed_into_the_host_also_after_a_restart(
    where: str, request: pytest.FixtureRequest
) -> None:
    opened = request.getfixturevalue(where)(
        "%%host\nbrctl addbr lxcbr0 && echo typed into $(hostname)", kernel="nslab"
    )
    outputs = opened.page.locator(".jp-Cell-outputArea")
    for _ in range(2):
        expect(outputs).to_contain_text("typed into pseudo-host")
        expect(outputs).to_contain_text("This is a fresh lab")
        assert "already exists" not in outputs.inner_text(), "the lab is the old one"
        opened.page.evaluate(
            "window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')"
        )
        expect(outputs).not_to_contain_text("typed")
        opened.restart()
        opened.run_all()
