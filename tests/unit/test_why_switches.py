"""``why`` and what is usual nearly always: rules, settings, neighbours, queues, sizes, tunnels.

Each changes one value of a network that works; benchmarks/faults does the same to real ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from nslab import (
    Action,
    AddAddress,
    AddBridge,
    AddContainer,
    AddIpvlan,
    AddNamespace,
    AddRoute,
    AddVeth,
    AddVlan,
    Attach,
    DeleteAddress,
    DeleteRoute,
    Lab,
    Masquerade,
    Move,
    SetUp,
    Sysctl,
    why,
)
from nslab.explain.diagnose.explanation import Obstacle
from nslab.explain.trace import trace
from nslab.network.model import (
    FdbEntry,
    Neighbour,
    NextHop,
    PolicyRule,
    PortVlan,
    Route,
    Snapshot,
    Tunnel,
)
from nslab.network.rules import Ruleset

MAIN = (PolicyRule(priority=0, table=255), PolicyRule(priority=32766, table=254))


def joined(ns: str, port: str, bridge: str, address: str, gateway: str) -> tuple[Action, ...]:
    return (
        AddNamespace(ns),
        AddVeth(port, "eth0", peer_ns=ns, master=bridge, up=True),
        AddAddress("eth0", address, ns=ns),
        SetUp("eth0", ns=ns),
        AddRoute("default", via=gateway, ns=ns),
    )


NETWORK: tuple[Action, ...] = (
    AddBridge("lxcbr0", stp=False),
    AddAddress("lxcbr0", "192.168.10.1/24"),
    SetUp("lxcbr0"),
    AddBridge("br1", stp=False),
    AddAddress("br1", "192.168.20.1/24"),
    SetUp("br1"),
    *joined("ns1", "lxcbr0.1", "lxcbr0", "192.168.10.11/24", "192.168.10.1"),
    *joined("ns2", "lxcbr0.2", "lxcbr0", "192.168.10.12/24", "192.168.10.1"),
    *joined("ns3", "br1.1", "br1", "192.168.20.11/24", "192.168.20.1"),
    Sysctl("net.ipv4.ip_forward", "1"),
    Masquerade("192.168.10.0/24", "eth0"),
)


def network(*more: Action) -> Snapshot:
    with Lab(engine="fake") as lab:
        lab.do(*NETWORK, *more)
        return lab.snapshot()


def ns_with(found: Snapshot, label: str, **fields: Any) -> Snapshot:
    """The snapshot with other values in a namespace."""
    return structs.replace(
        found,
        namespaces=tuple(
            structs.replace(ns, **fields) if ns.label == label else ns for ns in found
        ),
    )


def link_with(found: Snapshot, label: str, name: str, **fields: Any) -> Snapshot:
    links = tuple(
        structs.replace(link, **fields) if link.name == name else link
        for link in found.namespace(label).links
    )
    return ns_with(found, label, links=links)


def port_with(found: Snapshot, name: str, **fields: Any) -> Snapshot:
    port = found.link(name).port
    assert port is not None
    return link_with(found, "host", name, port=structs.replace(port, **fields))


def setting(found: Snapshot, label: str, key: str, value: str) -> Snapshot:
    return ns_with(found, label, sysctls={**found.namespace(label).sysctls, key: value})


def mac(found: Snapshot, label: str, name: str) -> str:
    return found.link(name, label).mac


def both_isolated(found: Snapshot) -> Snapshot:
    return port_with(port_with(found, "lxcbr0.1", isolated=True), "lxcbr0.2", isolated=True)


def policy(*rules: PolicyRule, routes: tuple[Route, ...] = ()) -> Callable[[Snapshot], Snapshot]:
    def change(found: Snapshot) -> Snapshot:
        host = found.host
        return ns_with(found, "host", policy=(*rules, *MAIN), routes=(*host.routes, *routes))

    return change


def permanent(label: str, address: str, dev: str, mac: str) -> Callable[[Snapshot], Snapshot]:
    entry = Neighbour(address=address, dev=dev, mac=mac, state="permanent")
    return lambda found: ns_with(found, label, neighbours=(entry,))


def fdb(entry: dict[str, Any]) -> Callable[[Snapshot], Snapshot]:
    def change(found: Snapshot) -> Snapshot:
        made = FdbEntry(mac=mac(found, "ns2", "eth0"), master="lxcbr0", **entry)
        return ns_with(found, "host", fdb=(*found.host.fdb, made))

    return change


OUT, NEAR, GATE = "203.0.113.80", "192.168.10.12", "192.168.10.1"

CASES: dict[str, tuple[Callable[[Snapshot], Snapshot], str, str, str, str]] = {
    "a rule that refuses": (
        policy(PolicyRule(priority=9, source="192.168.10.11/32", action="prohibit")),
        OUT,
        "policy-route",
        "host",
        "ip rule del pref 9",
    ),
    "a table that refuses": (
        policy(
            PolicyRule(priority=9, source="192.168.10.0/24", table=77),
            routes=(Route(destination="default", kind="unreachable", table=77),),
        ),
        OUT,
        "policy-route",
        "host",
        "ip rule del pref 9",
    ),
    "a table that leads elsewhere, and nothing translates the way out": (
        lambda found: ns_with(
            policy(
                PolicyRule(priority=9, source="192.168.10.11/32", table=77),
                routes=(Route(destination="default", dev="br1", table=77),),
            )(found),
            "host",
            rules=Ruleset(),
        ),
        OUT,
        "policy-route",
        "host",
        "ip rule del pref 9",
    ),
    "main is not asked": (
        lambda found: ns_with(found, "ns1", policy=MAIN[:1]),
        OUT,
        "policy-route",
        "ns1",
        "ip netns exec ns1 ip rule add pref 32766 table main",
    ),
    "ARP off": (
        lambda found: link_with(found, "ns1", "eth0", flags=("BROADCAST", "NOARP", "UP")),
        GATE,
        "arp-off",
        "ns1/eth0",
        "ip netns exec ns1 ip link set dev eth0 arp on",
    ),
    "ARP off at the other end": (
        lambda found: link_with(found, "ns2", "eth0", flags=("BROADCAST", "NOARP", "UP")),
        NEAR,
        "arp-off",
        "ns2/eth0",
        "ip netns exec ns2 ip link set dev eth0 arp on",
    ),
    "ARP ignored": (
        lambda found: link_with(found, "ns2", "eth0", settings={"arp_ignore": "8"}),
        NEAR,
        "arp-ignored",
        "ns2/eth0",
        "ip netns exec ns2 sysctl -w net.ipv4.conf.eth0.arp_ignore=0",
    ),
    "a permanent neighbour that nobody is": (
        permanent("ns1", NEAR, "eth0", "02:00:00:00:99:99"),
        NEAR,
        "wrong-neighbour",
        "ns1/eth0",
        f"ip netns exec ns1 ip neigh del {NEAR} dev eth0",
    ),
    "isolated ports": (
        both_isolated,
        NEAR,
        "isolated-port",
        "host/lxcbr0.2",
        "bridge link set dev lxcbr0.2 isolated off",
    ),
    "no broadcasts": (
        lambda found: port_with(found, "lxcbr0.2", broadcast_flood=False),
        NEAR,
        "port-flags",
        "host/lxcbr0.2",
        "bridge link set dev lxcbr0.2 bcast_flood on",
    ),
    "neither flooded nor learned": (
        lambda found: port_with(found, "lxcbr0.2", flood=False, learning=False),
        NEAR,
        "port-flags",
        "host/lxcbr0.2",
        "bridge link set dev lxcbr0.2 flood on",
    ),
    "locked": (
        lambda found: port_with(found, "lxcbr0.1", locked=True),
        GATE,
        "port-flags",
        "host/lxcbr0.1",
        "bridge link set dev lxcbr0.1 locked off",
    ),
    "an entry that stays wrong": (
        fdb({"dev": "lxcbr0.1", "state": "static", "sticky": True}),
        NEAR,
        "wrong-fdb",
        "host/lxcbr0.1",
        "master",
    ),
    "a queue that takes nothing": (
        lambda found: link_with(found, "host", "eth0", queue="blackhole", queue_passes=0),
        OUT,
        "tc-drop",
        "host/eth0",
        "tc qdisc del dev eth0 root",
    ),
    "no forwarding on one link": (
        lambda found: link_with(found, "host", "lxcbr0", settings={"forwarding": "0"}),
        OUT,
        "no-forwarding",
        "host/lxcbr0",
        "sysctl -w net.ipv4.conf.lxcbr0.forwarding=1",
    ),
    "TTL": (
        lambda found: setting(found, "ns1", "net.ipv4.ip_default_ttl", "1"),
        OUT,
        "ttl-exceeded",
        "ns1",
        "ip netns exec ns1 sysctl -w net.ipv4.ip_default_ttl=64",
    ),
    "echo ignored": (
        lambda found: setting(found, "ns2", "net.ipv4.icmp_echo_ignore_all", "1"),
        NEAR,
        "echo-ignored",
        "ns2",
        "ip netns exec ns2 sysctl -w net.ipv4.icmp_echo_ignore_all=0",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_switch_is_named(case: str) -> None:
    change, target, kind, where, hint = CASES[case]
    before = network()
    assert why(before, "ns1", target).ok
    found = why(change(before), "ns1", target).obstacle
    assert found is not None
    assert (found.kind, found.where) == (kind, where)
    assert hint in found.hint


WORKING: dict[str, tuple[Callable[[Snapshot], Snapshot], str]] = {
    "a rule for others": (
        policy(PolicyRule(priority=9, source="192.168.20.0/24", action="prohibit")),
        OUT,
    ),
    "a rule to an empty table": (policy(PolicyRule(priority=9, table=123)), OUT),
    "throw goes on": (
        policy(
            PolicyRule(priority=9, destination="203.0.113.0/24", table=7),
            routes=(
                Route(destination="203.0.113.0/24", kind="throw", table=7),
                Route(destination="default", kind="unreachable", table=7),
            ),
        ),
        OUT,
    ),
    "one isolated port": (lambda found: port_with(found, "lxcbr0.1", isolated=True), NEAR),
    "no flooding, but learning": (lambda found: port_with(found, "lxcbr0.2", flood=False), NEAR),
    "an entry that heals": (fdb({"dev": "lxcbr0.1", "state": "static"}), NEAR),
    "a queue that takes a ping": (
        lambda found: link_with(found, "host", "eth0", queue="tbf burst 2000", queue_passes=2000),
        OUT,
    ),
    "arp_ignore where the address is on the link": (
        lambda found: setting(found, "host", "net.ipv4.conf.all.arp_ignore", "1"),
        GATE,
    ),
    "AnyIP": (
        lambda found: ns_with(
            found, "host", local=(Route(destination="10.66.0.0/24", dev="lo", kind="local"),)
        ),
        "10.66.0.7",
    ),
    "proxy_arp": (
        lambda found: link_with(
            ns_with(
                found,
                "ns1",
                routes=(Route(destination="192.168.0.0/16", dev="eth0", scope="link"),),
            ),
            "host",
            "lxcbr0",
            settings={"proxy_arp": "1"},
        ),
        "192.168.20.11",
    ),
}


@pytest.mark.parametrize("case", WORKING)
def test_what_looks_broken_is_let_be(case: str) -> None:
    change, target = WORKING[case]
    found = why(change(network()), "ns1", target)
    assert found.ok, found


def test_a_right_permanent_neighbour_needs_no_arp() -> None:
    found = network()
    for here, there, address in (("ns1", "ns2", NEAR), ("ns2", "ns1", "192.168.10.11")):
        entry = Neighbour(
            address=address, dev="eth0", mac=mac(found, there, "eth0"), state="permanent"
        )
        found = ns_with(found, here, neighbours=(entry,))
        found = link_with(found, here, "eth0", flags=("BROADCAST", "NOARP", "UP"))
    assert why(found, "ns1", NEAR).ok


def test_one_mac_twice_on_a_bridge() -> None:
    found = network()
    found = link_with(found, "ns2", "eth0", mac=mac(found, "ns1", "eth0"))
    obstacle = why(found, "ns1", NEAR).obstacle
    assert obstacle is not None
    assert (obstacle.kind, obstacle.where) == ("duplicate-mac", "ns2/eth0")
    assert "ip link set dev eth0 address" in obstacle.hint


def test_several_ways_have_to_lead_there_all() -> None:
    found = network(AddAddress("lxcbr0", "192.168.10.2/24"))
    both = (NextHop(via="192.168.10.1", dev="eth0"), NextHop(via="192.168.10.2", dev="eth0"))
    ns1 = found.namespace("ns1")
    routes = tuple(route for route in ns1.routes if route.destination != "default")
    ways = ns_with(found, "ns1", routes=(*routes, Route(destination="default", hops=both)))
    assert why(ways, "ns1", OUT).ok
    one = (both[0], NextHop(via="192.168.10.99", dev="eth0"))
    dead = ns_with(found, "ns1", routes=(*routes, Route(destination="default", hops=one)))
    assert not why(dead, "ns1", OUT).ok


@pytest.mark.parametrize(
    ("label", "name", "target", "where"),
    [
        ("ns2", "eth0", NEAR, "ns2/eth0"),
        ("ns1", "eth0", NEAR, "ns1/eth0"),
        ("host", "eth0", OUT, "host/eth0"),
    ],
)
def test_a_packet_is_too_big(label: str, name: str, target: str, where: str) -> None:
    found = link_with(network(), label, name, mtu=1300)
    assert trace(found, "ns1", target, size=1200).ok
    stop = trace(found, "ns1", target, size=1400).stop
    assert stop is not None
    assert (stop.kind, f"{stop.namespace}/{stop.link}", stop.other) == ("too-big", where, "1300")


def test_vlans_are_followed_over_a_bridge() -> None:
    found = network()
    bridge = found.link("lxcbr0").bridge
    assert bridge is not None
    found = link_with(found, "host", "lxcbr0", bridge=structs.replace(bridge, vlan_filtering=True))
    ten = (PortVlan(vlan=10, pvid=True, untagged=True),)
    found = port_with(port_with(found, "lxcbr0.1", vlans=ten), "lxcbr0.2", vlans=ten)
    assert why(found, "ns1", NEAR).ok
    other = port_with(found, "lxcbr0.2", vlans=(PortVlan(vlan=11, pvid=True, untagged=True),))
    obstacle = why(other, "ns1", NEAR).obstacle
    assert obstacle is not None
    assert (obstacle.kind, obstacle.where) == ("vlan-missing", "host/lxcbr0.2")
    assert "bridge vlan add dev lxcbr0.2 vid 10 pvid untagged" in obstacle.hint
    tagged = port_with(found, "lxcbr0.2", vlans=(PortVlan(vlan=10, pvid=True),))
    assert not why(tagged, "ns1", NEAR).ok


def asked(found: Snapshot, ns: str | None, target: str) -> Obstacle:
    obstacle = why(found, ns, target).obstacle
    assert obstacle is not None
    return obstacle


def test_two_links_of_one_subnet() -> None:
    found = network(
        DeleteAddress("lxcbr0", "192.168.10.1/24"),
        AddAddress("br1", "192.168.10.2/24"),
        AddAddress("lxcbr0", "192.168.10.1/24"),
    )
    obstacle = asked(found, None, "192.168.10.11")
    assert obstacle.kind == "same-subnet"
    assert obstacle.hint == "ip route add 192.168.10.11/32 dev lxcbr0"


def test_a_prefix_that_is_too_wide() -> None:
    found = network(
        DeleteAddress("eth0", "192.168.10.11/24", ns="ns1"),
        AddAddress("eth0", "192.168.10.11/8", ns="ns1"),
        AddRoute("default", via="192.168.10.1", ns="ns1"),
    )
    obstacle = asked(found, "ns1", "192.168.20.11")
    assert (obstacle.kind, obstacle.where) == ("prefix-wide", "ns1/eth0")
    assert "ip address add 192.168.10.11/24 dev eth0" in obstacle.hint


def test_a_prefix_that_is_too_narrow() -> None:
    found = network(
        DeleteAddress("eth0", "192.168.10.11/24", ns="ns1"),
        AddAddress("eth0", "192.168.10.11/31", ns="ns1"),
    )
    assert asked(found, "ns1", OUT).kind == "prefix-narrow"


def test_both_ends_alone() -> None:
    with Lab(engine="fake") as lab:
        lab.do(
            AddNamespace("x"),
            AddNamespace("y"),
            AddVeth("eth0", "eth0", ns="x", peer_ns="y"),
            AddAddress("eth0", "10.9.0.1/32", ns="x"),
            AddAddress("eth0", "10.9.0.2/32", ns="y"),
            SetUp("eth0", ns="x"),
            SetUp("eth0", ns="y"),
        )
        obstacle = asked(lab.snapshot(), "x", "10.9.0.2")
    assert obstacle.kind == "prefix-32"
    assert "ip netns exec y ip address add 10.9.0.2/24 dev eth0" in obstacle.hint


def test_a_cable_to_a_third_namespace() -> None:
    found = network(AddNamespace("lost"), Move("lxcbr0.1", to="lost"), SetUp("lxcbr0.1", ns="lost"))
    obstacle = asked(found, "ns1", OUT)
    assert (obstacle.kind, obstacle.where) == ("peer-elsewhere", "lost/lxcbr0.1")
    assert obstacle.hint == (
        "ip netns exec lost ip link set dev lxcbr0.1 netns 1\nip link set dev lxcbr0.1 up"
    )


def test_the_end_of_a_cable_that_was_moved_on() -> None:
    found = network(AddNamespace("lost"), Move("eth0", ns="ns1", to="lost"))
    obstacle = asked(found, "ns1", OUT)
    assert (obstacle.kind, obstacle.where) == ("peer-elsewhere", "lost/eth0")


def test_a_cable_that_is_a_containers_goes_there_by_a_way_that_exists() -> None:
    """A container has no name in /run/netns: ``netns app`` would be refused."""
    found = network(
        AddContainer("app"),
        AddVeth("port9", "eth0", peer_ns="app", master="lxcbr0", up=True),
        AddNamespace("lost"),
        Move("eth0", ns="app", to="lost"),
    )
    obstacle = asked(found, "app", OUT)
    assert (obstacle.kind, obstacle.where) == ("peer-elsewhere", "lost/eth0")
    assert obstacle.hint.splitlines() == [
        'lab.do(Move("eth0", to="app", ns="lost"))',
        'lab.sh("ip link set dev eth0 up", "app")',
    ]
    assert obstacle.actions == (Move("eth0", to="app", ns="lost"), SetUp("eth0", ns="app"))


def test_a_gateway_behind_another_link() -> None:
    found = network(DeleteRoute("default"))
    wrong = Route(destination="default", via="198.51.100.1", dev="lxcbr0", onlink=True)
    found = ns_with(found, "host", routes=(*found.host.routes, wrong))
    obstacle = asked(found, "ns1", OUT)
    assert obstacle.kind == "wrong-gateway"
    assert obstacle.hint == "ip route replace default via 198.51.100.1 dev eth0"


def tunnelled() -> Snapshot:
    """Two hosts with a bridge and a vxlan each, and a container behind each."""
    actions: list[Action] = []
    for n in (1, 2):
        actions += [AddNamespace(f"h{n}"), AddNamespace(f"c{n}")]
    actions.append(AddVeth("eth0", "eth0", ns="h1", peer_ns="h2"))
    for n in (1, 2):
        h, c = f"h{n}", f"c{n}"
        actions += [
            AddAddress("eth0", f"10.0.0.{n}/24", ns=h),
            SetUp("eth0", ns=h),
            AddBridge("br0", ns=h, stp=False),
            SetUp("br0", ns=h),
            AddVeth("port", "eth0", ns=h, peer_ns=c),
            Attach("port", "br0", ns=h),
            SetUp("port", ns=h),
            AddAddress("eth0", f"10.42.0.1{n}/24", ns=c),
            SetUp("eth0", ns=c),
            AddVeth("vx", "gone", ns=h, peer_ns=h),
            Attach("vx", "br0", ns=h),
            SetUp("vx", ns=h),
            SetUp("gone", ns=h),
        ]
    with Lab(engine="fake") as lab:
        lab.do(*actions)
        found = lab.snapshot()
    for n in (1, 2):
        ends = Tunnel(
            number=42, local=f"10.0.0.{n}", remote=f"10.0.0.{3 - n}", port=4789, dev="eth0"
        )
        found = link_with(found, f"h{n}", "vx", kind="vxlan", peer=None, tunnel=ends)
    return found


def test_a_tunnel_that_fits_is_a_way() -> None:
    assert why(tunnelled(), "c1", "10.42.0.12").ok


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"number": 43}, "they have the numbers 42 and 43 (VNI)"),
        ({"port": 8472}, "they use the UDP ports 4789 and 8472"),
    ],
)
def test_ends_of_a_tunnel_that_do_not_fit(fields: dict[str, Any], words: str) -> None:
    found = tunnelled()
    tunnel = found.link("vx", "h2").tunnel
    assert tunnel is not None
    found = link_with(found, "h2", "vx", tunnel=structs.replace(tunnel, **fields))
    obstacle = asked(found, "c1", "10.42.0.12")
    assert obstacle.kind == "tunnel-mismatch"
    assert words in obstacle.message
    assert "ip link add vx type vxlan" in obstacle.hint


def test_a_tunnel_without_an_end() -> None:
    found = tunnelled()
    links = tuple(link for link in found.namespace("h2").links if link.name != "vx")
    obstacle = asked(ns_with(found, "h2", links=links), "c1", "10.42.0.12")
    assert (obstacle.kind, obstacle.where) == ("tunnel-mismatch", "h1/vx")
    assert obstacle.hint.splitlines() == [
        (
            "ip netns exec h2 ip link add vx type vxlan id 42 dstport 4789 local 10.0.0.2 "
            "remote 10.0.0.1 dev eth0"
        ),
        "ip netns exec h2 ip link set dev vx master br0 up",
    ]
    away = structs.replace(found, namespaces=tuple(ns for ns in found if ns.label != "h2"))
    assert asked(away, "c1", "10.42.0.12").kind == "out-of-sight"


def test_what_a_tunnel_goes_over_is_asked_for() -> None:
    found = link_with(tunnelled(), "h2", "eth0", up=False, carrier=False)
    assert asked(found, "c1", "10.42.0.12").kind == "link-down"


# -- links for VLANs on a cable ------------------------------------------------------------------


def tagged(number: int = 5, **parent: Any) -> Snapshot:
    """A cable with a link for VLAN 5 at one end, and one for a VLAN at the other."""
    with Lab(engine="fake") as lab:
        lab.do(AddNamespace("t0"), AddNamespace("t1"))
        lab.do(AddVeth("eth0", "eth0", ns="t0", peer_ns="t1"))
        for n, vlan in ((0, 5), (1, number)):
            lab.do(SetUp("eth0", ns=f"t{n}"), AddVlan("eth0", "eth0.v", vlan, ns=f"t{n}"))
            lab.do(
                AddAddress("eth0.v", f"10.50.0.1{n}/24", ns=f"t{n}"), SetUp("eth0.v", ns=f"t{n}")
            )
        found = lab.snapshot()
    return link_with(found, "t1", "eth0", **parent) if parent else found


def test_links_for_vlans_are_followed_over_a_cable() -> None:
    assert why(tagged(), "t0", "10.50.0.11").ok
    other = asked(tagged(6), "t0", "10.50.0.11")
    assert (other.kind, other.where) == ("vlan-mismatch", "t1/eth0.v")
    assert other.hint.splitlines() == [
        "ip netns exec t1 ip link del eth0.v",
        "ip netns exec t1 ip link add link eth0 name eth0.v type vlan id 5",
        "ip netns exec t1 ip address add 10.50.0.11/24 dev eth0.v",
        "ip netns exec t1 ip link set dev eth0.v up",
    ]
    down = asked(tagged(up=False, carrier=False), "t0", "10.50.0.11")
    assert (down.kind, down.where) == ("link-down", "t1/eth0")


def test_ipvlans_that_know_no_arp_need_no_gateway() -> None:
    with Lab(engine="fake") as lab:
        for n in (1, 2):
            lab.do(AddNamespace(f"l{n}"), AddIpvlan("eth0", f"iv{n}", mode="l3", to=f"l{n}"))
            lab.do(AddAddress(f"iv{n}", f"192.169.5{n}.10/24", ns=f"l{n}"))
            lab.do(SetUp(f"iv{n}", ns=f"l{n}"))
        assert not lab.why("l1", "192.169.52.10")
        for n in (1, 2):  # there, and back
            obstacle = asked(lab.snapshot(), "l1", "192.169.52.10")
            assert obstacle.hint == f"ip netns exec l{n} ip route add default dev iv{n}"
            lab.do(*obstacle.actions)
        assert lab.why("l1", "192.169.52.10")


def on_the_card(mode: str) -> Lab:
    """Two ipvlans on the host's NIC, with addresses of the LAN."""
    lab = Lab(engine="fake")
    for n in (1, 2):
        lab.do(AddNamespace(f"i{n}"), AddIpvlan("eth0", f"ip{n}", mode=mode, to=f"i{n}"))
        lab.do(AddAddress(f"ip{n}", f"198.51.100.6{n}/24", ns=f"i{n}"), SetUp(f"ip{n}", ns=f"i{n}"))
        lab.do(AddRoute("default", via="198.51.100.1", ns=f"i{n}"))
    return lab


