"""Pictures of changes: on the same stage as those of all there is, and easy to be found."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
import snapshots as sample
from boxes import dots, lines
from msgspec import structs
from test_draw_room import two_bridges

from nslab import (
    Action,
    AddAddress,
    AddBridge,
    AddMacvlan,
    AddNamespace,
    AddVeth,
    Attach,
    DeleteLink,
    Lab,
    Move,
    Rename,
    ResolvConf,
    SetBridge,
    SetDown,
    SetPromiscuous,
    SetUp,
)
from nslab.draw import Memory, Picture
from nslab.draw.layout.boxes import LEAD, NAME, TEXT, Rect
from nslab.draw.layout.place import Placed
from nslab.draw.paint.icons import ICONS
from nslab.network.diff import compare
from nslab.network.diff.switches import USUAL_RULES
from nslab.network.model import PolicyRule, Route, Snapshot
from nslab.network.rules import Chain, Rule, Ruleset, Statement, Table

SVG = "{http://www.w3.org/2000/svg}"


def before_and_after(*steps: Sequence[Action]) -> tuple[Snapshot, Snapshot]:
    """A network without its last step, and with it."""
    with Lab(engine="fake") as lab:
        found = [lab.snapshot()]
        for step in steps:
            lab.do(*step)
            found.append(lab.snapshot())
    return found[-2], found[-1]


def written(svg: str) -> list[str]:
    """The lines that can be read in a picture, each part of one for itself."""
    texts = ET.fromstring(svg).iter(f"{SVG}text")
    return [each.text for text in texts for each in text.iter() if each.text]


def right_of_the_world(placed: Placed) -> int:
    return max(rect.right for _, rect in placed.scenery)


@pytest.mark.parametrize("steps", [1, 2])
def test_host_and_world_end_at_one_edge_whatever_changes(steps: int) -> None:
    """No corner is left empty: neither beside the host, nor where the world was left out."""
    built = [[AddBridge("br0"), SetUp("br0")], [AddNamespace("ns1")]][:steps]
    before, after = before_and_after(*built)
    whole, changes = Picture(after).placed, Picture(compare(before, after)).placed
    for placed in (whole, changes):
        (_, _, host), *_ = placed.boxes
        assert host.right == right_of_the_world(placed)
        (bridge,) = (slot for cell, slot in placed.bridges if cell.name == "br0")
        assert host.right - bridge.rect.right == bridge.rect.x - host.x
    assert [thing.label for thing, _ in changes.scenery] == ["lan", "switch", "router", "internet"]
    assert whole.width == changes.width


def test_a_host_with_two_bridges_ends_where_its_namespaces_do() -> None:
    placed = Picture(two_bridges(3)).placed
    (_, _, host), *others = placed.boxes
    assert host.right == max(rect.right for _, _, rect in others)
    first, last = sorted((slot.rect for _, slot in placed.bridges), key=lambda rect: rect.x)
    assert host.right - last.right == first.x - host.x


def test_that_a_loopback_was_set_up_says_what_it_was() -> None:
    before, after = before_and_after([AddNamespace("ns1")], [SetUp("lo", ns="ns1")])
    assert "lo down → up" in written(Picture(compare(before, after)).svg)


def test_of_name_servers_it_is_said_which_came_and_which_went() -> None:
    before, after = before_and_after(
        [AddNamespace("ns1"), ResolvConf("192.0.2.53", ns="ns1")], [ResolvConf("8.8.8.8", ns="ns1")]
    )
    picture = Picture(compare(before, after))
    assert "+   nameserver 8.8.8.8" in picture.text
    assert "-   nameserver 192.0.2.53" in picture.text


def rect_of(placed: Placed, name: str) -> Rect:
    return placed.links()[name]


def test_a_cable_from_a_port_to_a_link_below_it_has_room() -> None:
    _, after = before_and_after([AddBridge("br0"), AddVeth("a", "b"), Attach("a", "br0")])
    placed = Picture(after).placed
    assert rect_of(placed, "host/b").y - rect_of(placed, "host/a").bottom >= 2 * NAME


def test_what_is_written_in_a_port_ends_above_its_edge() -> None:
    with Lab(engine="fake") as lab:
        lab.do(AddBridge("br0"), Attach("eth0", "br0"))
        picture = Picture(lab.snapshot())
    port = rect_of(picture.placed, "host/eth0")
    inside = [
        float(text.get("y", "0"))
        for text in ET.fromstring(picture.svg).iter(f"{SVG}text")
        if port.holds((int(text.get("x", "0")), int(text.get("y", "0"))))
    ]
    assert len(inside) > 1, "its name, and its address"
    assert port.bottom - max(inside) >= TEXT / 2


def changed_host(**fields: Any) -> Picture:
    """What changed when the host got something."""
    before = sample.article(repaired=True)
    host = structs.replace(before.host, **fields)
    return Picture(
        compare(before, structs.replace(before, namespaces=(host, *before.namespaces[1:])))
    )


def ruled(*texts: str) -> Ruleset:
    """A packet filter of some rules."""
    rules = tuple(Rule(statements=(Statement(kind="accept"),), text=text) for text in texts)
    chain = Chain(name="FORWARD", type="filter", hook="forward", rules=rules)
    return Ruleset(tables=(Table(family="ip", name="filter", tool="iptables", chains=(chain,)),))


@pytest.mark.parametrize(
    ("before", "after", "said", "mark"),
    [
        ([], ["-A FORWARD -i a"], "filter: 1 rule", "new"),
        (["-A FORWARD -i a"], ["-A FORWARD -i b"], "filter: 1 rule", "changed"),
        (["-A FORWARD -i a", "-A FORWARD -i b"], [], "filter: 2 rules", "gone"),
    ],
)
def test_a_filter_that_came_changed_or_went_has_its_shield(
    before: list[str], after: list[str], said: str, mark: str
) -> None:
    lab = sample.lab(rules=ruled(*before))
    host = structs.replace(lab.host, rules=ruled(*after))
    changed = structs.replace(lab, namespaces=(host, *lab.namespaces[1:]))
    picture = Picture(compare(lab, changed))
    (notes,) = (notes for notes, _, box in picture.placed.notes if box.label == "host")
    (line,) = (line for line in notes.lines if line.role == "filter")
    assert (line.words, line.mark) == (said, mark)
    assert f'd="{ICONS["filter"]}"' in picture.svg
    (classes,) = re.findall(rf'<text class="([^"]*)"[^>]*>{said}</text>', picture.svg)
    assert f"nslab-told-{mark}" in classes
    assert ("−" in written(picture.svg)) == (mark == "gone")


LONG = sample.nat("masquerade", source="172.17.0.0/16", destination="!172.17.0.0/16", out="docker0")


def test_of_a_long_rule_no_address_is_cut() -> None:
    picture = changed_host(rules=LONG)
    lines = [line for line in written(picture.svg) if "172.17" in line or "docker0" in line]
    assert " ".join(lines) == "masquerade 172.17.0.0/16 to !172.17.0.0/16 → docker0"
    plates = re.findall(r'<rect class="nslab-cell" [^>]*height="(\d+)" rx="10"', picture.svg)
    assert plates == [str(20 + 16 * (len(lines) - 1))], "its plate is as high as its rows"
    assert "…" not in picture.svg


def test_a_line_below_a_long_rule_keeps_away_from_it() -> None:
    (notes, rect) = next(
        (notes, rect)
        for notes, rect, box in changed_host(rules=LONG).placed.notes
        if box.label == "host"
    )
    assert rect.h >= LEAD * (len(notes.lines) + 1)


def test_a_rule_that_chooses_a_table_is_in_the_picture() -> None:
    """What a second table is for is said beside its routes."""
    own = PolicyRule(priority=32765, source="198.51.100.50/32", table=100)
    picture = changed_host(policy=(*USUAL_RULES[:1], own, *USUAL_RULES[1:]))
    shown = "\n".join(written(picture.svg))
    assert "\nrule from 198.51.100.50/32\nlookup 100\n" in shown
    assert "+   rule 32765: from 198.51.100.50/32 lookup 100" in picture.text
    assert "lookup" not in Picture(sample.article(repaired=True)).text


def test_what_changed_outside_is_said_and_not_only_where() -> None:
    before = sample.fresh()
    (switch,) = (each for each in before.namespaces if each.label == "switch")
    links = tuple(
        structs.replace(link, bridge=structs.replace(link.bridge, vlan_filtering=True))
        if link.bridge
        else link
        for link in switch.links
    )
    filters = structs.replace(switch, links=links)
    after = structs.replace(
        before, namespaces=tuple(filters if each is switch else each for each in before.namespaces)
    )
    picture = Picture(compare(before, after))
    assert "VLAN filtering off → on" in written(picture.svg)
    assert "~     VLAN filtering off → on" in picture.text
    (tag,) = picture.placed.tags
    boxes = [rect for _, _, rect in picture.placed.boxes]
    boxes += [rect for _, rect in picture.placed.scenery]
    assert not any(tag.rect.grown(2).overlaps(rect) for rect in boxes)


@pytest.mark.parametrize("step", [AddBridge("br0"), AddVeth("a", "b")], ids=["bridge", "cable"])
def test_what_is_gone_has_no_sign_of_a_state(step: Action) -> None:
    """A green dot would say that it is up."""
    before, after = before_and_after([step], [SetUp(step.name), SetUp("eth0")])
    coming, going = (Picture(compare(*two)).svg for two in ((before, after), (after, before)))
    with Lab(engine="fake") as lab:
        empty = lab.snapshot()
    gone = Picture(compare(after, empty.aligned(after))).svg
    dots = [len(re.findall('class="nslab-(?:dot|hollow)"', svg)) for svg in (coming, going, gone)]
    assert dots[0] == dots[1] > dots[2]


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("upper", [False, True])
def test_the_line_around_a_changed_port_does_not_cross_its_bridge(both: bool, upper: bool) -> None:
    port = "eth0" if upper else "v0"
    with Lab(engine="fake") as lab:
        lab.do(AddBridge("br0"), SetUp("br0"), watch=False)
        for near, far in (("v0", "v1"), ("w0", "w1")):
            lab.do(AddVeth(near, far, master="br0", up=True), SetUp(far), watch=False)
        lab.do(Attach("eth0", "br0"), watch=False)
        picture = lab.do(SetDown(port), *([SetBridge("br0", stp=True)] if both else ())).picture
    assert picture
    rects = picture.placed.links()
    bridge, own = rects["host/br0"], rects[f"host/{port}"]
    assert own.y == bridge.bottom or own.bottom == bridge.y
    around = dict(halos(picture.svg))
    assert ("host/br0" in around) == both
    for x, y in around[f"host/{port}"]:
        assert not (bridge.y < y < bridge.bottom), "it ends where the bridge begins"
        assert own.x <= x <= own.right or not bridge.holds((x, y))
    for x, y in around.get("host/br0", ()):
        inside = own.grown(-1)
        assert not (inside.x < x < inside.right and own.holds((round(x), round(y)))), "it is open"


def halos(svg: str) -> Iterator[tuple[str, set[tuple[float, float]]]]:
    """What is around links that changed: where its lines run."""
    for group in ET.fromstring(svg).iter(f"{SVG}g"):
        for each in group:
            if "nslab-halo" in (each.get("class") or "").split() and group.get("data-link"):
                ways = list(lines(each.get("d") or ""))
                if each.tag == f"{SVG}rect":
                    x, y, w, h = (float(each.get(k) or 0) for k in ("x", "y", "width", "height"))
                    ways = [((x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y))]
                found = {dot for way in ways for pair in pairwise(way) for dot in dots(*pair)}
                yield group.get("data-link") or "", found


def test_what_a_link_was_called_does_not_stand_where_its_state_stands() -> None:
    before, after = before_and_after([AddVeth("peerA", "peerB")], [Rename("peerB", "eth1")])
    for state in ("down", ""):
        if not state:
            before, after = (_all_up(each) for each in (before, after))
        picture = Picture(compare(before, after))
        rect = picture.placed.links()["host/eth1"]
        rows: dict[int, list[str]] = {}
        for x, y, words in re.findall(r'x="(\d+)" y="(\d+)">([^<]*)</text>', picture.svg):
            if rect.holds((int(x), int(y))):
                rows.setdefault(int(y), []).append(words)
        first, *others = (rows[y] for y in sorted(rows))
        assert first == ["eth1", *([state] if state else [])]
        assert ["was peerB"] in others


def _all_up(snapshot: Snapshot) -> Snapshot:
    links = tuple(structs.replace(link, up=True, carrier=True) for link in snapshot.host.links)
    host = structs.replace(snapshot.host, links=links)
    return structs.replace(snapshot, namespaces=(host, *snapshot.namespaces[1:]))


def classes_of(picture: Picture) -> dict[str, set[str]]:
    """By what is written: how."""
    found = ET.fromstring(picture.html).iter(f"{SVG}text")
    return {text.text or "": set((text.get("class") or "").split()) for text in found}


def port_name(picture: Picture) -> str:
    """The classes of what is written in the one port."""
    (classes,) = re.findall(r'<(?:text|tspan)[^>]*class="([^"]*nslab-port[^"]*)', picture.html)
    return str(classes)


def test_the_name_of_a_port_that_changed_is_not_quiet() -> None:
    """In lesson 04 it was the weakest word in its own frame."""
    steps = [AddBridge("br0"), AddVeth("v0", "v1")], [Attach("v0", "br0")]
    before, after = before_and_after(*steps)
    changed, later = (port_name(Picture(what)) for what in (compare(before, after), after))
    assert "nslab-muted" not in changed
    assert "nslab-muted" in later, "it is down"


def test_what_changed_is_as_strong_in_words_as_in_code() -> None:
    """Words are quiet else, and code is not: a quiet word stays pale in the colour of a change."""
    before, after = before_and_after([SetUp("eth0")], [SetPromiscuous("eth0", True)])
    for what in (compare(before, after), compare(after, before)):
        (classes,) = (c for said, c in classes_of(Picture(what)).items() if said == "promiscuous")
        assert any(one.startswith("nslab-told") for one in classes)
        assert "nslab-muted" not in classes


def test_forwarding_that_stays_off_is_as_quiet_as_what_is_beside_it() -> None:
    before, after = before_and_after([AddBridge("br0")])
    still = classes_of(Picture(compare(before, after)))
    assert "nslab-muted" in still["forwarding"] & still["off"]
    assert "nslab-muted" in still["nameserver 8.8.8.8"]
    host = structs.replace(after.host, sysctls={**after.host.sysctls, "net.ipv4.ip_forward": "1"})
    on = structs.replace(after, namespaces=(host, *after.namespaces[1:]))
    for what in (compare(after, on), compare(on, after), on):
        assert "nslab-muted" not in classes_of(Picture(what))["forwarding"]


SECOND_CARD: list[list[Action]] = [
    [
        AddBridge("docker0"),
        *(AddNamespace(name) for name in ("app", "db")),
        *(AddVeth(f"veth{name}", "eth0", peer_ns=name) for name in ("app", "db")),
        *(Attach(f"veth{name}", "docker0") for name in ("app", "db")),
        *(SetUp(name) for name in ("docker0", "vethapp", "vethdb")),
        *(SetUp("eth0", ns=name) for name in ("app", "db")),
    ],
    [AddVeth("peerA", "peerB")],
    [Attach("peerA", "docker0")],
    [SetUp("peerA")],
    [Move("peerB", "app")],
]
"""Lesson 08: a pair is made in the host, one end becomes a port, the other goes to a container."""


def second_card() -> list[Picture]:
    """The pictures of what each step changed, on one stage."""
    stage, found = Memory(), []
    with Lab(engine="fake") as lab:
        before = lab.snapshot()
        for step in SECOND_CARD:
            lab.do(*step)
            after = lab.snapshot()
            found.append(Picture(compare(before, after), stage=stage))
            _ = found[-1].placed
            before = after
    return found


def test_a_port_stands_above_its_other_end() -> None:
    _, made, attached, up, moved = second_card()
    for picture in (made, attached, up, moved):
        ends = "app/peerB" if picture is moved else "host/peerB"
        cable = picture.placed.cable("host/peerA", ends)
        assert len(cable) == 2, "it is straight"
        assert cable[0][0] == cable[1][0]


def test_an_outline_around_a_port_has_room_on_both_sides() -> None:
    _, _, attached, up, _ = second_card()
    for picture in (attached, up):
        ports = {cell.name: s.rect for cell, s in picture.placed.cells if s.shape == "socket"}
        outlined = ports.pop("peerA")
        for rect in ports.values():
            assert max(rect.x - outlined.right, outlined.x - rect.right) >= 8


def test_a_port_does_not_say_to_which_bridge_it_was_attached_as_it_stands_there() -> None:
    _, _, attached, _, _ = second_card()
    assert "attached" in written(attached.svg)
    assert "attached to docker0" in attached.text


def test_a_link_that_kept_its_name_does_not_say_that_it_had_it() -> None:
    *_, moved = second_card()
    assert "was in host" in written(moved.svg)
    assert "~     was in host" in moved.text
    step = [Move("peerB", "app"), Rename("peerB", "eth1", ns="app")]
    renamed = Picture(compare(*before_and_after(*SECOND_CARD[:2], step)))
    assert "was peerB in host" in written(renamed.svg)


MACVLANS: list[list[Action]] = [
    [AddNamespace(name) for name in ("app", "db")],
    [
        AddMacvlan("eth0", "mac1", to="app"),
        AddMacvlan("eth0", "mac2", to="db"),
        *(AddAddress(f"mac{n}", f"198.51.100.5{n}/24", ns=ns) for n, ns in ((1, "app"), (2, "db"))),
        *(SetUp(f"mac{n}", ns=ns) for n, ns in ((1, "app"), (2, "db"))),
    ],
    [
        DeleteLink("mac1", ns="app"),
        DeleteLink("mac2", ns="db"),
        AddMacvlan("eth0", "mac1", mode="passthru", to="app"),
        AddAddress("mac1", "198.51.100.53/24", ns="app"),
        SetUp("mac1", ns="app"),
    ],
]
"""Lesson 12: a macvlan makes room for another one of the same name."""


def test_where_a_link_took_the_name_of_another_nothing_else_moves() -> None:
    stage = Memory()
    with Lab(engine="fake") as lab:
        snapshots = [lab.snapshot()]
        for step in MACVLANS:
            lab.do(*step)
            snapshots.append(lab.snapshot())
    two, one = snapshots[-2:]
    pictures = [Picture(what, stage=stage) for what in (two, compare(two, one), one)]
    boxes = [{box.label: r for box, _, r in each.placed.boxes} for each in pictures]
    for rects in boxes:
        assert rects["app"].y == rects["db"].y, "they stay beside each other"
        assert abs(rects["db"].x - boxes[0]["db"].x) <= 32
    came, went = (
        {c.mark: s.rect for c, s in pictures[1].placed.cells if c.name == "mac1"}[mark]
        for mark in ("new", "gone")
    )
    assert came.x == went.x
    assert went.y >= came.bottom + 24, "a wire passes between the two"


def test_what_stands_on_a_link_leaves_it_below() -> None:
    """One alone does so, too: else its wire changes its side as another one comes or goes."""
    for step in range(2, len(MACVLANS) + 1):
        _, after = before_and_after(*MACVLANS[:step])
        placed = Picture(after).placed
        links = placed.links()
        for name in ("app/mac1", "db/mac2"):
            if way := placed.cable("host/eth0", name):
                assert way[0][1] == links["host/eth0"].bottom


def test_a_route_that_went_stands_below_the_one_in_its_place() -> None:
    before = sample.fresh()
    via = Route(destination="default", via="198.51.100.1", dev="lxcbr0")
    there = [one for one in before.host.routes if one.destination != "default"]
    host = structs.replace(before.host, routes=(via, *there))
    after = structs.replace(before, namespaces=(host, *before.namespaces[1:]))
    picture = Picture(compare(before, after))
    (notes,) = (notes for notes, _, box in picture.placed.notes if box.label == "host")
    said = [(line.words, line.mark) for line in notes.lines]
    at = said.index(("default via 198.51.100.1 dev lxcbr0", "new"))
    assert said[at + 1] == ("default via 198.51.100.1 dev eth0", "gone")
    assert said[at + 2][0].startswith("nameserver")
