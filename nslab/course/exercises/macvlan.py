"""12: a parent without an address, two machines that must not talk, a sibling that is none."""

from __future__ import annotations

from nslab.course.exercises.exercise import Exercise
from nslab.course.exercises.values import Choice, Way, WrongAnswer
from nslab.network.actions import (
    AddAddress,
    AddMacvlan,
    AddRoute,
    DeleteAddress,
    DeleteLink,
    Rename,
    SetDown,
    SetUp,
)
from nslab.session.check import HasAddress, NoRoute, Reaches

_LAN = "198.51.100.20"
_OUTSIDE = "203.0.113.80"
_GATEWAY = "198.51.100.1"
_FLUSH = "ip addr flush dev eth0"
_APP, _DB = "198.51.100.61", "198.51.100.62"
_SEEN = "198.51.100.51"
"""That of app in the lesson."""


def _card(ns: str, address: str, mode: str, gateway: str = _GATEWAY) -> tuple[str, ...]:
    return (
        f"ip link add link eth0 name mv netns {ns} type macvlan mode {mode}",
        f"ip -n {ns} link set mv name eth0 up",
        f"ip -n {ns} addr add {address} dev eth0",
        f"ip -n {ns} route add default via {gateway}",
    )


def _by_actions(ns: str, address: str) -> Way:
    return (
        AddMacvlan("eth0", "mv", mode="private", to=ns),
        Rename("mv", "eth0", ns=ns),
        SetUp("eth0", ns=ns),
        AddAddress("eth0", f"{address}/24", ns=ns),
        AddRoute("default", via=_GATEWAY, ns=ns),
    )


_MAC0 = "ip link add link eth0 name mac0 address 02:42:c6:33:64:3c type macvlan mode"
_REST = ("ip addr add 198.51.100.60/32 dev mac0", "ip link set mac0 up")
_ROUTE = f"ip route add {_SEEN} dev mac0"

