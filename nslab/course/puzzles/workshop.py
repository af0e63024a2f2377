"""A workshop: ``desk`` and ``mill`` hang on the bridge ``hall``, ``gate`` on the bridge ``yard``.

The mill has a page, which the host also shows on port 8080 of its own address, and answers signals
(datagrams).  The desk knows the mill by its name.  By a rule of the owner's, the gate does not
reach the mill.
"""

from __future__ import annotations

from nslab.course.exercises.values import MustNot, Way
from nslab.course.puzzles.opens import Echoes, Opens
from nslab.course.puzzles.values import Network, fault
from nslab.sentence import sentence
from nslab.session.check import Check, Masquerades, Reaches, Resolves

_DESK, _MILL, _GATE = "10.40.0.11", "10.40.0.12", "10.41.0.21"
_HALL, _YARD = "10.40.0.1", "10.41.0.1"
_HOST, _OUTSIDE = "198.51.100.10", "203.0.113.80"
_IN = "ip netns exec {} "
_SIGNAL = 7000
_PROGRAM = (
    f"import os, socket; s = socket.socket(2, 2); s.bind(('{{}}', {_SIGNAL})); "
    "os.fork() and os._exit(0); os.setsid(); [s.sendto(*s.recvfrom(99)) for _ in iter(int, 1)]"
)
_ANSWER = _IN.format("mill") + f'python3 -c "{_PROGRAM}" </dev/null >/dev/null 2>&1'
_QUIET = (
    "pid=$(ip netns exec mill ss -Hlunp | grep -o 'pid=[0-9]*' | cut -d= -f2); kill $pid; "
    "while kill -0 $pid 2>/dev/null; do sleep 0.02; done"
)
_NAMES = "printf '127.0.0.1 localhost\\n{}' > /etc/netns/desk/hosts"
_KNOWN = _NAMES.format(f"{_MILL} mill\\n")


def _member(name: str, address: str, bridge: str, gateway: str, mac: str) -> Way:
    return (
        f"ip netns add {name}; ip -n {name} link set lo up",
        f"ip link add {name}0 type veth peer name eth0 address {mac} netns {name}",
        f"ip link set {name}0 master {bridge} up; ip -n {name} link set eth0 up",
        f"ip -n {name} addr add {address}/24 dev eth0",
        f"ip -n {name} route add default via {gateway}",
    )


_NAT = "iptables -t nat -{} POSTROUTING -s 10.40.0.0/15 -o eth0 -j MASQUERADE"
_HAIRPIN = (
    f"iptables -t nat -{{}} POSTROUTING -s 10.40.0.0/24 -d {_MILL} -p tcp --dport 80 -j MASQUERADE"
)

_BUILT: Way = (
    f"ip link add hall address 02:00:00:00:40:01 type bridge; ip addr add {_HALL}/24 dev hall",
    f"ip link add yard address 02:00:00:00:41:01 type bridge; ip addr add {_YARD}/24 dev yard",
    "ip link set hall up; ip link set yard up; mkdir -p /etc/netns/desk",
    *_member("desk", _DESK, "hall", _HALL, "02:00:00:00:40:11"),
    *_member("mill", _MILL, "hall", _HALL, "02:00:00:00:40:12"),
    *_member("gate", _GATE, "yard", _YARD, "02:00:00:00:41:21"),
    "echo nameserver 8.8.8.8 > /etc/netns/desk/resolv.conf; " + _KNOWN,
    "sysctl -qw net.ipv4.ip_forward=1; sysctl -qw net.bridge.bridge-nf-call-iptables=0",
    _NAT.format("A"),
    f"iptables -t nat -A PREROUTING -d {_HOST} -p tcp --dport 8080 -j DNAT --to {_MILL}:80",
    _HAIRPIN.format("A"),
    f"iptables -A FORWARD -s {_GATE} -d {_MILL} -j DROP",
    _IN.format("mill") + "busybox httpd -p 80 -h / </dev/null >/dev/null 2>&1",
    _ANSWER.format("0.0.0.0"),
)

