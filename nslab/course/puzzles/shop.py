"""The network of the puzzles: a shop's container host, as an engine and its owner made it.

``web`` and ``db`` hang on the bridge ``shop``, ``till`` on the bridge ``floor``.  All may reach the
internet by NAT; the till reaches the web server, and by a rule of the owner's not the database.
"""

from __future__ import annotations

from nslab.course.exercises.values import MustNot, Way
from nslab.sentence import sentence
from nslab.session.check import Check, Masquerades, Reaches

WEB, DB, TILL = "10.20.0.11", "10.20.0.12", "10.30.0.21"
SHOP, FLOOR = "10.20.0.1", "10.30.0.1"
OUTSIDE = "203.0.113.80"
LARGE = 1400
"""Bytes of a ping that fits into an Ethernet frame, and into nothing that is smaller."""


def _member(name: str, address: str, bridge: str, gateway: str) -> Way:
    return (
        f"ip netns add {name}",
        f"ip -n {name} link set lo up",
        f"ip link add {name}0 type veth peer name eth0 netns {name}",
        f"ip link set {name}0 master {bridge} up",
        f"ip -n {name} link set eth0 up",
        f"ip -n {name} addr add {address}/24 dev eth0",
        f"ip -n {name} route add default via {gateway}",
    )


BUILT: Way = (
    # The MTU is said, or the bridge would take that of its smallest port.
    f"ip link add shop mtu 1500 type bridge; ip addr add {SHOP}/24 dev shop; ip link set shop up",
    f"ip link add floor mtu 1500 type bridge; ip addr add {FLOOR}/24 dev floor",
    "ip link set shop mtu 1500; ip link set floor mtu 1500 up",
    *_member("web", WEB, "shop", SHOP),
    *_member("db", DB, "shop", SHOP),
    *_member("till", TILL, "floor", FLOOR),
    "sysctl -qw net.ipv4.ip_forward=1",
    "iptables -t nat -A POSTROUTING -s 10.20.0.0/24 -o eth0 -j MASQUERADE",
    "iptables -t nat -A POSTROUTING -s 10.30.0.0/24 -o eth0 -j MASQUERADE",
    f"iptables -A FORWARD -s 10.30.0.0/24 -d {DB} -j DROP",
)
"""How it is built."""

WORKS: dict[str, Check] = {
    "web-db": Reaches("web", DB),
    "web-out": Reaches("web", OUTSIDE),
    "db-out": Reaches("db", OUTSIDE),
    "till-web": Reaches("till", WEB),
    "till-out": Reaches("till", OUTSIDE),
    "host-web": Reaches(None, WEB),
    "web-large": Reaches("web", OUTSIDE, size=LARGE),
    "till-db": Reaches("till", DB, ok=False),
}
"""What is so when it is whole, by name; the last is the owner's own wish."""

MUSTNOT = (
    MustNot(
        Masquerades("10.99.0.0/16", out="eth0"),
        sentence("the host now translates everybody's packets, not only those of its two networks"),
    ),
)
