"""13: a filter that is passed by, two machines with one hardware address, a mode for all."""

from __future__ import annotations

from nslab.course.exercises.exercise import Exercise
from nslab.course.exercises.values import Choice, Way, WrongAnswer
from nslab.network.actions import AddAddress, AddIpvlan, AddRoute, DeleteLink, Rename, SetUp
from nslab.session.check import HasAddress, Reaches, SameMac

_LAN = "198.51.100.20"
_OUTSIDE = "203.0.113.80"
_GATEWAY = "198.51.100.1"
_HOST, _IN_APP = "198.51.100.10", "10.77.1.1"
_SHUT = "iptables -P INPUT DROP"
_APP, _DB = "198.51.100.64", "198.51.100.65"
_APP_L2, _DB_L2 = "198.51.100.54", "198.51.100.55"
"""Those of the lesson."""
_DOWN = "ip -n db link set eth0 down"
_BACK = "ip -n {} link set dev {} type ipvlan mode l2"


def _card(ns: str, address: str, kind: str = "ipvlan mode l2") -> tuple[str, ...]:
    return (
        f"ip link add link eth0 name ipv netns {ns} type {kind}",
        f"ip -n {ns} link set ipv name eth0 up",
        f"ip -n {ns} addr add {address} dev eth0",
    )


def _default(ns: str, how: str = f"via {_GATEWAY}") -> str:
    return f"ip -n {ns} route add default {how} dev eth0"


def _by_actions(ns: str, address: str) -> Way:
    return (
        AddIpvlan("eth0", "ipv", mode="l2", to=ns),
        Rename("ipv", "eth0", ns=ns),
        SetUp("eth0", ns=ns),
        AddAddress("eth0", f"{address}/24", ns=ns),
        AddRoute("default", via=_GATEWAY, ns=ns),
    )


