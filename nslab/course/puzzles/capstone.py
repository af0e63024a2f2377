"""The network of the capstone (notebook 16), for a fault that nobody announces."""

from __future__ import annotations

from nslab.course.exercises.capstone import BUILT, EVERYBODY, STALE, STRAY
from nslab.course.puzzles.values import Network, fault
from nslab.session.check import Check, Reaches

_GATEWAY, _WEB, _DB, _OUTSIDE = "10.20.0.1", "10.20.0.11", "10.20.0.12", "203.0.113.80"
_OVERLAP = "10.20.0.0/28 via 198.51.100.20"
_NAT = "iptables -t nat -{} POSTROUTING -s 10.20.0.0/24 -o eth0 -j MASQUERADE"
_PORTS = "for port in web0 db0; do bridge link set dev $port isolated {}; done"

_WORKS: dict[str, Check] = {
    "web-out": Reaches("web", _OUTSIDE),
    "web-db": Reaches("web", _DB),
    "host-web": Reaches(None, _WEB),
    "host-db": Reaches(None, _DB),
    "db-out": Reaches("db", _OUTSIDE, ok=False),
}

_FAULTS = (
    fault(
        "unplugged",
        "not attached",
        1,
        "bridge",
        (("ip link set db0 nomaster",), ("ip link set db0 master br0",)),
        "web serves its pages, but all that is in its database is missing.",
        ("web-db", "host-db"),
        "Which cables are plugged into the bridge? `bridge link`.",
    ),
    fault(
        "no-way-out",
        "no default route",
        1,
        "web",
        (("ip -n web route del default",), (f"ip -n web route add default via {_GATEWAY}",)),
        "web asks its database, and gets no page from outside.",
        ("web-out",),
        "Ask web for its way: `ip route`, in its namespace.",
    ),
    fault(
        "nothing-passed-on",
        "no forwarding",
        1,
        "host",
        (("sysctl -qw net.ipv4.ip_forward=0",), ("sysctl -qw net.ipv4.ip_forward=1",)),
        "The host was started anew. All is there again, and web gets no page from outside.",
        ("web-out",),
        "How far does web's packet get? `tcpdump` on br0, and then on eth0.",
    ),
    fault(
        "own-address-shown",
        "not translated",
        2,
        "host",
        ((_NAT.format("D"),), (_NAT.format("A"),)),
        "web's questions leave the house, and no answer comes.",
        ("web-out",),
        "With which address does web's packet leave? `tcpdump -n -i eth0`.",
    ),
    fault(
        "answers-dropped",
        "by direction",
        2,
        "host",
        ((f"iptables -A {STRAY}",), (f"iptables -D {STRAY}",)),
        "The answers to web come to the house, and web does not get them.",
        ("web-out",),
        "Does the answer come back to the host, and does it leave it again?",
    ),
    fault(
        "a-partner's-network",
        "no route to the subnet",
        2,
        "host",
        ((f"ip route add {_OVERLAP}",), (f"ip route del {_OVERLAP}",)),
        "web and db have each other, and nobody else. Not even the host finds them.",
        ("web-out", "host-web", "host-db"),
        f"Where does the host look for web? `ip route get {_WEB}`.",
    ),
    fault(
        "kept-apart",
        "isolated ports",
        3,
        "bridge",
        ((_PORTS.format("on"),), (_PORTS.format("off"),)),
        "The host finds web and db. web does not find db.",
        ("web-db",),
        "What does the bridge say of its ports in detail? `bridge -d link`.",
    ),
    fault(
        "an-old-card",
        "wrong permanent neighbour",
        3,
        "web",
        ((STALE,), (f"ip -n web neigh del {_GATEWAY} dev eth0",)),
        "Somebody has exchanged hardware. web has its database, and nobody else.",
        ("web-out", "host-web"),
        "To which hardware address does web send what is for its gateway?",
    ),
    fault(
        "asked-before-the-routes",
        "policy rule",
        3,
        "host",
        (
            (f"ip rule add to {_WEB} lookup 77 pref 100", "ip route add prohibit default table 77"),
            (f"ip rule del to {_WEB} lookup 77 pref 100",),
        ),
        "The host finds db, and not web; web finds db, and no page comes from outside.",
        ("web-out", "host-web"),
        "What is asked before the routing tables? `ip rule`.",
    ),
)

NETWORK = Network(
    name="capstone",
    about="The network that you have built: `web` and `db` on the bridge `br0`.",
    built=BUILT,
    works=_WORKS,
    kept=("db-out",),
    mustnot=(EVERYBODY,),
    spoils=(
        ("ip link set db0 down", "web does not reach 10.20.0.12"),
        (f"ip -n db route add default via {_GATEWAY}", "db reaches 203.0.113.80"),
        ("iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE", "translates everybody's packets"),
    ),
    faults=_FAULTS,
)
