"""Pictures of lessons fit into a narrow cell, and each thing in them is said once, and whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations, pairwise
from pathlib import Path

import pytest
import snapshots as sample
from msgspec import structs
from spoken import printed
from test_draw_cables import second_nic
from test_draw_calm import ARTICLE, DOCKER, pictures
from test_draw_changes import written
from test_draw_room import FIRST, host, space

import nslab.jupyter.widgets
from nslab import (
    AddAddress,
    AddBridge,
    AddContainer,
    AddNamespace,
    AddRoute,
    AddVeth,
    Attach,
    DeleteAddress,
    DeleteNamespace,
    Detach,
    Lab,
    Masquerade,
    Move,
    SetPromiscuous,
    SetUp,
)
from nslab.course.measure import OUT
from nslab.draw import Picture
from nslab.draw.layout.boxes import Rect
from nslab.draw.layout.place import Placed
from nslab.draw.paint.cell import least
from nslab.draw.paint.svg import texts
from nslab.draw.paint.tables import stations, timeline
from nslab.network.actions import Action
from nslab.network.diff import compare
from nslab.network.model import Link, Peer, PortVlan, Snapshot, Tunnel

CELL = 524
"""Pixels that JupyterLab has for an output in a window of 640, which a zoom of 200 % leaves."""

CONTAINERS: Sequence[Action] = (
    AddBridge("docker0"),
    AddAddress("docker0", "172.17.0.1/16"),
    SetUp("docker0"),
    Masquerade("172.17.0.0/16", out="eth0"),
    *(
        action
        for number, name in ((2, "app"), (3, "db"))
        for action in (
            AddContainer(name),
            AddVeth(f"veth{name}0123", "eth0", peer_ns=name, master="docker0", up=True),
            AddAddress("eth0", f"172.17.0.{number}/16", ns=name),
            SetUp("eth0", ns=name),
            AddRoute("default", via="172.17.0.1", ns=name),
        )
    ),
)
SECOND_CARD: dict[str, Sequence[Action]] = {
    "two containers": CONTAINERS,
    "a pair": [AddVeth("peerA", "peerB")],
    "a port": [DOCKER["addif"][0]],
    "up": [SetUp("peerA")],
    "moved": [Move("peerB", "app")],
    "its address": [AddAddress("peerB", "198.51.100.50/24", ns="app"), SetUp("peerB", ns="app")],
}
STEPS = {"article": dict(list(ARTICLE.items())[:16]), "docker": DOCKER, "second card": SECOND_CARD}


def wide(placed: Placed) -> int:
    return placed.width - placed.left


@pytest.mark.parametrize("steps", STEPS)
def test_each_picture_of_a_lesson_fits_into_a_narrow_cell(steps: str) -> None:
    with Lab(engine="fake") as lab:
        for name, picture in pictures(lab, STEPS[steps]):
            assert least(wide(picture.placed)) <= CELL, name


def test_notes_stand_below_two_cards_that_leave_no_room_beside_them() -> None:
    placed = Picture(second_nic()).placed
    assert least(wide(placed)) <= CELL
    ((_, notes, _),) = [each for each in placed.notes if each[2].label == "host"]
    cards = [slot.rect for cell, slot in placed.cells if cell.name in {"eth0", "nic0"}]
    assert len(cards) == 2
    assert all(card.bottom <= notes.y for card in cards)
    (gate,) = placed.gates
    assert not notes.overlaps(Rect(gate.rect.x, gate.rect.y, 24, placed.height)), "its line is free"


def test_the_sign_for_forwarding_leads_to_what_has_an_address_and_to_nothing_else() -> None:
    """The kernel does not forward what a bridge without an address takes in."""
    bridge = (AddBridge("br0"), SetUp("br0"))
    with Lab(engine="fake") as lab:
        lab.do(*bridge, watch=False)
        (without,) = lab.picture.placed.gates
        lab.do(AddAddress("br0", "10.0.0.1/24"), watch=False)
        (there,) = lab.picture.placed.gates
        addressed = lab.snapshot()
        lab.do(DeleteAddress("eth0", "198.51.100.10/24"), watch=False)
        (lost,) = lab.picture.placed.gates
        (told,) = Picture(compare(addressed, lab.snapshot())).placed.gates
    assert without.above is not None
    assert without.below is None
    assert there.above is not None
    assert there.below is not None
    assert lost.above is None
    assert told.above is None, "an address that is gone is none"


def test_a_row_that_goes_on_is_indented() -> None:
    snapshot = sample.article(repaired=True)
    rules = sample.nat("masquerade", source="192.168.100.128/25", out="eth0")
    host = structs.replace(snapshot.host, rules=rules)
    long = structs.replace(snapshot, namespaces=(host, *snapshot.namespaces[1:]))
    found = re.findall(r'<text class="[^"]*" x="(\d+)" y="\d+">([^<]*)', Picture(long).svg)
    places = {text: int(x) for x, text in found}
    assert places["→ eth0"] > places["masquerade 192.168.100.128/25"]
    assert "default via 198.51.100.1 dev eth0" in places, "what has room is in one row"


def test_two_columns_of_facts_are_not_read_as_one_sentence() -> None:
    """Words beside the sign for forwarding have a gutter between, or stand in other lines."""
    fresh, mended = sample.article(), sample.article(repaired=True)
    for what in (fresh, mended, compare(fresh, mended), compare(mended, fresh)):
        found = texts(Picture(what).placed)
        gate = [rect for said, rect in found if said in {"on", "off", "off → on", "on → off"}]
        for rect in gate:
            for said, other in found:
                if other.x > rect.right and rect.y < other.bottom and other.y < rect.bottom:
                    assert other.x - rect.right >= 16, said


def test_a_picture_stands_in_the_middle_of_a_wide_cell() -> None:
    charts = (stations("br0", [("port1", ["a"])]), timeline("port1", [("listening", 0.0)], 2.0))
    for shown in (Picture(sample.fresh()).output, *charts):
        assert re.match(r'<div style="[^"]*text-align:center', shown)
    page = (Path(nslab.jupyter.widgets.__file__).parent / "page.css").read_text()
    for rule in (
        r"\.nslab-still \{([^}]*)\}",
        r":not\(\.nslab-drawn \*[^{]*\{([^}]*)\}",
        r":is\(\.nslab-drawn, \.nslab-journey\) svg[^{]*\{([^}]*)\}",
    ):
        found = re.search(rule, page)
        assert found
        assert "0 auto" in found[1], "where a script gives it a frame, and in a widget"


def crossed(placed: Placed) -> list[tuple[str, str]]:
    """The lines of which one passes over the other."""
    return [
        (one.id, other.id)
        for (one, a), (other, b) in combinations(placed.runs, 2)
        if any(meet(each, line) for each in pairwise(a) for line in pairwise(b))
    ]


def crossings(placed: Placed) -> list[tuple[str, str]]:
    """The cables of one hue of which one passes over the other."""
    found = []
    for (one, a), (other, b) in combinations(placed.runs, 2):
        if one.cable and other.cable:
            hues = {placed.hues.get(run.cable.lower) for run in (one, other) if run.cable}
            crossed = any(
                meet(each, line) for each in pairwise(a) for line in pairwise(b) if len(hues) == 1
            )
            if crossed:
                found.append((one.id, other.id))
    return found


def meet(one: tuple[tuple[int, int], ...], other: tuple[tuple[int, int], ...]) -> bool:
    (ax, ay), (bx, by) = one
    (cx, cy), (dx, _) = other
    if (ax == bx) == (cx == dx):
        return False
    if ax != bx:
        return meet(other, one)
    return min(cx, dx) < ax < max(cx, dx) and min(ay, by) < cy < max(ay, by)


def test_no_two_cables_of_a_bridge_cross_when_a_container_gets_a_second_card() -> None:
    with Lab(engine="fake") as lab:
        for name, picture in pictures(lab, SECOND_CARD):
            assert crossings(picture.placed) == [], name


def test_the_states_of_a_port_fit() -> None:
    states = [("listening", 0.0), ("learning", 2.1), ("forwarding", 4.0)]
    for total in (4.1, 31.0):
        found = re.search(r'viewBox="0 0 (\d+)', timeline("port1", states, total))
        assert found
        assert least(int(found[1])) <= CELL


# -- several side by side --------------------------------------------------------------------------


def star(count: int) -> list[Action]:
    """Namespaces on one bridge, each with its default route."""
    actions: list[Action] = [AddBridge("br0"), AddAddress("br0", "10.0.0.254/24"), SetUp("br0")]
    for number in range(1, count + 1):
        ns = f"ns{number}"
        actions += [
            AddNamespace(ns),
            AddVeth(f"v{number}", "eth0", peer_ns=ns, master="br0", up=True),
            AddAddress("eth0", f"10.0.0.{number}/24", ns=ns),
            SetUp("eth0", ns=ns),
            AddRoute("default", via="10.0.0.254", ns=ns),
        ]
    return actions


def routed(count: int) -> list[Action]:
    """Namespaces that are joined by a router of their own, and by nothing to the host."""
    actions: list[Action] = [AddNamespace("r")]
    for number in range(1, count + 1):
        ns = f"ns{number}"
        actions += [
            AddNamespace(ns),
            AddVeth(f"to{number}", "eth0", ns="r", peer_ns=ns, up=True),
            AddAddress(f"to{number}", f"10.0.{number}.254/24", ns="r"),
            AddAddress("eth0", f"10.0.{number}.2/24", ns=ns),
            SetUp("eth0", ns=ns),
            AddRoute("default", via=f"10.0.{number}.254", ns=ns),
        ]
    return actions


def floors() -> list[Action]:
    """Three namespaces on two bridges."""
    second: list[Action] = [AddBridge("br1"), SetUp("br1"), Detach("v3"), Attach("v3", "br1")]
    return [*star(3), *second]


ASIDE = {"star of 3": star(3), "star of 4": star(4), "router of 3": routed(3), "two": floors()}


@pytest.mark.parametrize("name", ASIDE)
def test_several_namespaces_stand_in_rows_that_fit_and_no_cable_crosses(name: str) -> None:
    with Lab(engine="fake") as lab:
        lab.do(*ASIDE[name], watch=False)
        placed = lab.picture.placed
    assert least(wide(placed)) <= CELL
    assert crossed(placed) == []


def test_a_namespace_with_many_links_that_lead_up_has_them_in_rows() -> None:
    with Lab(engine="fake") as lab:
        lab.do(*OUT, watch=False)
        placed = lab.picture.placed
    assert least(wide(placed)) <= CELL
    links = [slot.rect for cell, slot in placed.cells if placed.scene.names[cell.key][:3] != "hos"]
    assert all(not one.overlaps(other) for one, other in combinations(links, 2))
    for gate in placed.gates:
        line = Rect(gate.rect.x + 12, gate.above or 0, 1, gate.rect.y - (gate.above or 0))
        assert not any(map(line.overlaps, links)), "the line to the sign for forwarding is free"


def test_who_was_in_a_row_stays_there_and_who_is_new_takes_what_is_free() -> None:
    def rows() -> dict[str, int]:
        boxes = {box.label: rect.y for box, _, rect in lab.picture.placed.boxes}
        tops = sorted(set(boxes.values()))
        return {label: tops.index(y) for label, y in boxes.items() if label != "host"}

    with Lab(engine="fake") as lab:
        lab.do(*star(3))
        assert rows() == {"ns1": 1, "ns2": 1, "ns3": 2}
        lab.do(DeleteNamespace("ns1"))
        assert rows() == {"ns2": 1, "ns3": 2}
        lab.do(AddNamespace("a"))
        assert rows() == {"a": 1, "ns2": 1, "ns3": 2}


def test_what_is_new_makes_no_picture_too_wide() -> None:
    with Lab(engine="fake") as lab:
        lab.do(*star(2))
        for number in (3, 4):
            picture = lab.do(*star(4)[3 + 5 * (number - 1) : 3 + 5 * number]).picture
            assert picture
            assert least(wide(picture.placed)) <= CELL
            assert "new" in written(picture.svg), "it is said all the same"


def test_many_in_one_line_each_fit_as_long_as_they_are_not_too_high() -> None:
    wides = {count: wide(Picture(sample.star(count)).placed) for count in (5, 20, 90)}
    assert [least(wides[count]) <= CELL for count in wides] == [True, True, False]


# -- new and gone on one link ----------------------------------------------------------------------


def macs(*names: str) -> Snapshot:
    """Macvlans on eth0, each in a namespace of its own."""
    on_eth0 = Peer(namespace=sample.HOST, name="eth0", index=2)
    spaces = []
    for number, label in enumerate(("app", "db")):
        links = [
            sample.link(name, 10 + place, f"198.51.100.5{place}/24", kind="macvlan", peer=on_eth0)
            for place, name in enumerate(names)
            if name.startswith(label)
        ]
        spaces.append(space(number, *links, label=label))
    return sample.lab(*spaces)


def halos(svg: str) -> dict[str, list[str]]:
    """What is around cables, by how they changed."""
    found: dict[str, list[str]] = {}
    for mark, path in re.findall(r'class="nslab-under nslab-halo-(\w+)" d="([^"]*)"', svg):
        found.setdefault(mark, []).append(path)
    return found


def test_new_and_gone_on_one_link_are_apart() -> None:
    before, after = macs("app-old", "db-old"), macs("db-new")
    placed = Picture(compare(before, after)).placed
    lines: dict[str, list[tuple[tuple[int, int], ...]]] = {"new": [], "gone": []}
    for run, path in placed.runs:
        if run.cable and run.cable.mark in lines:
            lines[run.cable.mark] += pairwise(path)
    assert lines["new"]
    assert lines["gone"]
    around = 9
    for (ax, ay), (bx, by) in lines["new"]:
        for (cx, cy), (dx, dy) in lines["gone"]:
            if (
                ax == bx
                and cx == dx
                and max(min(ay, by), min(cy, dy)) < min(max(ay, by), max(cy, dy))
            ):
                assert abs(ax - cx) > around, "one halo would lie on the other"


def test_the_wires_of_new_links_have_no_halo_of_their_own() -> None:
    """They lie on each other in part, and the links say it."""
    svg = Picture(compare(macs(), macs("app-new", "db-new"))).svg
    assert halos(svg) == {}
    assert svg.count('class="nslab-cell nslab-halo nslab-halo-new"') == 2


# -- said once, and whole --------------------------------------------------------------------------


def test_a_promiscuous_card_that_becomes_a_port_has_not_ceased_to_be_so() -> None:
    """In lesson 10 the word was gone without a mark: the bridge made it so in the same step."""
    plugged = [AddBridge("br0"), SetPromiscuous("eth0", True)]
    with Lab(engine="fake") as lab:
        lab.do(*plugged, watch=False)
        before = lab.snapshot()
        lab.do(SetPromiscuous("eth0", False), Attach("eth0", "br0"), watch=False)
        after = lab.snapshot()
        lab.do(AddVeth("v0", "v1", master="br0"), watch=False)
        later = lab.snapshot()
    assert written(Picture(compare(before, after)).svg).count("promiscuous") == 1
    assert "promiscuous" not in written(Picture(compare(after, later)).svg), "of a port, not said"


def test_that_a_card_is_promiscuous_is_said_once() -> None:
    with Lab(engine="fake") as lab:
        on = lab.do(SetPromiscuous("eth0", on=True)).picture
        now, off = lab.picture, lab.do(SetPromiscuous("eth0", on=False)).picture
    assert on
    assert off
    for picture, mark in ((on, "new"), (off, "gone")):
        said = [words for words in written(picture.svg) if "promiscu" in words]
        assert said == ["promiscuous"]
        assert (
            f"nslab-told-{mark}" in re.findall(r"<text class=.([^>]*)>promiscuous<", picture.svg)[0]
        )
        assert picture.text.count("promiscu") == 1
    assert written(now.svg).count("promiscuous") == 1


def tunnelled(remote: str) -> Picture:
    tunnel = Tunnel(number=16777215, remote=remote, dev="a-long-name-eth")
    return Picture(
        sample.lab(space(0, Link("vx0", 9, kind="vxlan", up=True, carrier=True, tunnel=tunnel)))
    )


@pytest.mark.parametrize("remote", ["203.0.113.180", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"])
def test_where_a_tunnel_leads_is_not_cut(remote: str) -> None:
    picture = tunnelled(remote)
    said = " ".join(written(picture.svg))
    assert f"VNI 16777215 to {remote} over a-long-name-eth" in said
    assert "…" not in said
    assert least(wide(picture.placed)) <= CELL
    assert f"VNI 16777215 to {remote} over a-long-name-eth" in picture.text


# -- VLANs at the ports where they act -------------------------------------------------------------

VLANS = (PortVlan(vlan=10, pvid=True, untagged=True), PortVlan(vlan=20), PortVlan(vlan=30))


@pytest.mark.parametrize(
    ("vlans", "marks"),
    [
        (VLANS, ["pvid 10", "tagged 20,30"]),
        (VLANS[:1], ["pvid 10"]),
        ((PortVlan(vlan=10, pvid=True),), ["pvid 10", "tagged 10"]),
        ((PortVlan(vlan=5, untagged=True), *VLANS[:1]), ["pvid 10", "untagged 5,10"]),
        ((), ["no VLAN"]),
    ],
)
def test_a_port_says_in_short_which_vlans_it_carries(
    vlans: tuple[PortVlan, ...], marks: list[str]
) -> None:
    picture = Picture(filtering(vlans))
    (rect,) = [slot.rect for cell, slot in picture.placed.cells if cell.name == "v0"]
    places = [
        (text, int(x), int(y))
        for x, y, text in re.findall(r'x="(\d+)" y="(\d+)">([^<]*)</text>', picture.svg)
    ]
    assert [text for text, x, y in places if rect.holds((x, y)) and text != "v0"] == marks


def filtering(vlans: tuple[PortVlan, ...]) -> Snapshot:
    """A bridge that filters VLANs, with one port."""
    br0 = sample.bridge("br0", 3)
    assert br0.bridge
    br0 = structs.replace(br0, bridge=structs.replace(br0.bridge, vlan_filtering=True))
    port = sample.veth("v0", 4, (FIRST, "eth0", 2), master="br0")
    assert port.port
    port = structs.replace(port, port=structs.replace(port.port, vlans=vlans))
    return sample.lab(space(0, sample.veth("eth0", 2, (sample.HOST, "v0", 4))), **host(br0, port))


def switched(vlans: tuple[PortVlan, ...]) -> Snapshot:
    """The LAN's switch filters: one of its ports carries these, the others VLAN 1."""
    snapshot = sample.fresh()
    (switch,) = [each for each in snapshot.namespaces if each.inode == sample.SWITCH]
    one = (PortVlan(vlan=1, pvid=True, untagged=True),)
    links = []
    for link in switch.links:
        if link.port:
            own = vlans if link.name == ports(switch.links)[0] else one
            link = structs.replace(link, port=structs.replace(link.port, vlans=own))
        if link.bridge:
            link = structs.replace(link, bridge=structs.replace(link.bridge, vlan_filtering=True))
        links.append(link)
    spaces = [
        structs.replace(each, links=tuple(links)) if each is switch else each
        for each in snapshot.namespaces
    ]
    return structs.replace(snapshot, namespaces=tuple(spaces))


