"""12: macvlan, ipvlan, VLAN: a container on the host's own wire without a bridge."""

from __future__ import annotations

from nslab.course.lessons.base import Lesson
from nslab.network.actions import (
    AddAddress,
    AddIpvlan,
    AddMacvlan,
    AddNamespace,
    AddRoute,
    AddVlan,
    DeleteLink,
    DeletePortVlan,
    SetBridge,
    SetPortVlan,
    SetUp,
)
from nslab.session.check import (
    Carries,
    FiltersVlans,
    HasAddress,
    NoLink,
    Reaches,
    SameMac,
    StandsOn,
)
from nslab.session.step import Step

APP, DB = "198.51.100.51", "198.51.100.52"
ALONE = "198.51.100.53"
APP_IPVLAN, DB_IPVLAN = "198.51.100.54", "198.51.100.55"
APP_VLAN, DB_VLAN = "198.51.100.56", "198.51.100.57"
"""Addresses of the outside network that nobody has.  Each kind of link gets others: a neighbour
remembers for up to a minute which hardware address an IP address had."""

MAC_APP, MAC_DB, MAC_HOST = "02:42:c6:33:64:33", "02:42:c6:33:64:34", "02:42:c6:33:64:3c"

LESSON = Lesson(
    name="12-macvlan-ipvlan-vlan",
    title="macvlan, ipvlan, VLAN",
    goals=(
        "how one card becomes many, by hardware address (macvlan) or by IP address (ipvlan)",
        "what the modes of each mean, and what each needs of the switch outside",
        "why a host cannot talk with its own macvlans, and what is done about it",
        "what a VLAN is: a tag in a frame, a trunk, a bridge that keeps VLANs apart",
        "which of all the ways out of a container to take: what each costs, and what it needs",
    ),
    needs=("macvlan", "ipvlan", "vlan"),
    nic_filter=True,
    start=(AddNamespace("app"), SetUp("lo", ns="app"), AddNamespace("db"), SetUp("lo", ns="db")),
    steps=(
        Step(
            id="K1-macvlan",
            title="A card of one's own on the host's card",
            text="A macvlan is a link with a hardware address of its own that sends and receives "
            "by another link, its parent; here each of two containers gets one.",
            guess="There is no bridge, no cable and no route. Will the LAN machine reach `app`?",
            lines=(
                f"ip link add link eth0 name mac1 address {MAC_APP} type macvlan mode bridge",
                "ip link set mac1 netns app",
                f"ip netns exec app ip addr add {APP}/24 broadcast + dev mac1",
                "ip netns exec app ip link set mac1 up",
                f"ip link add link eth0 name mac2 address {MAC_DB} type macvlan mode bridge",
                "ip link set mac2 netns db",
                f"ip netns exec db ip addr add {DB}/24 broadcast + dev mac2",
                "ip netns exec db ip link set mac2 up",
            ),
            actions=(
                AddMacvlan("eth0", "mac1", to="app", mac=MAC_APP),
                AddAddress("mac1", f"{APP}/24", ns="app"),
                SetUp("mac1", ns="app"),
                AddMacvlan("eth0", "mac2", to="db", mac=MAC_DB),
                AddAddress("mac2", f"{DB}/24", ns="db"),
                SetUp("mac2", ns="db"),
            ),
            checks=(
                StandsOn("mac1", "eth0", ns="app", mode="bridge"),
                SameMac("mac1", "eth0", ns="app", same=False),
                Reaches("lan", APP),
                Reaches("app", DB),
                Reaches("host", APP, ok=False),
            ),
        ),
        Step(
            id="K1-host",
            title="A macvlan for the host, too",
            text="Children of one parent can talk with each other, so the host becomes one of "
            "them: it gets a macvlan, and sends by it what is for the containers.",
            guess="Why does the host need a route for this, although it has an address in the same "
            "network already?",
            lines=(
                f"ip link add link eth0 name mac0 address {MAC_HOST} type macvlan mode bridge",
                "ip addr add 198.51.100.60/32 dev mac0",
                "ip link set mac0 up",
                f"ip route add {APP} dev mac0",
            ),
            actions=(
                AddMacvlan("eth0", "mac0", mac=MAC_HOST),
                AddAddress("mac0", "198.51.100.60/32", broadcast=False),
                SetUp("mac0"),
                AddRoute(APP, dev="mac0"),
            ),
            checks=(StandsOn("mac0", "eth0", mode="bridge"), Reaches("host", APP)),
        ),
        Step(
            id="K1-private",
            title="Neighbours that must not talk",
            text="In mode private a macvlan passes nothing to the others on its parent, and takes "
            "nothing from them.",
            guess="Both can still be reached from the LAN. Can they reach each other by way of the "
            "LAN's switch, then?",
            lines=("ip netns exec app ip link set dev mac1 type macvlan mode private",),
            checks=(
                StandsOn("mac1", "eth0", ns="app", mode="private"),
                Reaches("lan", APP),
                Reaches("app", DB, ok=False),
            ),
        ),
        Step(
            id="K1-passthru",
            title="The whole card for one",
            text="In mode passthru there is one macvlan only; it has the parent's own hardware "
            "address and gets every frame that the card takes in.",
            guess="Frames for the host's address arrive at the card as before. Who gets them?",
            lines=(
                "ip link delete mac0",
                "ip netns exec app ip link delete mac1",
                "ip netns exec db ip link delete mac2",
                "ip link add link eth0 name mac1 type macvlan mode passthru",
                "ip link set mac1 netns app",
                f"ip netns exec app ip addr add {ALONE}/24 broadcast + dev mac1",
                "ip netns exec app ip link set mac1 up",
            ),
            actions=(
                DeleteLink("mac0"),
                DeleteLink("mac1", ns="app"),
                DeleteLink("mac2", ns="db"),
                AddMacvlan("eth0", "mac1", mode="passthru", to="app"),
                AddAddress("mac1", f"{ALONE}/24", ns="app"),
                SetUp("mac1", ns="app"),
            ),
            checks=(
                StandsOn("mac1", "eth0", ns="app", mode="passthru"),
                SameMac("mac1", "eth0", ns="app"),
                Reaches("lan", ALONE),
                Reaches("lan", "198.51.100.10", ok=False),
            ),
        ),
        Step(
            id="K1",
            title="IPVLAN: one hardware address for all",
            text="An ipvlan has its parent's hardware address; which of them gets a packet is "
            "decided by the IP address in it.",
            guess="To which hardware address will the LAN machine send what is for `app`, and to "
            "which what is for `db`?",
            rows=("K1",),
            lines=(
                "ip netns exec app ip link delete mac1",
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
                DeleteLink("mac1", ns="app"),
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
        Step(
            id="K1-trunk",
            title="A switch with VLANs",
            text="The switch's bridge begins to filter: the LAN machine's port belongs to VLAN 10, "
            "and the host's becomes a trunk, which carries VLAN 10 and 20 with their tags.",
            guess="The host itself sends without a tag, as before. Will it still reach the LAN "
            "machine, and the router?",
            actions=(
                SetBridge("br0", vlan_filtering=True, ns="switch"),
                SetPortVlan("to-lan", 10, pvid=True, untagged=True, ns="switch"),
                DeletePortVlan("to-lan", 1, ns="switch"),
                SetPortVlan("to-host", 10, ns="switch"),
                SetPortVlan("to-host", 20, ns="switch"),
            ),
            checks=(
                FiltersVlans("br0", ns="switch"),
                Carries("to-lan", ns="switch", untagged=10),
                Carries("to-host", ns="switch", untagged=1, tagged=(10, 20)),
                Reaches("host", "198.51.100.1"),
                Reaches("host", "198.51.100.20", ok=False),
            ),
        ),
        Step(
            id="K1-vlan",
            title="A link for each VLAN",
            text="A VLAN link puts its tag into each frame that it sends by its parent, and gets "
            "the frames that come in with that tag.",
            guess="`app` is given VLAN 10 and `db` VLAN 20, both an address of the LAN machine's "
            "network. Who reaches the LAN machine?",
            lines=(
                "ip netns exec app ip link delete ipv1",
                "ip netns exec db ip link delete ipv2",
                "ip link add link eth0 name eth0.10 type vlan id 10",
                "ip link set eth0.10 netns app",
                f"ip netns exec app ip addr add {APP_VLAN}/24 broadcast + dev eth0.10",
                "ip netns exec app ip link set eth0.10 up",
                "ip link add link eth0 name eth0.20 type vlan id 20",
                "ip link set eth0.20 netns db",
                f"ip netns exec db ip addr add {DB_VLAN}/24 broadcast + dev eth0.20",
                "ip netns exec db ip link set eth0.20 up",
            ),
            actions=(
                DeleteLink("ipv1", ns="app"),
                DeleteLink("ipv2", ns="db"),
                AddVlan("eth0", "eth0.10", 10, to="app"),
                AddAddress("eth0.10", f"{APP_VLAN}/24", ns="app"),
                SetUp("eth0.10", ns="app"),
                AddVlan("eth0", "eth0.20", 20, to="db"),
                AddAddress("eth0.20", f"{DB_VLAN}/24", ns="db"),
                SetUp("eth0.20", ns="db"),
            ),
            checks=(
                StandsOn("eth0.10", "eth0", ns="app", vlan=10),
                StandsOn("eth0.20", "eth0", ns="db", vlan=20),
                NoLink("ipv1", ns="app"),
                Reaches("app", "198.51.100.20"),
                Reaches("db", "198.51.100.20", ok=False),
                Reaches("app", DB_VLAN, ok=False),
            ),
        ),
    ),
)
