"""Pictures: the same everywhere, complete, well-formed, with nothing on top of anything else."""

from __future__ import annotations

import colorsys
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path
from types import FrameType

import graphviz
import pytest
import snapshots as sample
from msgspec import structs
from sites import two_sites
from test_draw_room import two_bridges

from nslab import Lab
from nslab.draw import Picture, dot_source
from nslab.draw.layout.boxes import Rect
from nslab.draw.layout.colours import HUES
from nslab.draw.layout.place import Placed, place, trace
from nslab.draw.paint.style import DARK, LIGHT, Palette, style
from nslab.draw.scene.compose import compose
from nslab.draw.scene.metrics import clip, width
from nslab.draw.scene.scene import Cable
from nslab.errors import InvalidInput
from nslab.network.actions import AddAddress, AddMacvlan, AddNamespace, AddVeth, SetDown, SetUp
from nslab.network.diff import Diff, compare
from nslab.network.model import Address, Link, Namespace, Snapshot, Tunnel
from nslab.network.rules import Chain, Rule, Ruleset, Table

SVG = "{http://www.w3.org/2000/svg}"

SAMPLES: dict[str, Snapshot | Diff] = {
    "fresh": sample.fresh(),
    "pair": sample.with_pair(),
    "article": sample.article(),
    "repaired": sample.article(repaired=True),
    "docker": sample.docker(),
    "four": sample.star(4),
    "twelve": sample.star(12),
    "thirty": sample.star(30),
    "forty": sample.star(40),
    "hundred": sample.star(105),
    "odd": sample.odd(),
    "hostile": sample.hostile(),
    "bare": sample.bare(),
    "bridge-diff": compare(sample.fresh(), sample.with_bridge()),
    "pair-diff": compare(sample.with_bridge(), sample.with_pair()),
    "moved-diff": compare(sample.with_pair(), sample.article()),
    "moved-back-diff": compare(sample.article(), sample.with_pair()),
    "repaired-diff": compare(sample.article(), sample.article(repaired=True)),
    "gone-diff": compare(sample.article(repaired=True), sample.fresh()),
    "everything-diff": compare(sample.odd(), sample.docker()),
    "crowd-diff": compare(sample.star(101), sample.star(102)),
}

every_sample = pytest.mark.parametrize("name", SAMPLES)


def after(name: str) -> Snapshot:
    what = SAMPLES[name]
    return what.after if isinstance(what, Diff) else what


def placed(name: str) -> Placed:
    return place(compose(SAMPLES[name]))


def written(svg: str) -> str:
    """What can be read in a picture, without its description."""
    root = ET.fromstring(svg)
    every = (each for text in root.iter(f"{SVG}text") for each in text.iter())
    return "\n".join(element.text or "" for element in every)


# The same everywhere.

SCRIPT = """
import sys
import snapshots as sample
from nslab.network.diff import compare
from nslab.draw import Picture
for what in (sample.article(), sample.star(12), sample.odd(), sample.hostile(),
             compare(sample.with_pair(), sample.article())):
    picture = Picture(what)
    sys.stdout.write(picture.svg + picture.html + picture.text + picture.dot)
"""


