"""What is written in a card, a socket, a bridge or a plate lies within its outline."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import snapshots as sample
from msgspec import structs
from test_draw_room import NETWORKS, alone, macvlans

from nslab import Lab
from nslab.course.measure import crowd
from nslab.draw import Picture, worded
from nslab.draw.layout.boxes import ICON, Rect
from nslab.draw.paint.written import written
from nslab.network.diff import Diff, compare
from nslab.network.model import Address, Link, Snapshot

GROUP = re.compile(
    r'<g class="nslab-(?:link|note)\b.*?(?=<g class="nslab-(?!nat|gate)|</svg>)', re.S
)
OUTLINE = re.compile(
    r'<rect class="nslab-(?:cell|bar)\b[^"]*" x="(-?\d+)" y="(-?\d+)" width="(\d+)" height="(\d+)"'
)


def outside(svg: str) -> Iterator[str]:
    """What is written of a link or a note beyond the outline around it."""
    for group in GROUP.findall(svg):
        outlines = [Rect(*map(int, found)) for found in OUTLINE.findall(group)]
        for text, rect in written([group]) if outlines else ():
            around = outlines[0]
            if rect.x < around.x or rect.right > around.right:
                yield f"{text}: {rect} in {around}"


def with_state(state: str, snapshot: Snapshot) -> Snapshot:
    """A snapshot whose cables' ends all have a state."""

    def changed(link: Link) -> Link:
        if link.kind != "veth":
            return link
        return sample.link(
            link.name,
            link.index,
            *(one.address for one in link.addresses),
            state=state,
            kind="veth",
            peer=link.peer,
            master=link.master,
            port=link.port,
        )

    return structs.replace(
        snapshot,
        namespaces=tuple(
            structs.replace(one, links=tuple(map(changed, one.links)))
            for one in snapshot.namespaces
        ),
    )


CASES: list[tuple[str, Snapshot | Diff]] = [*NETWORKS]
for _state in ("up", "down", "no-carrier"):
    for _count in (1, 2, 3):
        _there = with_state(_state, sample.star(_count))
        _more = with_state(_state, sample.star(_count + 1))
        CASES += [
            (f"{_count} {_state} new", compare(sample.fresh(), _there)),
            (f"{_count} {_state} gone", compare(_there, sample.fresh())),
            (f"one more of {_count} {_state}", compare(sample.star(_count), _more)),
        ]


@pytest.mark.parametrize("what", [what for _, what in CASES], ids=[name for name, _ in CASES])
def test_what_is_written_stays_within_its_outline(what: Snapshot | Diff) -> None:
    assert list(outside(Picture(what).svg)) == []


TABLE = sample.together(
    *(
        sample.nat("dnat", hook="output", to=f"127.0.0.11:{port}", destination="127.0.0.11")
        for port in (40001, 40002)
    )
)


@pytest.mark.parametrize("role", ["container", "named"])
def test_a_plate_keeps_away_from_the_line_above_it(role: str) -> None:
    """As in a container on a network of a user's own: Docker's name server, and its plates."""
    there = sample.star(1)
    there = structs.replace(
        there,
        namespaces=tuple(
            structs.replace(one, role=role, resolv_conf="nameserver 127.0.0.11\n", rules=TABLE)
            if one.label == "ns1"
            else one
            for one in there.namespaces
        ),
    )
    picture = Picture(there)
    plates = re.findall(r'<g class="nslab-nat[^>]*>\n(<rect [^>]*>)', picture.svg)
    rects = [Rect(*map(int, OUTLINE.findall(each)[0])) for each in plates]
    assert rects
    lines = [rect for text, rect in written([picture.svg]) if text.startswith("nameserver 127")]
    assert lines
    for line in lines:
        assert not any(line.grown(2).overlaps(rect) for rect in rects)
    home = next(rect for box, _, rect in picture.placed.boxes if box.label == "ns1")
    assert all(rect.bottom < home.bottom - 4 for rect in rects)


def test_plates_below_each_other_are_apart() -> None:
    two = [sample.nat("masquerade", source=f"172.{n}.0.0/16", out="eth0") for n in (17, 18)]
    picture = Picture(sample.lab(rules=sample.together(*two)))
    plates = re.findall(r'<g class="nslab-nat[^>]*>\n(<rect [^>]*>)', picture.svg)
    other, one = (Rect(*map(int, OUTLINE.findall(each)[0])) for each in plates)
    assert max(other.y - one.bottom, one.y - other.bottom) >= 4


