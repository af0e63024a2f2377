"""Bridges that do not fit side by side: on floors below each other, or with shorter rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import combinations

import pytest
from test_draw_changes import written
from test_draw_narrow import CELL, CONTAINERS, crossed, star, wide

from nslab import (
    AddAddress,
    AddBridge,
    AddNamespace,
    AddRoute,
    AddVeth,
    AddVlan,
    Attach,
    DeleteAddress,
    DeleteNamespace,
    Lab,
    Masquerade,
    SetBridge,
    SetDown,
    SetPortVlan,
    SetUp,
)
from nslab.course.measure import OUT
from nslab.draw import Memory, Picture
from nslab.draw.layout.boxes import Rect
from nslab.draw.layout.place import Placed
from nslab.draw.paint.cell import least
from nslab.network.actions import Action
from nslab.network.diff import compare
from nslab.network.model import Snapshot

ROOMS = {"upper": ("desk", "guest", "phone"), "lower": ("exchange", "printer", "screen")}


def office() -> list[Action]:
    """Two bridges with a cable between them, and three namespaces on each."""
    actions: list[Action] = []
    for bridge in ROOMS:
        actions += [AddBridge(bridge), SetUp(bridge)]
    actions += [AddVeth("riser0", "riser1"), SetUp("riser0"), SetUp("riser1")]
    actions += [Attach("riser0", "upper"), Attach("riser1", "lower")]
    for number, vlan in enumerate((10, 20, 30)):
        actions += [SetPortVlan("riser0", vlan), SetPortVlan("riser1", vlan)]
        gateway = [AddVlan("upper", f"upper.{vlan}", vlan), SetUp(f"upper.{vlan}")]
        actions += gateway if number < 2 else []
        for bridge, members in ROOMS.items():
            ns = members[number]
            actions += [
                AddNamespace(ns),
                AddVeth(f"{ns}0", "eth0", peer_ns=ns, master=bridge, up=True),
                SetPortVlan(f"{ns}0", vlan, pvid=True, untagged=True),
                AddAddress("eth0", f"10.70.{vlan}.1{len(bridge)}/24", ns=ns),
                SetUp("eth0", ns=ns),
                AddRoute("default", via=f"10.70.{vlan}.1", ns=ns),
            ]
    return actions


ADDRESSES = ("fd00::cc2e:87ff:fe9c:622c/64", "fd00::c40a:fdff:fedd:fb1c/64")


def library() -> list[Action]:
    """Two bridges whose ports have the addresses that the kernel gives them."""
    actions: list[Action] = []
    for number, (ns, room) in enumerate(
        (("reader", "hall"), ("shelf", "hall"), ("files", "cellar"))
    ):
        actions += [] if number == 1 else [AddBridge(room), SetUp(room)]
        actions += [] if number == 1 else [AddAddress(room, ADDRESSES[1])]
        actions += [
            AddNamespace(ns),
            AddVeth(f"{ns}0", "eth0", peer_ns=ns, master=room, up=True),
            AddAddress(f"{ns}0", ADDRESSES[0]),
            AddAddress("eth0", f"fd00:{number}::11/64", ns=ns),
            SetUp("eth0", ns=ns),
        ]
    return actions


def made(actions: Sequence[Action]) -> Snapshot:
    with Lab(engine="fake", ipv6=True) as lab:
        lab.do(*actions, watch=False)
        return lab.snapshot()


def rect(placed: Placed, name: str) -> Rect:
    return placed.links()[name]


def test_bridges_that_are_too_long_side_by_side_stand_below_each_other() -> None:
    placed = Picture(made(office())).placed
    assert least(wide(placed)) <= CELL
    upper, lower = rect(placed, "host/upper"), rect(placed, "host/lower")
    assert upper.bottom < lower.y
    riser = placed.cable("host/riser0", "host/riser1")
    assert len(riser) == 2, "straight from the one down to the other"
    assert rect(placed, "host/riser1").bottom == lower.y, "at its upper edge"
    for ns in ROOMS["upper"]:
        assert rect(placed, f"host/{ns}0").x >= lower.right, "it leads down beside the lower one"
    for card in ("upper.10", "upper.20"):
        assert upper.bottom < rect(placed, f"host/{card}").y < lower.y, "below what it stands on"
    drawn = [slot.rect for _, slot in (*placed.bridges, *placed.cells)]
    assert not any(one.overlaps(other) for one, other in combinations(drawn, 2))
    assert len(crossed(placed)) <= 2


def test_who_is_on_a_floor_stays_there() -> None:
    def floors() -> bool:
        placed = lab.picture.placed
        return rect(placed, "host/upper").bottom < rect(placed, "host/lower").y

    with Lab(engine="fake") as lab:
        lab.do(*office(), watch=False)
        assert floors()
        lab.do(SetDown("desk0"))
        assert floors()
        lab.do(*map(DeleteNamespace, (*ROOMS["upper"][1:], *ROOMS["lower"])))
        assert floors(), "though there would be room beside each other now"


def test_bridges_that_have_room_side_by_side_stay_so() -> None:
    placed = Picture(made([AddBridge("br0"), AddBridge("br1")])).placed
    assert rect(placed, "host/br0").y == rect(placed, "host/br1").y


def test_a_long_address_has_two_rows_where_that_makes_bridges_fit() -> None:
    picture = Picture(made(library()))
    assert least(wide(picture.placed)) <= CELL
    assert rect(picture.placed, "host/hall").y == rect(picture.placed, "host/cellar").y
    shown = written(picture.svg)
    for address in ADDRESSES:
        assert address not in shown
        assert all(half in shown for half in (address[:16], address[16:]))
    alone = written(Picture(made(library()[:8])).svg)
    assert ADDRESSES[0] in alone, "where there is room, it is in one row"


def test_a_spanning_tree_has_a_row_of_its_own_where_that_makes_bridges_fit() -> None:
    steps: list[list[Action]] = [
        [AddBridge("lxcbr0"), AddAddress("lxcbr0", "192.168.10.1/24"), SetUp("lxcbr0")],
        [AddBridge("lxcbr1")],
        [SetBridge("lxcbr1", stp=True)],
        [AddAddress("lxcbr1", "192.168.20.1/24"), SetUp("lxcbr1")],
    ]
    with Lab(engine="fake") as lab:
        for step in steps:
            for picture in (lab.do(*step).picture, lab.picture):
                assert picture
                assert least(wide(picture.placed)) <= CELL
                said = [line for line in written(picture.svg) if line.endswith("no-carrier")]
                assert len(said) <= 1, "a state is said once"
        assert "STP on, forward delay 15 s" in written(lab.picture.svg)
        one, other = (rect(lab.picture.placed, f"host/lxcbr{n}") for n in (0, 1))
    assert one.y == other.y, "they are side by side"


def test_what_changed_of_a_long_address_has_one_sign() -> None:
    with Lab(engine="fake", ipv6=True) as lab:
        lab.do(*library(), watch=False)
        before = lab.snapshot()
        lab.do(DeleteAddress("files0", ADDRESSES[0]), watch=False)
        shown = written(Picture(compare(before, lab.snapshot())).svg)
        assert shown.count("−") == 1
        assert all(half in shown for half in (ADDRESSES[0][:16], ADDRESSES[0][16:]))


def test_cables_take_a_longer_way_rather_than_cross_many() -> None:
    placed = Picture(made(OUT), Memory()).placed
    # Once there were 26; and when 11 were seen, 7 more lay on each other where they met.
    assert len(crossed(placed)) <= 18


# -- what changes makes no picture too wide --------------------------------------------------------


def unplugged() -> Sequence[Sequence[Action]]:
    """The cellar's only cable is pulled: its bridge says so."""
    return library(), [SetDown("files0")]


