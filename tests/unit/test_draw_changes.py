"""Pictures of changes: on the same stage as those of all there is, and easy to be found."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

import pytest

from nslab import Action, AddBridge, AddNamespace, AddVeth, Attach, Lab, ResolvConf, SetUp
from nslab.draw import Picture
from nslab.draw.layout.boxes import NAME, TEXT, Rect
from nslab.draw.layout.place import Placed
from nslab.network.diff import compare
from nslab.network.model import Snapshot

SVG = "{http://www.w3.org/2000/svg}"


def before_and_after(*steps: Sequence[Action]) -> tuple[Snapshot, Snapshot]:
    """A network without its last step, and with it."""
    with Lab(engine="fake") as lab:
        found = [lab.snapshot()]
        for step in steps:
            lab.do(*step)
            found.append(lab.snapshot())
    return found[-2], found[-1]


def written(svg: str) -> list[str]:
    """The lines that can be read in a picture."""
    return ["".join(text.itertext()) for text in ET.fromstring(svg).iter(f"{SVG}text")]


def right_of_the_world(placed: Placed) -> int:
    return max(rect.right for _, rect in placed.scenery)


@pytest.mark.parametrize("steps", [1, 2])
def test_host_and_world_end_at_one_edge_whatever_changes(steps: int) -> None:
    """No corner is left empty: neither beside the host, nor where the world was left out."""
    built = [[AddBridge("br0"), SetUp("br0")], [AddNamespace("ns1")]][:steps]
    before, after = before_and_after(*built)
    whole, changes = Picture(after).placed, Picture(compare(before, after)).placed
    for placed in (whole, changes):
        (_, _, host), *_ = placed.boxes
        assert host.right == right_of_the_world(placed)
        (bridge,) = (slot for cell, slot in placed.bridges if cell.name == "br0")
        assert host.right - bridge.rect.right == bridge.rect.x - host.x
    assert [thing.label for thing, _ in changes.scenery] == ["lan", "switch", "router", "internet"]
    assert whole.width == changes.width


def test_that_a_loopback_was_set_up_says_what_it_was() -> None:
    before, after = before_and_after([AddNamespace("ns1")], [SetUp("lo", ns="ns1")])
    assert "lo down → up" in written(Picture(compare(before, after)).svg)


def test_of_name_servers_it_is_said_which_came_and_which_went() -> None:
    before, after = before_and_after(
        [AddNamespace("ns1"), ResolvConf("192.0.2.53", ns="ns1")], [ResolvConf("8.8.8.8", ns="ns1")]
    )
    picture = Picture(compare(before, after))
    assert "+   nameserver 8.8.8.8" in picture.text
    assert "-   nameserver 192.0.2.53" in picture.text


def rect_of(placed: Placed, name: str) -> Rect:
    return placed.links()[name]


def test_a_cable_from_a_port_to_a_link_below_it_has_room() -> None:
    _, after = before_and_after([AddBridge("br0"), AddVeth("a", "b"), Attach("a", "br0")])
    placed = Picture(after).placed
    assert rect_of(placed, "host/b").y - rect_of(placed, "host/a").bottom >= 2 * NAME


def test_what_is_written_in_a_port_ends_above_its_edge() -> None:
    with Lab(engine="fake") as lab:
        lab.do(AddBridge("br0"), Attach("eth0", "br0"))
        picture = Picture(lab.snapshot())
    port = rect_of(picture.placed, "host/eth0")
    inside = [
        float(text.get("y", "0"))
        for text in ET.fromstring(picture.svg).iter(f"{SVG}text")
        if port.holds((int(text.get("x", "0")), int(text.get("y", "0"))))
    ]
    assert len(inside) > 1, "its name, and its address"
    assert port.bottom - max(inside) >= TEXT / 2
