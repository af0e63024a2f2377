"""Building in the picture: the article's network by mouse alone, and by keyboard alone."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from outside import entered, seen, wanted
from playwright.sync_api import Locator, Page, expect
from standing import bring_into_sight, stands, until

Book = Callable[..., Any]

BUILDER = "import nslab\nlab = nslab.Lab({name!r})\nlab.builder()"


def node(page: Page, name: str) -> Locator:
    """A node of the picture: a link, or a namespace by its title."""
    if "/" in name:
        return page.locator(f".nslab-live .nslab-window [data-link='{name}'] .nslab-name")
    return page.locator(f".nslab-live .nslab-window g.nslab-space[data-ns='{name}'] .nslab-title")


def of_lesson_06(book: Book, name: str, height: int, width: int = 1366) -> Page:
    """The builder of a lab in which lesson 06 begins, once it can be used."""
    cell = f"import nslab\nlab = nslab.lesson('06').lab(name={name!r})\nlab.builder()"
    page: Page = book(cell, height=height, width=width).page
    expect(page.locator(".nslab-tools").first).to_be_visible()
    return page


class Mouse:
    """Drags and clicks; presses no key."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def drop(self, what: str, onto: str) -> None:
        """Something of the palette, or a node."""
        piece = self.page.locator(f".nslab-piece[data-piece='{what}']")
        start = piece if piece.count() else node(self.page, what)
        start.hover()
        self.page.mouse.down()
        node(self.page, onto).hover()
        expect(self.page.locator(".nslab-ghost")).to_be_visible()
        self.page.mouse.up()

    def pick(self, thing: str, words: str) -> None:
        """What is done with a node."""
        node(self.page, thing).click()
        self.page.locator(".nslab-menu").get_by_text(words, exact=True).click()

    def do(self, line: str) -> None:
        """Send what is shown."""
        expect(self.page.locator(".nslab-message")).to_contain_text(line)
        self.page.locator("button.nslab-do").click()


class Keyboard:
    """The same with nothing but keys."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def _to(self, wanted: Locator) -> None:
        """Tab there, forwards or backwards, from where the focus is."""
        mine = "one => one === document.activeElement"
        behind = wanted.evaluate(
            "one => Boolean(document.activeElement.compareDocumentPosition(one) & 2)"
        )
        for _ in range(80):
            if wanted.evaluate(mine):
                return
            self.page.keyboard.press("Shift+Tab" if behind else "Tab")
        raise AssertionError("Tab does not lead there")

    def drop(self, what: str, onto: str) -> None:
        piece = self.page.locator(f".nslab-piece[data-piece='{what}']")
        if not piece.count():
            return self.pick(what, f"Cable to {onto.rpartition('/')[2]}")
        self._to(piece)
        self.page.keyboard.press("Enter")
        return None

    def pick(self, thing: str, words: str) -> None:
        name, drawn = ("link", thing) if "/" in thing else ("ns", thing)
        found = self.page.locator(f".nslab-window g[tabindex][data-{name}='{drawn}']").first
        if "/" not in thing:
            found = self.page.locator(f".nslab-window g.nslab-space[data-ns='{thing}']")
        self._to(found)
        self.page.keyboard.press("Enter")
        expect(self.page.locator(".nslab-menu")).to_be_visible()
        items = self.page.locator(".nslab-menu [role=menuitem]").all_text_contents()
        for _ in range(items.index(words)):
            self.page.keyboard.press("ArrowDown")
        self.page.keyboard.press("Enter")

    def do(self, line: str) -> None:
        expect(self.page.locator(".nslab-message")).to_contain_text(line)
        button = self.page.locator("button.nslab-do")
        expect(button).to_be_focused()
        self.page.keyboard.press("Enter")


def article(hand: Mouse | Keyboard) -> None:
    """The article's network; the hand says how, and what is suggested fits."""
    page = hand.page
    done = page.locator(".nslab-log .nslab-last")

    def step(line: str) -> None:
        hand.do(line)
        expect(done).to_contain_text(line)
        expect(page.locator(".nslab-message")).to_contain_text("✔")

    hand.drop("bridge", "host")
    step("brctl addbr lxcbr0")
    hand.pick("host/lxcbr0", "Add an address")
    step("ip address add 192.168.10.1/24 broadcast + dev lxcbr0")
    hand.pick("host/lxcbr0", "Set up")
    step("lxcbr0 up")
    hand.drop("namespace", "host")
    step("ip netns add ns1")
    hand.pick("ns1", "Set up lo")
    step("lo up")
    hand.drop("ns1", "host/lxcbr0")
    step("brctl addif lxcbr0 lxcbr0.1")
    hand.pick("ns1/eth0", "Add an address")
    step("192.168.10.11/24")
    hand.pick("ns1/eth0", "Set up")
    step("eth0 up")
    hand.pick("host/lxcbr0.1", "Set up")
    step("lxcbr0.1 up")
    hand.pick("ns1", "Add a route")
    step("default")
    hand.pick("host", "Forward packets")
    step("ip_forward")
    hand.pick("host", "Masquerade")
    step("MASQUERADE")
    hand.pick("ns1", "Name server")
    step("8.8.8.8")


