"""13: ipvlan: one hardware address for all containers, told apart by IP address."""

from __future__ import annotations

from nslab.course.exercises import ipvlan as exercises
from nslab.course.lessons.base import Lesson
from nslab.network.actions import AddAddress, AddIpvlan, AddNamespace, AddRoute, SetUp
from nslab.session.check import HasAddress, Reaches, SameMac, StandsOn
from nslab.session.step import Step

APP_IPVLAN, DB_IPVLAN = "198.51.100.54", "198.51.100.55"
"""Addresses of the outside network that nobody has."""

LESSON = Lesson(
    name="13-ipvlan",
    title="ipvlan",
    goals=(
        "how one card becomes many by IP address, and for which wires that is made",
        "what the modes l2, l3 and l3s mean: frames, packets, and the host's packet filter",
        "what the network outside must know of containers behind a card",
    ),
    needs=("macvlan", "ipvlan"),
    nic_filter=True,
    start=(AddNamespace("app"), SetUp("lo", ns="app"), AddNamespace("db"), SetUp("lo", ns="db")),
    steps=(
        Step(
            id="K1",
            title="IPVLAN: one hardware address for all",
            text="An ipvlan has its parent's hardware address; which of them gets a packet is "
            "decided by the IP address in it.",
            guess="To which hardware address will the LAN machine send what is for `app`, and to "
            "which what is for `db`?",
            rows=("K1",),
            lines=(
                "ip link add link eth0 name ipv1 type ipvlan mode l2",
                "ip link set ipv1 netns app",
                f"ip netns exec app ip addr add {APP_IPVLAN}/24 broadcast + dev ipv1",
                "ip netns exec app ip link set ipv1 up",
                "ip link add link eth0 name ipv2 type ipvlan mode l2",
                "ip link set ipv2 netns db",
                f"ip netns exec db ip addr add {DB_IPVLAN}/24 broadcast + dev ipv2",
                "ip netns exec db ip link set ipv2 up",
            ),
            actions=(
                AddIpvlan("eth0", "ipv1", mode="l2", to="app"),
                AddAddress("ipv1", f"{APP_IPVLAN}/24", ns="app"),
                SetUp("ipv1", ns="app"),
                AddIpvlan("eth0", "ipv2", mode="l2", to="db"),
                AddAddress("ipv2", f"{DB_IPVLAN}/24", ns="db"),
                SetUp("ipv2", ns="db"),
            ),
            checks=(
                StandsOn("ipv1", "eth0", ns="app", mode="l2"),
                SameMac("ipv1", "ipv2", ns="app", other_ns="db"),
                Reaches("lan", APP_IPVLAN),
                Reaches("lan", DB_IPVLAN),
                Reaches("app", DB_IPVLAN),
                Reaches("host", APP_IPVLAN, ok=False),
            ),
        ),
        Step(
            id="K1-l3",
            title="L3: the parent is a router",
            text="In mode l3 an ipvlan neither asks nor answers by ARP: the host's routing table "
            "says where a packet goes, and networks of their own may stand behind the card.",
            guess="The mode is set at `app`'s link alone. Which mode will `db`'s have?",
            lines=(
                "ip netns exec app ip link set dev ipv1 type ipvlan mode l3",
                f"ip netns exec app ip addr del {APP_IPVLAN}/24 dev ipv1",
                "ip netns exec app ip addr add 10.77.1.1/24 broadcast + dev ipv1",
                "ip netns exec app ip route add default dev ipv1",
                f"ip netns exec db ip addr del {DB_IPVLAN}/24 dev ipv2",
                "ip netns exec db ip addr add 10.77.2.1/24 broadcast + dev ipv2",
                "ip netns exec db ip route add default dev ipv2",
            ),
            checks=(
                StandsOn("ipv1", "eth0", ns="app", mode="l3"),
                StandsOn("ipv2", "eth0", ns="db", mode="l3"),
                HasAddress("ipv1", "10.77.1.1/24", ns="app"),
                Reaches("app", "10.77.2.1"),
                Reaches("lan", "10.77.1.1", ok=False),
            ),
        ),
        Step(
            id="K1-route",
            title="The outside has to know",
            text="The LAN machine gets a route: what is for the containers' networks goes to the "
            "host's address.",
            guess="Will the host have to forward (`ip_forward`), as with a bridge?",
            actions=(AddRoute("10.77.0.0/16", via="198.51.100.10", ns="lan"),),
            checks=(Reaches("lan", "10.77.1.1"), Reaches("app", "198.51.100.20")),
        ),
        Step(
            id="K1-l3s",
            title="L3S: and the host's packet filter sees it",
            text="In mode l3s what comes in passes the host's packet filter and its connection "
            "tracking before it goes to the container.",
            guess="A rule of the host counts what comes in for `app`. What has it counted in mode "
            "l3, and what will it count in mode l3s?",
            lines=("ip netns exec app ip link set dev ipv1 type ipvlan mode l3s",),
            checks=(StandsOn("ipv1", "eth0", ns="app", mode="l3s"), Reaches("lan", "10.77.1.1")),
        ),
    ),
    exercises=exercises.EXERCISES,
)
