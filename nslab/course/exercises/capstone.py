"""16: two containers' network from nothing, to a specification; then three faults in it."""

from __future__ import annotations

from nslab.course.exercises.exercise import Exercise
from nslab.course.exercises.values import MustNot, Way, WrongAnswer
from nslab.network.actions import (
    AddAddress,
    AddBridge,
    AddContainer,
    AddRoute,
    AddVeth,
    Masquerade,
    SetUp,
    Sysctl,
)
from nslab.sentence import sentence
from nslab.session.check import HasAddress, HasRoute, IsPort, Masquerades, Reaches, State

_GATEWAY, _WEB, _DB = "10.20.0.1", "10.20.0.11", "10.20.0.12"
_OUTSIDE = "203.0.113.80"
EVERYBODY = MustNot(
    Masquerades("10.99.0.0/16", out="eth0"),
    sentence("the host translates everybody's packets, not only those of 10.20.0.0/24"),
)
_FORWARD = "sysctl -w net.ipv4.ip_forward=1"
_NAT = "iptables -t nat -A POSTROUTING -s 10.20.0.0/24 -o eth0 -j MASQUERADE"
_DEFAULT = f"ip -n web route add default via {_GATEWAY}"


def _bridge(address: str = f"{_GATEWAY}/24") -> Way:
    return ("brctl addbr br0", f"ifconfig br0 {address} up")


def _container(name: str, address: str, end: str = "") -> Way:
    """A namespace, and its cable to the bridge; ``end`` is the host's."""
    end = end or f"{name}0"
    return (
        f"ip netns add {name}",
        f"ip -n {name} link set lo up",
        f"ip link add {end} type veth peer name eth0 netns {name}",
        f"ip link set {end} master br0 up",
        f"ip -n {name} link set eth0 up",
        f"ip -n {name} addr add {address} dev eth0",
    )


_WEB_WAY, _DB_WAY = _container("web", f"{_WEB}/24"), _container("db", f"{_DB}/24")
_INSIDE: Way = (*_bridge(), *_WEB_WAY, *_DB_WAY)
BUILT: Way = (*_INSIDE, _DEFAULT, _FORWARD, _NAT)
"""What the specification asks for, line by line."""

_UP = "ip link show $link | grep -q 'state UP'"
_AT_REST = f"for link in br0 web0 db0; do until {_UP}; do sleep 0.05; done; done"
_RUNS: Way = (
    *BUILT,
    # The kernel tells a second late that a wire has come alive: the learner is not to see that.
    _AT_REST,
)
"""The same, when it has come to rest: where a fault begins."""


def _by_actions(name: str, address: str) -> Way:
    return (
        AddContainer(name),
        SetUp("lo", ns=name),
        AddVeth(f"{name}0", "eth0", peer_ns=name, master="br0", up=True),
        SetUp("eth0", ns=name),
        AddAddress("eth0", f"{address}/24", ns=name),
    )


_NO_LO = "ip -n {} link set lo down"
_ISOLATED = ("bridge link set dev web0 isolated on", "bridge link set dev db0 isolated on")
"""As ``--icc=false`` of an engine: ports that talk with the bridge alone."""

