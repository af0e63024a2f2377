"""The ways from a client to a server that are compared, and the network that holds all of them.

Two namespaces, one cable for each way: so the programs, the CPUs and the moment are the same, and
only the way differs.  Which way a packet takes is decided by the address that it is sent to.
"""

from __future__ import annotations

from msgspec import Struct

from nslab.network.actions import (
    Action,
    AddAddress,
    AddBridge,
    AddNamespace,
    AddRoute,
    AddVeth,
    Masquerade,
    SetUp,
    Sysctl,
)

CLIENT, SERVER, RELAY = "client", "server", "relay"
"""The namespaces: who asks, who answers, and a router that translates nothing."""


class Way(Struct, frozen=True):
    """A way: the server's address on it leads there; ``routers`` of them pass the packet on."""

    name: str
    title: str
    address: str
    routers: int = 0


WAYS = (
    Way("direct", "direct veth", "10.1.0.2"),
    Way("bridge", "bridge", "10.2.0.2"),
    Way("route", "bridge + route", "10.4.0.2", routers=1),
    Way("nat", "bridge + NAT", "10.6.0.2", routers=1),
    Way("macvlan", "macvlan", "10.7.0.2"),
)


def way(name: str) -> Way:
    """The way of that name; KeyError if there is none."""
    return {found.name: found for found in WAYS}[name]


Steps = tuple[Action | str, ...]


def _end(ns: str, link: str, address: str) -> tuple[Action, ...]:
    return (SetUp(link, ns=ns), AddAddress(link, f"{address}/24", ns=ns))


DIRECT = (
    AddVeth("direct", "direct", ns=CLIENT, peer_ns=SERVER),
    *_end(CLIENT, "direct", "10.1.0.1"),
    *_end(SERVER, "direct", "10.1.0.2"),
)

BRIDGE = (
    AddBridge("br-plain", multicast_snooping=False),
    SetUp("br-plain"),
    AddVeth("plain-c", "bridge", peer_ns=CLIENT, master="br-plain", up=True),
    AddVeth("plain-s", "bridge", peer_ns=SERVER, master="br-plain", up=True),
    *_end(CLIENT, "bridge", "10.2.0.1"),
    *_end(SERVER, "bridge", "10.2.0.2"),
)

# In a namespace of its own: a host that translates anything tracks all that it forwards.
ROUTE = (
    AddBridge("br-route", multicast_snooping=False, ns=RELAY),
    SetUp("br-route", ns=RELAY),
    AddAddress("br-route", "10.3.0.254/24", ns=RELAY),
    AddVeth("route-c", "route", ns=RELAY, peer_ns=CLIENT, master="br-route", up=True),
    AddVeth("route-s", "route", ns=RELAY, peer_ns=SERVER, up=True),
    AddAddress("route-s", "10.4.0.254/24", ns=RELAY),
    *_end(CLIENT, "route", "10.3.0.1"),
    *_end(SERVER, "route", "10.4.0.2"),
    Sysctl("net.ipv4.ip_forward", "1", ns=RELAY),
    AddRoute("10.4.0.0/24", via="10.3.0.254", ns=CLIENT),
    AddRoute("10.3.0.0/24", via="10.4.0.254", ns=SERVER),
)

# The server has no route to 10.5.0.0/24: only the translation lets its answers find back.
NAT = (
    AddBridge("br-nat", multicast_snooping=False),
    SetUp("br-nat"),
    AddAddress("br-nat", "10.5.0.254/24"),
    AddVeth("nat-c", "nat", peer_ns=CLIENT, master="br-nat", up=True),
    AddVeth("nat-s", "nat", peer_ns=SERVER, up=True),
    AddAddress("nat-s", "10.6.0.254/24"),
    *_end(CLIENT, "nat", "10.5.0.1"),
    *_end(SERVER, "nat", "10.6.0.2"),
    Sysctl("net.ipv4.ip_forward", "1"),
    AddRoute("10.6.0.0/24", via="10.5.0.254", ns=CLIENT),
    Masquerade("10.5.0.0/24", out="nat-s"),
)

_TWO_MACVLANS = (
    "ip link add link eth0 name mac-c type macvlan mode bridge\n"
    "ip link set mac-c netns client name macvlan\n"
    "ip link add link eth0 name mac-s type macvlan mode bridge\n"
    "ip link set mac-s netns server name macvlan"
)

MACVLAN: Steps = (
    _TWO_MACVLANS,
    *_end(CLIENT, "macvlan", "10.7.0.1"),
    *_end(SERVER, "macvlan", "10.7.0.2"),
)

START: Steps = (
    AddNamespace(CLIENT),
    AddNamespace(SERVER),
    AddNamespace(RELAY),
    *DIRECT,
    *BRIDGE,
    *ROUTE,
    *NAT,
    *MACVLAN,
)
"""All five, in one lab."""
