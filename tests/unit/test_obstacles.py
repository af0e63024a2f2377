"""``why``: each obstacle in its words, with its remedy.  tests/kernel compares with real pings."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest
import snapshots as sample
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from nslab import (
    Action,
    AddAddress,
    AddBridge,
    AddContainer,
    AddNamespace,
    AddRoute,
    AddVeth,
    Attach,
    DeleteAddress,
    DeleteLink,
    DeleteRoute,
    Detach,
    Explanation,
    InvalidInput,
    Lab,
    Masquerade,
    Move,
    NotFound,
    ResolvConf,
    SetBridge,
    SetDown,
    SetUp,
    Sysctl,
    why,
)
from nslab.explain.diagnose.causes import STOPS
from nslab.explain.diagnose.question import question
from nslab.explain.diagnose.why import silent, theory
from nslab.explain.trace.values import Stop as TraceStop
from nslab.network.model import Address, PolicyRule, Route, Snapshot
from nslab.network.rules import Ruleset, iptables

ARTICLE = (
    AddBridge("lxcbr0", stp=False),
    AddAddress("lxcbr0", "192.168.10.1/24"),
    SetUp("lxcbr0"),
    AddNamespace("ns1"),
    SetUp("lo", ns="ns1"),
    AddVeth("lxcbr0.1", "eth0", peer_ns="ns1"),
    AddAddress("eth0", "192.168.10.11/24", ns="ns1"),
    SetUp("eth0", ns="ns1"),
    Attach("lxcbr0.1", "lxcbr0"),
    AddRoute("default", via="192.168.10.1", ns="ns1"),
    ResolvConf("8.8.8.8", ns="ns1"),
)
REPAIR = (
    SetUp("lxcbr0.1"),
    Sysctl("net.ipv4.ip_forward", "1"),
    Masquerade("192.168.10.0/24", "eth0"),
)
NS2 = (
    AddNamespace("ns2"),
    AddVeth("lxcbr0.2", "eth0", peer_ns="ns2", master="lxcbr0", up=True),
    AddAddress("eth0", "192.168.10.12/24", ns="ns2"),
    SetUp("eth0", ns="ns2"),
    AddRoute("default", via="192.168.10.1", ns="ns2"),
)
WORKING = (*ARTICLE, *REPAIR, *NS2)


def after(*actions: Action, whole: Sequence[Action] = WORKING) -> Snapshot:
    with Lab(engine="fake") as lab:
        lab.do(*whole, *actions)
        return lab.snapshot()


def changed(found: Snapshot, label: str, **fields: Any) -> Snapshot:
    return structs.replace(
        found,
        namespaces=tuple(
            structs.replace(ns, **fields) if ns.label == label else ns for ns in found
        ),
    )


# -- the article -------------------------------------------------------------------------------


def test_the_article_in_three_questions(lab: Lab) -> None:
    lab.do(*ARTICLE)
    one = lab.why("ns1", "203.0.113.80")
    assert str(one) == (
        "ns1 → 203.0.113.80\n"
        "✔ ns1: route default via 192.168.10.1 dev eth0\n"
        "✔ ns1/eth0 is up, its cable leads to host/lxcbr0.1\n"
        "✘ host/lxcbr0.1 is down\n"
        "  → ip link set dev lxcbr0.1 up"
    )
    assert not one
    lab.do(*one.actions)
    two = lab.why("ns1", "203.0.113.80")
    assert str(two).splitlines()[3:] == [
        "✔ host/lxcbr0.1 is up, a forwarding port of lxcbr0",
        "✘ host does not forward: its net.ipv4.ip_forward is 0",
        "  → sysctl -w net.ipv4.ip_forward=1",
    ]
    lab.do(*two.actions)
    three = lab.why("ns1", "203.0.113.80")
    assert str(three).splitlines()[4:] == [
        "✔ host: forwards, route default via 198.51.100.1 dev eth0",
        "✔ host/eth0 is up, its cable leads outside",
        "✔ outside: router → internet, which has 203.0.113.80",
        "✔ internet got it: its answer is to go from 203.0.113.80 to 192.168.10.11",
        (
            "✘ internet has no route back to 192.168.10.11: the packet left host "
            "with that address as "
            "its source"
        ),
        "  → iptables -t nat -A POSTROUTING -s 192.168.10.0/24 -o eth0 -j MASQUERADE",
        "    or with nft:",
        "    nft add table ip nslab",
        (
            "    nft add chain ip nslab postrouting "
            "'{ type nat hook postrouting priority srcnat ; }'"
        ),
        "    nft add rule ip nslab postrouting ip saddr 192.168.10.0/24 oifname eth0 masquerade",
    ]
    assert three.actions == (Masquerade("192.168.10.0/24", "eth0"),)
    lab.do(*three.actions)
    four = lab.why("ns1", "203.0.113.80")
    assert four
    assert str(four).splitlines()[4:] == [
        "✔ host: forwards, route default via 198.51.100.1 dev eth0",
        "✔ host: masquerade, the source 192.168.10.11 becomes 198.51.100.10",
        "✔ host/eth0 is up, its cable leads outside",
        "✔ outside: router → internet, which has 203.0.113.80",
        (
            "✔ the answer comes back: internet → router → "
            "host (198.51.100.10 becomes 192.168.10.11 again) → ns1"
        ),
        "  (no packet was sent: this is what a snapshot shows)",
    ]
    assert four.actions == ()


def test_what_a_hint_says_can_be_typed(lab: Lab) -> None:
    lab.do(*ARTICLE, *REPAIR[:2])
    obstacle = lab.why("ns1", "203.0.113.80").obstacle
    assert obstacle is not None
    command, *remarks = obstacle.hint.splitlines()
    assert command == "iptables -t nat -A POSTROUTING -s 192.168.10.0/24 -o eth0 -j MASQUERADE"
    assert all(line.startswith("# ") for line in remarks)


# -- each obstacle -----------------------------------------------------------------------------

OBSTACLES: dict[str, tuple[tuple[Action, ...], tuple[str, str], tuple[str, str, str, str]]] = {
    "bridge down": (
        (SetDown("lxcbr0"),),
        ("ns1", "192.168.10.1"),
        ("link-down", "host/lxcbr0", "host/lxcbr0 is down", "ip link set dev lxcbr0 up"),
    ),
    "peer down": (
        (SetDown("eth0", ns="ns2"),),
        ("ns1", "192.168.10.12"),
        ("link-down", "ns2/eth0", "ns2/eth0 is down", "ip netns exec ns2 ip link set dev eth0 up"),
    ),
    "own link down": (
        (SetDown("eth0", ns="ns1"),),
        ("ns1", "8.8.8.8"),
        (
            "link-down",
            "ns1/eth0",
            "ns1/eth0 is down, and so without routes",
            "ip netns exec ns1 ip link set dev eth0 up",
        ),
    ),
    "link of the subnet down": (
        (SetDown("eth0", ns="ns1"),),
        ("ns1", "192.168.10.1"),
        (
            "link-down",
            "ns1/eth0",
            "ns1/eth0 is down, so 192.168.10.0/24 has no route",
            "ip netns exec ns1 ip link set dev eth0 up",
        ),
    ),
    "lo down": (
        (SetDown("lo", ns="ns1"),),
        ("ns1", "192.168.10.11"),
        (
            "link-down",
            "ns1/lo",
            "ns1/lo is down: all packets to addresses of ns1 itself go through it",
            "ip netns exec ns1 ip link set dev lo up",
        ),
    ),
    "lo never up": (
        (),
        ("ns2", "127.0.0.1"),
        (
            "link-down",
            "ns2/lo",
            "ns2/lo is down: all packets to addresses of ns2 itself go through it",
            "ip netns exec ns2 ip link set dev lo up",
        ),
    ),
    "lo without its address": (
        (DeleteAddress("lo", "127.0.0.1/8", ns="ns1"),),
        ("ns1", "127.0.0.1"),
        (
            "no-address",
            "ns1/lo",
            "ns1/lo is up, but the address 127.0.0.1/8 is missing there",
            "ip netns exec ns1 ip address add 127.0.0.1/8 dev lo",
        ),
    ),
    "lo with another address only": (
        (DeleteAddress("lo", "127.0.0.1/8", ns="ns1"), AddAddress("lo", "10.0.0.7/32", ns="ns1")),
        ("ns1", "127.0.0.1"),
        (
            "no-address",
            "ns1/lo",
            (
                "ns1/lo is up, but the address 127.0.0.1/8 is missing there: "
                "10.0.0.7/32 does not cover 127.0.0.1"
            ),
            "ip netns exec ns1 ip address add 127.0.0.1/8 dev lo",
        ),
    ),
    "lo with addresses of other networks": (
        (
            DeleteAddress("lo", "127.0.0.1/8", ns="ns1"),
            AddAddress("lo", "10.0.0.7/32", ns="ns1"),
            AddAddress("lo", "128.0.0.1/8", ns="ns1"),
        ),
        ("ns1", "127.0.0.1"),
        (
            "no-address",
            "ns1/lo",
            (
                "ns1/lo is up, but the address 127.0.0.1/8 is missing there: "
                "10.0.0.7/32, 128.0.0.1/8 do not cover 127.0.0.1"
            ),
            "ip netns exec ns1 ip address add 127.0.0.1/8 dev lo",
        ),
    ),
    "lo with its address, but alone": (
        (DeleteAddress("lo", "127.0.0.1/8", ns="ns1"), AddAddress("lo", "127.0.0.1/32", ns="ns1")),
        ("ns1", "127.0.0.5"),
        (
            "no-address",
            "ns1/lo",
            (
                "ns1/lo is up, but the address 127.0.0.1/8 is missing there: "
                "127.0.0.1/32 does not cover 127.0.0.5"
            ),
            "ip netns exec ns1 ip address add 127.0.0.1/8 dev lo",
        ),
    ),
    "lo down, and without its address": (
        (DeleteAddress("lo", "127.0.0.1/8", ns="ns1"), SetDown("lo", ns="ns1")),
        ("ns1", "127.0.0.1"),
        (
            "link-down",
            "ns1/lo",
            "ns1/lo is down: all packets to addresses of ns1 itself go through it",
            "ip netns exec ns1 ip link set dev lo up",
        ),
    ),
    "outside": (
        (SetDown("eth0", ns="router"),),
        (None, "8.8.8.8"),
        (
            "link-down",
            "router/eth0",
            "router/eth0 is down",
            'lab.sh("ip link set dev eth0 up", "router")',
        ),
    ),
    "no default route": (
        (DeleteRoute("default", ns="ns1"),),
        ("ns1", "8.8.8.8"),
        (
            "no-route",
            "ns1",
            "ns1 has no route to 8.8.8.8",
            "ip netns exec ns1 ip route add default via 192.168.10.1",
        ),
    ),
    "no route of the subnet": (
        (DeleteRoute("192.168.10.0/24"),),
        ("ns1", "192.168.10.1"),
        (
            "no-route",
            "host",
            "host has 192.168.10.1 on lxcbr0, but no route to 192.168.10.0/24",
            "ip route add 192.168.10.0/24 dev lxcbr0",
        ),
    ),
    "port detached": (
        (Detach("lxcbr0.2"),),
        ("ns1", "192.168.10.12"),
        (
            "not-attached",
            "host/lxcbr0.2",
            "host/lxcbr0.2 is not a port of lxcbr0",
            "ip link set dev lxcbr0.2 master lxcbr0",
        ),
    ),
    "another bridge": (
        (AddBridge("br1"), SetUp("br1"), Attach("lxcbr0.2", "br1")),
        ("ns1", "192.168.10.12"),
        (
            "wrong-bridge",
            "host/lxcbr0.2",
            "host/lxcbr0.2 is a port of br1, not of lxcbr0",
            "ip link set dev lxcbr0.2 master lxcbr0",
        ),
    ),
    "gateway that nobody is": (
        (DeleteRoute("default", ns="ns1"), AddRoute("default", via="192.168.10.99", ns="ns1")),
        ("ns1", "8.8.8.8"),
        (
            "wrong-gateway",
            "ns1",
            "no host behind ns1/eth0 has 192.168.10.99, the gateway",
            (
                "ip netns exec ns1 ip route delete default via 192.168.10.99\n"
                "ip netns exec ns1 ip route add default via 192.168.10.1"
            ),
        ),
    ),
    "gateway that is no router": (
        (DeleteRoute("default", ns="ns1"), AddRoute("default", via="192.168.10.12", ns="ns1")),
        ("ns1", "8.8.8.8"),
        (
            "wrong-gateway",
            "ns1",
            "ns2 is not a router, but the gateway of ns1",
            (
                "ip netns exec ns1 ip route delete default via 192.168.10.12\n"
                "ip netns exec ns1 ip route add default via 192.168.10.1"
            ),
        ),
    ),
    "circle": (
        (DeleteRoute("default"), AddRoute("default", via="192.168.10.11")),
        ("ns1", "8.8.8.8"),
        (
            "wrong-gateway",
            "host",
            "host sends packets for 8.8.8.8 to 192.168.10.11, which is wrong",
            "ip route delete default via 192.168.10.11\nip route add default via 198.51.100.1",
        ),
    ),
    "nobody": (
        (),
        ("ns1", "192.168.10.99"),
        (
            "nobody-has-address",
            "ns1",
            "no host behind ns1/eth0 has 192.168.10.99",
            "# check the address; nslab show lists those that there are",
        ),
    ),
    "nobody anywhere": (
        (),
        ("ns1", "9.9.9.9"),
        (
            "nobody-has-address",
            "router",
            "no host in this lab has 9.9.9.9; it ends at router, which has no route there",
            "# check the address; nslab show lists those that there are",
        ),
    ),
    "bridge without address": (
        (DeleteAddress("lxcbr0", "192.168.10.1/24"),),
        ("ns1", "8.8.8.8"),
        (
            "no-address",
            "host/lxcbr0",
            "no host has 192.168.10.1, and host/lxcbr0 has no address",
            "ip address add 192.168.10.1/24 broadcast + dev lxcbr0",
        ),
    ),
    "no address": (
        (DeleteAddress("eth0", "192.168.10.11/24", ns="ns1"),),
        ("ns1", "8.8.8.8"),
        (
            "no-address",
            "ns1/eth0",
            "ns1/eth0 has no address",
            "ip netns exec ns1 ip address add 192.168.10.2/24 broadcast + dev eth0",
        ),
    ),
    "no address to send from": (
        (
            DeleteAddress("eth0", "192.168.10.11/24", ns="ns1"),
            AddRoute("192.168.10.0/24", dev="eth0", ns="ns1"),
        ),
        ("ns1", "192.168.10.1"),
        (
            "no-address",
            "ns1/eth0",
            "ns1/eth0 has no address to send from",
            "ip netns exec ns1 ip address add 192.168.10.2/24 broadcast + dev eth0",
        ),
    ),
    "no prefix length": (
        (
            DeleteAddress("eth0", "192.168.10.11/24", ns="ns1"),
            AddAddress("eth0", "192.168.10.11/32", ns="ns1"),
        ),
        ("ns1", "192.168.10.1"),
        (
            "prefix-32",
            "ns1/eth0",
            "ns1/eth0 has 192.168.10.11/32: alone, without a route to a subnet",
            (
                "ip netns exec ns1 ip address add 192.168.10.11/24 broadcast + dev eth0\n"
                "ip netns exec ns1 ip address delete 192.168.10.11/32 dev eth0"
            ),
        ),
    ),
    "no prefix length at the other end": (
        (DeleteAddress("lxcbr0", "192.168.10.1/24"), AddAddress("lxcbr0", "192.168.10.1/32")),
        ("ns1", "192.168.10.1"),
        (
            "prefix-32",
            "host/lxcbr0",
            "host/lxcbr0 has 192.168.10.1/32: alone, without a route to a subnet",
            (
                "ip address add 192.168.10.1/24 broadcast + dev lxcbr0\n"
                "ip address delete 192.168.10.1/32 dev lxcbr0"
            ),
        ),
    ),
    "NIC enslaved": (
        (Attach("eth0", "lxcbr0"),),
        (None, "8.8.8.8"),
        (
            "address-on-port",
            "host/eth0",
            (
                "host/eth0 is a port of lxcbr0, which receives its packets: "
                "its addresses and routes belong on lxcbr0"
            ),
            (
                "ip route delete default via 198.51.100.1 dev eth0\n"
                "ip address delete 198.51.100.10/24 dev eth0\n"
                "ip address add 198.51.100.10/24 broadcast + dev lxcbr0\n"
                "ip route add default via 198.51.100.1"
            ),
        ),
    ),
    "address twice": (
        (AddAddress("eth0", "192.168.10.1/24", ns="ns2"),),
        ("ns1", "8.8.8.8"),
        (
            "duplicate-address",
            "ns2/eth0",
            "192.168.10.1 is the address of host, ns2: any of them may answer",
            "ip netns exec ns2 ip address delete 192.168.10.1/24 dev eth0",
        ),
    ),
    "own address elsewhere": (
        (AddAddress("lxcbr0", "192.168.10.11/24"),),
        ("ns1", "192.168.10.1"),
        (
            "duplicate-address",
            "host/lxcbr0",
            "host has 192.168.10.11 too: it drops what others send from that address",
            "ip address delete 192.168.10.11/24 dev lxcbr0",
        ),
    ),
    "no link": (
        (DeleteLink("eth0", ns="ns1"),),
        ("ns1", "8.8.8.8"),
        (
            "no-link",
            "ns1",
            "ns1 has no link but lo",
            "# give it one end of a veth pair: ip link add … type veth peer name …",
        ),
    ),
    "broadcast": (
        (),
        ("ns1", "192.168.10.255"),
        (
            "broadcast",
            "ns1",
            ("192.168.10.255 means all hosts on a segment, so no single host has it"),
            "",
        ),
    ),
    "world forwards not": (
        (Sysctl("net.ipv4.ip_forward", "0", ns="router"),),
        (None, "8.8.8.8"),
        (
            "no-forwarding",
            "router",
            "router does not forward: its net.ipv4.ip_forward is 0",
            'lab.sh("sysctl -w net.ipv4.ip_forward=1", "router")',
        ),
    ),
    "world's route gone": (
        (DeleteRoute("198.51.100.0/24", ns="internet"),),
        (None, "8.8.8.8"),
        (
            "no-route",
            "internet",
            "internet has no route to 198.51.100.10",
            'lab.sh("ip route add 198.51.100.0/24 via 203.0.113.1", "internet")',
        ),
    ),
}


@pytest.mark.parametrize("name", OBSTACLES)
def test_obstacles(name: str) -> None:
    actions, (ns, target), (kind, where, message, hint) = OBSTACLES[name]
    found = why(after(*actions), ns, target)
    obstacle = found.obstacle
    assert obstacle is not None
    assert (obstacle.kind, obstacle.where, obstacle.message, obstacle.hint) == (
        kind,
        where,
        message,
        hint,
    )


@pytest.mark.parametrize("name", OBSTACLES)
def test_remedies_lead_to_an_answer(lab: Lab, name: str) -> None:
    actions, (ns, target), _ = OBSTACLES[name]
    lab.do(*WORKING, *actions)
    for _ in range(6):
        found = lab.why(ns, target)
        if not found.actions:
            break
        lab.do(*found.actions)
    kind = found.obstacle.kind if found.obstacle else ""
    assert kind in ("", "nobody-has-address", "no-link", "broadcast")


def test_a_stop_of_every_kind_has_words() -> None:
    documented = re.findall(r"^    ([a-z-]+)  +", TraceStop.__doc__ or "", re.MULTILINE)
    assert set(documented) == set(STOPS)


def test_a_port_that_listens() -> None:
    now = 0.0
    from nslab.engine.fake import FakeEngine

    engine = FakeEngine(clock=lambda: now)
    engine.apply([*ARTICLE, SetBridge("lxcbr0", stp=True), *REPAIR])
    obstacle = why(engine.snapshot(), "ns1", "8.8.8.8").obstacle
    assert obstacle is not None
    assert obstacle.kind == "port-not-forwarding"
    assert obstacle.message == (
        "host/lxcbr0.1 is a port of lxcbr0, but listening: the spanning tree is on"
    )
    assert obstacle.hint.splitlines() == [
        "# wait at most 30 seconds, or turn the spanning tree off:",
        "ip link set dev lxcbr0 type bridge stp_state 0",
        "ip link set dev lxcbr0.1 down",
        "ip link set dev lxcbr0.1 up",
    ]
    now = 20.0
    assert "wait at most 15 seconds" in str(why(engine.snapshot(), "ns1", "8.8.8.8"))
    now = 31.0
    assert why(engine.snapshot(), "ns1", "8.8.8.8").ok


@pytest.mark.parametrize(
    ("state", "hint"),
    [
        ("disabled", "bridge link set dev lxcbr0.1 state 3"),
        ("blocking", "# the spanning tree found a loop: which other ports does lxcbr0 have?"),
    ],
)
def test_a_port_that_does_not_forward(state: str, hint: str) -> None:
    found = after()
    port = found.link("lxcbr0.1")
    assert port.port is not None
    other = structs.replace(port, port=structs.replace(port.port, state=state))
    links = tuple(other if link.name == port.name else link for link in found.host.links)
    obstacle = why(changed(found, "host", links=links), "ns1", "8.8.8.8").obstacle
    assert obstacle is not None
    assert (obstacle.kind, obstacle.hint) == ("port-not-forwarding", hint)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            sample.nat("masquerade", source="10.0.0.0/8", out="eth0"),
            "host masquerades what comes from 10.0.0.0/8 and leaves by eth0",
        ),
        (
            sample.nat("masquerade", source="192.168.10.0/24", out="lxcbr0"),
            "host masquerades what comes from 192.168.10.0/24 and leaves by lxcbr0",
        ),
        (
            sample.nat("masquerade", destination="10.0.0.0/8"),
            "host masquerades what comes from anywhere for 10.0.0.0/8",
        ),
    ],
)
def test_masquerade_of_something_else(rule: Ruleset, words: str) -> None:
    obstacle = why(changed(after(), "host", rules=rule), "ns1", "203.0.113.80").obstacle
    assert obstacle is not None
    assert obstacle.kind == "masquerade-mismatch"
    assert obstacle.message == (
        f"{words}, but this comes from 192.168.10.11 and leaves by eth0: "
        "internet has no route back to 192.168.10.11"
    )
    assert obstacle.actions == (Masquerade("192.168.10.0/24", "eth0"),)


def test_masquerade_without_an_address() -> None:
    """All that the host has is an address that it may not speak with."""
    found = after()
    own = Address(address="192.168.10.1/32", scope="host")
    links = (
        structs.replace(sample.loopback(True), addresses=(own,)),
        *(structs.replace(link, addresses=()) for link in found.host.links if link.name != "lo"),
    )
    obstacle = why(changed(found, "host", links=links), "ns1", "8.8.8.8").obstacle
    assert obstacle is not None
    assert (obstacle.kind, obstacle.where) == ("no-address", "host/eth0")
    assert obstacle.message == "host/eth0 has no address to send from"


def test_rp_filter_and_refusing_routes() -> None:
    found = after()
    wrong = Route(destination="192.168.10.11/32", dev="eth0")
    sysctls = {**found.host.sysctls, "net.ipv4.conf.all.rp_filter": "1"}
    strict = changed(found, "host", routes=(*found.host.routes, wrong), sysctls=sysctls)
    obstacle = why(strict, "ns1", "8.8.8.8").obstacle
    assert obstacle is not None
    assert (obstacle.kind, obstacle.message, obstacle.hint) == (
        "rp-filter",
        (
            "host drops it: rp_filter is on, and its route to 192.168.10.11 leaves by eth0, "
            "not by lxcbr0"
        ),
        "sysctl -w net.ipv4.conf.all.rp_filter=0",
    )
    refusing = Route(destination="8.8.8.0/24", kind="unreachable")
    found = changed(found, "host", routes=(*found.host.routes, refusing))
    obstacle = why(found, "ns1", "8.8.8.8").obstacle
    assert obstacle is not None
    assert (obstacle.kind, obstacle.message, obstacle.hint) == (
        "route-refuses",
        "host refuses it: route unreachable 8.8.8.0/24",
        "ip route delete 8.8.8.0/24",
    )


def test_the_second_link_of_a_container(lab: Lab) -> None:
    lab.do(
        *WORKING,
        AddContainer("c1"),
        AddVeth("peerA", "eth1", master="lxcbr0", up=True),
        Move("eth1", to="c1"),
        AddAddress("eth1", "198.51.100.30/24", ns="c1"),
        SetUp("eth1", ns="c1"),
    )
    obstacle = lab.why("c1", "198.51.100.20").obstacle
    assert obstacle is not None
    assert (obstacle.kind, obstacle.where, obstacle.hint) == (
        "not-attached",
        "host/eth0",
        (
            "# the addresses and routes of eth0 then belong on lxcbr0:\n"
            "ip link set dev eth0 master lxcbr0\n"
            "ip route delete default via 198.51.100.1 dev eth0\n"
            "ip address delete 198.51.100.10/24 dev eth0\n"
            "ip address add 198.51.100.10/24 broadcast + dev lxcbr0\n"
            "ip route add default via 198.51.100.1"
        ),
    )
    lab.do(*obstacle.actions, SetDown("eth1", ns="c1"))
    assert lab.why("host", "203.0.113.80").ok, "the host is not cut off"
    assert lab.why("c1", "198.51.100.20").obstacle.hint == (  # type: ignore[union-attr]
        'lab.sh("ip link set dev eth1 up", "c1")'
    )


def test_an_answer_that_leaves_by_another_link(lab: Lab) -> None:
    lab.do(
        *WORKING,
        AddNamespace("c1"),
        AddVeth("c1.0", "eth0", peer_ns="c1", master="lxcbr0", up=True),
        AddAddress("eth0", "192.168.10.30/24", ns="c1"),
        SetUp("eth0", ns="c1"),
        AddRoute("default", via="192.168.10.1", ns="c1"),
        AddVeth("to-c1", "eth1", ns="switch", peer_ns="c1", master="br0", up=True),
        AddAddress("eth1", "198.51.100.30/24", ns="c1"),
        SetUp("eth1", ns="c1"),
        Sysctl("net.ipv4.ip_forward", "0"),
    )
    obstacle = lab.why("internet", "198.51.100.30").obstacle
    assert obstacle is not None
    assert obstacle.message == (
        "host does not forward: its net.ipv4.ip_forward is 0 "
        "(the answer leaves c1 by eth0, not by eth1)"
    )
    assert obstacle.hint == (
        "# or let the answer leave by eth1, in c1:\n"
        "# ip rule add from 198.51.100.30 table 100\n"
        "# ip route add default via GATEWAY dev eth1 table 100\n"
        "sysctl -w net.ipv4.ip_forward=1"
    )


def test_a_route_by_a_gateway_that_is_not_known_is_for_the_namespace_that_needs_it() -> None:
    """Typed as it stood, it was the host's."""
    with Lab(engine="fake") as lab:
        lab.do(
            *(AddNamespace("a"), AddNamespace("b")),
            AddVeth("eth0", "eth0", ns="a", peer_ns="b"),
            *(AddAddress("eth0", "10.1.0.1/24", ns="a"), SetUp("eth0", ns="a")),
            *(AddAddress("eth0", "10.1.0.2/24", ns="b"), SetUp("eth0", ns="b")),
        )
        obstacle = lab.why("a", "203.0.113.80").obstacle
    assert obstacle is not None
    assert obstacle.kind == "no-route"
    assert "ip netns exec a ip route add default via" in obstacle.hint


