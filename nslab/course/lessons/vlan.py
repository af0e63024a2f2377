"""14: VLAN: many networks on one wire, and which of all the ways to choose."""

from __future__ import annotations

from nslab.course.exercises import vlan as exercises
from nslab.course.lessons.base import Lesson
from nslab.network.actions import (
    AddAddress,
    AddNamespace,
    AddVlan,
    DeletePortVlan,
    SetBridge,
    SetPortVlan,
    SetUp,
)
from nslab.session.check import Carries, FiltersVlans, Reaches, StandsOn
from nslab.session.step import Step

APP_VLAN, DB_VLAN = "198.51.100.56", "198.51.100.57"
"""Addresses of the outside network that nobody has."""

LESSON = Lesson(
    name="14-vlan",
    title="VLAN",
    goals=(
        "what a VLAN is: a tag in a frame, a trunk, a bridge that keeps VLANs apart",
        "how Docker uses macvlan, ipvlan and VLAN, and what is different from a bridge network",
        "which of all the ways out of a container to take: what each needs",
    ),
    needs=("macvlan", "vlan"),
    nic_filter=True,
    start=(AddNamespace("app"), SetUp("lo", ns="app"), AddNamespace("db"), SetUp("lo", ns="db")),
    steps=(
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
                Reaches("app", "198.51.100.20"),
                Reaches("db", "198.51.100.20", ok=False),
                Reaches("app", DB_VLAN, ok=False),
            ),
        ),
    ),
    exercises=exercises.EXERCISES,
)
