"""A series of pictures: what did not change stays where it was, to the pixel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


from nslab import (
    Action, AddAddress, AddBridge, AddContainer, AddNamespace, AddRoute, AddVeth, Attach,
    DeleteNamespace, Lab, Masquerade, Move, Rename, ResolvConf, SetBridge, SetUp, Sysctl,
)  # fmt: skip
from nslab.draw import Picture
from nslab.draw.layout import Placed
from nslab.draw.parts import Rect
from nslab.draw.scene import Cell

ARTICLE: dict[str, Sequence[Action]] = {
    "brctl addbr lxcbr0": [AddBridge("lxcbr0")],
    "ifconfig lxcbr0 … up": [AddAddress("lxcbr0", "192.168.10.1/24"), SetUp("lxcbr0")],
    "ip netns add ns1": [AddNamespace("ns1")],
    "lo up": [SetUp("lo", ns="ns1")],
    "ip link add … type veth": [AddVeth("veth-ns1", "lxcbr0.1")],
    "ip link set … netns ns1": [Move("veth-ns1", "ns1")],
    "ip link set … name eth0": [Rename("veth-ns1", "eth0", ns="ns1")],
    "ifconfig eth0 … up": [
        AddAddress("eth0", "192.168.10.11/24", ns="ns1"), SetUp("eth0", ns="ns1"),
    ],
    "brctl addif lxcbr0 lxcbr0.1": [Attach("lxcbr0.1", "lxcbr0")],
    "ip route add default … (linkdown)": [AddRoute("default", via="192.168.10.1", ns="ns1")],
    "lxcbr0.1 up": [SetUp("lxcbr0.1")],
    "ip_forward": [Sysctl("net.ipv4.ip_forward", "1")],
    "masquerade": [Masquerade("192.168.10.0/24", out="eth0")],
    "resolv.conf": [ResolvConf("8.8.8.8", ns="ns1")],
    "a second namespace": [
        AddNamespace("ns2"), AddVeth("lxcbr0.2", "eth0", peer_ns="ns2", master="lxcbr0", up=True),
        AddAddress("eth0", "192.168.10.12/24", ns="ns2"), SetUp("eth0", ns="ns2"),
    ],
    "its route": [AddRoute("default", via="192.168.10.1", ns="ns2")],
    "a third, whose name sorts before the others": [
        AddNamespace("a"), AddVeth("lxcbr0.3", "eth0", peer_ns="a", master="lxcbr0", up=True),
        AddAddress("eth0", "192.168.10.13/24", ns="a"), SetUp("eth0", ns="a"),
    ],
    "the second deleted": [DeleteNamespace("ns2")],
    "spanning tree on": [SetBridge("lxcbr0", stp=True)],
}  # fmt: skip

DOCKER: dict[str, Sequence[Action]] = {
    "docker0": [AddBridge("docker0"), AddAddress("docker0", "172.17.0.1/16"), SetUp("docker0")],
    "a container": [
        AddContainer("c1"), AddVeth("veth1", "eth0", peer_ns="c1", master="docker0", up=True),
        AddAddress("eth0", "172.17.0.2/16", ns="c1"), SetUp("eth0", ns="c1"),
        AddRoute("default", via="172.17.0.1", ns="c1"),
    ],
    "peerA and peerB": [AddVeth("peerA", "peerB")],
    "addif": [Attach("peerA", "docker0")],
    "peerA up": [SetUp("peerA")],
    "peerB to c1": [Move("peerB", "c1")],
    "its name": [Rename("peerB", "eth1", ns="c1")],
    "its address": [AddAddress("eth1", "198.51.100.30/24", ns="c1"), SetUp("eth1", ns="c1")],
    "eth0 a port": [Attach("eth0", "docker0")],
}  # fmt: skip


def place(cell: Cell, rect: Rect) -> object:
    """A bridge becomes wider when it gets more ports than it has room for."""
    return (rect.x, rect.y, rect.h) if cell.kind == "bridge" else rect


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