def test_two_who_have_an_address_and_both_answer() -> None:
    found = why(
        after(
            AddNamespace("ns3"),
            AddVeth("lxcbr0.3", "eth0", peer_ns="ns3", master="lxcbr0", up=True),
            AddAddress("eth0", "192.168.10.12/24", ns="ns3"),
            SetUp("eth0", ns="ns3"),
        ),
        "ns1",
        "192.168.10.12",
    )
    assert found.ok
    assert "✔ ns1: ns2, ns3 have 192.168.10.12: any of them may answer" in str(found)


# -- what was not looked at --------------------------------------------------------------------


def test_notes_say_what_may_be_in_the_way_all_the_same() -> None:
    found = after()
    bridge = found.link("lxcbr0")
    assert bridge.bridge is not None
    filtering = structs.replace(bridge, bridge=structs.replace(bridge.bridge, vlan_filtering=True))
    found = changed(
        found,
        "host",
        sysctls={**found.host.sysctls, "net.bridge.bridge-nf-call-iptables": "1"},
        policy=(PolicyRule(priority=9, mark=7, table=100), PolicyRule(priority=32766, table=254)),
        links=tuple(filtering if x.name == "lxcbr0" else x for x in found.host.links),
    )
    assert why(found, "ns1", "203.0.113.80").notes == (
        "host has policy rules that ask for more than addresses and links: ip rule",
        "host has a bridge that filters VLANs, which is not checked",
    )