def pictures(**environment: str) -> bytes:
    path = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[2])])
    return subprocess.run(
        [sys.executable, "-c", SCRIPT],
        check=True,
        capture_output=True,
        env=os.environ | {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"} | environment,
    ).stdout


def test_the_same_whatever_the_fonts_the_locale_and_the_hash_seed() -> None:
    plain = pictures(PYTHONHASHSEED="1")
    assert plain.count(b"<svg") == 10
    assert plain == pictures(PYTHONHASHSEED="2", FONTCONFIG_FILE="/dev/null", LC_ALL="C")


def test_the_same_whatever_numbers_the_kernel_drew() -> None:
    before = sample.article(repaired=True)
    inodes = {ns.inode: n + 5 for n, ns in enumerate(before.namespaces)}

    def other_numbers() -> Snapshot:
        namespaces = []
        for ns in before.namespaces:
            links = []
            for link in ns.links:
                peer = link.peer and structs.replace(
                    link.peer, index=link.peer.index + 40, namespace=inodes[link.peer.namespace]
                )
                links.append(
                    structs.replace(
                        link, index=link.index + 40, mac=sample.mac(link.index + 70), peer=peer
                    )
                )
            namespaces.append(structs.replace(ns, inode=inodes[ns.inode], links=tuple(links)))
        return structs.replace(before, namespaces=tuple(namespaces))

    one, other = Picture(before), Picture(other_numbers())
    assert (one.svg, one.html, one.text, one.dot) == (other.svg, other.html, other.text, other.dot)


@every_sample
def test_nothing_that_differs_from_run_to_run(name: str) -> None:
    picture = Picture(SAMPLES[name])
    for form in (picture.svg, picture.html, picture.text, picture.dot):
        for namespace in after(name):
            assert str(namespace.inode) not in form
            for link in namespace.links:
                assert link.mac not in form


# Complete and well-formed.


@every_sample
@pytest.mark.parametrize("form", ["svg", "html"])
def test_well_formed_and_described(name: str, form: str) -> None:
    picture = Picture(SAMPLES[name])
    root = ET.fromstring(getattr(picture, form))
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert title.text
    assert desc is not None
    assert desc.text == picture.text
    focusable = [element for element in root.iter() if element.get("tabindex") == "0"]
    assert focusable
    assert all(element.find(f"{SVG}title") is not None for element in focusable)
    assert not [element for element in root.iter() if element.get("id")], "ids clash on one page"
    classes = {word for element in root.iter() for word in (element.get("class") or "").split()}
    assert all(word.startswith("nslab-") for word in classes)


@pytest.mark.parametrize(
    "name", [name for name in SAMPLES if name not in {"hundred", "hostile", "crowd-diff"}]
)
def test_every_link_and_address_is_there(name: str) -> None:
    picture = Picture(SAMPLES[name])
    for form in (written(picture.svg), written(picture.html), picture.text, picture.dot):
        for namespace in after(name):
            if namespace.role == "world":
                continue
            assert namespace.label in form
            for link in namespace.links:
                if link.name != "lo":
                    assert link.name in form
                    for address in link.addresses:
                        assert address.address in form


def test_a_hand_finds_every_card_also_where_nothing_is_seen_in_it() -> None:
    """What has no fill is not hit: a click beside the words would reach what stands behind it."""
    for svg in (Picture(sample.article()).svg, Picture(sample.odd()).html):
        rules = re.findall(r"([^{}]+){([^}]*)}", svg[svg.index("<style") : svg.index("</style")])
        unfilled = [
            selector.strip()
            for selectors, body in rules
            if "fill:none" in body
            for selector in selectors.split(",")
        ]
        assert not [one for one in unfilled if one.endswith((".nslab-cell", ".nslab-calm"))]
        assert any(one.endswith(".nslab-cable") for one in unfilled), "a line has no inside"


def test_down_is_a_sign_of_its_own() -> None:
    """A ring alone stands for an answer to choose, and for a copy of a packet."""
    drawn = Picture(sample.article()).html
    down = re.findall('<[^>]*class="nslab-hollow"[^>]*>', drawn)
    assert down
    assert all(one.startswith("<path") and one.endswith('h8"/>') for one in down), "a bar across"
    assert (
        "nslab-hollow" not in Picture(sample.article(repaired=True)).html.partition("</style>")[2]
    )


def test_a_bridge_that_is_down_is_hollow_as_a_card_is() -> None:
    """And is found by a hand all the same, which what has no fill is not."""
    body = Picture(sample.article()).html.partition("</style>")[2]
    (bar,) = re.findall('class="(nslab-bar[^"]*)"', body)
    assert bar == "nslab-bar nslab-off"
    for svg in (Picture(sample.article()).html, Picture(sample.article()).svg):
        hollow = re.findall(r"([^\n{}]*)\{fill-opacity:0\}", svg)
        assert any(".nslab-off.nslab-bar" in selectors for selectors in hollow)
    up = Picture(sample.article(repaired=True)).html.partition("</style>")[2]
    assert 'class="nslab-bar"' in up


def test_states_are_said_in_words() -> None:
    shown = written(Picture(sample.article()).svg)
    assert shown.count("down") >= 1
    assert shown.count("no-carrier") == 2
    assert "default via 192.168.10.1 linkdown" in shown
    assert "STP off" in shown
    assert "nslab-off" in Picture(sample.article()).svg, "and by a dashed outline"
    assert "STP on, forward delay 2 s" in written(Picture(sample.odd()).svg)
    assert "listening" in written(Picture(sample.odd()).svg)


def with_loopback(*addresses: str) -> Snapshot:
    """The namespace ns1 with a loopback that is up and has these addresses."""
    article = sample.article()
    lo = structs.replace(
        sample.loopback(up=True), addresses=tuple(Address(address=a) for a in addresses)
    )

    def changed(space: Namespace) -> Namespace:
        rest = [link for link in space.links if link.name != "lo"]
        return structs.replace(space, links=(lo, *rest)) if space.label == "ns1" else space

    return structs.replace(article, namespaces=tuple(map(changed, article.namespaces)))


def test_an_address_of_the_loopback_can_be_seen() -> None:
    usual, more = with_loopback("127.0.0.1/8", "::1/128"), ("127.0.0.1/8", "10.0.0.7/32")
    assert "127.0.0.1/8" not in Picture(usual).svg
    assert "lo 10.0.0.7/32" in written(Picture(with_loopback(*more)).svg)
    came = Picture(compare(usual, with_loopback(*more)))
    assert re.search(r"nslab-told-new[^>]*>lo 10\.0\.0\.7/32<", came.svg)
    went = Picture(compare(with_loopback(*more), usual))
    assert "−" in written(went.svg).splitlines(), "a sign says it, and no line runs through digits"
    assert re.search(r"nslab-told-gone\"[^>]*>lo 10\.0\.0\.7/32<", went.svg)


def test_a_loopback_that_lacks_its_own_address_says_so() -> None:
    lacking = Picture(with_loopback()).svg
    assert re.search(r"nslab-wrong[^>]*>lo without 127\.0\.0\.1/8<", lacking)
    assert "lo without" not in Picture(sample.article()).svg  # it is down: it needs none
    back = Picture(compare(with_loopback(), with_loopback("127.0.0.1/8"))).svg
    assert re.search(r"nslab-told-new[^>]*>lo 127\.0\.0\.1/8<", back)


def test_what_the_host_does_with_packets() -> None:
    shown = written(Picture(sample.article(repaired=True)).svg)
    for words in (
        "forwarding",
        "on",
        "masquerade 192.168.10.0/24\n→ eth0",
        "default via 198.51.100.1 dev eth0",
        "nameserver 8.8.8.8",
    ):
        assert f"\n{words}\n" in shown
    assert "<title>ip_forward = 1</title>" in Picture(sample.article(repaired=True)).svg


def test_hostile_names_are_text_and_nothing_else() -> None:
    picture = Picture(sample.hostile())
    for form in (picture.svg, picture.html):
        assert "<b>" not in form
        assert "<br>" not in form
        shown = written(form)
        for name in ("<b>&\"x'\\n</b>", '"<i>&\\', "]]>--", "<br>", "命名空间", "nameserver <&>"):
            assert name in shown
    assert "n" * 200 not in written(picture.svg), "a long name is clipped"
    assert "n" * 200 in picture.text
    # dot itself reads the source and finds the same names.
    answer = graphviz.pipe("dot", "plain", picture.dot.encode(), quiet=True).decode()
    assert answer.count("\nnode ") >= 4


def test_control_characters_do_not_break_the_xml() -> None:
    before = sample.article()
    namespaces = tuple(
        structs.replace(ns, label="a\x1b[31m\x00b", names=()) if ns.label == "ns1" else ns
        for ns in before.namespaces
    )
    picture = Picture(structs.replace(before, namespaces=namespaces))
    ET.fromstring(picture.svg)
    assert "\x1b" not in picture.text


# Light and dark.


def test_a_picture_on_a_page_has_the_colours_of_a_file_and_follows_the_page() -> None:
    """Opaque ones: through a card nobody sees in what namespace it stands."""
    picture = Picture(sample.article())
    rules = picture.html[: picture.html.index("</style")]
    for line, filled in (LIGHT.hues[0], DARK.hues[0]):
        assert f"--nslab-hue0:{line};--nslab-fill0:{filled}" in rules
    cell = re.findall(r"nslab-inline \.nslab-h0 \.nslab-cell[^{]*\{([^}]*)\}", rules)
    assert cell == ["stroke:var(--nslab-hue0)", "fill:var(--nslab-fill0)"]
    assert not re.findall(r"nslab-inline [^{]*\{[^}]*(?:fill|stroke)-opacity:0?\.", rules)
    system = "@media (prefers-color-scheme:dark){[data-theme=auto] .nslab-inline{"
    assert picture.html.count("prefers-color-scheme") == picture.html.count(system) == 1
    assert "currentColor" not in picture.svg
    assert "background:transparent" in picture.svg


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_lines_and_texts_can_be_seen_on_every_ground(palette: Palette) -> None:
    """WCAG asks 4.5:1 of text and 3:1 of what is not."""
    grounds = [palette.paper, palette.ground, palette.plate, *palette.tints]
    grounds += [filled for _, filled in palette.hues]
    for ground in grounds:
        for text in (palette.ink, palette.soft, palette.good, palette.wrong):
            assert contrast(text, ground) >= 4.5, (text, ground)
    for line, filled in palette.hues:
        for ground in (palette.paper, palette.ground, filled, *palette.tints):
            assert contrast(line, ground) >= 3, (line, ground)
    for ground in (palette.paper, palette.ground, *palette.tints):
        assert contrast(palette.way, ground) >= 3
        assert contrast(palette.idle, ground) >= 3


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_a_network_without_colour_does_not_look_like_none(palette: Palette) -> None:
    """The last hue is black, or white on black: the cables that nobody uses are grey beside it."""
    assert contrast(palette.hues[-1][0], palette.idle) >= 2.5


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_no_network_looks_like_the_way_of_a_packet(palette: Palette) -> None:
    """They run beside each other, and two violet lines would be two packets."""

    def angle(colour: str) -> float:
        red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
        return 360 * colorsys.rgb_to_hls(red, green, blue)[0]

    way = angle(palette.way)
    for line, _ in palette.hues[:-1]:
        apart = abs(angle(line) - way) % 360
        assert min(apart, 360 - apart) > 38, line


def test_what_tells_networks_of_one_hue_apart_is_seen_on_a_thin_wire() -> None:
    """A light line within a wire of 1.6 pixels left nothing of its colour."""
    rules = style(False, [HUES, 2 * HUES])
    (wire,) = re.findall(r"\.nslab-wire\{[^}]*stroke-width:([.\d]+)", rules)
    for name in ("nslab-wire.nslab-beads-1", "nslab-beads-2"):
        (wide,) = re.findall(rf"\.{re.escape(name)}\{{[^}}]*stroke-width:([.\d]+)", rules)
        assert float(wide) > 3 * float(wire)
    # In the hue itself: no rule of theirs sets another colour.
    assert not re.search(r"nslab-beads[^{]*\{[^}]*stroke:", rules)
    assert "nslab-beads" not in style(False, [HUES - 1])


def test_hues_are_told_apart() -> None:
    for palette in (LIGHT, DARK):
        lines = [line for line, _ in palette.hues]
        assert len(set(lines)) == HUES == len(lines)
        assert palette.wrong not in lines


def opacity(svg: str, rule: str) -> float:
    found = re.search(rf"nslab-inline \.nslab-{rule}:([.\d]+)", svg)
    assert found
    return float(found[1])


def mixed(colour: str, share: float, ground: str) -> str:
    """What is seen of a colour that is not opaque."""
    parts = [[int(each[n : n + 2], 16) for n in (1, 3, 5)] for each in (colour, ground)]
    both = zip(*parts, strict=True)
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in both)