@pytest.mark.parametrize("hand", [Mouse, Keyboard])
def test_the_articles_network_is_made_in_the_picture(book: Book, hand: Any) -> None:
    name = f"by-{hand.__name__.lower()}"
    page = book(BUILDER.format(name=name), height=1000).page
    expect(page.locator(".nslab-tools").first).to_be_visible()
    if hand is Keyboard:
        page.locator(".nslab-piece").first.focus()
    article(hand(page))
    assert seen(name).canonical() == wanted()
    page.locator("button.nslab-undo").click()
    expect(page.locator(".nslab-message")).to_contain_text("taken back")
    assert seen(name).namespace("ns1").resolv_conf is None


def test_a_link_that_is_dropped_onto_a_namespace_moves_there(book: Book) -> None:
    page = book(
        "import nslab\nlab = nslab.Lab('dropped')\n"
        "lab.do(nslab.AddNamespace('ns1'), nslab.AddVeth('left', 'right'))\nlab.builder()"
    ).page
    expect(page.locator(".nslab-tools").first).to_be_visible()
    hand = Mouse(page)
    hand.drop("host/left", "ns1")
    hand.do("ip link set dev left netns ns1")
    expect(node(page, "ns1/left")).to_be_visible()
    # Both styles are shown where they differ; what cannot be is said.
    page.locator(".nslab-piece[data-piece='bridge']").click()
    message = page.locator(".nslab-message")
    expect(message).to_contain_text("brctl addbr lxcbr0")
    expect(message).to_contain_text("ip link add lxcbr0 type bridge")
    page.locator(".nslab-form input").first.fill("right")
    expect(message).to_contain_text("host has a link right already")
    expect(page.locator("button.nslab-do")).to_be_disabled()


def test_a_click_beside_the_words_of_a_card_is_a_click_on_it(book: Book) -> None:
    """Also where the link is down, and outside of the host."""
    page = book(
        "import nslab\nlab = nslab.Lab('beside')\nlab.do(nslab.AddBridge('br0'),"
        "nslab.AddNamespace('ns1'), nslab.AddVeth('p1', 'eth0', peer_ns='ns1', master='br0'))\n"
        "lab.builder()"
    ).page
    expect(page.locator(".nslab-tools").first).to_be_visible()
    window, head = page.locator(".nslab-live .nslab-window"), page.locator(".nslab-menu-head")
    for thing in ("ns1/eth0", "host/p1"):
        box = window.locator(f"[data-link='{thing}'] rect.nslab-off").first.bounding_box()
        assert box
        page.mouse.click(box["x"] + box["width"] - 4, box["y"] + box["height"] - 5)
        expect(head).to_have_text(thing)
        page.keyboard.press("Escape")
    box = window.locator("[data-world='router'] rect").first.bounding_box()
    assert box
    inside = [box["x"] + 5, box["y"] + box["height"] / 2]
    hit = page.evaluate(
        "at => document.elementFromPoint(...at).closest('[data-world]')?.dataset.world", inside
    )
    assert hit == "router"