# -- names -------------------------------------------------------------------------------------


def test_a_name_is_a_way_to_a_name_server(lab: Lab) -> None:
    lab.do(*ARTICLE)
    found = lab.why("ns1", "www.example.org")
    assert str(found).splitlines()[:2] == [
        "ns1 → www.example.org",
        "✔ ns1 asks 8.8.8.8 for names (/etc/netns/ns1/resolv.conf)",
    ]
    assert found.obstacle is not None
    assert found.obstacle.kind == "link-down"
    lab.do(*REPAIR, *NS2)
    found = lab.why("ns1", "www.example.org")
    assert found.ok
    assert found.notes[-1] == (
        "www.example.org was not looked up; to see whether 8.8.8.8 answers: host www.example.org"
    )
    # Without a file of its own, the host's counts.
    assert "asks 8.8.8.8 for names (/etc/resolv.conf)" in str(lab.why("ns2", "example.org"))


def test_no_name_server() -> None:
    found = why(changed(after(), "ns1", resolv_conf="# nothing\n"), "ns1", "www.example.org")
    assert found.obstacle is not None
    assert found.obstacle.kind == "no-nameserver"
    assert found.obstacle.message == (
        "ns1 knows no name server: none is in /etc/netns/ns1/resolv.conf"
    )
    assert found.actions == (ResolvConf("8.8.8.8", ns="ns1"),)
    six = why(changed(after(), "ns1", resolv_conf="nameserver 2001:db8::1\n"), "ns1", "a.example")
    assert six.notes == ("the way to 2001:db8::1 was not checked: only IPv4 is explained",)