@pytest.mark.parametrize(("palette", "ground"), [(LIGHT, "#ffffff"), (DARK, "#111111")])
def test_what_steps_back_is_still_readable_in_a_notebook(palette: Palette, ground: str) -> None:
    """On JupyterLab's light and on its dark ground: a text, and the line of a network."""
    share = opacity(Picture(SAMPLES["bridge-diff"]).html, r"same\{opacity")
    fills = [filled for _, filled in palette.hues]
    for behind in (ground, palette.ground, *palette.tints):
        seen = mixed(behind, share, ground)
        assert contrast(mixed(palette.soft, share, ground), seen) >= 4.5
        for filled in fills:  # a card steps back as a whole, before the box that it stands in
            card = mixed(filled, share, behind)
            assert contrast(mixed(palette.soft, share, behind), card) >= 4.5, (behind, filled)
    assert re.search(r"\.nslab-same \.nslab-good\{fill:", style(False)), "green would be too weak"
    for line, _ in palette.hues:
        assert contrast(mixed(line, share, ground), ground) >= 3, line


def test_a_file_follows_the_system_and_a_page_its_theme() -> None:
    picture = Picture(sample.article())
    assert "@media (prefers-color-scheme:dark)" in picture.svg
    assert "var(" not in picture.svg, "not every program that shows files knows variables"
    assert '[data-jp-theme-light="false"] .nslab-inline' in picture.html


