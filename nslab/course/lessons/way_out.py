"""05: the way out of the host: a route, forwarding, address translation; each is missing first."""

from __future__ import annotations

from nslab.course.exercises import way_out as exercises
from nslab.course.lessons import cables
from nslab.course.lessons.base import Lesson
from nslab.network.actions import AddRoute, Masquerade, Sysctl
from nslab.session.check import HasRoute, Masquerades, Reaches, Setting
from nslab.session.step import Step

OUTSIDE = "203.0.113.80"
"""The web server in the lab's internet."""

LESSON = Lesson(
    name="05-way-out",
    title="The way out",
    goals=(
        (
            "three things that a container needs: a route, a host that forwards, an address that "
            "the outside can answer"
        ),
        "how each of them looks when it is missing: three different failures",
        "what the kernel records when it translates an address, so the answer finds its way back",
    ),
    start=cables.LESSON.state_after(),
    steps=(
        Step(
            id="E1",
            title="A default route",
            text="Packets for anything but a neighbour go to the gateway: the bridge's address, "
            "which is the host itself.",
            guess="203.0.113.80 was out of reach a moment ago. Does one route change that?",
            rows=("E1",),
            lines=("ip netns exec ns1     ip route add default via 192.168.10.1",),
            actions=(AddRoute("default", via="192.168.10.1", ns="ns1"),),
            checks=(
                HasRoute("default", via="192.168.10.1", dev="eth0", ns="ns1"),
                Reaches("ns1", OUTSIDE, ok=False),
            ),
        ),
        Step(
            id="E2-forward",
            title="Let the host forward",
            text="A host takes in what is for itself and drops the rest, unless forwarding is on.",
            guess="The packets now leave the host. Will the answer come?",
            lines=("sysctl -w net.ipv4.ip_forward=1",),
            actions=(Sysctl("net.ipv4.ip_forward", "1"),),
            checks=(Setting("net.ipv4.ip_forward", "1"), Reaches("ns1", OUTSIDE, ok=False)),
        ),
        Step(
            id="E2-nat",
            title="Translate the address",
            text="What leaves by eth0 from the container's network gets the host's own address, "
            "which the outside can answer.",
            guess="Which address does the web server think the request comes from?",
            lines=("iptables -t nat -A POSTROUTING -s 192.168.10.0/24 -o eth0 -j MASQUERADE",),
            actions=(Masquerade("192.168.10.0/24", out="eth0"),),
            checks=(Masquerades("192.168.10.0/24", out="eth0"),),
        ),
        Step(
            id="E2",
            title="Reach the outside",
            text="What the article promised after its first line is true after three.",
            guess="And the other way round: can the outside reach 192.168.10.11?",
            rows=("E2",),
            checks=(Reaches("ns1", OUTSIDE), Reaches("internet", "192.168.10.11", ok=False)),
        ),
    ),
    exercises=exercises.EXERCISES,
)