def test_what_is_new_may_be_dropped_below_the_picture_and_it_is_seen_where(book: Book) -> None:
    """Where namespaces will stand there is nothing yet but the form."""
    page = book(BUILDER.format(name="below")).page
    expect(page.locator(".nslab-tools").first).to_be_visible()
    live = page.locator(".nslab-builder .nslab-live")
    page.locator(".nslab-piece[data-piece='container']").hover()
    page.mouse.down()
    page.locator(".nslab-status").hover()
    expect(page.locator(".nslab-ghost")).to_be_visible()
    assert live.evaluate("one => getComputedStyle(one).outlineStyle") == "dashed"
    page.mouse.up()
    expect(page.locator(".nslab-what select")).to_have_value("Add a container")
    expect(page.locator(".nslab-form input").first).to_have_value("app1")
    assert live.evaluate("one => getComputedStyle(one).outlineStyle") == "none"


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Nothing was done"), ("de", "nichts getan")]
)
def test_a_drop_where_nothing_takes_it_is_said(book: Book, language: str, words: str) -> None:
    cell = f"import os\nos.environ['NSLAB_LANG'] = {language!r}\n" + BUILDER.format(name="beside")
    page = book(cell, height=620).page
    expect(page.locator(".nslab-tools").first).to_be_visible()
    said, aloud = page.locator(".nslab-message"), page.locator(".nslab-aloud")
    expect(aloud).to_have_attribute("role", "status")
    for start in (page.locator(".nslab-piece[data-piece='bridge']"), node(page, "host/eth0")):
        heard = aloud.inner_text()
        start.hover()
        page.mouse.down()
        page.locator(".jp-InputArea-editor").first.hover()
        expect(page.locator(".nslab-ghost")).to_be_visible()
        page.mouse.up()
        page.wait_for_function(
            "([one, old]) => one.innerText !== old", arg=[aloud.element_handle(), heard]
        )
        expect(aloud).to_contain_text(words)
        expect(said).to_contain_text(words)
        expect(said).to_be_in_viewport(ratio=1)
    expect(page.locator(".nslab-log")).not_to_contain_text("brctl")


def test_what_stands_around_the_builders_picture_is_in_line(book: Book) -> None:
    page = book(BUILDER.format(name="inline"), width=1366, height=1000).page
    expect(page.locator(".nslab-tools").first).to_be_visible()

    def box(selector: str) -> dict[str, float]:
        found = page.locator(selector).first.bounding_box()
        assert found
        return dict(found)

    def right(selector: str) -> float:
        return box(selector)["x"] + box(selector)["width"]

    expect(page.locator(".nslab-entrance button")).to_be_visible()
    begins = [box(f".nslab-{one}")["x"] for one in ("what select", "form input", "choice select")]
    assert max(begins) - min(begins) < 1, begins
    assert abs(right("button.nslab-export") - right(".nslab-log pre")) < 1
    enter, choice = box(".nslab-entrance button"), box(".nslab-choice select")
    assert abs(enter["y"] + enter["height"] / 2 - choice["y"] - choice["height"] / 2) < 2
    assert enter["x"] > right(".nslab-choice select")


def test_enter_does_it_and_the_focus_stays(book: Book) -> None:
    page = book(BUILDER.format(name="focus")).page
    expect(page.locator(".nslab-tools").first).to_be_visible()
    page.locator(".nslab-what select").select_option("Add a namespace")
    field = page.locator(".nslab-form input").first
    field.click()
    page.keyboard.type("ns1")
    page.keyboard.press("Enter")
    expect(page.locator(".nslab-message")).to_contain_text("✔")
    expect(field).to_be_focused()
    button = page.locator("button.nslab-undo")
    button.focus()
    page.keyboard.press("Space")
    expect(page.locator(".nslab-message")).to_contain_text("taken back")
    # Nothing is left to undo: the widget keeps the focus, and not the page.
    assert page.evaluate("Boolean(document.activeElement.closest('.nslab-builder'))")
    field.click()
    page.keyboard.press("Escape")
    expect(page.locator(".nslab-live .nslab-window")).to_be_focused()