@every_sample
def test_type_is_large_enough(name: str) -> None:
    picture = Picture(SAMPLES[name])
    assert min(map(int, re.findall(r"font-size:(\d+)px", picture.svg))) >= 12
    # A picture that is wider than the column is scaled down, and its type with it.
    if name not in {"odd", "everything-diff"}:
        assert placed(name).width <= 1000


# Nothing on top of anything else.


def pairs(rects: list[tuple[str, Rect]]) -> list[tuple[str, str]]:
    return [(a, b) for (a, one), (b, two) in combinations(rects, 2) if one.overlaps(two)]


@every_sample
def test_nothing_overlaps(name: str) -> None:
    scene = placed(name)
    boxes = [(box.label, rect) for box, _, rect in scene.boxes]
    outside = [(thing.name, rect) for thing, rect in scene.scenery]
    outside += [("rest", scene.rest)] if scene.rest else []
    assert not pairs(boxes + outside)
    inner = [(cell.name, slot.rect) for cell, slot in (*scene.bridges, *scene.cells)]
    inner += [("notes", rect) for _, rect, _ in scene.notes]
    inner += [("gate", gate.rect) for gate in scene.gates]
    names = [("name", label.rect) for label in scene.labels.values()]
    assert not pairs(inner + names)
    panels = [panel.rect for panel in scene.panels]
    for _, rect in inner + names:
        assert any(
            box.x <= rect.x
            and box.y <= rect.y
            and rect.right <= box.right
            and rect.bottom <= box.bottom
            for box in [box for _, box in boxes] + panels
        )
    for _, rect in boxes + outside:
        assert rect.x >= 0
        assert rect.y >= 0
        assert rect.x + rect.w <= scene.width
        assert rect.y + rect.h <= scene.height


@every_sample
def test_cables_cross_no_link_but_their_own(name: str) -> None:
    scene = placed(name)
    for run, path in scene.runs:
        ends = {id(run.start.slot), id(run.end.slot)}
        for cell, slot in (*scene.bridges, *scene.cells):
            if id(slot) not in ends:
                rect = slot.rect
                inside = Rect(rect.x + 3, rect.y + 3, rect.w - 6, rect.h - 6)
                assert not any(map(inside.holds, trace(path))), f"{run.id} crosses {cell.name}"


@every_sample
def test_cables_end_where_the_links_are(name: str) -> None:
    scene = placed(name)
    for run, path in scene.runs:
        for end, point in ((run.start, path[0]), (run.end, path[-1])):
            rect = end.slot.rect
            assert rect.holds(point)
            assert not Rect(rect.x + 1, rect.y + 1, rect.w - 2, rect.h - 2).holds(point)


@every_sample
def test_text_stays_inside(name: str) -> None:
    picture = Picture(SAMPLES[name])
    root = ET.fromstring(picture.svg)
    total = float(root.get("width") or 0)
    for element in root.iter(f"{SVG}text"):
        classes = element.get("class") or ""
        wide = width(element.text or "", 12, code="code" in classes)
        left = float(element.get("x") or 0)
        left -= wide if "end" in classes else wide / 2 if "middle" in classes else 0
        assert left >= 0
        assert left + wide <= total


