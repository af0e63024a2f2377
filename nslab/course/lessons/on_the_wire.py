"""10: a bridge puts a container on the host's own wire, and what that costs."""

from __future__ import annotations

from nslab.course.exercises import on_the_wire as exercises
from nslab.course.lessons import promiscuous
from nslab.course.lessons.base import Lesson
from nslab.course.lessons.second_nic import ADDRESS
from nslab.session.check import HasAddress, IsPort, Learned, Promiscuous, Reaches
from nslab.session.step import Step

_BRIDGED = (
    "nft delete table netdev hub",
    "ip link set eth0 promisc off",
    "brctl addif docker0 peerA",
    "brctl addif docker0 eth0",
)

_MOVED = (
    "ip link set docker0 address 00:0c:29:b7:67:7d",
    "ip addr del 198.51.100.10/24 dev eth0",
    "ip addr add 198.51.100.10/24 dev docker0",
    "ip route add default via 198.51.100.1",
)

LESSON = Lesson(
    name="10-on-the-wire",
    title="On the host's own wire",
    goals=(
        "how a bridge puts a container on the host's own wire, and what else has to move then",
        "by which card a container with two of them answers, and how a rule decides it",
        "what all this costs the neighbours: who hears what, counted",
    ),
    nic_filter=True,
    start=promiscuous.LESSON.state_after(),
    steps=(
        Step(
            id="I1-bridge",
            title="A bridge in place of the hub",
            text="eth0 becomes a port of the bridge, as the container's cable is.",
            guess="`promisc off` is typed before eth0 is attached. Will it be promiscuous?",
            lines=_BRIDGED,
            checks=(IsPort("eth0", "docker0"), Promiscuous("eth0"), Reaches("lan", ADDRESS)),
        ),
        Step(
            id="I1-move",
            title="The host's address moves to the bridge",
            text="A port takes in nothing for the host: address and route belong to the bridge, "
            "which keeps the NIC's hardware address.",
            guess="Which of the host's connections live through these lines?",
            lines=_MOVED,
            checks=(
                HasAddress("docker0", "198.51.100.10/24"),
                Reaches("host", "203.0.113.80"),
                Reaches("lan", "198.51.100.10"),
            ),
        ),
        Step(
            id="J2",
            title="What it costs the neighbours",
            text="A bridge sends a frame to the port behind which its address lives, once it has "
            "learned which that is; what it does not know goes to all.",
            guess="The LAN machine pings the container 100 times. How many of these frames does "
            "the container `db` get?",
            rows=("J2",),
            lines=("ping -c 1 -W 1 198.51.100.50 > /dev/null",),
            checks=(Learned("peerA", "docker0"),),
        ),
    ),
    exercises=exercises.EXERCISES,
)
