"""What changed between two snapshots: everything is found, nothing is made up, in a fixed order."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import snapshots as sample
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from nslab.network.diff import Diff, compare
from nslab.network.model import (
    Address,
    Bridge,
    Ends,
    FdbEntry,
    Link,
    Mirred,
    Namespace,
    Neighbour,
    NextHop,
    Peer,
    PolicyRule,
    Port,
    PortVlan,
    Process,
    Route,
    Snapshot,
    Tunnel,
)

SAMPLES = {
    "fresh": sample.fresh(),
    "bridge": sample.with_bridge(),
    "pair": sample.with_pair(),
    "article": sample.article(),
    "repaired": sample.article(repaired=True),
    "docker": sample.docker(),
    "star": sample.star(3),
    "odd": sample.odd(),
    "hostile": sample.hostile(),
    "bare": sample.bare(),
}

names_of = st.sampled_from(list(SAMPLES))


def texts(diff: Diff) -> list[str]:
    return [str(change) for change in diff.lasting]


def with_host(snapshot: Snapshot, **fields: Any) -> Snapshot:
    host = structs.replace(snapshot.host, **fields)
    return structs.replace(snapshot, namespaces=(host, *snapshot.namespaces[1:]))


def with_link(snapshot: Snapshot, of: str, **fields: Any) -> Snapshot:
    links = tuple(
        structs.replace(link, **fields) if link.name == of else link for link in snapshot.host.links
    )
    return with_host(snapshot, links=links)


# What the article's steps look like.


def test_a_new_bridge() -> None:
    diff = compare(sample.fresh(), sample.with_bridge())
    assert str(diff) == (
        "+ new bridge lxcbr0: 192.168.10.1/24, no-carrier\n"
        "+ route 192.168.10.0/24 dev lxcbr0 linkdown"
    )
    assert diff


def test_a_pair_and_a_namespace() -> None:
    assert texts(compare(sample.with_bridge(), sample.with_pair())) == [
        "+ new veth lxcbr0.1: down",
        "+ new veth veth-ns1: down",
        "+ new namespace ns1",
    ]


def test_moved_renamed_attached() -> None:
    assert texts(compare(sample.with_pair(), sample.article())) == [
        "~ lxcbr0: MAC address is now that of a port",
        "~ lxcbr0.1: promiscuity 0 → 1",
        "~ lxcbr0.1: attached to lxcbr0",
        "~ veth-ns1 moved from host to ns1, renamed to eth0",
        "~ ns1/eth0: down → no-carrier",
        "+ ns1/eth0: address 192.168.10.11/24",
        "+ ns1: route default via 192.168.10.1 dev eth0 linkdown",
        "+ ns1: route 192.168.10.0/24 dev eth0 linkdown",
        "+ ns1: resolv.conf: nameserver 8.8.8.8",
    ]


def test_repaired() -> None:
    diff = compare(sample.article(), sample.article(repaired=True))
    assert texts(diff) == [
        "~ lxcbr0: no-carrier → up",
        "~ lxcbr0.1: down → up",
        "~ lxcbr0.1: port disabled → forwarding",
        "~ route 192.168.10.0/24 dev lxcbr0: no longer linkdown",
        "+ masquerade 192.168.10.0/24 → eth0",
        "~ net.ipv4.ip_forward 0 → 1",
        "~ ns1/eth0: no-carrier → up",
        "~ ns1: route default via 192.168.10.1 dev eth0: no longer linkdown",
        "~ ns1: route 192.168.10.0/24 dev eth0: no longer linkdown",
    ]
    learned = [str(change) for change in diff.changes if change not in diff.lasting]
    assert learned == [
        "+ neighbour 192.168.10.11 on lxcbr0 stale",
        "+ lxcbr0 finds ns1/eth0 behind lxcbr0.1",
    ]


def test_what_is_learned_alone_is_no_lasting_change() -> None:
    snapshot = sample.article()
    entry = Neighbour(address="198.51.100.1", dev="eth0", state="reachable")
    diff = compare(snapshot, with_host(snapshot, neighbours=(entry,)))
    assert not diff
    assert len(diff.changes) == 1
    assert str(diff) == "nothing changed"


def test_a_renamed_link_takes_routes_and_ports_with_it() -> None:
    before = sample.article(repaired=True)
    after = with_link(before, "lxcbr0", name="br0")
    host = after.host
    after = with_host(
        after,
        links=tuple(
            structs.replace(link, master="br0") if link.master == "lxcbr0" else link
            for link in host.links
        ),
        routes=tuple(
            structs.replace(route, dev="br0") if route.dev == "lxcbr0" else route
            for route in host.routes
        ),
        neighbours=(),
        fdb=(),
    )
    assert texts(compare(before, after)) == ["~ lxcbr0 renamed to br0"]


def test_a_moved_link_is_found_by_its_mac_among_others() -> None:
    """Two links of one kind leave at once, and their indexes are exchanged on the way."""
    a, b = (
        sample.link(name, index, kind="macvlan", mac=sample.mac(index))
        for name, index in (("a", 5), ("b", 6))
    )
    there = Namespace(inode=7, role="named", label="ns", links=(sample.loopback(),))
    before = sample.lab(there, links=(sample.loopback(), a, b))
    moved = (structs.replace(a, index=6, name="x"), structs.replace(b, index=5, name="y"))
    after = sample.lab(
        structs.replace(there, links=(*there.links, *moved)), links=(sample.loopback(),)
    )
    assert sorted(texts(compare(before, after))) == [
        "~ a moved from host to ns, renamed to x",
        "~ b moved from host to ns, renamed to y",
    ]


def test_links_that_share_a_mac_are_told_apart_by_name() -> None:
    """ipvlan links have the MAC of the device below them."""
    twins = [
        sample.link(name, index, kind="ipvlan", mac=sample.mac(1))
        for name, index in (("one", 5), ("two", 6))
    ]
    there = Namespace(inode=7, role="named", label="ns", links=(sample.loopback(),))
    before = sample.lab(there, links=(sample.loopback(), *twins))
    after = sample.lab(
        structs.replace(there, links=(*there.links, twins[1])), links=(sample.loopback(), twins[0])
    )
    assert texts(compare(before, after)) == ["~ two moved from host to ns"]


def test_an_inode_that_was_given_to_another_namespace() -> None:
    old = Namespace(inode=7, role="named", label="ns1", names=("ns1",), links=(sample.loopback(),))
    new = structs.replace(old, label="ns2", names=("ns2",))
    assert texts(compare(sample.lab(old), sample.lab(new))) == [
        "+ new namespace ns2",
        "- gone namespace ns1",
    ]


def test_a_renamed_namespace_is_the_same_while_something_stays_in_it() -> None:
    before = sample.article()
    ns1 = before.namespace("ns1")
    after = sample.lab(structs.replace(ns1, label="web", names=("web",)))
    after = structs.replace(after, namespaces=(before.host, *after.namespaces[1:]))
    assert texts(compare(before, after)) == [
        "~ namespace ns1 is now web",
        "~ namespace web named web",
        "~ namespace web no longer named ns1",
    ]


def test_a_port_is_detached_when_its_bridge_is_gone() -> None:
    before = sample.article()
    links = tuple(
        structs.replace(link, master="", port=None, promiscuity=0)
        for link in before.host.links
        if link.name != "lxcbr0"
    )
    routes = tuple(route for route in before.host.routes if route.dev != "lxcbr0")
    assert texts(compare(before, with_host(before, links=links, routes=routes))) == [
        "~ lxcbr0.1: promiscuity 1 → 0",
        "~ lxcbr0.1: detached from lxcbr0",
        "- gone bridge lxcbr0: 192.168.10.1/24, no-carrier",
        "- route 192.168.10.0/24 dev lxcbr0 removed",
    ]


def test_files_of_etc() -> None:
    before = sample.fresh()
    after = structs.replace(before, files={"/etc/netns/ns1/": ""})
    assert texts(compare(before, after)) == ["+ new directory /etc/netns/ns1/"]
    also = structs.replace(before, files={"/etc/netns/ns1/resolv.conf": "nameserver 8.8.8.8\n"})
    assert not compare(before, also), "this is told as the namespace's resolv.conf"


# What the drawing asks.


def test_marks() -> None:
    diff = compare(sample.with_pair(), sample.article())
    assert diff.link_mark(sample.NS1, 5) == "changed"
    assert diff.link_mark(sample.HOST, 2) is None
    assert {c.what for c in diff.of_link(sample.NS1, 5)} == {"link", "address"}
    assert {c.what for c in diff.of_namespace(sample.NS1)} == {"route", "resolv.conf"}
    assert not diff.gone_links
    started = compare(sample.fresh(), sample.with_pair())
    assert started.link_mark(sample.HOST, 3) == "new"
    assert started.namespace_mark(sample.NS1) == "new"
    ended = compare(sample.article(), sample.fresh())
    assert ended.gone_links == {(sample.HOST, 3), (sample.HOST, 4), (sample.NS1, 5)}
    assert ended.gone_namespaces == {sample.NS1}


# Laws.


@given(names_of)
def test_nothing_changed(name: str) -> None:
    diff = compare(SAMPLES[name], SAMPLES[name])
    assert not diff.changes
    assert not diff


@given(names_of, names_of)
def test_new_and_gone_are_swapped_when_time_is(one: str, other: str) -> None:
    def found(diff: Diff, kind: str) -> list[tuple[str, ...]]:
        # A link that was moved has its addresses in another place.
        return sorted(
            (c.what, c.value) if c.what == "address" else (c.what, c.ns, c.name)
            for c in diff.changes
            if c.kind == kind
        )

    there = compare(SAMPLES[one], SAMPLES[other])
    back = compare(SAMPLES[other], SAMPLES[one])
    assert found(there, "new") == found(back, "gone")
    assert found(there, "gone") == found(back, "new")
    changed = {True: 0, False: 0}
    for diff in (there, back):
        changed[diff is there] = sum(c.kind == "changed" for c in diff.changes)
    assert changed[True] == changed[False]


@given(names_of, names_of, st.randoms())
def test_the_order_of_sysctls_does_not_matter(one: str, other: str, random: Any) -> None:
    """Sysctls are a mapping: how they were read does not order the changes."""

    def shuffled(snapshot: Snapshot) -> Snapshot:
        namespaces = []
        for namespace in snapshot.namespaces:
            sysctls = list(namespace.sysctls.items())
            random.shuffle(sysctls)
            namespaces.append(structs.replace(namespace, sysctls=dict(sysctls)))
        return structs.replace(snapshot, namespaces=tuple(namespaces))

    before, after = SAMPLES[one], SAMPLES[other]
    assert compare(before, after).changes == compare(shuffled(before), shuffled(after)).changes


@given(names_of, names_of)
def test_numbers_that_differ_from_run_to_run_are_in_no_text(one: str, other: str) -> None:
    changes = compare(SAMPLES[one], SAMPLES[other]).changes
    text = "\n".join(f"{change} {change.value}" for change in changes)
    for snapshot in (SAMPLES[one], SAMPLES[other]):
        for namespace in snapshot.namespaces:
            assert str(namespace.inode) not in text
            for link in namespace.links:
                assert not link.mac or link.mac not in text
            for process in namespace.processes:
                assert f" {process.pid}" not in text


LINK_CHANGES: dict[str, Any] = {
    "name": "other",
    "kind": "dummy",
    "mac": "02:00:00:99:99:99",
    "mac_origin": "set",
    "mtu": 1400,
    "up": False,
    "carrier": False,
    "flags": ("BROADCAST", "PROMISC"),
    "promiscuity": 7,
    "master": "br9",
    "peer": Peer(namespace=sample.LAN, name="x", index=77),
    "bridge": Bridge(stp=True, forward_delay=2),
    "port": Port(state="blocking"),
    "mode": "l3",
    "vlan": 10,
    "addresses": (Address(address="10.9.9.9/24"),),
    "settings": {"arp_ignore": "8"},
    "queue": "blackhole",
    "queue_passes": 0,
    "xdp": True,
    "tunnel": Tunnel(number=42),
    "ends": Ends(remote="192.0.2.9"),
    "mirred": (Mirred(side="ingress", verb="mirror", to="eth1"),),
}
# The index is what a link is known by, and operstate follows carrier up to a second later.
LINK_IDENTITY = {"index", "operstate"}


def test_every_field_of_a_link_is_thought_of() -> None:
    assert set(LINK_CHANGES) | LINK_IDENTITY == set(Link.__struct_fields__)


@pytest.mark.parametrize("field", LINK_CHANGES)
def test_a_changed_field_of_a_link_is_found(field: str) -> None:
    before = sample.article(repaired=True)
    after = with_link(before, "eth0", **{field: LINK_CHANGES[field]})
    found = {(c.kind, c.what) for c in compare(before, after).lasting}
    wanted = {"addresses": "address", "port": "port", "bridge": "bridge", "master": "port"}
    if field == "kind":
        assert {("new", "link"), ("gone", "link")} <= found
    else:
        assert ("changed", wanted.get(field, "link")) in found or field == "addresses"
        assert any(what == wanted.get(field, "link") for _, what in found)


PORT = Port(state="forwarding")
BRIDGE = Bridge(stp=False, forward_delay=15)
DETAILS = [
    *[
        ({"port": PORT}, {"port": structs.replace(PORT, **change)})
        for change in ({"state": "learning"}, {"learning": False}, {"flood": False})
    ],
    (
        {"port": structs.replace(PORT, vlans=())},
        {"port": structs.replace(PORT, vlans=(PortVlan(vlan=10),))},
    ),
    *[
        ({"bridge": BRIDGE}, {"bridge": structs.replace(BRIDGE, **change)})
        for change in (
            {"stp": True},
            {"forward_delay": 2},
            {"multicast_snooping": False},
            {"vlan_filtering": True},
        )
    ],
    *[
        (
            {"addresses": (Address(address="1.2.3.4/8"),)},
            {"addresses": (Address(address="1.2.3.4/8", **change),)},
        )
        for change in ({"scope": "link"}, {"broadcast": "1.255.255.255"})
    ],
]


@pytest.mark.parametrize(("old", "new"), DETAILS)
def test_a_changed_detail_of_a_link_is_found(old: dict[str, Any], new: dict[str, Any]) -> None:
    snapshot = sample.fresh()
    diff = compare(with_link(snapshot, "eth0", **old), with_link(snapshot, "eth0", **new))
    assert [change.kind for change in diff.lasting] == ["changed"]


WRITTEN = [
    ({"neighbours": (Neighbour(address="10.1.1.1", dev="eth0", mac="x", state="permanent"),)}, 1),
    ({"neighbours": (Neighbour(address="10.1.1.1", dev="eth0", mac="x", state="stale"),)}, 0),
    ({"proxied": (Neighbour(address="10.1.1.1", dev="eth0", state="proxy"),)}, 1),
    ({"local": (Route(destination="10.1.0.0/16", dev="lo", kind="local", table=255),)}, 1),
    ({"fdb": (FdbEntry(mac=sample.mac(77), dev="eth0", master="br0", state="static"),)}, 1),
    ({"fdb": (FdbEntry(mac=sample.mac(77), dev="eth0", master="br0", state="learned"),)}, 0),
    ({"fdb": (FdbEntry(mac=sample.mac(77), dev="eth0", own=True, state="permanent"),)}, 0),
    (
        {"fdb": (FdbEntry(mac="00:00:00:00:00:00", dev="eth0", own=True, state="permanent",
                          remote="10.9.9.9"),)},
        1,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "count"), WRITTEN)
def test_what_somebody_wrote_down_is_told_apart_from_what_was_learned(
    fields: dict[str, Any], count: int
) -> None:
    before = sample.fresh()
    after = with_host(before, **fields)
    for diff, kind in ((compare(before, after), "new"), (compare(after, before), "gone")):
        assert [change.kind for change in diff.lasting] == [kind] * count
        assert len(diff.changes) == 1


def test_a_devices_own_mac_is_nobodys_entry() -> None:
    before = sample.fresh()
    own = FdbEntry(mac=before.link("eth0").mac, dev="eth0", master="br0", state="permanent")
    assert not compare(before, with_host(before, fdb=(own,)))


def test_the_kernels_own_policy_rules_are_no_news() -> None:
    before = sample.fresh()
    usual = [(0, 255), (32766, 254), (32767, 253)]
    three = tuple(PolicyRule(priority=p, table=t) for p, t in usual)
    one = PolicyRule(priority=9, source="10.0.0.0/8", table=77)
    added = with_host(before, policy=(one, *three))
    assert str(compare(before, added)) == "+ rule 9: from 10.0.0.0/8 lookup 77"
    assert str(compare(added, before)) == "- rule 9: from 10.0.0.0/8 lookup 77 removed"
    less = with_host(before, policy=three[:1])
    assert len(compare(before, less).lasting) == 2


def test_a_route_is_told_with_all_that_somebody_gave_it() -> None:
    before = sample.fresh()
    route = Route(destination="10.0.0.0/8", via="198.51.100.1", dev="eth0", mtu=1300, onlink=True)
    several = Route(
        destination="11.0.0.0/8",
        hops=(NextHop(via="198.51.100.1", dev="eth0"), NextHop(dev="eth0", weight=2)),
    )
    after = with_host(before, routes=(*before.host.routes, route, several))
    assert str(compare(before, after)).splitlines() == [
        "+ route 10.0.0.0/8 via 198.51.100.1 dev eth0 mtu 1300 onlink",
        "+ route 11.0.0.0/8 nexthop via 198.51.100.1 dev eth0 nexthop dev eth0 weight 2",
    ]


ROUTE = Route(destination="10.0.0.0/8", via="198.51.100.1", dev="eth0")
ENTRY = FdbEntry(mac=sample.mac(5), dev="eth0", master="br0")
NEIGHBOUR = Neighbour(address="198.51.100.1", dev="eth0", mac=sample.mac(6), state="reachable")
LISTS = [
    ("routes", "route", ROUTE, {"destination": "11.0.0.0/8"}),
    ("routes", "route", ROUTE, {"via": "198.51.100.2"}),
    ("routes", "route", ROUTE, {"dev": "eth1"}),
    ("routes", "route", ROUTE, {"source": "1.1.1.1"}),
    ("routes", "route", ROUTE, {"metric": 5}),
    ("routes", "route", ROUTE, {"table": 100}),
    ("routes", "route", ROUTE, {"scope": "link"}),
    ("routes", "route", ROUTE, {"kind": "blackhole"}),
    ("routes", "route", ROUTE, {"protocol": "static"}),
    ("routes", "route", ROUTE, {"dead": True}),
    ("neighbours", "neighbour", NEIGHBOUR, {"address": "198.51.100.2"}),
    ("neighbours", "neighbour", NEIGHBOUR, {"dev": "eth1"}),
    ("neighbours", "neighbour", NEIGHBOUR, {"mac": sample.mac(7)}),
    ("neighbours", "neighbour", NEIGHBOUR, {"state": "stale"}),
    ("fdb", "fdb", ENTRY, {"mac": sample.mac(8)}),
    ("fdb", "fdb", ENTRY, {"dev": "eth1"}),
    ("fdb", "fdb", ENTRY, {"master": "br1"}),
    ("fdb", "fdb", ENTRY, {"state": "permanent"}),
    ("fdb", "fdb", ENTRY, {"own": True}),
    ("processes", "process", Process(pid=5, command="sleep"), {"command": "nc"}),
]


@pytest.mark.parametrize(("field", "what", "value", "change"), LISTS)
def test_a_changed_entry_of_a_list_is_found(
    field: str, what: str, value: Any, change: dict[str, Any]
) -> None:
    snapshot = sample.fresh()
    before = with_host(snapshot, **{field: (value,)})
    after = with_host(snapshot, **{field: (structs.replace(value, **change),)})
    assert {c.what for c in compare(before, after).changes} == {what}
    none = with_host(snapshot, **{field: ()})
    assert {(c.kind, c.what) for c in compare(none, before).changes} >= {("new", what)}
    assert {(c.kind, c.what) for c in compare(before, none).changes} >= {("gone", what)}


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"label": "web"}, "namespace"),
        ({"role": "process"}, "namespace"),
        ({"names": ("ns1", "web")}, "namespace"),
        ({"unseen": ("nat: not root",)}, "namespace"),
        ({"sysctls": {"net.ipv4.ip_forward": "1"}}, "sysctl"),
        ({"resolv_conf": "nameserver 9.9.9.9\n"}, "resolv.conf"),
        ({"resolv_conf": "nameserver 8.8.8.8\noptions ndots:5\n"}, "resolv.conf"),
        ({"resolv_conf": None}, "resolv.conf"),
    ],
)
def test_a_changed_field_of_a_namespace_is_found(change: dict[str, Any], what: str) -> None:
    before = sample.article()
    namespaces = tuple(
        structs.replace(ns, **change) if ns.label == "ns1" else ns for ns in before.namespaces
    )
    after = structs.replace(before, namespaces=namespaces)
    assert what in {c.what for c in compare(before, after).lasting}


NAT = {"kind": "snat", "source": "10.0.0.0/8", "out": "eth0", "to": "198.51.100.10"}


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "dnat", "hook": "prerouting"},
        {"source": "11.0.0.0/8"},
        {"destination": "11.0.0.0/8"},
        {"out": "eth1"},
        {"to": "198.51.100.11"},
        {"protocol": "tcp"},
        {"hook": "input"},
    ],
)
def test_a_changed_translation_is_found(change: dict[str, str]) -> None:
    snapshot = sample.fresh()
    before = with_host(snapshot, rules=sample.nat(**NAT))
    after = with_host(snapshot, rules=sample.nat(**{**NAT, **change}))
    assert {c.what for c in compare(before, after).changes} == {"nat"}
    assert {(c.kind, c.what) for c in compare(snapshot, before).changes} == {("new", "nat")}
    assert {(c.kind, c.what) for c in compare(before, snapshot).changes} == {("gone", "nat")}


def test_a_rule_in_other_words_is_the_same() -> None:
    """Each tool has its own words for one rule; the rule is what it does."""
    before = sample.article(repaired=True)
    other = sample.nat(
        "masquerade", source="192.168.10.0/24", out="eth0", text="-A POSTROUTING -j MASQUERADE"
    )
    assert not compare(before, with_host(before, rules=other)).changes


def test_the_local_table_is_not_told() -> None:
    before = sample.fresh()
    local = Route(destination="198.51.100.10", dev="eth0", table=255, kind="local")
    after = with_host(before, routes=(*before.host.routes, local))
    assert not compare(before, after).changes


def test_a_diff_is_a_value() -> None:
    diff = compare(sample.fresh(), sample.with_bridge())
    assert diff == compare(sample.fresh(), sample.with_bridge())
    with pytest.raises(dataclasses.FrozenInstanceError):
        diff.changes = ()  # type: ignore[misc]


def test_what_ipv6_brings_by_itself_is_no_change() -> None:
    """A link's own route comes when its address is proved to be no one else's: a second later."""
    own = Route(destination="fe80::/64", dev="br0", metric=256, protocol="kernel")
    assert own.by_kernel
    assert not structs.replace(own, protocol="boot").by_kernel
    assert not structs.replace(own, destination="fd00::/64").by_kernel
    host = Namespace(inode=1, label="host", role="host")
    before = Snapshot(title="lab", namespaces=(host,))
    after = Snapshot(title="lab", namespaces=(structs.replace(host, routes=(own,)),))
    assert not compare(before, after)
    assert before.canonical() == after.canonical()