# -- questions that have no answer -------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "cause"),
    [
        ("2001:db8::1", "only IPv4 is explained"),
        ("224.0.0.1", "not the address of one host"),
        ("0.0.0.0", "not the address of one host"),
        ("192.168.10.1/24", "neither an address nor"),
        ("", "neither an address nor"),
        ("ns2", "that is a namespace"),
    ],
)
def test_targets_that_no_way_leads_to(target: str, cause: str) -> None:
    with pytest.raises(InvalidInput, match=cause) as caught:
        why(after(), "ns1", target)
    assert caught.value.hint
    if target == "ns2":
        assert "192.168.10.12" in caught.value.hint


def test_a_namespace_that_is_not_there() -> None:
    with pytest.raises(NotFound, match="no namespace of that name") as caught:
        why(after(), "nowhere", "8.8.8.8")
    assert caught.value.hint.startswith("there are host, ns1, ns2,")


# -- forms -------------------------------------------------------------------------------------

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
    "working": after(),
}
TARGETS = [
    "192.168.10.1",
    "192.168.10.11",
    "203.0.113.80",
    "8.8.8.8",
    "198.51.100.20",
    "10.0.0.2",
    "172.17.0.2",
    "10.8.0.2",
    "10.1.0.1",
    "127.0.0.1",
    "9.9.9.9",
    "www.example.org",
    "192.0.2.99",
]
NUMBER = re.compile(r"40265\d\d\d\d\d|([0-9a-f]{2}:){5}[0-9a-f]{2}")


