"""09: promiscuous mode, and what it does and does not do for a container."""

from __future__ import annotations

from nslab.course.exercises import promiscuous as exercises
from nslab.course.lessons import docker_picture
from nslab.course.lessons.base import Lesson
from nslab.course.lessons.second_nic import ADDRESS
from nslab.network.actions import AddAddress, AddVeth, SetPromiscuous, SetUp, Sysctl
from nslab.session.check import HasNeighbour, Promiscuous, Reaches
from nslab.session.step import Step

MAC = "02:42:c6:33:64:32"
"""The hardware address of the container's second NIC."""

HUB = """\
brctl delif docker0 peerA
nft -f - <<END
table netdev hub {
  chain from-wire {
    type filter hook ingress device "eth0" priority 0;
    ether daddr 02:42:c6:33:64:32 fwd to "peerA"
    ether daddr ff:ff:ff:ff:ff:ff dup to "peerA"
  }
  chain from-container {
    type filter hook ingress device "peerA" priority 0;
    fwd to "eth0"
  }
}
END"""

LESSON = Lesson(
    name="09-promiscuous",
    title="Promiscuous mode",
    goals=(
        "what a network card does with frames for others, and what *promiscuous* changes",
        "why a virtual cable hears everything anyway, and how the kernel marks what is for others",
        "whether it is enough to be promiscuous, as the article says, and what is missing",
    ),
    nic_filter=True,
    start=(
        *docker_picture.WIRING,
        AddVeth(
            "peerA",
            "eth1",
            peer_ns="app",
            master="docker0",
            up=True,
            mac="02:42:9e:50:ee:0a",
            peer_mac=MAC,
        ),
        SetUp("eth1", ns="app"),
        AddAddress("eth1", f"{ADDRESS}/24", ns="app"),
        # Else both of the container's cards speak for both of its addresses (ip-sysctl).
        Sysctl("net.ipv4.conf.all.arp_ignore", "1", ns="app"),
        Sysctl("net.ipv4.conf.all.arp_announce", "2", ns="app"),
    ),
    steps=(
        Step(
            id="I1-hub",
            title="A wire from eth0 to the container",
            text="Two packet filters make a hub: what comes in by eth0 for the container's card, "
            "or for everybody, goes to peerA; what comes from peerA goes out by eth0.",
            guess="Is the NIC's consent needed at all, now that there is a wire?",
            lines=tuple(HUB.splitlines()),
            checks=(
                Promiscuous("eth0", on=False),
                Reaches("lan", ADDRESS, ok=False),
                HasNeighbour(ADDRESS, dev="eth0", ns="lan"),
            ),
        ),
        Step(
            id="I1",
            title="Promiscuous",
            text="The NIC takes in every frame, also those for other addresses.",
            guess="The question by ARP was answered. Why was the ping not, and will it be now?",
            rows=("I1",),
            lines=("ip link set eth0 promisc on",),
            actions=(SetPromiscuous("eth0"),),
            checks=(Promiscuous("eth0"), Reaches("lan", ADDRESS)),
        ),
    ),
    exercises=exercises.EXERCISES,
)
