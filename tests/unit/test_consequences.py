"""What the kernel removed because of what was done is said where the change is shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from handles import part, press
from test_builder import fill

from nslab import (
    AddAddress,
    AddNamespace,
    AddRoute,
    AddVeth,
    DeleteRoute,
    Lab,
    Move,
    SetDown,
    SetUp,
)
from nslab.course.exercises import judging
from nslab.network.actions import Action
from nslab.network.diff import compare
from nslab.session.consequences import consequences

BEGIN = (
    AddNamespace("ns1"),
    AddVeth("left", "eth0", peer_ns="ns1"),
    AddAddress("left", "192.168.10.1/24"),
    SetUp("left"),
    AddAddress("eth0", "192.168.10.11/24", ns="ns1"),
    SetUp("eth0", ns="ns1"),
    AddRoute("default", "192.168.10.1", ns="ns1"),
    AddRoute("10.7.0.0/16", "192.168.10.11"),
)
GONE = "the kernel removed the route default via 192.168.10.1 dev eth0, because ns1/eth0 went down"
MOVED = "because left was moved to ns1"


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(engine="fake", start=BEGIN) as made:
        yield made


def test_a_route_goes_with_its_link(lab: Lab) -> None:
    result = lab.do(SetDown("eth0", ns="ns1"))
    assert result.consequences == (GONE,)
    assert str(result).splitlines().count(f"({GONE})") == 1
    assert f"({GONE})" in result._repr_mimebundle_()["text/html"]
    assert lab.do(SetUp("eth0", ns="ns1")).consequences == ()


@pytest.mark.parametrize(
    "done",
    [
        (DeleteRoute("default", ns="ns1"),),
        (DeleteRoute("default", ns="ns1"), SetDown("eth0", ns="ns1")),
    ],
)
def test_who_removed_it_knows(lab: Lab, done: tuple[Action, ...]) -> None:
    assert lab.do(*done).consequences == ()


def test_what_a_link_leaves_behind_when_it_moves(lab: Lab) -> None:
    assert lab.do(Move("left", to="ns1")).consequences == (
        f"the kernel removed the route 10.7.0.0/16 via 192.168.10.11 dev left, {MOVED}",
        f"the kernel removed the address 192.168.10.1/24, {MOVED}",
    )


def test_a_link_that_is_up_again_was_down(lab: Lab) -> None:
    before = lab.snapshot()
    lab.do(SetDown("eth0", ns="ns1"))
    lab.do(SetUp("eth0", ns="ns1"))
    changes = compare(before, lab.snapshot())
    line = "ip link set eth0 down; ip link set eth0 mtu 1400; ip link set eth0 up"
    assert [said for _, said in consequences(changes, line)] == [GONE]
    assert not list(consequences(changes, "ip link set eth0 up"))
    assert not list(consequences(changes, f"ip route flush dev eth0\n{line}"))


def test_the_builder_says_it(lab: Lab) -> None:
    builder = lab.builder()
    fill(builder, "Set down", ns="ns1", link="eth0")
    press(builder, "do")
    assert GONE in part(builder, "message").value
    builder.close()


def test_an_exercise_says_of_what_it_is_a_consequence(lab: Lab) -> None:
    before = lab.snapshot()
    lab.do(SetDown("eth0", ns="ns1"))
    lab.do(SetUp("eth0", ns="ns1"))
    found = judging.untouched(
        before, lab.snapshot(), ("host",), lab.steps, called='lesson["X3"].lab'
    )
    assert found.message == (
        "this should not have changed: ns1: route default via 192.168.10.1 dev eth0 removed; "
        f'{GONE}; take that back (lesson["X3"].lab.undo() takes a step back)'
    )
    found = judging.untouched(before, lab.snapshot(), ("host",))
    assert "the task does not ask for it" in found.message
