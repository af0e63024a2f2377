"""The way of a packet through a picture, and how a script finds things in it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
import snapshots as sample

from nslab.draw import Picture, Way, way
from nslab.draw.path.way import Hop
from nslab.errors import InvalidInput
from nslab.network.diff import compare
from nslab.network.model import Snapshot

SVG = "{http://www.w3.org/2000/svg}"

OUT: list[Hop] = [
    ("ns1", "eth0"),
    ("host", "lxcbr0.1"),
    ("host", "lxcbr0"),
    ("host", "eth0"),
    ("switch", "host"),
    ("switch", "router"),
    ("router", "eth0"),
    ("router", "eth1"),
    ("internet", "eth0"),
]


def walk(snapshot: Snapshot, hops: list[Hop]) -> tuple[Picture, Way]:
    picture = Picture(snapshot)
    return picture, way(picture.placed, hops)


def test_from_a_namespace_to_the_internet() -> None:
    picture, found = walk(sample.article(repaired=True), OUT)
    placed = picture.placed
    rects = placed.links()
    assert len(found.stops) == len(OUT)
    assert found.stops == sorted(found.stops)
    for stop, (ns, link) in zip(found.stops, OUT, strict=True):
        assert rects[f"{ns}/{link}"].holds(found.points[stop])
    assert found.points[-1] == rects["internet/eth0"].middle
    assert found.leg(0)[0] == found.points[0]
    assert set(placed.cable("ns1/eth0", "host/lxcbr0.1")) <= set(found.leg(0))
    assert set(placed.cable("router/eth1", "internet/eth0")) <= set(found.leg(len(OUT) - 2))
    assert found.leg(4) == [found.points[found.stops[4]]], "within the switch nothing moves"


def test_there_and_back_is_the_same_way() -> None:
    _, there = walk(sample.article(repaired=True), OUT)
    _, back = walk(sample.article(repaired=True), OUT[::-1])
    assert there.points[0] == back.points[-1]
    assert there.points[-1] == back.points[0]


@pytest.mark.parametrize("count", [2, 3, 5, 12])
def test_across_a_bridge_from_port_to_port(count: int) -> None:
    hops: list[Hop] = [
        ("ns1", "eth0"),
        ("host", "veth1"),
        ("host", "br0"),
        ("host", f"veth{count}"),
        (f"ns{count}", "eth0"),
    ]
    picture, found = walk(sample.star(count), hops)
    _, without = walk(sample.star(count), [hop for hop in hops if hop != ("host", "br0")])
    bridge = picture.placed.links()["host/br0"]
    assert bridge.holds(found.points[found.stops[2]])
    assert found.points == without.points, "it crosses the bridge whether that is named or not"
    for rect in (rect for name, rect in picture.placed.links().items() if "ns2/" in name):
        if count > 2:
            assert not any(map(rect.holds, found.points))


@pytest.mark.parametrize(
    ("snapshot", "hops"),
    [
        (sample.article(repaired=True), OUT),
        (sample.star(12), [("ns3", "eth0"), ("host", "veth3"), ("host", "br0"), ("host", "eth0")]),
        (
            sample.docker(),
            [
                ("lan", "eth0"),
                ("switch", "lan"),
                ("switch", "host"),
                ("host", "eth0"),
                ("host", "docker0"),
                ("host", "peerA"),
                ("c1", "eth1"),
            ],
        ),
        (
            sample.odd(),
            [
                ("ns3", "eth0"),
                ("ns2", "v3"),
                ("ns2", "br-in"),
                ("ns2", "left"),
                ("ns1", "right"),
                ("ns1", "mac0"),
                ("host", "eth0"),
                ("switch", "host"),
            ],
        ),
    ],
)
def test_it_runs_at_right_angles(snapshot: Snapshot, hops: list[Hop]) -> None:
    picture, found = walk(snapshot, hops)
    for (x1, y1), (x2, y2) in pairwise(found.points):
        assert x1 == x2 or y1 == y2
    for x, y in found.points:
        assert 0 <= x <= picture.placed.width
        assert 0 <= y <= picture.placed.height


def test_a_dropped_packet_ends_where_it_was_seen_last() -> None:
    picture, found = walk(sample.article(), [("ns1", "eth0")])
    assert found.points == [picture.placed.links()["ns1/eth0"].middle]
    assert found.stops == [0]


def test_a_namespace_that_was_left_out() -> None:
    picture, found = walk(sample.star(140), [("ns1", "eth0"), ("host", "veth1"), ("ns139", "eth0")])
    assert picture.placed.rest is not None
    assert found.points[-1] == picture.placed.rest.middle


def test_a_link_that_is_not_there() -> None:
    with pytest.raises(InvalidInput, match="ns1/eth9"):
        walk(sample.article(), [("ns1", "eth0"), ("ns1", "eth9")])


def test_a_cable_is_found_by_its_ends() -> None:
    placed = Picture(sample.article()).placed
    there = placed.cable("ns1/eth0", "host/lxcbr0.1")
    assert placed.links()["ns1/eth0"].holds(there[0])
    assert there == placed.cable("host/lxcbr0.1", "ns1/eth0")[::-1]
    assert placed.cable("ns1/eth0", "host/eth0") == []
    assert placed.cable("switch/router", "router/eth0")


def test_everything_has_a_name_in_the_svg() -> None:
    for what in (sample.article(), sample.odd(), compare(sample.odd(), sample.docker())):
        root = ET.fromstring(Picture(what).svg)
        placed = Picture(what).placed
        links = [e.get("data-link") for e in root.iter() if e.get("data-link")]
        assert len(links) == len(set(links)) == len(placed.cells) + len(placed.bridges)
        cables = [e.get("data-cable") for e in root.iter() if e.get("data-cable")]
        assert len(cables) == len(set(cables)) == sum(bool(run.cable) for run, _ in placed.runs)
        spaces = {e.get("data-ns") for e in root.iter() if e.get("data-ns")}
        world = ["lan", "switch", "router", "internet"]
        assert spaces == set(placed.scene.box_names.values()) - set(world)
        outside = [e.get("data-world") for e in root.iter() if e.get("data-world")]
        assert outside == world, "where only changes count, too"
    named = Picture(sample.article()).svg
    assert 'data-link="ns1/eth0"' in named
    assert 'data-cable="host/lxcbr0.1 ns1/eth0"' in named