EXERCISES = (
    Exercise(
        id="X1",
        kind="build",
        goal="The switch outside allows one hardware address at this port, that of the host's "
        "card. Make `app` and `db` machines of the LAN all the same. In each the card is called "
        "`eth0`; `app` is 198.51.100.64/24, `db` 198.51.100.65/24. `app` reaches 203.0.113.80, "
        "and the LAN machine reaches `db`.",
        checks=(
            HasAddress("eth0", f"{_APP}/24", ns="app"),
            HasAddress("eth0", f"{_DB}/24", ns="db"),
            SameMac("eth0", "eth0", ns="app"),
            Reaches("app", _OUTSIDE),
            Reaches("lan", _DB),
        ),
        only=("app", "db", "host"),
        hints=(
            "Which kind of link has the hardware address of the card that it stands on?",
            "Which mode answers by ARP? And by which gateway does the LAN reach the outside?",
            "`ip link add link eth0 name ipv netns app type ipvlan mode l2`, and so on.",
        ),
        answer=(*_card("app", f"{_APP}/24"), _default("app"), *_card("db", f"{_DB}/24")),
        others=(
            (*_by_actions("app", _APP), *_by_actions("db", _DB)),
            (  # the two cannot talk with each other: nobody asked for that
                *_card("app", f"{_APP}/24", "ipvlan mode l2 private"),
                _default("app"),
                *_card("db", f"{_DB}/24", "ipvlan mode l2 private"),
            ),
        ),
        wrong=(
            WrongAnswer(
                (
                    *_card("app", f"{_APP}/24", "macvlan mode bridge"),
                    _default("app"),
                    *_card("db", f"{_DB}/24", "macvlan mode bridge"),
                ),
                "app/eth0 and eth0 have different MACs",
            ),
            WrongAnswer(
                (*_card("app", f"{_APP}/24"), *_card("db", f"{_DB}/24")),
                "app does not reach 203.0.113.80: Network is unreachable",
            ),
            WrongAnswer(
                (*_card("app", f"{_APP}/25"), _default("app"), *_card("db", f"{_DB}/24")),
                "app/eth0 does not have 198.51.100.64/24: it has 198.51.100.64/25",
            ),
            WrongAnswer(
                (*_card("app", f"{_APP}/24"), _default("app"), *_card("db", f"{_DB}/25")),
                "db/eth0 does not have 198.51.100.65/24: it has 198.51.100.65/25",
            ),
            WrongAnswer(
                (*_by_actions("app", _APP), *_by_actions("db", _DB), _DOWN),
                "the LAN machine does not reach 198.51.100.65",
            ),
            WrongAnswer(
                (
                    *_by_actions("app", _APP),
                    *_by_actions("db", _DB),
                    AddRoute(_DB, via="198.51.100.10", ns="lan"),
                ),
                "this should not have changed: lan",
            ),
            WrongAnswer(
                (  # as Docker's l3, with nobody who answers ARP
                    *_card("app", f"{_APP}/24", "ipvlan mode l3"),
                    _default("app", ""),
                    *_card("db", f"{_DB}/24", "ipvlan mode l3"),
                ),
                "the LAN machine does not reach 198.51.100.65",
            ),
        ),
    ),
    Exercise(
        id="X2",
        kind="mend",
        find=True,
        goal="The LAN machine reached `app` at 198.51.100.54 and `db` at 198.51.100.55. Then "
        "somebody tried something on the link of `db`, and now it reaches neither. Put it right "
        "in `app`, `db` or the host; the network outside is not yours to change.",
        before="K1-l3",
        prepare=("ip -n db link set dev ipv2 type ipvlan mode l3",),
        checks=(Reaches("lan", _APP_L2), Reaches("lan", _DB_L2)),
        only=("app", "db", "host"),
        hints=(
            "Is what was tried on db's link a matter of that link alone?",
            "`ip -d link show` in `app` and `db`: which mode, and who answers ARP?",
            f"`{_BACK.format('db', 'ipv2')}`.",
        ),
        answer=(_BACK.format("db", "ipv2"),),
        others=(
            (_BACK.format("app", "ipv1"),),
            (  # the last link that is made sets the mode of all
                DeleteLink("ipv2", ns="db"),
                AddIpvlan("eth0", "ipv2", mode="l2", to="db"),
                AddAddress("ipv2", f"{_DB_L2}/24", ns="db"),
                SetUp("ipv2", ns="db"),
            ),
        ),
        wrong=(
            WrongAnswer(
                ("ip -n db link set dev ipv2 type ipvlan mode l3s",),
                "the LAN machine does not reach 198.51.100.54",
            ),
            WrongAnswer(
                (_BACK.format("app", "ipv1"), "ip -n db link delete ipv2"),
                "the LAN machine does not reach 198.51.100.55",
            ),
            WrongAnswer(
                (_BACK.format("db", "ipv2"), "ip -n app link delete ipv1"),
                "the LAN machine does not reach 198.51.100.54",
            ),
            WrongAnswer(
                (
                    AddRoute(_APP_L2, via="198.51.100.10", ns="lan"),
                    AddRoute(_DB_L2, via="198.51.100.10", ns="lan"),
                ),
                "this should not have changed: lan",
            ),
        ),
    ),
    Exercise(
        id="X3",
        kind="predict",
        goal="`app` and `db` have ipvlans in mode l3, and the LAN has a route to them. Now the "
        f"host shuts its packet filter to all that comes in: `{_SHUT}`. The LAN machine gets no "
        "answer from the host then. What about `app`, at 10.77.1.1?",
        before="K1-l3s",
        choices=(
            Choice(
                "a",
                "app is cut off, too: the LAN machine does not reach it, nor it the LAN machine.",
                (Reaches("lan", _IN_APP, ok=False), Reaches("app", _LAN, ok=False)),
            ),
            Choice(
                "b",
                "Nothing changes for app: each reaches the other.",
                (Reaches("lan", _IN_APP), Reaches("app", _LAN)),
            ),
            Choice(
                "c",
                "app reaches the LAN machine, for answers are let in; the other way it is shut.",
                (Reaches("app", _LAN), Reaches("lan", _IN_APP, ok=False)),
            ),
        ),
        checks=(Reaches("lan", _HOST, ok=False),),
        because="In mode l3 packets for app go past the host's filter: they are handed to its "
        "namespace before the chains for what comes in or passes through are asked.",
        hints=(
            "Where is a packet for `app` taken out: before the host's filter, or behind it?",
            "Run it, and let `lan` and `app` ping each other.",
            f'`{_SHUT}`, then `lesson["X3"].lab.ping("lan", "{_IN_APP}")`.',
        ),
        answer=(_SHUT,),
        others=(
            (
                "nft add table ip wall",
                "nft 'add chain ip wall shut { type filter hook input priority 0; policy drop; }'",
            ),
        ),
        wrong=(
            WrongAnswer((_SHUT,), "you chose a, but the LAN machine reaches 10.77.1.1", "a"),
            WrongAnswer((_SHUT,), "you chose c, but the LAN machine reaches 10.77.1.1", "c"),
            # what is passed on is none of this
            WrongAnswer(
                ("iptables -P FORWARD DROP",), "the LAN machine reaches 198.51.100.10", "b"
            ),
            WrongAnswer(
                (_SHUT, "ip netns exec app iptables -P INPUT DROP"),
                "with nothing but what the exercise says, the LAN machine reaches 10.77.1.1",
                "a",
            ),
        ),
    ),
)
