"""What may be wrong with the shop's network, a value each.

``breaks`` names what does not work then (:data:`nslab.course.puzzles.shop.WORKS`): a test sees on
the kernel that it is so.
"""

from __future__ import annotations

from msgspec import Struct

from nslab.course.exercises.values import Way
from nslab.course.puzzles.shop import DB, FLOOR, OUTSIDE, SHOP, WEB


class Fault(Struct, frozen=True):
    """One thing that is wrong.

    :param name: what it is called in tests and solutions
    :param level: 1 to 3: how hard it is to find
    :param made: the lines that make it
    :param mended: the lines that mend it
    :param says: what somebody who uses the network says; it names no cause
    :param breaks: what does not work then
    :param look: where to look: the second hint
    :param part: what it is about; two of a pair are about different ones
    """

    name: str
    level: int
    made: Way
    mended: Way
    says: str
    breaks: tuple[str, ...]
    look: str
    part: str


_WEB_GONE = ("web-db", "web-out", "till-web", "host-web", "web-large")
_OUT = ("web-out", "db-out", "till-out", "web-large")
_NAT = "iptables -t nat {} POSTROUTING -s 10.20.0.0/24 -o eth0 -j MASQUERADE"
_ROUTE = "ip -n {} route {} default via {}"

FAULTS: tuple[Fault, ...] = (
    Fault(
        "cable-down",
        1,
        ("ip link set web0 down",),
        ("ip link set web0 up",),
        "The web server is gone: nobody reaches it, and it reaches nobody.",
        _WEB_GONE,
        "Compare the states of the links: `ip -brief link`.",
        "web",
    ),
    Fault(
        "inside-down",
        1,
        ("ip -n db link set eth0 down",),
        ("ip -n db link set eth0 up", _ROUTE.format("db", "add", SHOP)),
        "The web server cannot open its database, and the database sends no backups out.",
        ("web-db", "db-out"),
        "What does the database itself say of its links and routes?",
        "db",
    ),
    Fault(
        "not-a-port",
        1,
        ("ip link set db0 nomaster",),
        ("ip link set db0 master shop",),
        "Since the cleaning of the racks, the database answers nobody.",
        ("web-db", "db-out"),
        "Which cables are plugged into which bridge? `bridge link`.",
        "db",
    ),
    Fault(
        "no-default-route",
        1,
        (_ROUTE.format("till", "del", FLOOR),),
        (_ROUTE.format("till", "add", FLOOR),),
        "The till reaches nothing that is not on the shop floor.",
        ("till-web", "till-out"),
        "Ask the till for its way: `ip route`, in its namespace.",
        "till",
    ),
    Fault(
        "forwarding-off",
        1,
        ("sysctl -qw net.ipv4.ip_forward=0",),
        ("sysctl -qw net.ipv4.ip_forward=1",),
        "After the update everybody talks with their neighbours, and nobody with the world.",
        (*_OUT, "till-web"),
        "How far does a packet of the web server get? `tcpdump` on the bridge, then on `eth0`.",
        "host",
    ),
    Fault(
        "wrong-gateway",
        1,
        (_ROUTE.format("db", "replace", "10.20.0.254"),),
        (_ROUTE.format("db", "replace", SHOP),),
        "The database's backups have not left the house for days. The shop itself is fine.",
        ("db-out",),
        "Whom does the database send to? `ip route`, and `ip neigh`, in its namespace.",
        "db",
    ),
    Fault(
        "nat-gone",
        2,
        (_NAT.format("-D"),),
        (_NAT.format("-A"),),
        "The till is online, but the web server gets no answer from outside, nor the database.",
        ("web-out", "db-out", "web-large"),
        "With which address do its packets leave? `tcpdump -n -i eth0`.",
        "host",
    ),
    Fault(
        "nat-of-another-network",
        2,
        (_NAT.format("-D"), _NAT.format("-A").replace("10.20.0.0/24", "10.20.0.0/29")),
        (_NAT.format("-D").replace("10.20.0.0/24", "10.20.0.0/29"), _NAT.format("-A")),
        "Web server and database are offline; yesterday somebody tidied the firewall.",
        ("web-out", "db-out", "web-large"),
        "Read the rules for packets that leave, and count the addresses: `iptables -t nat -S`.",
        "host",
    ),
    Fault(
        "forward-drop",
        2,
        (f"iptables -I FORWARD -s {WEB} -j DROP",),
        (f"iptables -D FORWARD -s {WEB} -j DROP",),
        "The web server finds its database, and answers neither the till nor the world.",
        ("web-out", "till-web", "web-large"),
        "Which rules stand in the way of what the host passes on? `iptables -vS FORWARD`.",
        "host",
    ),
    Fault(
        "wrong-prefix",
        2,
        (f"ip -n web addr del {WEB}/24 dev eth0", f"ip -n web addr add {WEB}/32 dev eth0"),
        (
            f"ip -n web addr del {WEB}/32 dev eth0",
            f"ip -n web addr add {WEB}/24 dev eth0",
            _ROUTE.format("web", "add", SHOP),
        ),
        "The web server has its address, says the admin, and yet it reaches nobody.",
        _WEB_GONE,
        "Which addresses does the web server take for its neighbours? `ip addr`, `ip route`.",
        "web",
    ),
    Fault(
        "gateway-address-gone",
        2,
        (f"ip addr del {FLOOR}/24 dev floor",),
        (f"ip addr add {FLOOR}/24 dev floor",),
        "The till is off the net. Its cable is fine, it was tried.",
        ("till-web", "till-out"),
        "Does anybody have the address that the till sends to? `ip addr` in the host.",
        "till",
    ),
    Fault(
        "blackhole",
        2,
        ("ip route add blackhole 203.0.113.0/24",),
        ("ip route del blackhole 203.0.113.0/24",),
        "The supplier (203.0.113.80) cannot be reached, from anywhere in the house.",
        _OUT,
        f"What does the host do with a packet for it? `ip route get {OUTSIDE}`.",
        "host",
    ),
    Fault(
        "isolated-ports",
        3,
        ("bridge link set dev web0 isolated on", "bridge link set dev db0 isolated on"),
        ("bridge link set dev web0 isolated off", "bridge link set dev db0 isolated off"),
        "Web server and database are both online, and do not find each other.",
        ("web-db",),
        "What does the bridge say of its ports in detail? `bridge -d link`.",
        "shop",
    ),
    Fault(
        "stale-neighbour",
        3,
        (f"ip -n web neigh replace {DB} lladdr 02:00:00:00:00:99 dev eth0 nud permanent",),
        (f"ip -n web neigh del {DB} dev eth0",),
        "Since the database got a new card, the web server does not find it. Everybody else does.",
        ("web-db",),
        "To which hardware address does the web server send? `ip neigh`, in its namespace.",
        "web",
    ),
    Fault(
        "policy-rule",
        3,
        ("ip rule add from 10.30.0.0/24 blackhole pref 100",),
        ("ip rule del from 10.30.0.0/24 blackhole pref 100",),
        "The till gets nowhere. Its routes are right, and so are the host's.",
        ("till-web", "till-out"),
        "What is asked before the routing tables? `ip rule`.",
        "till",
    ),
    Fault(
        "small-port",
        3,
        ("ip link set web0 mtu 1280",),
        ("ip link set web0 mtu 1500",),
        "Small pages open at once. Whatever is larger hangs, on its way to the web server.",
        ("web-large",),
        "How large may a frame be on each piece of the way? `ip link`.",
        "web",
    ),
    Fault(
        "no-arp",
        3,
        ("ip -n db link set eth0 arp off", "ip -n db neigh flush dev eth0"),
        ("ip -n db link set eth0 arp on",),
        "The database's card is up and has its address, and is deaf and dumb.",
        ("web-db", "db-out"),
        "Read the words in angle brackets: `ip link`, in the database's namespace.",
        "db",
    ),
    Fault(
        "martian",
        3,
        ("sysctl -qw net.ipv4.conf.all.rp_filter=1", f"ip route add {WEB}/32 dev floor"),
        (f"ip route del {WEB}/32 dev floor", "sysctl -qw net.ipv4.conf.all.rp_filter=0"),
        "Web server and database find each other. From anywhere else, the web server is gone.",
        ("web-out", "till-web", "host-web", "web-large"),
        f"Where does the host look for the web server? `ip route get {WEB}`.",
        "shop",
    ),
)
"""Every fault, from easy to hard."""