EXERCISES = (
    Exercise(
        id="X1",
        kind="predict",
        goal="`app` and `db` have macvlans on `eth0`. Now somebody takes the host's own address "
        f"away: `{_FLUSH}`. Who still reaches the LAN machine, 198.51.100.20?",
        before="K1-host",
        choices=(
            Choice(
                "a",
                "Nobody: the macvlans stand on eth0, which is no part of the network any more.",
                (Reaches("app", _LAN, ok=False), Reaches(None, _LAN, ok=False)),
            ),
            Choice(
                "b",
                "app and db, as before; the host does not.",
                (Reaches("app", _LAN), Reaches("db", _LAN), Reaches(None, _LAN, ok=False)),
            ),
            Choice(
                "c",
                "All three: the host takes an address of one of its macvlans.",
                (Reaches(None, _LAN),),
            ),
        ),
        checks=(NoRoute(_LAN),),
        because="The macvlans need eth0 as a wire, not its address: each has a MAC and an address"
        " of its own. The host has lost its address, and with that its routes.",
        hints=(
            "By what does a macvlan get its frames: by an address of the host, or by its own?",
            "Run it. Then ping 198.51.100.20 from each of the three.",
            f"`{_FLUSH}`, then `ip netns exec app ping -c 1 {_LAN}`, and so on.",
        ),
        answer=(_FLUSH,),
        others=((DeleteAddress("eth0", "198.51.100.10/24"),),),
        wrong=(
            WrongAnswer((_FLUSH,), "you chose a, but app reaches 198.51.100.20", "a"),
            WrongAnswer((_FLUSH,), "you chose c, but host does not reach 198.51.100.20", "c"),
            WrongAnswer((), "host has a route", "c"),
            WrongAnswer(
                (_FLUSH, SetDown("mac1", ns="app")),
                "with nothing but what the exercise says, app reaches 198.51.100.20",
                "a",
            ),
        ),
    ),
    Exercise(
        id="X2",
        kind="build",
        goal="Make `app` and `db` machines of the LAN on the host's card, without a bridge. In "
        "each the card is called `eth0`; `app` is 198.51.100.61/24, `db` 198.51.100.62/24. Both "
        "reach 203.0.113.80. The two are strangers: neither reaches the other. The host is as it "
        "was.",
        checks=(
            HasAddress("eth0", f"{_APP}/24", ns="app"),
            HasAddress("eth0", f"{_DB}/24", ns="db"),
            Reaches("app", _OUTSIDE),
            Reaches("db", _OUTSIDE),
            Reaches("app", _DB, ok=False),
        ),
        only=("app", "db", "host/eth0"),
        hints=(
            "Which of the four modes keeps two macvlans of one card apart?",
            "`ip -d link show` in `app` says the mode. The gateway of the LAN is 198.51.100.1.",
            "`ip link add link eth0 name mv netns app type macvlan mode private`, and so on.",
        ),
        answer=(*_card("app", f"{_APP}/24", "private"), *_card("db", f"{_DB}/24", "private")),
        others=(
            (*_by_actions("app", _APP), *_by_actions("db", _DB)),
            # The switch outside sends nothing back.
            (*_card("app", f"{_APP}/24", "vepa"), *_card("db", f"{_DB}/24", "vepa")),
        ),
        wrong=(
            WrongAnswer(
                (*_card("app", f"{_APP}/24", "bridge"), *_card("db", f"{_DB}/24", "bridge")),
                "app reaches 198.51.100.62",
            ),
            WrongAnswer(
                (*_card("app", f"{_APP}/24", "private")[:-1], *_by_actions("db", _DB)),
                "app does not reach 203.0.113.80: Network is unreachable",
            ),
            WrongAnswer(
                (*_by_actions("app", _APP), *_card("db", f"{_DB}/24", "private")[:-1]),
                "db does not reach 203.0.113.80: Network is unreachable",
            ),
            WrongAnswer(
                (*_card("app", f"{_APP}/25", "private"), *_by_actions("db", _DB)),
                "app/eth0 does not have 198.51.100.61/24: it has 198.51.100.61/25",
            ),
            WrongAnswer(
                (*_by_actions("app", _APP), *_card("db", f"{_DB}/25", "private")),
                "db/eth0 does not have 198.51.100.62/24: it has 198.51.100.62/25",
            ),
            WrongAnswer(
                (
                    *_by_actions("app", _APP),
                    *_by_actions("db", _DB),
                    AddMacvlan("eth0", "mac0"),
                    SetUp("mac0"),
                ),
                "this should not have changed: in the host: new macvlan mac0",
            ),
        ),
    ),
    Exercise(
        id="X3",
        kind="mend",
        find=True,
        goal="The host was given a macvlan of its own, `mac0` with 198.51.100.60, and a route by "
        "it to `app`, 198.51.100.51, so that the two reach each other. They do not. Put it right "
        "in the host, so that `app` reaches 198.51.100.60; `app` is as it should be.",
        before="K1-host",
        prepare=(f"{_MAC0} private", *_REST, _ROUTE),
        # Not from the host: that would reach an address of its own, too.
        checks=(Reaches("app", "198.51.100.60"),),
        only=("host",),
        hints=(
            "What must two macvlans of one card be to each other, so that they talk?",
            "`ip -d link show mac0` says how it stands on its parent; compare it with `mac1`.",
            "`ip link set dev mac0 type macvlan mode bridge`.",
        ),
        answer=("ip link set dev mac0 type macvlan mode bridge",),
        others=(
            (
                DeleteLink("mac0"),
                AddMacvlan("eth0", "mac0"),
                AddAddress("mac0", "198.51.100.60/32", broadcast=False),
                SetUp("mac0"),
                AddRoute(_SEEN, dev="mac0"),
            ),
        ),
        wrong=(
            WrongAnswer(("ip link set eth0 promisc on",), "app does not reach 198.51.100.60"),
            WrongAnswer(("ip link delete mac0",), "app does not reach 198.51.100.60"),
            WrongAnswer(
                ("ip link set dev mac0 type macvlan mode vepa",), "app does not reach 198.51.100.60"
            ),
            WrongAnswer((f"ip addr add {_SEEN} dev mac0",), "app does not reach 198.51.100.60"),
            WrongAnswer(
                (
                    "ip link set dev mac0 type macvlan mode bridge",
                    "ip -n app route add 198.51.100.60 dev mac1",
                ),
                "this should not have changed",
            ),
        ),
    ),
)
