"""The way of a packet through a snapshot, as values."""

from __future__ import annotations

from typing import Any

import pytest
import snapshots as sample
from msgspec import structs
from snapshots import nat

from nslab import AddAddress, AddBridge, AddNamespace, AddRoute, AddVeth, Lab, SetUp, Sysctl
from nslab.errors import NotFound
from nslab.explain.trace import Hop, Rewrite, Stop, routing, trace
from nslab.network.model import Address, Peer, Route, Snapshot
from nslab.network.rules import Ruleset

ARTICLE = (
    AddBridge("lxcbr0", stp=False),
    AddAddress("lxcbr0", "192.168.10.1/24"),
    SetUp("lxcbr0"),
    AddNamespace("ns1"),
    SetUp("lo", ns="ns1"),
    AddVeth("lxcbr0.1", "eth0", peer_ns="ns1", master="lxcbr0", up=True),
    AddAddress("eth0", "192.168.10.11/24", ns="ns1"),
    SetUp("eth0", ns="ns1"),
    AddRoute("default", via="192.168.10.1", ns="ns1"),
)


def snapshot(*actions: Any) -> Snapshot:
    with Lab(engine="fake") as lab:
        lab.do(*ARTICLE, *actions)
        return lab.snapshot()


def changed(found: Snapshot, label: str, **fields: Any) -> Snapshot:
    """The same with other fields of one namespace."""
    return structs.replace(
        found,
        namespaces=tuple(
            structs.replace(ns, **fields) if ns.label == label else ns for ns in found
        ),
    )


MASQUERADE = nat("masquerade", source="192.168.10.0/24", out="eth0")


def repaired(*rules: Ruleset) -> Snapshot:
    found = snapshot(Sysctl("net.ipv4.ip_forward", "1"))
    return changed(found, "host", rules=sample.together(*rules))


def names(hops: tuple[Hop, ...]) -> list[str]:
    return [hop.namespace for hop in hops]


def test_there_and_back() -> None:
    found = trace(repaired(MASQUERADE), "ns1", "203.0.113.80")
    assert found.ok
    assert names(found.there) == ["ns1", "host", "router", "internet"]
    assert names(found.back) == ["internet", "router", "host", "ns1"]
    assert [str(spot) for spot in found.there[0].path] == [
        "ns1/eth0",
        "host/lxcbr0.1",
        "host/lxcbr0",
        "host/lxcbr0",
    ]
    assert [spot.role for spot in found.there[0].path] == ["out", "in", "bridge", "stack"]
    host = found.there[1]
    assert (host.link_in, host.link_out, host.next_hop) == ("lxcbr0", "eth0", "198.51.100.1")
    assert host.rewrites == (
        Rewrite(kind="masquerade", before="192.168.10.11", after="198.51.100.10"),
    )
    assert found.there[2].source == "198.51.100.10"
    assert found.back[2].rewrites == (
        Rewrite(kind="undone", before="198.51.100.10", after="192.168.10.11", what="destination"),
    )
    assert found.hops[-1].destination == "192.168.10.11"


def test_the_host_and_its_own_addresses() -> None:
    found = snapshot()
    assert trace(found, None, "198.51.100.20").ok
    assert names(trace(found, "ns1", "192.168.10.11").hops) == ["ns1", "ns1"]
    # The whole host answers to all its addresses, whatever link they are on.
    assert names(trace(found, "ns1", "198.51.100.10").there) == ["ns1", "host"]


@pytest.mark.parametrize(
    ("rules", "stop"),
    [
        ((), "no-route"),
        ((MASQUERADE,), None),
        ((nat("masquerade", out="!lxcbr0"),), None),
        ((nat("masquerade", out="eth*"),), None),
        ((nat("snat", source="192.168.10.11", to="198.51.100.10"),), None),
        ((nat("masquerade", source="10.0.0.0/8"), MASQUERADE), None),
        ((nat("snat", to="198.51.100.99"), MASQUERADE), "nobody-answers"),
        ((nat("masquerade", source="!192.168.10.0/24"),), "no-route"),
        ((nat("masquerade", destination="8.8.8.8"),), "no-route"),
        ((nat("masquerade", out="lxcbr0"),), "no-route"),
        ((nat("snat", to="198.51.100.10", hook="input"),), "no-route"),
        ((nat("dnat", to="192.168.10.11", hook="prerouting"),), "loop"),
    ],
)
def test_which_rule_rewrites(rules: tuple[Ruleset, ...], stop: str | None) -> None:
    found = trace(repaired(*rules), "ns1", "203.0.113.80")
    assert (found.stop.kind if found.stop else None) == stop


