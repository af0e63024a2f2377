"""03: whose a setting is, the same address twice, a loopback without its address."""

from __future__ import annotations

from nslab.course.exercises.exercise import Exercise
from nslab.course.exercises.values import Choice, WrongAnswer
from nslab.network.actions import AddAddress, AddNamespace, SetUp, Sysctl
from nslab.session.check import HasAddress, OwnsAddress, Reaches, Setting

_FORWARD = "net.ipv4.ip_forward"
_NAMED = ("ip netns add red", "ip netns add blue")


def _own(ns: str, address: str = "10.0.0.7/32") -> tuple[str, ...]:
    """The lines that give it an address of its own."""
    return (
        f"ip netns exec {ns} ip addr add {address} dev lo",
        f"ip netns exec {ns} ip link set lo up",
    )


EXERCISES = (
    Exercise(
        id="X1",
        kind="predict",
        goal="Forwarding is off in the host and in `ns1`. You turn it on in `ns1` alone: `ip "
        f"netns exec ns1 sysctl -w {_FORWARD}=1`. What does the host have then?",
        done=True,
        prepare=(f"ip netns exec ns1 sysctl -w {_FORWARD}=0",),
        choices=(
            Choice(
                "a",
                "On: there is one kernel, and one such setting for all of it.",
                (Setting(_FORWARD, "1"),),
            ),
            Choice("b", "Off, as before: the setting is ns1's own.", (Setting(_FORWARD, "0"),)),
            Choice(
                "c",
                "Off, and in ns1 too: only the host may change it.",
                (Setting(_FORWARD, "0"), Setting(_FORWARD, "0", ns="ns1")),
            ),
        ),
        checks=(Setting(_FORWARD, "1", ns="ns1"),),
        because="Almost all below net.ipv4 is kept once for each namespace, and so is forwarding."
        " The one kernel has as many values of it as there are networks.",
        hints=(
            "Whose forwarding would it be: the kernel's, or one network's?",
            f"Run it, then ask in both places: `sysctl {_FORWARD}`.",
            f"`ip netns exec ns1 sysctl -w {_FORWARD}=1`, then `sysctl {_FORWARD}`.",
        ),
        answer=(f"ip netns exec ns1 sysctl -w {_FORWARD}=1",),
        others=(
            (Sysctl(_FORWARD, "1", ns="ns1"),),
            ("ip netns exec ns1 sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'",),
        ),
        wrong=(
            WrongAnswer(
                (f"ip netns exec ns1 sysctl -w {_FORWARD}=1",),
                f"you chose a, but in host, {_FORWARD} is 0",
                "a",
            ),
            WrongAnswer(
                (f"ip netns exec ns1 sysctl -w {_FORWARD}=1",),
                f"you chose c, but in ns1, {_FORWARD} is 1",
                "c",
            ),
            WrongAnswer((f"sysctl -w {_FORWARD}=1",), f"in ns1, {_FORWARD} is 0", "a"),
            WrongAnswer(
                (f"sysctl -w {_FORWARD}=1", f"ip netns exec ns1 sysctl -w {_FORWARD}=1"),
                f"with nothing but what the exercise says, in host, {_FORWARD} is 0",
                "a",
            ),
            WrongAnswer((), f"in ns1, {_FORWARD} is 0", "b"),
        ),
    ),
    Exercise(
        id="X2",
        kind="build",
        goal="Make two namespaces, `red` and `blue`. Each has the address 10.0.0.7 for itself: a "
        "ping of 10.0.0.7 in `red` is answered by `red`, one in `blue` by `blue`. No cable is "
        "needed. Leave the host and `ns1` as they are.",
        done=True,
        checks=(
            OwnsAddress("10.0.0.7", ns="red"),
            OwnsAddress("10.0.0.7", ns="blue"),
            Reaches("red", "10.0.0.7"),
            Reaches("blue", "10.0.0.7"),
        ),
        only=("red", "blue"),
        hints=(
            "Which link does every new namespace have already, and what does it lack?",
            "`ip netns exec red ip addr` shows what is in red; look at its loopback.",
            "`ip netns exec red ip addr add 10.0.0.7/32 dev lo`, and set that loopback up.",
        ),
        answer=(*_NAMED, *_own("red"), *_own("blue")),
        others=(
            (
                AddNamespace("red"),
                AddAddress("lo", "10.0.0.7/24", ns="red"),
                SetUp("lo", ns="red"),
                AddNamespace("blue"),
                "ip -n blue link set lo up",
                "ip -n blue link add br0 type bridge",
                "ip -n blue addr add 10.0.0.7/16 dev br0",
                "ip -n blue link set br0 up",
            ),
        ),
        wrong=(
            WrongAnswer(
                (
                    "ip netns add red",
                    "ip netns exec red ip addr add 10.0.0.7/32 dev lo",
                    "ip netns exec red ip link set lo up",
                ),
                "there is no namespace blue",
            ),
            WrongAnswer((*_NAMED, *_own("red")[:1], *_own("blue")), "red does not reach 10.0.0.7"),
            WrongAnswer((*_NAMED, *_own("red"), *_own("blue")[:1]), "blue does not reach 10.0.0.7"),
            # A loopback answers for all of its network, and so a ping is no proof.
            WrongAnswer(
                (*_NAMED, *_own("red"), *_own("blue", "10.0.0.8/24")),
                "blue does not have 10.0.0.7: it has 127.0.0.1/8, 10.0.0.8/24",
            ),
            WrongAnswer(
                (*_NAMED, *_own("red", "10.0.0.8/24"), *_own("blue")),
                "red does not have 10.0.0.7: it has 127.0.0.1/8, 10.0.0.8/24",
            ),
            WrongAnswer(
                (
                    "ip addr add 10.0.0.7/32 dev lo",
                    "ip netns add red",
                    "ip netns add blue",
                    "ip netns exec red ip addr add 10.0.0.7/32 dev lo",
                    "ip netns exec red ip link set lo up",
                    "ip netns exec blue ip addr add 10.0.0.7/32 dev lo",
                    "ip netns exec blue ip link set lo up",
                ),
                "lo: address 10.0.0.7/32",
            ),
        ),
    ),
    Exercise(
        id="X3",
        kind="mend",
        goal="In `ns1` a program talks to itself at 10.0.0.7, and that works. At 127.0.0.1 it "
        "does not, although the loopback is up. Mend it, in `ns1` only, and keep 10.0.0.7.",
        done=True,
        prepare=(
            "ip netns exec ns1 ip addr add 10.0.0.7/32 dev lo",
            "ip netns exec ns1 ip addr del 127.0.0.1/8 dev lo",
        ),
        checks=(Reaches("ns1", "127.0.0.1"), HasAddress("lo", "10.0.0.7/32", ns="ns1")),
        only=("ns1",),
        hints=(
            "Is it enough for a link to be up, or does an address need something more?",
            "Compare the loopback of ns1 with the host's: `ip addr show dev lo`.",
            "`ip netns exec ns1 ip addr add 127.0.0.1/8 dev lo`.",
        ),
        answer=("ip netns exec ns1 ip addr add 127.0.0.1/8 dev lo",),
        others=(
            (  # the kernel gives a loopback that has no address its own when it is set up
                "ip -n ns1 addr flush dev lo",
                "ip -n ns1 link set lo down",
                "ip -n ns1 link set lo up",
                "ip -n ns1 addr add 10.0.0.7/32 dev lo",
            ),
            (
                "ip netns del ns1",
                AddNamespace("ns1"),
                SetUp("lo", ns="ns1"),
                AddAddress("lo", "10.0.0.7/32", ns="ns1"),
            ),
        ),
        wrong=(
            WrongAnswer(("ip netns exec ns1 ip link set lo up",), "ns1 does not reach 127.0.0.1"),
            WrongAnswer(
                ("ip netns exec ns1 ifconfig lo 127.0.0.1 netmask 255.0.0.0 up",),
                "ns1/lo does not have 10.0.0.7/32: it has 127.0.0.1/8",
            ),
            WrongAnswer(
                ("ip netns del ns1", "ip netns add ns1", "ip netns exec ns1 ip link set lo up"),
                "ns1/lo does not have 10.0.0.7/32: it has 127.0.0.1/8",
            ),
            WrongAnswer(
                (
                    "ip addr add 127.0.0.1/8 dev lxcbr0",
                    "ip netns exec ns1 ip addr add 127.0.0.1/8 dev lo",
                ),
                "lxcbr0: address 127.0.0.1/8",
            ),
        ),
    ),
)