def ports(links: Sequence[Link]) -> list[str]:
    return [link.name for link in links if link.port]


def test_the_lans_switch_says_it_of_each_of_its_ports() -> None:
    picture = Picture(switched(VLANS))
    (switch,) = [thing for thing, _ in picture.placed.scenery if thing.label == "switch"]
    first, *others = [port.name for port in switch.ports]
    assert others
    lines = written(picture.svg)
    lines = lines[lines.index("LAN switch") :]
    at = lines.index(first)
    assert lines[at : at + 3] == [first, "pvid 10", "tagged 20,30"]
    for name in others:
        assert lines[lines.index(name) + 1] == "pvid 1"
    assert f"    port {first}: VLAN 10 untagged, 20 and 30 tagged" in picture.text
    assert f"{first}: VLAN 10 untagged, 20 and 30 tagged" in picture.html.split("<desc>")[1]
    assert least(wide(picture.placed)) <= CELL
    assert not [port for thing, _ in Picture(sample.fresh()).placed.scenery for port in thing.ports]


def test_a_change_of_them_is_marked_at_the_port() -> None:
    picture = Picture(compare(filtering(VLANS[:1]), filtering(VLANS)))
    marked = re.findall(r'<text class="[^"]*nslab-told-changed"[^>]*>([^<]*)', picture.svg)
    assert marked == ["pvid 10", "tagged 20,30"], "and no long line beside them"
    assert "~       VLAN 10 untagged → VLAN 10 untagged, 20 and 30 tagged" in picture.text


