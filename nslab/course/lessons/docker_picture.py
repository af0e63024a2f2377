"""01: the network of a Docker host, complete, before any part of it is built by hand."""

from __future__ import annotations

from nslab.course.exercises import docker_picture as exercises
from nslab.course.lessons.base import Lesson
from nslab.course.pools import TookFreePool
from nslab.network.actions import (
    AddAddress,
    AddBridge,
    AddContainer,
    AddRoute,
    AddVeth,
    Masquerade,
    SetMac,
    SetUp,
    Sysctl,
)
from nslab.session.check import ArePeers, HasAddress, HasLink, IsPort, Masquerades, Setting, State
from nslab.session.step import Step

WIRING = (
    AddBridge("docker0", multicast_snooping=False),
    SetMac("docker0", "02:42:50:7a:e4:c9"),
    AddAddress("docker0", "172.17.0.1/16"),
    SetUp("docker0"),
    AddContainer("app"),
    AddVeth(
        "veth22a38e6",
        "eth0",
        peer_ns="app",
        master="docker0",
        up=True,
        mac="02:42:9e:22:a3:8e",
        peer_mac="02:42:ac:11:00:02",
    ),
    AddContainer("db"),
    AddVeth(
        "veth4c51f0b",
        "eth0",
        peer_ns="db",
        master="docker0",
        up=True,
        mac="02:42:9e:4c:51:f0",
        peer_mac="02:42:ac:11:00:03",
    ),
    SetUp("lo", ns="app"),
    SetUp("eth0", ns="app"),
    AddAddress("eth0", "172.17.0.2/16", ns="app"),
    AddRoute("default", via="172.17.0.1", ns="app"),
    SetUp("lo", ns="db"),
    SetUp("eth0", ns="db"),
    AddAddress("eth0", "172.17.0.3/16", ns="db"),
    AddRoute("default", via="172.17.0.1", ns="db"),
    Sysctl("net.ipv4.ip_forward", "1"),
    Masquerade("172.17.0.0/16", out="eth0"),
)
"""What the engine does when it is installed and has started two containers.

MACs are set, so that they are the same each time; Docker derives a container's from its address.
"""

LESSON = Lesson(
    name="01-docker-picture",
    title="The picture of a Docker host",
    goals=(
        "what stands between a container and the wire, part by part",
        "how to read `ip link` and `ip addr`, line by line",
        "which network an engine takes for its containers, and when it finds none",
    ),
    steps=(
        Step(
            id="A1",
            title="The whole wiring",
            text="A physical NIC, a bridge docker0, two containers with an eth0 each, and a pair "
            "of virtual cables from each container to the bridge.",
            guess="One container pings the other, and then the web server outside. Which parts of "
            "the picture does each packet pass?",
            rows=("A1",),
            actions=WIRING,
            checks=(
                HasLink("eth0"),
                HasLink("docker0", kind="bridge"),
                State("docker0", "up"),
                IsPort("veth22a38e6", "docker0"),
                IsPort("veth4c51f0b", "docker0"),
                ArePeers("veth22a38e6", "eth0", peer_ns="app"),
                ArePeers("veth4c51f0b", "eth0", peer_ns="db"),
                HasAddress("eth0", "172.17.0.2/16", ns="app"),
                Setting("net.ipv4.ip_forward", "1"),
                Masquerades("172.17.0.0/16", out="eth0"),
            ),
        ),
        Step(
            id="A3",
            title="What ip link and ip addr say",
            text="`ip link show` lists the links of a namespace, `ip addr show` their addresses "
            "too.",
            guess="How many entries will the host's list have, and will the containers' own "
            "`eth0` be among them?",
            rows=("A3",),
            lines=("ip link show", "ip addr show"),
            checks=(
                HasLink("lo"),
                HasLink("eth0"),
                HasLink("docker0", kind="bridge"),
                HasLink("veth22a38e6", kind="veth"),
                HasAddress("docker0", "172.17.0.1/16"),
            ),
        ),
        Step(
            id="A2",
            title="Which network the engine takes",
            text="The engine goes through a list of private networks and takes the first that no "
            "route of the host overlaps.",
            guess="The host gets a route to 172.17.0.0/16 before the engine is started. What does "
            "the engine take then?",
            rows=("A2",),
            checks=(TookFreePool("docker0"),),
        ),
    ),
    exercises=exercises.EXERCISES,
)
