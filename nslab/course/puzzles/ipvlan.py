"""A market on the LAN itself: ``kiosk`` and ``counter`` share the host's card, and its MAC.

Each has an ipvlan on the host's ``eth0``, and so an address of the LAN.  The host speaks to them by
``shim``, an ipvlan of its own.  ``stall`` and ``cellar`` are ipvlans in mode l3 on the cable
``yard``: two networks, and no frames between them.  By a rule of the owner's, the LAN does not ping
the kiosk.
"""

from __future__ import annotations

from nslab.course.exercises.values import Way
from nslab.course.puzzles.opens import Opens
from nslab.course.puzzles.values import Network, fault
from nslab.session.check import Check, Reaches

_KIOSK, _COUNTER, _LAN = "198.51.100.61", "198.51.100.62", "198.51.100.20"
_OUTSIDE, _CELLAR, _STALL = "203.0.113.80", "10.62.0.10", "10.61.0.10"
_IN = "ip netns exec {} "
# iptables cannot tell kinds of ICMP apart in the virtual machine, whose kernel lacks that module.
_NFT = _IN.format("kiosk") + "nft"
_SHIM = (
    "ip link add shim link eth0 type ipvlan mode l2 && ip addr add 198.51.100.60/32 dev shim && "
    f"ip link set shim up && ip route add {_KIOSK} dev shim && ip route add {_COUNTER} dev shim"
)
_GATE = "route add default via 198.51.100.1"


def _member(name: str, below: str, mode: str, address: str, gate: str) -> str:
    return (
        f"ip netns add {name} && ip link add l{name} link {below} type ipvlan mode {mode} && "
        f"ip link set l{name} netns {name} name eth0 && ip -n {name} link set lo up && "
        f"ip -n {name} addr add {address}/24 dev eth0 && ip -n {name} link set eth0 up && "
        f"ip -n {name} {gate}"
    )


_BUILT: Way = (
    _member("kiosk", "eth0", "l2", _KIOSK, _GATE),
    _member("counter", "eth0", "l2", _COUNTER, _GATE),
    _SHIM,
    "ip link add yard type veth peer name gate && ip link set yard up && ip link set gate up",
    _member("stall", "yard", "l3", _STALL, "route add default dev eth0"),
    _member("cellar", "yard", "l3", _CELLAR, "route add default dev eth0"),
    f"{_NFT} add table ip own",
    f"{_NFT} add chain ip own in '{{ type filter hook input priority 0; }}'",
    f"{_NFT} add rule ip own in ip saddr {_LAN} icmp type echo-request drop",
    _IN.format("counter") + "busybox httpd -p 80 -h / </dev/null >/dev/null 2>&1",
)

_WORKS: dict[str, Check] = {
    "kiosk-counter": Reaches("kiosk", _COUNTER),
    "kiosk-lan": Reaches("kiosk", _LAN),
    "kiosk-out": Reaches("kiosk", _OUTSIDE),
    "counter-out": Reaches("counter", _OUTSIDE),
    "host-kiosk": Reaches(None, _KIOSK),
    "host-counter": Reaches(None, _COUNTER),
    "counter-page": Opens("lan", _COUNTER, 80),
    "stall-cellar": Reaches("stall", _CELLAR),
    "lan-kiosk": Reaches("lan", _KIOSK, ok=False),
}

_MODE = "ip -n kiosk link set eth0 type ipvlan mode {}"
_OUT = ("kiosk-lan", "kiosk-out", "counter-out", "counter-page")


def _line(made: str, mended: str) -> tuple[Way, Way]:
    return (made,), (mended,)


_FAULTS = (
    fault(
        "the-stall-knows-no-way",
        "ipvlan l3",
        1,
        "yard",
        _line("ip -n stall route del default", "ip -n stall route add default dev eth0"),
        "The stall cannot ask the cellar for anything. Both were only moved to another yard.",
        ("stall-cellar",),
        "Which way would the stall take to another network? `ip route`, in its namespace.",
    ),
    fault(
        "the-cellar-cannot-answer",
        "ipvlan l3",
        2,
        "yard",
        _line("ip -n cellar route del default", "ip -n cellar route add default dev eth0"),
        "What the stall asks is heard in the cellar. The stall never hears an answer.",
        ("stall-cellar",),
        "Which way does an answer take? `ip route`, in the namespace that is asked.",
    ),
    fault(
        "nobody-calls-them",
        "ipvlan l3",
        3,
        "card",
        # The mode is that of all on one card, whichever it is set at.
        _line(_MODE.format("l3"), _MODE.format("l2")),
        "Somebody read that it is faster so. Kiosk and counter have each other, and nobody else.",
        _OUT,
        "Who answers when the LAN asks for the kiosk's address? `ip -d link`, and `tcpdump arp`.",
    ),
    fault(
        "the-machine-itself",
        "ipvlan and its parent",
        2,
        "card",  # a shim that is made anew sets the mode of all
        _line("ip link del shim", _SHIM),
        "Kiosk and counter are online, and find each other. Only the machine that they run on "
        "finds neither.",
        ("host-kiosk", "host-counter"),
        f"Which way does the host take to the kiosk? `ip route get {_KIOSK}`.",
    ),
    fault(
        "one-of-two",
        "ipvlan and its parent",
        2,
        "shim",
        _line(f"ip route del {_KIOSK} dev shim", f"ip route add {_KIOSK} dev shim"),
        "The machine finds the counter. The kiosk, which is online, it does not.",
        ("host-kiosk",),
        f"Which way does the host take to each? `ip route get {_KIOSK}`, and the same for "
        f"{_COUNTER}.",
    ),
)

NETWORK = Network(
    name="ipvlan",
    about="`kiosk` and `counter` share the host's card through ipvlans, with addresses from the "
    "LAN; the host talks to them through `shim`, an ipvlan of its own. `stall` and `cellar` "
    "are two networks on the cable `yard`, by ipvlans that pass packets in place of frames.",
    built=_BUILT,
    works=_WORKS,
    kept=("lan-kiosk",),
    mustnot=(),
    spoils=(
        ("ip netns del cellar", "cellar"),
        (f"{_NFT} flush ruleset", f"the LAN machine reaches {_KIOSK}"),
        (f"ip route del {_COUNTER} dev shim", f"host does not reach {_COUNTER}"),
    ),
    faults=_FAULTS,
    engine="vm",
)