def test_masquerade_takes_the_address_of_the_neighbours_subnet() -> None:
    host = snapshot().host
    found = trace(repaired(MASQUERADE), "ns1", "203.0.113.80").there[1].rewrites
    assert found == (Rewrite(kind="masquerade", before="192.168.10.11", after="198.51.100.10"),)
    assert routing.select(host, "eth0", "198.51.100.1") == "198.51.100.10"
    assert routing.select(host, "lo", "198.51.100.1", "link") == "198.51.100.10"


def test_the_route_that_is_taken() -> None:
    routes = (
        Route(destination="default", via="198.51.100.1", dev="eth0", metric=100),
        Route(destination="default", via="198.51.100.20", dev="eth0", metric=5),
        Route(destination="203.0.0.0/8", via="198.51.100.3", dev="eth0"),
        Route(destination="203.0.113.0/24", via="198.51.100.4", dev="eth0"),
        Route(destination="203.0.113.0/24", via="198.51.100.5", dev="eth0"),
        Route(destination="10.0.0.0/8", dev="eth0", kind="throw"),
        Route(destination="10.0.0.0/8", via="198.51.100.6", dev="eth0", table=253),
        Route(destination="203.0.113.80/32", via="198.51.100.7", dev="eth0", table=100),
        Route(destination="2001:db8::/32", via="fe80::1", dev="eth0"),
    )
    host = changed(snapshot(), "host", routes=routes).host
    for address, via in (
        ("9.9.9.9", "198.51.100.20"),
        ("203.1.1.1", "198.51.100.3"),
        ("203.0.113.80", "198.51.100.4"),
        ("10.1.1.1", "198.51.100.6"),
    ):
        route = routing.lookup(host, address)
        assert route is not None
        assert route.via == via
    assert routing.lookup(changed(snapshot(), "host", routes=()).host, "9.9.9.9") is None


@pytest.mark.parametrize("kind", ["unreachable", "blackhole", "prohibit"])
def test_routes_that_refuse(kind: str) -> None:
    route = Route(destination="203.0.113.0/24", kind=kind)
    found = trace(changed(snapshot(), "host", routes=(route,)), None, "203.0.113.80")
    assert found.stop == Stop(kind="route-refuses", namespace="host", address="203.0.113.80")


def test_several_next_hops_are_not_followed() -> None:
    route = Route(destination="default")
    found = trace(changed(snapshot(), "host", routes=(route,)), None, "203.0.113.80").stop
    assert found is not None
    assert (found.kind, found.link) == ("out-of-sight", "")


@pytest.mark.parametrize(
    ("mode", "back", "ok"),
    [("0", "br1", True), ("1", "lxcbr0", True), ("1", "br1", False), ("2", "br1", True)],
)
def test_the_reverse_path(mode: str, back: str, ok: bool) -> None:
    found = snapshot(AddBridge("br1"), AddAddress("br1", "10.0.0.1/24"), SetUp("br1"))
    if back == "br1":
        more = Route(destination="192.168.10.11/32", dev="br1")
        found = changed(found, "host", routes=(*found.host.routes, more))
    sysctls = {**found.host.sysctls, "net.ipv4.conf.all.rp_filter": mode}
    found = changed(found, "host", sysctls=sysctls)
    assert routing.filtered(found.host, "lxcbr0", "192.168.10.11") is not ok
    if not ok:
        stop = trace(found, "ns1", "192.168.10.1").stop
        wanted = Stop(kind="rp-filter", namespace="host", link="lxcbr0", address="192.168.10.11")
        assert stop == wanted


def test_no_reverse_path_at_all() -> None:
    host = changed(snapshot(), "host", routes=(), sysctls={"net.ipv4.conf.all.rp_filter": "2"})
    assert routing.filtered(host.host, "lxcbr0", "9.9.9.9")


