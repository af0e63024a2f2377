"""A series of pictures: what did not change keeps its distance from the left, to the pixel.

Rows are as high as what is in them, so those below move up and down together; who is above whom
stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from nslab import (
    Action,
    AddAddress,
    AddBridge,
    AddContainer,
    AddNamespace,
    AddRoute,
    AddVeth,
    Attach,
    DeleteAddress,
    DeleteLink,
    DeleteNamespace,
    Detach,
    Lab,
    Masquerade,
    Move,
    Rename,
    ResolvConf,
    SetBridge,
    SetDown,
    SetUp,
    Sysctl,
)
from nslab.draw import Picture
from nslab.draw.layout.place import Placed

ARTICLE: dict[str, Sequence[Action]] = {
    "brctl addbr lxcbr0": [AddBridge("lxcbr0")],
    "ifconfig lxcbr0 … up": [AddAddress("lxcbr0", "192.168.10.1/24"), SetUp("lxcbr0")],
    "ip netns add ns1": [AddNamespace("ns1")],
    "lo up": [SetUp("lo", ns="ns1")],
    "ip link add … type veth": [AddVeth("veth-ns1", "lxcbr0.1")],
    "ip link set … netns ns1": [Move("veth-ns1", "ns1")],
    "ip link set … name eth0": [Rename("veth-ns1", "eth0", ns="ns1")],
    "ifconfig eth0 … up": [
        AddAddress("eth0", "192.168.10.11/24", ns="ns1"),
        SetUp("eth0", ns="ns1"),
    ],
    "brctl addif lxcbr0 lxcbr0.1": [Attach("lxcbr0.1", "lxcbr0")],
    "ip route add default … (linkdown)": [AddRoute("default", via="192.168.10.1", ns="ns1")],
    "lxcbr0.1 up": [SetUp("lxcbr0.1")],
    "ip_forward": [Sysctl("net.ipv4.ip_forward", "1")],
    "masquerade": [Masquerade("192.168.10.0/24", out="eth0")],
    "resolv.conf": [ResolvConf("8.8.8.8", ns="ns1")],
    "a second namespace": [
        AddNamespace("ns2"),
        AddVeth("lxcbr0.2", "eth0", peer_ns="ns2", master="lxcbr0", up=True),
        AddAddress("eth0", "192.168.10.12/24", ns="ns2"),
        SetUp("eth0", ns="ns2"),
    ],
    "its route": [AddRoute("default", via="192.168.10.1", ns="ns2")],
    "a third, whose name sorts before the others": [
        AddNamespace("a"),
        AddVeth("lxcbr0.3", "eth0", peer_ns="a", master="lxcbr0", up=True),
        AddAddress("eth0", "192.168.10.13/24", ns="a"),
        SetUp("eth0", ns="a"),
    ],
    "the second deleted": [DeleteNamespace("ns2")],
    "spanning tree on": [SetBridge("lxcbr0", stp=True)],
}

DOCKER: dict[str, Sequence[Action]] = {
    "docker0": [AddBridge("docker0"), AddAddress("docker0", "172.17.0.1/16"), SetUp("docker0")],
    "a container": [
        AddContainer("c1"),
        AddVeth("veth1", "eth0", peer_ns="c1", master="docker0", up=True),
        AddAddress("eth0", "172.17.0.2/16", ns="c1"),
        SetUp("eth0", ns="c1"),
        AddRoute("default", via="172.17.0.1", ns="c1"),
    ],
    "peerA and peerB": [AddVeth("peerA", "peerB")],
    "addif": [Attach("peerA", "docker0")],
    "peerA up": [SetUp("peerA")],
    "peerB to c1": [Move("peerB", "c1")],
    "its name": [Rename("peerB", "eth1", ns="c1")],
    "its address": [AddAddress("eth1", "198.51.100.30/24", ns="c1"), SetUp("eth1", ns="c1")],
    "eth0 a port": [Attach("eth0", "docker0")],
}


def plugged(number: int) -> list[Action]:
    """A namespace with a cable to br0, as lessons make them in a loop."""
    ns = f"ns{number}"
    return [
        AddNamespace(ns),
        AddVeth(f"port{number}", "eth0", peer_ns=ns, master="br0", up=True),
        SetUp("eth0", ns=ns),
        AddAddress("eth0", f"10.0.0.{number + 1}/24", ns=ns),
    ]


BROKEN: dict[str, Sequence[Action]] = {
    "a namespace before the bridge": [AddNamespace("empty")],
    "the bridge": [AddBridge("br0"), AddAddress("br0", "10.0.0.1/24"), SetUp("br0")],
    "the first": plugged(1),
    "the second": plugged(2),
    "routes": [AddRoute("default", via="10.0.0.1", ns=f"ns{n}") for n in (1, 2)],
    "one end down": [SetDown("port1")],
    "and up again": [SetUp("port1")],
    "the bridge down": [SetDown("br0")],
    "its address gone": [DeleteAddress("br0", "10.0.0.1/24")],
    "one detached": [Detach("port2")],
    "attached again": [Attach("port2", "br0")],
    "a cable gone": [DeleteLink("port1")],
    "the first gone": [DeleteNamespace("ns1")],
    "and back": plugged(1),
    "a pair by hand": [AddVeth("by-hand", "other-end")],
    "one end into the empty one": [Move("other-end", "empty")],
    "a second address": [AddAddress("eth0", "10.0.0.99/24", ns="ns2")],
}

MANY: dict[str, Sequence[Action]] = {
    "the bridge": [AddBridge("br0"), AddAddress("br0", "10.0.0.1/24"), SetUp("br0")],
    **{f"namespace {number}": plugged(number) for number in range(1, 8)},
    "one deleted": [DeleteNamespace("ns3")],
    "another end down": [SetDown("port5")],
}


Where = tuple[int, int]
"""From the left, and from the top: how far down says only who is above whom."""


def everything(placed: Placed) -> dict[str, Where]:
    """Where all is, by name."""
    names, boxes = placed.scene.names, placed.scene.box_names
    found = {thing.name: (rect.x, rect.y) for thing, rect in placed.scenery}
    found |= {boxes[box.key]: (rect.x, rect.y) for box, _, rect in placed.boxes}
    cells = (*placed.bridges, *placed.cells)
    for cell, slot in cells:
        # A port grows to both sides: what stays is its middle, at its cable.
        x = slot.rect.middle[0] if slot.shape == "socket" else slot.x
        found[names[cell.key]] = (x, slot.y)
    for notes, rect, box in placed.notes:
        for number, line in enumerate(notes.lines):
            found[f"{boxes[box.key]}: {line.text}"] = (rect.x, rect.y + number)
    return found


def still(placed: Placed) -> dict[str, Where]:
    """The same of what has not changed in a picture."""
    names, boxes = placed.scene.names, placed.scene.box_names
    news = {names[cell.key] for cell, _ in (*placed.bridges, *placed.cells) if cell.mark}
    for box, _, _ in placed.boxes:
        if box.mark:
            news.add(boxes[box.key])
            news |= {f"{boxes[box.key]}: {line.text}" for line in box.notes}
        news |= {f"{boxes[box.key]}: {line.text}" for line in box.notes if line.mark}
    return {name: at for name, at in everything(placed).items() if name not in news}


def pictures(lab: Lab, steps: dict[str, Sequence[Action]]) -> Iterator[tuple[str, Picture]]:
    yield "fresh", lab.picture
    for name, actions in steps.items():
        picture = lab.do(*actions).picture
        assert picture is not None
        yield name, picture
        yield f"after {name}", lab.picture


def owner(name: str) -> str:
    """The namespace that something is in."""
    return re.split("[/:]", name)[0] if "/" in name or ":" in name else ""


def lefts(placed: Placed) -> dict[str, int]:
    """How far from the left everything is."""
    return {name: x for name, (x, _) in everything(placed).items()}


def moved(steps: dict[str, Sequence[Action]]) -> dict[str, list[str]]:
    """What moved sideways in each step without having changed, or got above what it was below."""
    found: dict[str, list[str]] = {}
    with Lab(engine="fake") as lab:
        before: dict[str, Where] = {}
        for name, picture in pictures(lab, steps):
            now = {thing: at for thing, at in still(picture.placed).items() if thing in before}
            jumps = [thing for thing in now if now[thing][0] != before[thing][0]]
            jumps += [
                f"{one} and {other}"
                for one, other in combinations(now, 2)
                if owner(one) == owner(other)
                and (now[one][1] - now[other][1]) * (before[one][1] - before[other][1]) < 0
            ]
            if jumps:
                found[name] = jumps
            before = everything(picture.placed)
    return found


def test_the_article_from_step_to_step() -> None:
    assert moved(ARTICLE) == {}


def test_a_running_container_gets_a_second_card() -> None:
    assert moved(DOCKER) == {}


def test_what_is_broken_and_mended_stays_where_it_is() -> None:
    assert moved(BROKEN) == {}


def test_many_namespaces() -> None:
    """A fifth does not fit side by side: then each gets one line, and the list closes its gaps."""
    found = moved(MANY)
    assert found.pop("namespace 4") == ["host/port3"], "it makes room for a port beside it"
    assert list(found) == ["namespace 5", "after one deleted"]
    assert not {"host", "host/eth0", "host/br0", "router", "LAN switch"} & set(found["namespace 5"])


def test_nothing_is_left_empty_where_something_has_gone() -> None:
    with Lab(engine="fake") as lab:
        lab.do(AddBridge("br0"), SetUp("br0"))
        lab.do(*(action for number in range(1, 13) for action in plugged(number)))
        crowded = lab.picture.placed.height
        lab.do(*(DeleteNamespace(f"ns{number}") for number in range(2, 13)))
        alone = lab.picture.placed
        assert alone.height < crowded
        bottom = max(rect.bottom for _, _, rect in alone.boxes)
        assert alone.height - bottom <= 16


def test_colours_stay_through_a_series() -> None:
    def hues(placed: Placed) -> dict[str, int]:
        names = placed.scene.names
        return {names[key]: hue for key, hue in placed.hues.items()}

    with Lab(engine="fake") as lab:
        lab.do(AddBridge("br0"), AddAddress("br0", "10.0.0.1/24"), SetUp("br0"))
        lab.do(*plugged(1))
        first = lab.picture.placed
        assert hues(first)["ns1/eth0"] == hues(first)["host/br0"] == hues(first)["host/port1"]
        assert hues(first)["host/eth0"] != hues(first)["host/br0"]
        lab.do(AddBridge("a"), AddAddress("a", "10.9.0.1/24"), AddNamespace("a"))
        later = lab.picture.placed
        assert hues(first).items() <= hues(later).items()
        assert hues(later)["host/a"] not in set(hues(first).values())
        assert first.tints.items() <= later.tints.items()
        lab.do(DeleteLink("br0"), DeleteNamespace("ns1"))
        last = lab.picture.placed
        assert hues(last)["host/a"] == hues(later)["host/a"]
        assert last.tints["a"] == later.tints["a"]


def run(steps: dict[str, Sequence[Action]]) -> list[str]:
    with Lab(engine="fake") as lab:
        return [picture.html for _, picture in pictures(lab, steps)]


def test_the_same_steps_give_the_same_pictures() -> None:
    assert run(ARTICLE) == run(ARTICLE)


def test_undo_leaves_the_rest_where_it_was() -> None:
    with Lab(engine="fake") as lab:
        lab.do(AddBridge("br0"), SetUp("br0"))
        lab.do(*plugged(1))
        lab.do(*plugged(2))
        before = lefts(lab.picture.placed)
        undone = lab.undo().picture
        assert undone is not None
        kept = still(undone.placed)
        assert {name: x for name, x in lefts(undone.placed).items() if name in kept} == {
            name: before[name] for name in kept
        }
        lab.do(*plugged(2))
        assert lefts(lab.picture.placed) == before


def test_what_is_plugged_into_a_bridge_takes_its_colour() -> None:
    with Lab(engine="fake") as lab:
        lab.do(AddBridge("br0"), AddAddress("br0", "10.0.0.1/24"), SetUp("br0"))
        lab.do(AddNamespace("ns1"), AddVeth("port1", "eth0", peer_ns="ns1", up=True))
        lab.do(AddAddress("eth0", "10.0.0.2/24", ns="ns1"))

        def hues() -> list[int]:
            placed = lab.picture.placed
            named = {name: key for key, name in placed.scene.names.items()}
            return [placed.hues[named[name]] for name in ("host/br0", "host/port1", "ns1/eth0")]

        bridge, *pair = hues()
        assert bridge not in pair
        lab.do(Attach("port1", "br0"))
        assert hues() == [bridge] * 3


def test_reset_starts_a_new_series() -> None:
    with Lab(engine="fake") as lab:
        fresh = lab.picture.html
        for number in range(1, 8):
            lab.do(AddNamespace(f"ns{number}"))
            assert lab.picture.placed
        lab.reset()
        assert lab.picture.html == fresh


def test_two_labs_have_nothing_to_do_with_each_other() -> None:
    with Lab(engine="fake") as one, Lab(engine="fake") as other:
        first = one.picture.html
        one.do(AddNamespace("ns1"))
        assert one.picture.html != first
        assert other.picture.html == first


def test_looking_again_changes_nothing() -> None:
    with Lab(engine="fake") as lab:
        picture = lab.do(AddBridge("br0")).picture
        assert picture is not None
        assert picture.html == picture.html
        assert lab.picture.html == lab.picture.html


def test_a_picture_without_a_memory_is_complete() -> None:
    with Lab(engine="fake") as lab:
        lab.do(AddBridge("br0"), SetUp("br0"))
        for number in (1, 2, 3):
            lab.do(*plugged(number))
        assert everything(Picture(lab.snapshot()).placed) == everything(lab.picture.placed)


def test_a_namespace_that_is_called_after_a_colour_has_its_tint() -> None:
    with Lab(engine="fake") as lab:
        lab.do(*map(AddNamespace, ("red", "blue", "ns3", "Green")))
        tints = lab.picture.placed.tints
        assert tints["blue"] == 0
        assert tints["red"] not in (0, tints["blue"], tints["Green"])
        assert tints["ns3"] == 2, "others have theirs in turn"
