"""The ways of cables: straight where they can be, and along nothing that is not theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, pairwise, product

import pytest
import snapshots as sample
from msgspec import structs
from test_draw_callouts import network
from test_draw_room import FIRST, host, macvlans, space

from nslab import AddBridge, Attach, DeleteAddress, Lab, Masquerade, SetUp
from nslab.course.measure import OUT
from nslab.draw import Picture
from nslab.draw.layout.boxes import Point, Rect, Slot
from nslab.draw.layout.cables import Router
from nslab.draw.layout.place import Placed
from nslab.draw.layout.plan import End
from nslab.draw.paint.cell import least
from nslab.network.model import Mirred, Peer, Snapshot

CELL = 524
"""Pixels that a notebook's cell has at a zoom of 200 %."""

NEAR = 8
"""Pixels: so close to an edge, a line looks like a part of it."""


def second_nic() -> Snapshot:
    """A second card of the host, that is plugged into the machine on the LAN."""
    snapshot = sample.lab(**host(sample.veth("nic0", 3, (sample.LAN, "eth1", 3), "192.0.2.1/24")))
    far = sample.veth("eth1", 3, (sample.HOST, "nic0", 3), "192.0.2.2/24")
    spaces = [
        structs.replace(each, links=(*each.links, far)) if each.inode == sample.LAN else each
        for each in snapshot.namespaces
    ]
    return structs.replace(snapshot, namespaces=tuple(spaces))


def vlans() -> Snapshot:
    """Two namespaces whose links stand on eth0, and a second NIC."""
    on_eth0 = Peer(namespace=sample.HOST, name="eth0", index=2)
    spaces = [
        space(
            n,
            sample.link(f"eth0.{n}0", 2, f"10.{n}.0.2/24", kind="vlan", vlan=10 * n, peer=on_eth0),
        )
        for n in (1, 2)
    ]
    return sample.lab(*spaces)


def crossed() -> Snapshot:
    """Two bridges whose namespaces stand the other way round, so that cables turn."""
    links = [sample.bridge("front", 3, "10.1.0.1/24"), sample.bridge("back", 4, "10.2.0.1/24")]
    inside = []
    for number, master in enumerate(("front", "back", "front")):
        links.append(
            sample.veth(f"v{number}", 10 + number, (FIRST, f"e{number}", 2 + number), master=master)
        )
        far = (sample.HOST, f"v{number}", 10 + number)
        inside.append(sample.veth(f"e{number}", 2 + number, far, f"10.{number}.0.9/24"))
    return sample.lab(space(0, *inside), **host(*links))


def level(placed: Placed) -> Iterator[tuple[Point, Point]]:
    """The parts of cables that run from left to right."""
    for _, path in placed.runs:
        yield from ((a, b) for a, b in pairwise(path) if a[1] == b[1] and a[0] != b[0])


@pytest.mark.parametrize("made", [second_nic, vlans, crossed, lambda: macvlans(3)])
def test_no_cable_runs_along_an_edge(made: Callable[[], Snapshot]) -> None:
    placed = Picture(made()).placed
    edges = [(rect, y) for _, _, rect in placed.boxes for y in (rect.y, rect.bottom)]
    edges += [(rect, y) for _, rect in placed.scenery for y in (rect.y, rect.bottom)]
    along = [
        (a, b)
        for a, b in level(placed)
        for rect, y in edges
        if abs(a[1] - y) < NEAR and min(a[0], b[0]) < rect.right and rect.x < max(a[0], b[0])
    ]
    assert list(level(placed)), "there is a cable that turns"
    assert not along


def test_what_stands_on_one_link_leaves_it_by_one_line() -> None:
    """Two lines a few pixels apart look like one that is badly drawn."""
    placed = Picture(vlans()).placed
    ways = [path for run, path in placed.runs if run.cable and not run.cable.pair]
    assert len(ways) == 2
    assert len({way[0] for way in ways}) == 1


def test_a_port_keeps_its_cable_straight_when_it_has_nothing_more_to_say() -> None:
    steps = (
        [AddBridge("docker0"), SetUp("docker0")],
        [Attach("eth0", "docker0")],
        [DeleteAddress("eth0", "198.51.100.10/24")],
    )
    seen = []
    with Lab(engine="fake") as lab:
        for actions in steps:
            picture = lab.do(*actions).picture
            assert picture is not None
            seen += [picture.placed, lab.picture.placed]
    wide, narrow = seen[2], seen[-1]
    assert wide.links()["host/eth0"].w > 2 * narrow.links()["host/eth0"].w
    for placed in seen:
        (way,) = (path for run, path in placed.runs if run.cable)
        assert len(way) == 2