def test_the_form_follows_what_is_chosen(book: Book) -> None:
    page = of_lesson_06(book, "follows", 1000)
    page.locator(".nslab-what select").select_option("Add a bridge")
    where = page.locator(".nslab-form select").first
    expect(where).to_have_value("host")
    node(page, "ns1/eth0").click()
    page.keyboard.press("Escape")
    expect(where).to_have_value("ns1")
    page.locator(".nslab-choice select").select_option("–")
    page.locator(".nslab-what select").select_option("Set up")
    page.locator(".nslab-what select").select_option("Add a bridge")
    expect(where).to_have_value("host")


def test_what_a_terminal_did_is_named_before_undo_takes_it(book: Book) -> None:
    page = book(BUILDER.format(name="terminals")).page
    expect(page.locator(".nslab-tools").first).to_be_visible()
    page.locator(".nslab-piece[data-piece='bridge']").click()
    Mouse(page).do("brctl addbr lxcbr0")
    expect(page.locator(".nslab-message")).to_contain_text("✔")
    enter = entered("terminals")
    subprocess.run([*enter, "ip", "link", "add", "br7", "type", "bridge"], check=True)
    expect(page.locator(".nslab-log .nslab-last")).to_contain_text("br7")
    undo = page.locator("button.nslab-undo")
    undo.click()
    message = page.locator(".nslab-message")
    expect(message).to_contain_text("done in a terminal")
    expect(message).to_contain_text("br7")
    assert any(link.name == "br7" for link in seen("terminals").host.links)
    undo.click()
    expect(message).to_contain_text("taken back")
    assert not any(link.name == "br7" for link in seen("terminals").host.links)
    page.locator("button.nslab-redo").click()
    expect(message).to_contain_text("✔ done again")
    assert any(link.name == "br7" for link in seen("terminals").host.links)


def test_a_node_is_asked_for_a_ping_and_why(book: Book) -> None:
    page = of_lesson_06(book, "asked", 1000)
    Mouse(page).drop("namespace", "host")
    page.locator("button.nslab-do").click()
    expect(page.locator(".nslab-message")).to_contain_text("✔")
    Mouse(page).pick("ns1", "Ping from here …")
    page.locator(".nslab-whom input").fill("203.0.113.80")
    page.locator("button.nslab-ping").click()
    expect(page.locator(".nslab-answer")).to_contain_text("✔ ping 203.0.113.80")
    page.locator("button.nslab-why").click()
    expect(page.locator(".nslab-answer")).to_contain_text("✔ ns1")
    # Whether it breaks, and where, is seen in the one picture of the network.
    pictures = page.locator(".nslab-builder svg.nslab-picture:not(.nslab-small)")
    expect(pictures).to_have_count(1)
    expect(pictures.locator(".nslab-callout-arrived")).to_be_visible()
    # What was answered of a network that is taken back is not there any longer.
    page.locator("button.nslab-undo").click()
    expect(page.locator(".nslab-message")).to_contain_text("taken back")
    expect(page.locator(".nslab-answer")).not_to_contain_text("ns1")
    page.locator("button.nslab-redo").click()
    expect(page.locator(".nslab-message")).to_contain_text("done again")
    Mouse(page).pick("ns1/eth0", "Capture here")
    expect(page.locator(".nslab-captured .nslab-inspector")).to_be_visible()


IN_SIGHT = """one => {
    const { left, right, top, bottom } = one.getBoundingClientRect();
    return right > left && [[left + 3, top + 3], [right - 3, bottom - 3]]
        .every(([x, y]) => one.contains(document.elementFromPoint(x, y)));
}"""
"""Nothing lies on it, and no edge of what scrolls around it hides a part."""


def in_sight(one: Locator) -> None:
    """Wait until all of it can be seen."""
    until(one, IN_SIGHT)