def test_what_came_is_marked_in_the_lans_switch_too() -> None:
    """Also as it begins to filter: then VLAN 1 is what the kernel gives to each port."""
    before, after = switched(VLANS[:1]), switched(VLANS)
    for was, new in ((before, ["tagged 20,30"]), (sample.fresh(), ["pvid 10", "tagged 20,30"])):
        picture = Picture(compare(was, after))
        lines = written(picture.svg)
        assert [lines[n + 1] for n, words in enumerate(lines) if words == "+"] == new
        assert len(re.findall(r'nslab-told-new"[^>]*>\w', picture.svg)) == len(new)
        gone = re.findall(r'nslab-told-gone"[^>]*>(\w[^<]*)', picture.svg)
        assert gone == (["pvid 1"] if was is not before else [])
        assert wide(picture.placed) == wide(Picture(after).placed) <= 576, "nothing moves for it"
        first = ports(sample.fresh().namespace("switch").links)[0]
        assert f"~     port {first}: VLAN 10 untagged, 20 and 30 tagged" in picture.text
    assert "+" not in written(Picture(compare(after, after)).svg)


def test_what_a_port_of_the_lans_switch_carries_no_longer_is_said_above_the_rest() -> None:
    """Of a list that became shorter the rest is not new."""
    picture = Picture(compare(switched(VLANS), switched(VLANS[:2])))
    (gone,) = re.findall(r'nslab-told-gone"[^>]*>(\w[^<]*)', picture.svg)
    assert gone == "tagged 30"
    assert "nslab-told-new" not in picture.svg.partition("</style>")[2]
    lines = written(picture.svg)
    assert lines.index("pvid 10") < lines.index("tagged 30") < lines.index("tagged 20")