def test_what_is_said_of_the_host_takes_no_room_that_a_port_needs_no_longer() -> None:
    steps = (
        [AddBridge("docker0"), SetUp("docker0")],
        [Attach("eth0", "docker0")],
        [DeleteAddress("eth0", "198.51.100.10/24")],
        [Masquerade("172.17.0.0/16", "docker0")],
    )
    with Lab(engine="fake") as lab:
        for actions in steps:
            for picture in (lab.do(*actions).picture, lab.picture):
                assert picture is not None
                width = picture.placed.width
        assert width == Picture(lab.snapshot()).placed.width


def test_a_wire_within_a_namespace_stays_within_it() -> None:
    box, bar = Rect(8, 100, 552, 300), Rect(20, 200, 528, 44)
    upper, lower = Slot(None, 160, 60, x=120, y=112), Slot(None, 152, 44, x=160, y=290)
    blocks = [rect.grown(7) for rect in (bar, upper.rect, lower.rect)]
    way = Router([box]).way(End(upper, "swe"), End(lower, "nwes"), blocks)
    assert all(box.holds(point) for point in way)
    assert not any(box.x == x or box.right == x for x, _ in way), "and not on its edge"


# -- cables that meet ------------------------------------------------------------------------------


def measured() -> Snapshot:
    """The network of notebook 15: a client and a server, joined in five ways."""
    return network("15-what-it-costs")


def out() -> Snapshot:
    """The other network of that notebook: the ways out."""
    with Lab(engine="fake") as lab:
        lab.do(*OUT)
        return lab.snapshot()


def mixed_up(placed: Placed) -> Iterator[tuple[str, str]]:
    """Cables of which one lies on another, or turns where that is: the two seem to be one."""
    for (one, a), (other, b) in combinations(placed.runs, 2):
        ends = {id(end.slot) for end in (one.start, one.end)}
        if ends & {id(end.slot) for end in (other.start, other.end)}:
            continue  # what is plugged into one link may leave it together
        pairs = product(pairwise(a), pairwise(b))
        lies = any(is_level(x) == is_level(y) and near(x).overlaps(near(y)) for x, y in pairs)
        turns = [(point, line) for point in a[1:-1] for line in pairwise(b)]
        turns += [(point, line) for point in b[1:-1] for line in pairwise(a)]
        if lies or any(near(line).holds(point) for point, line in turns):
            yield one.id, other.id


def is_level(line: tuple[Point, Point]) -> bool:
    return line[0][1] == line[1][1]


def near(line: tuple[Point, Point]) -> Rect:
    """A line with as much around it as is needed to tell it from another one."""
    (ax, ay), (bx, by) = line
    return Rect(min(ax, bx), min(ay, by), abs(ax - bx), abs(ay - by)).grown(3)


@pytest.mark.parametrize("made", [measured, out])
def test_no_cable_lies_on_another_or_turns_where_that_is(made: Callable[[], Snapshot]) -> None:
    placed = Picture(made()).placed
    assert list(mixed_up(placed)) == []
    assert least(placed.width - placed.left) <= CELL, "and the picture is no wider for that"


@pytest.mark.parametrize("made", [measured, out])
def test_no_cable_runs_around_a_name(made: Callable[[], Snapshot]) -> None:
    placed = Picture(made()).placed
    for box, _, rect in placed.boxes:
        label = placed.labels[box.key].rect
        beside = Rect(rect.x, label.y, label.x - rect.x, label.h)
        lines = [near(line) for _, path in placed.runs for line in pairwise(path)]
        assert not any(map(beside.overlaps, lines)), box.label


def test_a_line_that_passes_a_bridge_keeps_away_from_it_and_from_the_border() -> None:
    """As the one along which a filter sends what the host's card has heard."""
    sent = Mirred(side="ingress", verb="mirror", to="ifb0", filter="protocol all pref 1 u32")
    star = sample.star(2)
    links = [
        structs.replace(link, mirred=(sent,)) if link.name == "eth0" else link
        for link in star.host.links
    ]
    host = structs.replace(star.host, links=(*links, sample.link("ifb0", 90, kind="ifb")))
    placed = Picture(structs.replace(star, namespaces=(host, *star.namespaces[1:]))).placed
    way = placed.cable("host/eth0", "host/ifb0")
    box = next(rect for one, _, rect in placed.boxes if one.label == "host")
    bridge = placed.links()["host/br0"]
    beside = [(a, b) for a, b in pairwise(way) if a[0] == b[0] and min(a[1], b[1]) < bridge.y]
    assert any(max(a[1], b[1]) > bridge.bottom for a, b in beside), "it passes the bridge"
    for (x, _), _ in beside:
        assert min(abs(x - edge) for edge in (box.x, box.right)) > NEAR
        assert min(abs(x - edge) for edge in (bridge.x, bridge.right)) > 6 or (
            bridge.x < x < bridge.right
        )
