"""Tags of a journey touch nothing: measured on what is drawn, over all lessons' journeys."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from boxes import tags, touched
from test_draw_trail import followed, stops

from nslab import Action, AddMacvlan, Lab, lesson
from nslab.draw import Picture
from nslab.draw.path.picture import PathPicture
from nslab.draw.path.room import RADIUS
from nslab.draw.path.trail import Stop, Trail
from nslab.network.model import Snapshot

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"

BEYOND = (">host/eth0", "switch/to-host", ">switch/to-router", "router/eth0", ">router/eth1")
NAT = {4: ("source → 198.51.100.10", "TTL 64 → 63"), 8: ("TTL 63 → 62",)}


def out(*inside: str) -> tuple[Stop, ...]:
    """From a namespace to the web server."""
    return stops(*inside, *BEYOND, "internet/eth0", told=NAT)


JOURNEYS: dict[str, tuple[tuple[Stop, ...], ...]] = {
    "01-docker-picture": (out(">app/eth0", "host/veth22a38e6", "host/docker0"),),
    "05-way-out": (out(">ns1/eth0", "host/lxcbr0.1", "host/lxcbr0"),),
    "15-what-it-costs": (
        stops(">client/bridge", "host/plain-c", ">host/plain-s", "server/bridge"),
        stops(
            *(">client/nat", "host/nat-c", "host/br-nat", ">host/nat-s", "server/nat"),
            told={4: ("source → 10.6.0.254", "TTL 64 → 63")},
        ),
    ),
}
"""The journeys that lessons show."""


MACVLANS = tuple(AddMacvlan("eth0", "macvlan", to=ns) for ns in ("client", "server"))
"""What lesson 15 does in lines."""


def network(name: str) -> Snapshot:
    """What a lesson has built; programs that run in it are not drawn."""
    lines = MACVLANS if name.startswith("15") else ()
    with Lab(engine="fake") as lab:
        for one in lesson(name).state_after():
            lab.do(*((one,) if isinstance(one, Action) else lines), watch=False)
        return lab.snapshot()


@pytest.mark.parametrize("name", JOURNEYS)
def test_no_tag_of_a_lessons_journey_touches_anything(name: str) -> None:
    snapshot = network(name)
    for way in JOURNEYS[name]:
        picture = PathPicture(Picture(snapshot), Trail("a ping", way), "")
        assert [mark.stop for mark in picture.track.marks] == list(way)
        assert len(tags(picture.html)) == 1 + sum(bool(stop.told) for stop in way)
        assert touched(picture.html) == {}


def test_these_are_all_that_lessons_show() -> None:
    found = {}
    for path in NOTEBOOKS.glob("*.ipynb"):
        cells = json.loads(path.read_text())["cells"]
        lines = [line for cell in cells if cell["cell_type"] == "code" for line in cell["source"]]
        shown = sum(line.strip().endswith(".journey()") for line in lines)
        found |= {path.stem: shown} if shown else {}
    assert found == {name: len(ways) for name, ways in JOURNEYS.items()}


@pytest.mark.parametrize("name", ["lost", "flood", "level", "crowd", "lo"])
def test_no_tag_of_another_way_touches_anything(name: str) -> None:
    assert touched(followed(name).html) == {}


@pytest.mark.parametrize("name", JOURNEYS)
def test_no_line_to_a_tag_grazes_a_link(name: str) -> None:
    """A line beside a box's edge looks like a second edge."""
    snapshot = network(name)
    for way in JOURNEYS[name]:
        picture = PathPicture(Picture(snapshot), Trail("a ping", way), "")
        links = [slot.rect for _, slot in (*picture.placed.bridges, *picture.placed.cells)]
        for tag in picture.callouts:
            (ax, ay), (bx, by) = tag.mark.at, tag.meets
            dots = [(ax + (bx - ax) * n // 50, ay + (by - ay) * n // 50) for n in range(51)]
            for rect in links:
                if not rect.grown(RADIUS + 4).holds(tag.mark.at):
                    assert not any(map(rect.grown(4).holds, dots)), tag.lines


def test_what_two_ways_have_in_common_stands_at_the_same_places() -> None:
    """Lesson 05 compares them: one had its tags above the router, the other below."""
    snapshot = network("05-way-out")
    inside = (">ns1/eth0", "host/lxcbr0.1", "host/lxcbr0")
    plain = stops(*inside, *BEYOND, "internet/eth0", told={4: ("TTL 64 → 63",), 8: NAT[8]})
    first, second = (
        PathPicture(Picture(snapshot), Trail("a ping", way), "") for way in (plain, out(*inside))
    )
    beside = first.beside(second)

    def places(picture: PathPicture) -> dict[tuple[str, ...], object]:
        return {tag.lines: tag.rect for tag in picture.callouts}

    both = {("TTL 63 → 62",), ("✔ arrived",)}
    assert both == places(beside).keys() & places(second).keys()
    assert all(places(beside)[lines] == places(second)[lines] for lines in both)
    assert places(beside) != places(first), "alone it has them elsewhere"
    assert touched(beside.html) == {}