@given(st.sampled_from(list(SAMPLES)), st.sampled_from(TARGETS), st.data())
def test_every_question_has_an_answer(name: str, target: str, data: st.DataObject) -> None:
    snapshot = SAMPLES[name]
    ns = data.draw(st.sampled_from([each.label for each in snapshot]))
    found = why(snapshot, ns, target)
    assert found == why(snapshot, ns, target)
    assert found.ok == (found.obstacle is None)
    assert not NUMBER.search(str(found)), "numbers that the kernel draws say nothing"
    assert set(found._repr_mimebundle_()) == {"text/plain", "text/html"}


def test_the_html_form() -> None:
    found = why(sample.hostile(), "<b>&\"x'\\n</b>", "10.9.9.9")
    page = found.html
    assert '<b>&"x' not in page
    assert "&lt;b&gt;&amp;" in page
    assert "color:" in page
    assert "background" not in page, "the page's own background is light or dark"
    assert "✘" in page


def test_an_explanation_is_a_value() -> None:
    found = why(after(), "ns1", "203.0.113.80")
    assert isinstance(found, Explanation)
    assert found == structs.replace(found)
    assert found.steps[0].where == "ns1"
    assert json.dumps([step.message for step in found.steps])


# -- packet filters ----------------------------------------------------------------------------