_WORKS: dict[str, Check] = {
    "desk-mill": Reaches("desk", _MILL),
    "desk-gate": Reaches("desk", _GATE),
    "gate-desk": Reaches("gate", _DESK),
    "desk-out": Reaches("desk", _OUTSIDE),
    "gate-out": Reaches("gate", _OUTSIDE),
    "desk-name": Resolves("desk", "www.example.org"),
    "mill-page": Opens("desk", _MILL, 80),
    "mill-by-name": Opens("desk", "mill", 80),
    "mill-itself": Opens("mill", "127.0.0.1", 80),
    "mill-signal": Echoes("desk", _MILL, _SIGNAL),
    "desk-door": Opens("desk", _HOST, 8080),
    "lan-door": Opens("lan", _HOST, 8080),
    "gate-mill": Reaches("gate", _MILL, ok=False),
}

_DOORS = ("desk-door", "lan-door")
_HALL_OUT = ("desk-gate", "gate-desk", "desk-out", "desk-name", *_DOORS)


def _line(made: str, mended: str) -> tuple[Way, Way]:
    return (made,), (mended,)


_FAULTS = (
    fault(
        "the-mill-to-itself",
        "loopback down",
        1,
        "mill",
        _line("ip -n mill link set lo down", "ip -n mill link set lo up"),
        "The mill's own watchman reports that its page is dead. Everybody else reads it.",
        ("mill-itself",),
        "By which link does a machine speak to itself? `ip link`, in its namespace.",
    ),
    fault(
        "signals-refused",
        "a datagram's port closed",
        1,
        "signal",
        _line(_QUIET, _ANSWER.format("0.0.0.0")),
        "The mill shows its page. Signals that the desk sends are sent back as undeliverable.",
        ("mill-signal",),
        "Who listens for datagrams there? `ss -lun`, in its namespace.",
    ),
    fault(
        "an-old-entry",
        "nobody has it",
        1,
        "names",
        _line(_NAMES.format("10.40.0.99 mill\\n"), _KNOWN),
        "The desk opens the mill's page by its number. By its name it waits and gives up.",
        ("mill-by-name",),
        "Which number does the desk have for that name, and who has it? `getent hosts mill`.",
    ),
    fault(
        "an-entry-too-few",
        "no record",
        2,
        "names",
        _line(_NAMES.format(""), _KNOWN),
        "The desk was installed anew. It opens what is outside; the mill it knows by number only.",
        ("mill-by-name",),
        "Who is asked for that name now, and what is the answer? `host mill 8.8.8.8`.",
    ),
    fault(
        "only-for-itself",
        "a datagram's port elsewhere",
        2,
        "signal",
        _line(f"{_QUIET}; {_ANSWER.format('127.0.0.1')}", f"{_QUIET}; {_ANSWER.format('0.0.0.0')}"),
        "The program that takes signals runs in the mill, and the desk's do not arrive.",
        ("mill-signal",),
        "On which address does it listen? `ss -lun`, in its namespace.",
    ),
    fault(
        "own-front-door",
        "no hairpin",
        3,
        "door",
        _line(_HAIRPIN.format("D"), _HAIRPIN.format("A")),
        "From the LAN the page opens at the host's address. From the desk, beside it, it does not.",
        ("desk-door",),
        "Whom does the mill think it answers, and which way does that go? `tcpdump`, in the mill.",
    ),
    fault(
        "of-the-other-protocol",
        "masquerade of IPv6",
        2,
        "nat",
        (
            (_NAT.format("D"), "ip6tables -t nat -A POSTROUTING -o eth0 -j MASQUERADE"),
            ("ip6tables -t nat -D POSTROUTING -o eth0 -j MASQUERADE", _NAT.format("A")),
        ),
        "The rules were copied to a new tool. Inside all is well; nobody gets out.",
        ("desk-out", "gate-out", "desk-name"),
        "For which packets is there a rule that translates? `iptables -t nat -S`, and its twin.",
    ),
    fault(
        "an-address-in-the-wrong-place",
        "address on a port",
        2,
        "hall",
        _line(
            f"ip addr del {_HALL}/24 dev hall; ip addr add {_HALL}/24 dev desk0",
            f"ip addr del {_HALL}/24 dev desk0; ip addr add {_HALL}/24 dev hall",
        ),
        "Since the host was set up again, the hall is by itself: desk and mill, and nothing else.",
        _HALL_OUT,
        "Which link answers for the hall's gateway? `ip -br addr`, and `bridge link`.",
    ),
    fault(
        "two-that-say-the-same",
        "one address twice",
        3,
        "gate",
        _line(f"ip addr add {_GATE}/32 dev lo", f"ip addr del {_GATE}/32 dev lo"),
        "The gate is pinged from everywhere, and answers. What it asks for itself gets no answer.",
        ("gate-desk", "gate-out"),
        "Who has the gate's address? `ip -br addr`, on the host and there.",
    ),
    fault(
        "one-network-in-two-rooms",
        "two links, one subnet",
        3,
        "hall",
        _line(
            f"ip addr add 10.40.0.2/24 dev yard; ip addr del {_HALL}/24 dev hall; "
            f"ip addr add {_HALL}/24 dev hall",
            "ip addr del 10.40.0.2/24 dev yard",
        ),
        "Since the yard was made larger, nothing from outside gets to the hall.",
        _HALL_OUT,
        "By which link does the host look for the desk? `ip route get 10.40.0.11`.",
    ),
    fault(
        "asked-on-the-way",
        "bridged frames",
        3,
        "forward",
        (
            (
                "sysctl -qw net.bridge.bridge-nf-call-iptables=1",
                f"iptables -I FORWARD -s {_DESK} -d {_MILL} -j DROP",
            ),
            (
                f"iptables -D FORWARD -s {_DESK} -d {_MILL} -j DROP",
                "sysctl -qw net.bridge.bridge-nf-call-iptables=0",
            ),
        ),
        "An engine was installed on the host. Desk and mill, on one bridge, have lost each other.",
        ("desk-mill", "mill-page", "mill-by-name", "mill-signal", "desk-door"),
        "Whom does the packet filter ask about that only crosses a bridge? `sysctl net.bridge`.",
    ),
    fault(
        "a-borrowed-card",
        "one MAC twice",
        3,
        "desk",
        _line(
            "ip -n desk link set eth0 address 02:00:00:00:40:01",
            "ip -n desk link set eth0 address 02:00:00:00:40:11",
        ),
        "The desk has a new machine. It is alone since; all others are well.",
        (
            "desk-mill",
            "desk-gate",
            "gate-desk",
            "desk-out",
            "desk-name",
            "mill-page",
            "mill-by-name",
            "mill-signal",
            "desk-door",
        ),
        "Which cards does the bridge know, and behind which ports? `bridge fdb`, and `ip link`.",
    ),
)

NETWORK = Network(
    name="workshop",
    about="`desk` and `mill` are in the hall, `gate` is in the yard. The mill's page is also on "
    "port 8080 of the host, and the mill answers signals on UDP port 7000.",
    built=_BUILT,
    works=_WORKS,
    kept=("gate-mill",),
    mustnot=(
        MustNot(
            Masquerades("10.99.0.0/16", out="eth0"),
            sentence(
                "the host now translates everybody's packets, not only those of its two networks"
            ),
        ),
    ),
    spoils=(
        ("ip netns del gate", "gate"),
        ("iptables -F FORWARD", "gate reaches 10.40.0.12"),
        ("iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE", "translates everybody's packets"),
    ),
    faults=_FAULTS,
)
