"""Room for everything: networks of many shapes and sizes, and nothing on top of anything."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from itertools import combinations

import pytest
import snapshots as sample
from msgspec import structs

from nslab.draw import Picture
from nslab.draw.layout.boxes import Point, Rect
from nslab.draw.layout.place import Placed, trace
from nslab.draw.scene.metrics import width
from nslab.network.diff import Diff, compare
from nslab.network.model import Link, Namespace, Peer, Port, Snapshot

SVG = "{http://www.w3.org/2000/svg}"
FIRST = 4026541000


def space(number: int, *links: Link, label: str = "", role: str = "named") -> Namespace:
    name = label or f"ns{number + 1}"
    return Namespace(
        inode=FIRST + number,
        role=role,
        label=name,
        names=(name,),
        links=(sample.loopback(True), *links),
    )


def host(*links: Link) -> dict[str, tuple[Link, ...]]:
    return {"links": (sample.loopback(True), sample.UPLINK, *links)}


def two_bridges(count: int) -> Snapshot:
    """Every other namespace hangs on the second bridge."""
    links = [sample.bridge("br-a", 3, "10.1.0.1/24"), sample.bridge("br-b", 4, "10.2.0.1/24")]
    spaces = []
    for n in range(count):
        index, master = 10 + n, "br-b" if n % 2 else "br-a"
        links.append(sample.veth(f"v{n}", index, (FIRST + n, "eth0", 2), master=master))
        far = (sample.HOST, f"v{n}", index)
        spaces.append(space(n, sample.veth("eth0", 2, far, "10.1.0.9/24")))
    return sample.lab(*spaces, **host(*links))


def chain(count: int) -> Snapshot:
    """Each namespace is joined to the next by a veth pair, the first one to the host."""
    spaces = []
    for n in range(count):
        before = (sample.HOST, "first", 9) if n == 0 else (FIRST + n - 1, "right", 3)
        links = [sample.veth("left", 2, before, f"10.{n}.0.2/30")]
        if n < count - 1:
            links.append(sample.veth("right", 3, (FIRST + n + 1, "left", 2), f"10.{n + 1}.0.1/30"))
        spaces.append(space(n, *links))
    return sample.lab(*spaces, **host(sample.veth("first", 9, (FIRST, "left", 2), "10.0.0.1/30")))


def cards(count: int) -> Snapshot:
    """Three containers with as many network cards each, on one bridge."""
    links, spaces = [sample.bridge("docker0", 3, "172.17.0.1/16")], []
    for n in range(3):
        inside = []
        for card in range(count):
            name, index = f"veth{n}c{card}", 10 + 40 * n + card
            links.append(
                sample.veth(name, index, (FIRST + n, f"eth{card}", 2 + card), master="docker0")
            )
            far = (sample.HOST, name, index)
            inside.append(sample.veth(f"eth{card}", 2 + card, far, f"172.17.{card}.{n}/16"))
        spaces.append(space(n, *inside, label=f"c{n}", role="container"))
    return sample.lab(*spaces, **host(*links))


def macvlans(count: int) -> Snapshot:
    """Namespaces whose link stands on the host's eth0, beside a bridge that is in the way."""
    on_eth0 = Peer(namespace=sample.HOST, name="eth0", index=2)
    spaces = [
        space(n, sample.link("mac0", 2, f"198.51.100.{40 + n}/24", kind="macvlan", peer=on_eth0))
        for n in range(count)
    ]
    return sample.lab(*spaces, **host(sample.bridge("br0", 3, "10.0.0.1/24")))


def enslaved(count: int) -> Snapshot:
    """A star whose bridge has eth0 as a port."""
    star = sample.star(count)
    links = tuple(
        structs.replace(link, master="br0", addresses=(), port=Port(state="forwarding"))
        if link.name == "eth0"
        else link
        for link in star.host.links
    )
    first = structs.replace(star.host, links=links)
    return structs.replace(star, namespaces=(first, *star.namespaces[1:]))


def long_names(count: int) -> Snapshot:
    links, spaces = [sample.bridge("a-long-bridge-0", 3, "10.0.0.1/24")], []
    for n in range(count):
        name, label = f"a-long-name-{n:03}", f"a-very-long-name-of-namespace-{n}"
        links.append(
            sample.veth(name, 9 + n, (FIRST + n, "a-long-name-eth", 2), master="a-long-bridge-0")
        )
        far = (sample.HOST, name, 9 + n)
        inside = sample.veth("a-long-name-eth", 2, far, "255.255.255.255/32", "2001:db8::8888/64")
        spaces.append(space(n, inside, label=label))
    return sample.lab(*spaces, **host(*links))


def alone(count: int) -> Snapshot:
    """Namespaces with nothing in them."""
    return sample.lab(*(space(n) for n in range(count)))


def loose(count: int) -> Snapshot:
    """Pairs that were made in the host and not yet moved."""
    links = [sample.bridge("br0", 3, "10.0.0.1/24", state="no-carrier")]
    for n in range(count):
        one, other = 10 + 2 * n, 11 + 2 * n
        links.append(sample.veth(f"a{n}", one, (sample.HOST, f"b{n}", other), state="down"))
        links.append(sample.veth(f"b{n}", other, (sample.HOST, f"a{n}", one), state="down"))
    return sample.lab(**host(*links))


WIDEST = 900 * 12 // 11
"""A wider picture is scaled down; type of 12 pixels may become one of 11."""