def test_what_is_asked_of_a_node_comes_into_sight_with_its_answer(book: Book) -> None:
    page = of_lesson_06(book, "near", 620)
    target = page.locator(".nslab-whom input")
    answer = page.locator(".nslab-answer")
    for words, said in (
        ("Ping from here …", "ping 203.0.113.80"),
        ("Why can't it reach …", "✔ ns1"),
    ):
        bring_into_sight(node(page, "ns1/eth0"))
        Mouse(page).pick("ns1/eth0", words)
        expect(target).to_be_focused()
        in_sight(target)
        target.fill("203.0.113.80")
        page.keyboard.press("Enter")
        expect(answer).to_contain_text(said)
        in_sight(answer.get_by_text(said).first)
        page.keyboard.press("Escape")
        expect(page.locator(".nslab-live .nslab-window")).to_be_focused()
    # The picture is drawn anew with what was answered.
    expect(page.locator(".nslab-live .nslab-callout-arrived")).to_be_visible()
    bring_into_sight(node(page, "ns1/eth0"))
    Mouse(page).pick("ns1/eth0", "Capture here")
    in_sight(page.locator(".nslab-captured .nslab-columns"))


STEADY = """(page, top) => new Promise(done => {
    const one = () => page.querySelector('.nslab-live .nslab-window svg');
    const look = left => Math.abs(one().getBoundingClientRect().top - top) > 1
        ? done(false) : left ? requestAnimationFrame(() => look(left - 1)) : done(true);
    look(30);
})"""
"""Whether the picture stands where it did, for thirty frames."""


@pytest.mark.parametrize("width", [1280, 1024, 800, 768])
def test_the_picture_keeps_its_place_whatever_is_filled_in_or_answered(
    book: Book, width: int
) -> None:
    page = of_lesson_06(book, f"place-{width}", 1150, width)
    hand, picture = Mouse(page), page.locator(".nslab-live .nslab-window svg").first
    message, answer = page.locator(".nslab-message"), page.locator(".nslab-answer")
    box = picture.bounding_box()
    assert box
    top = box["y"]
    hand.pick("ns1/eth0", "Set down")
    expect(page.locator("button.nslab-do")).to_be_focused()
    assert page.locator("body").evaluate(STEADY, top)
    hand.do("eth0 down")
    expect(message).to_contain_text("✔")
    assert page.locator("body").evaluate(STEADY, top)
    page.locator("button.nslab-undo").click()
    expect(message).to_contain_text("taken back")
    assert page.locator("body").evaluate(STEADY, top)
    page.locator(".nslab-what select").select_option("Add a cable (veth)")
    expect(message).to_contain_text("Fill in")
    assert page.locator("body").evaluate(STEADY, top)
    hand.drop("ns1", "host/lxcbr0")
    expect(page.locator(".nslab-runs")).to_contain_text("veth")
    in_sight(page.locator("button.nslab-do"))
    assert page.locator("body").evaluate(STEADY, top)
    hand.pick("ns1", "Ping from here …")
    expect(page.locator(".nslab-whom input")).to_be_focused()
    # One button alone is what is to be pressed next.
    expect(page.locator(".nslab-builder button.mod-primary:visible")).to_have_text(["Ping"])
    assert page.locator("body").evaluate(STEADY, top)
    page.keyboard.press("Enter")
    expect(answer).to_contain_text("✔ ping 203.0.113.80")
    assert page.locator("body").evaluate(STEADY, top)
    page.locator("button.nslab-why").click()
    expect(answer).to_contain_text("✔ ns1")
    in_sight(page.locator(".nslab-asking"))
    assert page.locator("body").evaluate(STEADY, top)
    page.locator(".nslab-asking").get_by_title("close").click()
    expect(page.locator(".nslab-builder button.mod-primary:visible")).to_have_text(["Do it"])
    expect(answer).not_to_contain_text("ping")
    assert page.locator("body").evaluate(STEADY, top)


BEGINS = """() => {
    const live = document.querySelector('.nslab-live');
    let around = live;
    while (around.scrollHeight <= around.clientHeight + 1
        || getComputedStyle(around).overflowY === 'visible') around = around.parentElement;
    around.scrollTop = 0;
    return live.querySelector('.nslab-window svg').getBoundingClientRect().top;
}"""
"""Scrolls the notebook to its beginning; where the picture is then."""


