"""07: where a container's namespace is, and what an engine says to the kernel."""

from __future__ import annotations

from nslab.course.exercises import docker_does as exercises
from nslab.course.lessons import docker_picture
from nslab.course.lessons.base import Lesson
from nslab.network.actions import AddVeth
from nslab.session.check import ArePeers, NamedByPid
from nslab.session.step import Step

LESSON = Lesson(
    name="07-how-docker-does-it",
    title="How Docker does it",
    goals=(
        "where the network namespace of a container is, though `ip netns` does not list it",
        "what goes from a program to the kernel when a cable is made: a hundred bytes, all read",
        "that a real engine runs no `ip`: you watch it send those bytes itself",
    ),
    start=docker_picture.WIRING,
    steps=(
        Step(
            id="G1",
            title="A name for a container's namespace",
            text="Every process has its namespaces below /proc. A link to one of them in "
            "/var/run/netns is all that `ip netns` asks for.",
            guess="What will `ip netns list` print on a host with two running containers?",
            rows=("G1",),
            lines=("pid=$(pgrep -o -x sleep)", "ln -s /proc/$pid/ns/net /var/run/netns/$pid"),
            checks=(NamedByPid("app"),),
        ),
        Step(
            id="G2",
            title="The bytes",
            text="A program changes the network by messages through a netlink socket. The same "
            "bytes do the same from any sender.",
            guess="How many messages will it take to make a veth pair, and how long are they?",
            rows=("G2",),
            actions=(AddVeth("veth-ns1", "lxcbr0.1"),),
            checks=(ArePeers("veth-ns1", "lxcbr0.1"),),
        ),
    ),
    exercises=exercises.EXERCISES,
)