def test_two_who_both_answer() -> None:
    found = snapshot(
        AddNamespace("ns2"),
        AddVeth("lxcbr0.2", "eth0", peer_ns="ns2", master="lxcbr0", up=True),
        AddAddress("eth0", "192.168.10.12/24", ns="ns2"),
        SetUp("eth0", ns="ns2"),
        AddNamespace("ns3"),
        AddVeth("lxcbr0.3", "eth0", peer_ns="ns3", master="lxcbr0", up=True),
        AddAddress("eth0", "192.168.10.12/24", ns="ns3"),
        SetUp("eth0", ns="ns3"),
    )
    way = trace(found, "ns1", "192.168.10.12")
    assert way.ok
    assert way.there[0].rivals == ("ns3",)
    way = trace(found, "ns2", "192.168.10.1")
    assert way.stop == Stop(
        kind="duplicate-address",
        namespace="host",
        link="lxcbr0",
        address="192.168.10.12",
        other="ns3",
    )


def test_circles_end() -> None:
    found = repaired(MASQUERADE)
    back = Route(destination="default", via="198.51.100.10", dev="eth0")
    router = found.namespace("router")
    found = changed(found, "router", routes=(*router.routes, back))
    stop = trace(found, "ns1", "9.9.9.9").stop
    assert stop is not None
    assert (stop.kind, stop.namespace) == ("loop", "host")


def test_many_who_answer_do_not_multiply_without_end() -> None:
    found = sample.star(40)
    same = Address(address="10.0.0.2/16")
    twins = tuple(
        structs.replace(ns, links=(ns.links[0], structs.replace(ns.links[1], addresses=(same,))))
        if ns.role == "named"
        else ns
        for ns in found
    )
    way = trace(structs.replace(found, namespaces=twins), None, "10.0.0.2")
    assert way.ok
    assert len(way.there[0].rivals) == 39


def test_macvlans_hear_each_other_and_their_parents_neighbours_only() -> None:
    host = snapshot().host
    lower = Peer(namespace=host.inode, name="eth0", index=host.link("eth0").index)
    mac0 = sample.link("mac0", 9, "198.51.100.40/24", kind="macvlan", peer=lower)
    mac1 = sample.link("mac0", 9, "198.51.100.41/24", kind="macvlan", peer=lower)
    found = snapshot(AddNamespace("ns2"))
    for label, link in (("ns1", mac0), ("ns2", mac1)):
        route = sample.connected("198.51.100.0/24", "mac0", link.addresses[0].address[:-3])
        found = changed(found, label, links=(sample.loopback(True), link), routes=(route,))
    assert trace(found, "ns1", "198.51.100.41").ok
    assert trace(found, "ns1", "198.51.100.20").ok
    assert trace(found, "lan", "198.51.100.40").ok
    for ns, address in (("ns1", "198.51.100.10"), ("host", "198.51.100.40")):
        stop = trace(found, ns, address).stop
        assert stop is not None
        assert (stop.kind, stop.namespace, stop.other) == ("macvlan-parent", "ns1", "eth0")
    idle = [structs.replace(x, up=False) if x.name == "eth0" else x for x in host.links]
    stop = trace(changed(found, "host", links=tuple(idle)), "ns1", "198.51.100.41").stop
    assert stop == Stop(kind="link-down", namespace="host", link="eth0", address="198.51.100.41"), (
        "without their parent they have no carrier"
    )


def test_what_is_out_of_sight() -> None:
    stop = trace(sample.odd(), None, "198.51.100.77").stop
    assert stop is not None
    assert stop.kind == "nobody-answers"
    lonely = sample.connected("10.6.0.0/24", "lost", "10.6.0.1")
    lost = sample.veth("lost", 14, None, "10.6.0.1/24")
    found = changed(snapshot(), "host", links=(sample.loopback(True), lost), routes=(lonely,))
    assert trace(found, None, "10.6.0.2").stop == Stop(
        kind="out-of-sight", namespace="host", link="lost", address="10.6.0.2"
    )


def test_who_and_whom_must_exist() -> None:
    with pytest.raises(NotFound):
        trace(snapshot(), "nowhere", "8.8.8.8")
    with pytest.raises(ValueError, match="Expected 4 octets"):
        trace(snapshot(), "ns1", "somewhere")
