"""A network that works, the ways to break it, and a ping that is the judge.

::

    ns1 192.168.10.11 ─┐
                       lxcbr0 192.168.10.1 ─┐
    ns2 192.168.10.12 ─┘                    host ─ eth0 ─ the world
    ns3 192.168.20.11 ── br1 192.168.20.1 ──┘
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable

from nslab import (
    Action,
    AddAddress,
    AddBridge,
    AddNamespace,
    AddRoute,
    AddVeth,
    Attach,
    DeleteAddress,
    DeleteLink,
    DeleteRoute,
    Detach,
    Lab,
    Masquerade,
    NslabError,
    SetDown,
    SetUp,
    Sysctl,
)

Step = Action | str
"""An action, or a line for a shell of the host."""

Pair = tuple[str | None, str]
"""Who pings, and whom."""


def _joined(ns: str, port: str, bridge: str, address: str, gateway: str) -> tuple[Action, ...]:
    return (
        AddNamespace(ns),
        SetUp("lo", ns=ns),
        AddVeth(port, "eth0", peer_ns=ns, master=bridge, up=True),
        AddAddress("eth0", address, ns=ns),
        SetUp("eth0", ns=ns),
        AddRoute("default", via=gateway, ns=ns),
    )


WORKING: tuple[Action, ...] = (
    AddBridge("lxcbr0", stp=False),
    AddAddress("lxcbr0", "192.168.10.1/24"),
    SetUp("lxcbr0"),
    AddBridge("br1", stp=False),
    AddAddress("br1", "192.168.20.1/24"),
    SetUp("br1"),
    *_joined("ns1", "lxcbr0.1", "lxcbr0", "192.168.10.11/24", "192.168.10.1"),
    *_joined("ns2", "lxcbr0.2", "lxcbr0", "192.168.10.12/24", "192.168.10.1"),
    *_joined("ns3", "br1.1", "br1", "192.168.20.11/24", "192.168.20.1"),
    Sysctl("net.ipv4.ip_forward", "1"),
    Masquerade("192.168.10.0/24", "eth0"),
    Masquerade("192.168.20.0/24", "eth0"),
)

PAIRS: tuple[Pair, ...] = (
    ("ns1", "192.168.10.1"),
    ("ns1", "192.168.10.12"),
    ("ns1", "192.168.20.11"),
    ("ns1", "203.0.113.80"),
    ("ns1", "8.8.8.8"),
    ("ns1", "192.168.10.11"),
    ("ns1", "192.168.10.99"),
    (None, "192.168.10.11"),
    (None, "203.0.113.80"),
    ("ns3", "192.168.10.11"),
    ("ns3", "8.8.8.8"),
    ("ns2", "198.51.100.20"),
    ("lan", "8.8.8.8"),
    ("internet", "198.51.100.10"),
)


def _gateway(via: str, ns: str | None) -> tuple[Step, ...]:
    return (DeleteRoute("default", ns=ns), AddRoute("default", via=via, ns=ns))


def _instead_of_nat(rules: str) -> tuple[Step, ...]:
    chain = "add chain ip t p '{ type nat hook postrouting priority 100 ; }'"
    return (f"nft flush ruleset; nft add table ip t; nft {chain}; nft add rule ip t p {rules}",)


BREAKAGES: dict[str, tuple[Step, ...]] = {
    "nothing": (),
    "bridge down": (SetDown("lxcbr0"),),
    "port down": (SetDown("lxcbr0.1"),),
    "container's end down": (SetDown("eth0", ns="ns1"),),
    "other end down": (SetDown("eth0", ns="ns2"),),
    "lo down": (SetDown("lo", ns="ns1"),),
    "host's NIC down": (SetDown("eth0"),),
    "router's inside down": (SetDown("eth0", ns="router"),),
    "router's outside down": (SetDown("eth1", ns="router"),),
    "switch down": (SetDown("br0", ns="switch"),),
    "switch's port down": (SetDown("to-host", ns="switch"),),
    "container without default route": (DeleteRoute("default", ns="ns1"),),
    "host without default route": (DeleteRoute("default"),),
    "container without its subnet's route": (DeleteRoute("192.168.10.0/24", ns="ns1"),),
    "host without a subnet's route": (DeleteRoute("192.168.20.0/24"),),
    "no route back outside": (DeleteRoute("198.51.100.0/24", ns="internet"),),
    "router without a route": (DeleteRoute("8.8.8.0/24", ns="router"),),
    "gateway that nobody is": _gateway("192.168.10.99", "ns1"),
    "gateway that is no router": _gateway("192.168.10.12", "ns1"),
    "host's gateway is a neighbour": _gateway("198.51.100.20", None),
    "routes in a circle": _gateway("192.168.10.11", None),
    "a detour": (AddRoute("203.0.113.80/32", via="192.168.10.12", ns="ns1"),),
    "a route without a gateway": (AddRoute("203.0.113.0/24", dev="eth0"),),
    "unreachable": ("ip route add unreachable 203.0.113.0/24",),
    "blackhole": ("ip netns exec ns1 ip route add blackhole 203.0.113.0/24",),
    "no forwarding": (Sysctl("net.ipv4.ip_forward", "0"),),
    "router does not forward": (Sysctl("net.ipv4.ip_forward", "0", ns="router"),),
    "rp_filter harmless": (Sysctl("net.ipv4.conf.all.rp_filter", "1"),),
    "rp_filter strict": (
        Sysctl("net.ipv4.conf.all.rp_filter", "1"),
        AddRoute("192.168.10.11/32", dev="br1"),
    ),
    "port detached": (Detach("lxcbr0.1"),),
    "other port detached": (Detach("lxcbr0.2"),),
    "port of another bridge": (Attach("lxcbr0.1", "br1"),),
    "cable gone": (DeleteLink("lxcbr0.2"),),
    "NIC enslaved": (Attach("eth0", "lxcbr0"),),
    "address on a port": (
        DeleteAddress("lxcbr0", "192.168.10.1/24"),
        AddAddress("lxcbr0.1", "192.168.10.1/24"),
    ),
    "bridge without address": (DeleteAddress("lxcbr0", "192.168.10.1/24"),),
    "container without address": (DeleteAddress("eth0", "192.168.10.11/24", ns="ns1"),),
    "NIC without address": (DeleteAddress("eth0", "198.51.100.10/24"),),
    "container's address alone": (
        DeleteAddress("eth0", "192.168.10.11/24", ns="ns1"),
        AddAddress("eth0", "192.168.10.11/32", ns="ns1"),
    ),
    "bridge's address alone": (
        DeleteAddress("lxcbr0", "192.168.10.1/24"),
        AddAddress("lxcbr0", "192.168.10.1/32"),
    ),
    "gateway's address twice": (AddAddress("eth0", "192.168.10.1/24", ns="ns2"),),
    "container's address twice": (AddAddress("lxcbr0", "192.168.10.11/24"),),
    "a foreign address": (AddAddress("br1", "203.0.113.80/32"),),
    "no masquerade": ("nft flush ruleset",),
    "masquerade by iptables": (
        "nft flush ruleset; iptables -t nat -A POSTROUTING -s 192.168.0.0/16 -o eth0 -j MASQUERADE",
    ),
    "masquerade of another source": _instead_of_nat("ip saddr 10.0.0.0/8 oifname eth0 masquerade"),
    "masquerade by another link": _instead_of_nat("oifname lxcbr0 masquerade"),
    "masquerade of everything": _instead_of_nat("masquerade"),
    "port listening": (
        "ip link set lxcbr0 type bridge stp_state 1 forward_delay 3000",
        "ip link set lxcbr0.1 down; ip link set lxcbr0.1 up",
    ),
}
"""By what a person would call it."""

CHANCE = ("duplicate-address", "own-source", "answered-elsewhere")
"""Stops after which a ping may be answered all the same: who has an address twice may win."""


def build(lab: Lab, *broken: str) -> None:
    """The working network, broken in these ways; what is broken already may refuse."""
    lab.do(*WORKING, watch=False)
    for step in (step for name in broken for step in BREAKAGES[name]):
        if isinstance(step, str):
            lab.sh(step, echo=False)
        else:
            with contextlib.suppress(NslabError):
                lab.do(step, watch=False)


def pinged(lab: Lab, pairs: Iterable[Pair], wait: float = 0.3) -> dict[Pair, bool]:
    """Who gets an answer within some seconds, all at once and with nobody known beforehand."""
    answered: dict[Pair, bool] = {}

    def ping(pair: Pair) -> None:
        ns, address = pair
        ran = lab.run("ping", "-n", "-c1", f"-W{wait:g}", address, ns=ns)
        answered[pair] = ran.returncode == 0

    forget(lab)
    threads = [threading.Thread(target=ping, args=(pair,)) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answered


def forget(lab: Lab) -> None:
    """Empty the neighbour tables: a ping that a table still helps says nothing about the way."""
    for ns in lab.snapshot():
        lab.run("ip", "neigh", "flush", "all", ns=ns.label)


def answers(lab: Lab, pair: Pair, limit: float = 5.0) -> bool:
    """Whether a ping is answered in the end: ARP may take a second, a loaded machine more."""
    end = time.monotonic() + limit
    while not pinged(lab, [pair], 1.0)[pair]:
        if time.monotonic() > end:
            return False
    return True
