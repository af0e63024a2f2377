"""09: promiscuous mode, and what it does and does not do for a container on the host's own wire."""

from __future__ import annotations

from nslab.course.lessons import docker_picture
from nslab.course.lessons.base import Lesson
from nslab.course.lessons.second_nic import ADDRESS
from nslab.network.actions import AddAddress, AddVeth, SetPromiscuous, SetUp, Sysctl
from nslab.session.check import HasAddress, HasNeighbour, IsPort, Learned, Promiscuous, Reaches
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

BRIDGED = (
    "nft delete table netdev hub",
    "ip link set eth0 promisc off",
    "brctl addif docker0 peerA",
    "brctl addif docker0 eth0",
)

MOVED = (
    "ip link set docker0 address 00:0c:29:b7:67:7d",
    "ip addr del 198.51.100.10/24 dev eth0",
    "ip addr add 198.51.100.10/24 dev docker0",
    "ip route add default via 198.51.100.1",
)

LESSON = Lesson(
    name="09-promiscuous",
    title="Promiscuous mode",
    goals=(
        "what a network card does with frames for others, and what *promiscuous* changes",
        "which of the article's claims about it are right, which are not: each is measured",
        "what it takes to put a container on the host's own wire, and what that costs the others",
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
        Step(
            id="I1-bridge",
            title="A bridge in place of the hub",
            text="eth0 becomes a port of the bridge, as the container's cable is.",
            guess="`promisc off` is typed before eth0 is attached. Will it be promiscuous?",
            lines=BRIDGED,
            checks=(IsPort("eth0", "docker0"), Promiscuous("eth0"), Reaches("lan", ADDRESS)),
        ),
        Step(
            id="I1-move",
            title="The host's address moves to the bridge",
            text="A port takes in nothing for the host: address and route belong to the bridge, "
            "which keeps the NIC's hardware address.",
            guess="Which of the host's connections live through these lines?",
            lines=MOVED,
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
)
