"""04: a veth pair from the namespace to the bridge, and why the ping still fails."""

from __future__ import annotations

from nslab.course.exercises import cables as exercises
from nslab.course.lessons import namespace
from nslab.course.lessons.base import Lesson
from nslab.network.actions import AddAddress, AddVeth, Attach, Move, Rename, SetUp
from nslab.session.check import (
    ArePeers,
    HasAddress,
    HasLink,
    HasRoute,
    IsPort,
    NoLink,
    Reaches,
    State,
)
from nslab.session.step import Step

LESSON = Lesson(
    name="04-cables",
    title="The veth pair",
    goals=(
        "what a veth pair is: one cable, two ends, each of them a link",
        "what happens to an end that you move into a namespace, and to its name and address",
        "why the article's own steps leave the container cut off, and how you find that out",
    ),
    start=namespace.LESSON.state_after(),
    steps=(
        Step(
            id="D1",
            title="Make a veth pair",
            text="A veth pair is a cable with two ends, both of them links of the host at first: "
            "what goes into one end comes out of the other.",
            guess="How many new links will there be, and where?",
            rows=("D1",),
            lines=("ip link add veth-ns1 type veth peer name lxcbr0.1",),
            actions=(AddVeth("veth-ns1", "lxcbr0.1"),),
            checks=(
                HasLink("veth-ns1", kind="veth"),
                HasLink("lxcbr0.1", kind="veth"),
                ArePeers("veth-ns1", "lxcbr0.1"),
            ),
        ),
        Step(
            id="D2",
            title="Move one end into the namespace",
            text="A link is in one namespace at a time. It leaves the host's list and turns up in "
            "the other; the cable stays plugged in.",
            guess="Will `ip link` in the host still show `veth-ns1`?",
            rows=("D2",),
            lines=("ip link set veth-ns1 netns ns1",),
            actions=(Move("veth-ns1", to="ns1"),),
            checks=(
                NoLink("veth-ns1"),
                HasLink("veth-ns1", ns="ns1", kind="veth"),
                ArePeers("lxcbr0.1", "veth-ns1", peer_ns="ns1"),
            ),
        ),
        Step(
            id="D3",
            title="Call it eth0",
            text="Each namespace has its own link names, so every one can have an eth0.",
            guess="The host has an `eth0` already. Will the kernel refuse the name?",
            rows=("D3",),
            lines=("ip netns exec ns1  ip link set dev veth-ns1 name eth0",),
            actions=(Rename("veth-ns1", "eth0", ns="ns1"),),
            checks=(HasLink("eth0", ns="ns1", kind="veth"), NoLink("veth-ns1", ns="ns1")),
        ),
        Step(
            id="D4",
            title="Give it an address, and set it up",
            text="The container's address is in the bridge's network.",
            guess="The line says `up`. Which word will the picture show at `eth0`?",
            rows=("D4",),
            lines=("ip netns exec ns1 ifconfig eth0 192.168.10.11/24 up",),
            actions=(AddAddress("eth0", "192.168.10.11/24", ns="ns1"), SetUp("eth0", ns="ns1")),
            checks=(
                HasAddress("eth0", "192.168.10.11/24", ns="ns1"),
                HasRoute("192.168.10.0/24", dev="eth0", ns="ns1"),
                State("eth0", "no-carrier", ns="ns1"),
            ),
        ),
        Step(
            id="D5",
            title="Plug the other end into the bridge",
            text="The host's end becomes a port of the bridge.",
            guess="You have typed everything. Will `ns1` reach the bridge's 192.168.10.1?",
            rows=("D5",),
            lines=("brctl addif lxcbr0 lxcbr0.1",),
            actions=(Attach("lxcbr0.1", "lxcbr0"),),
            checks=(
                IsPort("lxcbr0.1", "lxcbr0"),
                State("lxcbr0.1", "down"),
                Reaches("ns1", "192.168.10.1", ok=False),
            ),
        ),
        Step(
            id="D5-up",
            title="Set the host's end up",
            text="The line that the article omits: a cable works when both ends are up.",
            guess="What will change at the *other* end, which you do not touch?",
            lines=("ip link set lxcbr0.1 up",),
            actions=(SetUp("lxcbr0.1"),),
            checks=(
                State("lxcbr0.1", "up"),
                State("eth0", "up", ns="ns1"),
                Reaches("ns1", "192.168.10.1"),
            ),
        ),
    ),
    exercises=exercises.EXERCISES,
)
