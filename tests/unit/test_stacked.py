"""Links on links, and the VLANs of ports: how they are told, drawn and compared."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nslab import Lab
from nslab.jupyter.widgets.node_facts import facts
from nslab.network.actions import (
    AddAddress,
    AddBridge,
    AddIpvlan,
    AddMacvlan,
    AddNamespace,
    AddVeth,
    AddVlan,
    Attach,
    SetBridge,
    SetPortVlan,
    SetUp,
)
from nslab.network.diff import vlans_text
from nslab.network.model import PortVlan
from nslab.session.capture import owners


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(engine="fake", start=(AddNamespace("app"), AddNamespace("db"))) as made:
        yield made


def test_a_link_is_drawn_on_its_parent(lab: Lab) -> None:
    lab.do(
        AddMacvlan("eth0", "mac1", to="app"),
        AddMacvlan("eth0", "mac2", mode="private", to="db"),
        AddVlan("eth0", "eth0.10", 10),
        SetUp("eth0.10"),
    )
    text = lab.picture.text
    for line in (
        "mac1 macvlan, down on host/eth0",
        "mac2 macvlan private, down on host/eth0",
        "eth0.10 VLAN 10, up on host/eth0",
        "carries host/eth0.10, carries app/mac1, carries db/mac2",
    ):
        assert line in text, text
    assert "macvlan private" in lab.picture.svg


def test_a_change_of_mode_is_told(lab: Lab) -> None:
    lab.do(AddIpvlan("eth0", "ip1", to="app"))
    did = lab.do(AddIpvlan("eth0", "ip2", mode="l3", to="db"))
    assert did.changes is not None
    shown = [str(change) for change in did.changes.lasting]
    assert "~ app/ip1: mode l2 → l3" in shown
    assert "+ new ipvlan l3 db/ip2: down" in shown
    (line,) = (
        one for one in str(did.picture).splitlines() if one.startswith("~") and " ip1 " in one
    )
    assert "l3" not in line, "said once: where it changed"


def test_the_vlans_of_a_port(lab: Lab) -> None:
    lab.do(AddBridge("br0"), AddVeth("v1", "v2"), Attach("v1", "br0"))
    assert "VLAN" not in lab.picture.text
    did = lab.do(SetBridge("br0", vlan_filtering=True))
    assert did.changes is not None
    assert [str(change) for change in did.changes.lasting] == ["~ br0: VLAN filtering off → on"]
    assert "port v1 down, VLAN 1 untagged" in lab.picture.text
    did = lab.do(SetPortVlan("v1", 10), SetPortVlan("v1", 20))
    assert did.changes is not None
    assert [str(change) for change in did.changes.lasting] == [
        "~ v1: VLAN 1 untagged → VLAN 1 untagged, 10 and 20 tagged"
    ]
    assert "VLAN 1 untagged, 10 and 20 tagged" in str(facts(lab.snapshot(), "host/v1"))


@pytest.mark.parametrize(
    ("vlans", "text"),
    [
        (None, ""),
        ((), "no VLAN"),
        ((PortVlan(vlan=10, pvid=True, untagged=True),), "VLAN 10 untagged"),
        ((PortVlan(vlan=10), PortVlan(vlan=20), PortVlan(vlan=30)), "VLAN 10, 20 and 30 tagged"),
        (
            (PortVlan(vlan=1, untagged=True), PortVlan(vlan=10, pvid=True)),
            "VLAN 10 untagged inwards, 1 untagged outwards",
        ),
    ],
)
def test_vlans_in_words(vlans: tuple[PortVlan, ...] | None, text: str) -> None:
    assert vlans_text(vlans) == text


def test_a_borrowed_mac_is_its_owners(lab: Lab) -> None:
    """Else a capture would say of the host's card that it was the last container's."""
    lab.do(
        AddIpvlan("eth0", "ip1", to="app"),
        AddVlan("eth0", "v10", 10, to="db"),
        AddVeth("v1", "v2"),
        AddMacvlan("v1", "mac1"),
        AddVeth("w1", "w2"),
        AddMacvlan("w1", "mac2", mode="passthru", to="app"),
    )
    snapshot = lab.snapshot()
    named = owners(snapshot)
    assert named[snapshot.link("eth0").mac] == "eth0"
    assert named[snapshot.link("mac1").mac] == "mac1"
    assert named[snapshot.link("w1").mac] == "w1"
    assert not snapshot.borrows_mac(snapshot.link("v1"))


def test_a_script_makes_it_again(lab: Lab) -> None:
    lab.do(AddMacvlan("eth0", "mac1", to="app"), AddVlan("eth0", "eth0.10", 10))
    script = lab.script()
    assert "ip link add link eth0 mac1 netns app type macvlan mode bridge" in script
    lab.undo()
    assert "mac1" not in lab.picture.text


@pytest.mark.parametrize("kind", [AddMacvlan, AddIpvlan])
def test_why_a_parent_cannot_reach_its_child(lab: Lab, kind: type[AddMacvlan | AddIpvlan]) -> None:
    for ns, address in (("app", "198.51.100.51/24"), ("db", "198.51.100.52/24")):
        lab.do(kind("eth0", "own", to=ns), SetUp("own", ns=ns), AddAddress("own", address, ns=ns))
    for ns, target in (("lan", "198.51.100.51"), ("app", "198.51.100.52"), ("app", "203.0.113.80")):
        assert lab.why(ns, target).ok == target.startswith("198"), (ns, target)
    why = lab.why("host", "198.51.100.51")
    assert why.obstacle is not None
    assert f"is a{'n' * (kind is AddIpvlan)} {kind.__name__[3:].lower()} on eth0" in str(why)


def test_why_private_neighbours_do_not_reach_each_other(lab: Lab) -> None:
    for ns, address in (("app", "198.51.100.51/24"), ("db", "198.51.100.52/24")):
        mode = "private" if ns == "app" else "bridge"
        lab.do(
            AddMacvlan("eth0", "own", mode=mode, to=ns),
            SetUp("own", ns=ns),
            AddAddress("own", address, ns=ns),
        )
    assert lab.why("lan", "198.51.100.51").ok
    assert not lab.why("app", "198.51.100.52").ok


def test_why_a_host_that_gave_its_card_away_is_not_reached(lab: Lab) -> None:
    lab.do(
        AddMacvlan("eth0", "own", mode="passthru", to="app"),
        SetUp("own", ns="app"),
        AddAddress("own", "198.51.100.51/24", ns="app"),
    )
    assert lab.why("lan", "198.51.100.51").ok
    assert not lab.why("lan", "198.51.100.10").ok
