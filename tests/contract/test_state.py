"""What a snapshot shows: the fresh lab, and the effect of each action."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from kernels import renames_while_up
from waiting import until

from nslab.engine.protocol import Command, Engine, Options
from nslab.errors import KernelRefused
from nslab.network.actions import (
    Action,
    AddAddress,
    AddBridge,
    AddContainer,
    AddNamespace,
    AddRoute,
    AddVeth,
    Attach,
    DeleteAddress,
    DeleteContainer,
    DeleteLink,
    DeleteNamespace,
    DeleteRoute,
    Detach,
    Masquerade,
    Move,
    Rename,
    ResolvConf,
    SetBridge,
    SetDown,
    SetMac,
    SetPromiscuous,
    SetUp,
    Sysctl,
)
from nslab.network.model import Address, Link, Route, Snapshot

Settled = Callable[[Engine], Snapshot]

BRIDGED = (
    AddBridge("br1", multicast_snooping=False),
    SetUp("br1"),
    AddVeth("v1", "v2", mac="02:00:00:00:00:b1", peer_mac="02:00:00:00:00:b2"),
    Attach("v1", "br1"),
    SetUp("v1"),
    SetUp("v2"),
)


def routes(snapshot: Snapshot, ns: str | None = None) -> dict[str, Route]:
    return {route.destination: route for route in snapshot.namespace(ns).routes}


def names(snapshot: Snapshot, ns: str | None = None) -> set[str]:
    return {link.name for link in snapshot.namespace(ns).links}


# -- the fresh lab ----------------------------------------------------------------------------


def test_fresh_namespaces(engine: Engine) -> None:
    snapshot = engine.snapshot()
    assert [space.label for space in snapshot] == ["host", "switch", "lan", "router", "internet"]
    assert [space.role for space in snapshot] == ["host"] + ["world"] * 4
    assert len({space.inode for space in snapshot}) == 5


def test_fresh_host(engine: Engine, settled: Settled) -> None:
    snapshot = settled(engine)
    eth0 = snapshot.link("eth0")
    assert (eth0.mac, eth0.mac_origin, eth0.state) == ("00:0c:29:b7:67:7d", "set", "up")
    assert eth0.addresses == (Address(address="198.51.100.10/24", broadcast="198.51.100.255"),)
    assert snapshot.link("lo").operstate == "unknown"
    assert routes(snapshot)["default"].via == "198.51.100.1"
    assert snapshot.host.resolv_conf == "nameserver 8.8.8.8\n"
    assert snapshot.host.sysctls["net.ipv4.ip_forward"] == "0"
    assert snapshot.host.sysctls["net.ipv4.conf.all.rp_filter"] == "0"
    assert not snapshot.host.rules
    assert not any(namespace.unseen for namespace in snapshot)


def test_fresh_world(engine: Engine, settled: Settled) -> None:
    snapshot = settled(engine)
    ports = snapshot.namespace("switch").ports("br0")
    assert {port.name for port in ports} == {"to-host", "to-lan", "to-router"}
    assert {port.port.state for port in ports if port.port} == {"forwarding"}
    far = snapshot.peer(snapshot.link("eth0"))
    assert far is not None
    assert (far[0].label, far[1].name) == ("switch", "to-host")
    assert snapshot.namespace("router").sysctls["net.ipv4.ip_forward"] == "1"
    assert set(routes(snapshot, "internet")) == {"203.0.113.0/24", "198.51.100.0/24"}


def test_the_title_is_no_name(make: Callable[..., Engine]) -> None:
    assert make(Options(name="mine", title="ours")).snapshot().title == "ours"


# -- namespaces -------------------------------------------------------------------------------


def test_a_new_namespace_has_a_loopback_that_is_down(engine: Engine) -> None:
    engine.apply([AddNamespace("ns1")])
    space = engine.snapshot().namespace("ns1")
    assert (space.role, space.names, len(space.links), space.routes) == ("named", ("ns1",), 1, ())
    lo = space.link("lo")
    assert (lo.kind, lo.up, lo.operstate, lo.addresses) == ("", False, "down", ())
    assert lo.flags == ("LOOPBACK",)


def test_a_loopback_that_comes_up_has_an_address(engine: Engine) -> None:
    engine.apply([AddNamespace("ns1"), SetUp("lo", ns="ns1")])
    space = engine.snapshot().namespace("ns1")
    assert space.link("lo").addresses == (Address(address="127.0.0.1/8", scope="host"),)
    assert space.link("lo").flags == ("LOOPBACK", "UP", "LOWER_UP")
    assert space.routes == ()  # the local table is left out


def test_with_a_namespace_go_the_other_ends(engine: Engine) -> None:
    engine.apply([AddNamespace("ns1"), AddVeth("v1", "v2", peer_ns="ns1"), DeleteNamespace("ns1")])
    assert "ns1" not in {space.label for space in engine.snapshot()}
    until(lambda: "v1" not in names(engine.snapshot()))


def test_resolv_conf_outlives_its_namespace(engine: Engine) -> None:
    engine.apply([AddNamespace("ns1"), ResolvConf("1.1.1.1", ns="ns1"), DeleteNamespace("ns1")])
    engine.apply([AddNamespace("ns1")])
    assert engine.snapshot().namespace("ns1").resolv_conf == "nameserver 1.1.1.1\n"


def test_a_container(engine: Engine) -> None:
    engine.apply([AddContainer("c1"), AddVeth("v1", "eth0", peer_ns="c1")])
    space = engine.snapshot().namespace("c1")
    assert (space.role, space.names, space.link("lo").up) == ("container", (), False)
    assert space.resolv_conf == "nameserver 8.8.8.8\n"
    assert "sleep infinity" in [process.command for process in space.processes]
    engine.apply([ResolvConf("1.1.1.1", ns="c1")])
    snapshot = engine.snapshot()
    assert snapshot.namespace("c1").resolv_conf == "nameserver 1.1.1.1\n"
    assert snapshot.host.resolv_conf == "nameserver 8.8.8.8\n"
    engine.apply([DeleteContainer("c1")])
    snapshot = engine.snapshot()
    assert "v1" not in names(snapshot)
    assert "c1" not in {space.label for space in snapshot}


# -- links ------------------------------------------------------------------------------------


def test_a_veth_has_a_signal_when_both_ends_are_up(engine: Engine, settled: Settled) -> None:
    engine.apply([AddVeth("v1", "v2"), SetUp("v1")])
    one, two = (settled(engine).link(name) for name in ("v1", "v2"))
    assert (one.state, two.state) == ("no-carrier", "down")
    assert one.operstate != "up"  # unknown at first; the kernel works it out in the background
    assert one.flags == ("BROADCAST", "MULTICAST", "UP")
    assert one.peer is not None
    assert (one.peer.name, one.peer.index) == ("v2", two.index)
    engine.apply([SetUp("v2")])
    assert [settled(engine).link(name).state for name in ("v1", "v2")] == ["up", "up"]
    engine.apply([SetDown("v1")])
    assert [settled(engine).link(name).state for name in ("v1", "v2")] == ["down", "no-carrier"]


def test_a_veth_in_its_places_at_once(engine: Engine, settled: Settled) -> None:
    engine.apply([AddNamespace("ns1"), *BRIDGED[:2]])
    engine.apply(
        [
            AddVeth(
                "v1",
                "eth0",
                peer_ns="ns1",
                master="br1",
                up=True,
                mac="02:00:00:00:00:01",
                peer_mac="02:00:00:00:00:02",
            )
        ]
    )
    snapshot = settled(engine)
    here, there = snapshot.link("v1"), snapshot.link("eth0", "ns1")
    assert (here.master, here.up, here.mac) == ("br1", True, "02:00:00:00:00:01")
    assert (there.up, there.mac, there.mac_origin) == (False, "02:00:00:00:00:02", "set")


def test_a_move_takes_addresses_master_and_up(engine: Engine, settled: Settled) -> None:
    engine.apply([*BRIDGED, AddAddress("v1", "10.0.0.1/24"), AddNamespace("ns1")])
    engine.apply([SetPromiscuous("v1"), Move("v1", to="ns1")])
    snapshot = settled(engine)
    moved = snapshot.link("v1", "ns1")
    assert (moved.up, moved.master, moved.addresses) == (False, "", ())
    assert moved.mac == "02:00:00:00:00:b1"
    assert moved.promiscuity == 1  # somebody asked, and has not taken it back
    assert "10.0.0.0/24" not in routes(snapshot)
    assert snapshot.link("v2").peer.namespace == snapshot.namespace("ns1").inode  # type: ignore[union-attr]


def test_renaming_while_up(engine: Engine) -> None:
    engine.apply([*BRIDGED, AddAddress("v2", "10.0.0.1/24")])
    if not renames_while_up(engine):
        with pytest.raises(KernelRefused, match="only while it is down"):
            engine.apply([Rename("v2", "eth7")])
        assert "v2" in names(engine.snapshot())
        return
    engine.apply([Rename("v2", "eth7")])
    snapshot = engine.snapshot()
    assert "v2" not in names(snapshot)
    assert snapshot.link("eth7").up
    assert routes(snapshot)["10.0.0.0/24"].dev == "eth7"


def test_deleting_one_end_deletes_both(engine: Engine) -> None:
    engine.apply([AddNamespace("ns1"), AddVeth("v1", "v2", peer_ns="ns1"), DeleteLink("v1")])
    snapshot = engine.snapshot()
    assert "v1" not in names(snapshot)
    assert names(snapshot, "ns1") == {"lo"}


def test_mac(engine: Engine) -> None:
    engine.apply([AddVeth("v1", "v2"), SetMac("v1", "02:00:00:00:00:0A")])
    one, two = (engine.snapshot().link(name) for name in ("v1", "v2"))
    assert (one.mac, one.mac_origin) == ("02:00:00:00:00:0a", "set")
    assert two.mac_origin == "random"


def test_promiscuity_counts_reasons_and_the_flag_shows_one(engine: Engine) -> None:
    def look() -> tuple[int, bool]:
        link = engine.snapshot().link("v1")
        return link.promiscuity, "PROMISC" in link.flags

    engine.apply(BRIDGED)
    assert look() == (1, False)
    engine.apply([SetPromiscuous("v1"), SetPromiscuous("v1")])
    assert look() == (2, True)
    engine.apply([SetPromiscuous("v1", on=False)])
    assert look() == (1, False)
    engine.apply([Detach("v1")])
    assert look() == (0, False)


# -- bridges ----------------------------------------------------------------------------------


def test_a_new_bridge(engine: Engine) -> None:
    engine.apply([AddBridge("br1")])
    bridge = engine.snapshot().link("br1")
    assert (bridge.kind, bridge.up, bridge.mac_origin) == ("bridge", False, "random")
    assert bridge.bridge is not None
    assert (bridge.bridge.stp, bridge.bridge.forward_delay) == (False, 15.0)


def test_a_bridge_that_never_had_a_port_shows_a_carrier(engine: Engine, settled: Settled) -> None:
    engine.apply([AddBridge("br1"), SetUp("br1")])
    bridge = settled(engine).link("br1")
    assert (bridge.state, bridge.operstate) == ("up", "unknown")


def test_a_bridge_follows_its_ports(engine: Engine, settled: Settled) -> None:
    engine.apply(BRIDGED)
    snapshot = settled(engine)
    bridge, port = snapshot.link("br1"), snapshot.link("v1")
    assert (bridge.mac, bridge.mac_origin) == (port.mac, "stolen")
    assert (bridge.state, bridge.operstate) == ("up", "up")
    assert port.port is not None
    assert (port.master, port.port.state) == ("br1", "forwarding")
    engine.apply([SetDown("v2")])
    bridge, port = (settled(engine).link(name) for name in ("br1", "v1"))
    assert (bridge.state, bridge.operstate) == ("no-carrier", "down")
    assert port.port is not None
    assert port.port.state == "disabled"


def test_a_bridge_takes_the_lowest_mac(engine: Engine) -> None:
    engine.apply([*BRIDGED, AddVeth("v3", "v4", mac="02:00:00:00:00:a1"), Attach("v3", "br1")])
    assert engine.snapshot().link("br1").mac == "02:00:00:00:00:a1"
    engine.apply([DeleteLink("v3")])
    assert engine.snapshot().link("br1").mac == "02:00:00:00:00:b1"
    engine.apply([Detach("v1")])
    assert engine.snapshot().link("br1").mac == "00:00:00:00:00:00"
    engine.apply([SetMac("br1", "02:00:00:00:00:01"), Attach("v1", "br1")])
    assert engine.snapshot().link("br1").mac == "02:00:00:00:00:01"


def test_a_port_of_a_bridge_that_is_down_is_disabled(engine: Engine, settled: Settled) -> None:
    engine.apply([*BRIDGED, SetDown("br1")])
    port = settled(engine).link("v1")
    assert port.state == "up"
    assert port.port is not None
    assert port.port.state == "disabled"


def test_deleting_a_bridge_frees_its_ports(engine: Engine, settled: Settled) -> None:
    engine.apply([*BRIDGED, DeleteLink("br1")])
    port = settled(engine).link("v1")
    assert (port.master, port.port, port.promiscuity, port.state) == ("", None, 0, "up")


def test_attaching_to_another_bridge_moves_the_port(engine: Engine) -> None:
    engine.apply([*BRIDGED, AddBridge("br2"), Attach("v1", "br2")])
    snapshot = engine.snapshot()
    assert snapshot.link("v1").master == "br2"
    assert snapshot.host.ports("br1") == ()


def test_spanning_tree(engine: Engine, settled: Settled) -> None:
    engine.apply([*BRIDGED[:2], SetBridge("br1", forward_delay=0), SetBridge("br1", stp=True)])
    bridge = settled(engine).link("br1").bridge
    assert bridge is not None
    assert (bridge.stp, bridge.forward_delay) == (True, 2.0)  # raised to the least allowed
    engine.apply([SetBridge("br1", forward_delay=30), *BRIDGED[2:]])
    port = settled(engine).link("v1").port
    assert port is not None
    assert port.state == "listening"
    assert settled(engine).link("br1").state == "no-carrier"


# -- addresses and routes ---------------------------------------------------------------------


def test_a_subnet_is_reachable_while_the_link_is_up(engine: Engine, settled: Settled) -> None:
    engine.apply([*BRIDGED, SetDown("v2"), AddAddress("v2", "10.0.0.1/24")])
    assert "10.0.0.0/24" not in routes(settled(engine))
    engine.apply([SetUp("v2"), AddRoute("10.9.0.0/16", via="10.0.0.9")])
    found = routes(settled(engine))
    assert found["10.0.0.0/24"] == Route(
        destination="10.0.0.0/24", dev="v2", source="10.0.0.1", scope="link", protocol="kernel"
    )
    assert found["10.9.0.0/16"] == Route(destination="10.9.0.0/16", via="10.0.0.9", dev="v2")
    engine.apply([SetDown("v2"), SetUp("v2")])
    found = routes(settled(engine))
    assert "10.0.0.0/24" in found
    assert "10.9.0.0/16" not in found  # the kernel does not bring back what a person added


def test_without_a_signal_a_route_is_dead(engine: Engine, settled: Settled) -> None:
    engine.apply([*BRIDGED, AddAddress("v2", "10.0.0.1/24"), SetDown("v1")])
    assert routes(settled(engine))["10.0.0.0/24"].dead
    engine.apply([SetUp("v1")])
    assert not routes(settled(engine))["10.0.0.0/24"].dead


def test_broadcast(engine: Engine) -> None:
    engine.apply(
        [
            AddVeth("v1", "v2"),
            AddAddress("v1", "10.0.0.1/24"),
            AddAddress("v1", "10.0.1.1/24", broadcast=False),
            AddAddress("v1", "10.2.2.2/32"),
        ]
    )
    assert engine.snapshot().link("v1").addresses == (
        Address(address="10.0.0.1/24", broadcast="10.0.0.255"),
        Address(address="10.0.1.1/24"),
        Address(address="10.2.2.2/32"),
    )


def test_with_the_first_address_of_a_subnet_the_others_go(engine: Engine) -> None:
    addresses = [AddAddress("v2", f"10.0.{n}.{m}/24") for n, m in ((0, 1), (0, 2), (1, 1))]
    engine.apply([*BRIDGED, *addresses, AddRoute("10.9.0.0/16", via="10.0.0.9")])
    engine.apply([DeleteAddress("v2", "10.0.0.1/24")])
    snapshot = engine.snapshot()
    assert [a.address for a in snapshot.link("v2").addresses] == ["10.0.1.1/24"]
    # A route by a gateway that is no longer a neighbour stays until the last address goes.
    assert {"10.0.1.0/24", "10.9.0.0/16"} <= set(routes(snapshot))
    engine.apply([DeleteAddress("v2", "10.0.1.1/24")])
    assert not {"10.0.1.0/24", "10.9.0.0/16"} & set(routes(engine.snapshot()))


def test_delete_route(engine: Engine) -> None:
    engine.apply([DeleteRoute("default")])
    assert "default" not in routes(engine.snapshot())
    engine.apply([AddRoute("default", dev="eth0"), DeleteRoute("default", dev="eth0")])
    assert "default" not in routes(engine.snapshot())


# -- the rest ---------------------------------------------------------------------------------


def test_masquerade(engine: Engine) -> None:
    engine.apply([Masquerade("192.168.10.0/24", out="eth0")])
    (rule,) = engine.snapshot().host.nat
    assert (rule.kind, rule.hook, rule.exact) == ("masquerade", "postrouting", True)
    assert (rule.source, rule.out) == ("192.168.10.0/24", "eth0")
    assert rule.text


def test_sysctl(engine: Engine) -> None:
    engine.apply([AddNamespace("ns1"), Sysctl("net.ipv4.ip_forward", "1", ns="ns1")])
    engine.apply([Sysctl("net/ipv4/conf/all/rp_filter", "2")])
    snapshot = engine.snapshot()
    assert snapshot.namespace("ns1").sysctls["net.ipv4.ip_forward"] == "1"
    assert snapshot.host.sysctls["net.ipv4.ip_forward"] == "0"
    assert snapshot.host.sysctls["net.ipv4.conf.all.rp_filter"] == "2"


def test_resolv_conf_of_the_host(engine: Engine) -> None:
    engine.apply([ResolvConf("1.1.1.1")])
    assert engine.snapshot().host.resolv_conf == "nameserver 1.1.1.1\n"


# -- the article ------------------------------------------------------------------------------


def test_the_articles_block(engine: Engine, settled: Settled, article: Sequence[Action]) -> None:
    engine.apply(article)
    snapshot = settled(engine)
    near = snapshot.link("lxcbr0.1")
    far = snapshot.link("eth0", "ns1")
    # Its first mistake, as the kernel shows it: the host's end was never set up.
    assert (near.state, far.state) == ("down", "no-carrier")
    assert snapshot.link("lxcbr0").state == "no-carrier"
    assert routes(snapshot, "ns1")["default"].dead
    engine.apply([SetUp("lxcbr0.1")])
    snapshot = settled(engine)
    assert {state(snapshot.link("lxcbr0.1")), state(snapshot.link("eth0", "ns1"))} == {"up"}
    assert not routes(snapshot, "ns1")["default"].dead
    assert snapshot.namespace("ns1").resolv_conf == "nameserver 8.8.8.8\n"


def state(link: Link) -> str:
    return link.state


@pytest.mark.parametrize("number", range(1, 4))
def test_labs_do_not_meet(make: Callable[..., Engine], number: int) -> None:
    engines = [make() for _ in range(number + 1)]
    for count, engine in enumerate(engines):
        engine.apply([AddNamespace(f"ns{count}"), AddBridge("br1")])
    for count, engine in enumerate(engines):
        assert [s.label for s in engine.snapshot() if s.role == "named"] == [f"ns{count}"]


def test_what_no_action_sets_is_read(make_real: Callable[..., Engine]) -> None:
    engine = make_real()
    engine.apply([AddVeth("v1", "v2", up=True), AddAddress("v1", "10.0.0.1/24")])
    line = "ip route add 10.9.0.0/16 dev v1 metric 77 src 10.0.0.1 protocol static"
    assert engine.run(Command(argv=tuple(line.split()))).returncode == 0
    (route,) = [one for one in engine.snapshot().host.routes if one.destination == "10.9.0.0/16"]
    assert (route.metric, route.source, route.protocol) == (77, "10.0.0.1", "static")


def test_the_groups_that_a_device_listens_to_are_no_learned_addresses(
    make_real: Callable[..., Engine],
) -> None:
    engine = make_real()
    engine.apply(BRIDGED)
    groups = "bridge fdb show | grep -c -E '^(01:00:5e|33:33)'"
    output: list[bytes] = []
    engine.run(Command(argv=("sh", "-c", groups)), lambda _, data: output.append(data))
    assert int(b"".join(output)) > 0, "the kernel lists them beside the others"
    entries = engine.snapshot().host.fdb
    assert entries
    assert not [entry for entry in entries if int(entry.mac[:2], 16) & 1]
