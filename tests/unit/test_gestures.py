"""What gestures in the picture mean, and what is foreseen of a step: over snapshots alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nslab import Lab
from nslab.errors import NslabError
from nslab.jupyter.widgets.foresee import obstacle
from nslab.jupyter.widgets.forms import FORMS
from nslab.jupyter.widgets.gestures import (
    BESIDE,
    NOWHERE,
    OUTSIDE,
    PALETTE,
    Offer,
    asked,
    dropped,
    offers,
)
from nslab.network import actions as act
from nslab.network.actions import Action
from nslab.network.model import Snapshot

BEGIN = (
    act.AddBridge("lxcbr0"),
    act.AddAddress("lxcbr0", "192.168.10.1/24"),
    act.SetUp("lxcbr0"),
    act.AddNamespace("ns1"),
    act.AddVeth("lxcbr0.1", "eth0", peer_ns="ns1", master="lxcbr0"),
    act.AddNamespace("ns2"),
)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(engine="fake", start=BEGIN) as made:
        yield made


@pytest.fixture(scope="module")
def seen(lab: Lab) -> Snapshot:
    return lab.snapshot()


def makes(offer: Offer | str) -> Action:
    """The action that its form makes: whatever is offered can be filled in."""
    assert isinstance(offer, Offer), offer
    form = next(form for form in FORMS if form.title == offer.title)
    values = {f.name: offer.values.get(f.name, (*f.choices, "")[0]) for f in form.fields}
    return form.make(values)


@pytest.mark.parametrize(
    ("what", "onto", "action"),
    [
        ("namespace", "host", act.AddNamespace("ns3")),
        ("bridge", "ns1", act.AddBridge("br1", ns="ns1")),
        ("bridge", "host", act.AddBridge("br1")),
        ("container", "host", act.AddContainer("app1")),
        ("macvlan", "host/eth0", act.AddMacvlan("eth0", "mac0")),
        ("vlan", "ns1/eth0", act.AddVlan("eth0", "eth0.10", 10, ns="ns1")),
        ("vlan", "host", act.AddVlan("eth0", "eth0.10", 10)),
        ("ns2", "host/lxcbr0", act.AddVeth("lxcbr0.2", "eth0", peer_ns="ns2", master="lxcbr0")),
        ("host/lxcbr0", "ns2", act.AddVeth("lxcbr0.2", "eth0", peer_ns="ns2", master="lxcbr0")),
        # Its first end is the one that can be attached: both ways, and wherever it is dropped.
        ("cable", "ns2", act.AddVeth("veth0", "eth0", peer_ns="ns2")),
        ("ns2", "host", act.AddVeth("veth0", "eth0", peer_ns="ns2")),
        ("host", "ns2", act.AddVeth("veth0", "eth0", peer_ns="ns2")),
        ("ns1", "ns2", act.AddVeth("eth1", "eth0", ns="ns1", peer_ns="ns2")),
        ("ns1/eth0", "ns2", act.Move("eth0", "ns2", ns="ns1")),
        ("host/eth0", "host/lxcbr0", act.Attach("eth0", "lxcbr0")),
        ("host/eth0", "host/lxcbr0.1", act.Attach("eth0", "lxcbr0")),
    ],
)
def test_what_is_dropped_where(seen: Snapshot, what: str, onto: str, action: Action) -> None:
    assert makes(dropped(seen, what, onto)) == action


@pytest.mark.parametrize("what", [name for name, *_ in PALETTE])
def test_nothing_is_dropped_outside(seen: Snapshot, what: str) -> None:
    assert dropped(seen, what, "internet") == OUTSIDE
    assert dropped(seen, "internet", "ns1") == OUTSIDE
    assert dropped(seen, "bridge", "") == BESIDE
    assert dropped(seen, "ns1", "") == NOWHERE
    assert offers(seen, "router") == []


def test_what_a_node_offers_can_be_done(seen: Snapshot) -> None:
    """Each offer's form knows its fields; what is still empty is asked for by name."""
    for thing in ("host", "ns1", "host/eth0", "host/lxcbr0", "host/lxcbr0.1", "ns1/eth0", "ns1/lo"):
        found = offers(seen, thing)
        assert found
        assert len({offer.words for offer in found}) == len(found)
        for offer in found:
            try:
                wrong = obstacle(seen, makes(offer))
            except NslabError as error:
                wrong = error.cause
            assert not wrong or "is empty" in wrong, f"{thing}: {offer.words}: {wrong}"


def test_the_article_is_suggested(seen: Snapshot) -> None:
    by_words = {offer.words: offer for offer in offers(seen, "ns1/eth0")}
    wanted = act.AddAddress("eth0", "192.168.10.11/24", ns="ns1")
    assert makes(by_words["Add an address"]) == wanted
    host = {offer.words: offer for offer in offers(seen, "host")}
    assert makes(host["Masquerade"]) == act.Masquerade("192.168.10.0/24", "eth0")
    assert "203.0.113.80" in asked(seen)


