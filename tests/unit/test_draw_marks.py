"""What came, went or changed: marked once, on the outermost, and said where the value stands."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

import pytest
from test_draw_changes import SECOND_CARD, before_and_after
from test_draw_changes import written as written_in

from nslab import (
    Action,
    AddAddress,
    AddBridge,
    AddMacvlan,
    AddNamespace,
    AddVeth,
    DeleteLink,
    DeleteNamespace,
    SetBridge,
    SetUp,
)
from nslab.draw import Memory, Picture
from nslab.draw.paint.style import DARK, LIGHT
from nslab.network.diff import compare

SVG = "{http://www.w3.org/2000/svg}"
BRIDGE: list[Action] = [AddBridge("br0"), AddAddress("br0", "10.0.0.1/24"), SetUp("br0")]
PLUGGED: list[Action] = [
    AddVeth("v1", "eth0", peer_ns="ns1", master="br0", up=True),
    SetUp("eth0", ns="ns1"),
]


def changes(*steps: Sequence[Action]) -> Picture:
    return Picture(compare(*before_and_after(*steps)))


def outlined(picture: Picture) -> list[str]:
    """What has the outline of a mark."""
    found = []
    for group in ET.fromstring(picture.html).iter(f"{SVG}g"):
        names = (group.get(f"data-{kind}") for kind in ("link", "cable", "world", "ns"))
        for each in group:
            classes = set((each.get("class") or "").split())
            if classes & {"nslab-halo", "nslab-under"}:
                found.append(next(filter(None, names)) or "")
    return found


def written(picture: Picture) -> list[str]:
    return written_in(picture.html)


def test_a_namespace_comes_and_goes_with_all_that_is_in_it() -> None:
    coming = changes(BRIDGE, [AddNamespace("ns1"), *PLUGGED])
    going = changes(BRIDGE, [AddNamespace("ns1"), *PLUGGED], [DeleteNamespace("ns1")])
    for picture, mark in ((coming, "new"), (going, "gone")):
        assert set(outlined(picture)) - {"host/br0"} == {"ns1", "host/v1 ns1/eth0"}, (
            "and the cable, which leads to what was there before"
        )
        assert written(picture).count(mark) == 1, "on the namespace"
        assert not [words for words in written(picture) if "cable" in words]
        assert picture.html.count("nslab-struck") - picture.html.count(".nslab-struck") == (
            mark == "gone"
        ), "its name, and none of its links'"


def test_a_cable_between_two_new_namespaces_is_in_neither_outline_of_its_own() -> None:
    picture = changes([], [AddNamespace("a"), AddNamespace("b"), AddVeth("x", "y", "a", "b")])
    assert sorted(outlined(picture)) == ["a", "b"]


def test_a_cable_comes_and_goes_with_its_ends() -> None:
    steps = [*BRIDGE, AddNamespace("ns1")], PLUGGED
    for picture, words in (
        (changes(*steps), "new cable"),
        (changes(*steps, [DeleteLink("v1")]), "cable gone"),
    ):
        assert "host/v1 ns1/eth0" in outlined(picture)
        assert not {"host/v1", "ns1/eth0"} & set(outlined(picture))
        assert words in written(picture)
        assert not {"new", "gone"} & set(written(picture))


def test_ends_say_it_where_their_cable_has_no_room_for_a_tag() -> None:
    picture = changes([], [AddVeth("a", "b")])
    assert not picture.placed.tags
    assert sorted(outlined(picture)) == ["host/a", "host/b"]
    assert written(picture).count("new") == 2


def test_a_link_comes_and_goes_alone_and_its_wire_with_it() -> None:
    steps = [AddNamespace("ns1")], [AddMacvlan("eth0", "mac1", to="ns1")]
    for picture, word in (
        (changes(*steps), "new"),
        (changes(*steps, [DeleteLink("mac1", ns="ns1")]), "gone"),
    ):
        assert "ns1/mac1" in outlined(picture)
        assert "nslab-under" not in picture.html.partition("</style>")[2]
        assert written(picture).count(word) == 1


def test_the_line_of_a_mark_is_the_border_of_the_thing_itself() -> None:
    for picture in (
        changes(BRIDGE),
        changes([AddBridge("br0")], [SetUp("br0")]),
        changes([], [AddNamespace("ns1")]),
        changes([], [AddVeth("a", "b")]),
    ):
        (first, *others) = [
            set((each.get("class") or "").split())
            for each in ET.fromstring(picture.html).iter()
            if "nslab-halo" in (each.get("class") or "").split()
        ]
        for classes in (first, *others):
            assert classes & {"nslab-cell", "nslab-edge", "nslab-box"}


def test_what_is_gone_is_not_red() -> None:
    picture = changes([AddBridge("br0")], [DeleteLink("br0")])
    rules = re.findall(r"([^\n{}]*-gone[^{}]*)\{([^}]*)\}", picture.svg)
    assert len(rules) > 4
    for _, body in rules:
        assert not any(palette.wrong in body for palette in (LIGHT, DARK))


@pytest.mark.parametrize("number", range(2, len(SECOND_CARD) + 1))
def test_a_state_that_changed_is_said_once(number: int) -> None:
    picture = changes(*SECOND_CARD[:number])
    rects = picture.placed.links()
    for box in picture.placed.scene.boxes:
        for cell in box.cells():
            rect = rects[picture.placed.scene.names[cell.key]]
            said = [
                each.text or ""
                for text in ET.fromstring(picture.html).iter(f"{SVG}text")
                for each in (text, *text)
                if rect.holds((int(text.get("x") or 0), int(text.get("y") or 0)))
            ]
            states = [words for words in said if re.search(r"\b(up|down|no-carrier)\b", words)]
            assert len(states) <= 1, (cell.name, said)
            assert not cell.turned or states == [cell.turned]


def test_a_spanning_tree_says_what_it_was_where_it_stands() -> None:
    picture = changes(BRIDGE, [SetBridge("br0", stp=True, forward_delay=2)])
    assert [words for words in written(picture) if "STP" in words or "delay" in words] == [
        "STP off → on, forward delay 15 s → 2 s"
    ]
    again = changes(
        [*BRIDGE, SetBridge("br0", stp=True, forward_delay=2)], [SetBridge("br0", forward_delay=4)]
    )
    assert "STP on, forward delay 2 s → 4 s" in written(again)
    assert "~     STP off → on" in picture.text


def test_a_filter_of_vlans_says_once_what_it_was() -> None:
    picture = changes(BRIDGE, [SetBridge("br0", vlan_filtering=True)])
    assert [words for words in written(picture) if "VLAN filtering" in words] == [
        "VLAN filtering off → on"
    ]


def test_a_mark_without_words_leaves_a_port_as_wide_as_it_was() -> None:
    stage = Memory()
    steps = [*BRIDGE, AddNamespace("ns1"), *PLUGGED], [DeleteNamespace("ns1")]
    before, after = before_and_after(*steps)
    usual = Picture(before, stage).placed.links()["host/v1"]
    gone = Picture(compare(before, after), stage).placed.links()["host/v1"]
    assert gone.w == usual.w
    assert gone.middle[0] == usual.middle[0]


@pytest.mark.parametrize("number", [3, 4])
def test_what_is_written_in_a_port_stands_in_its_middle(number: int) -> None:
    picture = changes(*SECOND_CARD[:number])
    ports = {
        picture.placed.scene.names[cell.key]: slot.rect
        for cell, slot in picture.placed.cells
        if slot.shape == "socket"
    }
    assert ports
    for group in ET.fromstring(picture.html).iter(f"{SVG}g"):
        rect = ports.get(group.get("data-link") or "")
        for text in group.iter(f"{SVG}text") if rect else ():
            assert "nslab-middle" in (text.get("class") or "")
            assert rect
            assert int(text.get("x") or 0) == rect.middle[0]
