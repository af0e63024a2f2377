"""12: macvlan: a hardware address for each container, on the host's own card."""

from __future__ import annotations

from nslab.course.exercises import macvlan as exercises
from nslab.course.lessons.base import Lesson
from nslab.network.actions import AddAddress, AddMacvlan, AddNamespace, AddRoute, DeleteLink, SetUp
from nslab.session.check import Reaches, SameMac, StandsOn
from nslab.session.step import Step

APP, DB = "198.51.100.51", "198.51.100.52"
ALONE = "198.51.100.53"
"""Addresses of the outside network that nobody has.  The last mode gets another: a neighbour
remembers for up to a minute which hardware address an IP address had."""

MAC_APP, MAC_DB, MAC_HOST = "02:42:c6:33:64:33", "02:42:c6:33:64:34", "02:42:c6:33:64:3c"

LESSON = Lesson(
    name="12-macvlan",
    title="macvlan",
    goals=(
        "how one card becomes many by hardware address, and who hears what then",
        "why a host cannot talk with its own macvlans, and what is done about it",
        "what the modes mean, and what each needs of the switch outside",
    ),
    needs=("macvlan",),
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
    ),
    exercises=exercises.EXERCISES,
)
