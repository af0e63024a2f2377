"""04: what a link loses on its way, a cable of one's own, an address that fits nowhere."""

from __future__ import annotations

from nslab.course.exercises.exercise import Exercise
from nslab.course.exercises.values import Choice, MustNot, WrongAnswer
from nslab.network.actions import AddAddress, AddVeth, Attach, DeleteAddress, Move, SetUp
from nslab.sentence import sentence
from nslab.session.check import HasAddress, HasLink, IsPort, Reaches, State

_GATEWAY = "192.168.10.1"
_MOVED = HasAddress("veth-ns1", "192.168.10.11/24", ns="ns1")
_DOWN = State("veth-ns1", "down", ns="ns1")
_CABLE = "ip link add to-ns1 type veth peer name eth0 netns ns1"
_MEND = (
    "ip netns exec ns1 ip addr del 192.168.11.11/24 dev eth0",
    "ip netns exec ns1 ip addr add 192.168.10.11/24 dev eth0",
)

EXERCISES = (
    Exercise(
        id="X1",
        kind="predict",
        goal="In the host, `veth-ns1` is set up and has the address 192.168.10.11/24. You move "
        "it: `ip link set veth-ns1 netns ns1`. How does it arrive?",
        before="D2",
        prepare=("ip addr add 192.168.10.11/24 dev veth-ns1", "ip link set veth-ns1 up"),
        choices=(
            Choice("a", "As it was: set up, and with its address.", (_MOVED,), (_DOWN,)),
            Choice("b", "Down, but with its address.", (_MOVED, _DOWN)),
            Choice("c", "Down, and without its address.", (_DOWN,), (_MOVED,)),
            Choice(
                "d", "As it was, and the host keeps one of the same name.", (HasLink("veth-ns1"),)
            ),
        ),
        checks=(HasLink("veth-ns1", ns="ns1"),),
        because="A link that moves is set down first, and its addresses are taken away, for they "
        "belonged to the network that it leaves. Only its name, its MAC and its MTU come along.",
        hints=(
            "Would the host's address mean anything in a network that has other routes?",
            "Run it, and look at it where it is now: `ip netns exec ns1 ip addr`.",
            "`ip link set veth-ns1 netns ns1`, then `ip netns exec ns1 ip addr`.",
        ),
        answer=("ip link set veth-ns1 netns ns1",),
        others=((Move("veth-ns1", to="ns1"),),),
        wrong=(
            WrongAnswer(
                ("ip link set veth-ns1 netns ns1",),
                "you chose a, but ns1/veth-ns1 does not have",
                "a",
            ),
            WrongAnswer(
                ("ip link set veth-ns1 netns ns1",),
                "you chose b, but ns1/veth-ns1 does not have",
                "b",
            ),
            WrongAnswer(
                ("ip link set veth-ns1 netns ns1",), "you chose d, but there is no link", "d"
            ),
            WrongAnswer((), "there is no link ns1/veth-ns1", "d"),
            WrongAnswer(
                (  # it is put back to what it was
                    "ip link set veth-ns1 netns ns1",
                    "ip -n ns1 link set veth-ns1 up",
                    "ip -n ns1 addr add 192.168.10.11/24 dev veth-ns1",
                ),
                "with nothing but what the exercise says, ns1/veth-ns1 does not have",
                "a",
            ),
        ),
    ),
    Exercise(
        id="X2",
        kind="build",
        goal="Connect `ns1` to the bridge `lxcbr0` by a veth pair. The host's end is called "
        "`to-ns1`, the other one `eth0`. `ns1` is 192.168.10.20/24, and reaches the bridge's "
        "192.168.10.1. Nothing else in the host changes.",
        checks=(
            HasAddress("eth0", "192.168.10.20/24", ns="ns1"),
            IsPort("to-ns1", "lxcbr0"),
            Reaches("ns1", _GATEWAY),
        ),
        only=("ns1", "host/to-ns1"),
        hints=(
            "A cable works when both its ends do. Where is each of the two, and how does it stand?",
            "`ip link` and `ip netns exec ns1 ip addr` show the ends, `brctl show` the ports.",
            (
                f"`{_CABLE}`; in ns1 `ifconfig eth0 192.168.10.20/24 up`; in the host `brctl addif "
                "lxcbr0 to-ns1` and `ip link set to-ns1 up`."
            ),
        ),
        answer=(
            "ip link add veth-ns1 type veth peer name to-ns1",
            "ip link set veth-ns1 netns ns1",
            "ip netns exec ns1 ip link set dev veth-ns1 name eth0",
            "ip netns exec ns1 ifconfig eth0 192.168.10.20/24 up",
            "brctl addif lxcbr0 to-ns1",
            "ip link set to-ns1 up",
        ),
        others=(
            (
                _CABLE,
                "ip link set to-ns1 master lxcbr0 up",
                "ip -n ns1 link set eth0 up",
                "ip -n ns1 addr add 192.168.10.20/24 dev eth0",
            ),
            (
                "ip -n ns1 link add eth0 type veth peer name to-ns1",
                Move("to-ns1", to="host", ns="ns1"),
                Attach("to-ns1", "lxcbr0"),
                SetUp("to-ns1"),
                AddAddress("eth0", "192.168.10.20/24", ns="ns1"),
                SetUp("eth0", ns="ns1"),
            ),
        ),
        wrong=(
            WrongAnswer(
                (  # what the article leaves out
                    _CABLE,
                    "ip netns exec ns1 ifconfig eth0 192.168.10.20/24 up",
                    "brctl addif lxcbr0 to-ns1",
                ),
                "ns1 does not reach 192.168.10.1",
            ),
            WrongAnswer(
                (
                    _CABLE,
                    "ip netns exec ns1 ifconfig eth0 192.168.10.11/24 up",
                    "ip link set to-ns1 master lxcbr0 up",
                ),
                "ns1/eth0 does not have 192.168.10.20/24: it has 192.168.10.11/24",
            ),
            WrongAnswer(
                (  # past the bridge
                    _CABLE,
                    "ip netns exec ns1 ifconfig eth0 192.168.10.20/24 up",
                    "ip link set to-ns1 up",
                    "ip route add 192.168.10.20/32 dev to-ns1",
                ),
                "to-ns1 is not a port of a bridge",
            ),
            WrongAnswer(
                (
                    AddVeth("to-ns1", "eth0", peer_ns="ns1"),
                    "ip netns exec ns1 ifconfig eth0 192.168.10.20/24 up",
                    "ip link set to-ns1 master lxcbr0 up",
                    "sysctl -w net.ipv4.ip_forward=1",
                ),
                "net.ipv4.ip_forward 0 → 1",
            ),
        ),
    ),
    Exercise(
        id="X3",
        kind="mend",
        find=True,
        goal="`ns1` does not reach the bridge's 192.168.10.1, although every end is plugged in "
        "and up. Its `eth0` should have one address, 192.168.10.11, in the bridge's network. "
        "Mend it, and change nothing but `ns1`.",
        done=True,
        prepare=(
            "ip netns exec ns1 ip addr del 192.168.10.11/24 dev eth0",
            "ip netns exec ns1 ip addr add 192.168.11.11/24 dev eth0",
        ),
        checks=(HasAddress("eth0", "192.168.10.11/24", ns="ns1"), Reaches("ns1", _GATEWAY)),
        mustnot=(
            MustNot(
                HasAddress("eth0", "192.168.11.11/24", ns="ns1"),
                sentence(
                    "eth0 in ns1 still has the address 192.168.11.11/24, which belongs to no "
                    "network here"
                ),
            ),
        ),
        only=("ns1",),
        hints=(
            "Which network does ns1 think it is in, and which one is the bridge in?",
            "Compare `ip addr` in the host with `ip netns exec ns1 ip addr`, number by number.",
            "`ip netns exec ns1 ip addr del 192.168.11.11/24 dev eth0`, and `add` the right one.",
        ),
        answer=_MEND,
        others=(
            ("ip netns exec ns1 ifconfig eth0 192.168.10.11 netmask 255.255.255.0",),
            (
                AddAddress("eth0", "192.168.10.11/24", ns="ns1"),
                DeleteAddress("eth0", "192.168.11.11/24", ns="ns1"),
            ),
        ),
        wrong=(
            WrongAnswer(
                ("ip netns exec ns1 ip addr add 192.168.10.11/24 dev eth0",),
                "still has the address 192.168.11.11/24",
            ),
            WrongAnswer(
                (  # it then reaches itself
                    "ip netns exec ns1 ip addr flush dev eth0",
                    "ip netns exec ns1 ip addr add 192.168.10.1/24 dev eth0",
                ),
                "ns1/eth0 does not have 192.168.10.11/24: it has 192.168.10.1/24",
            ),
            WrongAnswer(
                ("ip netns exec ns1 ip link set eth0 down", *_MEND),
                "ns1 does not reach 192.168.10.1: Network is unreachable",
            ),
            WrongAnswer(
                ("ip addr add 192.168.11.1/24 dev lxcbr0", *_MEND),
                "lxcbr0: address 192.168.11.1/24",
            ),
            WrongAnswer(
                ("ip netns exec ns1 ip route add 192.168.10.0/24 dev eth0",),
                "ns1/eth0 does not have 192.168.10.11/24: it has 192.168.11.11/24",
            ),
        ),
    ),
)