def filtered(*lines: str, policy: str = "ACCEPT") -> Snapshot:
    """The article's network, repaired, with lines of iptables-save in the host's filter table."""
    saved = "\n".join(["*filter", f":FORWARD {policy} [0:0]", *lines, "COMMIT"])
    found = after(Masquerade("192.168.10.0/24", "eth0"))
    rules = Ruleset(tables=(*found.host.rules.tables, *iptables.parse(saved, "iptables")))
    return changed(found, "host", rules=rules)


def test_a_rule_that_is_not_understood_leaves_it_undecided() -> None:
    found = why(filtered("-A FORWARD -m u32 --u32 0x0&0xff=0x1 -j DROP"), "ns1", "203.0.113.80")
    assert found.ok is None
    assert found.obstacle is not None
    assert (found.obstacle.kind, found.obstacle.where) == ("lost", "host")
    assert "-m u32 --u32 0x0&0xff=0x1 -j DROP" in found.obstacle.message
    assert "(not understood: -m u32" in found.obstacle.message


def test_a_rule_that_is_not_understood_and_does_not_matter() -> None:
    assert why(filtered("-A FORWARD -p tcp -m u32 --u32 1 -j DROP"), "ns1", "203.0.113.80").ok
    found = why(filtered("-A FORWARD -m u32 --u32 1 -j DROP", policy="DROP"), "ns1", "203.0.113.80")
    assert found.obstacle is not None
    assert found.obstacle.kind == "filter-drop"