SHAPES: dict[str, tuple[Callable[[int], Snapshot], tuple[int, ...]]] = {
    "star": (sample.star, tuple(range(2, 31))),
    "two bridges": (two_bridges, (2, 3, 4, 7, 12, 30)),
    "chain": (chain, (2, 3, 4, 7, 12, 30)),
    "cards": (cards, (1, 2, 3, 5)),
    "macvlans": (macvlans, (1, 2, 4, 7, 12, 30)),
    "enslaved": (enslaved, (2, 3, 4, 7, 30)),
    "long names": (long_names, (1, 2, 3, 7, 30)),
    "alone": (alone, (1, 4, 7, 30)),
    "loose": (loose, (1, 2, 3)),
}
NETWORKS: list[tuple[str, Snapshot | Diff]] = []
for _shape, (_make, _counts) in SHAPES.items():
    NETWORKS += [(f"{_shape} {_count}", _make(_count)) for _count in _counts]
    _many = min(4, _counts[-1])
    NETWORKS.append((f"{_shape} new", compare(sample.fresh(), _make(_many))))
    NETWORKS.append((f"{_shape} gone", compare(_make(_many), sample.fresh())))

NETWORKS += [("odd", sample.odd()), ("docker", sample.docker()), ("hostile", sample.hostile())]
NETWORKS += [
    ("anything to anything", compare(sample.odd(), sample.docker())),
    ("and back", compare(sample.docker(), sample.odd())),
    ("the article", compare(sample.with_pair(), sample.article())),
    ("repaired", compare(sample.article(), sample.article(repaired=True))),
    ("crowd", compare(sample.star(40), sample.star(41))),
]

every_network = pytest.mark.parametrize(
    "what", [what for _, what in NETWORKS], ids=[name for name, _ in NETWORKS]
)


def texts(picture: Picture) -> list[tuple[str, Rect]]:
    """All that is written, with the room that it takes at least."""
    found = []
    for element in ET.fromstring(picture.svg).iter(f"{SVG}text"):
        classes = element.get("class") or ""
        wide = round(0.88 * width(element.text or "", 12, code="code" in classes))
        x, y = int(element.get("x") or 0), int(element.get("y") or 0)
        x -= wide if "end" in classes else wide // 2 if "middle" in classes else 0
        found.append((element.text or "", Rect(x, y - 9, wide, 10)))
    return found


def crossed(rect: Rect, path: list[Point]) -> bool:
    inside = Rect(rect.x + 1, rect.y + 1, rect.w - 2, rect.h - 2)
    return any(map(inside.holds, trace(path)))


@every_network
def test_nothing_lies_on_anything_else(what: Snapshot | Diff) -> None:
    placed = Picture(what).placed
    outer = [(box.label, rect) for box, _, rect in placed.boxes]
    outer += [(thing.name, rect) for thing, rect in placed.scenery]
    inner = [(cell.name, slot.rect) for cell, slot in (*placed.bridges, *placed.cells)]
    inner += [("notes", rect) for _, rect, _ in placed.notes]
    tags = [(tag.words, tag.rect) for tag in placed.tags]
    for rects in (outer, inner, tags):
        assert not [(a, b) for (a, one), (b, two) in combinations(rects, 2) if one.overlaps(two)]
    whole = Rect(0, 0, placed.width, placed.height)
    for _, rect in outer + tags:
        assert whole.holds((rect.x, rect.y))
        assert whole.holds((rect.right, rect.bottom))


@every_network
def test_text_is_neither_covered_nor_cut(what: Snapshot | Diff) -> None:
    picture = Picture(what)
    written = texts(picture)
    assert not [(a, b) for (a, one), (b, two) in combinations(written, 2) if one.overlaps(two)]
    for text, rect in written:
        assert rect.x >= 0
        assert rect.right <= picture.placed.width
        assert rect.bottom <= picture.placed.height
        for run, path in picture.placed.runs:
            assert not crossed(rect, path), f"{run.id} crosses {text}"


@every_network
def test_tags_cover_nothing_that_is_to_be_read(what: Snapshot | Diff) -> None:
    picture = Picture(what)
    for tag in picture.placed.tags:
        for text, rect in texts(picture):
            if text != tag.words:
                assert not rect.overlaps(tag.rect), f"{tag.words} covers {text}"


@every_network
def test_cables_keep_away_from_what_is_not_theirs(what: Snapshot | Diff) -> None:
    placed = Picture(what).placed
    for run, path in placed.runs:
        own = {id(run.start.slot), id(run.end.slot)}
        for cell, slot in (*placed.bridges, *placed.cells):
            if id(slot) not in own:
                assert not crossed(slot.rect, path), f"{run.id} crosses {cell.name}"
        homes = ancestors(placed, run.start.slot.rect) | ancestors(placed, run.end.slot.rect)
        for box, _, rect in placed.boxes:
            if box.label not in homes:
                assert not crossed(rect, path), f"{run.id} crosses {box.label}"


def ancestors(placed: Placed, rect: Rect) -> set[str]:
    return {box.label for box, _, outer in placed.boxes if outer.overlaps(rect)}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_usual_network_fits_on_a_screen(count: int) -> None:
    """A notebook's column at 1366×768 is about 900 pixels wide and 600 high."""
    for what in (sample.star(count), compare(sample.star(count - 1), sample.star(count))):
        placed = Picture(what).placed
        assert placed.width <= (900 if count < 3 else WIDEST)
        assert placed.height <= 600


@pytest.mark.parametrize("count", [4, 7, 15, 30])
def test_many_namespaces_scroll_but_stay_legible(count: int) -> None:
    assert Picture(sample.star(count)).placed.width <= WIDEST
