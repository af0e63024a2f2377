"""What cannot be done: the class of the error, its words, and that nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nslab.engine.choose import factory
from nslab.engine.protocol import Engine, Options
from nslab.errors import AlreadyExists, InvalidInput, KernelRefused, LabClosed, NotFound
from nslab.network.actions import (
    Action,
    AddAddress,
    AddBridge,
    AddContainer,
    AddIpvlan,
    AddMacvlan,
    AddNamespace,
    AddRoute,
    AddVeth,
    AddVlan,
    Attach,
    DeleteAddress,
    DeleteContainer,
    DeleteLink,
    DeleteNamespace,
    DeletePortVlan,
    DeleteRoute,
    Detach,
    Masquerade,
    Move,
    Rename,
    ResolvConf,
    SetBridge,
    SetDown,
    SetMac,
    SetPortVlan,
    SetPromiscuous,
    SetUp,
    Sysctl,
)

Canonical = Callable[[Engine], dict[str, Any]]

PREPARED = (
    AddNamespace("ns1"),
    AddContainer("c1"),
    AddBridge("br1", multicast_snooping=False),
    AddBridge("br2", stp=True, multicast_snooping=False),
    AddVeth("v1", "v2"),
    AddVeth("w1", "w2", peer_ns="ns1"),
    AddVeth("w2", "w3"),
    AddAddress("v1", "10.0.0.1/24"),
    Attach("v2", "br1"),
)

REFUSED: list[tuple[Action, type[KernelRefused], str]] = [
    # (action, class, a piece of the message)
    (AddNamespace("ns1"), AlreadyExists, "already"),
    (AddContainer("c1"), AlreadyExists, "already"),
    (AddContainer("ns1"), AlreadyExists, "already"),
    (AddBridge("br1"), AlreadyExists, "the host has a link of that name"),
    (AddVeth("v1", "x"), AlreadyExists, "v1 or x"),
    (AddVeth("x", "v1"), AlreadyExists, "x or v1"),
    (Move("w2", to="ns1"), AlreadyExists, "ns1 has a link of that name already"),
    (Rename("v1", "v2"), AlreadyExists, "v2 already"),
    (AddAddress("v1", "10.0.0.1/24"), AlreadyExists, "v1 has 10.0.0.1/24 already"),
    (AddRoute("default", via="198.51.100.20"), AlreadyExists, "a route to default already"),
    (DeleteNamespace("no"), NotFound, "no namespace no"),
    (DeleteNamespace("c1"), NotFound, "no namespace c1"),
    (DeleteContainer("no"), NotFound, "no"),
    (DeleteContainer("ns1"), NotFound, "ns1"),
    (DeleteLink("no"), NotFound, "no link of that name"),
    (SetUp("no"), NotFound, "the host has no link"),
    (SetUp("no", ns="ns1"), NotFound, "ns1 has no link"),
    (SetUp("lo", ns="no"), NotFound, "no namespace no"),
    (SetDown("no"), NotFound, "no link"),
    (SetMac("no", "02:00:00:00:00:01"), NotFound, "no link"),
    (SetPromiscuous("no"), NotFound, "no link"),
    (SetBridge("no", stp=True), NotFound, "no link"),
    (Rename("no", "yes"), NotFound, "no link"),
    (Move("no", to="ns1"), NotFound, "no link"),
    (Move("v1", to="no"), NotFound, "no namespace no"),
    (Attach("no", "br1"), NotFound, "no link named no"),
    (Attach("v1", "no"), NotFound, "no bridge named no"),
    (Detach("no"), NotFound, "no link"),
    (AddVeth("x", "y", master="no"), NotFound, "no"),
    (AddVeth("x", "y", peer_ns="no"), NotFound, "no namespace no"),
    (AddAddress("no", "10.0.0.1/24"), NotFound, "no link"),
    (DeleteAddress("v1", "10.0.0.2/24"), NotFound, "v1 has no address 10.0.0.2/24"),
    (DeleteAddress("v1", "10.0.0.1/25"), NotFound, "the prefix length counts"),
    (AddRoute("10.9.0.0/16", dev="no"), NotFound, "no link named no"),
    (DeleteRoute("10.9.0.0/16"), NotFound, "no such route"),
    (DeleteRoute("default", via="198.51.100.99"), NotFound, "no such route"),
    (Sysctl("net.ipv4.no", "1"), NotFound, "no parameter"),
    (Sysctl("net.ipv4.ip_forward", "1", ns="no"), NotFound, "no namespace"),
    (Masquerade("10.0.0.0/8", out="eth0", ns="no"), NotFound, "no namespace"),
    (ResolvConf("8.8.8.8", ns="no"), NotFound, "no namespace"),
    (Sysctl("net.ipv4.ip_forward", "yes"), KernelRefused, "yes is not a valid value"),
    (AddRoute("10.9.0.0/16", via="10.0.0.2"), KernelRefused, "the subnet of the gateway 10.0.0.2"),
    (AddRoute("10.9.0.0/16", via="192.0.2.1"), KernelRefused, "the subnet of the gateway"),
    (AddRoute("10.9.0.0/16", via="198.51.100.255"), KernelRefused, "cannot be a gateway"),
    (AddRoute("10.9.0.0/16", dev="v1"), KernelRefused, "ip link set dev v1 up"),
    (AddRoute("10.9.0.0/16", via="10.0.0.1"), KernelRefused, "is down"),
    (AddAddress("v1", "fd00::1/64"), KernelRefused, "IPv6 is turned off"),
    (Attach("v1", "w1"), KernelRefused, "w1 is not a bridge"),
    (Attach("br2", "br1"), KernelRefused, "cannot be a port of another bridge"),
    (Attach("lo", "br1"), KernelRefused, "only an Ethernet device"),
    (AddVeth("x", "y", master="v1"), KernelRefused, "v1 is not a bridge"),
    (SetBridge("v1", stp=True), KernelRefused, "it is not a bridge"),
    (SetBridge("br2", forward_delay=1), KernelRefused, "2 to 30 seconds"),
    (SetBridge("br2", stp=False, forward_delay=1), KernelRefused, "in a separate step"),
    (SetMac("v1", "00:00:00:00:00:00"), KernelRefused, "no station may have"),
    (DeleteLink("lo"), KernelRefused, "ip link set dev lo down"),
    (Move("lo", to="ns1"), KernelRefused, "cannot leave its namespace"),
    (Move("br1", to="ns1"), KernelRefused, "cannot leave its namespace"),
    (AddMacvlan("no", "m1"), NotFound, "the host has no link named no to stand on"),
    (AddMacvlan("eth0", "m1", to="no"), NotFound, "no namespace no"),
    (AddMacvlan("eth0", "v1"), AlreadyExists, "the host has a link named v1 already"),
    (AddMacvlan("eth0", "w2", to="ns1"), AlreadyExists, "the host or ns1 has a link named w2"),
    (AddMacvlan("v2", "m1"), KernelRefused, "macvlan or ipvlan, not both"),
    (AddMacvlan("lo", "m1"), KernelRefused, "no macvlan can stand on a loopback"),
    (SetPortVlan("no", 10), NotFound, "no link"),
    (SetPortVlan("v1", 10), KernelRefused, "not a port of a bridge"),
    (DeletePortVlan("v1", 10), KernelRefused, "not a port of a bridge"),
]

STACKED = (
    AddMacvlan("eth0", "m1", mode="passthru"),
    AddVeth("x", "y"),
    AddIpvlan("x", "i1"),
    AddVlan("y", "y.10", 10),
    AddBridge("br1"),
)

REFUSED_BY_A_FULL_KERNEL: list[tuple[Action, type[KernelRefused], str]] = [
    (AddMacvlan("eth0", "m2"), KernelRefused, "needs its parent for itself"),
    (AddMacvlan("x", "m2"), KernelRefused, "macvlan or ipvlan, not both"),
    (AddIpvlan("eth0", "i2"), KernelRefused, "macvlan or ipvlan, not both"),
    (AddIpvlan("lo", "i2"), KernelRefused, "no ipvlan can stand on a loopback"),
    (AddIpvlan("x", "m1"), AlreadyExists, "the host has a link named m1 already"),
    (AddVlan("y", "z", 10), AlreadyExists, "y has its VLAN 10"),
    (AddVlan("lo", "z", 10), KernelRefused, "cannot carry any"),
    (SetUp("y.10"), KernelRefused, "the link that it stands on is down"),
    (SetMac("i1", "02:00:00:00:00:01"), KernelRefused, "an ipvlan has its parent's MAC"),
    (Attach("x", "br1"), KernelRefused, "macvlan or ipvlan links stand on it"),
]


@pytest.fixture
def prepared(engine: Engine) -> Engine:
    engine.apply(PREPARED)
    return engine


def test_refusals(prepared: Engine, canonical: Canonical, subtests: pytest.Subtests) -> None:
    """All in one lab, because none of them changes anything."""
    refused(prepared, REFUSED, canonical, subtests)


@pytest.mark.parametrize("kind", ["fake", pytest.param("vm", marks=pytest.mark.vm)])
def test_refusals_of_a_full_kernel(
    kind: str, canonical: Canonical, subtests: pytest.Subtests
) -> None:
    engine = factory(kind)(Options())
    try:
        engine.apply(STACKED)
        refused(engine, REFUSED_BY_A_FULL_KERNEL, canonical, subtests)
    finally:
        engine.close()


def refused(
    prepared: Engine,
    table: list[tuple[Action, type[KernelRefused], str]],
    canonical: Canonical,
    subtests: pytest.Subtests,
) -> None:
    before = canonical(prepared)
    for action, kind, words in table:
        with subtests.test(str(action)):
            with pytest.raises(kind) as caught:
                prepared.apply([action])
            error = caught.value
            assert type(error) is kind
            assert words in str(error)
            assert error.operation
            assert error.cause
            assert error.hint
            assert error.errno
            assert "{" not in str(error)
            assert "None" not in str(error)
            assert canonical(prepared) == before


def test_a_namespace_of_the_world_has_no_files(engine: Engine) -> None:
    with pytest.raises(InvalidInput, match="file system"):
        engine.apply([ResolvConf("8.8.8.8", ns="router")])


def test_the_first_failure_stops(engine: Engine) -> None:
    with pytest.raises(NotFound, match="cannot set up no") as caught:
        engine.apply([AddBridge("br1"), SetUp("no"), AddBridge("br2")])
    assert caught.value.subject == "no"
    names = {link.name for link in engine.snapshot().host.links}
    assert "br1" in names
    assert "br2" not in names


@pytest.mark.parametrize("there", [0, 5, 9, 10, 17, 19])
def test_of_many_namespaces_those_before_the_failure_are_made(engine: Engine, there: int) -> None:
    """They are made side by side; what that was ahead with is taken back."""
    names = [f"n{number}" for number in range(20)]
    engine.apply([AddNamespace(names[there])])
    with pytest.raises(KernelRefused, match=rf"\bn{there}\b"):
        engine.apply([AddNamespace(name) for name in names])
    assert set(names[: there + 1]) == named(engine)
    engine.apply([AddNamespace(name) for name in names[there + 1 :]])
    assert set(names) == named(engine)


def test_of_many_namespaces_the_second_of_a_name_fails(engine: Engine) -> None:
    names = [f"n{number}" for number in range(12)]
    with pytest.raises(KernelRefused, match=r"\bn3\b"):
        engine.apply([AddNamespace(name) for name in [*names, "n3", "late"]])
    assert set(names) == named(engine)


def named(engine: Engine) -> set[str]:
    return {name for namespace in engine.snapshot() for name in namespace.names}


def test_a_refused_attach_has_left_the_old_bridge(prepared: Engine) -> None:
    """do_set_master() takes a link off its bridge before it asks the new one."""
    with pytest.raises(KernelRefused):
        prepared.apply([Attach("v2", "w1")])
    assert prepared.snapshot().link("v2").master == ""


def test_closed(engine: Engine) -> None:
    engine.close()
    engine.close()
    assert not engine.alive
    with pytest.raises(LabClosed):
        engine.apply([SetUp("lo")])
    with pytest.raises(LabClosed):
        engine.snapshot()