def test_the_picture_keeps_its_place_at_any_width(book: Book) -> None:
    """The highest form, and an answer longer than the room below a picture that is in the way."""
    page = of_lesson_06(book, "any-width", 1180)
    hand, body = Mouse(page), page.locator("body")
    for width in range(700, 1401, 100):
        page.set_viewport_size({"width": width, "height": 1180})
        body.evaluate(BEGINS)
        hand.pick("ns1/eth0", "Set down")
        stands(page.locator(".nslab-live"))
        top = body.evaluate(BEGINS)
        hand.drop("ns1", "host/lxcbr0")
        expect(page.locator(".nslab-runs")).to_contain_text("veth")
        in_sight(page.locator("button.nslab-do"))
        in_sight(page.locator(".nslab-runs"))
        assert body.evaluate(STEADY, top), f"at {width} a form moves it"
        hand.pick("ns1", "Why can't it reach …")
        expect(page.locator(".nslab-whom input")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator(".nslab-answer")).to_contain_text("✔ ns1")
        in_sight(page.locator(".nslab-asking"))
        assert body.evaluate(STEADY, top), f"at {width} an answer moves it"
        page.locator(".nslab-asking").get_by_title("close").click()


def test_do_it_is_in_sight_when_a_gesture_has_filled_in_the_form(book: Book) -> None:
    page = of_lesson_06(book, "do-it", 620)
    button = page.locator("button.nslab-do")
    for thing, words in (
        ("ns1/eth0", "Set down"),
        ("host/lxcbr0.1", "Detach from lxcbr0"),
        ("host/lxcbr0.1", "Move to ns1"),
    ):
        page.locator(".nslab-log").scroll_into_view_if_needed()
        page.locator(".nslab-export").scroll_into_view_if_needed()
        node(page, thing).click()
        page.locator(".nslab-menu").get_by_text(words, exact=True).click()
        expect(button).to_be_focused()
        in_sight(button)


def test_a_look_does_not_tear_a_cable_apart(book: Book) -> None:
    page = book(
        "import nslab\nlab = nslab.Lab('whole')\n"
        "lab.do(nslab.AddNamespace('ns1'), nslab.AddBridge('lxcbr0'))\nlab.builder()"
    ).page
    expect(page.locator(".nslab-tools").first).to_be_visible()
    hand, fields = Mouse(page), page.locator(".nslab-form :is(input, select)")
    whole = ["lxcbr0.1", "host", "lxcbr0", "eth0", "ns1"]

    def looked(thing: str) -> None:
        node(page, thing).click()
        expect(page.locator(".nslab-menu")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(".nslab-choice select")).to_have_value(thing)
        assert [each.input_value() for each in fields.all()] == whole

    hand.drop("ns1", "host/lxcbr0")
    expect(fields).to_have_count(len(whole))
    looked("ns1")
    hand.do("ip link add lxcbr0.1 type veth peer name eth0")
    expect(page.locator(".nslab-message")).to_contain_text("✔")
    looked("ns1/eth0")
    expect(page.locator(".nslab-message")).not_to_contain_text("already")


def test_what_why_names_as_the_remedy_is_done_by_its_button(book: Book) -> None:
    page = book(
        "import nslab\nlab = nslab.lesson('06').lab(name='mends')\n"
        "lab.do(nslab.DeleteRoute('default', ns='ns1'))\nlab.builder()"
    ).page
    expect(page.locator(".nslab-tools").first).to_be_visible()
    Mouse(page).pick("ns1", "Why can't it reach …")
    expect(page.locator(".nslab-whom input")).to_be_focused()
    page.keyboard.press("Enter")
    answer = page.locator(".nslab-answer")
    expect(answer).to_contain_text("✘")
    mend = page.locator("button.nslab-mend")
    in_sight(mend)
    mend.click()
    expect(answer).not_to_contain_text("✘")
    expect(answer).to_contain_text("✔ ip netns exec ns1 ip route add default via 192.168.10.1")
    expect(mend).to_be_hidden()
    expect(page.locator(".nslab-log .nslab-last")).to_contain_text("default")
    page.locator("button.nslab-undo").click()
    expect(page.locator(".nslab-message")).to_contain_text("taken back")
    assert not any(
        route.destination == "default" for route in seen("mends").namespace("ns1").routes
    )