def second_card() -> Sequence[Sequence[Action]]:
    """The container on the right gets one."""
    card = AddVeth("peerD", "eth1", peer_ns="db", master="docker0", up=True)
    return CONTAINERS, [card], [SetUp("eth1", ns="db")]


def bridge_of_its_own() -> Sequence[Sequence[Action]]:
    """The host's card moves into a second bridge, and its address to that."""
    address = "198.51.100.10/24"
    return (
        CONTAINERS,
        [AddBridge("wire0")],
        [Attach("eth0", "wire0")],
        [DeleteAddress("eth0", address)],
        [AddAddress("wire0", address), SetUp("wire0")],
        [Masquerade("172.17.0.0/16", out="wire0")],
    )


def longer_row() -> Sequence[Sequence[Action]]:
    """A namespace becomes longer than its neighbours, where they were, leave room for."""
    pairs = ([AddVeth(f"near{n}", f"far{n}", ns="ns2")] for n in (1, 2))
    return star(4), *pairs


@pytest.mark.parametrize("steps", [unplugged, second_card, bridge_of_its_own, longer_row])
def test_no_step_makes_a_picture_too_wide(steps: Callable[[], Sequence[Sequence[Action]]]) -> None:
    with Lab(engine="fake", ipv6=steps is unplugged) as lab:
        built, *later = steps()
        lab.do(*built, watch=False)
        assert least(wide(lab.picture.placed)) <= CELL
        for step in later:
            shown = lab.do(*step).picture
            assert shown
            for picture in (shown, lab.picture, Picture(lab.snapshot())):
                assert least(wide(picture.placed)) <= CELL, step[0]


def test_a_bridge_with_little_room_says_its_state_in_a_row_of_its_own() -> None:
    placed = Picture(made([action for step in unplugged() for action in step])).placed
    cellar, hall = rect(placed, "host/cellar"), rect(placed, "host/hall")
    assert cellar.y == hall.y, "they stand side by side"
    shown = Picture(made([action for step in unplugged() for action in step])).svg
    (y,) = re.findall(r'y="(\d+)">no-carrier<', shown)[:1]
    assert int(y) > cellar.y + 40