def test_the_rules_that_let_it_by_are_given_where_a_policy_drops() -> None:
    found = why(filtered(policy="DROP"), "ns1", "203.0.113.80").obstacle
    assert found is not None
    assert found.hint.splitlines() == [
        "iptables -A FORWARD -i lxcbr0 -o eth0 -j ACCEPT",
        "iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    ]


def test_a_filter_is_not_to_blame_for_what_was_on_a_wrong_way() -> None:
    """The rule that lets it by does not bring it there: the route is gone, with its link."""
    saved = "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT "
    saved += "--to-destination 192.168.10.11:80\nCOMMIT"
    published = iptables.parse(saved, "iptables")
    drops = filtered(policy="DROP").host.rules

    def opened(*actions: Action) -> Any:
        found = after(*actions)
        rules = Ruleset(tables=(*drops.tables, *published))
        found = changed(found, "host", rules=rules)
        said = theory(found, found.namespace("lan"), question(found, "198.51.100.10:80"))[1]
        assert said.obstacle is not None
        return said.obstacle

    found = opened(SetDown("lxcbr0"))
    assert (found.kind, found.where) == ("link-down", "host/lxcbr0")
    assert found.hint == "ip link set dev lxcbr0 up"
    assert opened().kind == "filter-drop"
    found = opened(DeleteRoute("192.168.10.0/24", dev="lxcbr0"))
    assert (found.kind, found.hint) == ("no-route", "ip route add 192.168.10.0/24 dev lxcbr0")


def test_so_is_it_with_a_network_behind_a_gateway() -> None:
    behind = (
        AddNamespace("ns3"),
        AddVeth("far", "eth0", ns="ns2", peer_ns="ns3"),
        AddAddress("far", "10.3.0.1/24", ns="ns2"),
        AddAddress("eth0", "10.3.0.2/24", ns="ns3"),
        SetUp("far", ns="ns2"),
        SetUp("eth0", ns="ns3"),
    )
    found = changed(after(*behind), "host", rules=filtered(policy="DROP").host.rules)
    said = why(found, "ns1", "10.3.0.2").obstacle
    assert said is not None
    assert (said.kind, said.where) == ("no-route", "host")
    assert said.hint == "ip route add 10.3.0.0/24 via 192.168.10.12"


@pytest.mark.parametrize("tool", ["iptables", "nft"])
def test_what_is_sent_to_nobody_is_aimed_at_a_neighbour(tool: str) -> None:
    """The rule keeps its place; and who another rule names comes first."""
    before = "-p tcp -m tcp --dport 8080 -j DNAT --to-destination 192.168.10.{}:80"
    lines = ["*nat", ":PREROUTING ACCEPT [0:0]", "-A PREROUTING -p udp -j ACCEPT"]
    lines += [f"-A PREROUTING {before.format(99)}"]
    lines += ["-A PREROUTING -p tcp -m tcp --dport 2 -j DNAT --to-destination 192.168.10.12:2"]
    tables = iptables.parse("\n".join([*lines, "COMMIT"]), "iptables")
    wanted = f"iptables -t nat -R PREROUTING 2 {before.format(12)}"
    if tool == "nft":
        (table,) = tables
        (chain,) = table.chains
        rules = tuple(
            structs.replace(rule, text=rule.text.removeprefix("-A PREROUTING "), handle=number)
            for number, rule in enumerate(chain.rules)
        )
        chain = structs.replace(chain, rules=rules)
        tables = (structs.replace(table, tool="nft", chains=(chain,)),)
        wanted = f"nft replace rule ip nat PREROUTING handle 1 {before.format(12)}"
    found = after(Masquerade("192.168.10.0/24", "eth0"))
    found = changed(found, "host", rules=Ruleset(tables=(*found.host.rules.tables, *tables)))
    obstacle = theory(found, found.namespace("lan"), question(found, "198.51.100.10:8080"))[1]
    assert obstacle.obstacle is not None
    assert obstacle.obstacle.kind == "wrong-translation"
    assert obstacle.obstacle.hint.splitlines() == [
        "# if ns2 is meant, which has 192.168.10.12:",
        wanted,
        "# or ns1, which has 192.168.10.11",
    ]


def test_localhost_needs_no_name_server(lab: Lab) -> None:
    lab.do(*ARTICLE, DeleteAddress("lo", "127.0.0.1/8", ns="ns1"))
    for found in (lab.why("ns1", "localhost"), silent(lab.snapshot(), "ns1", "localhost")):
        assert str(found).splitlines()[:3] == [
            "ns1 → localhost",
            "✔ /etc/hosts says: localhost is 127.0.0.1",
            "✘ ns1/lo is up, but the address 127.0.0.1/8 is missing there",
        ]


def test_at_pythons_own_prompt_it_is_its_answer() -> None:
    """Its values are pages, and the answer is not among them."""
    with Lab(engine="fake") as lab:
        found = lab.why(None, "8.8.8.8")
    assert repr(found) == str(found)
    assert len(repr(found).splitlines()) < 12