_BUILD = Exercise(
    id="X1",
    kind="build",
    goal="Two namespaces or containers, `web` and `db`. A bridge `br0` with the host's address "
    "10.20.0.1/24; its ports are `web0` and `db0`, the host's ends of two cables. Each other end "
    "is called `eth0`: 10.20.0.11/24 in `web`, 10.20.0.12/24 in `db`. Both loopbacks are up. "
    "`web` and `db` reach each other. `web`'s default route is 10.20.0.1, and it reaches "
    "203.0.113.80; only 10.20.0.0/24 is translated. `db` does not reach 203.0.113.80. The "
    "network outside is not yours.",
    checks=(
        HasAddress("br0", f"{_GATEWAY}/24"),
        IsPort("web0", "br0"),
        IsPort("db0", "br0"),
        HasAddress("eth0", f"{_WEB}/24", ns="web"),
        HasAddress("eth0", f"{_DB}/24", ns="db"),
        State("lo", "up", ns="web"),
        State("lo", "up", ns="db"),
        HasRoute("default", via=_GATEWAY, ns="web"),
        Reaches("web", _DB),
        Reaches("web", _OUTSIDE),
        Reaches("db", _OUTSIDE, ok=False),
    ),
    mustnot=(EVERYBODY,),
    only=("host", "web", "db"),
    hints=(
        "Which of the notebooks 02 to 05 built which part of it, and which part is built twice?",
        (
            'Take one point after the other: `lesson["X1"].lab.why("web", "203.0.113.80")` says '
            "what is next."
        ),
        f"The last three: `{_DEFAULT}`, `{_FORWARD}`, `{_NAT}`.",
    ),
    answer=BUILT,
    others=(
        (
            AddBridge("br0"),
            AddAddress("br0", f"{_GATEWAY}/24"),
            SetUp("br0"),
            *_by_actions("web", _WEB),
            *_by_actions("db", _DB),
            AddRoute("default", via=_GATEWAY, ns="web"),
            Sysctl("net.ipv4.ip_forward", "1"),
            Masquerade("10.20.0.0/24", out="eth0"),
        ),
        (  # db has a route, and the host does not pass its packets on
            *_INSIDE,
            _DEFAULT,
            f"ip -n db route add default via {_GATEWAY}",
            _FORWARD,
            f"iptables -A FORWARD -s {_DB} -o eth0 -j REJECT",
            "nft add table ip mine",
            "nft 'add chain ip mine out { type nat hook postrouting priority 90; }'",
            f"nft add rule ip mine out ip saddr {_WEB} oifname eth0 snat to 198.51.100.10",
        ),
    ),
    wrong=(
        WrongAnswer(
            (*_bridge(f"{_GATEWAY}/25"), *BUILT[2:]),
            "br0 does not have 10.20.0.1/24: it has 10.20.0.1/25",
        ),
        WrongAnswer(
            (*_bridge(), *_container("web", f"{_WEB}/24", "veth7"), *_DB_WAY, *BUILT[-3:]),
            "there is no link web0",
        ),
        WrongAnswer(
            (*_bridge(), *_WEB_WAY, *_container("db", f"{_DB}/24", "veth8"), *BUILT[-3:]),
            "there is no link db0",
        ),
        WrongAnswer(
            (*_bridge(), *_container("web", f"{_WEB}/25"), *_DB_WAY, *BUILT[-3:]),
            "web/eth0 does not have 10.20.0.11/24: it has 10.20.0.11/25",
        ),
        WrongAnswer(
            (*_bridge(), *_WEB_WAY, *_container("db", f"{_DB}/25"), *BUILT[-3:]),
            "db/eth0 does not have 10.20.0.12/24: it has 10.20.0.12/25",
        ),
        WrongAnswer((*BUILT, _NO_LO.format("web")), "web/lo is down"),
        WrongAnswer((*BUILT, _NO_LO.format("db")), "db/lo is down"),
        WrongAnswer(
            (*_INSIDE, f"ip -n web route add 203.0.113.0/24 via {_GATEWAY}", _FORWARD, _NAT),
            "web has no route default via 10.20.0.1",
        ),
        WrongAnswer((*BUILT, *_ISOLATED), "web does not reach 10.20.0.12"),
        WrongAnswer((*_INSIDE, _DEFAULT, _NAT), "web does not reach 203.0.113.80: no answer"),
        WrongAnswer((*_INSIDE, _DEFAULT, _FORWARD), "web does not reach 203.0.113.80: no answer"),
        WrongAnswer(
            (*BUILT, f"ip -n db route add default via {_GATEWAY}"), "db reaches 203.0.113.80"
        ),
        WrongAnswer(
            (*_INSIDE, _DEFAULT, _FORWARD, "iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE"),
            "the host translates everybody's packets",
        ),
        WrongAnswer(
            (
                *_INSIDE,
                _DEFAULT,
                _FORWARD,
                AddRoute("10.20.0.0/24", via="198.51.100.10", ns="router"),
                AddRoute("10.20.0.0/24", via="203.0.113.1", ns="internet"),
            ),
            "this should not have changed",
        ),
    ),
)

_WELL = (Reaches("web", _OUTSIDE), Reaches("web", _DB), Reaches("db", _OUTSIDE, ok=False))
"""What is so when all is well."""


def _mended(answer: Way) -> tuple[WrongAnswer, ...]:
    """Answers that mend the fault and break something else."""
    return (
        WrongAnswer((*answer, "ip link set db0 down"), "web does not reach 10.20.0.12"),
        WrongAnswer(
            (*answer, f"ip -n db route add default via {_GATEWAY}"), "db reaches 203.0.113.80"
        ),
        WrongAnswer(
            (*answer, "iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE"),
            "the host translates everybody's packets",
        ),
        WrongAnswer(
            (*answer, AddRoute("10.20.0.0/24", via="198.51.100.10", ns="router")),
            "this should not have changed",
        ),
    )


_STRANGE = "ip -n web neigh {} 10.20.0.1 {}dev eth0"
STALE = _STRANGE.format("replace", "lladdr 02:00:00:00:00:99 ") + " nud permanent"
_OVERLAP = "10.20.0.0/28 via 198.51.100.20"
STRAY = f"FORWARD -i eth0 -d {_WEB} -j DROP"
"""A rule that somebody has left behind."""

