"""Wires that no pair of links is: tunnels of every kind, and what filters of tc send on."""

from __future__ import annotations

import re

import pytest
import snapshots as sample
from msgspec import structs
from sites import two_sites

from nslab import AddAddress, AddNamespace, AddVlan, Lab, SetUp
from nslab.draw import Memory, Picture
from nslab.draw.layout.place import trace
from nslab.draw.paint.shapes import parted
from nslab.network.diff import compare
from nslab.network.model import Ends, Link, Mirred, Port, Snapshot
from nslab.network.rules import Chain, Rule, Ruleset, Table


def sites(*ends: Link | None) -> Picture:
    """Two namespaces, 10.1.0.2 and 10.2.0.2, each with its end of a tunnel."""
    snapshot = two_sites()
    more = dict(zip(("left", "right"), ends, strict=True))
    spaces = [
        structs.replace(ns, links=(*ns.links, link)) if (link := more.get(ns.label)) else ns
        for ns in snapshot
    ]
    return Picture(structs.replace(snapshot, namespaces=tuple(spaces)))


def tunnel(kind: str, ends: Ends | None, name: str = "t0", *, up: bool = True) -> Link:
    return Link(name, 90, kind=kind, up=up, carrier=up, ends=ends)


def joined(kind: str, left: Ends | None, right: Ends | None) -> bool:
    picture = sites(tunnel(kind, left), tunnel(kind, right))
    drawn = bool(picture.placed.cable("left/t0", "right/t0"))
    assert drawn == ("nslab-tunnel" in picture.svg) == ("┄ right/t0" in picture.text)
    return drawn


LEFT = Ends(local="10.1.0.2", remote="10.2.0.2")
RIGHT = Ends(local="10.2.0.2", remote="10.1.0.2")
KEYED = {"key_in": 7, "key_out": 7}


@pytest.mark.parametrize("kind", ["gre", "gretap", "ipip", "sit", "ip6tnl", "vti", "neverheardof"])
def test_a_tunnel_is_a_wire_to_its_other_end(kind: str) -> None:
    picture = sites(tunnel(kind, LEFT), tunnel(kind, RIGHT))
    assert f"t0 {kind}, up, to 10.2.0.2 ┄ right/t0" in picture.text
    assert picture.placed.cable("left/t0", "right/t0")
    assert "tunnel from 10.1.0.2 to 10.2.0.2" in picture.svg, "its title tells both ends"


def test_only_ends_that_match_are_joined() -> None:
    keyed = structs.replace(LEFT, **KEYED), structs.replace(RIGHT, **KEYED)
    assert joined("gre", *keyed)
    assert not joined("gre", keyed[0], RIGHT), "what comes without the key is another tunnel's"
    assert not joined("gre", keyed[0], structs.replace(keyed[1], key_in=8))
    assert not joined("gre", LEFT, structs.replace(RIGHT, remote="192.0.2.9"))
    assert not joined("gre", LEFT, structs.replace(RIGHT, local="192.0.2.9"))
    assert not joined("gre", LEFT, None), "nobody knows where that one leads"
    assert joined("gre", LEFT, structs.replace(RIGHT, remote="")), "one that takes from anybody"
    assert not joined("gre", LEFT, Ends()), "as gre0 is: it takes what no other tunnel takes"
    picture = sites(tunnel("gre", LEFT), tunnel("ipip", RIGHT))
    assert not picture.placed.cable("left/t0", "right/t0")


def test_a_wireguard_leads_to_its_peers() -> None:
    left = Ends(port=51821, peers=("10.2.0.2:51822", "192.0.2.9:51820", ""))
    assert joined("wireguard", left, Ends(port=51822, peers=("",)))
    assert not joined("wireguard", left, Ends(port=51820, peers=("",)))
    assert joined("wireguard", Ends(port=1, peers=()), Ends(port=2, peers=("10.1.0.2:1",)))
    text = sites(tunnel("wireguard", left), None).text
    assert "t0 wireguard, up, to 10.2.0.2:51822 and 2 more" in text
    for peers, words in (((), "no peers"), (("",), "1 peer without endpoint")):
        assert words in sites(tunnel("wireguard", Ends(peers=peers)), None).text
    assert "leads out of sight" in sites(tunnel("wireguard", None), None).text


def test_a_tunnel_without_its_other_end_says_where_it_leads() -> None:
    picture = sites(tunnel("gre", structs.replace(LEFT, **KEYED)), None)
    assert "to 10.2.0.2, key 7" in picture.svg
    assert "remote any" in sites(tunnel("sit", Ends(local="10.1.0.2")), None).text
    geneve = Ends(remote="10.2.0.2", key_in=5, key_out=5, port=6081)
    assert "to 10.2.0.2, VNI 5" in sites(tunnel("geneve", geneve), None).text