@pytest.mark.parametrize("name", ["article", "twelve", "repaired"])
def test_a_star_has_straight_cables(name: str) -> None:
    for run, path in placed(name).runs:
        if run.cable:
            assert path[0][0] == path[-1][0] or path[0][1] == path[-1][1]


def test_namespaces_are_below_the_host_in_their_order() -> None:
    scene = place(compose(sample.star(3)))
    boxes = scene.boxes
    host = boxes[0][2]
    assert all(rect.y > host.y + host.h for _, _, rect in boxes[1:])
    lefts = [rect.x for _, _, rect in boxes[1:]]
    assert lefts == sorted(lefts)
    assert all(rect.y + rect.h < host.y for _, rect in scene.scenery)


# A diff.


def test_marks_do_not_need_colour() -> None:
    shown = written(Picture(SAMPLES["bridge-diff"]).svg)
    assert "new" in shown.splitlines()
    gone = Picture(SAMPLES["gone-diff"])
    assert "gone" in written(gone.svg).splitlines()
    assert "cable gone" not in written(gone.svg), "it went with the namespace, which says so"
    assert "lxcbr0.1" in written(gone.svg), "what is gone is still shown"
    assert "nslab-struck" in gone.svg
    assert "nslab-gone" in gone.svg
    moved = written(Picture(SAMPLES["moved-diff"]).svg).splitlines()
    assert "was veth-ns1 in host" in moved
    assert "attached" in moved, "it stands at its bridge"
    assert moved.count("+") >= 3
    repaired = written(Picture(SAMPLES["repaired-diff"]).svg)
    assert "down → up" in repaired
    assert "no-carrier → up" in repaired
    assert "off → on" in repaired


def test_a_snapshot_has_no_marks() -> None:
    svg = Picture(sample.article()).svg
    body = svg[svg.index("</style>") :]
    assert not re.search(r"nslab-(new|changed|gone|halo|told)", body)


def marked(svg: str) -> set[str]:
    """The links that do not step back."""
    root = ET.fromstring(svg)
    links = [element for element in root.iter() if element.get("data-link")]
    return {e.get("data-link") or "" for e in links if "nslab-same" not in (e.get("class") or "")}


def test_what_did_not_change_steps_back() -> None:
    assert marked(Picture(SAMPLES["bridge-diff"]).html) == {"host/lxcbr0"}
    everything = {"host/eth0", "host/lxcbr0", "host/lxcbr0.1", "ns1/eth0"}
    assert marked(Picture(sample.article()).html) == everything
    changed = marked(Picture(SAMPLES["repaired-diff"]).html)
    assert changed == everything - {"host/eth0"}


# Many namespaces.


def test_a_hundred_are_drawn_and_more_are_summed_up() -> None:
    assert "more" not in Picture(sample.star(100)).text
    picture = Picture(sample.star(101))
    for form in (written(picture.svg), picture.text, picture.dot):
        assert "… and 61 more like ns1" in form
        assert "ns40" in form
        assert "ns41" not in form
    assert "…" in written(picture.svg).splitlines(), "ports of the bridge, too"


def test_what_changed_is_drawn_before_anything_else() -> None:
    picture = Picture(compare(sample.star(110), sample.star(111)))
    assert "+ ns111 (namespace)" in picture.text
    assert "ns111" in written(picture.svg)
    assert "… and 71 more like ns1" in picture.text
    everything = Picture(compare(sample.fresh(), sample.star(110)))
    assert "70 more like ns1, 70 of them changed" in everything.text


def test_numbers_in_names_count_as_numbers() -> None:
    lines = [line for line in Picture(sample.star(12)).text.splitlines() if line.startswith("ns")]
    assert lines == [f"ns{number} (namespace)" for number in range(1, 13)]
    dense = placed("twelve").panels[0].leaves
    assert [leaf.box.label for leaf in dense] == [f"ns{number}" for number in range(1, 13)]


def test_each_of_many_has_one_line() -> None:
    scene = placed("thirty")
    (panel,) = scene.panels
    assert len(panel.leaves) == 30
    assert panel.title == "30 namespaces on br0 · default via 10.0.0.1"
    for leaf in panel.leaves:
        assert leaf.rect.h <= 24
        assert leaf.socket is not None
        assert leaf.socket.y >= leaf.rect.y
        assert leaf.socket.rect.bottom <= leaf.rect.bottom
    assert scene.height <= 700
    assert Picture(sample.star(100)).placed.height <= 1400


def hue(name: str, *links: str) -> set[int | None]:
    scene = placed(name)
    keys = {label: key for key, label in scene.scene.names.items()}
    return {scene.hues.get(keys[link]) for link in links}


def test_a_network_has_one_hue() -> None:
    assert len(hue("repaired", "host/lxcbr0", "host/lxcbr0.1", "ns1/eth0")) == 1
    assert hue("repaired", "host/eth0") != hue("repaired", "host/lxcbr0")
    assert hue("odd", "host/eth0") == hue("odd", "ns1/mac0"), "a macvlan is where its parent is"
    assert hue("odd", "host/eth0.5") == {None}, "a VLAN without an address is not used yet"
    assert hue("docker", "host/eth0") == hue("docker", "c2/eth0"), "eth0 is a port of docker0"
    assert hue("pair", "host/lxcbr0.1", "host/veth-ns1") == {None}, "a cable that nobody uses"


