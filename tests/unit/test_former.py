"""What a remedy gives back: the address that a link had, where the lab's past knows it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nslab import (
    AddAddress,
    AddBridge,
    AddNamespace,
    AddVeth,
    Attach,
    DeleteAddress,
    Explanation,
    Lab,
    SetUp,
)
from nslab.network.actions import Action

BRIDGE, OWN = "192.168.10.1/24", "192.168.10.77/24"
BUILT: tuple[Action, ...] = (
    AddBridge("br0"),
    AddAddress("br0", BRIDGE),
    SetUp("br0"),
    AddNamespace("ns1"),
    AddVeth("v1", "eth0", peer_ns="ns1"),
    Attach("v1", "br0"),
    SetUp("v1"),
    SetUp("eth0", ns="ns1"),
)


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(engine="fake", start=BUILT) as made:
        yield made


def given(why: Explanation) -> tuple[Action, ...]:
    """What it would have done."""
    assert why.obstacle is not None
    assert why.obstacle.kind == "no-address"
    return why.actions


def test_without_a_past_it_is_any_that_is_free(lab: Lab) -> None:
    assert given(lab.why("ns1", "192.168.10.1")) == (
        AddAddress("eth0", "192.168.10.2/24", ns="ns1"),
    )


def test_the_address_that_it_had_is_given_back(lab: Lab) -> None:
    lab.do(AddAddress("eth0", OWN, ns="ns1"))
    lab.do(DeleteAddress("eth0", OWN, ns="ns1"))
    assert given(lab.why("ns1", "192.168.10.1")) == (AddAddress("eth0", OWN, ns="ns1"),)


def test_of_several_the_last_one(lab: Lab) -> None:
    for host in (5, 77):
        lab.do(AddAddress("eth0", f"192.168.10.{host}/24", ns="ns1"))
        lab.do(DeleteAddress("eth0", f"192.168.10.{host}/24", ns="ns1"))
    assert given(lab.why("ns1", "192.168.10.1")) == (AddAddress("eth0", OWN, ns="ns1"),)


def test_not_one_that_somebody_has_now_or_that_is_of_another_subnet(lab: Lab) -> None:
    for address in ("10.0.0.9/24", OWN):
        lab.do(AddAddress("eth0", address, ns="ns1"))
        lab.do(DeleteAddress("eth0", address, ns="ns1"))
    lab.do(AddAddress("br0", OWN))
    assert given(lab.why("ns1", "192.168.10.1")) == (
        AddAddress("eth0", "192.168.10.2/24", ns="ns1"),
    )


def test_nor_one_that_another_link_had(lab: Lab) -> None:
    lab.do(AddAddress("br0", "192.168.10.2/24"), AddAddress("br0", "192.168.10.3/24"))
    lab.do(DeleteAddress("br0", "192.168.10.2/24"))
    assert given(lab.why("ns1", "192.168.10.1")) == (
        AddAddress("eth0", "192.168.10.4/24", ns="ns1"),
    )


def test_it_is_known_from_before_an_undo(lab: Lab) -> None:
    lab.do(AddAddress("eth0", OWN, ns="ns1"))
    lab.do(DeleteAddress("eth0", OWN, ns="ns1"))
    lab.do(SetUp("lo", ns="ns1"))
    lab.undo()
    assert given(lab.why("ns1", "192.168.10.1")) == (AddAddress("eth0", OWN, ns="ns1"),)
