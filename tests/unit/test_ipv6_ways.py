"""Who is near by IPv6 and who knows the way, out of values."""

from __future__ import annotations

import pytest

from nslab.explain.diagnose import ipv6_ways
from nslab.network.model import Address, Link, Namespace, Peer, Route, Snapshot

HOST, ONE, TWO = 1, 2, 3


def veth(name: str, index: int, far: tuple[int, str, int], *own: str, master: str = "") -> Link:
    return Link(
        name=name,
        index=index,
        kind="veth",
        up=True,
        carrier=True,
        master=master,
        peer=Peer(namespace=far[0], name=far[1], index=far[2]),
        addresses=tuple(Address(address=one) for one in own),
    )


def bridged(forwarding: str = "1") -> Snapshot:
    """Two namespaces at the ports of the host's bridge, which also leads to fd00:2::/64."""
    bridge = Link(
        name="br1",
        index=2,
        kind="bridge",
        up=True,
        carrier=True,
        addresses=(Address(address="fd00:1::1/64"), Address(address="fe80::1/64")),
    )
    other = Link(name="br2", index=5, kind="bridge", up=True)
    host = Namespace(
        inode=HOST,
        role="host",
        label="host",
        links=(
            bridge,
            other,
            veth("p1", 3, (ONE, "eth0", 9), master="br1"),
            veth("p2", 4, (TWO, "eth0", 9), master="br1"),
        ),
        routes=(Route(destination="fd00:2::/64", dev="br2", metric=256),),
        sysctls={ipv6_ways.FORWARDING: forwarding},
    )
    one = Namespace(
        inode=ONE,
        role="named",
        label="s1",
        links=(veth("eth0", 9, (HOST, "p1", 3), "fd00:1::11/64"),),
    )
    two = Namespace(
        inode=TWO,
        role="named",
        label="s2",
        links=(veth("eth0", 9, (HOST, "p2", 4), "fd00:1::12/64"),),
    )
    return Snapshot(namespaces=(host, one, two))


def test_a_segment_ends_where_no_cable_or_bridge_leads_on() -> None:
    found = bridged()
    one = found.namespace("s1")
    near = ipv6_ways.segment(found, one, one.link("eth0"))
    assert [each.where for each in near] == ["s1/eth0", "host/p1", "host/br1", "host/p2", "s2/eth0"]
    assert [each.where for each in near[-1].path] == [each.where for each in near]


def test_the_gateway_is_who_knows_the_way() -> None:
    found = bridged()
    one = found.namespace("s1")
    known = ipv6_ways.gateway(found, one, "fd00:2::11")
    assert known is not None
    assert (known.address, known.link.name) == ("fd00:1::1", "eth0")
    assert ipv6_ways.gateway(found, one, "fd00:2::11", but="fd00:1::1") is None
    assert ipv6_ways.gateway(found, one, "fd00:3::11") is None


@pytest.mark.parametrize(
    ("route", "six"),
    [
        (Route(destination="default", via="10.0.0.1"), False),
        (Route(destination="default", via="fd00::1"), True),
        (Route(destination="default", dev="eth0"), False),
        (Route(destination="default", dev="eth0", metric=1024), True),
        (Route(destination="10.0.0.0/8"), False),
        (Route(destination="fd00::/16"), True),
        (Route(destination="fd01::/16"), False),
    ],
)
def test_which_routes_are_for_an_address_of_ipv6(route: Route, six: bool) -> None:
    assert ipv6_ways.covers(route, "fd00::5") is six


def test_a_free_address_is_nobodys() -> None:
    found = bridged()
    one = found.namespace("s1")
    (subnet,) = ipv6_ways.subnets(found, one, one.link("eth0"))
    assert ipv6_ways.free_address(found, subnet) == "fd00:1::2/64"
