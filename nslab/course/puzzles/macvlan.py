"""A shop floor on the LAN itself: ``kiosk`` and ``counter`` share the host's network card.

Each has a macvlan on the host's ``eth0``, and so an address of the LAN.  The host speaks to them by
``shim``, a macvlan of its own.  By a rule of the owner's, the LAN does not ping the kiosk.
"""

from __future__ import annotations

from nslab.course.exercises.values import Way
from nslab.course.puzzles.opens import Opens
from nslab.course.puzzles.values import Network, fault
from nslab.session.check import Check, Reaches

_KIOSK, _COUNTER, _LAN = "198.51.100.51", "198.51.100.52", "198.51.100.20"
_OUTSIDE = "203.0.113.80"
_IN = "ip netns exec {} "
_SHIM: Way = (
    "ip link add shim link eth0 address 02:00:00:00:51:50 type macvlan mode bridge",
    "ip addr add 198.51.100.50/32 dev shim; ip link set shim up",
    f"ip route add {_KIOSK} dev shim; ip route add {_COUNTER} dev shim",
)


def _member(name: str, address: str) -> Way:
    mac = f"02:00:00:00:51:{address[-2:]}"
    return (
        f"ip netns add {name}; ip -n {name} link set lo up",
        f"ip link add m{name} link eth0 address {mac} type macvlan mode bridge",
        f"ip link set m{name} netns {name} name eth0",
        f"ip -n {name} addr add {address}/24 dev eth0; ip -n {name} link set eth0 up",
        f"ip -n {name} route add default via 198.51.100.1",
    )


_BUILT: Way = (
    *_member("kiosk", _KIOSK),
    *_member("counter", _COUNTER),
    *_SHIM,
    _IN.format("kiosk") + f"iptables -A INPUT -s {_LAN} -p icmp --icmp-type echo-request -j DROP",
    _IN.format("counter") + "busybox httpd -p 80 -h / </dev/null >/dev/null 2>&1",
)

_WORKS: dict[str, Check] = {
    "kiosk-counter": Reaches("kiosk", _COUNTER),
    "counter-kiosk": Reaches("counter", _KIOSK),
    "kiosk-lan": Reaches("kiosk", _LAN),
    "kiosk-out": Reaches("kiosk", _OUTSIDE),
    "counter-out": Reaches("counter", _OUTSIDE),
    "host-kiosk": Reaches(None, _KIOSK),
    "counter-page": Opens("lan", _COUNTER, 80),
    "lan-kiosk": Reaches("lan", _KIOSK, ok=False),
}

_PAIR = ("kiosk-counter", "counter-kiosk")
_MODE = "ip -n {} link set eth0 type macvlan mode {}"


def _line(made: str, mended: str) -> tuple[Way, Way]:
    return (made,), (mended,)


_FAULTS = (
    fault(
        "counter-off",
        "macvlan down",
        1,
        "counter",
        _line(
            "ip -n counter link set eth0 down",
            "ip -n counter link set eth0 up; ip -n counter route add default via 198.51.100.1",
        ),
        "The counter is gone since this morning, for the kiosk as for the LAN.",
        (*_PAIR, "counter-out", "counter-page"),
        "Is its card up? `ip -br link`, in its namespace.",
    ),
    fault(
        "the-card-below",
        "macvlan down",
        1,
        "card",
        _line(
            "ip link set eth0 down",
            "ip link set eth0 up; ip route replace default via 198.51.100.1",
        ),
        "The whole floor is offline, and nobody has touched the kiosk or the counter.",
        (*_PAIR, "kiosk-lan", "kiosk-out", "counter-out", "host-kiosk", "counter-page"),
        "What do their cards stand on, and is that up? `ip -d link`.",
    ),
    fault(
        "the-host-itself",
        "macvlan and its parent",
        2,
        "shim",
        (("ip link del shim",), _SHIM),
        "The kiosk is online, and the counter finds it. Only the machine that it runs on does not.",
        ("host-kiosk",),
        "Which way does the host take to the kiosk? `ip route get 198.51.100.51`.",
    ),
    fault(
        "each-for-itself",
        "macvlan mode",
        2,
        "cards",
        (
            (_MODE.format("kiosk", "private"), _MODE.format("counter", "private")),
            (_MODE.format("kiosk", "bridge"), _MODE.format("counter", "bridge")),
        ),
        "Kiosk and counter reach all the world, and not each other. That began with the new setup.",
        (*_PAIR, "host-kiosk"),
        "How are the two joined below? `ip -d link show eth0`, in each.",
    ),
    fault(
        "by-the-switch",
        "macvlan mode",
        3,
        "cards",
        (
            (_MODE.format("kiosk", "vepa"), _MODE.format("counter", "vepa")),
            (_MODE.format("kiosk", "bridge"), _MODE.format("counter", "bridge")),
        ),
        "The LAN reaches the counter, and so did the kiosk, until somebody wanted to see its "
        "traffic at the switch.",
        (*_PAIR, "host-kiosk"),
        "Which way do frames between the two take, and who sends them back? `ip -d link`.",
    ),
    fault(
        "a-number-of-another-floor",
        "macvlan, other subnet",
        2,
        "counter",
        _line(
            f"ip -n counter addr del {_COUNTER}/24 dev eth0; "
            "ip -n counter addr add 198.51.101.52/24 dev eth0",
            "ip -n counter addr del 198.51.101.52/24 dev eth0; "
            f"ip -n counter addr add {_COUNTER}/24 dev eth0; "
            "ip -n counter route add default via 198.51.100.1",
        ),
        "The counter has moved in from the other floor. Nobody finds it here.",
        (*_PAIR, "counter-out", "counter-page"),
        "Which network is the counter in, and which are its neighbours in? `ip addr`, there.",
    ),
)

NETWORK = Network(
    name="macvlan",
    about="`kiosk` and `counter` share the host's card through macvlans, with addresses from the "
    "LAN; the host talks to them through `shim`, a macvlan of its own.",
    built=_BUILT,
    works=_WORKS,
    kept=("lan-kiosk",),
    mustnot=(),
    spoils=(
        ("ip netns del counter", "counter"),
        (_IN.format("kiosk") + "iptables -F INPUT", "the LAN machine reaches 198.51.100.51"),
        ("ip route del 198.51.100.51 dev shim", "host does not reach 198.51.100.51"),
    ),
    faults=_FAULTS,
)
