"""Addresses that are missing, doubled, too narrow, too wide, or in the wrong place."""

from __future__ import annotations

from faults.catalogue.made import on
from faults.topologies import WORLD, ping

_a, _p, _s = on("article"), on("pair"), on("segments")
_near = ping("ns1", "192.168.10.12")
_gate = ping("ns1", "192.168.10.1")
_out = ping("ns1", WORLD)
_over = ping("ns1", "192.168.20.11")
_TWICE = "duplicate-address own-source answered-elsewhere"
_SAME = "same-subnet no-route wrong-route nobody-answers"

FAULTS = (
    _a(
        "no address",
        "the container's",
        "ip -n ns1 addr flush dev eth0 scope global",
        _gate,
        "no-address",
        "ns1/eth0",
    ),
    _a("no address", "the bridge's", "ip addr flush dev lxcbr0", _out, "no-address", "host/lxcbr0"),
    _a(
        "no address",
        "the NIC's",
        "ip addr flush dev eth0",
        ping(None, WORLD),
        "no-address",
        "host/eth0",
    ),
    _a("no address", "of a peer", "ip -n ns2 addr flush dev eth0", _near, "no-address", "ns2/eth0"),
    _a(
        "/32",
        "the container's",
        "ip -n ns1 addr flush dev eth0; ip -n ns1 addr add 192.168.10.11/32 dev eth0",
        _gate,
        "prefix-32",
        "ns1/eth0",
    ),
    _a(
        "/32",
        "the bridge's",
        "ip addr flush dev lxcbr0; ip addr add 192.168.10.1/32 dev lxcbr0",
        _gate,
        "prefix-32",
        "host/lxcbr0",
    ),
    _p(
        "/32",
        "both ends of a pair",
        "for n in x:1 y:2; do ip -n ${n%:*} addr flush dev eth0; "
        "ip -n ${n%:*} addr add 10.9.0.${n#*:} dev eth0; done",
        ping("x", "10.9.0.2"),
        "prefix-32",
        "x/eth0",
    ),
    _p(
        "/32",
        "one end of a pair",
        "ip -n y addr flush dev eth0; ip -n y addr add 10.9.0.2 dev eth0",
        ping("x", "10.9.0.2"),
        "prefix-32",
        "y/eth0",
    ),
    _a(
        "too wide",
        "/8 in the container",
        "ip -n ns1 addr flush dev eth0; ip -n ns1 addr add 192.168.10.11/8 dev eth0\n"
        "ip -n ns1 route add default via 192.168.10.1",
        _over,
        "prefix-wide nobody-answers wrong-prefix",
        "ns1/eth0",
    ),
    _a(
        "too wide",
        "/16 in the other, who answers",
        "ip -n ns3 addr flush dev eth0; ip -n ns3 addr add 192.168.20.11/16 dev eth0\n"
        "ip -n ns3 route add default via 192.168.20.1",
        _over,
        "prefix-wide nobody-answers wrong-prefix",
        "ns3/eth0",
    ),
    _a(
        "too narrow",
        "/30 in the container",
        "ip -n ns1 addr flush dev eth0; ip -n ns1 addr add 192.168.10.11/30 dev eth0",
        _out,
        "prefix-narrow no-route wrong-prefix",
        "ns1",
    ),
    _p(
        "other subnet",
        "of one end",
        "ip -n y addr flush dev eth0\nip -n y addr add 10.8.0.2/24 dev eth0",
        ping("x", "10.8.0.2"),
        "no-route no-address",
        "x",
        mends=False,
    ),
    _a(
        "address on a port",
        "of a bridge",
        "ip addr flush dev lxcbr0; ip addr add 192.168.10.1/24 dev lxcbr0.1",
        _gate,
        "address-on-port",
        "host/lxcbr0.1",
    ),
    _a(
        "address on a port",
        "the NIC was enslaved",
        "ip link set eth0 master br1",
        ping(None, WORLD),
        "address-on-port not-attached",
        "host/eth0",
    ),
    _a(
        "one address twice",
        "the bridge has the container's",
        "ip addr add 192.168.10.11/32 dev lxcbr0",
        _gate,
        _TWICE,
        "host/lxcbr0",
    ),
    _a(
        "one address twice",
        "another bridge has it",
        "ip addr add 192.168.10.11/32 dev br1",
        _out,
        _TWICE,
        "host/br1",
    ),
    _a(
        "one address twice",
        "the host has the other end's",
        "ip addr add 192.168.20.11/32 dev lo",
        ping("ns3", "192.168.10.11"),
        _TWICE,
        "host/lo",
    ),
    _a(
        "one address twice",
        "a container has the router's",
        "ip -n ns1 addr add 203.0.113.80/32 dev eth0; ip -n ns1 link set lo down",
        _out,
        _TWICE + " link-down loopback-down",
        "ns1",
    ),
    _a(
        "two links, one subnet",
        "a second bridge has an address of it",
        "ip addr add 192.168.10.2/24 dev br1; ip addr del 192.168.10.1/24 dev lxcbr0\n"
        "ip addr add 192.168.10.1/24 dev lxcbr0",
        ping(None, "192.168.10.11"),
        _SAME,
        "host",
    ),
    _a(
        "two links, one subnet",
        "and its answers",
        "ip addr add 192.168.10.2/24 dev br1; ip addr del 192.168.10.1/24 dev lxcbr0\n"
        "ip addr add 192.168.10.1/24 dev lxcbr0",
        _gate,
        _SAME,
        "host",
    ),
    _s(
        "two links, one subnet",
        "two segments that are one",
        "ip -n r addr flush dev ethB; ip -n b addr flush dev eth0\n"
        "ip -n r addr add 10.5.0.200/24 dev ethB; ip -n b addr add 10.5.0.4/24 dev eth0",
        ping("r", "10.5.0.4"),
        _SAME,
        "r",
    ),
    _p(
        "two links, one subnet",
        "two veths of one host",
        "n=1; for ns in x y; do ip link add veth$n type veth peer name p0 netns $ns\n"
        "ip link set veth$n up; ip -n $ns link set p0 up\n"
        "ip addr add 172.18.0.${n}1/16 dev veth$n; n=$((n + 1)); done\n"
        "ip -n y addr add 172.18.0.20/16 dev p0",
        ping(None, "172.18.0.20"),
        _SAME,
        "host",
    ),
    _a(
        "nobody has it",
        "in the subnet",
        "true",
        ping("ns1", "192.168.10.99"),
        "nobody-answers nobody-has-address",
        "ns1 host",
        mends=False,
    ),
    _a(
        "nobody has it",
        "outside",
        "true",
        ping("ns1", "203.0.113.99"),
        "nobody-answers nobody-has-address",
        "internet ns1 router",
        mends=False,
    ),
)