def wires() -> Snapshot:
    """A host with what has an end that nobody here sees, and with a hub made by nft."""
    hub = Chain(
        name="from-wire",
        hook="ingress",
        devices=("eth0",),
        rules=(Rule(text='ether daddr 02:42:c6:33:64:32 fwd to "peerA"'),),
    )
    forward = Chain(name="forward", type="filter", hook="forward", policy="drop")
    return sample.lab(
        links=(
            sample.loopback(True),
            sample.UPLINK,
            sample.veth("peerA", 5, None),
            sample.link(
                "vx", 6, kind="vxlan", tunnel=Tunnel(number=42, remote="192.0.2.9", dev="eth0")
            ),
            sample.link("dummy0", 7, kind="dummy"),
            sample.link("odd0", 8, kind="neverheardof"),
            sample.link("bond0", 9, "10.0.0.1/24", kind="bond"),
            sample.link("eth1", 10, master="bond0"),
        ),
        rules=Ruleset(
            tables=(
                Table(family="netdev", name="hub", chains=(hub,)),
                Table(family="inet", name="filter", chains=(forward,)),
            )
        ),
    )


def test_every_wire_is_there_with_the_kernels_word_for_it() -> None:
    picture = Picture(wires())
    shown = written(picture.svg).splitlines()
    for words in (
        "vxlan",
        "VNI 42 to 192.0.2.9 over eth0",
        "dummy",
        "leads nowhere",
        "neverheardof",
        "leads out of sight",
        "other end out of sight",
        "part of bond0",
        "nft fwd to peerA",
    ):
        assert words in shown
        assert words in picture.text
    assert 'data-cable="host/eth0 host/peerA"' in picture.svg
    assert picture.placed.cable("host/eth0", "host/peerA")


def test_loose_links_leave_the_cables_straight() -> None:
    star = sample.star(2)
    loose = (sample.link("dummy0", 90, kind="dummy"), sample.link("tap0", 91, kind="tun"))
    host = structs.replace(star.host, links=(*star.host.links, *loose))
    scene = Picture(structs.replace(star, namespaces=(host, *star.namespaces[1:]))).placed
    assert len(scene.cable("ns1/eth0", "host/veth1")) == 2
    assert len(scene.cable("ns2/eth0", "host/veth2")) == 2


def test_a_filter_of_what_is_forwarded_stands_at_the_gate() -> None:
    (gate,) = Picture(wires()).placed.gates
    assert [line.role for line in gate.notes.lines] == ["forwarding", "filter", "policy"]
    assert "forward policy drop" in gate.notes.lines[1].text
    assert [line.words for line in gate.notes.lines[1:]] == [
        "filter: 1 rule",
        "forward policy drop",
    ]


def test_a_namespace_that_has_no_way_out_says_so_where_the_host_forwards() -> None:
    said = "no default route"
    assert said not in Picture(sample.article(repaired=True)).text
    without = sample.article(repaired=True)
    ns1 = structs.replace(without.namespace("ns1"), routes=())
    spaces = tuple(ns1 if ns.label == "ns1" else ns for ns in without)
    assert said in Picture(structs.replace(without, namespaces=spaces)).text
    assert said not in Picture(sample.odd()).text, "it forwards nothing"


def cable(what: Snapshot | Diff, name: str) -> Cable:
    """The cable that ends at the host's link of that name."""
    scene = compose(what)
    box = next(box for box in scene.boxes if box.label == "host")
    cells = [*box.uplinks, *box.others]
    for block in box.bridges:
        cells += [block.bridge, *block.upper, *block.lower]
    (key,) = [cell.key for cell in cells if cell.name == name]
    (found,) = [cable for cable in scene.cables if key in (cable.upper, cable.lower)]
    return found


def test_a_cable_is_alive_when_both_of_its_ends_are() -> None:
    with Lab(engine="fake") as lab:
        lab.do(AddMacvlan("eth0", "m1"))
        assert not cable(lab.snapshot(), "m1").up
        lab.do(SetUp("m1"))
        assert cable(lab.snapshot(), "m1").up
        lab.do(SetDown("eth0"))
        assert not cable(lab.snapshot(), "m1").up


def test_a_cable_is_marked_as_what_happened_to_it() -> None:
    before, after = sample.fresh(), sample.with_pair()
    assert cable(after, "veth-ns1").mark is None
    assert cable(compare(before, after), "veth-ns1").mark == "new"
    assert cable(compare(after, before), "veth-ns1").mark == "gone"