_FLUSHED = ("iptables -F FORWARD",)

EXERCISES = (
    _BUILD,
    Exercise(
        id="X2",
        kind="mend",
        find=True,
        goal="It is Monday. `web` and `db` talk with each other, and the host reaches both; but "
        "`web` gets no page from 203.0.113.80 any more. Find out why, and mend it. All else "
        "stays as the specification has it.",
        prepare=(*_RUNS, f"iptables -A {STRAY}"),
        checks=_WELL,
        mustnot=(EVERYBODY,),
        only=("host", "web", "db"),
        hints=(
            "Does web's question get out, and does the answer come back to the host?",
            "`lesson['X2'].lab.capture()` on `eth0` and `web0` during a ping shows where it ends.",
            f"`iptables -S FORWARD`, and then `iptables -D {STRAY}`.",
        ),
        answer=(f"iptables -D {STRAY}",),
        others=(
            _FLUSHED,
            ("iptables -I FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",),
        ),
        wrong=(
            WrongAnswer((_NAT,), "web does not reach 203.0.113.80: no answer"),
            WrongAnswer(
                ("iptables -P FORWARD ACCEPT",), "web does not reach 203.0.113.80: no answer"
            ),
            WrongAnswer(
                ("iptables -t nat -F POSTROUTING", *_FLUSHED),
                "web does not reach 203.0.113.80: no answer",
            ),
            *_mended(_FLUSHED),
        ),
    ),
    Exercise(
        id="X3",
        kind="mend",
        find=True,
        goal="It is Wednesday. `db` still gets everything from `web`; but `web` reaches neither "
        "203.0.113.80 nor the host. Somebody has exchanged hardware, they say. Find out why, and "
        "mend it. All else stays as the specification has it.",
        prepare=(*_RUNS, STALE),
        checks=_WELL,
        mustnot=(EVERYBODY,),
        only=("host", "web", "db"),
        hints=(
            "To which hardware address does web send what is for its gateway?",
            "`ip -n web neigh` lists whom it knows. Which of them has it never asked?",
            f"`{_STRANGE.format('del', '')}`; web asks by itself then.",
        ),
        answer=(_STRANGE.format("del", ""),),
        others=(
            ("ip -n web neigh flush dev eth0 nud permanent",),
            (  # the bridge gets the address that web remembers
                "ip link set br0 address 02:00:00:00:00:99",
            ),
        ),
        wrong=(
            WrongAnswer(("ip -n web neigh flush dev eth0",), "web does not reach 203.0.113.80"),
            WrongAnswer(
                (f"ip -n web route replace default via {_GATEWAY} dev eth0",),
                "web does not reach 203.0.113.80: no answer",
            ),
            WrongAnswer(
                ("ip link set web0 down", "ip link set web0 up"),
                "web does not reach 203.0.113.80: no answer",
            ),
            *_mended((_STRANGE.format("del", ""),)),
        ),
    ),
    Exercise(
        id="X4",
        kind="mend",
        find=True,
        goal="It is Friday. The host was given a way to a partner's network. Since then `web` "
        "gets no page from 203.0.113.80, and the host reaches neither `web` nor `db`; those two "
        "reach each other. The partner's network is 10.20.1.0/28. Mend it. All else stays as the "
        "specification has it.",
        prepare=(*_RUNS, f"ip route add {_OVERLAP}"),
        checks=_WELL,
        mustnot=(EVERYBODY,),
        only=("host", "web", "db"),
        hints=(
            "An answer for 10.20.0.11 comes in at the host. Where does it go then?",
            "`ip route get 10.20.0.11` asks the host's table; which of its routes wins?",
            f"`ip route del {_OVERLAP}`.",
        ),
        answer=(f"ip route del {_OVERLAP}", f"ip route add {_OVERLAP.replace('0.0', '1.0')}"),
        others=(
            (f"ip route add {_WEB} dev br0", f"ip route add {_DB} dev br0"),
            ("ip route flush 10.20.0.0/28",),
        ),
        wrong=(
            WrongAnswer((_NAT,), "web does not reach 203.0.113.80: no answer"),
            WrongAnswer(
                (f"ip -n web route replace default via {_GATEWAY} dev eth0",),
                "web does not reach 203.0.113.80: no answer",
            ),
            WrongAnswer(
                ("ip route del default", "ip route add default via 198.51.100.20"),
                "web does not reach 203.0.113.80: no answer",
            ),
            *_mended((f"ip route del {_OVERLAP}",)),
        ),
    ),
)