@pytest.mark.parametrize(
    ("ns", "target", "where"),
    [
        ("i1", "198.51.100.20", "i1/ip1"),
        ("i1", "203.0.113.80", "i1/ip1"),
        ("lan", "198.51.100.62:80", "i2/ip2"),
    ],
)
def test_nobody_can_ask_an_ipvlan_in_mode_l3(ns: str, target: str, where: str) -> None:
    """Its packets get out, by its parent's routes; the answer is for a MAC that nobody tells."""
    with on_the_card("l2") as lab:
        assert lab.why(ns, target)
    with on_the_card("l3") as lab:
        found = lab.snapshot()
        obstacle = asked(found, ns, target)
        assert (obstacle.kind, obstacle.where) == ("ipvlan-mode", where)
        mends = f"ip netns exec {where[:2]} ip link set dev {where[3:]} type ipvlan mode l2"
        assert obstacle.hint.splitlines()[0] == mends
        assert lab.why("i1", "198.51.100.62"), "those on one parent need no ARP"


def test_an_ipvlan_in_mode_l3_is_reached_by_a_route() -> None:
    with on_the_card("l3") as lab:
        lab.do(AddRoute("198.51.100.61/32", via="198.51.100.10", ns="lan"))
        assert lab.why("lan", "198.51.100.61")
        assert lab.why("i1", "198.51.100.20")
        assert not lab.why("i2", "198.51.100.20")


def test_a_link_beside_is_the_way_to_what_shares_the_parent() -> None:
    """An address with /32 is right where the subnet is another link's."""
    with on_the_card("l2") as lab:
        bare = asked(lab.snapshot(), None, "198.51.100.61")
        assert (bare.kind, bare.where) == ("macvlan-parent", "i1/ip1")
        assert bare.hint.splitlines()[1:] == [
            "ip link add shim link eth0 type ipvlan mode l2",
            "ip address add 198.51.100.2/32 dev shim",
            "ip link set dev shim up",
            "ip route add 198.51.100.61/32 dev shim",
        ]
        lab.do(AddIpvlan("eth0", "shim"), AddAddress("shim", "198.51.100.60/32"))
        down = asked(lab.snapshot(), None, "198.51.100.61")
        assert (down.kind, down.where) == ("link-down", "host/shim")
        lab.do(SetUp("shim"))
        missing = asked(lab.snapshot(), None, "198.51.100.61")
        assert (missing.kind, missing.where) == ("no-route", "host")
        assert missing.hint == "ip route add 198.51.100.61/32 dev shim"
        lab.do(*missing.actions)
        assert lab.why(None, "198.51.100.61")