def calls_for(size: int) -> int:
    """The functions that are called to draw the last namespace of a star being added."""
    before, now = sample.star(size - 1), sample.star(size)
    count = 0

    def counted(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(counted)
    try:
        html = Picture(compare(before, now)).html
    finally:
        sys.setprofile(None)
    assert f"ns{size}" in html
    return count


def test_the_work_grows_no_faster_than_the_network() -> None:
    """Counted, not timed: a star of 500 is drawn while somebody waits for it."""
    calls_for(100)  # what is done once is done now
    assert calls_for(500) < 2.5 * calls_for(250)


# Forms.


def test_text_of_a_small_lab() -> None:
    assert (
        Picture(sample.article()).text
        == """\
host (the pseudo-host)
  eth0 up, 198.51.100.10/24 ═ LAN switch
  lxcbr0 bridge, no-carrier, 192.168.10.1/24, STP off
    port lxcbr0.1 down ═ ns1/eth0
  ip_forward = 0
  default via 198.51.100.1 dev eth0
  nameserver 8.8.8.8
ns1 (namespace)
  eth0 no-carrier, 192.168.10.11/24 ═ host/lxcbr0.1
  default via 192.168.10.1 linkdown
  nameserver 8.8.8.8
outside
  LAN machine 198.51.100.20
  LAN switch
  router 198.51.100.1 203.0.113.1
  internet 203.0.113.80 8.8.8.8"""
    )


def test_text_of_a_diff() -> None:
    assert (
        Picture(SAMPLES["repaired-diff"]).text
        == """\
  host (the pseudo-host)
    eth0 up, 198.51.100.10/24 ═ LAN switch
~   lxcbr0 bridge, up, 192.168.10.1/24, STP off
~     no-carrier → up
~     port lxcbr0.1 up ═ ns1/eth0
~       down → up
~   ip_forward = 1
    default via 198.51.100.1 dev eth0
    nameserver 8.8.8.8
+   masquerade 192.168.10.0/24 → eth0
  ns1 (namespace)
~   eth0 up, 192.168.10.11/24 ═ host/lxcbr0.1
~     no-carrier → up
~   default via 192.168.10.1
    nameserver 8.8.8.8
  outside
    LAN switch"""
    )


@every_sample
def test_the_source_is_dot_by_itself(name: str) -> None:
    source = dot_source(SAMPLES[name])
    assert source == Picture(SAMPLES[name]).dot
    answer = graphviz.pipe("dot", "plain", source.encode(), quiet=True).decode()
    assert answer.startswith("graph ")


def test_names_have_room() -> None:
    for name in SAMPLES:
        scene = placed(name)
        for cell, slot in (*scene.bridges, *scene.cells):
            assert slot.w >= 12 + width(clip(cell.name, 24), 12, code=True)


def test_saving(tmp_path: Path) -> None:
    picture = Picture(sample.fresh())
    for suffix, form in ((".svg", picture.svg), (".dot", picture.dot), (".txt", picture.text)):
        path = picture.save(tmp_path / f"lab{suffix}")
        assert path.read_text(encoding="utf-8").rstrip("\n") == form.rstrip("\n")
    with pytest.raises(InvalidInput, match="is not a format it has"):
        picture.save(tmp_path / "lab.pdf")
    with pytest.raises(InvalidInput, match="no suffix"):
        picture.save(tmp_path / "lab")


def test_in_a_notebook() -> None:
    picture = Picture(sample.fresh())
    assert picture._repr_mimebundle_() == {"text/html": picture.output, "text/plain": picture.text}
    assert str(picture) == picture.text


def test_no_program_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    picture = Picture(sample.article())
    assert picture.svg.startswith("<svg")
    assert set(picture._repr_mimebundle_()) == {"text/html", "text/plain"}
    assert picture.dot


def test_clip() -> None:
    assert clip("short", 10) == "short"
    assert clip("a" * 10 + "b" * 10, 10) == "aaaaaa…bbb"
    assert len(clip("x" * 300, 24)) == 24


def several_ways(count: int) -> Picture:
    """Two namespaces with so many cables of one network each."""
    with Lab(engine="fake") as lab:
        lab.do(AddNamespace("client"), AddNamespace("server"), watch=False)
        for n in range(1, count + 1):
            lab.do(
                AddVeth(f"w{n}", f"w{n}", ns="client", peer_ns="server"),
                AddAddress(f"w{n}", f"10.0.{n}.1/24", ns="client"),
                AddAddress(f"w{n}", f"10.0.{n}.2/24", ns="server"),
                watch=False,
            )
        return Picture(lab.snapshot())


def test_several_ways_between_two_are_told_apart() -> None:
    assert several_ways(2).placed.key == []
    picture = several_ways(8)
    rows = [row for row, _ in picture.placed.key]
    assert [row.text for row in rows] == [
        f"10.0.{n}.0/24 · client/w{n} – server/w{n}" for n in range(1, 9)
    ]
    # More networks than hues: then it is the style of the line that differs.
    assert len({row.hue for row in rows}) == 8
    assert len({row.hue % HUES for row in rows}) == HUES - 1
    root = ET.fromstring(picture.html)
    beaded = [e for e in root.iter() if e.get("class") == "nslab-cable nslab-beads-1"]
    assert len(beaded) == 2 * 2, "two cables, and their lines in the key"


def test_six_networks_beside_that_of_the_hosts_card_have_a_hue_each() -> None:
    """So many has lesson 15; its sixth was blue, as the first."""
    rows = [row for row, _ in several_ways(6).placed.key]
    assert len({row.hue % HUES for row in rows}) == 6
    assert "nslab-beads" not in several_ways(6).html


def test_a_key_is_in_the_order_of_addresses_and_names_all_of_a_wire() -> None:
    """Lesson 15 said 10.25.0.0/24 of a wire of which one end is in 10.35.0.0/24."""
    with Lab(engine="fake") as lab:
        lab.do(AddNamespace("client"), AddNamespace("server"), watch=False)
        for name, near, far in (("a", 30, 30), ("b", 4, 4), ("c", 12, 11), ("d", 0, 0)):
            lab.do(AddVeth(name, name, ns="client", peer_ns="server"), watch=False)
            for net, ns in ((near, "client"), (far, "server")):
                if net:
                    lab.do(AddAddress(name, f"10.{net}.0.1/24", ns=ns), watch=False)
        rows = [row.text.partition(" · ") for row, _ in lab.picture.placed.key]
    assert [first for first, *_ in rows if first.startswith("10.")] == [
        "10.4.0.0/24",
        "10.11.0.0/24, 10.12.0.0/24",
        "10.30.0.0/24",
    ]


def test_no_cable_runs_out_of_the_picture() -> None:
    placed = Picture(two_bridges(6)).placed
    points = [point for _, path in placed.runs for point in path]
    assert all(placed.left < x < placed.width and 0 < y < placed.height for x, y in points)


def tunnelled(**right: object) -> Picture:
    """Two namespaces, each with an end of a vxlan; ``right`` is what differs at one of them."""
    snapshot = two_sites()
    spaces = []
    for namespace in snapshot:
        if namespace.label in ("left", "right"):
            to = {"left": "10.2.0.2", "right": "10.1.0.2"}[namespace.label]
            tunnel = Tunnel(number=42, remote=to, dev="eth0")
            if namespace.label == "right":
                tunnel = structs.replace(tunnel, **right)
            vx0 = Link("vx0", 90, kind="vxlan", up=True, carrier=True, tunnel=tunnel)
            namespace = structs.replace(namespace, links=(*namespace.links, vx0))
        spaces.append(namespace)
    return Picture(structs.replace(snapshot, namespaces=tuple(spaces)))


def test_the_two_ends_of_a_tunnel_are_joined() -> None:
    picture = tunnelled()
    assert picture.placed.cable("left/vx0", "right/vx0")
    assert "vx0 vxlan, up, VNI 42 to 10.2.0.2 over eth0 ┄ right/vx0" in picture.text
    assert "nslab-tunnel" in picture.html
    rects = {box.label: rect for box, _, rect in picture.placed.boxes}
    assert rects["left"].y == rects["right"].y, "none of the two is above the other"
    # One that answers elsewhere is the far end all the same; another number is another network.
    assert tunnelled(remote="192.0.2.1").placed.cable("left/vx0", "right/vx0")
    for other in (tunnelled(number=43), tunnelled(port=8472)):
        assert not other.placed.cable("left/vx0", "right/vx0")
        assert "nslab-tunnel" not in other.html


def test_emulated_cards_on_one_hub_are_plugged_into_each_other() -> None:
    fresh = sample.fresh()
    spaces = []
    for namespace in fresh:
        card = {"host": "nic0", "lan": "nic1"}.get(namespace.label)
        if card:
            link = Link(card, 91, up=True, carrier=True)
            namespace = structs.replace(namespace, links=(*namespace.links, link))
        spaces.append(namespace)
    picture = Picture(structs.replace(fresh, namespaces=tuple(spaces)))
    assert picture.placed.cable("host/nic0", "lan/nic1")
    assert "nic0 up ═ LAN machine" in picture.text
    assert "nic1" in picture.html


def routers(*cables: tuple[str, str]) -> dict[str, Rect]:
    """Where namespaces stand that are joined so, and by nothing to the host."""
    with Lab(engine="fake") as lab:
        spaces = sorted({end for cable in cables for end in cable})
        lab.do(*map(AddNamespace, spaces), watch=False)
        for one, other in cables:
            lab.do(
                AddVeth(f"to-{other}", f"to-{one}", ns=one, peer_ns=other, up=True),
                SetUp(f"to-{one}", ns=other),
                watch=False,
            )
        return {box.label: rect for box, _, rect in Picture(lab.snapshot()).placed.boxes}


def rows(boxes: dict[str, Rect]) -> list[str]:
    found: dict[int, list[str]] = {}
    for label, rect in boxes.items():
        if label != "host":
            found.setdefault(rect.y, []).append(label)
    return [" ".join(sorted(found[y])) for y in sorted(found)]


def test_networks_apart_from_the_host_stand_around_their_middle() -> None:
    """A name says nothing about what is above what."""
    tree = [("core", "d1"), ("core", "d2"), ("d1", "a1"), ("d2", "a2")]
    assert rows(routers(*tree)) == ["core", "d1 d2", "a1 a2"]
    line = [("h1", "r1"), ("r1", "r2"), ("r2", "r3"), ("r3", "h2")]
    assert rows(routers(*line)) == ["r2", "r1 r3", "h1 h2"]
    ring = [(f"r{n}", f"r{n % 6 + 1}") for n in range(1, 7)]
    assert rows(routers(*ring)) == ["r1", "r2 r6", "r3 r5", "r4"]