def test_a_second_row_of_a_port_is_no_port() -> None:
    """What a port carries ends at the right; a line stands between one port and the next."""
    picture = Picture(switched(VLANS))
    (rect,) = [rect for thing, rect in picture.placed.scenery if thing.label == "switch"]
    names = ports(sample.fresh().namespace("switch").links)
    group = picture.svg.partition('data-world="switch"')[2].partition("</g>")[0]
    drawn = re.findall(r'<text class="([^"]*)" x="(\d+)" y="(\d+)">([^<]*)', group)
    rows = {said: (classes, int(x), int(y)) for classes, x, y, said in drawn}
    for said in ("pvid 10", "tagged 20,30"):
        assert "nslab-end" in rows[said][0]
        assert rows[said][1] == rect.right - 10
    between = [int(y) for y in re.findall(r'nslab-between" d="M\d+ (\d+)H', picture.svg)]
    tops = sorted(rows[name][2] for name in names)
    assert len(between) == len(names) - 1
    baselines = sorted({y for _, _, y in rows.values()})
    for line, top in zip(between, tops[1:], strict=True):
        above = max(y for y in baselines if y < top)
        assert above + 3 + 3 <= line <= top - 9 - 3, "letters and line have air between"


GERMAN = """
import sys
sys.path.insert(0, {here!r})
from test_draw_narrow import VLANS, filtering, switched
from nslab.draw import Picture
from nslab.jupyter.widgets.picture_words import drawn
print(drawn(Picture(switched(VLANS))))
print(drawn(Picture(filtering(VLANS))))
"""


def test_in_german_it_is_described_in_german() -> None:
    page = printed(GERMAN.format(here=str(Path(__file__).parent)))
    assert page.count("VLAN 10 ohne Tag, 20 und 30 mit Tag") >= 4, "the text, and where you point"
    assert "tagged 20,30</text>" in page, "the kernel's words stay"
    assert "untagged, 20" not in page
    assert ">Pseudo-Host</text>" in page
