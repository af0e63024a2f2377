"""A series of pictures: what did not change stays where it was, to the pixel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
from nslab.draw.layout.boxes import Rect
from nslab.draw.layout.place import Placed
from nslab.draw.scene.scene import Cell

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


def place(cell: Cell, rect: Rect) -> object:
    """A bridge becomes longer when it gets more ports than it has room for."""
    return (rect.x, rect.y) if cell.kind == "bridge" else rect


def still(placed: Placed) -> dict[str, object]:
    """Where everything is that has not changed in a picture, by name."""
    names, boxes = placed.scene.names, placed.scene.box_names
    found: dict[str, object] = {thing.name: rect for thing, rect in placed.scenery}
    for box, _, rect in placed.boxes:
        if not box.mark:
            found[boxes[box.key]] = (rect.x, rect.y)
    marks = {}
    for cell, slot in (*placed.bridges, *placed.cells):
        marks[names[cell.key]] = cell.mark
        if not cell.mark:
            found[names[cell.key]] = place(cell, slot.rect)
    for notes, rect, box in placed.notes:
        for number, line in enumerate(notes.lines):
            if not line.mark and not box.mark:
                found[f"{boxes[box.key]}: {line.text}"] = (rect.x, rect.y, number)
    for run, path in placed.runs:
        ends = [names[key] for key in (run.cable.upper, run.cable.lower)] if run.cable else []
        if not any(marks.get(end) for end in ends):
            found[" ".join(ends) or run.id] = path
    return found


def everything(placed: Placed) -> dict[str, object]:
    """The same, whether it has changed or not."""
    names, boxes = placed.scene.names, placed.scene.box_names
    found = {thing.name: rect for thing, rect in placed.scenery} | still(placed)
    found |= {boxes[box.key]: (rect.x, rect.y) for box, _, rect in placed.boxes}
    cells = (*placed.bridges, *placed.cells)
    found |= {names[cell.key]: place(cell, slot.rect) for cell, slot in cells}
    for notes, rect, box in placed.notes:
        for number, line in enumerate(notes.lines):
            found[f"{boxes[box.key]}: {line.text}"] = (rect.x, rect.y, number)
    for run, path in placed.runs:
        ends = [names[key] for key in (run.cable.upper, run.cable.lower)] if run.cable else []
        found[" ".join(ends) or run.id] = path
    return found


def pictures(lab: Lab, steps: dict[str, Sequence[Action]]) -> Iterator[tuple[str, Picture]]:
    yield "fresh", lab.picture
    for name, actions in steps.items():
        picture = lab.do(*actions).picture
        assert picture is not None
        yield name, picture
        yield f"after {name}", lab.picture


def moved(steps: dict[str, Sequence[Action]]) -> dict[str, list[str]]:
    """What moved in each step without having changed."""
    found: dict[str, list[str]] = {}
    with Lab(engine="fake") as lab:
        before: dict[str, object] = {}
        for name, picture in pictures(lab, steps):
            now = still(picture.placed)
            jumps = [thing for thing in now if thing in before and now[thing] != before[thing]]
            if jumps:
                found[name] = jumps
            before = everything(picture.placed)
    return found


def test_the_article_from_step_to_step() -> None:
    assert moved(ARTICLE) == {}


def test_a_running_container_gets_a_second_card() -> None:
    assert moved(DOCKER) == {}


def test_what_is_broken_and_mended_stays_where_it_is() -> None:
    # The notes make room for a second address above them.
    below = ["ns2: lo down", "ns2: default via 10.0.0.1"]
    assert moved(BROKEN) == {"a second address": below}


def test_many_namespaces() -> None:
    """With the fourth, the namespaces no longer fit side by side: the picture is turned, once."""
    found = moved(MANY)
    assert list(found) == ["namespace 4"]
    assert not {"host", "host/eth0", "host/br0", "router", "LAN switch"} & set(found["namespace 4"])


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
        before = everything(lab.picture.placed)
        undone = lab.undo().picture
        assert undone is not None
        assert still(undone.placed).items() <= before.items()
        lab.do(*plugged(2))
        assert everything(lab.picture.placed) == before


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
