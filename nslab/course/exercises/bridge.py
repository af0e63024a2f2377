"""02: when a route comes, a bridge of one's own, an address on the wrong link."""

from __future__ import annotations

from nslab.course.exercises.exercise import Exercise
from nslab.course.exercises.values import Choice, MustNot, WrongAnswer
from nslab.network.actions import AddAddress, AddBridge, DeleteAddress, SetUp
from nslab.sentence import sentence
from nslab.session.check import HasAddress, HasRoute, Reaches, State, Stp

_ROUTE = HasRoute("192.168.10.0/24", dev="lxcbr0")

EXERCISES = (
    Exercise(
        id="X1",
        kind="predict",
        goal="The bridge `lxcbr0` is down. You give it the address 192.168.10.1/24, and you do "
        "not set it up. Which route does the host have then?",
        before="B3",
        choices=(
            Choice("a", "A route to 192.168.10.0/24: it comes with the address.", (_ROUTE,)),
            Choice(
                "b",
                "No new route: it comes only when the bridge is up as well.",
                mustnot=(_ROUTE, HasRoute("default", dev="lxcbr0")),
            ),
            Choice(
                "c",
                "A default route: whatever has no other way goes to the bridge.",
                (HasRoute("default", dev="lxcbr0"),),
            ),
        ),
        checks=(HasAddress("lxcbr0", "192.168.10.1/24"), State("lxcbr0", "down")),
        because="A route leads out by a link, and the kernel holds none by a link that is down: "
        "the route of an address comes when its link is set up, and goes when it is set "
        "down.",
        hints=(
            "Could the kernel deliver a packet through a link that is down?",
            "Run it, and look at what the host says about its routes: `ip route`.",
            "`ip addr add 192.168.10.1/24 dev lxcbr0`, then `ip route`.",
        ),
        answer=("ip addr add 192.168.10.1/24 dev lxcbr0",),
        others=((AddAddress("lxcbr0", "192.168.10.1/24"),),),
        wrong=(
            WrongAnswer(("ip addr add 192.168.10.1/24 dev lxcbr0",), "has no route", "a"),
            WrongAnswer(("ip addr add 192.168.10.1/24 dev lxcbr0",), "has no route default", "c"),
            WrongAnswer(("ifconfig lxcbr0 192.168.10.1/24 up",), "lxcbr0 is up", "a"),
            WrongAnswer(
                (  # a route of scope host is the only one that a link may have that is down
                    "ip addr add 192.168.10.1/24 dev lxcbr0",
                    "ip route add 192.168.10.0/24 dev lxcbr0 scope host",
                ),
                "with nothing but what the exercise says, host has no route 192.168.10.0/24",
                "a",
            ),
            WrongAnswer((), "lxcbr0 does not have 192.168.10.1/24", "b"),
        ),
    ),
    Exercise(
        id="X2",
        kind="build",
        goal="Make a second bridge, `lxcbr1`, with its spanning tree on. It serves the network "
        "192.168.20.0/24, where the host has the address 192.168.20.1. Leave `lxcbr0` alone.",
        done=True,
        checks=(
            Stp("lxcbr1", on=True),
            HasAddress("lxcbr1", "192.168.20.1/24"),
            HasRoute("192.168.20.0/24", dev="lxcbr1"),
        ),
        only=("host/lxcbr1",),
        hints=(
            "Which three things did you do to lxcbr0, and which one is the other way round here?",
            "Compare the two bridges: `brctl show`, and `ip addr` for their addresses and states.",
            "`brctl addbr lxcbr1`, `brctl stp lxcbr1 on`, `ifconfig lxcbr1 192.168.20.1/24 up`.",
        ),
        answer=("brctl addbr lxcbr1", "brctl stp lxcbr1 on", "ifconfig lxcbr1 192.168.20.1/24 up"),
        others=(
            (
                "ip link add lxcbr1 type bridge stp_state 1",
                "ip link set lxcbr1 up",
                "ip addr add 192.168.20.1/24 dev lxcbr1 noprefixroute",
                "ip route add 192.168.20.0/24 dev lxcbr1",
            ),
            (
                AddBridge("lxcbr1", stp=True),
                AddAddress("lxcbr1", "192.168.20.1/24"),
                SetUp("lxcbr1"),
            ),
        ),
        wrong=(
            WrongAnswer(
                ("brctl addbr lxcbr1", "ifconfig lxcbr1 192.168.20.1/24 up"),
                "the spanning tree of lxcbr1 is off",
            ),
            WrongAnswer(
                (
                    "ip link add lxcbr1 type bridge stp_state 1",
                    "ip addr add 192.168.20.1 dev lxcbr1",
                    "ip link set lxcbr1 up",
                ),
                "lxcbr1 does not have 192.168.20.1/24: it has 192.168.20.1/32",
            ),
            WrongAnswer(
                (
                    "ip link add lxcbr1 type bridge stp_state 1",
                    "ip addr add 192.168.20.1/24 dev lxcbr1",
                ),
                "host has no route 192.168.20.0/24 dev lxcbr1",
            ),
            WrongAnswer(
                (
                    "ip link add lxcbr1 type bridge stp_state 1",
                    "ifconfig lxcbr1 192.168.20.2/24 up",
                ),
                "lxcbr1 does not have 192.168.20.1/24: it has 192.168.20.2/24",
            ),
            WrongAnswer(
                (
                    "ip addr add 192.168.20.1/24 dev lxcbr0",
                    "brctl addbr lxcbr1",
                    "brctl stp lxcbr1 on",
                    "ifconfig lxcbr1 192.168.20.1/24 up",
                ),
                "lxcbr0: address 192.168.20.1/24",
            ),
        ),
    ),
    Exercise(
        id="X3",
        kind="mend",
        goal="The bridge's address 192.168.10.1/24 was given to the wrong link, so the host looks "
        "for 192.168.10.0/24 in the wrong place. Put it right. The host must keep its way to the "
        "outside.",
        before="B3",
        prepare=("ip addr add 192.168.10.1/24 dev eth0",),
        checks=(HasAddress("lxcbr0", "192.168.10.1/24"), _ROUTE, Reaches(None, "203.0.113.80")),
        mustnot=(
            MustNot(
                HasAddress("eth0", "192.168.10.1/24"),
                sentence(
                    "eth0 still has the address 192.168.10.1/24: the host then has two ways to the "
                    "same network"
                ),
            ),
        ),
        only=("host/lxcbr0", "host/eth0"),
        hints=(
            "Through which link would the host send a packet to 192.168.10.11 now?",
            "`ip addr` says which link has which address, `ip route` what follows from it.",
            "`ip addr del 192.168.10.1/24 dev eth0`, then `ifconfig lxcbr0 192.168.10.1/24 up`.",
        ),
        answer=("ip addr del 192.168.10.1/24 dev eth0", "ifconfig lxcbr0 192.168.10.1/24 up"),
        others=(
            (
                SetUp("lxcbr0"),
                AddAddress("lxcbr0", "192.168.10.1/24"),
                DeleteAddress("eth0", "192.168.10.1/24"),
            ),
            (
                "ip addr flush dev eth0",
                "ip addr add 198.51.100.10/24 dev eth0",
                "ip route add default via 198.51.100.1",
                "ip link set lxcbr0 up",
                "ip addr add 192.168.10.1/24 dev lxcbr0",
            ),
        ),
        wrong=(
            WrongAnswer(
                ("ifconfig lxcbr0 192.168.10.1/24 up",),
                "eth0 still has the address 192.168.10.1/24",
            ),
            WrongAnswer(
                ("ip addr del 192.168.10.1/24 dev eth0", "ip addr add 192.168.10.1/24 dev lxcbr0"),
                "has no route 192.168.10.0/24 dev lxcbr0",
            ),
            WrongAnswer(
                (
                    "ip addr del 192.168.10.1/24 dev eth0",
                    "ip link set lxcbr0 up",
                    "ip route add 192.168.10.0/24 dev lxcbr0",
                ),
                "lxcbr0 does not have 192.168.10.1/24: it has no address",
            ),
            WrongAnswer(
                ("ip addr flush dev eth0", "ifconfig lxcbr0 192.168.10.1/24 up"),
                "host does not reach 203.0.113.80: Network is unreachable",
            ),
            WrongAnswer(
                (
                    "ip addr del 192.168.10.1/24 dev eth0",
                    "ifconfig lxcbr0 192.168.10.1/24 up",
                    "sysctl -w net.ipv4.ip_forward=1",
                ),
                "net.ipv4.ip_forward 0 → 1",
            ),
        ),
    ),
)