def test_a_bridge_without_an_address_has_the_network_of_who_is_on_it() -> None:
    """Two that were given the first address of two networks would not reach each other."""
    begin = (act.AddBridge("br0"), act.AddNamespace("ns1"), act.AddNamespace("ns2"))
    cables = [act.AddVeth(f"p{n}", "eth0", peer_ns=f"ns{n}", master="br0", up=True) for n in (1, 2)]
    first = act.AddAddress("eth0", "10.7.0.11/24", ns="ns1")
    with Lab(engine="fake", start=(*begin, *cables, first)) as lab:
        by_words = {offer.words: offer for offer in offers(lab.snapshot(), "ns2/eth0")}
    wanted = act.AddAddress("eth0", "10.7.0.12/24", ns="ns2")
    assert makes(by_words["Add an address"]) == wanted


@pytest.mark.parametrize(
    "order", [("ns1/eth0", "host/br0", "ns2/eth0"), ("host/br0", "ns1/eth0", "ns2/eth0")]
)
def test_what_is_suggested_one_after_the_other_is_one_network(order: tuple[str, ...]) -> None:
    """The container first got .1, and then the bridge another network on the same wire."""
    begin = (act.AddBridge("br0"), act.AddNamespace("ns1"), act.AddNamespace("ns2"))
    cables = [act.AddVeth(f"p{n}", "eth0", peer_ns=f"ns{n}", master="br0", up=True) for n in (1, 2)]
    with Lab(engine="fake", start=(*begin, *cables)) as lab:
        given = {}
        for thing in order:
            by_words = {one.words: one for one in offers(lab.snapshot(), thing)}
            made = makes(by_words["Add an address"])
            assert isinstance(made, act.AddAddress)
            lab.do(made)
            given[thing] = made.address
    assert given == {
        "host/br0": "192.168.10.1/24",
        "ns1/eth0": "192.168.10.11/24",
        "ns2/eth0": "192.168.10.12/24",
    }


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (act.AddNamespace("ns1"), "there is a namespace ns1 already"),
        (act.AddContainer("ns1"), "there is a namespace ns1 already"),
        (act.AddBridge("lxcbr0"), "host has a link lxcbr0 already"),
        (act.AddBridge("br1", ns="ns9"), "there is no namespace ns9"),
        (act.AddVeth("a", "lxcbr0"), "host has a link lxcbr0 already"),
        (act.AddVeth("eth0", "b", ns="ns1"), "ns1 has a link eth0 already"),
        (act.AddVeth("a", "b", master="eth0"), "eth0 is no bridge"),
        (act.AddMacvlan("eth7", "mac0"), "host has no link eth7"),
        (act.AddVlan("eth0", "lxcbr0", 7), "host has a link lxcbr0 already"),
        (act.Attach("eth0", "lxcbr0", ns="ns1"), "ns1 has no link lxcbr0"),
        (act.Attach("lo", "lxcbr0"), "cannot be a port"),
        (act.Move("eth0", "ns1"), "ns1 has a link eth0 already"),
        (act.Move("lxcbr0", "ns1"), "cannot be moved"),
        (act.Rename("eth0", "lxcbr0"), "host has a link lxcbr0 already"),
        (act.AddAddress("lxcbr0", "192.168.10.1/24"), "has the address 192.168.10.1/24 already"),
        (act.DeleteAddress("lxcbr0", "192.168.10.2/24"), "has no address 192.168.10.2/24"),
        (act.AddRoute("default", via="198.51.100.1"), "host has a route to default already"),
        (act.AddRoute("default", via="192.168.10.1", ns="ns1"), "no link of ns1 that is up"),
        (act.DeleteRoute("default", ns="ns1"), "ns1 has no route to default"),
        (act.SetUp("eth7", ns="ns1"), "ns1 has no link eth7"),
        (act.SetBridge("eth0", stp=True), "eth0 is no bridge"),
        (act.SetPortVlan("eth0", 7), "is attached to nothing"),
        (act.DeleteLink("lo"), "cannot be deleted"),
        (act.DeleteNamespace("ns9"), "there is no namespace ns9"),
        (act.Sysctl("net.ipv4.ip_forward", "1", ns="ns9"), "there is no namespace ns9"),
    ],
    ids=repr,
)
def test_what_is_foreseen_is_what_happens(lab: Lab, action: Action, words: str) -> None:
    before = lab.snapshot()
    assert words in obstacle(before, action)
    with pytest.raises(NslabError):
        lab.do(action)
    assert lab.snapshot() == before


@pytest.mark.parametrize(
    "action",
    [
        act.AddNamespace("ns3"),
        act.AddBridge("lxcbr0", ns="ns1"),
        act.Attach("eth0", "lxcbr0"),
        act.Move("eth0", "ns2", ns="ns1"),
        act.AddAddress("lxcbr0", "192.168.10.2/24"),
        act.AddRoute("10.0.0.0/8", via="192.168.10.5"),
        act.SetUp("eth0"),
    ],
    ids=repr,
)
def test_what_may_work_is_not_spoken_against(seen: Snapshot, action: Action) -> None:
    assert obstacle(seen, action) == ""