def test_a_new_name_is_said_once_where_it_stands() -> None:
    """Not by a tag "changed" at the one end of the box, and the name at the other."""
    there = sample.star(1)

    def named(*names: str) -> Snapshot:
        return structs.replace(
            there,
            namespaces=tuple(
                structs.replace(one, names=(*one.names, *names)) if one.label == "ns1" else one
                for one in there.namespaces
            ),
        )

    came = Picture(compare(named("first"), named("first", "4711")))
    texts = [text for text, _ in written([came.svg])]
    assert "changed" not in texts
    assert texts[texts.index("also named by its process id") - 1] == "+"
    assert "also named first" in texts
    assert "+   also named by its process id" in came.text
    assert "changed" in [t for t, _ in written([Picture(compare(named("x"), named())).svg])]


def on_eth0(count: int, kind: str, addresses: int) -> Snapshot:
    """Namespaces with a link that stands on the host's eth0, which has further addresses."""
    there = macvlans(count)
    host = there.host
    more = tuple(Address(address=f"192.0.2.{n}/24") for n in range(addresses))
    links = tuple(
        structs.replace(link, addresses=(*link.addresses, *more)) if link.name == "eth0" else link
        for link in host.links
        if link.name != "br0"
    )
    spaces = [
        structs.replace(
            one,
            links=tuple(
                structs.replace(link, kind=kind) if link.name == "mac0" else link
                for link in one.links
            ),
        )
        for one in there.namespaces[1:]
    ]
    return structs.replace(there, namespaces=(structs.replace(host, links=links), *spaces))


def test_what_stands_on_one_link_leaves_it_at_one_side() -> None:
    """As two macvlans on eth0: else they look like two kinds of cable."""
    for count in (2, 3):
        for kind in ("macvlan", "ipvlan"):
            for addresses in range(4):
                before = on_eth0(count, kind, addresses)
                for what in (before, compare(sample.fresh(), before), compare(before, before)):
                    placed = Picture(what).placed
                    eth0 = placed.links()["host/eth0"]
                    starts = {
                        path[0]
                        for run, path in placed.runs
                        if run.cable and not run.cable.pair and run.start.slot.rect == eth0
                    }
                    assert len({y for _, y in starts}) == 1, (count, kind, addresses, starts)


def test_words_of_another_language_have_room() -> None:
    """A widget puts them in after everything has its place."""
    said = {"other end out of sight": "anderes Ende ganz und gar außer Sicht"}
    english = next(iter(said))
    there = sample.lab(
        links=(sample.loopback(True), sample.UPLINK, sample.veth("v0", 9, None, "10.0.0.1/24"))
    )
    picture = Picture(there)
    drawn = worded(picture, said.get).html
    assert english in drawn
    assert list(outside(drawn.replace(english, said[english]))) == []
    assert list(outside(picture.html.replace(english, said[english]))), "there was no room"
    assert picture.html == Picture(there).html, "and what is saved is the same everywhere"


def test_a_panel_of_names_is_in_line_with_them_and_ends_with_the_host() -> None:
    picture = Picture(alone(14))
    (panel,) = picture.placed.panels
    (_, _, host), *_ = picture.placed.boxes
    assert panel.rect.right == host.right
    (title,) = (rect for text, rect in written([picture.svg]) if text.startswith("14 namespaces"))
    assert title.x - ICON == min(leaf.rect.x for leaf in panel.leaves)


def test_a_rail_keeps_clear_of_the_ports_and_of_the_title() -> None:
    with Lab(engine="fake") as lab:
        lab.do(*crowd(12), watch=False)
        picture = lab.picture
    (panel,) = picture.placed.panels
    upright = [rail for rail in panel.rails if rail[0][0] == rail[-1][0]]
    ports = [leaf.socket.rect for leaf in panel.leaves if leaf.socket]
    assert len(ports) == 13
    for (x, top), *_, (_, bottom) in upright:
        for port in ports:
            beside = top < port.y < bottom and abs(port.x - x) < port.w
            assert not beside or port.x - x >= 6, "its own edge can be seen"
    tips = {rail[-1] for rail in panel.rails}
    assert all((port.x, port.middle[1]) in tips for port in ports), "a stub leads to each"
    (title,) = (rect for text, rect in written([picture.svg]) if text.startswith("13 namespaces"))
    assert title.x - ICON - upright[0][0][0] >= 10


def test_a_rail_is_seen_from_its_bridge_on() -> None:
    """The host's box was painted over what of it runs in the host."""
    with Lab(engine="fake") as lab:
        lab.do(*crowd(12), watch=False)
        picture = lab.picture
    (panel,) = picture.placed.panels
    (bridge,) = (slot.rect for cell, slot in picture.placed.bridges if cell.name == "flat")
    assert panel.rails[0][0][1] - bridge.bottom <= 1
    (host,) = (at.start() for at in re.finditer(r'class="nslab-box', picture.svg))
    assert picture.svg.index('<g class="nslab-group nslab-h0"><path') > host
