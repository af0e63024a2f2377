"""The ways from a container to a network card of its host, and the network that holds all of them.

Each way has a card of its own, which is one end of a cable to the server outside; of macvlan,
ipvlan and a bridge a card can serve one only.  What the ways have in common is that cable.
"""

from __future__ import annotations

from nslab.course.measure.topologies import CLIENT, SERVER, Way
from nslab.network.actions import (
    Action,
    AddAddress,
    AddBridge,
    AddIpvlan,
    AddMacvlan,
    AddNamespace,
    AddRoute,
    AddVeth,
    AddVlan,
    Attach,
    Masquerade,
    SetUp,
    Sysctl,
)

WAYS_OUT = (
    Way("moved", "the card itself", "10.20.0.2"),
    Way("macvlan", "macvlan", "10.23.0.2"),
    Way("ipvlan-l2", "ipvlan l2", "10.24.0.2"),
    Way("ipvlan-l3", "ipvlan l3", "10.25.0.2"),
    Way("vlan", "VLAN", "10.26.0.2"),
    Way("bridge", "bridge", "10.21.0.2"),
    Way("nat", "bridge + NAT", "10.22.0.2", routers=1),
)


def _card(name: str) -> tuple[Action, ...]:
    """A card of the host, and the cable's other end outside."""
    return (AddVeth(f"nic-{name}", name, peer_ns=SERVER, up=True), SetUp(name, ns=SERVER))


def _addresses(link: str, client: str, server_link: str, server: str) -> tuple[Action, ...]:
    return (
        SetUp(link, ns=CLIENT),
        AddAddress(link, f"{client}/24", ns=CLIENT),
        AddAddress(server_link, f"{server}/24", ns=SERVER),
    )


# The container has the card to itself: what all the others are compared with.
MOVED = (
    AddVeth("moved", "moved", ns=CLIENT, peer_ns=SERVER),
    SetUp("moved", ns=SERVER),
    *_addresses("moved", "10.20.0.1", "moved", "10.20.0.2"),
)

BRIDGED = (
    *_card("flat"),
    AddBridge("br-flat", multicast_snooping=False),
    SetUp("br-flat"),
    Attach("nic-flat", "br-flat"),
    AddVeth("flat-c", "flat", peer_ns=CLIENT, master="br-flat", up=True),
    *_addresses("flat", "10.21.0.1", "flat", "10.21.0.2"),
)

# The server has no route to 10.32.0.0/24: only the translation lets its answers find back.
TRANSLATED = (
    *_card("nat"),
    AddBridge("br-nat", multicast_snooping=False),
    SetUp("br-nat"),
    AddAddress("br-nat", "10.32.0.254/24"),
    AddAddress("nic-nat", "10.22.0.254/24"),
    AddVeth("nat-c", "nat", peer_ns=CLIENT, master="br-nat", up=True),
    *_addresses("nat", "10.32.0.1", "nat", "10.22.0.2"),
    AddRoute("10.22.0.0/24", via="10.32.0.254", ns=CLIENT),
    Sysctl("net.ipv4.ip_forward", "1"),
    Masquerade("10.32.0.0/24", out="nic-nat"),
)

MACVLAN = (
    *_card("mac"),
    AddMacvlan("nic-mac", "mac", to=CLIENT),
    *_addresses("mac", "10.23.0.1", "mac", "10.23.0.2"),
)

IPVLAN_L2 = (
    *_card("ipl2"),
    AddIpvlan("nic-ipl2", "ipl2", mode="l2", to=CLIENT),
    *_addresses("ipl2", "10.24.0.1", "ipl2", "10.24.0.2"),
)

# Nobody answers ARP for an ipvlan in mode l3: the host routes for it, and the server knows that.
IPVLAN_L3 = (
    *_card("ipl3"),
    AddAddress("nic-ipl3", "10.25.0.254/24"),
    AddIpvlan("nic-ipl3", "ipl3", mode="l3", to=CLIENT),
    *_addresses("ipl3", "10.35.0.1", "ipl3", "10.25.0.2"),
    AddRoute("10.25.0.0/24", dev="ipl3", ns=CLIENT),
    AddRoute("10.35.0.0/24", via="10.25.0.254", ns=SERVER),
)

VLAN = (
    *_card("trunk"),
    AddVlan("nic-trunk", "tag10", 10, to=CLIENT),
    AddVlan("trunk", "tag10", 10, ns=SERVER),
    SetUp("tag10", ns=SERVER),
    *_addresses("tag10", "10.26.0.1", "tag10", "10.26.0.2"),
)

OUT: tuple[Action, ...] = (
    AddNamespace(CLIENT),
    AddNamespace(SERVER),
    *MOVED,
    *MACVLAN,
    *IPVLAN_L2,
    *IPVLAN_L3,
    *VLAN,
    *BRIDGED,
    *TRANSLATED,
)
"""All of them, in one lab, whose kernel must have macvlan, ipvlan and VLANs."""