def test_both_ends_of_a_tunnel_have_one_colour() -> None:
    def addressed(ends: Ends, address: str) -> Link:
        link = sample.link("t0", 90, address, kind="gre")
        return structs.replace(link, ends=ends)

    picture = sites(addressed(LEFT, "192.168.7.1/30"), addressed(RIGHT, "192.168.7.2/30"))
    keys = {name: key for key, name in picture.placed.scene.names.items()}
    hues = [picture.placed.hues.get(keys[name]) for name in ("left/t0", "right/t0")]
    assert hues[0] is not None
    assert hues[0] == hues[1]


def test_what_a_module_puts_into_every_namespace_is_left_out_until_it_is_used() -> None:
    idle = tunnel("gre", Ends(), "gre0", up=False)
    assert "gre0" not in sites(idle, None).text
    assert "gre0 gre, up" in sites(structs.replace(idle, up=True, carrier=True), None).text
    assert "gre0 gre, down" in sites(structs.replace(idle, ends=LEFT), None).text


def mirrored(*sent: Mirred) -> Snapshot:
    star = sample.star(2)
    links = (
        *(
            structs.replace(link, mirred=sent) if link.name == "veth1" else link
            for link in star.host.links
        ),
        sample.link("ifb0", 90, kind="ifb"),
    )
    host = structs.replace(star.host, links=links)
    return structs.replace(star, namespaces=(host, *star.namespaces[1:]))


def test_what_tc_sends_to_another_link_is_a_wire() -> None:
    both = (
        Mirred(side="ingress", verb="mirror", to="ifb0", filter="protocol all pref 1 u32"),
        Mirred(side="egress", verb="redirect", to="ifb0", filter="protocol ip pref 2 u32"),
    )
    picture = Picture(mirrored(*both))
    assert picture.placed.cable("host/veth1", "host/ifb0")
    assert "mirred mirror and redirect to ifb0" in picture.text
    assert "mirred mirror and redirect to ifb0" in picture.svg
    assert "tc filter at ingress, protocol all pref 1 u32: mirred mirror to ifb0" in picture.svg
    assert "nslab-tunnel" not in picture.svg
    for gone in ("notthere", "veth1"):
        assert not Picture(mirrored(structs.replace(both[0], to=gone))).placed.cable(
            "host/veth1", f"host/{gone}"
        )


def test_a_wire_that_a_filter_made_is_new_and_one_that_it_ended_is_gone() -> None:
    """The wire is what the step was about: it does not step back like all that stayed."""
    sent = Mirred(side="ingress", verb="mirror", to="ifb0", filter="protocol all pref 1 u32")
    plain, wired = mirrored(), mirrored(sent)
    made, ended = Picture(compare(plain, wired)), Picture(compare(wired, plain))
    for picture, mark, sign in ((made, "new", "+"), (ended, "gone", "-")):
        (cable,) = (one for one in picture.placed.scene.cables if one.by)
        assert cable.mark == mark
        assert f"nslab-under nslab-halo-{mark}" in picture.svg
        assert f"{sign}       mirred mirror to ifb0" in picture.text
    assert not any(one.mark for one in Picture(compare(wired, wired)).placed.scene.cables)


def test_a_wire_that_went_is_not_drawn_to_a_link_that_is_plugged_in_elsewhere() -> None:
    sent = Mirred(side="ingress", verb="mirror", to="ifb0", filter="protocol all pref 1 u32")
    before = mirrored(sent)
    links = [
        structs.replace(link, mirred=(), master="br0", port=Port(state="forwarding"))
        if link.name in {"veth1", "ifb0"}
        else link
        for link in before.host.links
    ]
    host = structs.replace(before.host, links=tuple(links))
    after = structs.replace(before, namespaces=(host, *before.namespaces[1:]))
    picture = Picture(compare(before, after))
    assert not picture.placed.cable("host/veth1", "host/ifb0")
    assert "-       mirred mirror to ifb0" in picture.text


def hub(*, detached: bool = True, rules: bool = True, promiscuous: bool = False) -> Snapshot:
    """Lesson 09: a card of a container hangs on eth0 by rules of nft, beside a bridge."""
    star = sample.star(2)
    space = star.namespace("ns1")
    port = {} if detached else {"master": "br0"}
    peer = sample.veth("peerA", 90, (space.inode, "eth1", 3), **port)
    eth1 = sample.veth("eth1", 3, (sample.HOST, "peerA", 90), "198.51.100.50/24")
    links = [
        structs.replace(one, promiscuity=1) if promiscuous and one.name == "eth0" else one
        for one in star.host.links
    ]
    mac, everybody = "02:42:c6:33:64:32", "ff:ff:ff:ff:ff:ff"
    sent = (f'ether daddr {mac} fwd to "peerA"', f'ether daddr {everybody} dup to "peerA"')
    chains = (
        Chain("from-wire", hook="ingress", devices=("eth0",), rules=tuple(map(_rule, sent))),
        Chain("back", hook="ingress", devices=("peerA",), rules=(_rule('fwd to "eth0"'),)),
    )
    tables = (*star.host.rules.tables, Table(family="netdev", name="hub", chains=chains))
    host = structs.replace(
        star.host, links=(*links, peer), rules=Ruleset(tables=tables) if rules else star.host.rules
    )
    spaces = (
        structs.replace(one, links=(*one.links, eth1)) if one is space else one
        for one in star.namespaces[1:]
    )
    return structs.replace(star, namespaces=(host, *spaces))