SLOWLY = """\
import time
import ipywidgets
heard = ipywidgets.Widget._handle_msg
def later(widget, message):
    time.sleep(.5)
    heard(widget, message)
ipywidgets.Widget._handle_msg = later
import nslab
lab = nslab.Lab({name!r})
lab.do(*(nslab.AddBridge(f"br{{n}}") for n in range(4)))
lab.builder()"""
"""A kernel that takes its time for whatever the page tells it."""


def slowly_set_up(book: Book, name: str) -> tuple[Page, Locator, Locator]:
    """The page of such a kernel, with br0 chosen to be set up; its button, its list of links."""
    page: Page = book(SLOWLY.format(name=name)).page
    expect(page.locator(".nslab-status")).to_contain_text("follows the lab")
    page.locator(".nslab-what select").select_option("Set up")
    button = page.locator("button.nslab-do")
    link = page.locator(".nslab-form select").last
    expect(link.locator("option[value='br3']")).to_have_count(1)
    link.select_option("br0")
    expect(page.locator(".nslab-message")).to_contain_text("br0 up")
    expect(button).to_be_enabled()
    return page, button, link


@pytest.mark.parametrize("by", ["Enter", "Space", "click"])
def test_do_it_is_done_with_what_is_shown(book: Book, by: str) -> None:
    """What is chosen quickly waits in the page while the kernel is at what was chosen before it."""
    name = f"shown-{by}".lower()
    page, button, link = slowly_set_up(book, name)
    picture = page.locator(".nslab-builder .nslab-window > svg")
    wide = picture.evaluate("svg => svg.getBoundingClientRect().width")
    for passed in ("br1", "br2", "br3"):
        link.select_option(passed)
    page.locator(".nslab-tool-in").click()
    now = picture.evaluate("svg => svg.getBoundingClientRect().width")
    assert now > wide, "what asks no kernel does not wait"
    if by == "click":
        button.click()
    else:
        (button if by == "Space" else link).focus()
        page.keyboard.press(by)
    expect(page.locator(".nslab-message")).to_contain_text("✔")
    assert bridges_up(name) == ["br3"]


def bridges_up(name: str) -> list[str]:
    return [one.name for one in seen(name).host.links if one.up and one.bridge]


@pytest.mark.parametrize("by", ["Enter", "click"])
def test_who_goes_on_choosing_takes_a_press_back_that_still_waits(book: Book, by: str) -> None:
    """It was for what was shown then, which the kernel may never have heard of."""
    name = f"back-{by}".lower()
    page, button, link = slowly_set_up(book, name)
    link.evaluate(AT_ONCE, by)
    expect(page.locator(".nslab-message")).to_contain_text("br2 up")
    page.evaluate(RESTS)
    assert bridges_up(name) == []
    button.click()
    expect(page.locator(".nslab-message")).to_contain_text("✔")
    assert bridges_up(name) == ["br2"]


AT_ONCE = """(list, by) => {
    const choose = name => {
        list.value = name;
        for (const kind of ['input', 'change'])
            list.dispatchEvent(new Event(kind, { bubbles: true }));
    };
    choose('br1');
    if (by === 'click') document.querySelector('button.nslab-do').click();
    else list.dispatchEvent(
        new KeyboardEvent('keydown', { key: by, bubbles: true, cancelable: true }));
    choose('br2');
}"""
"""One is chosen, the button pressed, another one chosen: the kernel has heard of nothing yet."""

RESTS = """async () => {
    const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
    for (let frames = 0; frames < 30;) {
        await new Promise(requestAnimationFrame);
        frames = kernel.status === 'idle' ? frames + 1 : 0;
    }
}"""
"""Returns when the kernel has had nothing to do for a while."""