def _rule(text: str) -> Rule:
    return Rule(text=text)


def test_a_hubs_line_has_room_beside_its_bridge_and_stays_at_its_side() -> None:
    stage = Memory()
    _ = Picture(hub(detached=False, rules=False), stage=stage).placed
    steps = (
        compare(hub(detached=False, rules=False), hub()),
        hub(),
        compare(hub(), hub(promiscuous=True)),
    )
    for what in steps:
        placed = Picture(what, stage=stage).placed
        bar = placed.links()["host/br0"]
        outer = next(rect for box, _, rect in placed.boxes if box.label == "host")
        way = placed.cable("host/eth0", "host/peerA")
        (x,) = {x for x, y in trace(way) if bar.y <= y <= bar.bottom}
        assert bar.right + 7 <= x <= outer.right - 8, "at the right, with room to both sides"


def test_a_link_is_outlined_whose_frames_a_filter_sends_elsewhere_since() -> None:
    without, made = hub(rules=False), hub()
    for what in (compare(without, made), compare(made, without)):
        picture = Picture(what)
        for name in ("eth0", "peerA"):
            group = picture.html.partition(f'data-link="host/{name}"')[2].partition("</g>")[0]
            assert "nslab-halo nslab-halo-changed" in group
        assert "~   eth0 up" in picture.text
    assert "nslab-halo" not in Picture(made).html.partition("</style>")[2]


def test_a_wire_that_a_filter_makes_has_its_head_where_frames_go() -> None:
    sent = Mirred(side="ingress", verb="mirror", to="ifb0", filter="protocol all pref 1 u32")
    both, one = Picture(hub()), Picture(mirrored(sent))
    for picture, ends in ((both, {"host/eth0", "host/peerA"}), (one, {"host/ifb0"})):
        (cable,) = (each for each in picture.placed.scene.cables if each.by)
        assert {picture.placed.scene.names[key] for key in cable.heads} == ends
        path = next(each[1] for each in picture.placed.runs if each[0].cable is cable)
        heads = re.findall('<path class="nslab-plug" d="M(-?[0-9]+) (-?[0-9]+)L', picture.html)
        tips = {(int(x), int(y)) for x, y in heads}
        assert tips <= {path[0], path[-1]}
        assert len(tips) == len(ends)
        for name in ends:
            assert any(picture.placed.links()[name].holds(tip) for tip in tips)


def tagged(*numbers: int) -> Picture:
    """Lesson 14: cards of namespaces stand on the host's, each in a VLAN of its own."""
    with Lab(engine="fake") as lab:
        for number in numbers:
            name = f"eth0.{number}"
            lab.do(AddNamespace(f"ns{number}"), AddVlan("eth0", name, number, to=f"ns{number}"))
            lab.do(AddAddress(name, f"10.0.{number}.2/24", ns=f"ns{number}"), watch=False)
            lab.do(SetUp(name, ns=f"ns{number}"), watch=False)
        return lab.picture


def test_what_stands_on_a_link_hangs_in_the_hue_of_its_own_network() -> None:
    """What two share is in the hue of the link that they stand on."""
    picture = tagged(10, 20)
    placed, names = picture.placed, picture.placed.scene.names
    hues = {names[key]: hue for key, hue in placed.hues.items()}
    own = [hues[f"ns{number}/eth0.{number}"] for number in (10, 20)]
    assert len({*own, hues["host/eth0"]}) == 3
    groups = re.findall(
        '<g class="nslab-line nslab-h([0-9]+)" ?[^>]*>(?=<path class="nslab-wire)', picture.html
    )
    assert [int(hue) for hue in groups] == [hues["host/eth0"], own[0], hues["host/eth0"], own[1]]


@pytest.mark.parametrize("numbers", [(10,), (10, 20), (10, 20, 30)])
def test_what_stands_on_a_link_is_met_at_its_middle(numbers: tuple[int, ...]) -> None:
    placed = tagged(*numbers).placed
    for number in numbers:
        name = f"ns{number}/eth0.{number}"
        way, rect = placed.cable("host/eth0", name), placed.links()[name]
        assert way[-1] == (rect.middle[0], rect.y)


def test_what_is_shared_ends_where_the_ways_part() -> None:
    path = [(0, 0), (0, 20), (30, 20), (30, 40)]
    assert parted(path, []) == ([], path)
    assert parted(path, [[(5, 0), (5, 40)]]) == ([], path)
    trunk, rest = parted(path, [[(0, 0), (0, 40)], [(0, 0), (0, 10), (9, 10)]])
    assert trunk == [(0, 0), (0, 20)]
    assert rest == [(0, 12), (0, 20), (30, 20), (30, 40)]
    trunk, rest = parted([(0, 0), (0, 40)], [path])
    assert (trunk, rest) == ([(0, 0), (0, 20)], [(0, 12), (0, 20), (0, 40)])
